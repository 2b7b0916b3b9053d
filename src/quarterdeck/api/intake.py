"""
Does data arrive, and if not, what was refused and why?
"""

from fastapi import Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.intake import IntakeAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With
from quarterdeck.model.instants import to_rfc3339

router = guarded_router("intake")


@router.get(
    "/intake",
    summary="Whether data arrives, and what was refused",
    responses={200: {"model": IntakeAnswer}},
)
@allow(READ)
async def show(request: Request, parts: With, who: Who) -> Response:
    return answer(
        request,
        {
            "as_of": to_rfc3339(parts.now_ns()), "url": parts.settings.public_url or None,
            "endpoints": [{"signal": s, "path": f"/v1/{s}"} for s in ("traces", "logs", "metrics")],
            "grpc_port": parts.settings.grpc_port if parts.settings.grpc else None,
            "key_needed": not await parts.access.is_local(), "arrived": False,
            "first_session": None,
            "books": {
                "minutes": 0, "requests": 0, "received": 0, "stored": 0, "duplicate": 0,
                "ignored": 0, "rejected": 0, "pending": 0, "refused": 0, "items_per_s": 0.0,
            },
            "libraries": [], "refusals": [],
        },
    )  # fmt: skip
