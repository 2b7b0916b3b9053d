"""
Stories of large sessions, kept so that looking at one does not assemble it anew.

A story is made for one row of `sessions`, which its revision names; asked for under another one
it does not exist.  What its parts hold is `assembly/story.py`'s business.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from quarterdeck.errors import NotFound
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.storage.events.columns import instants, labels, texts
from quarterdeck.storage.events.connection import EventConnection, Params, question
from quarterdeck.storage.events.migrate import render
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import DERIVED, sessions_of_traces
from quarterdeck.storage.events.session_writes import read_record

Chunks = Mapping[str, Sequence[bytes]]
"""By the part's name its chunks in order."""


class Revised(NamedTuple):
    session: Session
    revision: str
    """Another one for each time that the session's row was written."""


class SessionRevisionRow(NamedTuple):
    record: str
    ver: int


class StoryRow(NamedTuple):
    part: str
    number: int
    body: bytes


class ChangedSessionsRow(NamedTuple):
    session_id: str
    newest: int


def get_revised(db: EventConnection, scope: ProjectScope, session_id: str) -> Revised:
    """As `session_reads.get_session`, with the revision.  Raises `NotFound`."""
    found = _find(db, scope, session_id)
    if found is None and session_id.startswith(DERIVED):
        trace_id = session_id.removeprefix(DERIVED)
        now = sessions_of_traces(db, scope, [trace_id]).get(trace_id)
        found = _find(db, scope, now) if now is not None else None
    if found is None:
        raise NotFound(f"no session {session_id!r} in this project")
    return found


def _find(db: EventConnection, scope: ProjectScope, session_id: str) -> Revised | None:
    params = scope.params() | {"session_id": session_id}
    rows = [SessionRevisionRow(*row) for row in db.rows(question("session_revision"), params)]
    if not rows:
        return None
    # Two writers can use one instant; their records differ.
    record = hashlib.blake2b(rows[0].record.encode(), digest_size=6).hexdigest()
    return Revised(read_record(rows[0].record), f"{rows[0].ver:x}-{record}")


def changed_sessions(
    db: EventConnection, scope: ProjectScope, *, after_ver: int, limit: int
) -> list[ChangedSessionsRow]:
    """Those written after that, also such that are gone now; oldest first."""
    params: Params = {"project_id": scope.project_id, "after_ver": after_ver, "limit": limit}
    return [ChangedSessionsRow(*row) for row in db.rows(question("changed_sessions"), params)]


def read_story(
    db: EventConnection, scope: ProjectScope, session_id: str, revision: str
) -> dict[str, list[bytes]]:
    """Its parts; {} if there is none of this revision, or one that tells of expired spans."""
    params = scope.params() | {"session_id": session_id, "revision": revision}
    table = db.arrow(question("story"), params)
    names, numbers, bodies = (column.to_pylist() for column in (
        table.column("part").cast(pa.string()), table.column("number"),
        table.column("body").cast(pa.large_binary()),  # the engine calls every text a string
    ))  # fmt: skip
    parts: dict[str, list[bytes]] = {}
    for name, number, body in zip(names, numbers, bodies, strict=True):
        chunks = parts.setdefault(name, [])
        if number != len(chunks):
            return {}
        chunks.append(body)
    return parts


def write_story(
    db: EventConnection,
    project_id: ProjectId,
    session_id: str,
    revision: str,
    parts: Chunks,
    *,
    first_ns: int,
    ver: int,
) -> None:
    """All of it or nothing; it takes the place of an earlier one with a smaller `ver`."""
    rows = [(name, n, body) for name, chunks in parts.items() for n, body in enumerate(chunks)]
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([project_id] * len(rows)),
            "session_id": texts([session_id] * len(rows)),
            "part": labels([name for name, _, _ in rows]),
            "number": pa.array([number for _, number, _ in rows], pa.uint32()),
            "revision": texts([revision] * len(rows)),
            "first_ns": instants([first_ns] * len(rows)),
            "body": pa.array([body for _, _, body in rows], pa.binary()),
            "ver": pa.array([ver] * len(rows), pa.uint64()),
        }
    )
    db.insert("stories", batch)


def stories_of(db: EventConnection, project_id: ProjectId, session_ids: Sequence[str]) -> list[str]:
    """Those of the sessions that have one, of whatever revision."""
    params: Params = {"project_id": project_id, "session_ids": list(session_ids)}
    return [row[0] for row in db.rows(question("stories_of"), params)]


def delete_stories(db: EventConnection, project_id: ProjectId, session_ids: Sequence[str]) -> None:
    sql = render(question("delete_stories"), cluster=db.cluster)
    db.execute(sql, {"project_id": project_id, "session_ids": list(session_ids)})
