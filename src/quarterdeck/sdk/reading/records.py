"""
A session's record as its readers get it: the API's JSON, typed.

One struct for each object of docs/reference/session-record.md, with its keys (`from` and `to`,
which Python can't have as names of arguments, are `source` and `target`).  Unknown is None,
money is `Decimal`, instants are aware `datetime`s.  Those hold whole microseconds: the server's
nanoseconds, and keys that this version does not know, are in `SessionRecord.json`.

A newer server may tell more and an older one less: unknown keys are ignored, missing ones have
their default.  Words of a closed set (an outcome, a kind) are plain text here, because the next
server may know another.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from quarterdeck.errors import QuarterdeckError
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.sdk.shown import duration, one_line

_ODD_INSTANT = re.compile(r"\d+s")
"""How an instant beyond the year 9999 is told: a sender's clock can be anything."""


Told = TypeVar("Told")


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    version: int | str | None = None
    digest: str | None = None
    environment: str | None = None


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """One model in one role.  `input_tokens` includes cached ones, `output_tokens` reasoning."""

    model: str = ""
    provider: str | None = None
    role: str | None = None
    calls: int = 0
    errors: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    calls_without_usage: int = 0
    cost_usd: Decimal | None = None
    unpriced_calls: int = 0


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    tool: str = ""
    calls: int = 0
    errors: int = 0
    denied: int = 0


class AgentUse(msgspec.Struct, frozen=True, kw_only=True):
    agent: str = ""
    role: str | None = None
    invocations: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    errors: int = 0
    cost_usd: Decimal | None = None


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    source: str = msgspec.field(default="", name="from")
    target: str | None = msgspec.field(default=None, name="to")
    kind: str = ""
    at: datetime | None = None
    trace_id: str = ""
    span_id: str = ""


class HumanInterventions(msgspec.Struct, frozen=True, kw_only=True):
    count: int = 0
    by_kind: dict[str, int] = {}
    pending: int = 0
    waited_s: float | None = None


