"""Differences that may be looked at at any time: what they promise, proven and simulated."""

import itertools
import math
import random
import time
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import optimize, special

from quarterdeck.statistics import sequential
from quarterdeck.statistics.sequential import Observed, sequential_difference
from quarterdeck.statistics.sequential_ratio import (
    boundary,
    observations_needed,
    ratio_difference,
    ratio_of,
)
from workflows.canaries import Many, found_at, many, peeked_at

RUNS = 2_000


def observed(
    chance: random.Random, count: int, *, first: float, second: float, share: float = 0.5
) -> list[Observed]:
    found = []
    for _ in range(count):
        side = chance.random() < share
        found.append(Observed(side, float(chance.random() < (second if side else first))))
    return found


def kl(a: float, q: float) -> float:
    return float(special.rel_entr(a, q) + special.rel_entr(1 - a, 1 - q))


# ------------------------------------------------------------------------------ the proof


def test_a_block_gains_nothing_on_average_where_the_difference_is_true() -> None:
    """Every outcome of small blocks, by the product's own factor: the expectation itself."""
    chance = random.Random(1)
    for _ in range(400):
        n, m = chance.randint(1, 6), chance.randint(1, 6)
        a, b = (min(0.999, max(0.001, chance.random() ** chance.choice((0.2, 1, 5)))) for _ in "ab")
        delta = chance.uniform(-0.99, 0.99)
        low, high = max(0.0, -delta), min(1.0, 1 - delta)
        for p in (low, high, low + (high - low) * chance.random()):
            expected = 0.0
            for wins, more in itertools.product(range(n + 1), range(m + 1)):
                likely = (
                    math.comb(n, wins) * p**wins * (1 - p) ** (n - wins)
                    * math.comb(m, more) * (p + delta) ** more * (1 - p - delta) ** (m - more)
                )  # fmt: skip
                block = sequential._Block(n, wins, m, more, a, b)
                expected += likely * math.exp(sequential._gain(block, delta))
            assert expected <= 1 + 1e-9


def test_it_gains_no_more_from_outcomes_between_0_and_1_than_from_0_and_1() -> None:
    """A factor is convex in each outcome: below the line through what 0 and 1 give."""
    chance = random.Random(2)
    for _ in range(500):
        n, m = chance.randint(1, 9), chance.randint(1, 9)
        a, b, y = (min(0.99, max(0.01, chance.random())) for _ in "aby")
        delta = chance.uniform(-0.9, 0.9)
        gains = [
            math.exp(sequential._gain(sequential._Block(n, value, m, m / 2, a, b), delta))
            for value in (0.0, y, 1.0)
        ]
        assert gains[1] <= (1 - y) * gains[0] + y * gains[2] + 1e-12


def test_the_nearest_pair_is_the_nearest() -> None:
    chance = random.Random(3)
    for _ in range(300):
        n, m = chance.randint(1, 60), chance.randint(1, 60)
        a, b = (min(0.999, max(0.001, chance.random() ** chance.choice((1, 6)))) for _ in "ab")
        delta = chance.choice((0.0, chance.uniform(-0.99, 0.99)))

        def distance(q: float, n: int = n, m: int = m, a: float = a, b: float = b) -> float:
            return n * kl(a, q) + m * kl(b, q + delta)  # noqa: B023 - used in this round alone

        found = sequential._nearest(n, a, m, b, delta)
        ends = (max(0.0, -delta), min(1.0, 1 - delta))
        best = optimize.minimize_scalar(
            distance, bounds=ends, method="bounded", options={"xatol": 1e-12}
        )
        assert ends[0] < found < ends[1]
        assert distance(found) <= best.fun + 1e-8


# -------------------------------------------------------------------------- false alarms


