"""
What this project received lately, by the library that sent it, and what nobody recognized.

By arrival, whatever the senders' clocks say.  Names of libraries and counts only: no content.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.received import Received
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import read_instant
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events import received_reads

router = guarded_router("sessions")


@router.get(
    "/received",
    summary="What arrived lately, by the library that sent it",
    responses={200: {"model": Received}},
)
@allow(READ)
async def show(
    request: Request,
    parts: With,
    who: Who,
    since: Annotated[
        str, Query(max_length=64, description="Arrived at or after; `1h` unless told.")
    ] = "1h",
) -> Response:
    since_ns = read_instant(since, now_ns=parts.now_ns(), name="since")
    return answer(request, await asyncio.to_thread(_received, parts, who, since_ns))


def _received(parts: Parts, who: Principal, since_ns: int) -> dict[str, Any]:
    rows = received_reads.received(parts.events, scope_of(parts, who), since_ns=since_ns)
    spans = sum(row.spans for row in rows)
    return {
        "since": to_rfc3339(since_ns),
        "spans": spans,
        "complete": spans < received_reads.MOST,
        "scopes": [
            {
                "scope": row.scope or None,
                "dialects": row.dialects,
                "spans": row.spans,
                "recognized": row.recognized,
                "traces": row.traces,
                "dropped": row.dropped,
                "with_problems": row.with_problems,
                "last_received_at": to_rfc3339(row.last_received_ns),
            }
            for row in rows
        ],
    }
