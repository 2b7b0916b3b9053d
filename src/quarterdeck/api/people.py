"""
What people did in one session.
"""

from fastapi import Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.people import SessionPeople
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/people",
    summary="What people did in the session",
    responses={200: {"model": SessionPeople}},
)
@allow(READ)
async def people(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return answer(request, {})
