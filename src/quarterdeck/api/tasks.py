"""
The decision tree of a task type: the ways its sessions took, where they fail, where people step in.
"""

from typing import Annotated

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.tasks import (
    OthersAnswer,
    TaskTreeAnswer,
    TaskTreeSessionsAnswer,
    TreeGroup,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Who, With
from quarterdeck.api.selection import Selected
from quarterdeck.api.sessions import Cursor, Limit

router = guarded_router("tasks")

CAP = 20_000
"""Sessions of one tree, the newest: some 2 kB each, read in one question."""

MinShare = Annotated[
    float, Query(ge=0, le=1, description="Rarer branches, as a share of all sessions, are folded.")
]
Node = Annotated[str, Query(max_length=100, description="Only what is below this node.")]
Compare = Annotated[
    str,
    Query(max_length=1000, description="`version:<a>..<b>`, or `previous`: the period before."),
]


@router.get(
    "/tasks/{name}/tree",
    summary="The ways that a task type's sessions took, with success and cost",
    responses={200: {"model": TaskTreeAnswer}},
)
@allow(READ)
async def tree(
    request: Request,
    name: str,
    parts: With,
    who: Who,
    where: Selected,
    group: TreeGroup = "action",
    min_share: MinShare = 0.01,
    node: Node = "",
    compare: Compare = "",
) -> Response:
    return answer(
        request,
        {
            "task_type": name, "group": group, "min_share": min_share, "sessions": 0,
            "read": 0, "not_yet_read": 0, "cut": 0, "cap": CAP, "is_enough": False,
            "outcomes": {"success": 0, "success_partial": 0, "failure": 0, "abandoned": 0,
                         "interrupted": 0, "unknown": 0},
            "compare": [], "root": "start", "nodes": [], "hot_spots": None,
        },
    )  # fmt: skip


@router.get(
    "/tasks/{name}/tree/sessions",
    summary="The sessions that pass a node of the tree",
    responses={200: {"model": TaskTreeSessionsAnswer}},
)
@allow(READ)
async def tree_sessions(
    request: Request,
    name: str,
    parts: With,
    who: Who,
    where: Selected,
    node: Annotated[str, Query(max_length=100, description="A node's id.")],
    group: TreeGroup = "action",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    return answer(
        request,
        {"task_type": name, "node": node, "path": [], "total": 0, "sessions": [],
         "next_cursor": None},
    )  # fmt: skip


@router.get(
    "/sessions/{session_id}/steps/{number}/others",
    summary="What other sessions of the task type did at this step",
    responses={200: {"model": OthersAnswer}},
)
@allow(READ)
async def others(
    request: Request, session_id: str, number: int, parts: With, who: Who,
    where: Selected,
) -> Response:  # fmt: skip
    nothing = {"value": None, "n": 0, "interval": None}
    return answer(
        request,
        {"session_id": session_id, "step": number, "task_type": None, "node": None, "label": None,
         "path": [], "sessions": 0, "success": nothing, "cost_to_go": nothing, "people": nothing,
         "ended_here": 0, "ways": [], "more_ways": 0},
    )  # fmt: skip
