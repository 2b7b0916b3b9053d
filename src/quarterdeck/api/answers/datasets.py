"""Datasets and their cases."""

from typing import Any

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class DatasetShown(Answer):
    dataset_id: str
    name: str
    description: str
    metadata: dict[str, Any]
    source: str
    """The client that made it: `langfuse`, `opik`, …"""
    version: int
    """One more with each change of its cases; 0 while there were none."""
    cases: int
    """Without the archived."""
    created_at: Instant
    created_by: str
    updated_at: Instant


class DatasetList(Answer):
    datasets: list[DatasetShown]
    """Newest first."""
    total: int
    next_cursor: Cursor


class CaseShown(Answer):
    case_id: str
    input: Any
    expected: Any
    metadata: Any
    split: str
    archived: bool
    source_trace_id: str
    """The trace that it was made of; empty = of none."""
    source_span_id: str
    source: dict[str, Any]
    """What else its client said of it."""
    version: int
    """Of the dataset, since which the case is so."""
    created_at: Instant
    updated_at: Instant


class CaseList(Answer):
    dataset_id: str
    name: str
    version: int
    """Of the dataset: the one asked for, else the newest."""
    cases: list[CaseShown]
    """In the order in which they were made."""
    total: int
    next_cursor: Cursor
