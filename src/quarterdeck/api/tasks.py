"""
The decision tree of a task type: the ways its sessions took, where they fail, where people step in.

One question reads the paths of all sessions of the type, `task_tree` folds them, `tree_answers`
says what stands at each node.
"""

import asyncio
import re
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from fastapi import Path as InPath
from fastapi import Query, Request, Response
from pydantic import AfterValidator

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.tasks import (
    OthersAnswer,
    TaskTreeAnswer,
    TaskTreeSessionsAnswer,
    TreeGroup,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.pages import next_cursor, read_cursor
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.segments import read_segment
from quarterdeck.api.selection import Selected, check_storable
from quarterdeck.api.session_rows import session_row
from quarterdeck.api.sessions import Cursor, Limit, find_session
from quarterdeck.api.tree_answers import (
    Asked,
    Grove,
    Side,
    nodes_at,
    others_answer,
    tree_answer,
)
from quarterdeck.api.tree_figures import Facts
from quarterdeck.assembly.task_tree import label_of, read_path
from quarterdeck.errors import Invalid
from quarterdeck.model.sketches import Path
from quarterdeck.storage.events import session_reads
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import SessionFilter

router = guarded_router("tasks")

CAP = 20_000
"""Sessions of one tree, the newest: some 1 kB of path each, read in one question."""


Name = Annotated[
    str,
    InPath(max_length=500, description="A task type; `~1` is a slash, `~0` a tilde."),
    AfterValidator(read_segment),
]
MinShare = Annotated[
    float, Query(ge=0, le=1, description="Rarer branches, as a share of all sessions, are folded.")
]
NodeId = Annotated[str, Query(max_length=100, description="Only what is below this node.")]
Compare = Annotated[
    str,
    Query(max_length=1000, description="`version:<a>..<b>`, or `previous`: the period before."),
]


class Paths(NamedTuple):
    """What the tree is folded of."""

    facts: list[Facts]
    paths: list[Path]
    not_yet_read: int


@router.get(
    "/tasks/{name}/tree",
    summary="The ways that a task type's sessions took, with success and cost",
    responses={200: {"model": TaskTreeAnswer}},
)
@allow(READ)
async def tree(
    request: Request,
    name: Name,
    parts: With,
    who: Who,
    where: Selected,
    group: TreeGroup = "action",
    min_share: MinShare = 0.01,
    node: NodeId = "",
    compare: Compare = "",
) -> Response:
    check_storable(name)
    asked = Asked(name, group, min_share, node, CAP)
    return answer(request, await asyncio.to_thread(_tree, parts, who, where, asked, compare))


def _tree(
    parts: Parts, who: Principal, where: SessionFilter, asked: Asked, compare: str
) -> dict[str, Any]:
    sides = _sides(parts, where, asked.task_type, compare)
    read = [_read(parts, who, side.where, at) for at, side in enumerate(sides)]
    grove = Grove.of(
        [one for some in read for one in some.facts],
        [one for some in read for one in some.paths],
        asked.group,
    )
    told = [side._replace(sessions=len(some.facts) + some.not_yet_read, read=len(some.facts))
            for side, some in zip(sides, read, strict=True)]  # fmt: skip
    return tree_answer(grove, asked, told, not_yet_read=sum(one.not_yet_read for one in read))


def _of_type(where: SessionFilter, name: str) -> SessionFilter:
    of_it = WordCondition(field="task_type", values=(name,))
    return msgspec.structs.replace(where, conditions=(*where.conditions, of_it))


def _sides(parts: Parts, where: SessionFilter, name: str, compare: str) -> list[Side]:
    """One, or the two that are compared.  Raises `Invalid`."""
    base = _of_type(where, name)
    if not compare:
        return [Side("", base, "")]
    versions = re.fullmatch(r"version:(.{1,400}?)\.\.(.{1,400})", compare)
    if versions is not None:
        return [_of_version(base, version) for version in versions.groups()]
    if compare != "previous":
        raise Invalid(
            f"can't compare {compare!r}", hint="Write `version:13..14`, or `previous` with `since`."
        )
    if not where.since_ns:
        raise Invalid("`previous` needs `since`", hint="Add since=7d, say.")
    until_ns = min(where.until_ns, parts.now_ns())
    before_ns = max(0, 2 * where.since_ns - until_ns)
    earlier = msgspec.structs.replace(base, since_ns=before_ns, until_ns=where.since_ns)
    later = msgspec.structs.replace(base, until_ns=until_ns)
    return [Side("the period before", earlier, ""), Side("this period", later, "")]


def _of_version(base: SessionFilter, version: str) -> Side:
    check_storable(version)
    of_it = WordCondition(field="version", values=(version,))
    where = msgspec.structs.replace(base, conditions=(*base.conditions, of_it))
    quoted = version.replace("\\", "\\\\").replace('"', '\\"')
    return Side(version, where, f'version:"{quoted}"')


def _read(parts: Parts, who: Principal, where: SessionFilter, side: int) -> Paths:
    found = Paths([], [], 0)
    unread = 0
    rows = session_reads.session_paths(parts.events, scope_of(parts, who), where, limit=CAP)
    for row in rows:
        path = read_path(row.path)
        if path is None:
            unread += 1
            continue
        found.facts.append(
            Facts(row.session_id, row.outcome, row.cost_usd, row.interventions > 0, row.case_id,
                  side)
        )  # fmt: skip
        found.paths.append(path)
    return found._replace(not_yet_read=unread)


@router.get(
    "/tasks/{name}/tree/sessions",
    summary="The sessions that pass a node of the tree",
    responses={200: {"model": TaskTreeSessionsAnswer}},
)
@allow(READ)
async def tree_sessions(
    request: Request,
    name: Name,
    parts: With,
    who: Who,
    where: Selected,
    node: Annotated[str, Query(max_length=100, description="A node's id.")],
    group: TreeGroup = "action",
    min_share: MinShare = 0.01,
    ended: Annotated[bool, Query(description="Only those that decided nothing after it.")] = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    check_storable(name)
    passed = {"cursor", "limit", "since", "until"}
    given = sorted(p for p in request.query_params.multi_items() if p[0] not in passed)
    belongs_to = f"{who.project_id}/{name}?{urlencode(given)}"
    place = read_cursor(cursor, "tree", belongs_to, kinds=(int,))
    asked = Asked(name, group, min_share, node, CAP)
    page = await asyncio.to_thread(
        _node_sessions, parts, who, where, asked, ended=ended, limit=limit,
        first=max(0, place[0]) if place else 0,
    )  # fmt: skip
    after = page.pop("after")
    page["next_cursor"] = next_cursor("tree", belongs_to, after) if after else None
    return answer(request, page)


def _node_sessions(
    parts: Parts, who: Principal, where: SessionFilter, asked: Asked, *,
    ended: bool, limit: int, first: int,
) -> dict[str, Any]:  # fmt: skip
    read = _read(parts, who, _of_type(where, asked.task_type), 0)
    grove = Grove.of(read.facts, read.paths, asked.group)
    nodes = nodes_at(grove, asked)
    passing = [one for node in nodes for one in (node.ended() if ended else node.passing)]
    # Newest first, as the paths were read.
    ids = [grove.people.sessions[at].session_id for at in sorted({one.session for one in passing})]
    page = ids[first : first + limit]
    rows = session_reads.get_sketched(parts.events, scope_of(parts, who), page)
    more = first + len(page) < len(ids)
    return {
        "task_type": asked.task_type,
        "node": asked.node,
        "path": [label_of(one) for one in nodes[0].way()] if nodes else [],
        "total": len(ids),
        "sessions": [session_row(session, sketch) for session, sketch in rows],
        "after": first + len(page) if more else 0,
    }


@router.get(
    "/sessions/{session_id}/steps/{number}/others",
    summary="What other sessions of the task type did at this step",
    responses={200: {"model": OthersAnswer}},
)
@allow(READ)
async def others(
    request: Request,
    session_id: str,
    number: Annotated[int, InPath(ge=1, le=10**9)],
    parts: With,
    who: Who,
    where: Selected,
    group: TreeGroup = "action",
) -> Response:
    told = await asyncio.to_thread(others_here, parts, who, where, session_id, number, group)
    return answer(request, told)


def others_here(
    parts: Parts,
    who: Principal,
    where: SessionFilter,
    session_id: str,
    number: int,
    group: TreeGroup = "action",
) -> dict[str, Any]:
    """
    Where in its task type's tree a session stood at a step, and what all sessions did next.

    Answers with `node` null where the session has no task type or its path is not read yet.
    """
    session = find_session(parts, who, session_id)
    sketches = session_reads.get_sketches(parts.events, scope_of(parts, who), [session.session_id])
    sketch = sketches.get(session.session_id)
    own = read_path(sketch.path) if sketch is not None else None
    if own is None or not session.task_type:
        own, read = None, Paths([], [], 0)
    else:
        read = _read(parts, who, _of_type(where, session.task_type), 0)
    grove = Grove.of(read.facts, read.paths, group)
    told = others_answer(grove, own, number, group)
    return {
        "session_id": session.session_id,
        "step": number,
        "task_type": session.task_type or None,
        **told,
    }
