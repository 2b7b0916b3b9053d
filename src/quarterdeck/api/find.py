"""
Finding a text within one session.
"""

from typing import Annotated

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.find import SessionFind
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


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
    return answer(request, {})
