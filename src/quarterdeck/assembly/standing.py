"""
Where an agent stood at one step: what had been spent, what had failed, who had helped, what is
near.

From the session's steps and its record, without reading a span.  The record holds the first 500
of each list; beyond those an episode or an act is not known here.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import msgspec

from quarterdeck.model.handoffs import Handoff
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sessions import ErrorEpisode, Retry, Session, Step, StepKind

Key = tuple[str, str]
"""trace, span"""


class SoFar(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    cost_usd: str | None
    cost_share: float | None
    unpriced_calls: int
    elapsed_s: float
    waited_s: float
    model_calls: int
    tool_calls: int
    errors: int
    people: int


class Places(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Step numbers; None = there is none."""

    previous: int | None
    next: int | None
    previous_of_agent: int | None
    next_of_agent: int | None
    previous_error: int | None
    next_error: int | None
    previous_person: int | None
    next_person: int | None
    previous_turn: int | None
    next_turn: int | None
    previous_model: int | None
    next_model: int | None
    previous_handoff: int | None
    next_handoff: int | None
    around: int | None


class StepEpisode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    operation: str
    target: str | None
    reason: str | None
    opened_at_step: int | None
    recovered_at_step: int | None
    recovered: bool
    by_fallback: bool
    errors: int
    attempts: tuple[int, ...]
    attempt: int


class Tried(NamedTuple):
    """An episode with its steps, in order: the failures that show, and the success."""

    episode: ErrorEpisode
    steps: tuple[int, ...]
    opened: int | None
    recovered: int | None


class _Spent(NamedTuple):
    """Of all steps until this one."""

    usd: list[Decimal]
    priced: list[int]
    unpriced: list[int]
    model: list[int]
    tool: list[int]
    errors: list[int]


class _Numbers(NamedTuple):
    """Of the steps of each sort, rising."""

    kinds: Mapping[str, list[int]]
    agents: Mapping[str, list[int]]
    model_calls: Mapping[str, list[int]]
    """By agent."""
    errors: list[int]
    acts: list[int]
    turns: list[int]
    handoffs: list[int]


