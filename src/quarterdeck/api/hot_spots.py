"""
Hot spots of a task's tree: where sessions fail more than elsewhere, and where people step in.

Many nodes are compared, so some would stand out by chance: the intervals are made for all of them
together (Bonferroni), and a tree in which nothing stands out says so.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from quarterdeck.api import tree_figures as figures
from quarterdeck.api.measures import shown
from quarterdeck.api.tree_figures import Population
from quarterdeck.assembly.task_tree import TaskNode, label_of
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.sketches import Choice
from quarterdeck.statistics.compare import MIN_OBSERVATIONS

MAX_SPOTS = 10
"""Of each kind: a person looks at the first few."""
NOT_TOLD = "not told"


def hot_spots(
    people: Population, nodes: Sequence[TaskNode], by_action: TaskNode, *, is_shown: bool
) -> dict[str, Any]:
    """
    `nodes` are those that are shown.  `by_action` is the root of the tree by action, in which
    people's decisions are told apart; `is_shown` where that is the one that is shown.
    """
    tried = [node for node in nodes if _is_tried(node, people)]
    confidence = 1 - (1 - figures.CONFIDENCE) / max(1, len(tried))
    failing = [spot for node in tried if (spot := _failing(node, people, confidence)) is not None]
    failing.sort(key=lambda spot: -spot["difference"]["low"])
    asked = _people_spots(by_action, is_shown=is_shown)
    return {
        "failing": failing[:MAX_SPOTS],
        "people": asked[:MAX_SPOTS],
        "tested": len(tried),
        "method": (
            f"Each node's failures among known outcomes against all other sessions'; intervals of"
            f" {confidence:.4%} each, so that all {len(tried)} together are of 95 % (Bonferroni)."
        ),
        "nothing_stands_out": not failing,
    }


def _is_tried(node: TaskNode, people: Population) -> bool:
    """Enough known outcomes here and elsewhere, and other sessions than at its parent."""
    parent = node.parent
    if parent is None or len(parent.passing) == len(node.passing):
        return False
    known = sum(people.sessions[one.session].outcome != "unknown" for one in node.passing)
    everywhere = sum(one.outcome != "unknown" for one in people.sessions)
    return known >= MIN_OBSERVATIONS and everywhere - known >= MIN_OBSERVATIONS


def _failing(node: TaskNode, people: Population, confidence: float) -> dict[str, Any] | None:
    here = {one.session for one in node.passing}
    rest = [at for at in range(len(people.sessions)) if at not in here]
    at_node = figures.failure(people, sorted(here), confidence=confidence)
    elsewhere = figures.failure(people, rest, confidence=confidence)
    difference = figures.rates_differ(elsewhere, at_node, higher_is="worse")
    if difference["verdict"] != "worse":
        return None
    return {
        "node": node.id,
        "label": label_of(node),
        "path": [label_of(one) for one in node.way()],
        "sessions": len(here),
        "failure": at_node.shown(),
        "elsewhere": elsewhere.shown(),
        "difference": difference,
    }


class _Question:
    """What people were asked, wherever in the tree."""

    def __init__(self) -> None:
        self.nodes: list[TaskNode] = []
        self.answers: Counter[str] = Counter()
        self.by_session: dict[int, Counter[str]] = {}
        self.waited_ns = 0

    def take(self, node: TaskNode, choice: Choice) -> None:
        self.nodes.append(node)
        for one in node.passing:
            said = [word or NOT_TOLD for word in one.said] if choice.what == "answer" else []
            told = said or [choice.result or NOT_TOLD] * one.rounds
            self.answers.update(told)
            self.by_session.setdefault(one.session, Counter()).update(told)
            self.waited_ns += one.waited_ns


def _people_spots(root: TaskNode, *, is_shown: bool) -> list[dict[str, Any]]:
    questions: dict[tuple[str, str], _Question] = {}
    for node in root.walk():
        choice = node.choice
        if choice is not None and choice.kind == "human" and choice.result != "pending":
            key = (choice.what, choice.target)
            questions.setdefault(key, _Question()).take(node, choice)
    spots = [_people_spot(key, question, is_shown=is_shown) for key, question in questions.items()]
    return sorted(spots, key=lambda spot: (-spot["sessions"], spot["label"]))


def _people_spot(key: tuple[str, str], question: _Question, *, is_shown: bool) -> dict[str, Any]:
    what, tool = key
    ranked = sorted(question.answers.items(), key=lambda item: (-item[1], item[0]))
    usual = ranked[0][0]
    same = figures.said_the_same(
        [(its[usual], its.total()) for its in question.by_session.values()]
    )
    is_told = usual != NOT_TOLD
    most = max(question.nodes, key=lambda node: (len(node.passing), node.id))
    return {
        "label": f"{what} {tool}".strip() or "human",
        "kind": what or "human",
        "tool": tool or None,
        "node": most.id if is_shown else None,
        "sessions": len(question.by_session),
        "times": question.answers.total(),
        "answers": [{"decision": word, "times": times} for word, times in ranked[:MAX_SPOTS]],
        "usual": usual if is_told else None,
        "same_answer": shown(same if is_told else same._replace(value=None, interval=None)),
        "waited_s": question.waited_ns / NS_PER_S if question.waited_ns else None,
    }
