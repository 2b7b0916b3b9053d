"""
Finding a text within one session.

The store says which spans may hold it; only those are read.  It takes a bounded time: what was
not looked at is told, with the step to go on from.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.find import SessionFind
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.reading import KeepsSteps, keeper_of, read_steps, story_of
from quarterdeck.assembly.finding import Hits, hits_in
from quarterdeck.assembly.standing import Standing
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.sessions import Step
from quarterdeck.storage.events import span_reads

router = guarded_router("sessions")

_STEPS_A_QUESTION = 5_000
"""The store scans some 500 MB/s; steps have 5 to 20 kB."""
_READ_AT_ONCE = 50
_LONGEST_NS = 3 * NS_PER_S
"""Then the answer is partial.  A viewer waits so long for a search and not much longer."""


@router.get(
    "/sessions/{session_id}/find",
    summary="Which steps of the session hold a text",
    responses={200: {"model": SessionFind}},
)
@allow(READ)
async def find(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    text: Annotated[str, Query(min_length=1, max_length=1000, description="Literal, any case.")],
    first: Annotated[
        int, Query(alias="from", ge=1, le=10**9, description="The step to begin at.")
    ] = 1,
    limit: Annotated[int, Query(ge=1, le=500, description="Steps with hits.")] = 100,
) -> Response:
    kept = keeper_of(request)
    found = await asyncio.to_thread(
        _find, kept, parts, who, session_id, text=text, first=first, limit=limit
    )
    return answer(request, found)


def _find(
    kept: KeepsSteps,
    parts: Parts,
    who: Principal,
    session_id: str,
    *,
    text: str,
    first: int,
    limit: int,
) -> dict[str, Any]:
    until_ns = parts.now_ns() + _LONGEST_NS
    standing = story_of(kept, parts, who, session_id)
    found: list[dict[str, Any]] = []
    looked_until = first - 1
    for some, last in _holding(parts, who, standing, text, first):
        told = read_steps(parts, who, some, as_sent=True)
        for step in some:
            hits = hits_in(step, told.get(step.number), text)
            if hits is not None and len(found) < limit:
                found.append(_shown(step, hits))
                looked_until = step.number
            elif hits is None and len(found) < limit:
                looked_until = step.number
        if len(found) >= limit:
            break
        looked_until = last
        if parts.now_ns() > until_ns:
            break
    total = len(standing.steps)
    is_partial = looked_until < total
    return {
        "session_id": standing.session.session_id,
        "text": text,
        "steps": found,
        "hits": sum(step["hits"] for step in found),
        "searched": max(0, looked_until - first + 1),
        "total": total,
        "partial": is_partial,
        "next_from": looked_until + 1 if is_partial else None,
    }


def _holding(
    parts: Parts, who: Principal, standing: Standing, text: str, first: int
) -> Iterator[tuple[Sequence[Step], int]]:
    """Steps that may hold the text, some at a time, and the last step looked at with them."""
    scope = scope_of(parts, who)
    lowered = text.lower()
    for begin in range(first - 1, len(standing.steps), _STEPS_A_QUESTION):
        some = standing.steps[begin : begin + _STEPS_A_QUESTION]
        spans = span_reads.spans_that_may_hold(
            parts.events,
            scope,
            sorted({step.trace_id for step in some}),
            text,
            since_ns=min(step.start_ns for step in some),
            until_ns=max(step.start_ns for step in some),
        )
        holding = [
            step
            for step in some
            if (step.trace_id, step.span_id) in spans
            or lowered in step.name.lower()
            or lowered in step.error.lower()
        ]
        last = some[-1].number
        for at in range(0, len(holding), _READ_AT_ONCE):
            page = holding[at : at + _READ_AT_ONCE]
            is_last = at + _READ_AT_ONCE >= len(holding)
            yield page, last if is_last else page[-1].number
        if not holding:
            yield (), last


def _shown(step: Step, hits: Hits) -> dict[str, Any]:
    return {
        "number": step.number,
        "kind": step.kind,
        "name": step.name,
        "agent": step.agent or None,
        "started_at": to_rfc3339(step.start_ns),
        "hits": hits.total,
        "repeated": hits.repeated,
        "snippets": hits.snippets,
    }
