"""
A session to be read.
"""

from typing import Annotated

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.transcript import Outline, Transcript
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/transcript",
    summary="The session as a transcript, a page of entries",
    responses={200: {"model": Transcript}},
)
@allow(READ)
async def transcript(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    first: Annotated[
        int, Query(alias="from", ge=1, le=10**9, description="The number of the first step.")
    ] = 1,
    limit: Annotated[int, Query(ge=1, le=200, description="Steps.")] = 50,
) -> Response:
    return answer(request, {})


@router.get(
    "/sessions/{session_id}/outline",
    summary="Turns, agents and notable events",
    responses={200: {"model": Outline}},
)
@allow(READ)
async def outline(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return answer(request, {})
