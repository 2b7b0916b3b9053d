"""
The decisions of one session, in order, normalized so that many sessions can be laid on each other.

A decision is what a viewer would call one: a tool call with the class of what it acted on and how
it went, control passing on, a person's act with what they decided, an answer without tools, a
failed or replaced model call, a lookup.  Span names, wrappers and ids are not in it.

* Tool calls that one model call asked for, and neighbors that overlap in time, are *one* parallel
  decision: a set, so the order in which they ran is no difference.  Branches that went on inside
  themselves (sub-agents) follow it one after the other, sorted by what they did.
* Repetitions are one decision with its number of rounds: a b a b a b is (a, b) three times.
  Up to six different decisions make one round.

The same set of spans gives the same path, whatever the order of their arrival.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.steps import in_order, is_step, step_around
from quarterdeck.assembly.target_class import target_class
from quarterdeck.assembly.tool_use import failure_of, is_denied, only_asked, plain_name
from quarterdeck.assembly.tree import Node
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sketches import Choice, Decision, Path
from quarterdeck.model.spans import Span, usd

MAX_DECISIONS = 300
"""Kept of one session, after folding: usual sessions have some 5 to 60."""
LONGEST_ROUND = 6
"""Decisions in one round of a loop: look, edit, test, read the failure, and two to spare."""
_MAX_DEPTH = 40
"""Agents nest up to about ten deep."""
_OVERLAP_NS = 1_000_000
"""Less common time than this is a clock's grain, not parallel work."""
_MAX_WORDS = 60
"""Of a name in a node's label."""
_SAID = 40
"""Characters of a person's answer that tell whether it was the same again."""
_NANO = 10**9
_PLAYED_ROLES = frozenset({"user_simulator", "user", "simulated_user"})
_ASKED: dict[str, str] = {"answer": "answer", "takeover": "take over", "stop": "stop"}
"""Of the other kinds: an approval, a rejection and a correction answer the same question."""


class Outline(NamedTuple):
    """The steps of a session by what they are part of, both in time order."""

    ordered: list[Node]
    below: dict[Node | None, list[Node]]
    numbers: dict[Node, int]
    played: frozenset[str]
    """Agents that play the user: what they say is no decision of the agent at work."""


class _Taken:
    """A decision in the making, with what happened inside it."""

    __slots__ = ("choice", "cost_n", "end_ns", "inside", "is_leaf", "said", "start_ns", "step",
                 "waited_ns")  # fmt: skip

    def __init__(self, choice: Choice, step: int) -> None:
        self.choice = choice
        self.step = step
        self.cost_n = 0
        """Of this decision alone: the model calls since the one before."""
        self.inside: list[_Taken] = []
        self.is_leaf = choice.kind != "agent"
        """An agent is there while it does nothing."""
        self.start_ns = 0
        self.end_ns = 0
        self.waited_ns = 0
        self.said = ""


_Branch = list[_Taken]
"""What one of several steps at once decided, in order."""


class _Asked:
    """The tool calls that one model call asked for, as they turn up."""

    __slots__ = ("branches", "left")

    def __init__(self, left: int) -> None:
        self.left = left
        """Calls that have not turned up."""
        self.branches: list[_Branch] = []


def outline(assembly: Assembly) -> Outline:
    ordered = [node for _, node in in_order(assembly.nodes()) if is_step(node)]
    below: dict[Node | None, list[Node]] = {}
    for node in ordered:
        below.setdefault(step_around(node), []).append(node)
    played = {node.agent for node in ordered if _played(node.span.agent_role)}
    numbers = {node: at for at, node in enumerate(ordered, 1)}
    return Outline(ordered, below, numbers, frozenset(played))


def _played(role: str) -> bool:
    return role.lower().replace(" ", "_").replace("-", "_") in _PLAYED_ROLES


def decision_path(assembly: Assembly, told: Outline | None = None) -> Path:
    """`told` saves making the outline again."""
    reader = _Reader(assembly, told or outline(assembly))
    return _folded(_in_sequence(reader.inside(None, "", 0)))