class Standing:
    """
    The steps of one session with what its record says about them, by number.

    What any step is asked is worked out for all of them at the first question, so one that is
    kept answers without going through the session again.
    """

    def __init__(self, session: Session, steps: Sequence[Step]) -> None:
        self.session = session
        self.steps = steps
        self.number_of: dict[Key, int] = {(s.trace_id, s.span_id): s.number for s in steps}
        self._turns: tuple[int, ...] | None = None
        self._starts: list[tuple[int, int]] | None = None

    def step(self, number: int) -> Step:
        return self.steps[number - 1]

    def place_of(self, act: Intervention) -> int | None:
        """The step that shows the act, else the last one that began before it."""
        shown = self.number_of.get((act.trace_id, act.span_id))
        if shown is not None or not self.steps:
            return shown
        if self._starts is None:
            self._starts = sorted((s.start_ns, s.number) for s in self.steps)
        at = bisect_right(self._starts, (act.at_ns, len(self.steps)))
        return self._starts[max(0, at - 1)][1]

    def around(self, step: Step) -> Step | None:
        number = self.number_of.get((step.trace_id, step.parent_span_id))
        return self.step(number) if number is not None and number != step.number else None

    def turns(self) -> tuple[int, ...]:
        """
        Steps that seem to begin a turn: an agent that nothing is around; a trace without one, if
        all that came before had ended; and a call of a model right after one that ended what it
        was asked for, since it asked for nothing that ran.
        """
        if self._turns is None:
            self._turns = tuple(dict.fromkeys(_turns(self.steps)))
        return self._turns

    @cached_property
    def around_of(self) -> list[int]:
        """Of each step the number of the one that it is part of; 0 = of none."""
        return [
            around if (around := self._around_number(step)) < step.number else 0
            for step in self.steps
        ]

    def _around_number(self, step: Step) -> int:
        return self.number_of.get((step.trace_id, step.parent_span_id), 0)

    @cached_property
    def last_within(self) -> list[int]:
        """Of each step the last one that is part of it, itself if none is."""
        last = list(range(1, len(self.steps) + 1))
        for number in range(len(self.steps), 0, -1):
            around = self.around_of[number - 1]
            if around:
                last[around - 1] = max(last[around - 1], last[number - 1])
        return last

    @cached_property
    def agents_around(self) -> list[int]:
        """How many agents each step is within."""
        found: list[int] = []
        for around in self.around_of:
            inside = around and found[around - 1] + (self.step(around).kind == "agent")
            found.append(inside)
        return found

    # -- at one step -------------------------------------------------------------------------

    def so_far(self, number: int) -> SoFar:
        until, spent = self.step(number), self._spent
        until_ns = until.end_ns or until.start_ns
        usd, of = spent.usd[number - 1], spent.usd[-1]
        acts = [a for a in self.session.interventions if not a.pending and a.at_ns <= until_ns]
        return SoFar(
            cost_usd=f"{usd:f}" if spent.priced[number - 1] else None,
            cost_share=round(float(usd / of), 6) if of else None,
            unpriced_calls=spent.unpriced[number - 1],
            elapsed_s=max(0, until_ns - self.session.started_ns) / NS_PER_S,
            waited_s=sum(a.waited_ns or 0 for a in acts) / NS_PER_S,
            model_calls=spent.model[number - 1],
            tool_calls=spent.tool[number - 1],
            errors=spent.errors[number - 1],
            people=sum(a.decision != "timeout" for a in acts),
        )

    @cached_property
    def _spent(self) -> _Spent:
        steps = self.steps
        return _Spent(
            usd=list(accumulate(s.cost_usd or Decimal(0) for s in steps)),
            priced=list(accumulate(int(s.cost_usd is not None) for s in steps)),
            unpriced=list(accumulate(int(is_unpriced(s)) for s in steps)),
            model=list(accumulate(int(s.kind == "model") for s in steps)),
            tool=list(accumulate(int(s.kind == "tool") for s in steps)),
            errors=list(accumulate(int(s.status == "error") for s in steps)),
        )

    @cached_property
    def _numbers(self) -> _Numbers:
        kinds, agents, calls = (defaultdict[str, list[int]](list) for _ in range(3))
        errors: list[int] = []
        for step in self.steps:
            kinds[step.kind].append(step.number)
            agents[step.agent].append(step.number)
            if step.kind == "model":
                calls[step.agent].append(step.number)
            if step.status == "error":
                errors.append(step.number)
        acts = {p for a in self.session.interventions if (p := self.place_of(a)) is not None}
        handoffs = {n for h in self.session.handoffs if (n := self._shown(h)) is not None}
        return _Numbers(
            kinds=dict(kinds), agents=dict(agents), model_calls=dict(calls), errors=errors,
            acts=sorted(acts), turns=sorted(self.turns()), handoffs=sorted(handoffs),
        )  # fmt: skip

    def of_kind(self, kind: StepKind, *, until: int) -> Sequence[int]:
        """Numbers of the steps of a kind up to `until`, inclusive; rising."""
        numbers = self._numbers.kinds.get(kind, [])
        return numbers[: bisect_right(numbers, until)]

    def places(self, number: int) -> Places:
        here, numbers = self.step(number), self._numbers
        of_agent = _beside(numbers.agents[here.agent], number)
        error = _beside(numbers.errors, number)
        person = _beside(numbers.acts, number)
        turn = _beside(numbers.turns, number)
        model = _beside(numbers.kinds.get("model", []), number)
        handoff = _beside(numbers.handoffs, number)
        around = self.around(here)
        return Places(
            previous=number - 1 if number > 1 else None,
            next=number + 1 if number < len(self.steps) else None,
            previous_of_agent=of_agent[0], next_of_agent=of_agent[1],
            previous_error=error[0], next_error=error[1],
            previous_person=person[0], next_person=person[1],
            previous_turn=turn[0], next_turn=turn[1],
            previous_model=model[0], next_model=model[1],
            previous_handoff=handoff[0], next_handoff=handoff[1],
            around=around.number if around is not None else None,
        )  # fmt: skip

    def previous_call(self, number: int) -> int | None:
        """The model call before this one by the same agent."""
        return _beside(self._numbers.model_calls.get(self.step(number).agent, []), number)[0]

    def calls_until(self, number: int, most: int) -> Sequence[int]:
        """The last `most` model calls of a step's agent up to the step, inclusive; rising."""
        calls = self._numbers.model_calls.get(self.step(number).agent, [])
        end = bisect_right(calls, number)
        return calls[max(0, end - most) : end]

    def act_at(self, number: int) -> Intervention | None:
        here = self.step(number)
        return next(
            (
                act
                for act in self.session.interventions
                if (act.trace_id, act.span_id) == (here.trace_id, here.span_id)
            ),
            None,
        )

    def retry_at(self, number: int) -> Retry | None:
        here = self.step(number)
        return next(
            (
                retry
                for retry in self.session.retries
                if (retry.trace_id, retry.span_id) == (here.trace_id, here.span_id)
            ),
            None,
        )

    def handoff_at(self, number: int) -> Handoff | None:
        return next((h for h in self.session.handoffs if self._shown(h) == number), None)

    def _shown(self, handoff: Handoff) -> int | None:
        return self.number_of.get((handoff.trace_id, handoff.span_id))

    # -- error episodes ----------------------------------------------------------------------

    @cached_property
    def episodes(self) -> Sequence[Tried]:
        """
        Every episode of the record with its steps.

        Where several targets of one tool fail side by side, only failures that say the same are
        told to belong: a step does not know its target.
        """
        failed: dict[str, list[Step]] = {}
        for step in self.steps:
            if step.status == "error" and step.kind in ("tool", "model"):
                failed.setdefault(_operation(step), []).append(step)
        openers = {n for e in self.session.episodes if (n := self._opened(e)) is not None}
        return [self._tried(episode, failed, openers) for episode in self.session.episodes]

    def _opened(self, episode: ErrorEpisode) -> int | None:
        return self.number_of.get((episode.trace_id, episode.span_id))

    def _tried(
        self, episode: ErrorEpisode, failed: dict[str, list[Step]], openers: set[int]
    ) -> Tried:
        opened = self._opened(episode)
        recovered = self._recovering(episode)
        numbers: list[int] = [] if opened is None else [opened]
        wanted = episode.errors - len(numbers)
        if wanted > 0 and opened is not None:
            of_operation = failed.get(_operation(self.step(opened)), [])
            later = [
                s
                for s in of_operation
                if s.number > opened
                and s.number not in openers
                and (episode.recovered_ns is None or s.start_ns < episode.recovered_ns)
            ]
            error = self.step(opened).error
            alike = [s for s in later if s.error == error]
            numbers += [s.number for s in (alike if len(later) > wanted else later)[:wanted]]
        if recovered is not None:
            numbers.append(recovered)
        return Tried(episode, tuple(numbers), opened, recovered)

    def _recovering(self, episode: ErrorEpisode) -> int | None:
        if not episode.recovered_by:
            return None
        own = self.number_of.get((episode.trace_id, episode.recovered_by))
        if own is not None:
            return own
        return next(
            (
                number
                for trace_id in self.session.trace_ids
                if (number := self.number_of.get((trace_id, episode.recovered_by))) is not None
            ),
            None,
        )

    @cached_property
    def _tried_at(self) -> Mapping[int, Tried]:
        found: dict[int, Tried] = {}
        for tried in self.episodes:
            for number in tried.steps:
                found.setdefault(number, tried)
        return found

    def episode_at(self, number: int) -> StepEpisode | None:
        """A step that recovers one and opens another belongs to the one that it recovers."""
        tried = self._tried_at.get(number)
        if tried is None:
            return None
        episode, numbers, opened, recovered = tried
        return StepEpisode(
            operation=episode.operation,
            target=episode.target or None,
            reason=episode.reason or None,
            opened_at_step=opened,
            recovered_at_step=recovered,
            recovered=episode.recovered_ns is not None,
            by_fallback=episode.by_fallback,
            errors=episode.errors,
            attempts=numbers,
            attempt=numbers.index(number) + 1,
        )


