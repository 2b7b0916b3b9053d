"""What two versions of a workflow differ in, what agents may do first."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.workflows import WorkflowComparison
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.segments import Segment
from quarterdeck.api.workflows import read_whole
from quarterdeck.workflows.compare import Comparison, compare

router = guarded_router("workflows")

Which = Annotated[str, Query(min_length=1, max_length=400)]


@router.get(
    "/workflows/{name}/compare",
    summary="What changed from one version to another, by what it means",
    responses={200: {"model": WorkflowComparison}},
)
@allow(READ)
async def compare_two(
    request: Request,
    name: Segment,
    parts: With,
    who: Who,
    from_: Annotated[Which, Query(alias="from", description="A number, a tag or a digest.")],
    to: Annotated[Which, Query(description="As `from`.")],
) -> Response:
    return answer(request, await asyncio.to_thread(_compare, parts, who, name, from_, to))


def _compare(parts: Parts, who: Principal, name: str, from_: str, to: str) -> dict[str, Any]:
    before, after = (read_whole(parts, who, name, which) for which in (from_, to))
    found = compare(
        before.content, after.content, before_files=before.folder, after_files=after.folder
    )
    return {
        "from": {"version": before.row.version, "digest": before.row.digest},
        "to": {"version": after.row.version, "digest": after.row.digest},
        **shown(found),
    }


def shown(found: Comparison) -> dict[str, Any]:
    """As the API tells it: without the text of a change that has none."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    for change in told["changes"]:
        if change["text"] is None:
            del change["text"]
    return told
