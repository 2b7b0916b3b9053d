"""Spans: lines of a session's tree, and one span with everything that was sent."""

from typing import Any, Literal

from quarterdeck.api.answers.answer import Answer, Cursor, Digits, Instant, Usd, left_out
from quarterdeck.api.answers.content import Content
from quarterdeck.api.answers.session import KnownSource, ProblemRead
from quarterdeck.model.handoffs import HandoffKind
from quarterdeck.model.interventions import HumanAsk, HumanDecision
from quarterdeck.model.outcomes import OutcomeLabel
from quarterdeck.model.scores import Judge, ScoreScope
from quarterdeck.model.spans import SpanKind, SpanStatus


class SpanRow(Answer):
    trace_id: str
    span_id: str
    parent_span_id: str
    """Empty: none was sent."""
    name: str
    kind: SpanKind
    status: SpanStatus
    start_ns: Digits
    end_ns: Digits | None
    agent: str = left_out()
    tool: str = left_out()
    model: str = left_out()
    input_tokens: int | None = left_out()
    """Left out where no usage was sent, null where this count was not in it."""
    output_tokens: int | None = left_out()
    cost_usd: Usd = left_out()
    error: str = left_out()
    partial: bool = left_out()


class SpanPage(Answer):
    session_id: str
    total: int
    spans: list[SpanRow]
    next_cursor: Cursor


class SpanUsage(Answer):
    """Counts nest: the cached ones are a part of `input_tokens`, reasoning of `output_tokens`."""

    input_tokens: int = left_out()
    output_tokens: int = left_out()
    cache_read_tokens: int = left_out()
    cache_write_tokens: int = left_out()
    cache_write_1h_tokens: int = left_out()
    reasoning_tokens: int = left_out()
    input_audio_tokens: int = left_out()
    output_audio_tokens: int = left_out()
    input_image_tokens: int = left_out()
    output_image_tokens: int = left_out()
    input_video_tokens: int = left_out()
    web_searches: int = left_out()


class SpanCharge(Answer):
    usd: Usd = left_out()
    """Left out: no price is known, which is not the same as free."""
    reported_usd: Usd = left_out()
    computed_usd: Usd = left_out()
    source: str = left_out()
    """`reported`, `project_override`, `genai_prices` or `litellm`."""
    price_version: str = left_out()
    price_rule: str = left_out()


class ToolAsked(Answer):
    name: str
    call_id: str = left_out()
    target: str = left_out()
    arguments_hash: str = left_out()


class SpanHandoff(Answer):
    source: str = left_out()
    target: str = left_out()
    kind: HandoffKind = left_out()
    """Left out: it hands off."""


class SpanHuman(Answer):
    asked: HumanAsk = left_out()
    """Left out: approval."""
    decision: HumanDecision = left_out()
    by: str = left_out()
    auto: bool = left_out()
    waited_ns: Digits = left_out()
    call_id: str = left_out()
    tool: str = left_out()
    question: str = left_out()
    answer: str = left_out()
    tentative: bool = left_out()


class SpanOutcome(Answer):
    label: OutcomeLabel = left_out()
    source: KnownSource = left_out()
    reason: str = left_out()
    author: str = left_out()
    at_ns: Digits = left_out()


class SpanScore(Answer):
    name: str
    scope: ScoreScope = left_out()
    """Left out: the span."""
    target_trace_id: str = left_out()
    target_span_id: str = left_out()
    target_response_id: str = left_out()
    target_session_id: str = left_out()
    value: float = left_out()
    label: str = left_out()
    explanation: str = left_out()
    judge: Judge = left_out()
    identifier: str = left_out()
    author: str = left_out()
    at_ns: Digits = left_out()


class SpanFinding(Answer):
    code: str
    message: str
    trace_id: str = left_out()
    span_id: str = left_out()
    count: int = left_out()


