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

_ONE = {
    "": "['']",
    "task_type": "[toString(task_type)]",
    "workflow": "[toString(workflow)]",
    "version": "[toString(version)]",
    "environment": "[toString(environment)]",
    "user": "[user_id]",
    "outcome": "[toString(outcome)]",
    "status": "[toString(status)]",
}
_SEVERAL = {"agent": "agents", "model": "models", "tool": "tools"}
"""Dimensions of which a session may have several values, and the column that lists them."""

_NO_COUNT = "CAST(NULL, 'Nullable(Int64)')"
_NO_MONEY = "CAST(NULL, 'Nullable(Decimal(18, 9))')"
_SUMS = ("calls", "unpriced", "read_tokens", "written_tokens", "used", "failed", "refused")


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
    interventions2: float
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
    costed_successes: int
    """Successes with a known cost: what a cost per success divides by."""
    wasted_usd: Decimal | None
    model_calls: int | None
    unpriced_calls: int | None
    input_tokens: int | None
    output_tokens: int | None
    tool_calls: int | None
    tool_errors: int | None
    tool_denied: int | None
    spans: int
    """Of the whole sessions, also with a dimension."""


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
        "bucket_ns": bucket_ns,
        "limit": _MAX_ROWS,
    }
    return [FiguresRow(*row) for row in db.rows(figures_question(where, by), params)]


def figures_question(where: SessionFilter, by: tuple[Dimension, ...]) -> str:
    """`figures.sql` for these dimensions.  The texts put in come from the tables here."""
    sql = filtered_question("figures", where)
    first = by[0] if by else ""
    second = by[1] if len(by) > 1 else ""
    several = [(name, nth) for nth, name in enumerate(by, start=1) if name in _SEVERAL]
    if not several:
        filled = _of_sessions()
    elif len(several) == 1:
        name, nth = several[0]
        filled = {"agent": _of_agents, "model": _of_models, "tool": _of_tools}[name](f"value_{nth}")
    else:
        filled = {}
    filled = {"value_1": _values(first), "value_2": _values(second)} | filled
    for money in ("wasted", "cost"):
        sql = sql.replace(f"{{{money}}}", filled.get(money, _NO_MONEY))
    for count in ("value_1", "value_2", *_SUMS):
        sql = sql.replace(f"{{{count}}}", filled.get(count, _NO_COUNT))
    return sql


def _values(dimension: str) -> str:
    if dimension in _ONE:
        return _ONE[dimension]
    words = f"arrayMap(word -> toString(word), {_SEVERAL[dimension]})"
    return f"emptyArrayToSingle(arrayDistinct({words}))"


def _of_sessions() -> dict[str, str]:
    return {
        "wasted": "wasted_usd",
        "cost": "cost_usd",
        "calls": _total("model_calls"),
        "unpriced": _total("model_unpriced"),
        "read_tokens": _total("model_input"),
        "written_tokens": _total("model_output"),
        "used": _total("tool_calls"),
        "failed": _total("tool_errors"),
        "refused": _total("tool_denied"),
    }


def _of_models(value: str) -> dict[str, str]:
    return {
        "cost": _money_of("model_cost", "models", value),
        "calls": _total_of("model_calls", "models", value),
        "unpriced": _total_of("model_unpriced", "models", value),
        "read_tokens": _total_of("model_input", "models", value),
        "written_tokens": _total_of("model_output", "models", value),
    }


def _of_tools(value: str) -> dict[str, str]:
    return {
        "used": _total_of("tool_calls", "tools", value),
        "failed": _total_of("tool_errors", "tools", value),
        "refused": _total_of("tool_denied", "tools", value),
    }


def _of_agents(value: str) -> dict[str, str]:
    return {
        "cost": _money_of("agent_cost", "agents", value),
        "calls": _total_of("agent_models", "agents", value),
        "used": _total_of("agent_tools", "agents", value),
    }


def _total(counts: str) -> str:
    return f"toNullable(toInt64(arraySum(sessions.{counts})))"


def _total_of(counts: str, names: str, value: str) -> str:
    own = f"arrayMap((count, name) -> count * (name = {value}), sessions.{counts}, {names})"
    return f"toNullable(toInt64(arraySum({own})))"


def _money_of(amounts: str, names: str, value: str) -> str:
    """NULL if no amount of the value is known."""
    own = f"arrayFilter((amount, name) -> name = {value} AND isNotNull(amount), {amounts}, {names})"
    total = f"arraySum(arrayMap(amount -> assumeNotNull(amount), {own}))"
    return f"if(empty({own}), NULL, toNullable(toDecimal64({total}, 9)))"