class _Reader:
    def __init__(self, assembly: Assembly, told: Outline) -> None:
        self._assembly = assembly
        self._told = told
        self._acts = {(a.trace_id, a.span_id): a for a in assembly.all_interventions()}
        self._agent = ""
        """The agent whose decisions are being read."""
        self._first = ""
        """The agent that the session began with, whose answers need no name."""
        self._pending_n = 0
        """Known cost of model calls that no decision was made of yet."""

    def inside(self, around: Node | None, agent: str, depth: int) -> _Branch:
        """What was decided inside one step, in order; what ran at once is grouped."""
        nodes = self._told.below.get(around, ())
        if not nodes or depth >= _MAX_DEPTH:
            return []
        groups: list[list[_Branch]] = []
        asked: dict[str, _Asked] = {}
        latest: _Asked | None = None
        until_ns = -1
        for at, node in enumerate(nodes):
            following = nodes[at + 1] if at + 1 < len(nodes) else None
            taken = self._read(node, following, agent, depth)
            span = node.span
            if span.kind == "model":
                # A model call never runs beside the tools that it asked for.
                latest = _Asked(len(span.requested))
                asked.update((r.call_id, latest) for r in span.requested if r.call_id)
                groups.append([taken])
                until_ns = -1
                continue
            if not taken:
                continue
            home = _home(span, asked, latest) if span.kind == "tool" else None
            if home is not None:
                if not home.branches:
                    groups.append(home.branches)
                home.branches.append(taken)
                home.left -= 1
            elif groups and node.span.start_ns + _OVERLAP_NS < until_ns:
                groups[-1].append(taken)
            else:
                groups.append([taken])
            until_ns = max(until_ns, span.end_ns or span.start_ns)
        return [one for group in groups for one in _at_once(group)]

    def _read(
        self, node: Node, following: Node | None, agent: str, depth: int
    ) -> list[_Taken]:  # fmt: skip
        """The decisions of one step: none, itself, or a person's about it and itself."""
        span = node.span
        self._pending_n += _nano(span) if span.kind == "model" else 0
        act = self._acts.get((span.trace_id, span.span_id))
        asks = self._asking(node, act)
        choice = None if asks is not None and _is_only_asking(node) else (
            self._choice(node, following, agent)
        )  # fmt: skip
        if span.kind == "evaluation" or span.subkind == "embedding":
            return []
        taken: list[_Taken] = []
        for one in (asks, choice):
            if one is not None:
                made = self._taken(one, node)
                if one is asks and act is not None:
                    made.waited_ns = act.waited_ns or 0
                    made.said = " ".join(act.answer.lower().split())[:_SAID]
                taken.append(made)
        own = node.agent if span.kind == "agent" else agent
        inner = self.inside(node, own, depth + 1)
        if choice is not None and taken:
            taken[-1].inside = inner
            return taken
        return [*taken, *inner]

    def _taken(self, choice: Choice, node: Node) -> _Taken:
        made = _Taken(choice, self._told.numbers[node])
        made.cost_n, self._pending_n = self._pending_n, 0
        made.start_ns = node.span.start_ns
        made.end_ns = node.span.end_ns or node.span.start_ns
        return made

    def _asking(self, node: Node, act: Intervention | None) -> Choice | None:
        """What a person was asked here, and what they decided."""
        if act is None:
            return None
        what = _ASKED.get(act.kind, "approve")
        if act.kind == "correction" and not act.tool:
            what = "correct"
        result: str = "pending" if act.pending else act.decision
        if result == "none":
            result = "answered" if act.kind == "answer" else ""
        tool = act.tool or (node.span.tool if node.span.kind == "tool" else "")
        return Choice("human", what, _short(plain_name(tool)), result)

    def _choice(self, node: Node, following: Node | None, agent: str) -> Choice | None:
        span = node.span
        hint = span.handoff
        if span.kind == "tool":
            tool = plain_name(span.tool or span.name)
            if hint is not None and hint.target:
                return Choice("handoff", _short(hint.target), "", _result(node))
            return Choice("tool", _short(tool), target_class(tool, span.target), _result(node))
        if span.kind == "model":
            return self._model(node, following)
        if span.kind == "agent":
            return self._agent_choice(node, agent)
        if hint is not None:
            return Choice("handoff", _short(hint.target or span.name))
        match span.kind:
            case "retrieval":
                found = "retrieval", _short(span.name or "lookup"), _result(node)
            case "guardrail":
                if not span.guardrail_triggered and _result(node) == "ok":
                    return None
                return Choice("guardrail", _short(span.name or "guardrail"), "", "triggered")
            case "memory":
                return Choice("memory", _short(span.name or "memory"), "", _result(node))
            case "step" if span.subkind == "stated":
                return Choice("step", _short(span.name or span.span_name), "", _result(node))
            case _:
                return None
        return Choice("retrieval", found[1], "", found[2])

    def _model(self, node: Node, following: Node | None) -> Choice | None:
        """Nothing for a call that asked for tools: what it chose are those."""
        span = node.span
        if node.agent in self._told.played:
            return None
        if span.status == "error":
            return Choice("model", "call", "", "error")
        retry = self._assembly.retry_of(node)
        if retry is not None and retry.kind == "fallback":
            return Choice("model", _short(f"fallback to {retry.target}"))
        if span.requested or (following is not None and following.span.kind == "tool"):
            return None
        self._first = self._first or node.agent
        return Choice("answer", "" if node.agent == self._first else _short(node.agent))

    def _agent_choice(self, node: Node, around: str) -> Choice | None:
        """Another agent goes on.  The first one is no decision, and a handoff told it already."""
        if node.agent in self._told.played:
            return None
        before, self._agent = self._agent, node.agent
        if not before or before == node.agent or around == node.agent:
            return None
        above = step_around(node)
        hint = above.span.handoff if above is not None else None
        if hint is not None and hint.target == node.agent:
            return None
        return Choice("agent", _short(node.agent), "", "error" if _failed(node) else "")


