"""
Rates and sums over many sessions, each with its count, its interval and its definition.

A figure without data is null, never 0.  Where an interval can't be told, it is null too.
"""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import Selected
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.statistics.intervals import (
    Interval,
    mean_interval,
    ratio_interval,
    wilson_interval,
)
from quarterdeck.storage.events.figures_reads import DIMENSIONS, Dimension, FiguresRow, figures
from quarterdeck.storage.events.session_reads import SessionFilter

router = guarded_router("figures")

Bucket = Literal["hour", "day", "week"]
_BUCKETS_S: Mapping[Bucket, int] = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}
CONFIDENCE = 0.95


class Measured(NamedTuple):
    value: float | int | Decimal | None
    n: int | None
    """Of how many; None for plain sums."""
    interval: Interval | None = None


class Figure(NamedTuple):
    title: str
    definition: str
    unit: str
    measure: Callable[[FiguresRow], Measured]


def _rate(part: int, whole: int) -> Measured:
    return Measured(part / whole if whole else None, whole, wilson_interval(part, whole))


def _mean(n: int, total: float, squares: float) -> Measured:
    return Measured(total / n if n else None, n, mean_interval(n, total, squares, at_least=0.0))


def _tool_accuracy(row: FiguresRow) -> Measured:
    if row.tool_calls is None or row.tool_errors is None:
        return Measured(None, None)
    return _rate(max(0, row.tool_calls - row.tool_errors), row.tool_calls)


def _cost_per_success(row: FiguresRow) -> Measured:
    """Over the sessions of known cost alone: successes of unknown cost would make it cheaper."""
    successes = row.costed_successes
    if row.cost_usd is None or not successes:
        return Measured(None, successes)
    cost, of_successes = float(row.cost_usd), float(row.success_cost_usd or 0)
    interval = ratio_interval(
        row.costed, cost, successes, row.cost2, successes, of_successes, at_least=0.0
    )
    return Measured(_money(row.cost_usd / successes), successes, interval)


def _cost_per_task(row: FiguresRow) -> Measured:
    if row.cost_usd is None or not row.costed:
        return Measured(None, row.costed)
    interval = mean_interval(row.costed, float(row.cost_usd), row.cost2, at_least=0.0)
    return Measured(_money(row.cost_usd / row.costed), row.costed, interval)


def _unpriced_share(row: FiguresRow) -> Measured:
    if row.model_calls is None or row.unpriced_calls is None:
        return Measured(None, None)
    return _rate(row.unpriced_calls, row.model_calls)


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.000000001"))


FIGURES: Mapping[str, Figure] = {
    "sessions": Figure(
        "Sessions", "Sessions that began in the time.", "sessions",
        lambda row: Measured(row.sessions, None),
    ),
    "task_completion_rate": Figure(
        "Task completion rate",
        "Successes / sessions with a known outcome. The unknown share stands beside it.",
        "rate", lambda row: _rate(row.successes, row.known_outcomes),
    ),
    "unknown_outcome_share": Figure(
        "Unknown outcomes", "Sessions whose outcome nobody has told / all sessions.",
        "rate", lambda row: _rate(row.sessions - row.known_outcomes, row.sessions),
    ),
    "human_intervention_rate": Figure(
        "Human intervention rate",
        "Sessions with at least one intervention / all sessions.",
        "rate", lambda row: _rate(row.intervened, row.sessions),
    ),
    "interventions_per_session": Figure(
        "Interventions per session", "Interventions / sessions.", "per session",
        lambda row: _mean(row.sessions, row.interventions, row.interventions2),
    ),
    "cost_usd": Figure(
        "Cost", "Sum of the known costs; unpriced calls are in none of it.", "USD",
        lambda row: Measured(row.cost_usd, row.costed),
    ),
    "cost_per_task": Figure(
        "Cost per task", "Cost / sessions whose cost is known.", "USD", _cost_per_task
    ),
    "cost_per_success": Figure(
        "Cost per success",
        "Known costs, failures included / successes whose cost is known.",
        "USD", _cost_per_success,
    ),
    "wasted_usd": Figure(
        "Wasted cost",
        "Cost of calls whose result was thrown away: failed attempts, retries, failed sessions.",
        "USD", lambda row: Measured(row.wasted_usd, row.costed),
    ),
    "unpriced_share": Figure(
        "Unpriced calls",
        "Model calls without a known price / all. The interval takes calls as independent.",
        "rate", _unpriced_share,
    ),
    "error_recovery_rate": Figure(
        "Error recovery rate",
        "Recovered error episodes / all. The interval takes episodes as independent.",
        "rate", lambda row: _rate(row.recovered, row.episodes),
    ),
    "tool_call_accuracy": Figure(
        "Tool call accuracy",
        "Tool calls that did not err / all. The interval takes calls as independent.",
        "rate", _tool_accuracy,
    ),
    "duration_s": Figure(
        "Duration", "From the first to the last span, mean of the sessions.", "s",
        lambda row: _mean(row.sessions, row.duration_s, row.duration_s2),
    ),
    "waited_s": Figure(
        "Waiting for people", "Sum of the known waits.", "s",
        lambda row: Measured(row.waited_s, row.sessions),
    ),
    "quality": Figure(
        "Quality", "Mean quality score of the judged sessions.", "0 to 1",
        lambda row: _mean(row.judged, row.quality, row.quality2),
    ),
    "model_calls": Figure(
        "Model calls", "Billed calls of models.", "calls",
        lambda row: Measured(row.model_calls, None),
    ),
    "tool_calls": Figure(
        "Tool calls", "Calls of tools.", "calls", lambda row: Measured(row.tool_calls, None)
    ),
    "tool_errors": Figure(
        "Tool errors", "Calls of tools that failed.", "calls",
        lambda row: Measured(row.tool_errors, None),
    ),
    "tool_denied": Figure(
        "Denied tool calls", "Refused by a person or a policy before they ran.", "calls",
        lambda row: Measured(row.tool_denied, None),
    ),
    "input_tokens": Figure(
        "Input tokens", "Cached ones included.", "tokens",
        lambda row: Measured(row.input_tokens, None),
    ),
    "output_tokens": Figure(
        "Output tokens", "Reasoning included.", "tokens",
        lambda row: Measured(row.output_tokens, None),
    ),
    "retries": Figure(
        "Retries", "Retries and fallbacks.", "retries", lambda row: Measured(row.retries, None)
    ),
    "handoffs": Figure(
        "Handoffs", "Control passing between agents.", "handoffs",
        lambda row: Measured(row.handoffs, None),
    ),
    "spans": Figure(
        "Spans", "Spans of the sessions.", "spans", lambda row: Measured(row.spans, None)
    ),
}  # fmt: skip

