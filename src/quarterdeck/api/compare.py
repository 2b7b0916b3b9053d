"""
Two sessions side by side: where they part, and what differed in the input at that point.
"""

from fastapi import Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.compare import SessionComparison
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("sessions")


@router.get(
    "/sessions/{first}/compare/{second}",
    summary="Two sessions aligned: where they part, and what differed in the input there",
    responses={200: {"model": SessionComparison}},
)
@allow(READ)
async def compare(request: Request, first: str, second: str, parts: With, who: Who) -> Response:
    return answer(request, {})
