"""
What a session cost, cut in several ways.
"""

from fastapi import Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.session_cost import SessionCostTable
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/cost",
    summary="What the session cost, by model, agent, tool, attempt and waste",
    responses={200: {"model": SessionCostTable}},
)
@allow(READ)
async def cost(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return answer(request, {})
