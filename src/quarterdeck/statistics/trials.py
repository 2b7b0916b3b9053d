"""
pass^k and pass@k: what k trials of one case come to.

They are different questions and different numbers.  pass^k: do *all* of k trials succeed, can
one rely on it?  It falls as k grows.  pass@k: does *at least one* of k succeed, is it worth
trying k times and keeping the best?  It rises.  At k = 1 they are the same.

Both are unbiased estimates for each case from its n trials with c successes, drawn without
replacement: C(c, k) / C(n, k) (Yao and others 2024, tau-bench) and 1 - C(n-c, k) / C(n, k) (Chen
and others 2021, HumanEval), and the mean over the cases.  Powers of the success rate are not
used: (c/n)**k is too high for every case that is neither always nor never solved.  A case with
fewer than k trials can say nothing; it is left out and counted.
"""

from collections.abc import Callable, Iterable
from math import comb
from typing import NamedTuple

from quarterdeck.statistics.clusters import ClusterSums, clustered_rate_interval
from quarterdeck.statistics.intervals import Interval, wilson_interval


class CaseTrials(NamedTuple):
    """`cases` cases of each of which `successes` of `trials` known trials succeeded."""

    trials: int
    successes: int
    cases: int = 1


class PassRate(NamedTuple):
    value: float | None
    """None if no case has k trials."""
    interval: Interval | None
    """It asks what other cases would have given; of one case, what other trials of it would."""
    cases: int
    left_out: int
    """Cases with fewer than k trials whose outcome is known."""


def pass_hat_k(cases: Iterable[CaseTrials], k: int, *, confidence: float = 0.95) -> PassRate:
    """How likely k trials of a case all succeed, on average over the cases; k is at least 1."""
    return _mean_over_cases(cases, k, _all_of, confidence)


def pass_at_k(cases: Iterable[CaseTrials], k: int, *, confidence: float = 0.95) -> PassRate:
    """How likely at least one of k trials of a case succeeds, on average over the cases."""
    return _mean_over_cases(cases, k, _any_of, confidence)


def _all_of(trials: int, successes: int, k: int) -> float:
    return comb(successes, k) / comb(trials, k)


def _any_of(trials: int, successes: int, k: int) -> float:
    return 1 - comb(trials - successes, k) / comb(trials, k)


def _mean_over_cases(
    cases: Iterable[CaseTrials],
    k: int,
    estimate: Callable[[int, int, int], float],
    confidence: float,
) -> PassRate:
    if k < 1:
        raise ValueError(f"k counts trials, from 1: {k!r}")
    used = CaseTrials(0, 0)
    count = left_out = trials = 0
    total = squares = 0.0
    for case in cases:
        if case.trials < k:
            left_out += case.cases
            continue
        value = estimate(case.trials, case.successes, k)
        used = case
        count += case.cases
        trials += case.cases * case.trials
        total += case.cases * value
        squares += case.cases * value * value
    if not count:
        return PassRate(None, None, 0, left_out)
    if count == 1:
        return PassRate(total, _of_one_case(used, k, total, estimate, confidence), 1, left_out)
    sums = ClusterSums(count, total, count, squares, count, total)
    interval = clustered_rate_interval(sums, confidence=confidence, most=trials)
    return PassRate(total / count, interval, count, left_out)


def _of_one_case(
    case: CaseTrials,
    k: int,
    value: float,
    estimate: Callable[[int, int, int], float],
    confidence: float,
) -> Interval | None:
    """Wilson's interval of the case's chance, through what k independent trials make of it."""
    chance = wilson_interval(case.successes, case.trials, confidence=confidence)
    if chance is None:
        return None
    if estimate is _all_of:
        low, high = chance.low**k, chance.high**k
    else:
        low, high = 1 - (1 - chance.low) ** k, 1 - (1 - chance.high) ** k
    return Interval(min(low, value), max(high, value))
