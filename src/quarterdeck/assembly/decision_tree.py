"""
What was decided in a session, as a tree of bounded size.

From the steps, in this order: a model call that asked for tools is a *choice*, with the tool calls
that it led to below it; steps beside each other that overlap in time are *parallel* branches; a
call made again is a *retry*, with another model a *fallback*; a step that passes control is a
*handoff*; people's acts are *human* points; retrievals, guardrails, evaluations, memory and other
steps keep their kind.  At last, repetitions are folded: a run of equal parts (up to four kinds of
node long) is one *loop* with its count.

It tells what happened, not what could have: the branches that other sessions took come from
aggregating the trees of many.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.steps import is_step, list_steps, step_around
from quarterdeck.assembly.tree import Node
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sessions import NodeKind, Session, Step, StepKind, TreeNode

MAX_NODES = 2_000
"""A screen shows some hundreds; usual sessions have some dozens after folding."""
MAX_CHILDREN = 200
"""Of one node after folding; the rest are told as a number."""
MAX_DEPTH = 40
"""Agents nest up to about ten deep; deeper is a loop of agents calling each other."""
MAX_STEPS = 200
"""Step numbers kept on one folded node; its count is complete."""
_LONGEST_LOOP = 4
_OVERLAP_NS = 1_000_000
"""Less common time than this is a clock's grain, not parallel work."""

_KINDS: dict[StepKind, NodeKind] = {
    "agent": "agent", "tool": "tool", "handoff": "handoff", "retrieval": "retrieval",
    "guardrail": "guardrail", "evaluation": "evaluation", "memory": "memory", "step": "step",
}  # fmt: skip
"""Of a span's step that is decided by nothing else."""

_SEVERITY = ("error", "blocked", "interrupted", "cancelled", "unset", "ok")
"""Worst first, of a span's statuses."""

# What folding compares: kind, label, status, a person's verdict and the same of the children.
_Shape = tuple[Any, ...]


class _Part:
    """A node in the making."""

    __slots__ = ("children", "cost", "count", "end_ns", "kind", "label", "left", "shape",
                 "start_ns", "status", "statuses", "steps", "verdict")  # fmt: skip

    def __init__(self, kind: NodeKind, label: str) -> None:
        self.kind = kind
        self.label = label
        self.status = ""
        self.count = 1
        self.cost: Decimal | None = None
        self.verdict = ""
        self.left = False
        self.statuses: dict[str, int] = {}
        self.steps: list[int] = []
        self.children: list[_Part] = []
        self.start_ns = 0
        self.end_ns = 0
        self.shape: int = 0


def decision_tree(assembly: Assembly, session: Session) -> TreeNode:
    """The tree of one session; its root is `start`, whose last child is `end`."""
    steps = {(s.trace_id, s.span_id): s for s in list_steps(assembly)}
    below: dict[Node | None, list[Node]] = {}
    for node in assembly.nodes():
        if is_step(node):
            around = step_around(node)
            below.setdefault(around, []).append(node)
    root = _Part("start", session.task or session.workflow.name or "session")
    root.children = _Builder(assembly, steps, below).parts(None, 0)
    end = _Part("end", session.outcome.label)
    end.status = session.status
    root.children.append(end)
    budget = [MAX_NODES]
    return _frozen(root, "0", budget)


