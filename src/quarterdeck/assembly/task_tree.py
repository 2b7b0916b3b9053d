"""
Many sessions' decision paths, folded into one tree.

A node is a place: the decisions on the way to it, and its own.  Sessions that decided alike so
far are at one node, however their agents are instrumented, whatever order parallel branches ran in
and however often a loop went round.  The tree counts and never estimates: each node knows which
sessions pass it, and what to say of those (rates, costs, intervals) is its reader's question.

Sessions at a node = sessions at its children + those that ended here.  Branches rarer than asked
for are told as one node `others`, which has the same sums.

Coarser groupings fold the same paths again: by tool, `cargo test` that failed and `cargo build`
that worked are one decision; by kind, all tools are.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Literal, NamedTuple

import msgspec

from quarterdeck.assembly.decision_path import Folding
from quarterdeck.model.sketches import Choice, Decision, Path

Group = Literal["action", "tool", "kind"]

START = "start"
"""The id of the root."""
OTHERS = "others"
_ID_HEX = 16
"""Of a node's id: 64 bits, so that two of a million nodes share one with chance 3e-8."""

_decoder = msgspec.json.Decoder(Path)


class Passing(NamedTuple):
    """One session's way through a node."""

    session: int
    """Its place in what the tree was folded of, from 0."""
    rounds: int
    cost_n: int
    """Known cost up to and with the decision, in billionths of a dollar."""
    waited_ns: int
    said: tuple[str, ...]
    is_end: bool
    """The session decided nothing after it."""


class TaskNode:
    """A decision at one place in the tree.  Changes only while it is folded."""

    __slots__ = ("children", "choice", "depth", "id", "members", "parent", "passing")

    def __init__(
        self, choice: Choice | None, members: tuple[Choice, ...], parent: "TaskNode | None"
    ) -> None:
        self.choice = choice
        """None at the root."""
        self.members = members
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.id: str = START if parent is None else _id_of(parent.id, choice, members)
        self.passing: list[Passing] = []
        self.children: dict[tuple[Choice, tuple[Choice, ...]], TaskNode] = {}

    def ended(self) -> Iterator[Passing]:
        return (one for one in self.passing if one.is_end)

    def way(self) -> list["TaskNode"]:
        """From the root's child to this node."""
        nodes: list[TaskNode] = []
        node: TaskNode | None = self
        while node is not None and node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def ranked(self) -> list["TaskNode"]:
        """The children, most sessions first; equal ones by label, whatever came first."""
        return sorted(
            self.children.values(), key=lambda node: (-len(node.passing), label_of(node), node.id)
        )

    def walk(self) -> Iterator["TaskNode"]:
        """This node and all below, parents first."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children.values())


def read_path(path: str) -> Path | None:
    """None if it was not yet read, or is of no form that we know."""
    if not path:
        return None
    try:
        return _decoder.decode(path)
    except msgspec.DecodeError:
        return None


def fold(paths: Iterable[Path], *, group: Group = "action") -> TaskNode:
    """The tree's root.  Linear in the decisions; does not depend on the order of the paths."""
    root = TaskNode(None, (), None)
    for session, path in enumerate(paths):
        follow(root, grouped(path, group), session)
    return root


def follow(root: TaskNode, decisions: Sequence[Decision], session: int) -> TaskNode:
    """Lay one session's path on the tree; the node where it ends."""
    node = root
    last = len(decisions) - 1
    root.passing.append(Passing(session, 1, 0, 0, (), last < 0))
    for at, one in enumerate(decisions):
        key = (one.choice, one.members)
        child = node.children.get(key)
        if child is None:
            child = node.children[key] = TaskNode(one.choice, one.members, node)
        child.passing.append(
            Passing(session, one.rounds, one.cost_n, one.waited_ns, one.said, at == last)
        )
        node = child
    return node


def grouped(path: Path, group: Group) -> tuple[Decision, ...]:
    """The decisions in a coarser grouping, with the repetitions that it brings folded again."""
    if group == "action":
        return path.decisions
    folding = Folding()
    for one in path.decisions:
        members = tuple(sorted({_coarse(m, group) for m in one.members}, key=_words))
        choice = _coarse(one.choice, group)
        if len(members) == 1:
            choice, members = members[0], ()
        folding.add(msgspec.structs.replace(one, choice=choice, members=members))
    return folding.line()


def _coarse(choice: Choice, group: Group) -> Choice:
    if group == "kind":
        return Choice(choice.kind)
    if choice.kind == "human":
        return Choice("human", choice.what, choice.target)
    return Choice(choice.kind, choice.what)


def find(root: TaskNode, node_id: str) -> TaskNode | None:
    return next((node for node in root.walk() if node.id == node_id), None)


def at_step(decisions: Sequence[Decision], step: int) -> int:
    """How many decisions had begun at this step: the place in the path, 0 = at the start."""
    begun = 0
    for at, one in enumerate(decisions, 1):
        if one.step <= step:
            begun = at
    return begun


def label_of(node: TaskNode) -> str:
    """What a screen writes on it."""
    if node.choice is None:
        return "start"
    if node.choice.kind == "parallel":
        return f"at once: {', '.join(dict.fromkeys(map(words_of, node.members)))}"
    return words_of(node.choice)


def words_of(choice: Choice) -> str:
    """One choice in words, its result included where that is not the usual one."""
    match choice.kind:
        case "answer":
            said = f"{choice.what} answers" if choice.what else "answer"
        case "human":
            said = f"{choice.what or 'human'} {choice.target}".strip()
        case "handoff":
            said = f"hand off to {choice.what}" if choice.what else "handoff"
        case "model":
            said = f"model {choice.what}".strip()
        case _:
            said = choice.what or choice.kind
            if choice.target:
                said = f"{said}: {choice.target}"
    return f"{said} ({choice.result})" if choice.result not in ("", "ok") else said


def _words(choice: Choice) -> tuple[str, str, str, str]:
    return choice.kind, choice.what, choice.target, choice.result


def _id_of(parent: str, choice: Choice | None, members: tuple[Choice, ...]) -> str:
    """The same for the same decisions on the same way, in every answer."""
    told = (parent, choice, members)
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=_ID_HEX // 2).hexdigest()


class Shown(NamedTuple):
    """The part of the tree that an answer holds."""

    nodes: list[TaskNode]
    """Most sessions first, parents before children."""
    others: dict[str, list[TaskNode]]
    """Node id -> its children that are rarer than asked for, folded."""
    hidden: dict[str, int]
    """Node id -> how many children there was no room for."""


def select(root: TaskNode, *, least: float, most: int) -> Shown:
    """
    The nodes with at least `least` sessions, at most `most` of them: those with more sessions
    before those with fewer, so that what is left out is the rarest.  The folded ones count.
    """
    chosen: list[TaskNode] = []
    others: dict[str, list[TaskNode]] = {}
    hidden: dict[str, int] = {}
    # By sessions, most first: a child never has more than its parent and lies deeper.
    open_nodes: list[tuple[int, int, str, TaskNode]] = [(-len(root.passing), 0, root.id, root)]
    room = most
    while open_nodes:
        *_, node = heappop(open_nodes)
        if room < 1:
            if node.parent is not None:
                hidden[node.parent.id] = hidden.get(node.parent.id, 0) + 1
            continue
        room -= 1
        chosen.append(node)
        rare = [child for child in node.children.values() if len(child.passing) < least]
        if rare:
            others[node.id] = rare
            room -= 1
        for child in node.children.values():
            if len(child.passing) >= least:
                heappush(open_nodes, (-len(child.passing), child.depth, child.id, child))
    return Shown(chosen, others, hidden)