def _home(span: Span, asked: dict[str, _Asked], latest: _Asked | None) -> _Asked | None:
    """By the call's id, else by following the model call that asked for so many."""
    if span.tool_call_id:
        return asked.get(span.tool_call_id)
    return latest if latest is not None and latest.left > 0 else None


def _is_only_asking(node: Node) -> bool:
    """The step is the asking itself, and nothing ran here."""
    return node.span.kind not in ("tool", "agent", "model") or only_asked(node)


def _result(node: Node) -> str:
    if is_denied(node):
        return "blocked"
    if _failed(node):
        return "error"
    return "" if node.span.end_ns is None else "ok"


def _failed(node: Node) -> bool:
    return failure_of(node) is not None or node.span.status == "error"


def _nano(span: Span) -> int:
    cost = usd(span)
    return int(cost * _NANO) if cost is not None and cost.is_finite() else 0


def _short(name: str) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= _MAX_WORDS else plain[: _MAX_WORDS - 1] + "…"


def _at_once(branches: list[_Branch]) -> _Branch:
    """One decision of what ran at once; as it is where only one thing did, or all took turns."""
    people = [one for branch in branches for one in branch if one.choice.kind == "human"]
    if people and len(branches) > 1:
        # A person's act is a decision of its own, before what it was about.
        others = [[one for one in branch if one.choice.kind != "human"] for branch in branches]
        return [*sorted(people, key=_rank), *_at_once([branch for branch in others if branch])]
    if len(branches) < 2:
        return [one for branch in branches for one in branch]
    flat = [list(_in_sequence(branch)) for branch in branches]
    if all(len(line) == 1 for line in flat):
        group = sorted((line[0] for line in flat), key=_rank)
        # The same thing again and again is rounds of it.
        return group if len({one.choice for one in group}) == 1 else [_Together(group)]
    turns = _by_turns(flat)
    if turns is not None:
        return turns
    lines = sorted(flat, key=lambda line: [_words(one.choice) for one in line])
    return [_Together([line[0] for line in lines]), *(one for line in lines for one in line)]


