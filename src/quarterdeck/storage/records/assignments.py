"""
Which version a session began with: the first answer is kept and wins over all later moves.

It is kept before it is given, so that kill -9 of the server loses none.  A power cut may lose the
last ones: waiting for the disk costs 1 to 8 ms for each, and what is lost is answered by the pure
assignment again, the same unless the environment moved in between.  So SQLite is written by a
connection of its own that leaves the syncing to others, PostgreSQL with `synchronous_commit` off.

Refused: an assignment that changes.
"""

import sqlite3
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from quarterdeck.storage.records.connection import Records, connect_unsynced
from quarterdeck.storage.records.storable import time_of
from quarterdeck.storage.records.workflow_tables import WORKFLOW_ASSIGNMENTS
from quarterdeck.workflows.assign import Arm

SESSION_LENGTH = 500
"""Characters of a session's id."""

IDLE_NS = 30 * 86_400 * 1_000_000_000
"""A session that nobody resolved for so long has ended; a person's answer takes days, not weeks."""

_TOUCH_NS = 86_400 * 1_000_000_000
"""When it was last resolved is kept to the day: once a day is one write, each time a write each."""

_REMEMBERED = 20_000
"""About 8 MiB.  A session is resolved when it begins and by each of its processes; who comes later
than 20,000 other sessions costs one read."""

_REMOVED_AT_ONCE = 1_000
"""Rows in one transaction: 10 ms during which nobody else writes SQLite."""


class Key(NamedTuple):
    project_id: str
    workflow_id: str
    environment: str
    session_id: str


class Assigned(NamedTuple):
    version: int
    arm: Arm
    release_id: str
    """Of the canary that it belongs to, "" for none."""


class Assignments:
    """
    What is kept, with the last ones in memory.  One per server; safe to use from any thread.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lock = threading.Lock()
        """Protects the two below."""
        self._known: OrderedDict[Key, tuple[Assigned, int]] = OrderedDict()
        self._quick = connect_unsynced(records.engine)
        if self._quick is not None:
            weakref.finalize(self, self._quick.close)

    def known(self, key: Key, *, now_ns: int) -> Assigned | None:
        """Without asking the records; None also where they would have to be written."""
        with self._lock:
            found = self._known.get(key)
            if found is None or now_ns - found[1] > _TOUCH_NS:
                return None
            self._known.move_to_end(key)
            return found[0]

    def try_first(self, key: Key, wanted: Assigned, *, now_ns: int) -> Assigned | None:
        """
        What the session began with: `wanted`, if it is resolved for the first time.  Takes 0.1 ms.

        None where that can't be told at once: the records are PostgreSQL, or somebody else is
        writing SQLite just now.  `first` waits.
        """
        with self._lock:
            if self._quick is None:
                return None
            try:
                found = _first_in_sqlite(self._quick, key, wanted, now_ns=now_ns)
            except sqlite3.OperationalError:
                return None  # locked, or whatever `first` will tell
            self._remember(key, found, now_ns)
            return found

    def first(self, key: Key, wanted: Callable[[Connection], Assigned], *, now_ns: int) -> Assigned:
        """As `try_first`, however long it takes.  `wanted` is asked when nobody else writes any
        more: a session that waited for a rollback begins with what was restored.  Blocks."""
        with self._records.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL synchronous_commit TO OFF"))
                insert: Any = postgresql.insert
            else:
                insert = sqlite.insert
            first = wanted(connection)
            values = {**key._asdict(), **first._asdict(), "at_ns": time_of(now_ns)}
            columns = WORKFLOW_ASSIGNMENTS.c
            made = connection.execute(
                insert(WORKFLOW_ASSIGNMENTS)
                .values(**values)
                .on_conflict_do_nothing()
                .returning(columns.version)
            ).one_or_none()
            found = first
            if made is None:
                here = [columns[name] == value for name, value in key._asdict().items()]
                row = connection.execute(select(WORKFLOW_ASSIGNMENTS).where(*here)).mappings().one()
                found = Assigned(row["version"], row["arm"], row["release_id"])
                if now_ns - row["at_ns"] > _TOUCH_NS:
                    connection.execute(
                        update(WORKFLOW_ASSIGNMENTS).where(*here).values(at_ns=time_of(now_ns))
                    )
        with self._lock:
            self._remember(key, found, now_ns)
        return found

    def _remember(self, key: Key, found: Assigned, now_ns: int) -> None:
        self._known[key] = (found, now_ns)
        self._known.move_to_end(key)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def remove_idle(records: Records, *, now_ns: int) -> int:
    """
    Forgets sessions that nobody resolved for `IDLE_NS`; how many.
    """
    columns = WORKFLOW_ASSIGNMENTS.c
    key = [columns[name] for name in Key._fields]
    idle = select(*key).where(columns.at_ns < now_ns - IDLE_NS).limit(_REMOVED_AT_ONCE)
    removed = 0
    while True:
        with records.writing() as connection:
            gone = connection.execute(delete(WORKFLOW_ASSIGNMENTS).where(tuple_(*key).in_(idle)))
        removed += gone.rowcount
        if gone.rowcount < _REMOVED_AT_ONCE:
            return removed


_INSERT = """
    INSERT INTO workflow_assignments
        (project_id, workflow_id, environment, session_id, version, arm, release_id, at_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_SELECT = """
    SELECT version, arm, release_id, at_ns FROM workflow_assignments
    WHERE project_id = ? AND workflow_id = ? AND environment = ? AND session_id = ?
"""
_TOUCH = """
    UPDATE workflow_assignments SET at_ns = ?
    WHERE project_id = ? AND workflow_id = ? AND environment = ? AND session_id = ?
"""


def _first_in_sqlite(
    quick: sqlite3.Connection, key: Key, wanted: Assigned, *, now_ns: int
) -> Assigned:
    # Text of our own and bound values; SQLAlchemy would take four times as long.
    row = quick.execute(_SELECT, key).fetchone()
    if row is None:
        made = quick.execute(_INSERT, (*key, *wanted, time_of(now_ns)))
        if made.rowcount:
            return wanted
        row = quick.execute(_SELECT, key).fetchone()
    version, arm, release_id, at_ns = row
    if now_ns - at_ns > _TOUCH_NS:
        quick.execute(_TOUCH, (time_of(now_ns), *key))
    return Assigned(version, arm, release_id)
