"""
What the selected sessions have in common that the rest has not, and when sessions began.
"""

from fastapi import Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.differs import DiffersAnswer, StartsAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With
from quarterdeck.api.selection import Selected

router = guarded_router("sessions")


@router.get(
    "/sessions/differs",
    summary="What the selected sessions have more or less often than the rest",
    responses={200: {"model": DiffersAnswer}},
)
@allow(READ)
async def differs(request: Request, parts: With, who: Who, where: Selected) -> Response:
    return answer(
        request,
        {"selected": 0, "rest": 0, "compared": 0, "method": "", "nothing_stands_out": True,
         "is_enough": False, "differing": []},
    )  # fmt: skip


@router.get(
    "/sessions/starts",
    summary="How many sessions began when, by how they ended",
    responses={200: {"model": StartsAnswer}},
)
@allow(READ)
async def starts(request: Request, parts: With, who: Who, where: Selected) -> Response:
    return answer(request, {"bucket_s": 3600, "since": None, "until": None, "buckets": []})
