"""
Spans: one as its sender spelled it, and the same one in our words.

`RawSpan`, `RawLog` and `RawMetric` are OTLP without the encoding: what `receive` decodes and
what is stored verbatim, so that a better dialect can be run again over it.  `Span` is what
`normalize` makes of it: the facts that sessions are built from, without content.  `Content`
is the heavy rest (messages, arguments, results), made on demand from the raw span.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.messages import Message
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.model.usage import Charge, Usage

Value = Any
"""An attribute's value: str, bool, int, float, list, dict with str keys, or None.

Bytes arrive as {"bytes": "<base64>"}; ints keep 64 bits.
"""

SpanKind = Literal[
    "agent", "model", "tool", "retrieval", "human", "guardrail", "evaluation", "memory",
    "step", "session",
]  # fmt: skip
"""`session` is for spans that cover a whole conversation (AgentOps, LiveKit): not a step."""

SpanStatus = Literal["ok", "error", "cancelled", "blocked", "interrupted", "unset"]


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Something that could not be read: shown on the session, never raised."""

    key: str
    """The attribute, or the place."""
    message: str
    """What was expected and what came, e.g. "expected a count, got 'many'"."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The process and the instrumentation library that sent a span; shared by many."""

    attributes: dict[str, Value] = {}
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: dict[str, Value] = {}
    schema_url: str = ""


class RawEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    time_ns: int = 0
    attributes: dict[str, Value] = {}


class RawLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    trace_id: str
    span_id: str = ""
    attributes: dict[str, Value] = {}


class RawSpan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str = ""
    otlp_kind: int = 0
    """OTLP's SpanKind number; unreliable (AutoGen marks in-process agents CLIENT)."""
    start_ns: int = 0
    end_ns: int = 0
    """0 = not ended."""
    status_code: int = 0
    """OTLP: 0 unset, 1 ok, 2 error."""
    status_message: str = ""
    attributes: dict[str, Value] = {}
    events: tuple[RawEvent, ...] = ()
    links: tuple[RawLink, ...] = ()
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
    resource: Resource = Resource()


