"""
OpenClaw's `diagnostics-otel` plugin: `openclaw.*` spans and metrics (2026.9.6, 2026.4.29).

`model.usage` and `model.call` carry the same tokens: the call is billed, the other one counts
only where no call tells.  `openclaw.tokens.*` exclude cached tokens.  Spans name no session
and session keys are replaced by `unknown`, so a run is a session of its own unless the project
has a key.  A tool that policy refuses is blocked: no person did that.  A run is an agent's if it
names one.  The gateway's health (liveness, memory pressure, queues) is in traces of its own, which
no session shows.
"""

from quarterdeck.model.spans import RawMetric, SpanStatus, Value
from quarterdeck.normalize.attributes import (
    milliseconds,
    money,
    session_id,
    word,
)
from quarterdeck.normalize.dialect import (
    Counted,
    Dialect,
    Draft,
    Ignored,
    Kind,
    KindSource,
    MetricReading,
    Recognizes,
    Source,
    UsageFamily,
)
from quarterdeck.normalize.synthesis import session_of, span_of_metric, word_of

_PREFIX = "openclaw."
_AGENT_KEYS = ("openclaw.agent", "openclaw.agentId", "gen_ai.agent.name")

_KINDS = {
    "openclaw.model.call": Kind("model"),
    "openclaw.model.usage": Kind("step", "usage"),
    "openclaw.tool.execution": Kind("tool"),
    "openclaw.exec": Kind("step", "process"),
    "openclaw.harness.run": Kind("step", "harness"),
    "openclaw.run": Kind("agent", "turn"),
    "openclaw.context.assembled": Kind("step", "context"),
    "openclaw.message.processed": Kind("step", "message"),
    "openclaw.message.delivery": Kind("step", "message"),
    "openclaw.tool.loop": Kind("step", "loop"),
}

_HEALTH = (
    "openclaw.liveness", "openclaw.memory.", "openclaw.session.stuck", "openclaw.gateway.",
    "openclaw.webhook", "openclaw.queue.", "openclaw.telemetry.",
)  # fmt: skip

_OUTCOMES: dict[str, SpanStatus] = {
    "completed": "ok", "ok": "ok", "success": "ok", "error": "error", "failed": "error",
    "blocked": "blocked", "denied": "blocked", "aborted": "cancelled", "cancelled": "cancelled",
    "timeout": "error",
}  # fmt: skip


def _known_session(value: Value) -> str | None:
    found = session_id(value)
    return None if found is None or found.lower() == "unknown" else found


def _outcome(value: Value) -> SpanStatus | None:
    return _OUTCOMES.get(word(value) or "")


def _adjust(draft: Draft) -> None:
    found, raw = draft.found, draft.raw
    if raw.name == "openclaw.model.usage":
        found["kind"], found["subkind"] = "step", "usage"
        found["usage_is_aggregate"] = True
    elif raw.name == "openclaw.model.call":
        turn = word_of(draft.attributes, "openclaw.model_call.observation_unit") == "turn"
        # A turn of another coding agent, opaque to us: its usage is a running total.
        found["kind"] = "agent" if turn else "model"
        if turn:
            found["usage_is_aggregate"] = True
    if found["kind"] == "agent" and not word_of(draft.attributes, *_AGENT_KEYS):
        # A run that does not say whose it is: a turn, of nobody we could name.
        found["kind"], found["subkind"] = "step", "turn"
        found.pop("agent", None)
    if word_of(draft.attributes, "openclaw.deniedReason"):
        found["status_word"] = "blocked"
    elif found.get("status_word") == "ok" and found["kind"] == "step":
        # A child process that ended, whatever its exit code, is no success of a step.
        found.pop("status_word")
    alone = not raw.parent_span_id
    if raw.name.startswith(_HEALTH) or raw.name == "openclaw.harness.run":
        found["ghost"] = True
    elif raw.name == "openclaw.exec" and alone:
        # This version gives each process a trace of its own, which nothing joins to its tool.
        found["ghost"] = True


_COUNTED = {"openclaw.cost.usd": "openclaw.cost.usd"}


def _read_metric(metric: RawMetric) -> MetricReading | None:
    if not metric.name.startswith(_PREFIX):
        return None
    key = _COUNTED.get(metric.name)
    failover = metric.name == "openclaw.model.failover"
    if key is None and not failover:
        return Ignored("not needed by sessions")
    session = session_of(metric.attributes, "openclaw.sessionId", "openclaw.sessionKey")
    if not session or session.lower() == "unknown":
        return Ignored("names no session")
    counted: dict[str, Value] = {key: metric.value} if key else {}
    return Counted(span_of_metric(metric, session=session, source="openclaw", attributes=counted))


DIALECT = Dialect(
    name="openclaw",
    framework="openclaw",
    recognizes=Recognizes(scopes=("openclaw",), names=(_PREFIX,), keys=(_PREFIX,)),
    kinds=(KindSource(6, "", _KINDS, gated=True),),
    sources=(
        Source("session_key", 130, "openclaw.sessionId", _known_session),
        Source("session_key", 131, "openclaw.sessionKey", _known_session),
        Source("agent", 100, "openclaw.agent"),
        Source("agent", 101, "openclaw.agentId"),
        Source("agent_id", 30, "openclaw.agentId"),
        Source("model_requested", 130, "openclaw.model"),
        Source("provider", 80, "openclaw.provider"),
        Source("fallback_from", 20, "openclaw.failover.fromModel"),
        Source("fallback_from", 21, "openclaw.fromModel"),
        Source("tool", 70, "openclaw.toolName"),
        Source("tool_call_id", 80, "openclaw.toolCallId"),
        Source("status_word", 80, "openclaw.outcome", _outcome),
        Source("error_type", 60, "openclaw.errorCategory"),
        Source("error_type", 61, "openclaw.failureKind"),
        Source("error_message", 60, "openclaw.deniedReason"),
        Source("error_message", 61, "openclaw.error"),
        Source(
            "time_to_first_token_ns", 80, "openclaw.model_call.time_to_first_byte_ms", milliseconds
        ),
        Source("reported_usd", 90, "openclaw.cost.usd", money),
    ),
    usages=(
        UsageFamily(
            name="openclaw",
            rank=100,
            keys={
                "input_tokens": ("openclaw.tokens.input",),
                "output_tokens": ("openclaw.tokens.output",),
                "cache_read_tokens": ("openclaw.tokens.cache_read",),
                "cache_write_tokens": ("openclaw.tokens.cache_write",),
                "total_tokens": ("openclaw.tokens.total",),
            },
            cache="exclusive",
        ),
    ),
    adjust=_adjust,
    read_metric=_read_metric,
)
