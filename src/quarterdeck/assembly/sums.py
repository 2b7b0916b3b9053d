"""
What a session adds up span by span, without looking at the tree.

Every sum can take a span back, so a better version of a span replaces the earlier one.  Extremes
(first start, last end, the first span that names a task) are kept as the best so far and looked
up again only when their own holder is taken back.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import isfinite
from typing import Any, NamedTuple

from quarterdeck.assembly.outcome import Statement, statement
from quarterdeck.assembly.sequences import insert, remove
from quarterdeck.model.findings import Finding
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Problem, Span, has_ended

FIELDS = (
    "task", "task_type", "user", "workflow", "workflow_version", "workflow_digest", "environment",
    "case",
)  # fmt: skip
MAX_PROBLEMS = 100
PICO = 10**12
"""Money is summed as whole pico-dollars: exact, and the same in every order."""

Rank = tuple[bool, int, str, str]
"""Roots first, then by time."""


class First:
    """The first non-empty value of one field: roots first, then by time."""

    __slots__ = ("is_lost", "rank", "value")

    def __init__(self) -> None:
        self.rank: Rank | None = None
        self.value = ""
        self.is_lost = False

    def offer(self, rank: Rank, value: str) -> None:
        if self.rank is None or rank < self.rank:
            self.rank, self.value = rank, value

    def pass_on(self, rank: Rank, value: str) -> None:
        """The holder changed: does it still hold?"""
        if value and self.rank is not None and rank <= self.rank:
            self.rank, self.value = rank, value
        else:
            self.rank, self.value, self.is_lost = None, "", True


class Trial(NamedTuple):
    """What the spans say of the trial that the session was; None = nobody said."""

    number: int | None
    expected_calls: int | None
    matched_calls: int | None


class Sums:
    """The context-free facts of one session."""

    def __init__(self) -> None:
        self.span_count = 0
        self.open_spans = 0
        self.error_spans = 0
        self.dropped = 0
        self.experiments = 0
        self.problem_count = 0
        self.started_ns: int | None = None
        self.last_seen_ns = 0
        self.is_extreme_lost = False
        self.fields = {name: First() for name in FIELDS}
        self.tags: dict[str, int] = {}
        self.dialects: dict[tuple[str, ...], int] = {}
        self.frameworks: dict[str, int] = {}
        self.units: dict[str, tuple[Fraction, int]] = {}
        self.explicit: dict[str, First] = {}
        self._trials: list[Any] = []
        self._expected: list[Any] = []
        """Spans that tell the trial, and the calls that a test expected, by `_rank`."""
        self._recorded: dict[str, list[Any]] = {}
        """What the source says a session cost: by trace the spans that say so, by `_rank`."""
        self._findings: dict[tuple[str, str], list[Any]] = {}
        """Code and message -> the spans that tell it, in time order."""
        self._problems: list[tuple[int, str, str, int, Problem]] = []
        self._outcomes: list[Statement] = []
        self._scores: dict[tuple[str, ...], list[Any]] = {}
        self.session_spans: list[Any] = []
        """Spans of kind `session` that ended, by end."""

    def add(self, span: Span) -> None:
        self.span_count += 1
        start_ns, end_ns = span.start_ns, span.end_ns
        if end_ns is None:
            self.open_spans += 1
            end_ns = span.seen_ns or start_ns
        elif span.partial:
            self.open_spans += 1
        if self.started_ns is None or start_ns < self.started_ns:
            self.started_ns = start_ns
        if end_ns < start_ns:
            end_ns = start_ns
        if end_ns > self.last_seen_ns:
            self.last_seen_ns = end_ns
        if span.status == "error":
            self.error_spans += 1
        fields, rank = self.fields, _rank(span)
        if span.task:
            fields["task"].offer(rank, span.task)
        if span.task_type:
            fields["task_type"].offer(rank, span.task_type)
        if span.user:
            fields["user"].offer(rank, span.user)
        if span.workflow:
            fields["workflow"].offer(rank, span.workflow)
        if span.workflow_version:
            fields["workflow_version"].offer(rank, span.workflow_version)
        if span.workflow_digest:
            fields["workflow_digest"].offer(rank, span.workflow_digest)
        if span.environment:
            fields["environment"].offer(rank, span.environment)
        if span.case:
            fields["case"].offer(rank, span.case)
        if span.session_key:
            known = self.explicit.get(span.session_key)
            if known is None:
                known = self.explicit[span.session_key] = First()
            known.offer(rank, span.session_key)
        if span.dialects:
            self.dialects[span.dialects] = self.dialects.get(span.dialects, 0) + 1
        if span.framework:
            self.frameworks[span.framework] = self.frameworks.get(span.framework, 0) + 1
        if span.tags:
            _count(self.tags, span.tags, 1)
        if (
            span.problems or span.outcome is not None or span.scores or span.units or span.dropped
            or span.experiment or span.kind == "session" or span.findings
            or span.trial is not None or span.expected_calls is not None
        ):  # fmt: skip
            self._change_rare(span, 1)

    def replace(self, old: Span, new: Span) -> None:
        """Count `new` instead of `old`.  Follow a batch of these with `refill`."""
        self.span_count -= 1
        self.open_spans -= not has_ended(old)
        self.error_spans -= old.status == "error"
        if old.start_ns == self.started_ns and new.start_ns > old.start_ns:
            self.is_extreme_lost = True
        was_seen_ns = _last_ns(old)
        if was_seen_ns == self.last_seen_ns and _last_ns(new) < was_seen_ns:
            self.is_extreme_lost = True
        was, now = _rank(old), _rank(new)
        for name, first in self.fields.items():
            if first.rank == was:
                first.pass_on(now, getattr(new, name))
        if old.session_key and self.explicit[old.session_key].rank == was:
            value = new.session_key if new.session_key == old.session_key else ""
            self.explicit[old.session_key].pass_on(now, value)
        if old.dialects:
            _count(self.dialects, (old.dialects,), -1)
        if old.framework:
            _count(self.frameworks, (old.framework,), -1)
        _count(self.tags, old.tags, -1)
        self._change_rare(old, -1)
        self.add(new)

    def forget(self, span: Span) -> None:
        """Stop counting a span (it turned out to be a ghost): it is replaced by nothing."""
        at_ns = span.start_ns
        nothing = Span(trace_id=span.trace_id, span_id=span.span_id, start_ns=at_ns, end_ns=at_ns)
        self.replace(span, nothing)
        self.span_count -= 1
        self.is_extreme_lost = True

    def _change_rare(self, span: Span, sign: int) -> None:
        self.dropped += sign * span.dropped
        self.experiments += sign * span.experiment
        self.problem_count += sign * len(span.problems)
        change = insert if sign > 0 else remove
        for number, problem in enumerate(span.problems):
            change(self._problems, (span.start_ns, span.trace_id, span.span_id, number, problem))
        if span.outcome is not None:
            change(self._outcomes, statement(span, span.outcome))
        for name, amount in span.units.items():
            if isfinite(amount):
                total, tellers = self.units.get(name, (Fraction(0), 0))
                self.units[name] = (total + sign * Fraction(amount), tellers + sign)
                if not tellers + sign:
                    del self.units[name]
        for number, score in enumerate(span.scores):
            line = self._scores.setdefault(score_identity(score, span), [])
            change(line, (score.at_ns, span.trace_id, span.span_id, number, score))
        rank = _rank(span)
        if span.trial is not None:
            change(self._trials, (*rank, span.trial))
        if span.expected_calls is not None:
            change(self._expected, (*rank, span.expected_calls, span.matched_calls))
        if span.recorded_session_usd is not None:
            line = self._recorded.setdefault(span.trace_id, [])
            change(line, (*rank, span.recorded_session_usd))
        for number, finding in enumerate(span.findings):
            line = self._findings.setdefault((finding.code, finding.message), [])
            change(line, (span.start_ns, span.trace_id, span.span_id, number))
            if not line:
                del self._findings[finding.code, finding.message]
        if span.kind == "session" and has_ended(span):
            change(self.session_spans, (span.end_ns, span.trace_id, span.span_id, None))

    def refill(self, spans: Callable[[], Iterable[Span]]) -> int:
        """Look up again what was lost with its holder; returns how many spans were read."""
        read = 0
        if self.is_extreme_lost:
            self.is_extreme_lost = False
            self.started_ns, self.last_seen_ns = None, 0
            for span in spans():
                read += 1
                if self.started_ns is None or span.start_ns < self.started_ns:
                    self.started_ns = span.start_ns
                self.last_seen_ns = max(self.last_seen_ns, _last_ns(span))
        for name, first in self.fields.items():
            if first.is_lost:
                first.is_lost = False
                first.rank = None
                for span in spans():
                    read += 1
                    value = getattr(span, name)
                    if value:
                        first.offer(_rank(span), value)
        lost = {key: first for key, first in self.explicit.items() if first.is_lost}
        if lost:
            for key in lost:
                self.explicit[key] = First()
            for span in spans():
                read += 1
                if span.session_key in lost:
                    self.explicit[span.session_key].offer(_rank(span), span.session_key)
            for key in lost:
                if self.explicit[key].rank is None:
                    del self.explicit[key]
        return read

    def explicit_ids(self) -> list[str]:
        """As sent: the roots' first, then by time."""
        if len(self.explicit) < 2:
            return list(self.explicit)
        return sorted(self.explicit, key=lambda key: self.explicit[key].rank or (True, 0, "", ""))

    def problems(self) -> tuple[Problem, ...]:
        return tuple(item[4] for item in self._problems[:MAX_PROBLEMS])

    def trial(self) -> Trial:
        """The roots' word first, then the earliest's."""
        _, _, _, _, expected, matched = self._expected[0] if self._expected else _NOBODY
        return Trial(self._trials[0][-1] if self._trials else None, expected, matched)

    def recorded_pico(self) -> int | None:
        """
        What the session cost, as recorded, in pico-dollars: the sum of one total for each trace,
        a root's before any other's.
        """
        told = [round(line[0][-1] * PICO) for line in self._recorded.values() if line]
        return sum(told) if told else None

    def findings(self) -> list[Finding]:
        """Each once, in the order in which spans first tell it."""
        first = sorted((line[0], key, len(line)) for key, line in self._findings.items())
        return [
            Finding(code=code, message=message, trace_id=at[1], span_id=at[2], count=count)
            for at, (code, message), count in first
        ]

    def best_outcome(self) -> Statement | None:
        return self._outcomes[-1] if self._outcomes else None

    def scores(self) -> dict[tuple[str, ...], Score]:
        """The last of each identity."""
        return {key: line[-1][4] for key, line in self._scores.items() if line}


_NOBODY = (None,) * 6


def score_identity(score: Score, span: Span | None = None) -> tuple[str, ...]:
    """Scores with equal identities are one score, the last wins."""
    trace_id = score.target_trace_id or (span.trace_id if span is not None else "")
    span_id = score.target_span_id or (
        span.span_id if span is not None and score.scope == "span" else ""
    )
    if score.scope == "session":
        trace_id = span_id = ""
    return (
        score.scope, trace_id, span_id, score.target_response_id, score.name, score.judge,
        score.identifier, score.author,
    )  # fmt: skip


def _last_ns(span: Span) -> int:
    """When something was last heard of it: its end, or, while it is open, a sign of life."""
    return max(span.start_ns, span.end_ns or span.seen_ns or 0)


def _rank(span: Span) -> Rank:
    return span.parent_span_id != "", span.start_ns, span.trace_id, span.span_id


def _count(counts: dict[Any, int], keys: Iterable[Any], sign: int) -> None:
    for key in keys:
        left = counts.get(key, 0) + sign
        if left:
            counts[key] = left
        else:
            counts.pop(key, None)
