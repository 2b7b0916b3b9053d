"""
The counts and sums behind every rate and total, by time and by up to two dimensions.

Plain counts and sums (and sums of squares) only: what is divided by what, and how sure that is,
is decided where it is shown.  Nothing here is a rate, so nothing here lacks its count.
"""

from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

from quarterdeck.errors import Invalid
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import (
    SessionFilter,
    filter_params,
    filtered_question,
)

Dimension = Literal[
    "task_type", "workflow", "version", "environment", "agent", "model", "tool", "user",
    "outcome", "status",
]  # fmt: skip
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_MAX_ROWS = 10_000
"""A year by hour is 8,760 buckets; more rows than this is a question that nobody reads."""


class FiguresRow(NamedTuple):
    """
    One bucket and value.  With `by` agent, model or tool the costs, tokens and calls are that
    value's own; None = can't be told for that dimension, or nothing of it was known.
    """

    bucket_ns: int
    """Start of the time bucket; 0 when not asked for."""
    value_1: str
    """"" = the sessions have none, or no dimension was asked for."""
    value_2: str
    sessions: int
    successes: int
    partial_successes: int
    failures: int
    abandoned: int
    interrupted: int
    known_outcomes: int
    """Sessions whose outcome is not `unknown`: what a completion rate divides by."""
    intervened: int
    """Sessions with at least one intervention."""
    interventions: int
    waited_s: float
    episodes: int
    recovered: int
    retries: int
    handoffs: int
    duration_s: float
    duration_s2: float
    """Sum of squares, for the interval of a mean."""
    judged: int
    """Sessions with a quality score."""
    quality: float
    quality2: float
    cost_usd: Decimal | None
    costed: int
    """Sessions with a known cost: what a mean cost divides by."""
    cost2: float
    success_cost_usd: Decimal | None
    wasted_usd: Decimal | None
    model_calls: int | None
    unpriced_calls: int | None
    input_tokens: int | None
    output_tokens: int | None
    tool_calls: int | None
    tool_errors: int | None
    tool_denied: int | None


def figures(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
    *,
    by: tuple[Dimension, ...] = (),
    bucket_ns: int = 0,
) -> list[FiguresRow]:
    """
    By bucket, then by number of sessions, most first; at most 10,000 rows.

    A session belongs to the bucket in which it began; buckets count from 1970, so those of a
    week begin on a Thursday.  Raises `Invalid` for more than two or unknown dimensions.
    """
    if len(by) > 2 or len(set(by)) != len(by) or any(name not in DIMENSIONS for name in by):
        raise Invalid(
            f"can't group by {list(by)!r}", hint=f"At most two of {', '.join(DIMENSIONS)}."
        )
    if bucket_ns < 0:
        raise Invalid(f"not a time bucket: {bucket_ns!r}")
    params: dict[str, Any] = {
        **filter_params(scope, where),
        "by_1": by[0] if by else "",
        "by_2": by[1] if len(by) > 1 else "",
        "bucket_ns": bucket_ns,
        "limit": _MAX_ROWS,
    }
    return [FiguresRow(*row) for row in db.rows(filtered_question("figures", where), params)]
