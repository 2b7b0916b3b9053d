"""The same numbers as scipy, statsmodels and published tables give."""

import math
import random

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]  # ships none
from statsmodels.stats import proportion, weightstats  # type: ignore[import-untyped]  # likewise

from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_positive_interval,
    clustered_rate_interval,
    ratio_variance,
)
from quarterdeck.statistics.compare import compare_rates
from quarterdeck.statistics.intervals import (
    _incomplete_beta,
    t_quantile,
    wilson_interval,
)


def sums_of(x: list[float], y: list[float]) -> ClusterSums:
    pairs = list(zip(x, y, strict=True))
    return ClusterSums(
        len(pairs), sum(x), sum(y), sum(a * a for a in x), sum(b * b for b in y),
        sum(a * b for a, b in pairs),
    )  # fmt: skip


def test_wilson_is_statsmodels_wilson() -> None:
    for n in (1, 2, 5, 17, 100, 2_500):
        for successes in {0, 1, n // 3, n - 1, n}:
            for confidence in (0.8, 0.95, 0.99):
                low, high = proportion.proportion_confint(
                    successes, n, alpha=1 - confidence, method="wilson"
                )
                ours = wilson_interval(successes, n, confidence=confidence)
                assert ours == pytest.approx((low, high), abs=1e-9), (successes, n)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe 1998, "Interval estimation for the difference between independent
        # proportions", table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_differences_are_newcombes(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    interval = compare_rates(*other, *one).interval
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=5e-5)
    theirs = proportion.confint_proportions_2indep(*one, *other, method="newcomb", compare="diff")
    assert interval == pytest.approx(theirs, abs=1e-9)


def test_the_interval_of_a_mean_is_scipys_and_statsmodels_on_the_log_scale() -> None:
    chance = random.Random(5)
    for n in (3, 10, 300):
        values = [chance.lognormvariate(0, 1) for _ in range(n)]
        ours = clustered_positive_interval(sums_of(values, [1.0] * n))
        mean = float(np.mean(values))
        relative = stats.sem(values) / mean
        scipys = stats.t.interval(0.95, n - 1, loc=math.log(mean), scale=relative)
        assert ours == pytest.approx(tuple(math.exp(end) for end in scipys), rel=1e-9)
        low, high = weightstats.DescrStatsW(values).tconfint_mean()
        assert ours is not None
        assert math.log(ours.high / ours.low) == pytest.approx((high - low) / mean, rel=1e-9)


def test_student_and_beta_are_scipys_to_nine_digits() -> None:
    for probability in (0.75, 0.9, 0.975, 0.995, 0.9995):
        for degrees in (*range(1, 41), 99, 500, 1_999, 2_000, 2_001, 10_001, 10**6):
            theirs = stats.t.ppf(probability, degrees)
            assert t_quantile(probability, degrees) == pytest.approx(theirs, rel=1e-9)
    chance = random.Random(1)
    for _ in range(2_000):
        a, b = 10 ** chance.uniform(-1, 3.3), 10 ** chance.uniform(-1, 3.3)
        x = chance.random()
        assert _incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


def trials(cases: int, seed: int) -> tuple[list[float], list[float]]:
    """Successes and numbers of trials of each case; cases differ in how hard they are."""
    chance = random.Random(seed)
    sizes = [chance.randint(1, 8) for _ in range(cases)]
    easy = [chance.betavariate(2, 1) for _ in range(cases)]
    return [
        float(sum(chance.random() < p for _ in range(n))) for n, p in zip(sizes, easy, strict=True)
    ], [float(n) for n in sizes]


def test_the_variance_between_cases_is_statsmodels_cluster_robust_one() -> None:
    successes, sizes = trials(40, seed=3)
    outcomes, groups = [], []
    for case, (won, n) in enumerate(zip(successes, sizes, strict=True)):
        outcomes += [1.0] * int(won) + [0.0] * int(n - won)
        groups += [case] * int(n)
    fitted = OLS(outcomes, np.ones(len(outcomes))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(groups)}
    )
    sums = sums_of(successes, sizes)
    assert sums.x / sums.y == pytest.approx(fitted.params[0])
    assert ratio_variance(sums) == pytest.approx(fitted.cov_params()[0, 0], rel=1e-9)
    ratio, error = fitted.params[0], fitted.bse[0]
    reach = math.exp(stats.t.ppf(0.975, 39) * error / ratio)
    assert clustered_positive_interval(sums) == pytest.approx((ratio / reach, ratio * reach))


def test_the_variance_between_cases_is_that_of_leaving_each_case_out() -> None:
    """What the name says: the infinitesimal jackknife beside the one that leaves one out."""
    successes, sizes = trials(200, seed=4)
    sums = sums_of(successes, sizes)
    without = np.array([(sums.x - x) / (sums.y - y) for x, y in zip(successes, sizes, strict=True)])
    jackknife = 199 / 200 * float(((without - without.mean()) ** 2).sum())
    assert ratio_variance(sums) == pytest.approx(jackknife, rel=0.02)


def test_with_many_cases_the_interval_is_the_bootstraps() -> None:
    """Where scipy's bootstrap over the cases works, both say the same; rates in the middle."""
    successes, sizes = trials(300, seed=9)
    x, y = np.array(successes), np.array(sizes)
    resampled = stats.bootstrap(
        (x, y), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, vectorized=True,
        n_resamples=4_000, method="BCa", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    ours = clustered_rate_interval(sums_of(successes, sizes))
    assert ours == pytest.approx((resampled.low, resampled.high), abs=0.004)
    chance = random.Random(2)
    costs = [n * chance.lognormvariate(0, 0.6) for n in sizes]
    resampled = stats.bootstrap(
        (np.array(costs), y), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True,
        vectorized=True, n_resamples=4_000, method="BCa", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    cost = clustered_positive_interval(sums_of(costs, sizes))
    assert cost == pytest.approx((resampled.low, resampled.high), rel=0.02)
