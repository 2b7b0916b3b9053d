"""pass^k and pass@k: averages over all draws of k trials, apart from each other, by case."""

from itertools import combinations
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_count_interval,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.trials import CaseTrials, pass_at_k, pass_hat_k


def drawn(outcomes: list[bool], k: int) -> tuple[float, float]:
    """Over all ways to draw k of the trials: how often all succeeded, how often any did."""
    draws = list(combinations(outcomes, k))
    return sum(map(all, draws)) / len(draws), sum(map(any, draws)) / len(draws)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=5),
       st.integers(1, 6))  # fmt: skip
def test_they_are_the_mean_over_every_draw_of_k_trials(cases: list[list[bool]], k: int) -> None:
    trials = [CaseTrials(len(outcomes), sum(outcomes)) for outcomes in cases]
    enough = [drawn(outcomes, k) for outcomes in cases if len(outcomes) >= k]
    every, some = pass_hat_k(trials, k), pass_at_k(trials, k)
    assert every.cases == some.cases == len(enough)
    assert every.left_out == some.left_out == len(cases) - len(enough)
    if not enough:
        assert (every.value, some.value, every.interval, some.interval) == (None,) * 4
        return
    assert every.value == pytest.approx(sum(one for one, _ in enough) / len(enough))
    assert some.value == pytest.approx(sum(one for _, one in enough) / len(enough))
    assert every.value is not None
    assert every.interval is not None
    assert every.interval.low <= every.value <= every.interval.high


@pytest.mark.parametrize(
    ("n", "c", "k", "every", "some"),
    [
        (200, 20, 1, 0.1, 0.1),
        # Of 5 trials 3 succeeded: 3 of the 10 pairs hold two successes, 1 holds none.
        (5, 3, 2, 0.3, 0.9),
        (5, 3, 5, 0.0, 1.0),
        (4, 4, 4, 1.0, 1.0),
        (4, 0, 4, 0.0, 0.0),
    ],
)
def test_by_hand(n: int, c: int, k: int, every: float, some: float) -> None:
    assert pass_hat_k([CaseTrials(n, c)], k).value == pytest.approx(every)
    assert pass_at_k([CaseTrials(n, c)], k).value == pytest.approx(some)


def test_two_hundred_samples_a_problem_as_in_the_humaneval_paper() -> None:
    """Its estimator as a product, which is the other way to write the quotient of binomials."""
    for c in (0, 1, 13, 150, 199, 200):
        for k in (1, 10, 100):
            fails = prod((200 - c - i) / (200 - i) for i in range(k)) if c <= 200 - k else 0.0
            assert pass_at_k([CaseTrials(200, c)], k).value == pytest.approx(1 - fails)


def test_they_part_as_k_grows_and_powers_of_the_rate_are_not_it() -> None:
    cases = [CaseTrials(8, 4)] * 10 + [CaseTrials(8, 8)] * 10
    hat = [pass_hat_k(cases, k).value for k in (1, 2, 4, 8)]
    at = [pass_at_k(cases, k).value for k in (1, 2, 4, 8)]
    assert hat == pytest.approx([0.75, 0.5 + 3 / 28, 0.5 + 1 / 140, 0.5])
    assert at == pytest.approx([0.75, 0.5 + 11 / 28, 0.5 + 69 / 140, 1.0])
    assert pass_hat_k([CaseTrials(8, 4)], 4).value != pytest.approx(0.5**4)


def test_a_histogram_of_cases_is_the_cases() -> None:
    one_by_one = [CaseTrials(4, c) for c in (0, 1, 1, 4, 4, 4)]
    counted = [CaseTrials(4, 0), CaseTrials(4, 1, 2), CaseTrials(4, 4, 3)]
    assert pass_hat_k(counted, 2) == pass_hat_k(one_by_one, 2)
    with pytest.raises(ValueError, match="from 1"):
        pass_at_k(counted, 0)


def test_of_one_case_alone_its_trials_are_the_observations() -> None:
    """Wilson's interval of 8 in 10 is 0.490 to 0.943."""
    one = [CaseTrials(10, 8)]
    assert pass_hat_k(one, 1).interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert pass_hat_k(one, 2).interval == pytest.approx((0.4902**2, 0.9433**2), abs=1e-4)
    assert pass_at_k(one, 2).interval == pytest.approx((1 - 0.5098**2, 1 - 0.0567**2), abs=1e-4)


def test_more_trials_of_the_same_cases_do_not_narrow_what_cases_differ_by() -> None:
    """Ten cases that are either solved or not: 5 or 500 trials of each say the same."""
    few, many = (
        clustered_rate_interval(ClusterSums(10, 7 * n, 10 * n, 7 * n * n, 10 * n * n, 7 * n * n))
        for n in (5, 500)
    )
    assert few == pytest.approx(many)
    assert few is not None
    assert few.high - few.low > 0.5


def test_where_nothing_differs_a_case_counts_as_one_observation() -> None:
    sums = ClusterSums(5, 500, 500, 5 * 100**2, 5 * 100**2, 5 * 100**2)
    interval = clustered_rate_interval(sums)
    assert interval is not None
    assert interval.high == 1.0
    assert interval.low < 0.45
    lonely = clustered_rate_interval(ClusterSums(1, 40, 40, 1600, 1600, 1600))
    assert lonely is not None
    assert lonely.low < 0.25


def test_what_can_not_be_told_has_no_interval() -> None:
    assert clustered_rate_interval(ClusterSums(0, 0, 0, 0, 0, 0)) is None
    assert clustered_positive_interval(ClusterSums(2, 3, 2, 5, 2, 3)) is None
    same = ClusterSums(4, 0.4, 4, 4 * 0.1 * 0.1, 4, 0.4)
    assert clustered_positive_interval(same) is None
    assert clustered_positive_interval(ClusterSums(9, 0, 9, 0, 9, 0)) is None


def test_a_count_of_none_and_a_count_without_spread_have_an_interval() -> None:
    """After nothing in 100 sessions the Poisson limit is 3.7 in the next hundred."""
    none = clustered_count_interval(ClusterSums(100, 0, 100, 0, 100, 0))
    assert none == pytest.approx((0.0, 0.03689), abs=1e-5)
    each = clustered_count_interval(ClusterSums(16, 16, 16, 16, 16, 16))
    assert each == pytest.approx((0.613, 1.632), abs=1e-3)
    assert clustered_count_interval(ClusterSums(0, 0, 0, 0, 0, 0)) is None


def test_an_interval_of_costs_is_above_zero_and_reaches_further_up() -> None:
    costs = [0.1, 0.1, 0.2, 0.1, 4.0]
    sums = ClusterSums(5, sum(costs), 5, sum(c * c for c in costs), 5, sum(costs))
    interval = clustered_positive_interval(sums)
    assert interval is not None
    assert 0 < interval.low < 0.9 < interval.high
    assert interval.high - 0.9 > 0.9 - interval.low
