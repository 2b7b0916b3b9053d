"""
Intervals around rates of independent observations, and Student's quantiles.

A rate without its count and interval misleads, most of all when few sessions stand behind
it.  Where nothing can be said (no observations) the answer is None, never a zero-width interval.
Means, ratios, and whatever comes in clusters, are in `clusters.py`.
"""

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """Both ends inclusive, low <= high."""

    low: float
    high: float


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """
    Wilson's score interval for `successes` of `n`; None when n is 0.

    It stays inside [0, 1] and keeps its coverage for small n and rates near 0 or 1, where the
    textbook interval collapses (Wilson 1927; Brown, Cai and DasGupta 2001 recommend it).
    """
    if n <= 0:
        return None
    return wilson_at(successes / n, n, confidence=confidence)


def wilson_at(
    rate: float, n: float, *, confidence: float = 0.95, quantile: float = 0.0
) -> Interval:
    """
    Wilson's interval of a rate as if seen in `n` observations, a number > 0 that need not be whole.

    `quantile` in place of the normal distribution's for `confidence`; 0 = that one.
    """
    z = quantile or NormalDist().inv_cdf(0.5 + confidence / 2)
    shrink = 1 + z * z / n
    center = (rate + z * z / (2 * n)) / shrink
    half = z / shrink * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    # At 0 and 1 the end is exactly there; rounding may leave it a hair inside.
    low = 0.0 if rate == 0 else max(0.0, min(rate, center - half))
    high = 1.0 if rate == 1 else min(1.0, max(rate, center + half))
    return Interval(low, high)


_MANY_DEGREES = 2_000


@lru_cache(maxsize=16_384)
def t_quantile(probability: float, degrees: int) -> float:
    """
    Quantile of Student's t for `probability` in (0.5, 1), to nine digits.

    By bisection of its CDF; from 2,000 degrees on by Fisher's expansion around the normal
    quantile, whose next term is below 1e-13 there.  Remembered: a page of figures asks for
    the same few a thousand times.
    """
    if degrees > _MANY_DEGREES:
        z = NormalDist().inv_cdf(probability)
        first = (z**3 + z) / 4
        second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
        third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return z + first / degrees + second / degrees**2 + third / degrees**3
    low, high = 0.0, 1.0
    while _t_cdf(high, degrees) < probability:
        low, high = high, high * 2
        if high == inf:
            return inf
    for _ in range(80):
        middle = (low + high) / 2
        if _t_cdf(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_cdf(t: float, degrees: int) -> float:
    x = degrees / (degrees + t * t)
    return 1 - 0.5 * _incomplete_beta(degrees / 2, 0.5, x)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function, by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1 / max(tiny, 1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 300):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return front * fraction
