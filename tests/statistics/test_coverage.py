"""
How often intervals that promise 95 % hold the true value, where it is known: by simulation.

Seeds are fixed.  A coverage is estimated from `RUNS` runs, so it is off by 0.0055 (standard
error); floors leave three of them.  Each claim of the docstring in `clusters.py` has its cell.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_count_interval,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.compare import Side, compare, compare_rates
from quarterdeck.statistics.intervals import Interval, wilson_interval
from quarterdeck.statistics.trials import CaseTrials, pass_at_k, pass_hat_k

RUNS = 1_500

Floats = np.ndarray[Any, np.dtype[np.float64]]


def sums_of(x: Floats, y: Floats) -> ClusterSums:
    return ClusterSums(
        len(x), float(x.sum()), float(y.sum()), float(x @ x), float(y @ y), float(x @ y)
    )


def coverage(truth: float, intervals: Iterator[Interval | None]) -> float:
    told = [interval for interval in intervals if interval is not None]
    assert len(told) > 0.9 * RUNS
    return sum(i.low - 1e-12 <= truth <= i.high + 1e-12 for i in told) / len(told)


def suites(
    cases: int, trials: int, rate: float, correlation: float, seed: int
) -> Iterator[tuple[Floats, Floats]]:
    """Successes and trials of each case: cases are drawn, then `trials` of each; 0 = 1 to 8."""
    chance = np.random.default_rng(seed)
    for _ in range(RUNS):
        if correlation:
            size = (1 - correlation) / correlation
            easy = chance.beta(rate * size, (1 - rate) * size, cases)
        else:
            easy = np.full(cases, rate)
        n = np.full(cases, trials) if trials else chance.integers(1, 9, cases)
        yield chance.binomial(n, easy).astype(float), n.astype(float)


@pytest.mark.parametrize(
    ("cases", "trials", "rate", "correlation", "floor"),
    [
        (5, 4, 0.5, 0.3, 0.93),
        (10, 4, 0.9, 0.3, 0.93),
        (20, 1, 0.9, 0.0, 0.93),
        (20, 0, 0.5, 0.8, 0.93),
        (30, 4, 0.5, 0.3, 0.93),
        (10, 4, 0.97, 0.8, 0.93),
        (20, 0, 0.9, 0.8, 0.88),
        (50, 0, 0.97, 0.8, 0.87),  # the worst that was found
    ],
)
def test_rates_of_trials_are_where_their_interval_says(
    cases: int, trials: int, rate: float, correlation: float, floor: float
) -> None:
    runs = suites(cases, trials, rate, correlation, seed=cases + trials)
    covered = coverage(rate, (clustered_rate_interval(sums_of(x, y)) for x, y in runs))
    assert covered >= floor


def as_if_independent(x: Floats, y: Floats) -> Interval | None:
    return wilson_interval(int(x.sum()), int(y.sum()))


def bootstrap(x: Floats, y: Floats) -> Interval:
    """The percentile bootstrap over the cases, 400 resamples."""
    drawn = np.random.default_rng(7).integers(0, len(x), (400, len(x)))
    low, high = np.quantile(x[drawn].sum(1) / y[drawn].sum(1), (0.025, 0.975))
    return Interval(float(low), float(high))


@pytest.mark.parametrize("other", [as_if_independent, bootstrap])
def test_what_is_not_used_fails_where_ours_holds(
    other: Callable[[Floats, Floats], Interval | None],
) -> None:
    """Ten cases of eight trials, nine of ten solved, trials of a case much alike."""
    told = list(suites(10, 8, 0.9, 0.5, seed=3))
    ours = coverage(0.9, (clustered_rate_interval(sums_of(x, y)) for x, y in told))
    theirs = coverage(0.9, (other(x, y) for x, y in told))
    assert ours >= 0.91
    assert theirs <= 0.8


@pytest.mark.parametrize(("cases", "trials"), [(10, 4), (10, 8), (40, 4)])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_pass_rates_are_where_their_interval_says(cases: int, trials: int, k: int) -> None:
    """Chances of the cases by Beta(2, 2): E[p^k] and E[1 - (1-p)^k] are known."""
    truth = math.prod((2 + i) / (4 + i) for i in range(k))
    drawn = list(suites(cases, trials, 0.5, 0.2, seed=k))
    counted = [[CaseTrials(trials, int(c)) for c in x] for x, _ in drawn]
    assert coverage(truth, (pass_hat_k(one, k).interval for one in counted)) >= 0.86
    assert coverage(1 - truth, (pass_at_k(one, k).interval for one in counted)) >= 0.86
    values = [pass_hat_k(one, k).value or 0.0 for one in counted]
    error = np.std(values) / math.sqrt(RUNS)
    assert np.mean(values) == pytest.approx(truth, abs=4 * float(error))  # unbiased


@pytest.mark.parametrize(("cases", "floor"), [(5, 0.87), (10, 0.87), (50, 0.90)])
def test_skewed_costs_of_trials_are_where_their_interval_says(cases: int, floor: float) -> None:
    """Log-normal, the case and the trial each half of it (sigma 0.7): cost per task."""
    chance = np.random.default_rng(cases)
    truth = math.exp(0.7 * 0.7)

    def runs() -> Iterator[tuple[Floats, Floats]]:
        for _ in range(RUNS):
            case = chance.normal(0, 0.7, (cases, 1))
            costs = np.exp(case + chance.normal(0, 0.7, (cases, 3)))
            yield costs.sum(1), np.full(cases, 3.0)

    told = list(runs())
    ours = coverage(truth, (clustered_positive_interval(sums_of(x, y)) for x, y in told))
    assert ours >= floor
    means = (x / y for x, y in told)
    symmetric = (stats.t.interval(0.95, cases - 1, m.mean(), stats.sem(m)) for m in means)
    assert ours > coverage(truth, (Interval(*ends) for ends in symmetric))


def test_counts_per_session_are_where_their_interval_says() -> None:
    """Rare interventions, 0.15 a session, of 30 sessions: often there is none."""
    chance = np.random.default_rng(2)
    ones = np.ones(30)
    acts = (chance.poisson(0.15, 30).astype(float) for _ in range(RUNS))
    assert coverage(0.15, (clustered_count_interval(sums_of(x, ones)) for x in acts)) >= 0.93


def test_differences_of_rates_are_where_their_interval_says() -> None:
    chance = np.random.default_rng(4)
    pairs = zip(chance.binomial(40, 0.8, RUNS), chance.binomial(60, 0.65, RUNS), strict=True)
    told = (compare_rates(int(a), 40, int(b), 60).interval for a, b in pairs)
    assert 0.93 <= coverage(-0.15, told) <= 0.98


def differences(
    sides: Iterator[tuple[Side, Side]], margin: float
) -> tuple[list[Interval | None], list[str]]:
    told = [compare(first, second, margin=margin) for first, second in sides]
    return [one.interval for one in told], [one.verdict for one in told]


def of_cost(x: Floats) -> Side:
    ones = np.ones(len(x))
    return Side(float(x.mean()), clustered_positive_interval(sums_of(x, ones)), len(x))


@pytest.mark.parametrize(("sessions", "floor"), [((20, 20), 0.92), ((100, 40), 0.93)])
def test_differences_of_skewed_costs_are_where_their_interval_says(
    sessions: tuple[int, int], floor: float
) -> None:
    """Log-normal with sigma 0.8; the second costs half as much again."""
    chance = np.random.default_rng(11)
    mean = math.exp(0.8**2 / 2)
    sides = (
        (of_cost(chance.lognormal(0, 0.8, sessions[0])),
         of_cost(1.5 * chance.lognormal(0, 0.8, sessions[1])))
        for _ in range(RUNS)
    )  # fmt: skip
    intervals, _ = differences(sides, 0.25)
    assert coverage(0.5 * mean, iter(intervals)) >= floor


def test_differences_of_rates_of_trials_are_where_their_interval_says() -> None:
    """15 and 30 cases of four trials, which correlate."""
    pairs = zip(suites(15, 4, 0.6, 0.3, seed=21), suites(30, 4, 0.8, 0.3, seed=22), strict=True)
    sides = ((of_trials(*a), of_trials(*b)) for a, b in pairs)
    intervals, _ = differences(sides, 0.1)
    assert coverage(0.2, iter(intervals)) >= 0.93


def of_trials(x: Floats, y: Floats) -> Side:
    return Side(float(x.sum() / y.sum()), clustered_rate_interval(sums_of(x, y)), len(x))


def test_where_nothing_differs_a_verdict_is_rare_and_says_so_only_when_it_can() -> None:
    chance = np.random.default_rng(31)
    told: dict[int, Counter[str]] = {}
    for n in (30, 2_000):
        pairs = chance.binomial(n, 0.8, (RUNS, 2))
        told[n] = Counter(compare_rates(int(a), n, int(b), n).verdict for a, b in pairs)
        assert told[n]["higher"] + told[n]["lower"] <= 0.065 * RUNS
    assert told[30]["no_difference_found"] == 0
    assert told[2_000]["no_difference_found"] >= 0.93 * RUNS
