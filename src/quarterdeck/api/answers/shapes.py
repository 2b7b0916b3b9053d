"""
Shapes that several answers share: a figure with how sure it is, and what lies between two.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Usd, left_out
from quarterdeck.api.measures import Method

Verdict = Literal["better", "worse", "no_difference_found", "not_enough_data"]


class Interval(Answer):
    low: float
    high: float
    confidence: float
    """Of 1, so 0.95."""
    method: Method


class Estimate(Answer):
    value: float | Usd | None
    """Money is decimal text.  Null: not enough is known to tell."""
    n: int | None
    """Of how many; null for plain sums."""
    interval: Interval | None
    left_out: int = left_out()
    """Of pass^k and pass@k: cases with fewer than k trials of known outcome."""


class Difference(Answer):
    """The second minus the first, in the figure's unit; how many stand behind it is told by the
    two estimates."""

    value: float | Usd | None
    low: float | None
    high: float | None
    verdict: Verdict


class Empty(Answer):
    """Done; there is nothing to tell."""