class _Builder:
    def __init__(
        self, assembly: Assembly, steps: dict[tuple[str, str], Step],
        below: dict[Node | None, list[Node]],
    ) -> None:  # fmt: skip
        self._assembly = assembly
        self._steps = steps
        self._below = below
        self._shapes: dict[_Shape, int] = {}
        self._acts = {(a.trace_id, a.span_id): a for a in assembly.all_interventions()}
        nodes = (node for some in below.values() for node in some)
        self._left = {
            (retry.earlier_trace_id, retry.earlier_span_id)
            for retry in map(assembly.retry_of, nodes)
            if retry is not None
        }

    def step(self, node: Node) -> Step:
        return self._steps[node.span.trace_id, node.span.span_id]

    def parts(self, around: Node | None, depth: int) -> list[_Part]:
        """What happened inside one step, in order, folded."""
        nodes = sorted(self._below.get(around, ()), key=lambda n: self.step(n).number)
        if not nodes:
            return []
        if depth >= MAX_DEPTH:
            deep = _Part("loop", f"{len(nodes)} more steps")
            deep.count = len(nodes)
            deep.steps = [self.step(node).number for node in nodes[:MAX_STEPS]]
            return [self._shaped(deep)]
        return self._folded(self._in_parallel(self._chosen(nodes, depth)))

    def _part(self, node: Node, depth: int) -> _Part:
        step = self.step(node)
        kind, label = self._kind(node, step)
        part = _Part(kind, label)
        part.status = step.status
        part.steps = [step.number]
        part.cost = step.cost_usd
        part.start_ns, part.end_ns = step.start_ns, max(step.start_ns, step.end_ns or 0)
        key = (step.trace_id, step.span_id)
        part.left = key in self._left
        act = self._acts.get(key)
        if act is not None:
            part.verdict = "pending" if act.pending else _verdict(act)
        part.children = self.parts(node, depth + 1)
        return part

    def _kind(self, node: Node, step: Step) -> tuple[NodeKind, str]:
        retry = self._assembly.retry_of(node)
        if retry is not None:
            if retry.kind == "fallback":
                return "fallback", f"{retry.source} to {retry.target}"
            return "retry", step.name
        if step.kind == "human":
            return "human", step.tool or step.name
        hint = node.span.handoff
        if hint is not None:
            return "handoff", f"to {hint.target}" if hint.target else step.name
        if step.kind == "model":
            return ("choice" if node.span.requested else "model"), step.name
        return _KINDS[step.kind], step.name

    def _chosen(self, nodes: Sequence[Node], depth: int) -> list[_Part]:
        """Tool calls go below the choice that asked for them, by call id, else by following it."""
        parts: list[_Part] = []
        by_call: dict[str, _Part] = {}
        choice: _Part | None = None
        for node in nodes:
            part = self._part(node, depth)
            span = node.span
            if span.kind == "model":
                choice = part if span.requested else None
                by_call.update((r.call_id, part) for r in span.requested if r.call_id)
                parts.append(part)
            elif span.kind == "tool":
                asker = by_call.get(span.tool_call_id) if span.tool_call_id else choice
                (asker.children if asker is not None else parts).append(part)
            else:
                parts.append(part)
        for part in parts:
            if part.kind in ("choice", "retry", "fallback") and len(part.children) > 1:
                for child in part.children:
                    self._shaped(child)
                part.children = self._folded(self._in_parallel(part.children))
            self._shaped(part)
        return parts

    def _in_parallel(self, parts: list[_Part]) -> list[_Part]:
        """Neighbors that overlap in time become branches of one node."""
        groups: list[list[_Part]] = []
        until_ns = -1
        for part in parts:
            if groups and part.start_ns + _OVERLAP_NS < until_ns:
                groups[-1].append(part)
            else:
                groups.append([part])
            until_ns = max(until_ns, part.end_ns)
        return [group[0] if len(group) == 1 else self._branches(group) for group in groups]

    def _branches(self, group: list[_Part]) -> _Part:
        part = _Part("parallel", f"{len(group)} at once")
        part.children = group
        part.start_ns = min(branch.start_ns for branch in group)
        part.end_ns = max(branch.end_ns for branch in group)
        return self._shaped(part)

    def _shaped(self, part: _Part) -> _Part:
        """Equal shapes get equal numbers; status and verdict are a part of the shape, the cost is
        not."""
        for child in part.children:
            if not child.shape:
                self._shaped(child)
        shape = (
            part.kind,
            part.label,
            part.status,
            part.verdict,
            tuple(child.shape for child in part.children),
        )
        part.shape = self._shapes.setdefault(shape, len(self._shapes) + 1)
        return part

    def _folded(self, parts: list[_Part]) -> list[_Part]:
        """Runs of equal parts, or of equal sequences of up to four, become loops."""
        folded: list[_Part] = []
        at = 0
        while at < len(parts):
            best_length, best_times = 1, 1
            for length in range(1, _LONGEST_LOOP + 1):
                times = _repeats(parts, at, length)
                if times > 1 and times * length > best_times * best_length:
                    best_length, best_times = length, times
            if best_times > 1:
                folded.append(self._loop(parts[at : at + best_length * best_times], best_length))
            else:
                folded.append(parts[at])
            at += best_length * best_times
        return folded

    def _loop(self, parts: list[_Part], length: int) -> _Part:
        first = parts[:length]
        part = _Part("loop", ", ".join(one.label for one in first))
        part.count = len(parts) // length
        part.children = first
        part.status = parts[-1].status
        for begin in range(0, len(parts), length):
            worst = min(map(_worst, parts[begin : begin + length]), key=_SEVERITY.index)
            part.statuses[worst] = part.statuses.get(worst, 0) + 1
        part.left = all(one.left for one in parts)
        for one in parts:
            part.start_ns = min(part.start_ns or one.start_ns, one.start_ns)
            part.end_ns = max(part.end_ns, one.end_ns)
            if len(part.steps) < MAX_STEPS:
                part.steps.extend(_all_steps(one))
        part.steps = sorted(part.steps)[:MAX_STEPS]
        part.cost = _sum(_total(one) for one in parts)
        return self._shaped(part)


