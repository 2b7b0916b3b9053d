"""Experiments, with what came of each run."""

from typing import Any

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class ExperimentShown(Answer):
    experiment_id: str
    name: str
    dataset_id: str
    """Empty = on none that is known here."""
    description: str
    metadata: dict[str, Any]
    source: str
    """The client that ran it."""
    started_at: Instant
    ended_at: Instant | None
    """Null: not told, or still running."""
    created_by: str


class ExperimentList(Answer):
    experiments: list[ExperimentShown]
    """Newest first."""
    total: int
    next_cursor: Cursor


class RunShown(Answer):
    run_id: str
    case_id: str
    trial: int
    trace_id: str
    span_id: str
    session_id: str | None
    """The session that the trace is in; null: none is known (yet)."""
    output: Any
    error: str
    started_at: Instant | None
    ended_at: Instant | None
    metadata: dict[str, Any]
    scores: dict[str, Any]
    """By name, as the client told them."""


class ExperimentRuns(ExperimentShown):
    runs: list[RunShown]
    """In the order of their start."""
    next_cursor: Cursor
