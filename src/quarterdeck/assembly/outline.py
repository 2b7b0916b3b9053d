"""
The outline of a session: turns, agents within agents, and the events that matter, with the steps
that each spans.

Bounded.  What does not fit is counted where it would have stood: recovered errors go first, then
phases, then agents; errors that were never recovered, people and handoffs go last.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from quarterdeck.assembly.standing import Standing
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.sessions import Step, StepKind

MAX_ENTRIES = 500
MAX_TITLE = 160
"""Characters: two lines of a narrow column."""

Kind = Literal["turn", "agent", "phase", "error", "person", "handoff", "outcome"]
Status = Literal["ok", "error", "recovered", "waiting", "open"]

_FIRST_KEPT: Sequence[tuple[Kind, Status | None]] = (
    ("outcome", None), ("error", "error"), ("person", None), ("turn", None), ("handoff", None),
    ("agent", None), ("phase", None), ("error", "recovered"),
)  # fmt: skip


class OutlineEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    kind: Kind
    title: str
    agent: str | None
    from_step: int
    to_step: int
    step_kind: StepKind | None
    status: Status
    at: str
    count: int
    cost_usd: str | None
    left_out: int
    children: tuple["OutlineEntry", ...]


class Outline(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    entries: tuple[OutlineEntry, ...]
    shown: int
    left_out: int


class _Item:
    """An entry in the making."""

    __slots__ = ("agent", "at", "children", "cost", "count", "kind", "left_out", "parent", "status",
                 "step_kind", "steps", "title")  # fmt: skip

    def __init__(self, kind: Kind, title: str, steps: tuple[int, int], at: str) -> None:
        self.kind = kind
        self.title = title
        self.steps = steps
        self.at = at
        self.agent = ""
        self.step_kind: StepKind | None = None
        self.status: Status = "ok"
        self.count = 0
        self.cost: Decimal | None = None
        self.parent: _Item | None = None
        self.children: list[_Item] = []
        self.left_out = 0

    def rank(self) -> int:
        return next(
            at
            for at, (kind, status) in enumerate(_FIRST_KEPT)
            if kind == self.kind and status in (None, self.status)
        )


def outline(standing: Standing, *, asked: Mapping[int, str]) -> Outline:
    """
    `asked`: what began a turn, by its step, as far as it was read; a model call that was read and
    that nobody asked anything anew begins none.
    """
    items = _containers(standing, asked)
    events = list(_events(standing))
    everything = [*items.values(), *events]
    inside = _Places(standing, items)
    for item in everything:
        item.parent = inside.around(item)
    kept = sorted(everything, key=lambda item: (item.rank(), item.steps))[:MAX_ENTRIES]
    shown = set(kept)
    roots: list[_Item] = []
    left_out = 0
    for item in everything:
        above = item.parent
        while above is not None and above not in shown:
            above = above.parent
        if item not in shown:
            left_out += 1
            if above is not None:
                above.left_out += 1
        elif above is None:
            roots.append(item)
        else:
            above.children.append(item)
    return Outline(entries=_frozen(roots), shown=len(shown), left_out=left_out)


def _containers(standing: Standing, asked: Mapping[int, str]) -> dict[int, _Item]:
    """Turns, agents and phases by the step that they begin with."""
    turns = [
        number
        for number in standing.turns()
        if standing.step(number).kind != "model" or asked.get(number, "?")
    ]
    if standing.steps and (not turns or turns[0] != 1):
        turns = [1, *turns]
    costs = _costs(standing)
    found: dict[int, _Item] = {}
    for place, number in enumerate(turns):
        step = standing.step(number)
        end = turns[place + 1] - 1 if place + 1 < len(turns) else len(standing.steps)
        title = _title(asked.get(number, "")) or step.name or f"turn {place + 1}"
        item = found[number] = _item("turn", title, step, end, standing.steps)
        spent = [s.cost_usd for s in standing.steps[number - 1 : end] if s.cost_usd is not None]
        item.cost = sum(spent, Decimal(0)) if spent else None
        item.count = end - number + 1
    for step in standing.steps:
        if step.number in found:
            continue
        last = standing.last_within[step.number - 1]
        if step.kind == "agent" or (step.kind == "step" and last > step.number):
            kind: Kind = "agent" if step.kind == "agent" else "phase"
            item = found[step.number] = _item(kind, step.name, step, last, standing.steps)
            item.cost = costs[step.number - 1]
            item.count = last - step.number + 1
    return found


def _item(kind: Kind, title: str, step: Step, end: int, steps: Sequence[Step]) -> _Item:
    item = _Item(kind, _title(title) or kind, (step.number, end), to_rfc3339(step.start_ns))
    item.agent, item.step_kind = step.agent, step.kind
    is_open = step.end_ns is None or (kind == "turn" and steps[end - 1].end_ns is None)
    item.status = "error" if step.status == "error" else "open" if is_open else "ok"
    return item


def _costs(standing: Standing) -> list[Decimal | None]:
    """Of each step with all that is part of it."""
    costs = [step.cost_usd for step in standing.steps]
    for number in range(len(costs), 0, -1):
        around, own = standing.around_of[number - 1], costs[number - 1]
        if around and own is not None:
            above = costs[around - 1]
            costs[around - 1] = own if above is None else above + own
    return costs


def _events(standing: Standing) -> Iterator[_Item]:
    for tried in standing.episodes:
        if tried.opened is None:
            continue
        episode, step = tried.episode, standing.step(tried.opened)
        title = f"{episode.operation}: {episode.reason}" if episode.reason else episode.operation
        end = max(tried.steps)
        item = _item("error", title, step, end, standing.steps)
        item.status = "recovered" if episode.recovered_ns is not None else "error"
        item.count = episode.errors
        yield item
    for act in standing.session.interventions:
        number = standing.place_of(act)
        if number is not None:
            what = act.kind if not act.pending else f"waits for {act.kind}"
            title = " · ".join(word for word in (what, act.by, act.question) if word)
            item = _item("person", title, standing.step(number), number, standing.steps)
            item.status = "waiting" if act.pending else "ok"
            item.at, item.count = to_rfc3339(act.at_ns), 1
            yield item
    for handoff in standing.session.handoffs:
        number = standing.number_of.get((handoff.trace_id, handoff.span_id))
        if number is not None:
            title = f"{handoff.source} → {handoff.target or 'unknown'}"
            item = _item("handoff", title, standing.step(number), number, standing.steps)
            item.status, item.count = "ok", 1
            yield item
    session = standing.session
    if standing.steps and session.outcome.label != "unknown":
        last = standing.steps[-1]
        title = f"{session.outcome.label}: {session.outcome.reason}".removesuffix(": ")
        item = _item("outcome", title, last, last.number, standing.steps)
        item.status = "error" if session.outcome.label == "failure" else "ok"
        item.count = 1
        yield item


class _Places:
    """Which entry an entry is part of."""

    def __init__(self, standing: Standing, items: Mapping[int, _Item]) -> None:
        self._standing = standing
        self._items = items
        self._turns = sorted(n for n, item in items.items() if item.kind == "turn")

    def around(self, item: _Item) -> _Item | None:
        if item.kind in ("turn", "outcome"):
            return None
        number = item.steps[0]
        own = self._items.get(number)
        if own is not None and own is not item:
            return own
        above = self._standing.around_of[number - 1]
        while above:
            found = self._items.get(above)
            if found is not None and found.kind != "turn":
                return found
            above = self._standing.around_of[above - 1]
        # An agent that talks over several turns is around them all: the turn is what tells.
        return self._turn_at(number)

    def _turn_at(self, number: int) -> _Item | None:
        before = [turn for turn in self._turns if turn <= number]
        return self._items[before[-1]] if before else None


def _frozen(items: list[_Item]) -> tuple[OutlineEntry, ...]:
    ordered = sorted(items, key=lambda item: (item.steps[0], -item.steps[1], item.rank()))
    return tuple(
        OutlineEntry(
            kind=item.kind,
            title=item.title,
            agent=item.agent or None,
            from_step=item.steps[0],
            to_step=item.steps[1],
            step_kind=item.step_kind,
            status=item.status,
            at=item.at,
            count=item.count,
            cost_usd=None if item.cost is None else f"{item.cost:f}",
            left_out=item.left_out,
            children=_frozen(item.children),
        )
        for item in ordered
    )


def _title(text: str) -> str:
    words = " ".join(text[: 4 * MAX_TITLE].split())
    return words if len(words) <= MAX_TITLE else words[: MAX_TITLE - 1] + "…"
