"""
The example: its state, starting it, and taking its sessions away again.
"""

from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import ADMIN, OWNER, READ, allow, guarded_router
from quarterdeck.api.answers.demo import DemoAnswer, DemoDeletedAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With

router = guarded_router("demo")


@router.get("/demo", summary="The example: whether it runs", responses={200: {"model": DemoAnswer}})
@allow(READ)
async def show(request: Request, parts: With, who: Who) -> Response:
    return answer(request, _shown())


@router.post(
    "/demo",
    status_code=202,
    summary="Run the example against this server",
    responses={202: {"model": DemoAnswer}},
)
@allow(OWNER)
async def start(request: Request, parts: With, who: Who) -> Response:
    return answer(request, _shown(), status=202)


@router.delete(
    "/demo",
    summary="Delete the example's sessions from this project",
    responses={200: {"model": DemoDeletedAnswer}},
)
@allow(ADMIN)
async def delete(request: Request, parts: With, who: Who) -> Response:
    return answer(request, {"sessions": 0})


def _shown() -> dict[str, Any]:
    return {
        "installed": False, "install": [], "command": "quarterdeck demo", "state": "never",
        "started_at": None, "ended_at": None, "sessions": 0, "q": "tag:demo", "lines": [],
    }  # fmt: skip