@pytest.mark.parametrize(
    ("rate", "share", "sessions"),
    [(0.05, 0.5, 400), (0.5, 0.1, 600), (0.85, 0.5, 500), (0.85, 0.1, 600), (0.98, 0.5, 500)],
)
def test_no_difference_is_seldom_found_however_often_one_looks(
    rate: float, share: float, sessions: int
) -> None:
    canaries = many(np.random.default_rng(7), RUNS, sessions, first=rate, second=rate, share=share)
    assert np.isfinite(found_at(canaries, level=0.05)).mean() <= 0.05
    naive = np.isfinite(peeked_at(canaries, quantile=1.96)).mean()
    assert naive > 0.10, "what looking often does to a usual test"


def test_the_true_difference_is_seldom_ever_left_out() -> None:
    chance = random.Random(11)
    missed = 0
    for run in range(120):
        first, second = ((0.85, 0.75), (0.5, 0.7), (0.95, 0.95))[run % 3]
        found = sequential_difference(
            observed(chance, 300, first=first, second=second, share=0.3), level=0.05
        )
        assert found.low is not None
        assert found.high is not None
        missed += not found.low <= second - first <= found.high
    assert missed <= 0.05 * 120


def test_a_fall_of_ten_points_is_found() -> None:
    """A usual test that is looked at once needs 500 sessions to find it in 80 of 100 cases."""
    canaries = many(np.random.default_rng(5), 400, 2_000, first=0.85, second=0.75, share=0.5)
    at = found_at(canaries, level=0.05)
    assert np.isfinite(at).mean() > 0.95
    assert np.median(at) < 650


def test_the_simulation_is_of_the_product() -> None:
    canaries = many(np.random.default_rng(9), 12, 400, first=0.8, second=0.6, share=0.3)
    at = found_at(canaries, level=0.05)
    for run, place in enumerate(at):
        found = sequential_difference(_row(canaries, run), level=0.05)
        out = [
            look.place
            for look in found.looks
            if look.low is not None and look.high is not None and not look.low < 0 < look.high
        ]
        assert (min(out) if out else math.inf) == place
        assert (found.evidence >= math.log(20)) == np.isfinite(place)


def _row(canaries: Many, run: int) -> list[Observed]:
    return [
        Observed(bool(side), float(success))
        for side, success in zip(canaries.second[run], canaries.success[run], strict=True)
    ]


# ----------------------------------------------------------------------- what is answered


def test_nothing_is_known_before_both_sides_were_seen() -> None:
    nothing = sequential_difference([], level=0.05)
    assert (nothing.difference, nothing.low, nothing.high) == (None, -1.0, 1.0)
    one_side = sequential_difference([Observed(False, 1.0)] * 50, level=0.05)
    assert (one_side.first_n, one_side.difference, one_side.low) == (50, None, -1.0)


def test_an_interval_never_widens_and_all_observations_are_counted() -> None:
    some = observed(random.Random(14), 1_500, first=0.9, second=0.7, share=0.2)
    found = sequential_difference(some, level=0.05)
    lows = [look.low for look in found.looks if look.low is not None]
    highs = [look.high for look in found.looks if look.high is not None]
    assert lows == sorted(lows)
    assert highs == sorted(highs, reverse=True)
    assert found.first_n + found.second_n == 1_500
    assert found.looks[-1].place <= 1_500
    assert found.high is not None
    assert found.high < 0
    wider = sequential_difference(some, level=0.005)
    assert wider.low is not None
    assert found.low is not None
    assert wider.low < found.low


def test_what_was_seen_first_does_not_change_when_more_comes() -> None:
    some = observed(random.Random(6), 600, first=0.6, second=0.5)
    early = sequential_difference(some[:300], level=0.05).looks
    late = sequential_difference(some, level=0.05).looks
    # The last of the early ones has its ends found more finely than those before it.
    assert late[: len(early) - 1] == early[:-1]


def test_the_sides_may_be_changed_for_each_other() -> None:
    some = observed(random.Random(8), 500, first=0.6, second=0.8)
    there = sequential_difference(some, level=0.05)
    back = sequential_difference([Observed(not one.second, one.value) for one in some], level=0.05)
    assert there.low is not None
    assert there.high is not None
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=0.002)


