"""
What was deleted on purpose, so that a late resend does not bring it back.

Senders repeat what they were not sure of, minutes later.  A span that began before its trace or
project was deleted stays deleted; work that begins afterwards is new, also under the same id.
Sessions and users are remembered by their traces alone: a person's name is what had to go.
"""

from typing import Literal

import msgspec
from sqlalchemy import RowMapping, delete, insert, select

from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import DELETIONS

DeletionKind = Literal["trace", "project"]


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    project_id: str
    kind: DeletionKind
    target: str
    """The trace id; "" for the whole project."""
    at_ns: int
    by: str


def note_deletions(records: Records, deletions: list[Deletion]) -> None:
    """Deleting the same again moves the instant forward."""
    with records.writing() as connection:
        for deletion in deletions:
            connection.execute(
                delete(DELETIONS).where(
                    DELETIONS.c.project_id == deletion.project_id,
                    DELETIONS.c.kind == deletion.kind,
                    DELETIONS.c.target == deletion.target,
                )
            )
            connection.execute(insert(DELETIONS).values(**msgspec.to_builtins(deletion)))


def list_deletions(records: Records, *, since_ns: int = 0) -> list[Deletion]:
    """Those at or after `since_ns`, oldest first."""
    query = select(DELETIONS).where(DELETIONS.c.at_ns >= since_ns).order_by(DELETIONS.c.at_ns)
    with records.reading() as connection:
        return [_deletion(row) for row in connection.execute(query).mappings()]


def _deletion(row: RowMapping) -> Deletion:
    return msgspec.convert({name: row[name] for name in Deletion.__struct_fields__}, Deletion)
