"""
Writing sessions: the whole record, and beside it the columns that lists filter, sort and sum by.

A session is computed anew from its spans whenever they change; of two rows of one session the
greater `ver` counts, so `ver` must grow with what the writer knew.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import NO_SKETCH, Sketch
from quarterdeck.storage.events.columns import encode, instants, labels, texts, usd
from quarterdeck.storage.events.connection import EventConnection


class SessionRow(NamedTuple):
    project_id: ProjectId
    session: Session
    ver: int
    """Usually nanoseconds of the clock when the session's spans were read."""
    is_deleted: bool = False
    """A tombstone: the session was merged into another one, or all of it was deleted."""
    sketch: Sketch = NO_SKETCH


_MONEY = pa.decimal128(18, 9)

_COUNTS: dict[str, Callable[[Session], int]] = {
    "span_count": lambda s: s.span_count,
    "step_count": lambda s: s.step_count,
    "error_spans": lambda s: s.error_spans,
    # The lists of a session are cut at 500 entries; its counts are complete.
    "interventions": lambda s: max(
        sum(s.intervention_kinds.values()), sum(1 for act in s.interventions if not act.pending)
    ),
    "handoffs": lambda s: max(s.handoff_count, len(s.handoffs)),
    "episodes": lambda s: max(s.episode_count, len(s.episodes)),
    "recovered": lambda s: max(
        s.recovered_count, sum(1 for e in s.episodes if e.recovered_ns is not None)
    ),
    "retries": lambda s: max(s.retry_count + s.fallback_count, len(s.retries)),
    "priced_calls": lambda s: s.cost.priced_calls,
    "unpriced_calls": lambda s: s.cost.unpriced_calls,
}
_INSTANTS: dict[str, Callable[[Session], int]] = {
    "started_ns": lambda s: s.started_ns,
    "last_seen_ns": lambda s: s.last_seen_ns,
    "ended_ns": lambda s: s.ended_ns or 0,
    "waited_ns": lambda s: s.waited_ns,
}
_LABELS: dict[str, Callable[[Session], str]] = {
    "status": lambda s: s.status,
    "outcome": lambda s: s.outcome.label,
    "task_type": lambda s: s.task_type,
    "workflow": lambda s: s.workflow.name,
    "version": lambda s: s.workflow.version,
    "environment": lambda s: s.workflow.environment,
    "case_id": lambda s: s.case,
}
_MAYBE_COUNTS: dict[str, Callable[[Session], int | None]] = {
    "trial": lambda s: s.trial,
    "expected_calls": lambda s: s.expected_calls,
    "matched_calls": lambda s: s.matched_calls,
}
_LABEL_LISTS: dict[str, Callable[[Session], list[str]]] = {
    "tags": lambda s: list(s.tags),
    "models": lambda s: [use.model for use in s.models],
    "tools": lambda s: [use.tool for use in s.tools],
    "agents": lambda s: [use.agent for use in s.agents],
    "human_kinds": lambda s: sorted(
        {*s.intervention_kinds, *(act.kind for act in s.interventions if not act.pending)}
    ),
    "trace_ids": lambda s: list(s.trace_ids),
    "findings": lambda s: list(dict.fromkeys(finding.code for finding in s.findings)),
}
_COUNT_LISTS: dict[str, Callable[[Session], list[int]]] = {
    "model_calls": lambda s: [use.calls for use in s.models],
    "model_errors": lambda s: [use.errors for use in s.models],
    "model_input": lambda s: [use.input_tokens for use in s.models],
    "model_output": lambda s: [use.output_tokens for use in s.models],
    "model_unpriced": lambda s: [use.unpriced_calls for use in s.models],
    "tool_calls": lambda s: [use.calls for use in s.tools],
    "tool_errors": lambda s: [use.errors for use in s.tools],
    "tool_denied": lambda s: [use.denied for use in s.tools],
    "agent_models": lambda s: [use.model_calls for use in s.agents],
    "agent_tools": lambda s: [use.tool_calls for use in s.agents],
    "agent_errors": lambda s: [use.errors for use in s.agents],
}
_MONEY_LISTS: dict[str, Callable[[Session], list[Decimal | None]]] = {
    "model_cost": lambda s: [usd(use.cost_usd) for use in s.models],
    "agent_cost": lambda s: [usd(use.cost_usd) for use in s.agents],
}


def write_sessions(db: EventConnection, rows: Sequence[SessionRow]) -> None:
    """Returns when all are on disk and seen by every read."""
    if not rows:
        return
    sessions = [row.session for row in rows]
    columns: dict[str, Any] = {
        "project_id": labels([row.project_id for row in rows]),
        "session_id": texts([session.session_id for session in sessions]),
        "task": texts([session.task for session in sessions]),
        "user_id": texts([session.user for session in sessions]),
        "experiment": pa.array([int(session.experiment) for session in sessions], pa.uint8()),
        "cost_usd": pa.array([usd(session.cost.total_usd) for session in sessions], _MONEY),
        "wasted_usd": pa.array([usd(session.cost.wasted_usd) for session in sessions], _MONEY),
        "quality": pa.array([session.quality for session in sessions], pa.float64()),
        "asked": texts([row.sketch.asked for row in rows]),
        "answered": texts([row.sketch.answered for row in rows]),
        "last_error": texts([row.sketch.error for row in rows]),
        "shape": texts([row.sketch.shape for row in rows]),
        "path": texts([row.sketch.path for row in rows]),
        "sketched_spans": pa.array([row.sketch.spans for row in rows], pa.uint32()),
        "record": pa.array([encode(session) for session in sessions], pa.binary()),
        "ver": pa.array([row.ver for row in rows], pa.uint64()),
        "is_deleted": pa.array([int(row.is_deleted) for row in rows], pa.uint8()),
    }
    for name, count in _COUNTS.items():
        columns[name] = pa.array([count(session) for session in sessions], pa.uint32())
    for name, maybe in _MAYBE_COUNTS.items():
        columns[name] = pa.array([maybe(session) for session in sessions], pa.uint32())
    for name, read in _INSTANTS.items():
        columns[name] = instants([read(session) for session in sessions])
    for name, label in _LABELS.items():
        columns[name] = labels([label(session) for session in sessions])
    for name, words in _LABEL_LISTS.items():
        lists = [words(session) for session in sessions]
        columns[name] = pa.array(lists, pa.list_(pa.string()))
    for name, counts in _COUNT_LISTS.items():
        columns[name] = pa.array([counts(s) for s in sessions], pa.list_(pa.uint64()))
    for name, amounts in _MONEY_LISTS.items():
        columns[name] = pa.array([amounts(s) for s in sessions], pa.list_(_MONEY))
    db.insert("sessions", pa.RecordBatch.from_pydict(columns))


def read_record(record: bytes | str) -> Session:
    """What `write_sessions` wrote.  Fields of a newer version are ignored."""
    return _decoder.decode(record)


_decoder = msgspec.json.Decoder(Session)
