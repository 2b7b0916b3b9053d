"""
Reading sessions: one, a page of a filtered and sorted list, facets, everything as a stream.

A page is found in two questions: which sessions, from narrow columns, then their records by
primary key.  Records are long, and reading all of them to show fifty would cost 20 times as much.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import NO_SKETCH, Sketch
from quarterdeck.storage.events.connection import EventConnection, Params, question
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_conditions import Condition, conditions_sql
from quarterdeck.storage.events.session_writes import read_record
from quarterdeck.storage.events.span_reads import search_params, search_question

SessionSort = Literal[
    "started", "last_seen", "cost", "duration", "errors", "interventions", "spans", "tokens"
]
SESSION_SORTS: tuple[SessionSort, ...] = get_args(SessionSort)

DERIVED = "trace:"
"""The id of a session that was sent without one begins so; it may merge into another later."""

_END_OF_TIME_NS = (1 << 63) - 1
_FIRST = (-(1 << 63), "")


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions.  Values of one field are alternatives (tags: all are needed); () = any."""

    since_ns: int = 0
    until_ns: int = _END_OF_TIME_NS
    """Sessions that began in [since, until)."""
    status: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    task_type: tuple[str, ...] = ()
    workflow: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    has_intervention: bool | None = None
    has_errors: bool | None = None
    experiment: bool | None = None
    min_cost: Decimal | None = None
    max_cost: Decimal | None = None
    """Inclusive; a session whose cost is unknown passes neither."""
    q: str = ""
    """Words that one span of the session holds all of, or the session's id."""
    conditions: tuple[Condition, ...] = ()
    """More that must hold; see `session_conditions`."""


class SketchedSession(NamedTuple):
    session: Session
    sketch: Sketch


class SessionPage(NamedTuple):
    sessions: list[Session]
    cursor: str
    """For the next page; "" = this is the last."""
    sketches: list[Sketch]
    """Of each of the sessions; empty ones where nothing was read yet."""


class SessionPageRow(NamedTuple):
    session_id: str
    position: int


class SessionRecordsRow(NamedTuple):
    session_id: str
    record: str


class SessionSketchesRow(NamedTuple):
    session_id: str
    asked: str
    answered: str
    last_error: str
    shape: str
    path: str
    sketched_spans: int


class SessionPathsRow(NamedTuple):
    session_id: str
    outcome: str
    cost_usd: Decimal | None
    interventions: int
    case_id: str
    path: str


class SessionStartsRow(NamedTuple):
    began_ns: int
    """Where the bucket begins."""
    outcome: str
    sessions: int


class SessionRangeRow(NamedTuple):
    first_ns: int
    last_ns: int


class SessionsOfTracesRow(NamedTuple):
    session_id: str
    trace_ids: list[str]


class SessionFacetsRow(NamedTuple):
    field: str
    value: str
    sessions: int
    known: int
    failures: int


class FacetCount(NamedTuple):
    sessions: int
    known: int
    """Of known outcome."""
    failures: int


class IdleSessionsRow(NamedTuple):
    project_id: ProjectId
    session_id: SessionId
    last_seen_ns: int


def get_session(db: EventConnection, scope: ProjectScope, session_id: str) -> Session:
    """
    Raises `NotFound`.  The id of a derived session that was merged into another gives that other,
    so links that people kept go on working.
    """
    if found := get_sessions(db, scope, [session_id]):
        return found[0]
    if session_id.startswith(DERIVED):
        trace_id = session_id.removeprefix(DERIVED)
        now = sessions_of_traces(db, scope, [trace_id]).get(trace_id)
        if now is not None and (found := get_sessions(db, scope, [now])):
            return found[0]
    raise NotFound(f"no session {session_id!r} in this project")


def get_sessions(
    db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]
) -> list[Session]:
    """In the order of the ids; those that do not exist are left out."""
    if not session_ids:
        return []
    rows = db.rows(question("session_records"), scope.params() | {"session_ids": list(session_ids)})
    records = {row[0]: row[1] for row in rows}
    return [read_record(records[found]) for found in session_ids if found in records]


def get_sketches(
    db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]
) -> dict[str, Sketch]:
    """Of those that exist; one that was not yet read is empty."""
    if not session_ids:
        return {}
    params = scope.params() | {"session_ids": list(session_ids)}
    return {row[0]: Sketch(asked=row[1], answered=row[2], error=row[3], shape=row[4], path=row[5],
                           spans=int(row[6]))
            for row in db.rows(question("session_sketches"), params)}  # fmt: skip


def get_sketched(
    db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]
) -> list[SketchedSession]:
    """As `get_sessions`, each with its sketch."""
    sessions = get_sessions(db, scope, session_ids)
    sketches = get_sketches(db, scope, [session.session_id for session in sessions])
    return [SketchedSession(one, sketches.get(one.session_id, NO_SKETCH)) for one in sessions]


def session_paths(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter,
    *,
    limit: int,
) -> list[SessionPathsRow]:
    """The newest `limit` sessions' paths, newest first; those not yet read have "" for a path."""
    params = {**filter_params(scope, where), "limit": limit}
    return [
        SessionPathsRow(*row) for row in db.rows(filtered_question("session_paths", where), params)
    ]


def sessions_of_traces(
    db: EventConnection, scope: ProjectScope, trace_ids: Sequence[str]
) -> dict[str, SessionId]:
    """The session of each trace that has one."""
    wanted = set(trace_ids)
    params = scope.params() | {"trace_ids": sorted(wanted)}
    return {
        trace_id: SessionId(row[0])
        for row in db.rows(question("sessions_of_traces"), params)
        for trace_id in row[1]
        if trace_id in wanted
    }


