"""
A session: one task that one or more agents worked on, over one or many traces.

`Session` is what assembly makes of a session's spans and scores.  Its public JSON form is
made in one place, `assembly/record.py`, and has one shape everywhere (API, CLI, export).
"""

from decimal import Decimal
from typing import Literal

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.handoffs import Handoff
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Problem

SessionStatus = Literal["open", "waiting_for_human", "closed"]


class WorkflowRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str = ""
    version: str = ""
    digest: str = ""
    environment: str = ""


class ModelUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All calls of one model in one role.  Only billing leaves count."""

    model: str
    provider: str
    role: str
    """The agent's role, else its name, else ""."""
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    calls_without_usage: int
    """Calls whose tokens nobody told: the sums above leave them out."""
    cost_usd: Decimal | None
    """None if no call of it could be priced."""
    unpriced_calls: int


class ToolUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    tool: str
    calls: int
    errors: int
    denied: int
    """Refused by a person or a policy before it ran; not counted in `errors`."""


class AgentUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    agent: str
    role: str
    invocations: int
    model_calls: int
    tool_calls: int
    errors: int
    cost_usd: Decimal | None


class ErrorEpisode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Opens at a failed tool or model call; recovered when the same operation on the same
    target succeeds later in the session, or a declared fallback does.
    """

    operation: str
    """`tool:read_file` or `model:gpt-4o`."""
    target: str
    opened_ns: int
    trace_id: str
    span_id: str
    errors: int
    recovered_ns: int | None = None
    recovered_by: str = ""
    """The span id of the success; "" while open."""
    by_fallback: bool = False
    reason: str = ""
    """What the first failure said; "" if it said nothing."""


class Retry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    kind: Literal["retry", "fallback"]
    source: str
    """What was tried: a model, or `tool:<name>`."""
    target: str
    reason: str
    at_ns: int
    trace_id: str
    span_id: str
    """The later attempt."""
    count: int = 1
    """More than 1 where one span reports several retries inside itself."""
    earlier_trace_id: str = ""
    earlier_span_id: str = ""
    """The attempt before; empty where only the later one tells of it."""


class SessionCost(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    total_usd: Decimal | None = None
    """None if nothing could be priced; 0 only if every call is known to be free."""
    reported_usd: Decimal | None = None
    """What senders said: of the whole session where one of them told that, else of its calls."""
    computed_usd: Decimal | None = None
    priced_calls: int = 0
    unpriced_calls: int = 0
    wasted_usd: Decimal | None = None
    """Calls whose result was thrown away: failed attempts, retries; all of a failed session."""


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    session_id: str
    derived: bool = False
    """No id was sent: `session_id` is `trace:<trace id>` until one arrives."""
    external_id: str = ""
    """The id as sent, where it can't be used in a URL as it stands."""
    trace_ids: tuple[str, ...] = ()
    """By first span."""
    sub_sessions: tuple[str, ...] = ()
    """Other session ids seen in its traces (sub-agents' own)."""
    task: str = ""
    task_type: str = ""
    user: str = ""
    workflow: WorkflowRef = WorkflowRef()
    tags: tuple[str, ...] = ()
    started_ns: int = 0
    last_seen_ns: int = 0
    """The latest start or end of any span or act."""
    ended_ns: int | None = None
    """None unless closed."""
    status: SessionStatus = "open"
    outcome: Outcome = Outcome()
    span_count: int = 0
    step_count: int = 0
    open_spans: int = 0
    missing_parents: int = 0
    error_spans: int = 0
    models: tuple[ModelUse, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    agents: tuple[AgentUse, ...] = ()
    handoffs: tuple[Handoff, ...] = ()
    handoff_count: int = 0
    """Counts are complete; the lists beside them hold the first 500 of each."""
    interventions: tuple[Intervention, ...] = ()
    intervention_kinds: dict[str, int] = {}
    """Acts by kind, without the pending ones: nobody acted yet."""
    pending_interventions: int = 0
    waited_ns: int = 0
    """Time spent waiting for people, known waits only."""
    episodes: tuple[ErrorEpisode, ...] = ()
    episode_count: int = 0
    recovered_count: int = 0
    retries: tuple[Retry, ...] = ()
    retry_count: int = 0
    fallback_count: int = 0
    cost: SessionCost = SessionCost()
    units: dict[str, float] = {}
    scores: tuple[Score, ...] = ()
    quality: float | None = None
    """None until evaluators exist."""
    experiment: bool = False
    case: str = ""
    """The task of a suite that it is a trial of; "" = it is no trial."""
    trial: int | None = None
    expected_calls: int | None = None
    matched_calls: int | None = None
    """Of the tool calls that a test expected, how many were made: both or neither."""
    findings: tuple[Finding, ...] = ()
    """Contradictions and gaps in the data: each once, those of the whole session first."""
    finding_count: int = 0
    """Distinct ones; may exceed len(findings): only the first 100 are kept."""
    dialects: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0
    """May exceed len(problems): only the first 100 are kept."""
    dropped: int = 0


StepKind = Literal[
    "user", "agent", "model", "tool", "human", "handoff", "retrieval", "guardrail",
    "evaluation", "memory", "step", "outcome",
]  # fmt: skip


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A thing in a session at which a viewer can stop.  Numbered from 1, in time order."""

    number: int
    kind: StepKind
    name: str
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    agent: str = ""
    depth: int = 0
    start_ns: int = 0
    end_ns: int | None = None
    status: str = ""
    error: str = ""
    model: str = ""
    tool: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    note: str = ""
    """What happened in words, e.g. "retry of step 12", "approved by alice"."""


NodeKind = Literal[
    "start", "choice", "agent", "model", "tool", "retry", "fallback", "parallel", "loop",
    "handoff", "human", "retrieval", "guardrail", "evaluation", "memory", "step", "end",
]  # fmt: skip


class TreeNode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A node of a session's decision tree."""

    id: str
    kind: NodeKind
    label: str
    status: str = ""
    count: int = 1
    """How often, for a folded loop."""
    cost_usd: Decimal | None = None
    """Its own; of a loop the whole."""
    total_usd: Decimal | None = None
    """With everything below it."""
    verdict: str = ""
    """Of a person's act: what they decided; `pending` while nobody did."""
    left: bool = False
    """It was tried and given up: a later attempt took its place."""
    statuses: dict[str, int] = {}
    """Of a loop: how its rounds ended, each by the worst of its steps."""
    steps: tuple[int, ...] = ()
    """Step numbers it stands for."""
    children: tuple["TreeNode", ...] = ()
