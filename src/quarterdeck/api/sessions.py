"""
Sessions: the list with its facets, one session's record, and deleting.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from quarterdeck.api.access import ADMIN, READ, Principal, allow, guarded_router
from quarterdeck.api.answers.session import SessionRecord
from quarterdeck.api.answers.sessions import Facets, SessionDeleted, SessionList, UserDeleted
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import storable
from quarterdeck.api.measures import Measured, shown
from quarterdeck.api.pages import next_cursor, read_cursor
from quarterdeck.api.parts import Parts, Who, With, note, scope_of
from quarterdeck.api.selection import Selected
from quarterdeck.api.session_rows import session_rows
from quarterdeck.assembly.record import to_json
from quarterdeck.errors import Invalid
from quarterdeck.model.sessions import Session
from quarterdeck.statistics.intervals import wilson_interval
from quarterdeck.storage.events import deletes, session_reads
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import (
    SESSION_SORTS,
    FacetCount,
    SessionFilter,
    SessionPage,
    SessionSort,
)
from quarterdeck.storage.records import approvals, memory_upkeep
from quarterdeck.storage.records.deletions import Deletion, note_deletions

router = guarded_router("sessions")

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=2000)]


@router.get(
    "/sessions",
    summary="Sessions that pass the filters, newest first",
    responses={200: {"model": SessionList}},
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    sort: Annotated[
        str, Query(max_length=20, description="A field, with `-` before it for most first.")
    ] = "-started",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    by, descending = _read_sort(sort)
    belongs_to = f"{who.project_id}?{_asked(request)}"
    place = read_cursor(cursor, "sessions", belongs_to, kinds=(str,))
    page = await asyncio.to_thread(
        _page, parts, who, where, by, descending, limit, place[0] if place else ""
    )
    return answer(
        request,
        {
            "sessions": session_rows(page.sessions, page.sketches),
            "next_cursor": next_cursor("sessions", belongs_to, page.cursor)
            if page.cursor
            else None,
        },
    )


def _asked(request: Request) -> str:
    """Filter and order, as asked for.  Not the time: `24h` is another instant on each page, and
    a place in the list is the same in any span of time."""
    passed = {"cursor", "limit", "since", "until"}
    return urlencode(sorted(p for p in request.query_params.multi_items() if p[0] not in passed))


def _page(
    parts: Parts,
    who: Principal,
    where: SessionFilter,
    by: SessionSort,
    descending: bool,
    limit: int,
    cursor: str,
) -> SessionPage:
    return session_reads.session_page(
        parts.events,
        scope_of(parts, who),
        where,
        sort=by,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


def _read_sort(text: str) -> tuple[SessionSort, bool]:
    name = text.removeprefix("-").removesuffix("_at")
    for known in SESSION_SORTS:
        if name == known:
            return known, text.startswith("-")
    raise Invalid(
        f"can't sort by {text!r}", hint=f"One of {', '.join(SESSION_SORTS)}, or - before it."
    )


@router.get(
    "/sessions/facets",
    summary="How many of the sessions have which values",
    responses={200: {"model": Facets}},
)
@allow(READ)
async def facets(request: Request, parts: With, who: Who, where: Selected) -> Response:
    return answer(request, await asyncio.to_thread(_facets, parts, who, where))


def _facets(parts: Parts, who: Principal, where: SessionFilter) -> dict[str, Any]:
    scope = scope_of(parts, who)
    found = session_reads.session_facets(parts.events, scope, where)
    return {
        "total": session_reads.count_sessions(parts.events, scope, where),
        "facets": {
            field: [_facet(value, count) for value, count in values.items()]
            for field, values in found.items()
        },
    }


def _facet(value: str, count: FacetCount) -> dict[str, Any]:
    interval = wilson_interval(count.failures, count.known)
    failure = Measured(
        count.failures / count.known if count.known else None,
        count.known,
        interval,
        "wilson" if interval else None,
    )
    return {
        "value": value,
        "sessions": count.sessions,
        "known": count.known,
        "failures": count.failures,
        "failure": shown(failure),
    }


@router.get(
    "/sessions/{session_id}",
    summary="One session's record",
    responses={200: {"model": SessionRecord}},
)
@allow(READ)
async def show(request: Request, session_id: str, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(find_session, parts, who, session_id)
    return answer(request, to_json(found))


def find_session(parts: Parts, who: Principal, session_id: str) -> Session:
    """Raises `NotFound`, the same for one that does not exist and one of another project."""
    check_id(session_id)
    return session_reads.get_session(parts.events, scope_of(parts, who), session_id)


def check_id(text: str) -> None:
    try:
        storable(text)
    except ValueError as error:
        raise Invalid(str(error)) from error


@router.delete(
    "/sessions/{session_id}",
    summary="Delete a session with all its spans",
    responses={200: {"model": SessionDeleted}},
)
@allow(ADMIN)
async def delete(request: Request, session_id: str, parts: With, who: Who) -> Response:
    traces = await asyncio.to_thread(_delete, parts, who, session_id)
    return answer(request, {"session_id": session_id, "traces": traces})


def _delete(parts: Parts, who: Principal, session_id: str) -> int:
    session = find_session(parts, who, session_id)
    traces = delete_for_good(parts, who, [session])
    note(parts, who, "session.delete", session.session_id, spans=session.span_count)
    return traces


def delete_for_good(parts: Parts, who: Principal, sessions: Sequence[Session]) -> int:
    """
    The sessions are gone from every read, and stay gone when a sender repeats them.

    How many traces went.
    """
    ids = [session.session_id for session in sessions]
    traces = sorted({trace for session in sessions for trace in session.trace_ids})
    # Remembered first: after a crash in between, asking again completes it.
    at_ns = parts.now_ns()
    note_deletions(
        parts.records,
        [
            Deletion(project_id=who.project_id, kind="trace", target=one, at_ns=at_ns, by=who.actor)
            for one in traces
        ],
    )
    with parts.held():
        deletes.delete_sessions(parts.events, scope_of(parts, who), ids)
        parts.forget(who.project_id, traces)
        parts.hub.written(who.project_id, ids, at_ns=at_ns)
    asked_in = {*ids, *(session.external_id for session in sessions if session.external_id)}
    approvals.forget_sessions(
        parts.records, project_id=who.project_id, session_ids=asked_in, trace_ids=traces
    )
    return len(traces)


@router.delete(
    "/users",
    summary="Delete everything that is kept of one user",
    responses={200: {"model": UserDeleted}},
)
@allow(ADMIN)
async def delete_user(
    request: Request,
    parts: With,
    who: Who,
    user: Annotated[str, Query(min_length=1, max_length=500)],
) -> Response:
    check_id(user)
    gone = await asyncio.to_thread(_delete_user, parts, who, user)
    return answer(request, {"user": user, "sessions": gone})


def _delete_user(parts: Parts, who: Principal, user: str) -> int:
    # What retention hides already is deleted too.
    everything = ProjectScope(project_id=who.project_id)
    of_user = SessionFilter(conditions=(WordCondition(field="user", values=(user,)),))
    sessions = session_reads.stream_sessions(parts.events, everything, of_user)
    gone = 0
    for some in batches(sessions, 100):
        delete_for_good(parts, who, some)
        gone += len(some)
    memory_upkeep.forget_user(parts.records, project_id=who.project_id, user=user)
    # The user's name is not in the audit: it is what had to be forgotten.
    note(parts, who, "user.delete", "", sessions=gone)
    return gone


def batches(sessions: Iterable[Session], size: int) -> Iterator[list[Session]]:
    rest = iter(sessions)
    while some := list(islice(rest, size)):
        yield some
