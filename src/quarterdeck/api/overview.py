"""
How the project's agents do, against before, and what needs somebody: the overview in one call.
"""

from typing import Annotated

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.overview import OverviewAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With
from quarterdeck.api.selection import Selected
from quarterdeck.model.instants import to_rfc3339

router = guarded_router("overview")


@router.get(
    "/overview",
    summary="How the agents do, against before, and what needs somebody",
    responses={200: {"model": OverviewAnswer}},
)
@allow(READ)
async def show(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    compare: Annotated[
        str, Query(max_length=220, description="`previous`, or `version:14`.")
    ] = "previous",
) -> Response:
    now = to_rfc3339(parts.now_ns())
    behind = {"q": "", "since": now, "until": now, "sessions": 0}
    period = {"since": now, "until": now, "version": None, "behind": behind}
    return answer(
        request,
        {
            "as_of": now, "now": period, "before": period, "compare": "previous", "filter": "",
            "outcome_known": {"sessions": 0, "known": 0}, "figures": [],
            "series": {"bucket": "day", "points": []}, "workflows": [], "task_types": [],
            "models": [], "attention": [],
            "running": {
                "open": behind, "waiting": behind, "longest_s": None, "longest_session_id": None,
                "usual_s": None, "long_s": None, "closed": 0,
            },
        },
    )  # fmt: skip