def session_page(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
    *,
    sort: SessionSort = "started",
    descending: bool = True,
    limit: int = 50,
    cursor: str = "",
) -> SessionPage:
    """
    At most `limit` sessions behind `cursor`.  A session that changes between two pages may be
    missed or shown twice if the change moves it; `started` does not move.  Raises `Invalid` for
    a cursor or a sort that is not one.
    """
    if sort not in SESSION_SORTS:
        raise Invalid(f"can't sort by {sort!r}", hint=f"One of {', '.join(SESSION_SORTS)}.")
    position, after_id = _read_cursor(cursor, sort, descending=descending)
    params: dict[str, Any] = {
        **filter_params(scope, where),
        "sort": sort,
        "descending": int(descending),
        "after_position": position,
        "after_id": after_id,
        "limit": limit + 1,
    }
    rows = [
        SessionPageRow(*row) for row in db.rows(filtered_question("session_page", where), params)
    ]
    page = rows[:limit]
    found = get_sketched(db, scope, [row.session_id for row in page])
    more = len(rows) > limit
    return SessionPage(
        [one.session for one in found],
        _cursor(page[-1], sort, descending=descending) if more else "",
        [one.sketch for one in found],
    )


def count_sessions(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
) -> int:
    rows = db.rows(filtered_question("session_count", where), filter_params(scope, where))
    return int(rows[0][0])


def session_facets(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
    *,
    limit: int = 50,
) -> dict[str, dict[str, FacetCount]]:
    """Per field its most frequent values, most first, with how many sessions have it and failed."""
    params = {**filter_params(scope, where), "limit": limit}
    facets: dict[str, dict[str, FacetCount]] = {}
    for row in db.rows(filtered_question("session_facets", where), params):
        count = FacetCount(int(row[2]), int(row[3]), int(row[4]))
        facets.setdefault(row[0], {})[row[1]] = count
    return facets


def session_range(
    db: EventConnection, scope: ProjectScope, where: SessionFilter
) -> SessionRangeRow:
    """When the first and the last of them began; 0 for none."""
    rows = db.rows(filtered_question("session_range", where), filter_params(scope, where))
    return SessionRangeRow(*rows[0])


def session_starts(
    db: EventConnection, scope: ProjectScope, where: SessionFilter, *, bucket_ns: int
) -> list[SessionStartsRow]:
    """In time order; buckets without sessions are not there."""
    params = {**filter_params(scope, where), "bucket_ns": bucket_ns}
    rows = db.rows(filtered_question("session_starts", where), params)
    return [SessionStartsRow(*row) for row in rows]


def stream_sessions(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
) -> Iterator[Session]:
    """Every session that passes, in no order, without holding them in memory.  For exports."""
    sql = filtered_question("session_export", where)
    for batch in db.stream(sql, filter_params(scope, where)):
        for record in batch.column("record").to_pylist():
            yield read_record(record)


def idle_sessions(
    db: EventConnection, *, before_ns: int, waiting_before_ns: int | None = None, limit: int = 1_000
) -> list[IdleSessionsRow]:
    """
    Sessions of all projects, not closed, last heard of before `before_ns`; oldest first.

    Those that wait for a human only if last heard of before `waiting_before_ns`; None = as the
    others.
    """
    waiting_ns = before_ns if waiting_before_ns is None else waiting_before_ns
    params = {"before_ns": before_ns, "waiting_before_ns": waiting_ns, "limit": limit}
    rows = db.rows(question("idle_sessions"), params)
    return [IdleSessionsRow(ProjectId(row[0]), SessionId(row[1]), row[2]) for row in rows]


def filtered_question(name: str, where: SessionFilter) -> str:
    """The question with the filter's own conditions in their place."""
    sql = search_question(question(name, searching=bool(where.q)), where.q)
    return sql.replace("-- conditions", conditions_sql(where.conditions)[0])


def filter_params(scope: ProjectScope, where: SessionFilter) -> Params:
    """What `session_filter.sql` and `session_search.sql` bind."""
    search = {"q": where.q.strip(), **search_params(where.q)} if where.q else {}
    return {
        **scope.params(),
        "since_ns": max(where.since_ns, 0),
        "until_ns": min(where.until_ns, _END_OF_TIME_NS),
        "status": list(where.status),
        "outcome": list(where.outcome),
        "task_type": list(where.task_type),
        "workflow": list(where.workflow),
        "version": list(where.version),
        "environment": list(where.environment),
        "agent": list(where.agent),
        "model": list(where.model),
        "tool": list(where.tool),
        "user": list(where.user),
        "tag": list(where.tag),
        "has_intervention": _three_way(where.has_intervention),
        "has_errors": _three_way(where.has_errors),
        "experiment": _three_way(where.experiment),
        "min_cost": where.min_cost,
        "max_cost": where.max_cost,
        **search,
        **conditions_sql(where.conditions)[1],
    }


def _three_way(wanted: bool | None) -> int:
    return -1 if wanted is None else int(wanted)


def _cursor(row: SessionPageRow, sort: str, *, descending: bool) -> str:
    text = f"{sort}|{int(descending)}|{row.position}|{row.session_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str, *, descending: bool) -> tuple[int, str]:
    if not cursor:
        return _FIRST
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        made_for, direction, position, session_id = text.split("|", 3)
        place = int(position)
    except (ValueError, binascii.Error) as error:
        raise Invalid(f"not a cursor: {cursor!r}") from error
    if made_for != sort or direction != str(int(descending)) or not -(1 << 63) <= place < 1 << 63:
        raise Invalid(f"the cursor {cursor!r} is of another order")
    return place, session_id
