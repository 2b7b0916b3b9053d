"""
One step of a session, as the agent stood there.
"""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.step import StepAnswer, StepPart
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/steps/{number}",
    summary="One step as the agent stood there",
    responses={200: {"model": StepAnswer | StepPart}},
)
@allow(READ)
async def show(
    request: Request,
    session_id: str,
    number: Annotated[int, Path(ge=1, le=10**9)],
    parts: With,
    who: Who,
    part: Annotated[
        str, Query(max_length=200, description="One text of the step, as `part` names it.")
    ] = "",
    full: Annotated[bool, Query(description="That text whole.")] = False,
) -> Response:
    return answer(request, {})
