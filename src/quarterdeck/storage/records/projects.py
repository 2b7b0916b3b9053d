"""
Projects: what separates one team's sessions from another's, and their settings.

A project's id is in addresses and in every stored row, so it never changes; its name may.
The project `default` always exists.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.model.ids import DEFAULT_PROJECT
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import PROJECTS

_PROJECT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class ProjectSettings(msgspec.Struct, frozen=True, kw_only=True):
    session_key: str = ""
    """An attribute's name, or a template of several like `{tenant}/{ticket}`; "" for the usual."""
    retention_days: int | None = None
    """None: the server's default; 0: kept."""
    redaction_patterns: tuple[str, ...] = ()
    """RE2 patterns beside the built-in ones."""
    human_tools: tuple[str, ...] = ()
    """Tools that stand for a person, e.g. `ask_human`."""
    scripted_humans: bool = False
    """Whether people in this project are simulated, so their acts are no interventions."""
    price_overrides: tuple[dict[str, Any], ...] = ()


class Project(msgspec.Struct, frozen=True, kw_only=True):
    project_id: str
    name: str
    created_ns: int
    settings: ProjectSettings


def create_project(records: Records, *, project_id: str, name: str = "", now_ns: int) -> Project:
    """Raises `Invalid` for an id that can't stand in an address, `Conflict` if it is taken."""
    if not _PROJECT_ID.fullmatch(project_id):
        raise Invalid(
            f"not a project id: {project_id!r}",
            hint="Use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit.",
        )
    project = Project(
        project_id=project_id,
        name=name or project_id,
        created_ns=now_ns,
        settings=ProjectSettings(),
    )
    try:
        with records.writing() as connection:
            connection.execute(
                insert(PROJECTS).values(
                    project_id=project_id,
                    name=project.name,
                    created_ns=now_ns,
                    **msgspec.to_builtins(project.settings),
                )
            )
    except IntegrityError as error:
        raise Conflict(f"project {project_id!r} exists already") from error
    return project


def ensure_default_project(records: Records, *, now_ns: int) -> None:
    if best_project(records, DEFAULT_PROJECT) is None:
        try:
            create_project(records, project_id=DEFAULT_PROJECT, now_ns=now_ns)
        except Conflict:
            return  # another replica was quicker


def best_project(records: Records, project_id: str) -> Project | None:
    """The project, or None if there is none of this id."""
    with records.reading() as connection:
        row = (
            connection.execute(select(PROJECTS).where(PROJECTS.c.project_id == project_id))
            .mappings()
            .one_or_none()
        )
    return None if row is None else _project(row)


def get_project(records: Records, project_id: str) -> Project:
    project = best_project(records, project_id)
    if project is None:
        raise NotFound(f"no project {project_id!r}")
    return project


def require_project(connection: Connection, project_id: str) -> None:
    """Within a transaction that writes something of the project.  Raises `NotFound`."""
    found = select(PROJECTS.c.project_id).where(PROJECTS.c.project_id == project_id)
    if connection.execute(found).one_or_none() is None:
        raise NotFound(f"no project {project_id!r}")


def list_projects(records: Records, *, only: Sequence[str] | None = None) -> list[Project]:
    """By id.  `only` limits to these ids; None means all."""
    query = select(PROJECTS).order_by(PROJECTS.c.project_id)
    if only is not None:
        query = query.where(PROJECTS.c.project_id.in_(only))
    with records.reading() as connection:
        return [_project(row) for row in connection.execute(query).mappings()]


def revision_of(project: Project) -> str:
    """Another one for other settings or another name, and the same again for the same ones."""
    told = msgspec.json.encode([project.name, project.settings])
    return hashlib.sha256(told).hexdigest()[:16]


def change_project(
    records: Records,
    project_id: str,
    *,
    name: str | None = None,
    settings: ProjectSettings,
    if_revision: str = "",
) -> Project:
    """
    Replaces all settings; `name` None leaves it.

    Raises `NotFound`, and `Conflict` where `if_revision` is given and no longer theirs.
    """
    values = msgspec.to_builtins(settings)
    if name:
        values["name"] = name
    with records.writing() as connection:
        if if_revision:
            _check_revision(connection, project_id, if_revision)
        changed = connection.execute(
            update(PROJECTS).where(PROJECTS.c.project_id == project_id).values(**values)
        )
        if changed.rowcount == 0:
            raise NotFound(f"no project {project_id!r}")
    return get_project(records, project_id)


def _check_revision(connection: Connection, project_id: str, revision: str) -> None:
    """The row stays locked until the transaction ends; SQLite has one writer anyway."""
    found = select(PROJECTS).where(PROJECTS.c.project_id == project_id).with_for_update()
    row = connection.execute(found).mappings().one_or_none()
    if row is not None and revision_of(_project(row)) != revision:
        raise Conflict(
            "the settings have been changed since they were read",
            hint="Read them again, and make the change on what they are now.",
            code="changed_meanwhile",
        )


def delete_project(records: Records, project_id: str) -> None:
    """
    Forgets the project, its keys and memberships.  `default` is emptied of keys and settings
    by deleting and making it again.  Raises `NotFound`.
    """
    with records.writing() as connection:
        gone = connection.execute(delete(PROJECTS).where(PROJECTS.c.project_id == project_id))
        if gone.rowcount == 0:
            raise NotFound(f"no project {project_id!r}")


def _project(row: RowMapping) -> Project:
    columns = row
    return Project(
        project_id=columns["project_id"],
        name=columns["name"],
        created_ns=columns["created_ns"],
        settings=msgspec.convert(
            {name: columns[name] for name in ProjectSettings.__struct_fields__}, ProjectSettings
        ),
    )