class RawLog(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A log record.  `event_name` is OTLP's, else attribute `event.name`, else ""."""

    time_ns: int
    observed_ns: int = 0
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    severity: int = 0
    body: Value = None
    attributes: dict[str, Value] = {}
    resource: Resource = Resource()


class RawMetric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One data point of a metric: a sum's or a gauge's value, a histogram's sum and count."""

    name: str
    unit: str = ""
    start_ns: int = 0
    time_ns: int = 0
    value: float | int = 0
    count: int = 0
    monotonic: bool = False
    temporality: int = 0
    """OTLP: 1 delta, 2 cumulative, 0 not told."""
    attributes: dict[str, Value] = {}
    resource: Resource = Resource()


class Span(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    One unit of work, in our words.  Everything that assembly needs, nothing heavy.

    "" and () mean "not told"; None means the same for numbers, where 0 is a number.
    """

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str = ""
    """For display: the tool, the agent, or the OTLP name."""
    span_name: str = ""
    """The OTLP name, a low-cardinality grouping key."""
    kind: SpanKind = "step"
    subkind: str = ""
    """turn, workflow, chain, embedding, rerank, plan, handoff, http, db, mcp, …; of a step also
    `stated` (its sender calls it one) and `total` (its tokens are those of several calls)."""
    start_ns: int = 0
    end_ns: int | None = None
    """None while open (a partial span)."""
    status: SpanStatus = "unset"
    error_type: str = ""
    error_message: str = ""
    """At most 500 characters; whole in the raw span."""
    partial: bool = False
    """Sent at its start, to be completed later by the same id."""
    seen_ns: int | None = None
    """Of a partial span, when its sender last saw it open: a sign of life."""
    synthetic: bool = False
    """Made by us from a log record: there was no span."""
    ghost: bool = False
    """Dialect bookkeeping that no reader should see (a pending span, `workflow.build`)."""
    scope: str = ""
    framework: str = ""
    dialects: tuple[str, ...] = ()
    """Which dialects recognized it, in precedence order."""

    # who
    agent: str = ""
    """The agent that ran this, if the span itself says so; inheritance is assembly's work."""
    agent_role: str = ""
    agent_id: str = ""
    user: str = ""

    # which session
    session_key: str = ""
    """Explicit session id (`session.id` and its peers), or "" if none was sent."""
    conversation_id: str = ""
    """`gen_ai.conversation.id`; a sub-agent may have its own."""
    join_keys: tuple[str, ...] = ()
    """Traces that share one belong to one session, e.g. `team:<uuid>`, `litellm:<id>`."""
    response_id: str = ""
    previous_response_id: str = ""
    linked_traces: tuple[str, ...] = ()
    """Other traces that this span continues (links that join sessions, not all links)."""

    # what
    model_requested: str = ""
    model_served: str = ""
    provider: str = ""
    service_tier: str = ""
    usage: Usage | None = None
    usage_is_aggregate: bool = False
    """The sender says that these tokens are a total of other spans, not spend of this one."""
    token_semantics: str = ""
    """`inclusive`, `exclusive` (both certain) or `assumed`: how the sender counted cache."""
    charge: Charge | None = None
    time_to_first_token_ns: int | None = None
    finish_reasons: tuple[str, ...] = ()
    attempt: int | None = None
    """1 = the first try; None = not told."""
    resends: int = 0
    """Retries inside this one span (`http.request.resend_count`)."""
    input_hash: str = ""
    """Hash of the whole input: equal inputs make an attempt group."""
    last_message_hash: str = ""
    output_hash: str = ""
    requested: tuple[ToolRequest, ...] = ()
    """Tool calls in a model's output."""
    answered: tuple[str, ...] = ()
    """Call ids whose results are in a model's input (the last 64)."""
    tool: str = ""
    tool_call_id: str = ""
    arguments_hash: str = ""
    target: str = ""
    """What a tool acted on (a path, a query, a command), for error episodes; "" = unknown."""
    handoff: HandoffHint | None = None
    fallback_from: str = ""
    """The model that was tried before, where the span itself says so."""
    human: HumanAct | None = None
    guardrail_triggered: bool | None = None

    # what for
    workflow: str = ""
    workflow_version: str = ""
    workflow_digest: str = ""
    task: str = ""
    task_type: str = ""
    environment: str = ""
    tags: tuple[str, ...] = ()
    outcome: Outcome | None = None
    scores: tuple[Score, ...] = ()
    units: dict[str, float] = {}
    """Work done: name -> amount, from `quarterdeck.units.*`."""
    experiment: bool = False
    """From an evaluation or dataset run: kept out of production figures."""
    case: str = ""
    """The task of a suite that the session is a trial of, the same for all its trials."""
    trial: int | None = None
    """Which trial, from 0."""
    expected_calls: int | None = None
    matched_calls: int | None = None
    """Of the tool calls that a test expected, how many were made: both or neither."""
    recorded_session_usd: Decimal | None = None
    """What the source says the whole session cost, on a span of kind `session`: no charge."""
    findings: tuple[Finding, ...] = ()
    """Without trace and span: they are this span's."""
    dropped: int = 0
    """Attributes, events and links that the sender's SDK dropped."""
    parts: int = 0
    """From how many things that a client said of it this was made, where it was made from such:
    more parts replace fewer."""
    problems: tuple[Problem, ...] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a span saw and gave back.  Hostile text: never HTML, never fetched."""

    instructions: tuple[Message, ...] = ()
    input_messages: tuple[Message, ...] = ()
    output_messages: tuple[Message, ...] = ()
    input: Value = None
    """For spans whose input is not a list of messages; also a tool's arguments."""
    output: Value = None
    """The same for output; a tool's result."""
    tool_definitions: tuple[Value, ...] = ()
    metadata: dict[str, Value] = {}
    truncated: bool = False
    """Some JSON was cut by the sender's limits."""
    references: tuple[str, ...] = ()
    """Where the sender stored content elsewhere.  Shown, never fetched."""


def has_ended(span: Span) -> bool:
    return span.end_ns is not None and not span.partial


def usd(span: Span) -> Decimal | None:
    return span.charge.usd if span.charge is not None else None
