"""
Who may do what in a project: one role per account and project.

viewer reads; editor also judges, tags and sends; admin also changes settings, keys and
members.  What each role may do in detail is decided in `api/access.py`, not here.
"""

from typing import Literal, get_args

import msgspec
from sqlalchemy import RowMapping, delete, insert, select, update

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import ACCOUNTS, MEMBERSHIPS, PROJECTS

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    project_id: str
    account_id: str
    email: str
    role: Role


def set_role(records: Records, *, project_id: str, account_id: str, role: str) -> None:
    """Makes the account a member, or changes its role.  Raises `Invalid` or `NotFound`."""
    if role not in ROLES:
        raise Invalid(f"not a role: {role!r}", hint=f"Roles are {', '.join(ROLES)}.")
    with records.writing() as connection:
        for table, column, value in (
            (PROJECTS, PROJECTS.c.project_id, project_id),
            (ACCOUNTS, ACCOUNTS.c.account_id, account_id),
        ):
            if connection.execute(select(column).where(column == value)).one_or_none() is None:
                raise NotFound(f"no {table.name[:-1]} {value!r}")
        changed = connection.execute(
            update(MEMBERSHIPS)
            .where(MEMBERSHIPS.c.project_id == project_id, MEMBERSHIPS.c.account_id == account_id)
            .values(role=role)
        )
        if changed.rowcount == 0:
            connection.execute(
                insert(MEMBERSHIPS).values(project_id=project_id, account_id=account_id, role=role)
            )


def remove_member(records: Records, *, project_id: str, account_id: str) -> None:
    with records.writing() as connection:
        gone = connection.execute(
            delete(MEMBERSHIPS).where(
                MEMBERSHIPS.c.project_id == project_id, MEMBERSHIPS.c.account_id == account_id
            )
        )
        if gone.rowcount == 0:
            raise NotFound(f"account {account_id!r} is no member of {project_id!r}")


def roles_of(records: Records, account_id: str) -> dict[str, Role]:
    """Project id to role."""
    with records.reading() as connection:
        rows = connection.execute(
            select(MEMBERSHIPS.c.project_id, MEMBERSHIPS.c.role).where(
                MEMBERSHIPS.c.account_id == account_id
            )
        )
        return {project_id: role for project_id, role in rows}  # noqa: C416  # rows are typed Any


def list_members(records: Records, project_id: str) -> list[Membership]:
    """By address."""
    query = (
        select(
            MEMBERSHIPS.c.project_id,
            MEMBERSHIPS.c.account_id,
            ACCOUNTS.c.email,
            MEMBERSHIPS.c.role,
        )
        .join(ACCOUNTS, ACCOUNTS.c.account_id == MEMBERSHIPS.c.account_id)
        .where(MEMBERSHIPS.c.project_id == project_id)
        .order_by(ACCOUNTS.c.email)
    )
    with records.reading() as connection:
        return [_membership(row) for row in connection.execute(query).mappings()]


def _membership(row: RowMapping) -> Membership:
    return msgspec.convert({name: row[name] for name in Membership.__struct_fields__}, Membership)
