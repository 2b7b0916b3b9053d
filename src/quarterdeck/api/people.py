"""
What people did in one session: each act with what was asked, what the agent wanted and what
became of it.
"""

import asyncio
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.people import SessionPeople
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.reading import KeepsSteps, acts_of, keeper_of, story_of
from quarterdeck.assembly.record import waited_s

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/people",
    summary="What people did in the session",
    responses={200: {"model": SessionPeople}},
)
@allow(READ)
async def people(request: Request, session_id: str, parts: With, who: Who) -> Response:
    kept = keeper_of(request)
    return answer(request, await asyncio.to_thread(_people, kept, parts, who, session_id))


def _people(kept: KeepsSteps, parts: Parts, who: Principal, session_id: str) -> dict[str, Any]:
    standing = story_of(kept, parts, who, session_id)
    session = standing.session
    return {
        "session_id": session.session_id,
        "count": sum(session.intervention_kinds.values()),
        "pending": session.pending_interventions,
        "waited_s": waited_s(session),
        "acts": acts_of(parts, who, standing, session.interventions),
    }