class SpanFacts(Answer):
    """One span in our words; what nobody told is left out."""

    trace_id: str
    span_id: str
    parent_span_id: str = left_out()
    name: str = left_out()
    span_name: str = left_out()
    kind: SpanKind
    subkind: str = left_out()
    start_ns: Digits = left_out()
    end_ns: Digits = left_out()
    started_at: Instant
    ended_at: Instant | None
    status: SpanStatus
    error_type: str = left_out()
    error_message: str = left_out()
    """At most 500 characters; whole in the raw span."""
    partial: bool = left_out()
    seen_ns: Digits = left_out()
    synthetic: bool = left_out()
    """Made by us from a log record."""
    ghost: bool = left_out()
    scope: str = left_out()
    framework: str = left_out()
    dialects: list[str] = left_out()
    agent: str = left_out()
    agent_role: str = left_out()
    agent_id: str = left_out()
    user: str = left_out()
    session_key: str = left_out()
    conversation_id: str = left_out()
    join_keys: list[str] = left_out()
    response_id: str = left_out()
    previous_response_id: str = left_out()
    linked_traces: list[str] = left_out()
    model_requested: str = left_out()
    model_served: str = left_out()
    provider: str = left_out()
    service_tier: str = left_out()
    usage: SpanUsage = left_out()
    usage_is_aggregate: bool = left_out()
    token_semantics: Literal["inclusive", "exclusive", "assumed"] = left_out()
    charge: SpanCharge = left_out()
    cost_usd: Usd | None
    time_to_first_token_ns: Digits = left_out()
    finish_reasons: list[str] = left_out()
    attempt: int = left_out()
    resends: int = left_out()
    requested: list[ToolAsked] = left_out()
    answered: list[str] = left_out()
    tool: str = left_out()
    tool_call_id: str = left_out()
    target: str = left_out()
    handoff: SpanHandoff = left_out()
    fallback_from: str = left_out()
    human: SpanHuman = left_out()
    guardrail_triggered: bool = left_out()
    workflow: str = left_out()
    workflow_version: str = left_out()
    workflow_digest: str = left_out()
    task: str = left_out()
    task_type: str = left_out()
    environment: str = left_out()
    tags: list[str] = left_out()
    outcome: SpanOutcome = left_out()
    scores: list[SpanScore] = left_out()
    units: dict[str, float] = left_out()
    experiment: bool = left_out()
    case: str = left_out()
    trial: int = left_out()
    expected_calls: int = left_out()
    matched_calls: int = left_out()
    recorded_session_usd: Usd = left_out()
    findings: list[SpanFinding] = left_out()
    dropped: int = left_out()
    problems: list[ProblemRead] = left_out()


class RawResource(Answer):
    attributes: dict[str, Any] = left_out()
    scope_name: str = left_out()
    scope_version: str = left_out()
    scope_attributes: dict[str, Any] = left_out()
    schema_url: str = left_out()


class RawEventShown(Answer):
    name: str
    time_ns: Digits = left_out()
    attributes: dict[str, Any] = left_out()


class RawLinkShown(Answer):
    trace_id: str
    span_id: str = left_out()
    attributes: dict[str, Any] = left_out()


class RawSpanShown(Answer):
    """As sent, in OTLP's words."""

    trace_id: str
    span_id: str
    parent_span_id: str = left_out()
    name: str = left_out()
    otlp_kind: int = left_out()
    start_ns: Digits = left_out()
    end_ns: Digits = left_out()
    status_code: int = left_out()
    status_message: str = left_out()
    attributes: dict[str, Any] = left_out()
    events: list[RawEventShown] = left_out()
    links: list[RawLinkShown] = left_out()
    dropped_attributes: int = left_out()
    dropped_events: int = left_out()
    dropped_links: int = left_out()
    resource: RawResource = left_out()


class SpanShown(Answer):
    span: SpanFacts
    content: Content
    raw: RawSpanShown
    explain: dict[str, str]
    """Field of `span` -> the attribute that gave it."""
    received_at: Instant
