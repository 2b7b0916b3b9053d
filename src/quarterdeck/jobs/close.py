"""
Closes sessions of which nothing was heard for long enough.

A session's status depends on the time, and nobody writes its row when nothing happens: this
job does.  It decides by the same rule as assembly (`assembly/closing.py`) from the record
alone, without reading a span.
"""

from collections.abc import Callable

import msgspec

from quarterdeck.assembly import closing
from quarterdeck.jobs.keeper import SessionKeeper
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import get_sketched, idle_sessions
from quarterdeck.storage.events.session_writes import SessionRow

_AT_ONCE = 10_000
"""Oldest first, so that more than this are closed over several runs."""


def close_quiet_sessions(
    events: EventConnection,
    keeper: SessionKeeper,
    *,
    scope_of: Callable[[ProjectId], ProjectScope],
    now_ns: int,
    idle_after_ns: int,
) -> int:
    """How many were closed.  What is closed, and what was quiet for long enough, is sketched."""
    keeper.finish_sketches()
    quiet_ns = min(closing.SETTLE_AFTER_NS, idle_after_ns)
    by_project: dict[ProjectId, list[str]] = {}
    for row in idle_sessions(
        events,
        before_ns=now_ns - quiet_ns,
        waiting_before_ns=now_ns - closing.WAIT_AT_MOST_NS,
        limit=_AT_ONCE,
    ):
        by_project.setdefault(row.project_id, []).append(row.session_id)
    closed = 0
    for project_id, session_ids in by_project.items():
        # Under the keeper's lock: a row that it writes in between must not be overwritten.
        with keeper.held():
            rows = [
                SessionRow(project_id, ended, now_ns, sketch=sketch)
                for session, sketch in get_sketched(events, scope_of(project_id), session_ids)
                if (ended := close(session, now_ns=now_ns, idle_after_ns=idle_after_ns))
            ]
            keeper.write(rows)
        closed += len(rows)
    return closed


def close(session: Session, *, now_ns: int, idle_after_ns: int) -> Session | None:
    """The session as closed, or None if it is not over yet."""
    status = closing.status(
        now_ns=now_ns,
        last_seen_ns=session.last_seen_ns,
        open_spans=session.open_spans,
        missing_parents=session.missing_parents,
        pending=session.pending_interventions > 0,
        ended_by_sender=False,
        idle_after_ns=idle_after_ns,
    )
    if status != "closed":
        return None
    return msgspec.structs.replace(session, status=status, ended_ns=session.last_seen_ns)
