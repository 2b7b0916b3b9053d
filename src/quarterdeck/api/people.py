"""
What people did in one session: each act with what was asked, what the agent wanted and what
became of it.
"""

import asyncio
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.people import SessionPeople
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.reading import acts_of, answered
from quarterdeck.assembly.record import waited_s
from quarterdeck.assembly.standing import Standing

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/people",
    summary="What people did in the session",
    responses={200: {"model": SessionPeople}},
)
@allow(READ)
async def people(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return await asyncio.to_thread(answered, request, parts, who, session_id, _people)


def _people(parts: Parts, who: Principal, standing: Standing) -> dict[str, Any]:
    session = standing.session
    return {
        "session_id": session.session_id,
        "count": sum(session.intervention_kinds.values()),
        "pending": session.pending_interventions,
        "waited_s": waited_s(session),
        "acts": acts_of(parts, who, standing, session.interventions),
    }
