"""Checked against published values and by simulation of their coverage."""

import random

import pytest

from quarterdeck.statistics.clusters import ClusterSums, clustered_positive_interval
from quarterdeck.statistics.compare import compare_rates
from quarterdeck.statistics.intervals import (
    t_quantile,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombes_table(
    successes: int, n: int, low: float, high: float
) -> None:
    interval = wilson_interval(successes, n)
    assert interval is not None
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("degrees", "value"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (30, 2.0423), (120, 1.9799)]
)
def test_t_quantiles_agree_with_the_printed_table(degrees: int, value: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(value, abs=5e-5)


def test_nothing_observed_has_no_interval() -> None:
    assert wilson_interval(0, 0) is None
    assert clustered_positive_interval(ClusterSums(5, 1.0, 0.0, 1.0, 0.0, 0.0)) is None


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_wilson_covers_the_true_rate_about_as_often_as_it_says(rate: float) -> None:
    chance = random.Random(7)
    covered = 0
    for _ in range(4000):
        successes = sum(chance.random() < rate for _ in range(60))
        interval = wilson_interval(successes, 60)
        assert interval is not None
        covered += interval.low <= rate <= interval.high
    assert 0.92 <= covered / 4000 <= 0.99


def test_the_interval_of_a_ratio_covers_the_true_cost_per_success() -> None:
    chance = random.Random(11)
    covered = 0
    for _ in range(1500):
        rows = [(chance.lognormvariate(0, 0.7), chance.random() < 0.6) for _ in range(120)]
        sums = ClusterSums(
            120,
            sum(x for x, _ in rows),
            sum(y for _, y in rows),
            sum(x * x for x, _ in rows),
            sum(y for _, y in rows),
            sum(x * y for x, y in rows),
        )
        interval = clustered_positive_interval(sums)
        assert interval is not None
        covered += interval.low <= 1.2776 / 0.6 <= interval.high  # exp(0.7**2 / 2) / 0.6
    assert 0.91 <= covered / 1500 <= 0.98


def test_a_difference_of_rates_agrees_with_newcombes_example() -> None:
    # Newcombe 1998, "Interval estimation for the difference", example 56/70 - 48/80.
    found = compare_rates(48, 80, 56, 70)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.0524, abs=5e-5)
    assert found.interval.high == pytest.approx(0.3339, abs=5e-5)
    assert found.verdict == "higher"


def test_few_observations_are_not_enough_data_however_large_the_gap() -> None:
    assert compare_rates(0, 5, 5, 5).verdict == "not_enough_data"
    assert compare_rates(0, 0, 5, 5).verdict == "not_enough_data"
