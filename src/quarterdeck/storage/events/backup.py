"""
One command out, one back: all events of a store as one backup in the engine's own format.

Embedded, a backup is a folder in `<data>/backups`; on a server the name is a path that its
`backups.allowed_path` permits.  A backup is consistent per table, and later writes are not in it.
The same backup restores embedded and on a server: it is also the way from one to the other.
"""

import re

from quarterdeck.errors import Conflict, Invalid, NotFound, QuarterdeckError
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.deletes import TABLES
from quarterdeck.storage.events.migrate import render

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_THERE_ALREADY = "598"
_NOT_THERE = "599"


def backup(db: EventConnection, name: str) -> None:
    """Raises `Invalid` for a name that is not a plain file name, `Conflict` if it exists."""
    _checked(name)
    sql = f"BACKUP DATABASE `{db.database}`{{on_cluster}} TO File('{name}')"
    try:
        db.execute(render(sql, cluster=db.cluster))
    except QuarterdeckError as error:
        if f"Code: {_THERE_ALREADY}" in error.message:
            raise Conflict(f"a backup {name!r} exists already") from error
        raise


def restore(db: EventConnection, name: str) -> None:
    """
    Into a store without events; the schema comes with the backup, so migrate afterwards.  Raises
    `Conflict` if there are events, `NotFound` if there is no such backup.
    """
    _checked(name)
    existing = {
        row[0]
        for row in db.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")
    }
    for table in TABLES:
        if table in existing and db.rows(f"SELECT 1 FROM {table} LIMIT 1"):
            raise Conflict(
                f"the event store has {table} already", hint="Restore into an empty data folder."
            )
    for table in sorted(existing):
        db.execute(render(f"DROP TABLE IF EXISTS `{table}`{{on_cluster}} SYNC", cluster=db.cluster))
    sql = f"RESTORE DATABASE `{db.database}`{{on_cluster}} FROM File('{name}')"
    try:
        db.execute(render(sql, cluster=db.cluster))
    except QuarterdeckError as error:
        if f"Code: {_NOT_THERE}" in error.message:
            raise NotFound(f"no backup {name!r}") from error
        raise


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"not a backup's name: {name!r}", hint="Letters, digits, dots, dashes, underscores."
        )
