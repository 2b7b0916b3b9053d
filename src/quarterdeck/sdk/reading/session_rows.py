"""
One session as one row: of a dataframe, and of a list in a terminal.

Flat and small.  What has no single value (which models, which tags) is text joined with `, `.
Sums are over what is known; where nothing is, they are None.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from quarterdeck.sdk.reading.frames import Column
from quarterdeck.sdk.reading.records import RecordFields
from quarterdeck.sdk.shown import NOT_TOLD, OUTCOME_MARKS, duration, money, one_line

TASK_CHARACTERS = 60
"""Enough to tell one task from the next."""

COLUMNS = (
    Column("session_id", "text"),
    Column("task", "text"),
    Column("task_type", "text"),
    Column("user", "text"),
    Column("status", "text"),
    Column("outcome", "text"),
    Column("outcome_source", "text"),
    Column("started_at", "instant"),
    Column("last_seen_at", "instant"),
    Column("ended_at", "instant"),
    Column("duration_s", "number"),
    Column("workflow", "text"),
    Column("workflow_version", "text"),
    Column("environment", "text"),
    Column("agents", "text"),
    Column("models", "text"),
    Column("model_calls", "integer"),
    Column("input_tokens", "integer"),
    Column("output_tokens", "integer"),
    Column("cost_usd", "number"),
    Column("wasted_usd", "number"),
    Column("unpriced_calls", "integer"),
    Column("tool_calls", "integer"),
    Column("tool_errors", "integer"),
    Column("tool_denied", "integer"),
    Column("interventions", "integer"),
    Column("waited_s", "number"),
    Column("handoffs", "integer"),
    Column("error_episodes", "integer"),
    Column("recovered", "integer"),
    Column("retries", "integer"),
    Column("fallbacks", "integer"),
    Column("quality", "number"),
    Column("case", "text"),
    Column("trial", "integer"),
    Column("experiment", "flag"),
    Column("tags", "text"),
    Column("steps", "integer"),
    Column("spans", "integer"),
    Column("data_findings", "integer"),
)


def frame_row(session: RecordFields) -> dict[str, Any]:
    """By column.  Money is a float here: `frames` says why."""
    cost, people = session.cost, session.human_interventions
    version = session.workflow.version
    return {
        "session_id": session.session_id,
        "task": session.task,
        "task_type": session.task_type,
        "user": session.user,
        "status": session.status,
        "outcome": session.outcome.label,
        "outcome_source": session.outcome.source,
        "started_at": session.started_at,
        "last_seen_at": session.last_seen_at,
        "ended_at": session.ended_at,
        "duration_s": session.duration_s,
        "workflow": session.workflow.name,
        "workflow_version": None if version is None else str(version),
        "environment": session.workflow.environment,
        "agents": _joined(use.agent for use in session.agents),
        "models": _joined(use.model for use in session.models_used),
        "model_calls": sum(use.calls for use in session.models_used),
        "input_tokens": _known_sum(use.input_tokens for use in session.models_used),
        "output_tokens": _known_sum(use.output_tokens for use in session.models_used),
        "cost_usd": None if cost.total_usd is None else float(cost.total_usd),
        "wasted_usd": None if cost.wasted_usd is None else float(cost.wasted_usd),
        "unpriced_calls": cost.unpriced_calls,
        "tool_calls": sum(use.calls for use in session.tool_calls),
        "tool_errors": sum(use.errors for use in session.tool_calls),
        "tool_denied": sum(use.denied for use in session.tool_calls),
        "interventions": people.count,
        "waited_s": people.waited_s,
        "handoffs": session.handoff_count,
        "error_episodes": session.error_episodes,
        "recovered": session.recovered,
        "retries": session.retries,
        "fallbacks": session.fallbacks,
        "quality": session.quality.score,
        "case": session.case,
        "trial": session.trial,
        "experiment": session.experiment,
        "tags": _joined(session.tags),
        "steps": session.step_count,
        "spans": session.span_count,
        "data_findings": session.data_finding_count,
    }


def text_line(session: RecordFields) -> str:
    """`port-billing-1  ✓ success  2026-04-12 08:30 UTC  1 h 45 min  $0.41  Port billing`."""
    parts = (
        one_line(session.session_id),
        outcome_words(session),
        when(session.started_at),
        duration(session.duration_s),
        cost_words(session),
        title(session),
    )
    return "  ".join(part for part in parts if part)


def outcome_words(session: RecordFields) -> str:
    """The outcome with its mark; while it is not closed its status, if that is all there is."""
    label = one_line(session.outcome.label, limit=40)
    if label == "unknown" and session.status != "closed":
        return one_line(session.status, limit=40).replace("_", " ")
    return f"{OUTCOME_MARKS.get(label, '?')} {label}"


def cost_words(session: RecordFields) -> str:
    """`$47.82`, with a `+` where calls without a price are missing from it."""
    total = money(session.cost.total_usd)
    return f"{total}+" if session.cost.unpriced_calls and total != NOT_TOLD else total


def title(session: RecordFields) -> str:
    """The task; where nobody told it, its type, the workflow or who took part."""
    told = (
        session.task
        or session.task_type
        or session.workflow.name
        or ", ".join(dict.fromkeys(use.agent for use in session.agents))
    )
    return one_line(told, limit=TASK_CHARACTERS)


def when(at: datetime | None) -> str:
    return NOT_TOLD if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _joined(words: Iterable[str]) -> str | None:
    return ", ".join(dict.fromkeys(word for word in words if word)) or None


def _known_sum(numbers: Iterable[int | None]) -> int | None:
    """0 of nothing; None where there is something and nobody told how much."""
    told = list(numbers)
    known = [number for number in told if number is not None]
    return sum(known) if known or not told else None
