"""
How far apart are two ratios of sums, such as cost per success, for who looks at any time?

Costs have no upper bound, so nothing exact can be said; what is here is approximate, and better the
more observations there are.  Each ratio is linearized (an observation counts with x - ratio * y),
the difference then is a mean like any other, and its interval is that of a mean for all looks at
once: Robbins' normal mixture, which Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021) show to
hold for any distribution with a variance once there are enough observations.

Where one side is small, its own spread is not believed if both together have more: of a hundred
skewed costs the few that would show it are usually missing, and such a side looks cheap and sure.
By simulation (log-normal costs, sigma 0.4 to 1.5, a tenth of the sessions on one side, 3,000 looks
where 5 % are promised) that would leave out the truth in 4 to 19 % of the runs; so it does in at
most 2 %.

Below `MIN_COUNTED` of y on a side nothing is told.
"""

from collections.abc import Iterable
from math import exp, log, sqrt
from typing import NamedTuple

MIN_COUNTED = 20
"""Successes, of a cost per success: with fewer one session of ten times the cost decides."""

_TIGHTEST_AT = 60.0
"""Of n m / (n + m): where the interval is tightest, which is 120 of each side."""


class Ratio(NamedTuple):
    """Sums over the observations of one side, for the figure sum(x) / sum(y)."""

    n: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    def value(self) -> float | None:
        return self.x / self.y if self.y > 0 else None

    def variance(self) -> float:
        """Of an observation's part in the ratio; y is above 0."""
        ratio = self.x / self.y
        residual = self.xx - 2 * ratio * self.xy + ratio * ratio * self.yy
        mean = self.y / self.n
        return max(0.0, residual) / (self.n - 1 or 1) / (mean * mean)


def ratio_of(pairs: Iterable[tuple[float, float]]) -> Ratio:
    """Of (x, y) for each observation."""
    n = 0
    x = y = xx = yy = xy = 0.0
    for one, other in pairs:
        n += 1
        x += one
        y += other
        xx += one * one
        yy += other * other
        xy += one * other
    return Ratio(n, x, y, xx, yy, xy)


class RatioDifference(NamedTuple):
    """low and high are None where there is not enough to tell."""

    difference: float | None
    low: float | None
    high: float | None


def ratio_difference(
    first: Ratio, second: Ratio, *, level: float, times: float = 1.0
) -> RatioDifference:
    """
    second - times * first, with an interval for all looks at once, at about this `level`.

    `times` 1.25 asks whether the second is more than a quarter above the first.
    """
    one, other = first.value(), second.value()
    if one is None or other is None:
        return RatioDifference(None, None, None)
    difference = other - times * one
    if min(first.y, second.y) < MIN_COUNTED:
        return RatioDifference(difference, None, None)
    together = (
        _relative_variance(first, second) * ((first.x + second.x) / (first.y + second.y)) ** 2
    )
    variance = (
        times * times * max(first.variance(), together) / first.n
        + max(second.variance(), together) / second.n
    )
    if variance <= 0:
        return RatioDifference(difference, None, None)
    both = first.n * second.n / (first.n + second.n)
    half = sqrt(variance) * boundary(both, level=level)
    return RatioDifference(difference, difference - half, difference + half)


def _relative_variance(first: Ratio, second: Ratio) -> float:
    """Of an observation's part in its side's ratio, as a share of it; of both sides together."""
    squares = sum(
        side.n * side.variance() * (side.y / side.x) ** 2 for side in (first, second) if side.x > 0
    )
    return squares / (first.n + second.n)


def boundary(n: float, *, level: float) -> float:
    """
    How many standard errors a mean of `n` observations may be off at any time, at this `level`.

    The normal mixture's, with the mixing variance that makes it least at `_TIGHTEST_AT`; 3.0 there
    for 5 %, where a single look has 1.96.
    """
    odds = -2 * log(level)
    mixed = _TIGHTEST_AT / (odds + log(odds) + 1)
    return sqrt((n + mixed) / n * (odds + log((n + mixed) / mixed)))


def observations_needed(*, deviation: float, distance: float, level: float, most: float) -> float:
    """
    How many (as n m / (n + m)) until an interval is no longer than `distance` to one side, for
    observations of this standard deviation; `most` if it takes more.
    """

    def is_enough(n: float) -> bool:
        return deviation / sqrt(n) * boundary(n, level=level) <= distance

    if distance <= 0 or not is_enough(most):
        return most
    low, high = 0.0, log(most)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(exp(middle)) else (middle, high)
    return exp(high)