def _by_turns(lines: list[_Branch]) -> _Branch | None:
    """
    All decisions in time order, where no two of different branches overlap: agents that talk to
    each other are there at once and act in turn.  None where anything ran side by side.
    """
    placed = sorted(
        ((one.start_ns, at, one) for at, line in enumerate(lines) for one in line if one.is_leaf),
        key=lambda item: (item[0], item[2].step),
    )
    until_ns, by = -1, -1
    for start_ns, at, one in placed:
        if at != by and start_ns + _OVERLAP_NS < until_ns:
            return None
        until_ns, by = max(until_ns, one.end_ns), at
    for one in (one for line in lines for one in line if not one.is_leaf):
        one.inside = []
    return [one for _, _, one in placed]


class _Together(_Taken):
    """Several different things at once."""

    __slots__ = ("members",)

    def __init__(self, group: Sequence[_Taken]) -> None:
        super().__init__(Choice("parallel"), min(one.step for one in group))
        self.members = tuple(sorted({one.choice for one in group}, key=_words))
        self.cost_n = sum(one.cost_n for one in group)
        for one in group:
            one.cost_n = 0


def _words(choice: Choice) -> tuple[str, str, str, str]:
    return choice.kind, choice.what, choice.target, choice.result


def _rank(taken: _Taken) -> tuple[object, ...]:
    """By what was decided; the time only where that is equal."""
    return (_words(taken.choice), taken.step)


def _in_sequence(taken: Iterable[_Taken]) -> Iterator[_Taken]:
    """Each, then what happened inside it."""
    for one in taken:
        yield one
        yield from _in_sequence(one.inside)


class Folding:
    """Takes decisions one by one and makes repetitions rounds of one decision."""

    __slots__ = ("_keys", "_line", "_numbers")

    def __init__(self) -> None:
        self._line: list[Decision] = []
        self._keys: list[int] = []
        self._numbers: dict[tuple[Choice, tuple[Choice, ...]], int] = {}

    def __len__(self) -> int:
        return len(self._line)

    def add(self, decision: Decision) -> None:
        key = (decision.choice, decision.members)
        self._keys.append(self._numbers.setdefault(key, len(self._numbers)))
        self._line.append(decision)
        while self._fold_once():
            pass

    def _fold_once(self) -> bool:
        keys = self._keys
        size = len(keys)
        for length in range(1, min(LONGEST_ROUND, size // 2) + 1):
            if keys[size - 1] != keys[size - 1 - length]:
                continue
            if keys[size - length :] == keys[size - 2 * length : size - length]:
                again = self._line[size - length :]
                del self._line[size - length :], keys[size - length :]
                for at, one in enumerate(again, size - 2 * length):
                    self._line[at] = _once_more(self._line[at], one)
                return True
        return False

    def line(self) -> tuple[Decision, ...]:
        return tuple(self._line)


def _once_more(first: Decision, again: Decision) -> Decision:
    return Decision(
        first.choice, first.members, first.rounds + again.rounds, first.step, first.cost_n,
        first.waited_ns + again.waited_ns, (*first.said, *again.said)[:100],
    )  # fmt: skip


def _folded(taken: Iterable[_Taken]) -> Path:
    folding = Folding()
    cost_n = 0
    for one in taken:
        cost_n += one.cost_n
        members = one.members if isinstance(one, _Together) else ()
        said = (one.said,) if one.choice.kind == "human" else ()
        folding.add(Decision(one.choice, members, 1, one.step, cost_n, one.waited_ns, said))
        if len(folding) > MAX_DECISIONS:
            return Path(folding.line()[:MAX_DECISIONS], is_cut=True)
    return Path(folding.line())