def _verdict(act: Intervention) -> str:
    if act.decision != "none":
        return act.decision
    return "answered" if act.kind == "answer" else act.kind


def _worst(part: _Part) -> str:
    """Of itself and everything inside."""
    found = [part.status or "unset", *map(_worst, part.children), *part.statuses]
    return min(found, key=_SEVERITY.index)


def _repeats(parts: list[_Part], at: int, length: int) -> int:
    """How often the `length` parts from `at` follow each other."""
    times = 1
    begin = at + length
    while begin + length <= len(parts) and all(
        parts[begin + i].shape == parts[at + i].shape for i in range(length)
    ):
        times += 1
        begin += length
    return times


def _all_steps(part: _Part) -> list[int]:
    steps = list(part.steps)
    if part.kind != "loop":
        for child in part.children:
            if len(steps) >= MAX_STEPS:
                break
            steps.extend(_all_steps(child))
    return steps


def _total(part: _Part) -> Decimal | None:
    """A loop's cost is its whole; another node's is its own and its children's."""
    if part.kind == "loop":
        return part.cost
    return _sum((part.cost, *(_total(child) for child in part.children)))


def _sum(costs: Any) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known else None


def _frozen(part: _Part, path: str, budget: list[int]) -> TreeNode:
    """The node with as many descendants as the budget allows; the rest are told as a number."""
    budget[0] -= 1
    children: list[TreeNode] = []
    last = part.children[-1] if part.children else None
    end = last if last is not None and last.kind == "end" else None
    inner = part.children[:-1] if end is not None else part.children
    for at, child in enumerate(inner):
        if budget[0] <= 1 or at >= MAX_CHILDREN:
            left = len(inner) - at
            rest = TreeNode(id=f"{path}.{at}", kind="loop", label=f"{left} more", count=left)
            children.append(rest)
            break
        children.append(_frozen(child, f"{path}.{at}", budget))
    if end is not None:
        children.append(_frozen(end, f"{path}.end", budget))
    return TreeNode(
        id=path,
        kind=part.kind,
        label=part.label,
        status=part.status,
        count=part.count,
        cost_usd=part.cost,
        total_usd=_total(part),
        verdict=part.verdict,
        left=part.left,
        statuses=part.statuses,
        steps=tuple(part.steps),
        children=tuple(children),
    )
