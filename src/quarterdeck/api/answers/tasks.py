"""
The decision tree of a task type over its sessions, its hot spots, and what others did at a step.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Cursor, Instant
from quarterdeck.api.answers.sessions import SessionRow
from quarterdeck.api.answers.shapes import Difference, Estimate

TreeGroup = Literal["action", "tool", "kind"]
TaskNodeKind = Literal[
    "start", "tool", "parallel", "handoff", "human", "answer", "agent", "model", "retrieval",
    "guardrail", "memory", "step", "others",
]  # fmt: skip


class OutcomeCounts(Answer):
    success: int
    success_partial: int
    failure: int
    abandoned: int
    interrupted: int
    unknown: int


class LoopBucket(Answer):
    rounds: str
    """`1`, `2`, `3`, `4-7`, `8-15`, `16+`."""
    sessions: int


class Loops(Answer):
    """How often in a row the sessions passed the node; where all passed it once there is none."""

    repeated: int
    """Sessions that passed it more than once in a row."""
    median: int
    most: int
    distribution: list[LoopBucket]


class TreeSide(Answer):
    """One of two compared versions or periods."""

    label: str
    sessions: int
    """In the selection; what the tree was made of is `read`."""
    read: int
    q: str
    """Filter (`q`) of exactly these sessions, without the time."""
    since: Instant | None
    until: Instant | None


class NodeSide(Answer):
    sessions: int
    reached: Estimate
    """Share of the side's sessions that pass the node."""
    success: Estimate
    cost_to_go: Estimate
    people: Estimate


class NodeComparison(Answer):
    """`b` against `a`; each difference is b - a."""

    a: NodeSide
    b: NodeSide
    reached: Difference
    """Neither more nor fewer sessions here is better: `higher` and `lower` stand in `moved`."""
    moved: Literal["more_often", "less_often", "no_difference_found", "not_enough_data"]
    success: Difference
    cost_to_go: Difference
    people: Difference


class TaskNode(Answer):
    """One decision at one place in the tree."""

    id: str
    """Stable: made of the decisions on the way to it and the grouping."""
    parent: str | None
    depth: int
    kind: TaskNodeKind
    label: str
    tool: str | None
    target: str | None
    """The class of what the decision was about (`cargo test`, `*.py`); null = not told."""
    result: str | None
    """`ok`, `error`, `blocked`, a person's decision; null = not told."""
    members: list[str]
    """Of a parallel node: what ran at once, in alphabetical order."""
    sessions: int
    share: Estimate
    """Of the sessions at its parent."""
    loops: Loops | None
    outcomes: OutcomeCounts
    ended_here: int
    ended_outcomes: OutcomeCounts
    """Of those that ended here."""
    success: Estimate
    cost_so_far: Estimate
    cost_to_go: Estimate
    people: Estimate
    """Share of its sessions in which a person stepped in, anywhere in the session."""
    is_small: bool
    """Fewer sessions than a rate should be read from (20)."""
    children: int
    hidden: int
    """Children that are not in this answer: ask for them with `node`."""
    folded: int
    """Of an `others` node: how many branches it stands for."""
    compare: NodeComparison | None


class FailingSpot(Answer):
    node: str
    label: str
    path: list[str]
    """Labels from the start to the node, itself last."""
    sessions: int
    failure: Estimate
    elsewhere: Estimate
    difference: Difference


class PeopleAnswer(Answer):
    decision: str
    times: int


class PeopleSpot(Answer):
    """One kind of question to people, wherever in the tree it was asked."""

    label: str
    kind: str
    tool: str | None
    node: str | None
    """The node where most of them stand; null in a grouping that does not tell them apart."""
    sessions: int
    times: int
    answers: list[PeopleAnswer]
    """Most frequent first."""
    usual: str | None
    """The most frequent answer; null = most answers are not told."""
    same_answer: Estimate
    """Share of the most frequent answer."""
    waited_s: float | None


class HotSpots(Answer):
    failing: list[FailingSpot]
    people: list[PeopleSpot]
    tested: int
    """Nodes that were compared with the rest; the intervals are corrected for so many."""
    method: str
    nothing_stands_out: bool


class TaskTreeAnswer(Answer):
    task_type: str
    group: TreeGroup
    min_share: float
    sessions: int
    """That pass the filters."""
    read: int
    """That the tree is made of."""
    not_yet_read: int
    """Written before paths were kept: they join when they are touched again."""
    cut: int
    """Sessions whose path was longer than is kept; their later decisions are not in the tree."""
    cap: int
    """The newest so many are read."""
    is_enough: bool
    """Whether there are the 20 sessions that a tree needs to say something."""
    outcomes: OutcomeCounts
    compare: list[TreeSide]
    """Two sides, or none."""
    compare_confidence: float | None
    """Of the differences' intervals: 95 % for all compared nodes together."""
    root: str
    nodes: list[TaskNode]
    """Parents before children, siblings by sessions, most first; `others` last."""
    hot_spots: HotSpots | None
    """Only with the whole tree, not below a node."""


class TaskTreeSessionsAnswer(Answer):
    task_type: str
    node: str
    path: list[str]
    total: int
    sessions: list[SessionRow]
    next_cursor: Cursor


class OtherWay(Answer):
    """What sessions did next, here."""

    node: str
    label: str
    kind: TaskNodeKind
    sessions: int
    share: Estimate
    success: Estimate
    cost_to_go: Estimate
    is_this: bool
    """This session went the same way."""


class OthersAnswer(Answer):
    session_id: str
    step: int
    task_type: str | None
    node: str | None
    """null = the session's path is not read yet, or it has no task type."""
    label: str | None
    path: list[str]
    sessions: int
    success: Estimate
    cost_to_go: Estimate
    people: Estimate
    ended_here: int
    ways: list[OtherWay]
    """Most first; at most 20."""
    more_ways: int
