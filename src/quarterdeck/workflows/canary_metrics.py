"""
What is compared between the two versions of a canary, and how sure the difference is.

Rates, and what else lies between 0 and 1, are compared exactly; cost per success approximately.
Only sessions that are over count, or whose outcome is known: a session that still runs is neither.

What was assigned is what is counted.  Where a release is sticky by user, ten sessions of one user
are one decision of the assignment, not ten, and would count as ten only if users were all alike; so
the first session of each user counts, and of each task type where it is sticky by task.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.compare import AMOUNT_MARGIN, RATE_MARGIN
from quarterdeck.statistics.intervals import Interval, wilson_interval
from quarterdeck.statistics.sequential import Look, Observed, sequential_difference
from quarterdeck.statistics.sequential_ratio import (
    MIN_COUNTED,
    ratio_difference,
    ratio_of,
)
from quarterdeck.workflows.assign import sticky_key
from quarterdeck.workflows.canary import Guard, Metric, Rule
from quarterdeck.workflows.manifest import StickyBy

Verdict = Literal["better", "worse", "no_difference_found", "not_enough_data"]
CONFIDENCE = 0.95
"""Of each version's own interval, as everywhere: it is for one look."""


class CanarySession(NamedTuple):
    """One session of either version, since the canary began."""

    session_id: str
    candidate: bool
    ended_ns: int
    """Or last heard of, where it is known how it ended and not that it is over."""
    user: str
    task: str
    outcome: str
    interventions: int
    cost_usd: Decimal | None
    episodes: int
    recovered: int
    quality: float | None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One version's figure."""

    value: float | Decimal | None
    n: int
    """Sessions that it is of; of the cost per success, those with a known cost."""
    interval: Interval | None
    method: str
    """How the interval was made."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both versions."""

    metric: Metric
    stable: Estimate
    candidate: Estimate
    difference: float | None
    """candidate - stable."""
    low: float | None
    high: float | None
    level: float
    """The chance that the interval ever leaves out the true difference."""
    exact: bool
    verdict: Verdict
    broken: bool
    """Worse for certain, and beyond the limit of the rule or the guard."""
    beyond: bool
    """Beyond the limit, as far as one knows, certain or not."""
    looks: list[Look] = []
    changed: bool = False
    """No one difference fits the whole time: the interval is that of all sessions at the end."""


class _Bounded(NamedTuple):
    """A figure that is a mean over sessions of something between 0 and 1."""

    value: Callable[[CanarySession], float | None]
    """None: the session tells nothing of it."""
    better: Literal["up", "down"]
    is_rate: bool
    """Only 0 and 1."""


_SUCCESS = "success"
_UNKNOWN = "unknown"


def _completed(session: CanarySession) -> float | None:
    return None if session.outcome == _UNKNOWN else float(session.outcome == _SUCCESS)


def _recovered(session: CanarySession) -> float | None:
    return min(1.0, session.recovered / session.episodes) if session.episodes else None


def _quality(session: CanarySession) -> float | None:
    """A score on another scale can't be compared here."""
    score = session.quality
    return score if score is not None and 0 <= score <= 1 else None


_BOUNDED: dict[Metric, _Bounded] = {
    "completion": _Bounded(_completed, "up", is_rate=True),
    "intervention": _Bounded(lambda one: float(one.interventions > 0), "down", is_rate=True),
    "recovery": _Bounded(_recovered, "up", is_rate=False),
    "quality": _Bounded(_quality, "up", is_rate=False),
    "unknown": _Bounded(lambda one: float(one.outcome == _UNKNOWN), "down", is_rate=True),
}

ORDER: tuple[Metric, ...] = (
    "completion", "intervention", "cost_per_success", "recovery", "quality", "unknown",
)  # fmt: skip


def assigned(sessions: Iterable[CanarySession], *, sticky_by: StickyBy) -> Iterator[CanarySession]:
    """The first session of each key that was assigned, in their order."""
    seen: set[str] = set()
    for session in sessions:
        key = sticky_key(
            sticky_by=sticky_by,
            session_id=session.session_id,
            user=session.user,
            task=session.task,
        )
        if key not in seen:
            seen.add(key)
            yield session


def compare(rule: Rule, sessions: Sequence[CanarySession]) -> list[Compared]:
    """Every metric, in `ORDER`; `sessions` in the order in which they ended."""
    return [
        _cost_per_success(rule, sessions)
        if metric == "cost_per_success"
        else _bounded(rule, metric, sessions)
        for metric in ORDER
    ]


