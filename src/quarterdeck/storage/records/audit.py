"""
The audit: one row for every change that somebody made, never changed itself.

`details` never holds a secret: callers pass only names, roles, counts and old and new
settings; the keys that could carry one are refused here, in case somebody forgets.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select

from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import AUDIT

_NEVER = ("password", "secret", "token", "hash", "cookie")
_TARGET_LENGTH = 500
_ACTOR_LENGTH = 340


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    audit_id: int
    project_id: str
    """ "" for what concerns the whole server."""
    at_ns: int
    actor: str
    """`account:<address>`, `key:<key id>`, `local` or `cli`."""
    action: str
    """A noun and a verb: `session.delete`."""
    target: str
    details: dict[str, Any]


def write_audit(
    records: Records,
    *,
    project_id: str,
    actor: str,
    action: str,
    target: str,
    now_ns: int,
    details: dict[str, Any] | None = None,
) -> None:
    with records.writing() as connection:
        add_audit(
            connection,
            project_id=project_id,
            actor=actor,
            action=action,
            target=target,
            now_ns=now_ns,
            details=details,
        )


def add_audit(
    connection: Connection,
    *,
    project_id: str,
    actor: str,
    action: str,
    target: str,
    now_ns: int,
    details: dict[str, Any] | None = None,
) -> None:
    """In the transaction of the change itself: kept with it, or not at all."""
    details = details or {}
    for key in details:
        if any(word in key.lower() for word in _NEVER):
            raise ValueError(f"an audit row must not hold {key!r}")
    connection.execute(
        insert(AUDIT).values(
            project_id=project_id,
            at_ns=now_ns,
            actor=actor[:_ACTOR_LENGTH],
            action=action,
            target=target[:_TARGET_LENGTH].replace("\x00", "\ufffd"),
            details=details,
        )
    )


def list_audit(
    records: Records, project_id: str, *, before_id: int | None = None, limit: int = 100
) -> list[AuditRow]:
    """Newest first, those before `before_id` (exclusive).  Project "" is the server's own."""
    query = select(AUDIT).where(AUDIT.c.project_id == project_id)
    if before_id is not None:
        query = query.where(AUDIT.c.audit_id < before_id)
    query = query.order_by(AUDIT.c.audit_id.desc()).limit(limit)
    with records.reading() as connection:
        return [_audit_row(row) for row in connection.execute(query).mappings()]


def _audit_row(row: RowMapping) -> AuditRow:
    return msgspec.convert({name: row[name] for name in AuditRow.__struct_fields__}, AuditRow)
