"""
What the selected sessions have in common that the rest has not.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.api.answers.shapes import Estimate, Interval


class Differing(Answer):
    """One value of one field, as frequent here and there as told."""

    field: str
    value: str
    selected: Estimate
    """Share of the selected sessions that have the value."""
    rest: Estimate
    difference: float
    """selected - rest."""
    interval: Interval
    """At the confidence that the number of comparisons asks for."""
    verdict: Literal["more_often", "less_often"]
    q: str
    """The term to add to the filter."""


class DiffersAnswer(Answer):
    selected: int
    rest: int
    """Sessions of the same time that the filter does not let through."""
    compared: int
    """Values that enough sessions have to be compared."""
    method: str
    nothing_stands_out: bool
    is_enough: bool
    """False: one side has fewer than 10 sessions, so nothing can be said."""
    differing: list[Differing]
    """Largest difference first, at most 50."""


class OutcomeBucket(Answer):
    at: Instant
    """Where the bucket begins."""
    sessions: int
    outcomes: dict[str, int]


class StartsAnswer(Answer):
    """When the sessions began, by how they ended."""

    bucket_s: int
    since: Instant | None
    """null = no sessions."""
    until: Instant | None
    buckets: list[OutcomeBucket]
    """In time order, at most 300; those without sessions are there too."""