def _bounded(rule: Rule, metric: Metric, sessions: Sequence[CanarySession]) -> Compared:
    what = _BOUNDED[metric]
    observed = [
        Observed(session.candidate, value)
        for session in sessions
        if (value := what.value(session)) is not None
    ]
    level = rule.level_of(metric)
    found = sequential_difference(observed, level=level)
    enough = min(found.first_n, found.second_n) >= rule.minimum
    wrong_way, limit = _limit(rule, metric, what.better)
    margin = limit or RATE_MARGIN
    verdict = _verdict(found.low, found.high, what.better, margin) if enough else "not_enough_data"
    bad = _badness(found.difference, wrong_way)
    return Compared(
        metric=metric,
        stable=_estimate(observed, second=False, is_rate=what.is_rate),
        candidate=_estimate(observed, second=True, is_rate=what.is_rate),
        difference=found.difference,
        low=found.low,
        high=found.high,
        level=level,
        exact=True,
        verdict=verdict,
        broken=_decides(rule, metric)
        and enough
        and bad >= limit
        and _is_certain(found.low, found.high, wrong_way),
        beyond=_decides(rule, metric) and bad >= limit and bad > 0,
        looks=found.looks,
        changed=found.changed,
    )


def _cost_per_success(rule: Rule, sessions: Sequence[CanarySession]) -> Compared:
    metric: Metric = "cost_per_success"
    costed = [session for session in sessions if session.cost_usd is not None]
    pairs = [
        [
            (float(session.cost_usd or 0), float(session.outcome == _SUCCESS))
            for session in costed
            if session.candidate is candidate
        ]
        for candidate in (False, True)
    ]
    stable, candidate = ratio_of(pairs[0]), ratio_of(pairs[1])
    level = rule.level_of(metric)
    found = ratio_difference(stable, candidate, level=level)
    usual = stable.value() or 0.0
    wrong_way, limit = _limit(rule, metric, "down")
    enough = found.low is not None and min(stable.y, candidate.y) >= max(rule.minimum, MIN_COUNTED)
    margin = (limit or AMOUNT_MARGIN) * usual
    verdict = _verdict(found.low, found.high, "down", margin) if enough else "not_enough_data"
    bad = _badness(found.difference, wrong_way)
    return Compared(
        metric=metric,
        stable=_cost_estimate(costed, candidate=False),
        candidate=_cost_estimate(costed, candidate=True),
        difference=found.difference,
        low=found.low,
        high=found.high,
        level=level,
        exact=False,
        verdict=verdict,
        broken=_decides(rule, metric)
        and enough
        and bad >= limit * usual
        and _is_certain(found.low, found.high, wrong_way),
        beyond=_decides(rule, metric) and bad >= limit * usual and bad > 0,
    )


def _limit(
    rule: Rule, metric: Metric, better: Literal["up", "down"]
) -> tuple[Literal["up", "down"], float]:
    """The wrong way, and how far is too far; 0 where nothing is told."""
    if metric == rule.metric:
        return "down", -rule.limit
    guard: Guard | None = rule.guard_of(metric)
    if guard is not None:
        return guard.direction, guard.limit
    return ("down" if better == "up" else "up"), 0.0


def _decides(rule: Rule, metric: Metric) -> bool:
    return metric == rule.metric or rule.guard_of(metric) is not None


def _badness(difference: float | None, wrong_way: Literal["up", "down"]) -> float:
    """How far it went the wrong way; below 0 the right one."""
    if difference is None:
        return 0.0
    return difference if wrong_way == "up" else -difference


def _is_certain(low: float | None, high: float | None, wrong_way: Literal["up", "down"]) -> bool:
    if low is None or high is None:
        return False
    return low > 0 if wrong_way == "up" else high < 0


def _verdict(
    low: float | None, high: float | None, better: Literal["up", "down"], margin: float
) -> Verdict:
    if low is None or high is None:
        return "not_enough_data"
    if low > 0:
        return "better" if better == "up" else "worse"
    if high < 0:
        return "better" if better == "down" else "worse"
    return "no_difference_found" if -margin <= low and high <= margin else "not_enough_data"


def _estimate(observed: Sequence[Observed], *, second: bool, is_rate: bool) -> Estimate:
    values = [one.value for one in observed if one.second is second]
    n, total = len(values), sum(values)
    if is_rate:
        interval = wilson_interval(round(total), n, confidence=CONFIDENCE)
    else:
        sums = ClusterSums(n, total, n, sum(value * value for value in values), n, total)
        interval = clustered_rate_interval(sums, confidence=CONFIDENCE)
    return Estimate(
        value=total / n if n else None,
        n=n,
        interval=interval,
        method="wilson" if is_rate else "sessions resampled",
    )


def _cost_estimate(costed: Sequence[CanarySession], *, candidate: bool) -> Estimate:
    some = [session for session in costed if session.candidate is candidate]
    wins = sum(session.outcome == _SUCCESS for session in some)
    total = sum((session.cost_usd or Decimal(0) for session in some), Decimal(0))
    sums = ratio_of(
        (float(session.cost_usd or 0), float(session.outcome == _SUCCESS)) for session in some
    )
    clusters = ClusterSums(sums.n, sums.x, sums.y, sums.xx, sums.yy, sums.xy)
    return Estimate(
        value=(total / wins).quantize(Decimal("1e-9")) if wins else None,
        n=len(some),
        interval=clustered_positive_interval(clusters, confidence=CONFIDENCE),
        method="delta",
    )