def _beside(numbers: Sequence[int], number: int) -> tuple[int | None, int | None]:
    """The nearest before and after, in a rising sequence."""
    before, after = bisect_left(numbers, number), bisect_right(numbers, number)
    return (
        numbers[before - 1] if before else None,
        numbers[after] if after < len(numbers) else None,
    )


def is_unpriced(step: Step) -> bool:
    """A model call of unknown price; one that failed before it told tokens cost nothing known."""
    if step.kind != "model" or step.cost_usd is not None:
        return False
    told = step.input_tokens is not None or step.output_tokens is not None
    return told or step.status != "error"


def _operation(step: Step) -> str:
    return f"{step.kind}:{step.tool or step.model}"


_BETWEEN_TURNS = frozenset({"tool", "agent", "handoff", "retrieval", "memory"})
"""What an agent does between two calls of a model without anybody asking it anew."""


def _turns(steps: Sequence[Step]) -> Iterable[int]:
    with_agents = {s.trace_id for s in steps if s.kind == "agent" and not s.depth}
    tops = {s.span_id for s in steps if s.kind == "agent" and not s.depth} | {""}
    begun = set(with_agents)
    busy_until_ns = -1
    answered: dict[str, bool] = {}
    """By the agent around: did its last call of a model end what it was asked for?"""
    for step in steps:
        around = step.parent_span_id
        if around in tops and step.kind == "model":
            if answered.get(around) and not step.note.startswith(("retry", "retried", "fallback")):
                yield step.number
            answered[around] = step.status != "error"
        elif around in tops and step.kind in _BETWEEN_TURNS:
            answered[around] = False
        begins = step.trace_id not in begun or (step.kind == "agent" and not step.depth)
        if begins and step.start_ns >= busy_until_ns:
            yield step.number
        begun.add(step.trace_id)
        busy_until_ns = max(busy_until_ns, step.end_ns or step.start_ns)