class Intervention(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    at: datetime | None = None
    waited_s: float | None = None
    decision: str = ""
    by: str | None = None
    agent: str | None = None
    tool: str | None = None
    call_id: str | None = None
    question: str | None = None
    answer: str | None = None
    pending: bool = False
    trace_id: str = ""
    span_id: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    label: str = "unknown"
    source: str | None = None
    reason: str | None = None
    author: str | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    total_usd: Decimal | None = None
    reported_usd: Decimal | None = None
    computed_usd: Decimal | None = None
    priced_calls: int = 0
    unpriced_calls: int = 0
    unpriced_share: float | None = None
    wasted_usd: Decimal | None = None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    score: float | None = None
    parts: dict[str, Any] = {}


class ErrorEpisode(msgspec.Struct, frozen=True, kw_only=True):
    operation: str = ""
    target: str | None = None
    opened_at: datetime | None = None
    errors: int = 0
    reason: str | None = None
    recovered_at: datetime | None = None
    recovered_by: str | None = None
    by_fallback: bool = False
    trace_id: str = ""
    span_id: str = ""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    source: str = msgspec.field(default="", name="from")
    target: str = msgspec.field(default="", name="to")
    reason: str = ""
    count: int = 1
    at: datetime | None = None
    trace_id: str = ""
    span_id: str = ""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    scope: str = ""
    value: float | None = None
    label: str | None = None
    explanation: str | None = None
    judge: str = ""
    identifier: str | None = None
    author: str | None = None
    at: datetime | None = None
    trace_id: str | None = None
    span_id: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    key: str = ""
    message: str = ""


class ExpectedCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Tool calls that a test expected, and how many of them were made."""

    count: int = 0
    matched: int = 0


class DataFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A contradiction or a gap in the data itself."""

    code: str = ""
    message: str = ""
    count: int = 1
    trace_id: str | None = None
    span_id: str | None = None


class RecordFields(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Every key of the record.  `reading.SessionRecord` can be asked for
    more."""

    session_id: str
    external_id: str | None = None
    derived: bool = False
    status: str = "open"
    task: str | None = None
    task_type: str | None = None
    user: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_seen_at: datetime | None = None
    duration_s: float | None = None
    workflow: Workflow = Workflow()
    models_used: tuple[ModelUse, ...] = ()
    tool_calls: tuple[ToolUse, ...] = ()
    agents: tuple[AgentUse, ...] = ()
    handoffs: tuple[Handoff, ...] = ()
    handoff_count: int = 0
    human_interventions: HumanInterventions = HumanInterventions()
    interventions: tuple[Intervention, ...] = ()
    outcome: Outcome = Outcome()
    cost: Cost = Cost()
    quality: Quality = Quality()
    error_episodes: int = 0
    recovered: int = 0
    episodes: tuple[ErrorEpisode, ...] = ()
    retries: int = 0
    fallbacks: int = 0
    attempts: tuple[Attempt, ...] = ()
    units: dict[str, int | float] = {}
    tags: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    experiment: bool = False
    case: str | None = None
    trial: int | None = None
    expected_calls: ExpectedCalls | None = None
    data_findings: tuple[DataFinding, ...] = ()
    data_finding_count: int = 0
    trace_ids: tuple[str, ...] = ()
    sub_sessions: tuple[str, ...] = ()
    span_count: int = 0
    step_count: int = 0
    open_spans: int = 0
    missing_parents: int = 0
    error_spans: int = 0
    frameworks: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0
    dropped: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A thing in a session at which a viewer can stop, numbered from 1."""

    number: int
    kind: str = ""
    name: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    agent: str | None = None
    depth: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: str | None = None
    error: str | None = None
    model: str | None = None
    tool: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    note: str | None = None
    preview: dict[str, str] | None = None
    """The beginnings of `input` and `output`; None where whole contents were asked for."""
    content: Any = None
    """Whole messages, arguments and results, where they were asked for."""

    def __str__(self) -> str:
        """`5 tool run_tests, error: 2 failed`."""
        said = f"{self.number} {self.kind} {one_line(self.name, limit=80)}"
        if self.error:
            return f"{said}, error: {one_line(self.error, limit=120)}"
        return f"{said}, {one_line(self.note, limit=120)}" if self.note else said


class SpanLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the session's tree of spans.  Nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str = ""
    kind: str = "step"
    status: str = "unset"
    start_ns: int = 0
    end_ns: int | None = None
    """None while it is open."""
    agent: str | None = None
    tool: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    error: str | None = None
    partial: bool = False

    def __str__(self) -> str:
        """`tool run_tests, 1.2 s`."""
        took_s = None if self.end_ns is None else (self.end_ns - self.start_ns) / NS_PER_S
        return f"{self.kind} {one_line(self.name, limit=80)}, {duration(took_s)}"


class TreeNode(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the decision tree; `children` in the order of time."""

    id: str = ""
    kind: str = ""
    label: str = ""
    status: str = ""
    count: int = 1
    """How often, where equal parts were folded into one."""
    cost_usd: Decimal | None = None
    steps: tuple[int, ...] = ()
    children: tuple[TreeNode, ...] = ()


def read_as(kind: type[Told], told: Any) -> Told:
    """
    `told`, JSON of the API as bytes or as values, as a `kind`.

    Raises `QuarterdeckError` for what can't be one, with the place.
    """
    values = json.loads(bytes(told)) if isinstance(told, bytes | msgspec.Raw) else told
    try:
        return msgspec.convert(_readable(values), kind)
    except msgspec.ValidationError as error:
        raise QuarterdeckError(
            f"the server's answer is not a {kind.__name__}: {error}",
            hint="Is this package as new as the server?  pip install -U quarterdeck",
        ) from error


def _readable(value: Any, key: str = "") -> Any:
    """Digits of nanoseconds as a number; None for instants that no `datetime` can hold."""
    match value:
        case dict():
            return {name: _readable(inner, name) for name, inner in value.items()}
        case list():
            return [_readable(inner) for inner in value]
        case str() if key.endswith("_ns") and value.isdigit():
            return int(value)
        case str() if (key == "at" or key.endswith("_at")) and _ODD_INSTANT.fullmatch(value):
            return None
        case _:
            return value
