"""
What a session cost, cut in several ways that each add up.

Who was billed for what is known only from all the session's spans together, so it is worked out
once for each state of the session and kept.
"""

import asyncio
from collections import OrderedDict
from decimal import Decimal
from threading import Lock
from typing import Any, cast

import msgspec
from fastapi import Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.session_cost import SessionCostTable
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.reading import KeepsSteps, keeper_of, story_of
from quarterdeck.api.stories import assembled
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.spending import Spending, spending
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import Span

router = guarded_router("sessions")

_KEPT = 64  # a table has some 10 kB


class Spendings:
    """Tables of the sessions that were looked at last.  Safe for many threads."""

    def __init__(self) -> None:
        self._lock = Lock()  # protects `_kept`
        self._kept: OrderedDict[tuple[str, str], tuple[Session, Spending]] = OrderedDict()

    def of(self, parts: Parts, who: Principal, kept: KeepsSteps, session_id: str) -> dict[str, Any]:
        """Raises `NotFound`.  Blocks."""
        standing = story_of(kept, parts, who, session_id)
        session = standing.session
        key = (who.project_id, session.session_id)
        with self._lock:
            known = self._kept.get(key)
        if known is None or known[0] != session:
            table = _worked_out(parts, who, session, standing.number_of)
            with self._lock:
                self._kept[key] = known = (session, table)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return {"session_id": session.session_id, **msgspec.structs.asdict(known[1])}


def _worked_out(
    parts: Parts, who: Principal, session: Session, numbers: dict[tuple[str, str], int]
) -> Spending:
    def cache_saved(span: Span) -> Decimal | None:
        return parts.prices.cache_saved(span) if parts.prices is not None else None

    def ask(assembly: Assembly) -> Spending:
        failed = session.outcome.label == "failure"
        return spending(assembly, numbers=numbers, failed=failed, cache_saved=cache_saved)

    told = parts.resident(who.project_id, session.trace_ids, ask)
    if told is not None:
        return told
    with assembled(parts, who, session) as assembly:
        return ask(assembly)


@router.get(
    "/sessions/{session_id}/cost",
    summary="What the session cost, by model, agent, tool, attempt and waste",
    responses={200: {"model": SessionCostTable}},
)
@allow(READ)
async def cost(request: Request, session_id: str, parts: With, who: Who) -> Response:
    spendings = cast(Spendings, request.app.state.spendings)
    kept = keeper_of(request)
    return answer(request, await asyncio.to_thread(spendings.of, parts, who, kept, session_id))
