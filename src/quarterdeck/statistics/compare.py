"""
Is this figure better than that one?  A verdict with an interval, or "not enough data".

The interval of the difference is made of the two figures' own intervals: the distance from each
estimate to its limit, squared and added (Newcombe 1998, method 10, for two rates; Zou and Donner
2008 for anything that has an interval).  So it holds what the two hold: limits inside 0 to 1,
skewed costs, trials that come in cases.  The two sides are taken as independent: where both are
trials of the same cases a paired interval would be narrower.

An interval that holds 0 alone says little: it may hold everything.  "No difference found" is
said only where it excludes every difference that would matter, the `margin`; else there is not
enough data.
"""

from math import sqrt
from typing import Literal, NamedTuple

from quarterdeck.statistics.intervals import Interval, wilson_interval

Verdict = Literal["higher", "lower", "no_difference_found", "not_enough_data"]

MIN_OBSERVATIONS = 10
"""Below this a side says nothing: Wilson's 95 % interval of 5 in 10 spans 0.24 to 0.76."""

RATE_MARGIN = 0.10
"""Of rates, ten points: what two times 200 sessions can exclude where nothing differs."""
AMOUNT_MARGIN = 0.25
"""Of costs and times, a quarter of the first: they are too skewed for less in a week's sessions."""


class Side(NamedTuple):
    """One of two figures.  None where it can't be told."""

    value: float | None
    interval: Interval | None
    observations: int
    """Independent ones: sessions, or cases of trials."""


class Comparison(NamedTuple):
    difference: float | None
    """second - first."""
    interval: Interval | None
    verdict: Verdict


def compare(first: Side, second: Side, *, margin: float) -> Comparison:
    """
    Where `margin` is the smallest difference that matters, in the figures' unit.

    `higher` and `lower` say what the second is.  An interval is told also where there are too
    few observations for a verdict.
    """
    if first.value is None or second.value is None:
        return Comparison(None, None, "not_enough_data")
    difference = second.value - first.value
    if first.interval is None or second.interval is None:
        return Comparison(difference, None, "not_enough_data")
    interval = _square_and_add(first.value, first.interval, second.value, second.interval)
    told = Comparison(difference, interval, "not_enough_data")
    if min(first.observations, second.observations) < MIN_OBSERVATIONS:
        return told
    if interval.low > 0:
        return told._replace(verdict="higher")
    if interval.high < 0:
        return told._replace(verdict="lower")
    if -margin <= interval.low and interval.high <= margin:
        return told._replace(verdict="no_difference_found")
    return told


def _square_and_add(p: float, a: Interval, q: float, b: Interval) -> Interval:
    low = q - p - sqrt((q - b.low) ** 2 + (a.high - p) ** 2)
    high = q - p + sqrt((b.high - q) ** 2 + (p - a.low) ** 2)
    return Interval(low, high)


def compare_rates(
    first: int, first_n: int, second: int, second_n: int, *, confidence: float = 0.95
) -> Comparison:
    """Of independent observations: Newcombe's hybrid score interval."""
    found = compare(
        _rate(first, first_n, confidence), _rate(second, second_n, confidence), margin=RATE_MARGIN
    )
    if found.interval is None:
        return found
    low, high = found.interval
    return found._replace(interval=Interval(max(-1.0, low), min(1.0, high)))


def _rate(part: int, whole: int, confidence: float) -> Side:
    value = part / whole if whole else None
    return Side(value, wilson_interval(part, whole, confidence=confidence), whole)