_USUAL = (
    "sessions", "task_completion_rate", "unknown_outcome_share", "human_intervention_rate",
    "interventions_per_session", "cost_usd", "cost_per_task", "cost_per_success",
    "error_recovery_rate", "tool_call_accuracy",
)  # fmt: skip


@router.get("/figures", summary="Rates and sums, by time and by up to two dimensions")
@allow(READ)
async def show(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    figure: Annotated[
        list[str], Query(max_length=50, description="Names; the usual ones if left out.")
    ] = [],  # noqa: B006  # FastAPI copies it
    by: Annotated[
        list[str], Query(max_length=2, description=f"At most two of {', '.join(DIMENSIONS)}.")
    ] = [],  # noqa: B006  # FastAPI copies it
    bucket: Bucket | None = None,
) -> Response:
    names = figure or list(_USUAL)
    for name in names:
        if name not in FIGURES:
            raise Invalid(f"no figure is called {name!r}", hint=f"There are: {', '.join(FIGURES)}.")
    dimensions = _dimensions(by)
    bucket_ns = _BUCKETS_S[bucket] * NS_PER_S if bucket else 0
    rows = await asyncio.to_thread(_ask, parts, who, where, dimensions, bucket_ns)
    return answer(
        request,
        {
            "definitions": {
                name: {
                    "title": FIGURES[name].title,
                    "definition": FIGURES[name].definition,
                    "unit": FIGURES[name].unit,
                }
                for name in names
            },
            "by": dimensions,
            "bucket": bucket,
            "rows": [_row(row, names, dimensions, bucketed=bool(bucket)) for row in rows],
        },
    )


def _dimensions(by: list[str]) -> tuple[Dimension, ...]:
    known: dict[str, Dimension] = {name: name for name in DIMENSIONS}
    for name in by:
        if name not in known:
            raise Invalid(
                f"can't split by {name!r}", hint=f"At most two of {', '.join(DIMENSIONS)}."
            )
    return tuple(known[name] for name in by)


def _ask(
    parts: Parts,
    who: Principal,
    where: SessionFilter,
    by: tuple[Dimension, ...],
    bucket_ns: int,
) -> list[FiguresRow]:
    return figures(parts.events, scope_of(parts, who), where, by=by, bucket_ns=bucket_ns)


def _row(
    row: FiguresRow, names: list[str], by: tuple[Dimension, ...], *, bucketed: bool
) -> dict[str, Any]:
    values = (row.value_1, row.value_2)
    return {
        "bucket": to_rfc3339(row.bucket_ns) if bucketed else None,
        "by": {name: value or None for name, value in zip(by, values, strict=False)},
        "sessions": row.sessions,
        "figures": {name: _shown(FIGURES[name].measure(row)) for name in names},
    }


def _shown(measured: Measured) -> dict[str, Any]:
    """Money is text, as everywhere; its interval is an estimate and so a number."""
    value = measured.value
    interval = measured.interval
    return {
        "value": f"{value:f}" if isinstance(value, Decimal) else value,
        "n": measured.n,
        "interval": None
        if interval is None
        else {"low": interval.low, "high": interval.high, "confidence": CONFIDENCE},
    }


@router.get("/tasks", summary="Task types, with how many sessions and how they ended")
@allow(READ)
async def tasks(request: Request, parts: With, who: Who, where: Selected) -> Response:
    rows = await asyncio.to_thread(_ask, parts, who, where, ("task_type",), 0)
    return answer(
        request,
        {
            "tasks": [
                {
                    "task_type": row.value_1 or None,
                    "sessions": row.sessions,
                    "outcomes": {
                        "success": row.successes,
                        "success_partial": row.partial_successes,
                        "failure": row.failures,
                        "abandoned": row.abandoned,
                        "interrupted": row.interrupted,
                        "unknown": row.sessions - row.known_outcomes,
                    },
                    "figures": {
                        name: _shown(FIGURES[name].measure(row))
                        for name in (
                            "task_completion_rate",
                            "human_intervention_rate",
                            "cost_per_task",
                            "cost_per_success",
                        )
                    },
                }
                for row in rows
            ]
        },
    )
