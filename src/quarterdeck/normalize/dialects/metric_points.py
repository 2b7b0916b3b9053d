"""
Usage that was told only as a metric, after `metrics.py` made a span of the point.

Its tokens and its cost are sums over many calls: an aggregate, which counts only where the
session has no spend of that model from spans or log records.
"""

from decimal import Decimal

from quarterdeck.normalize.dialect import Dialect, Draft, Kind, KindSource, Recognizes
from quarterdeck.normalize.synthesis import COST_IS_APART, METRIC


def _adjust(draft: Draft) -> None:
    draft.found["usage_is_aggregate"] = True
    if COST_IS_APART in draft.attributes:
        # What these tokens cost is on the other metric's span: here they add nothing.
        draft.found["reported_usd"] = Decimal(0)


DIALECT = Dialect(
    name="metric_points",
    recognizes=Recognizes(keys=(METRIC,)),
    kinds=(KindSource(1, METRIC, read=lambda _: Kind("model", "metric")),),
    adjust=_adjust,
)
