"""
Is this rate better than that one?  A verdict with an interval, or "not enough data".
"""

from math import sqrt
from typing import Literal, NamedTuple

from quarterdeck.statistics.intervals import Interval, wilson_interval

Verdict = Literal["higher", "lower", "no_difference_found", "not_enough_data"]

MIN_OBSERVATIONS = 10
"""Below this a side says nothing: Wilson's 95 % interval of 5 in 10 spans 0.24 to 0.76."""


class Comparison(NamedTuple):
    difference: float | None
    """second - first."""
    interval: Interval | None
    verdict: Verdict


def compare_rates(
    first: int, first_n: int, second: int, second_n: int, *, confidence: float = 0.95
) -> Comparison:
    """
    Newcombe's hybrid score interval (1998, method 10) of the difference of two rates.

    `no_difference_found` says that the interval holds 0, not that the rates are equal.
    """
    a = wilson_interval(first, first_n, confidence=confidence)
    b = wilson_interval(second, second_n, confidence=confidence)
    if a is None or b is None:
        return Comparison(None, None, "not_enough_data")
    p, q = first / first_n, second / second_n
    low = q - p - sqrt((q - b.low) ** 2 + (a.high - p) ** 2)
    high = q - p + sqrt((b.high - q) ** 2 + (p - a.low) ** 2)
    interval = Interval(max(-1.0, low), min(1.0, high))
    if min(first_n, second_n) < MIN_OBSERVATIONS:
        return Comparison(q - p, interval, "not_enough_data")
    if interval.low > 0:
        return Comparison(q - p, interval, "higher")
    if interval.high < 0:
        return Comparison(q - p, interval, "lower")
    return Comparison(q - p, interval, "no_difference_found")
