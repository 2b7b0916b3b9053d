"""
What is said of the sessions at a node: success, cost, people, and how two groups of them differ.

The same definitions as everywhere (`measures.py`): rates are of sessions with a known outcome,
trials of one case are one case for the interval, and what nobody told is left out and never 0.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from quarterdeck.api.measures import Measured, Method, shown
from quarterdeck.assembly.task_tree import Passing
from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.compare import AMOUNT_MARGIN, RATE_MARGIN, Side, Verdict, compare
from quarterdeck.statistics.intervals import wilson_interval

CONFIDENCE = 0.95
SMALL = 20
"""Fewer sessions than a rate should be read from."""
_NANO = 10**9
_MONEY = Decimal("0.000000001")


class Facts(NamedTuple):
    """One session at the tree."""

    session_id: str
    outcome: str
    cost_usd: Decimal | None
    intervened: bool
    case: str
    side: int
    """0 or 1 of two that are compared."""


class Population(NamedTuple):
    sessions: Sequence[Facts]
    has_trials: bool
    """Some sessions are repetitions of one case: they are no independent observations."""

    @staticmethod
    def of(sessions: Sequence[Facts]) -> "Population":
        cases = [one.case for one in sessions if one.case]
        return Population(sessions, len(set(cases)) < len(cases))


class Found(NamedTuple):
    """A figure and its side of a comparison."""

    measured: Measured
    confidence: float

    def shown(self) -> dict[str, Any]:
        told = shown(self.measured)
        if told["interval"] is not None:
            told["interval"]["confidence"] = self.confidence
        return told

    def side(self) -> Side:
        value = self.measured.value
        return Side(
            None if value is None else float(value),
            self.measured.interval,
            self.measured.observations,
        )


def outcomes(people: Population, sessions: Iterable[int]) -> dict[str, int]:
    counts = dict.fromkeys(
        ("success", "success_partial", "failure", "abandoned", "interrupted", "unknown"), 0
    )
    for at in sessions:
        counts[people.sessions[at].outcome] += 1
    return counts


def success(
    people: Population, sessions: Iterable[int], *, confidence: float = CONFIDENCE
) -> Found:
    """Successes / sessions with a known outcome."""
    known = [at for at in sessions if people.sessions[at].outcome != "unknown"]
    return rate(people, known, lambda one: one.outcome == "success", confidence=confidence)


def failure(
    people: Population, sessions: Iterable[int], *, confidence: float = CONFIDENCE
) -> Found:
    known = [at for at in sessions if people.sessions[at].outcome != "unknown"]
    return rate(people, known, lambda one: one.outcome == "failure", confidence=confidence)


def intervened(
    people: Population, sessions: Sequence[int], *, confidence: float = CONFIDENCE
) -> Found:
    return rate(people, sessions, lambda one: one.intervened, confidence=confidence)


def share(people: Population, part: Sequence[int], whole: Sequence[int], *,
          confidence: float = CONFIDENCE) -> Found:  # fmt: skip
    if not people.has_trials:
        n = len(whole)
        interval = wilson_interval(len(part), n, confidence=confidence)
        method: Method | None = "wilson" if interval else None
        value = len(part) / n if n else None
        return Found(Measured(value, n, interval, method, observations=n), confidence)
    among = set(part)
    hits = {people.sessions[at].session_id for at in among}
    return rate(people, whole, lambda one: one.session_id in hits, confidence=confidence)


def rate(
    people: Population,
    sessions: Sequence[int],
    is_hit: Callable[[Facts], bool],
    *,
    confidence: float = CONFIDENCE,
) -> Found:
    n = len(sessions)
    if not people.has_trials:
        hits = sum(is_hit(people.sessions[at]) for at in sessions)
        interval = wilson_interval(hits, n, confidence=confidence)
        method: Method = "wilson"
        observations = n
    else:
        clusters: dict[str, list[float]] = {}
        for at in sessions:
            one = people.sessions[at]
            sums = clusters.setdefault(one.case or f"\x00{at}", [0.0, 0.0])
            sums[0] += is_hit(one)
            sums[1] += 1
        hits = round(sum(x for x, _ in clusters.values()))
        interval = clustered_rate_interval(_cluster_sums(clusters), confidence=confidence)
        method, observations = "cases resampled", len(clusters)
    measured = Measured(
        hits / n if n else None, n, interval, method if interval else None,
        observations=observations,
    )  # fmt: skip
    return Found(measured, confidence)


def cost_so_far(people: Population, passing: Iterable[Passing]) -> Found:
    """Mean of what the sessions had spent up to and with the decision."""
    known = (
        (one.session, float(one.cost_n) / _NANO)
        for one in passing
        if people.sessions[one.session].cost_usd is not None
    )
    return _mean(people, list(known), CONFIDENCE)


def cost_to_go(
    people: Population, passing: Iterable[Passing], *, confidence: float = CONFIDENCE
) -> Found:
    """Mean of what the sessions spent after the decision, until their end."""
    known = []
    for one in passing:
        total = people.sessions[one.session].cost_usd
        if total is not None:
            known.append((one.session, max(0.0, float(total) - one.cost_n / _NANO)))
    return _mean(people, known, confidence)


def _mean(people: Population, amounts: Sequence[tuple[int, float]], confidence: float) -> Found:
    clusters: dict[str, list[float]] = {}
    for at, amount in amounts:
        case = people.sessions[at].case if people.has_trials else ""
        sums = clusters.setdefault(case or f"\x00{at}", [0.0, 0.0])
        sums[0] += amount
        sums[1] += 1
    n = len(amounts)
    total = sum(amount for _, amount in amounts)
    interval = clustered_positive_interval(_cluster_sums(clusters), confidence=confidence)
    method: Method = "cases resampled" if people.has_trials else "t"
    value = Decimal(total / n).quantize(_MONEY) if n else None
    return Found(
        Measured(value, n, interval, method if interval else None, observations=len(clusters)),
        confidence,
    )


def _cluster_sums(clusters: dict[str, list[float]]) -> ClusterSums:
    x = y = xx = yy = xy = 0.0
    for one, many in clusters.values():
        x += one
        y += many
        xx += one * one
        yy += many * many
        xy += one * many
    return ClusterSums(len(clusters), x, y, xx, yy, xy)


def said_the_same(answers: Sequence[tuple[int, int]]) -> Measured:
    """`answers` are, for each session, how many of its answers were the usual one, of how many."""
    sums = _cluster_sums({str(at): [x, y] for at, (x, y) in enumerate(answers)})
    interval = clustered_rate_interval(sums)
    value = sums.x / sums.y if sums.y else None
    return Measured(
        value, round(sums.y), interval, "sessions resampled" if interval else None,
        observations=len(answers),
    )  # fmt: skip


def rates_differ(first: Found, second: Found, *, higher_is: str) -> dict[str, Any]:
    """second - first, with the verdict; `higher_is` "better" or "worse"."""
    return _difference(first, second, RATE_MARGIN, higher_is=higher_is, limit=1.0)


def amounts_differ(first: Found, second: Found) -> dict[str, Any]:
    margin = AMOUNT_MARGIN * abs(float(first.measured.value or 0))
    return _difference(first, second, margin, higher_is="worse", limit=None)


def verdict_of(first: Found, second: Found) -> Verdict:
    return compare(first.side(), second.side(), margin=RATE_MARGIN).verdict


def _difference(
    first: Found, second: Found, margin: float, *, higher_is: str, limit: float | None
) -> dict[str, Any]:
    found = compare(first.side(), second.side(), margin=margin)
    low, high = found.interval if found.interval is not None else (None, None)
    if limit is not None and low is not None and high is not None:
        low, high = max(-limit, low), min(limit, high)
    a, b = first.measured.value, second.measured.value
    value: float | str | None = None
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        value = f"{b - a:f}"
    elif a is not None and b is not None:
        value = float(b) - float(a)
    lower_is = "worse" if higher_is == "better" else "better"
    verdict = {"higher": higher_is, "lower": lower_is}.get(found.verdict, found.verdict)
    return {"value": value, "low": low, "high": high, "verdict": verdict}
