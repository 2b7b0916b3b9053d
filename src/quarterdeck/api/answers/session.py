"""One session's record: what `assembly/record.py` writes, in the API, the CLI and exports."""

from typing import Literal

from pydantic import Field

from quarterdeck.api.answers.answer import Answer, Instant, Usd
from quarterdeck.model.handoffs import HandoffKind
from quarterdeck.model.interventions import HumanDecision, InterventionKind
from quarterdeck.model.outcomes import OutcomeLabel
from quarterdeck.model.scores import Judge, ScoreScope
from quarterdeck.model.sessions import SessionStatus

KnownSource = Literal["agent", "human", "evaluator", "rule"]


class SessionWorkflow(Answer):
    name: str | None
    version: int | str | None
    """A number where we counted it, else the sender's own text."""
    digest: str | None
    environment: str | None


class ModelUsed(Answer):
    """All calls of one model in one role.  Tokens are null where nobody told any."""

    model: str
    provider: str | None
    role: str | None
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    calls_without_usage: int
    cost_usd: Usd | None
    unpriced_calls: int


class ToolUsed(Answer):
    tool: str
    calls: int
    errors: int
    denied: int


class AgentUsed(Answer):
    agent: str
    role: str | None
    invocations: int
    model_calls: int
    tool_calls: int
    errors: int
    cost_usd: Usd | None


class HandoffShown(Answer):
    from_: str = Field(alias="from")
    to: str | None
    kind: HandoffKind
    at: Instant
    trace_id: str
    span_id: str


class InterventionCounts(Answer):
    count: int
    by_kind: dict[InterventionKind, int]
    pending: int
    waited_s: float | None


class InterventionShown(Answer):
    kind: InterventionKind
    at: Instant
    waited_s: float | None
    decision: HumanDecision
    by: str | None
    agent: str | None
    tool: str | None
    call_id: str | None
    question: str | None
    answer: str | None
    pending: bool
    trace_id: str
    span_id: str
    """Empty for an act that was reported and that no span shows."""


class OutcomeShown(Answer):
    label: OutcomeLabel
    source: KnownSource | None
    reason: str | None
    author: str | None


class CostShown(Answer):
    total_usd: Usd | None
    reported_usd: Usd | None
    computed_usd: Usd | None
    priced_calls: int
    unpriced_calls: int
    unpriced_share: float | None
    """Of 1; null without calls."""
    wasted_usd: Usd | None


class Quality(Answer):
    score: float | None
    parts: dict[str, float]


class EpisodeShown(Answer):
    operation: str
    target: str | None
    opened_at: Instant
    errors: int
    reason: str | None
    recovered_at: Instant | None
    recovered_by: str | None
    by_fallback: bool
    trace_id: str
    span_id: str


class AttemptShown(Answer):
    kind: Literal["retry", "fallback"]
    from_: str = Field(alias="from")
    to: str
    reason: str
    count: int
    at: Instant
    trace_id: str
    span_id: str


class ScoreShown(Answer):
    name: str
    scope: ScoreScope
    value: float | None
    label: str | None
    explanation: str | None
    judge: Judge
    identifier: str | None
    author: str | None
    at: Instant
    trace_id: str | None
    span_id: str | None


class ExpectedCalls(Answer):
    count: int
    matched: int


class FindingShown(Answer):
    code: str
    message: str
    count: int
    trace_id: str | None
    span_id: str | None


class ProblemRead(Answer):
    """Something that could not be read."""

    key: str
    message: str


class SessionRecord(Answer):
    """Lists hold the first 500 entries (findings and problems 100); the counts are complete."""

    session_id: str
    external_id: str | None
    """The id as sent, where it can't stand in an address."""
    derived: bool
    """No id was sent."""
    status: SessionStatus
    task: str | None
    task_type: str | None
    user: str | None
    started_at: Instant
    ended_at: Instant | None
    last_seen_at: Instant
    duration_s: float
    workflow: SessionWorkflow
    models_used: list[ModelUsed]
    tool_calls: list[ToolUsed]
    agents: list[AgentUsed]
    handoffs: list[HandoffShown]
    handoff_count: int
    human_interventions: InterventionCounts
    interventions: list[InterventionShown]
    outcome: OutcomeShown
    cost: CostShown
    quality: Quality
    error_episodes: int
    recovered: int
    episodes: list[EpisodeShown]
    retries: int
    fallbacks: int
    attempts: list[AttemptShown]
    units: dict[str, float]
    tags: list[str]
    scores: list[ScoreShown]
    experiment: bool
    case: str | None
    trial: int | None
    expected_calls: ExpectedCalls | None
    data_findings: list[FindingShown]
    data_finding_count: int
    trace_ids: list[str]
    sub_sessions: list[str]
    span_count: int
    step_count: int
    open_spans: int
    missing_parents: int
    error_spans: int
    frameworks: list[str]
    dialects: list[str]
    problems: list[ProblemRead]
    problem_count: int
    dropped: int
