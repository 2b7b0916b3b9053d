"""
Intervals where observations come in clusters: trials of one case, calls of one session.

Ten trials of one case are not ten independent observations: a case is hard or easy for all of
them.  The uncertainty is that of drawing other *cases*, so every interval here comes from the
spread between clusters, however many observations are inside.  That is the infinitesimal
jackknife: resampling of clusters by an infinitesimal change of each one's weight, as a formula
of second moments, without random numbers, and computable in the store.

Which interval was chosen by simulation (5 to 50 cases; 1, 4, or 1 to 8 trials; nominal 95 %):

* Rates (0.5, 0.9, 0.97; correlation between the trials of a case 0, 0.3, 0.8):
  `clustered_rate_interval`, Wilson's interval at the effective number of observations, covers
  in 89 to 100 % of the runs.  The percentile bootstrap over cases covers in 15 to 97 %: near 0
  and 1 most samples hold no failure, and then every resample of them holds none either; BCa
  has nothing to correct there.  With 10 cases, rate 0.97 and correlation 0.8 it covers in 35 %.
  So does the t interval.  Wilson's interval at the number of cases covers, at up to twice the
  width.
* Means and ratios of log-normal costs (sigma 0.4 to 1 in all, cost per task and per success):
  `clustered_positive_interval`, the t interval of the logarithm, covers in 88 to 95 %, the
  plain t interval in 81 to 95 %, the percentile bootstrap in 68 to 94 %.
* pass^k and pass@k (5 to 100 cases of 4 or 8 trials, k 1, 2, 4): 87 to 99 %.

tests/statistics/test_coverage.py repeats the simulation in small.
"""

from math import exp, isfinite, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

from quarterdeck.statistics.intervals import Interval, t_quantile, wilson_at

MIN_CLUSTERS = 3
"""Of a mean or ratio.  Two of them give Student's quantile 12.7: "$0.0001 to $3,000"."""

_NO_SPREAD = 1e-7
"""Of the ratio itself: less than this is what rounding left of it."""


class ClusterSums(NamedTuple):
    """
    Sums over clusters of their own sums: for the figure sum(x) / sum(y).

    A cluster counts if it has any observation: y > 0, or for a ratio such as cost per success
    if it belongs to what is looked at (a case without a success still cost money).
    """

    clusters: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float


def clustered_rate_interval(
    sums: ClusterSums, *, confidence: float = 0.95, most: float = 0.0
) -> Interval | None:
    """
    Interval of the rate sum(x) / sum(y), 0 <= x <= y in every cluster; None when sum(y) is 0.

    Wilson's score interval with Student's quantile at the effective number of observations: as
    many independent ones as would give the rate its spread between clusters, at most `most` (0:
    sum(y), the number of observations there are).
    Where there is no spread to see (all succeed, or one cluster only) each cluster counts as
    one observation, so that 5 cases of 100 successful trials each say no more than 5 successes.
    """
    if sums.y <= 0 or sums.clusters < 1:
        return None
    rate = min(1.0, max(0.0, sums.x / sums.y))
    if sums.clusters == 1:
        return wilson_at(rate, 1.0, confidence=confidence)
    variance = ratio_variance(sums)
    spread = rate * (1 - rate)
    # Below this the spread is what is left of rounding, not of the cases.
    seen = variance > 1e-12 * max(spread, 1e-12)
    effective = spread / variance if seen and spread > 0 else float(sums.clusters)
    quantile = t_quantile(0.5 + confidence / 2, sums.clusters - 1)
    effective = min(effective, max(most or sums.y, 1.0))
    return wilson_at(rate, effective, quantile=quantile)


def clustered_positive_interval(sums: ClusterSums, *, confidence: float = 0.95) -> Interval | None:
    """
    Interval of sum(x) / sum(y) of a quantity above 0 that has no upper bound: cost, time.

    On the logarithmic scale, by the delta method: skewed as costs are, and never below 0.  None
    for fewer than three clusters, and where no spread was seen: equal costs of three sessions
    do not mean that every session costs that.
    """
    if sums.clusters < MIN_CLUSTERS or sums.x <= 0 or sums.y <= 0:
        return None
    relative = sqrt(ratio_variance(sums)) / (sums.x / sums.y)
    if relative < _NO_SPREAD:
        return None
    return _around(sums, relative * t_quantile(0.5 + confidence / 2, sums.clusters - 1))


def clustered_count_interval(sums: ClusterSums, *, confidence: float = 0.95) -> Interval | None:
    """
    Interval of sum(x) / sum(y) of a count: interventions per session.  None when sum(y) is 0.

    As `clustered_positive_interval`; where no spread was seen (nobody ever stepped in, or there
    are fewer than three clusters) as if the x were rare events, independent of each other
    (Poisson's distribution): after none in 100 sessions there may be 3.7 in the next 100.
    """
    if sums.y <= 0:
        return None
    if sums.x <= 0:
        return Interval(0.0, -log((1 - confidence) / 2) / min(sums.y, sums.clusters))
    seen = clustered_positive_interval(sums, confidence=confidence)
    rare = NormalDist().inv_cdf(0.5 + confidence / 2) / sqrt(sums.x)
    return seen or _around(sums, rare)


def _around(sums: ClusterSums, exponent: float) -> Interval | None:
    """The ratio times and divided by e to the exponent."""
    ratio = sums.x / sums.y
    if exponent > 700 or not isfinite(ratio * exp(exponent)):
        return None
    return Interval(ratio / exp(exponent), ratio * exp(exponent))


def ratio_variance(sums: ClusterSums) -> float:
    """Variance of sum(x) / sum(y) over at least two clusters, by linearization."""
    ratio = sums.x / sums.y
    residual = sums.xx - 2 * ratio * sums.xy + ratio * ratio * sums.yy
    return max(0.0, residual) * sums.clusters / (sums.clusters - 1) / (sums.y * sums.y)