def test_a_difference_that_changes_is_told() -> None:
    chance = random.Random(10)
    turned = observed(chance, 1_500, first=0.5, second=0.8) + observed(
        chance, 3_000, first=0.8, second=0.5
    )
    found = sequential_difference(turned, level=0.05)
    assert found.changed
    assert sequential_difference(turned[:1_500], level=0.05).changed is False


def test_extremes_are_answered() -> None:
    apart = sequential_difference(
        [Observed(side, float(side)) for _ in range(200) for side in (False, True)], level=0.05
    )
    assert apart.low is not None
    assert apart.low > 0.7
    assert apart.high == 1.0
    for value in (0.0, 1.0, 0.5):
        same = [Observed(side, value) for _ in range(200) for side in (False, True)]
        found = sequential_difference(same, level=0.05)
        assert found.low is not None
        assert found.high is not None
        assert found.low < 0 < found.high
        assert found.difference == 0


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan])
def test_what_is_not_between_0_and_1_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not between"):
        sequential_difference([Observed(False, value)], level=0.05)


def test_five_thousand_sessions_take_a_blink() -> None:
    some = observed(random.Random(12), 5_000, first=0.85, second=0.83, share=0.2)
    took = []
    for _ in range(3):
        began = time.process_time()
        found = sequential_difference(some, level=0.025)
        took.append(time.process_time() - began)
    assert min(took) < 0.3
    assert len(found.looks) <= 200


# -------------------------------------------------------------------------------- ratios


def costs(
    chance: np.random.Generator, count: int, *, mean: float, rate: float
) -> Sequence[tuple[float, float]]:
    spent = mean * np.exp(0.7 * chance.standard_normal(count) - 0.245)
    return list(zip(spent, (chance.random(count) < rate).astype(float), strict=True))


def test_ratios_are_told_apart_and_seldom_where_they_are_equal() -> None:
    chance = np.random.default_rng(13)
    wrong = found = 0
    for _ in range(150):
        stable = costs(chance, 900, mean=1.0, rate=0.8)
        same = costs(chance, 100, mean=1.0, rate=0.8)
        dear = costs(chance, 100, mean=1.5, rate=0.8)
        for looks in range(200, 1_001, 100):
            part = ratio_of(stable[: looks * 9 // 10])
            equal = ratio_difference(part, ratio_of(same[: looks // 10]), level=0.05)
            if equal.low is not None and equal.high is not None and not equal.low < 0 < equal.high:
                wrong += 1
                break
        last = ratio_difference(ratio_of(stable), ratio_of(dear), level=0.05)
        found += last.low is not None and last.low > 0
    assert wrong <= 0.05 * 150
    assert found > 0.6 * 150


def test_too_few_successes_tell_nothing_of_a_ratio() -> None:
    many_ = ratio_of([(1.0, 1.0), (2.0, 1.0)] * 100)
    few = ratio_of([(1.0, 1.0), (3.0, 1.0)] * 5)
    told = ratio_difference(many_, few, level=0.05)
    assert (told.difference, told.low, told.high) == (0.5, None, None)
    nothing = ratio_difference(many_, ratio_of([(1.0, 0.0)]), level=0.05)
    assert nothing.difference is None
    equal = ratio_of([(1.0, 1.0)] * 100)
    assert ratio_difference(equal, equal, level=0.05).low is None, "no spread was seen"


def test_what_is_needed_is_where_the_interval_gets_that_short() -> None:
    needed = observations_needed(deviation=0.4, distance=0.1, level=0.05, most=1e6)
    assert 0.4 / math.sqrt(needed) * boundary(needed, level=0.05) == pytest.approx(0.1, rel=1e-6)
    assert observations_needed(deviation=0.4, distance=0.0, level=0.05, most=1e6) == 1e6
