"""
The answers about a task's tree: each node with its figures, two sides compared, others here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from quarterdeck.api import tree_figures as figures
from quarterdeck.api.hot_spots import hot_spots
from quarterdeck.api.tree_figures import SMALL, Facts, Population
from quarterdeck.assembly.task_tree import (
    OTHERS,
    START,
    Group,
    Passing,
    Shown,
    TaskNode,
    at_step,
    find,
    fold,
    grouped,
    label_of,
    select,
    words_of,
)
from quarterdeck.errors import NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.sketches import Path
from quarterdeck.storage.events.session_reads import SessionFilter

MAX_NODES = 300
"""Of one answer: what a screen lays out in 200 ms and a person can look at."""
MAX_WAYS = 20
_BUCKETS = ((1, 1, "1"), (2, 2, "2"), (3, 3, "3"), (4, 7, "4-7"), (8, 15, "8-15"))
_MANY = "16+"
_END_OF_TIME_NS = (1 << 63) - 1


class Asked(NamedTuple):
    task_type: str
    group: Group
    min_share: float
    node: str
    cap: int


class Side(NamedTuple):
    """The sessions of a tree, or of one of two sides."""

    label: str
    where: SessionFilter
    q: str
    sessions: int = 0
    read: int = 0


class Grove(NamedTuple):
    """A folded tree and the sessions that it was folded of."""

    root: TaskNode
    people: Population
    cut: int
    by_action: TaskNode
    """The same tree in the finest grouping; the root itself where that is asked for."""

    @staticmethod
    def of(facts: Sequence[Facts], paths: Sequence[Path], group: Group) -> "Grove":
        cut = sum(path.is_cut for path in paths)
        root = fold(paths, group=group)
        by_action = root if group == "action" else fold(paths)
        return Grove(root, Population.of(facts), cut, by_action)

    def least(self, min_share: float) -> float:
        return min_share * len(self.people.sessions)


def tree_answer(
    grove: Grove, asked: Asked, sides: Sequence[Side], *, not_yet_read: int
) -> dict[str, Any]:
    """Raises `NotFound` for a node that the tree has not."""
    top = _top(grove, asked)
    least = grove.least(asked.min_share)
    if asked.node.endswith("~"):
        least *= asked.min_share
    shown = select(top, least=least, most=MAX_NODES)
    is_compared = len(sides) > 1
    confidence = _confidence(grove, shown) if is_compared else None
    everyone = range(len(grove.people.sessions))
    return {
        "task_type": asked.task_type,
        "group": asked.group,
        "min_share": asked.min_share,
        "sessions": sum(side.sessions for side in sides),
        "read": len(everyone),
        "not_yet_read": not_yet_read,
        "cut": grove.cut,
        "cap": asked.cap,
        "is_enough": len(everyone) >= SMALL,
        "outcomes": figures.outcomes(grove.people, everyone),
        "compare": [_side(side, asked.task_type) for side in sides] if is_compared else [],
        "compare_confidence": confidence,
        "root": asked.node or START,
        "nodes": _nodes(grove, shown, top, confidence),
        "hot_spots": None
        if asked.node
        else hot_spots(
            grove.people, shown.nodes, grove.by_action, is_shown=grove.by_action is grove.root
        ),
    }


def _top(grove: Grove, asked: Asked) -> TaskNode:
    """The root, the node asked for, or a node of the rare branches below one."""
    if not asked.node:
        return grove.root
    found = nodes_at(grove, asked)
    if not asked.node.endswith("~"):
        return found[0]
    return _together(found, asked.node)


def nodes_at(grove: Grove, asked: Asked) -> list[TaskNode]:
    """The node, or the ones that an `others` node stands for.  Raises `NotFound`."""
    parent, tilde, _ = asked.node.partition("~")
    found = find(grove.root, parent)
    if found is None:
        raise NotFound(
            f"no node {asked.node!r} in the tree of these sessions",
            hint="Ids belong to a grouping and to the sessions that pass the filter.",
        )
    if not tilde:
        return [found]
    rare = [child for child in found.ranked() if len(child.passing) < grove.least(asked.min_share)]
    if not rare:
        raise NotFound(f"{found.id!r} has no {OTHERS} at this min_share")
    return rare


def _together(rare: Sequence[TaskNode], node_id: str) -> TaskNode:
    """What an `others` node stands for, as one node with them below it."""
    parent = rare[0].parent
    top = TaskNode(None, (), parent)
    top.id = node_id
    top.passing = [one for node in rare for one in node.passing]
    top.children = {(node.choice, node.members): node for node in rare if node.choice is not None}
    return top


def _confidence(grove: Grove, shown: Shown) -> float:
    """95 % for all nodes together (Bonferroni), counting those where both sides are."""
    compared = sum(
        all(any(grove.people.sessions[one.session].side == side for one in node.passing)
            for side in (0, 1))
        for node in shown.nodes
    )  # fmt: skip
    return 1 - (1 - figures.CONFIDENCE) / max(1, compared)


def _side(side: Side, task_type: str) -> dict[str, Any]:
    where = side.where
    quoted = task_type.replace("\\", "\\\\").replace('"', '\\"')
    return {
        "label": side.label,
        "sessions": side.sessions,
        "read": side.read,
        "q": f'task_type:"{quoted}" {side.q}'.strip(),
        "since": to_rfc3339(where.since_ns) if where.since_ns else None,
        "until": None if where.until_ns >= _END_OF_TIME_NS else to_rfc3339(where.until_ns),
    }


def _nodes(
    grove: Grove, shown: Shown, top: TaskNode, confidence: float | None
) -> list[dict[str, Any]]:
    """Depth first, siblings by their sessions, `others` last."""
    chosen = {id(node) for node in shown.nodes}
    told: list[dict[str, Any]] = []

    def tell(node: TaskNode) -> None:
        stack: list[tuple[TaskNode, bool]] = [(node, False)]
        while stack:
            one, is_others = stack.pop()
            if is_others:
                told.append(_others_node(grove, one, shown.others[one.id], confidence))
                continue
            told.append(_node(grove, one, top, shown, confidence))
            if one.id in shown.others:
                stack.append((one, True))
            below = [child for child in one.ranked() if id(child) in chosen]
            stack.extend((child, False) for child in reversed(below))

    tell(top)
    return told


def _node(
    grove: Grove, node: TaskNode, top: TaskNode, shown: Shown,
    confidence: float | None,
) -> dict[str, Any]:  # fmt: skip
    choice = node.choice
    is_others = node.id.endswith("~")
    parent = None if node is top and not is_others else node.parent
    # Below an `others` node stand the branches that it stands for.
    above = top if parent is top.parent and node is not top else parent
    told = _figures(grove, node.passing, parent, confidence)
    kind = choice.kind if choice is not None else OTHERS if is_others else START
    return {
        "id": node.id,
        "parent": above.id if above is not None and node is not top else None,
        "depth": node.depth,
        "kind": kind,
        "label": "others" if is_others else label_of(node),
        "tool": choice.what if choice is not None and choice.kind == "tool" else None,
        "target": (choice.target or None) if choice is not None else None,
        "result": (choice.result or None) if choice is not None else None,
        "members": [words_of(member) for member in node.members],
        "loops": loops(node.passing),
        "children": len(node.children),
        "hidden": shown.hidden.get(node.id, 0),
        "folded": len(node.children) if is_others else 0,
        **told,
    }


def _others_node(
    grove: Grove, parent: TaskNode, rare: Sequence[TaskNode], confidence: float | None
) -> dict[str, Any]:
    passing = [one for node in rare for one in node.passing]
    return {
        "id": f"{parent.id}~",
        "parent": parent.id,
        "depth": parent.depth + 1,
        "kind": OTHERS,
        "label": "others",
        "tool": None,
        "target": None,
        "result": None,
        "members": [],
        "loops": None,
        "children": len(rare),
        "hidden": len(rare),
        "folded": len(rare),
        **_figures(grove, passing, parent, confidence),
    }


def _figures(
    grove: Grove, passing: Sequence[Passing], parent: TaskNode | None, confidence: float | None
) -> dict[str, Any]:
    people = grove.people
    here = [one.session for one in passing]
    ended = [one.session for one in passing if one.is_end]
    around = here if parent is None else [one.session for one in parent.passing]
    return {
        "sessions": len(here),
        "share": figures.share(people, here, around).shown(),
        "outcomes": figures.outcomes(people, here),
        "ended_here": len(ended),
        "ended_outcomes": figures.outcomes(people, ended),
        "success": figures.success(people, here).shown(),
        "cost_so_far": figures.cost_so_far(people, passing).shown(),
        "cost_to_go": figures.cost_to_go(people, passing).shown(),
        "people": figures.intervened(people, here).shown(),
        "is_small": len(here) < SMALL,
        "compare": None if confidence is None else _compared(people, passing, confidence),
    }


def _compared(people: Population, passing: Sequence[Passing], confidence: float) -> dict[str, Any]:
    told: list[dict[str, Any]] = []
    found = []
    for side in (0, 1):
        some = [one for one in passing if people.sessions[one.session].side == side]
        here = [one.session for one in some]
        whole = [at for at, one in enumerate(people.sessions) if one.side == side]
        of = (
            figures.share(people, here, whole, confidence=confidence),
            figures.success(people, here, confidence=confidence),
            figures.cost_to_go(people, some, confidence=confidence),
            figures.intervened(people, here, confidence=confidence),
        )
        found.append(of)
        names = ("reached", "success", "cost_to_go", "people")
        shown = (one.shown() for one in of)
        told.append({"sessions": len(here), **dict(zip(names, shown, strict=True))})
    a, b = found
    moved = figures.verdict_of(a[0], b[0])
    reached = figures.rates_differ(a[0], b[0], higher_is="better")
    return {
        "a": told[0],
        "b": told[1],
        "moved": {"higher": "more_often", "lower": "less_often"}.get(moved, moved),
        # Going one way more often is neither good nor bad: `moved` tells it.
        "reached": reached | {"verdict": _neither(str(reached["verdict"]))},
        "success": figures.rates_differ(a[1], b[1], higher_is="better"),
        "cost_to_go": figures.amounts_differ(a[2], b[2]),
        "people": figures.rates_differ(a[3], b[3], higher_is="worse"),
    }


def _neither(verdict: str) -> str:
    return "no_difference_found" if verdict == "no_difference_found" else "not_enough_data"


def loops(passing: Iterable[Passing]) -> dict[str, Any] | None:
    """How often in a row; None where every session passed once."""
    rounds = [one.rounds for one in passing]
    repeated = sum(many > 1 for many in rounds)
    if not repeated:
        return None
    counts = Counter(
        next((name for low, high, name in _BUCKETS if low <= many <= high), _MANY)
        for many in rounds
    )
    names = [*(name for _, _, name in _BUCKETS), _MANY]
    return {
        "repeated": repeated,
        "median": int(median(rounds)),
        "most": max(rounds),
        "distribution": [
            {"rounds": name, "sessions": counts[name]} for name in names if counts[name]
        ],
    }


def others_answer(grove: Grove, own: Path | None, step: int, group: Group) -> dict[str, Any]:
    """The node that the path is at when the step begins, and the ways on from there."""
    node: TaskNode | None = grove.root if own is not None else None
    following: TaskNode | None = None
    way: list[TaskNode] = []
    if own is not None and node is not None:
        decisions = grouped(own, group)
        begun = at_step(decisions, step)
        for at, one in enumerate(decisions[: begun + 1]):
            child = node.children.get((one.choice, one.members))
            if child is None:
                break  # the filter leaves this session out, and nobody else went here
            if at == begun:
                following = child
            else:
                node = child
                way.append(child)
    people = grove.people
    passing = node.passing if node is not None else []
    here = [one.session for one in passing]
    ways = node.ranked() if node is not None else []
    return {
        "node": node.id if node is not None else None,
        "label": label_of(node) if node is not None else None,
        "path": [label_of(one) for one in way],
        "sessions": len(here),
        "success": figures.success(people, here).shown(),
        "cost_to_go": figures.cost_to_go(people, passing).shown(),
        "people": figures.intervened(people, here).shown(),
        "ended_here": sum(one.is_end for one in passing),
        "ways": [_way(people, one, here, is_this=one is following) for one in ways[:MAX_WAYS]],
        "more_ways": max(0, len(ways) - MAX_WAYS),
    }


def _way(
    people: Population, node: TaskNode, around: Sequence[int], *, is_this: bool
) -> dict[str, Any]:
    here = [one.session for one in node.passing]
    return {
        "node": node.id,
        "label": label_of(node),
        "kind": node.choice.kind if node.choice is not None else START,
        "sessions": len(here),
        "share": figures.share(people, here, around).shown(),
        "success": figures.success(people, here).shown(),
        "cost_to_go": figures.cost_to_go(people, node.passing).shown(),
        "is_this": is_this,
    }
