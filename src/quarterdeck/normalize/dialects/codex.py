"""
OpenAI Codex: `codex.*` log records and the Rust runtime's traces (0.169).

A trace is the whole runtime, hundreds of spans a turn: the turn, the responses and the tools
are kept, the rest is bookkeeping.  A turn's usage is the sum of its responses' and never spend.
Records written inside a span complete that span.  Without tracing the records alone make one
flat trace a conversation, since they do not name their turn.  A decision about a tool is in no
span, so it always becomes one.  Counts include cached and reasoning tokens.
"""

from collections.abc import Mapping

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanDecision
from quarterdeck.model.spans import RawLog, RawMetric, Value
from quarterdeck.normalize.attributes import (
    count,
    flag,
    from_micros,
    milliseconds,
    object_of,
    session_id,
    text,
    word,
)
from quarterdeck.normalize.dialect import (
    ContentSource,
    Counted,
    Dialect,
    Draft,
    Ignored,
    Kind,
    KindSource,
    Lifted,
    LogReading,
    MetricReading,
    Recognizes,
    Source,
    Synthesized,
    UsageFamily,
)
from quarterdeck.normalize.synthesis import (
    event_of,
    flag_of,
    has_span,
    identity_of,
    number_of,
    session_of,
    span_of_log,
    span_of_metric,
    word_of,
)

AGENT = "codex"

_KINDS = {
    "session_task.turn": Kind("agent", "turn"),
    "run_turn": Kind("agent", "turn"),
    "handle_responses": Kind("model"),
    "codex.conversation_starts": Kind("step", "session_start"),
    "codex.user_prompt": Kind("agent", "turn"),
    "codex.sse_event": Kind("model"),
    "codex.api_request": Kind("model"),
    "codex.websocket_request": Kind("model"),
    "codex.tool_decision": Kind("human"),
    "codex.approval.requested": Kind("human"),
    "codex.tool_result": Kind("tool"),
    "codex.agent_communication": Kind("step", "handoff"),
    "codex.agent_response": Kind("step", "response"),
    "codex.guardian_assessment": Kind("guardrail"),
    "codex.compaction": Kind("step", "compaction"),
}
_TURNS = ("session_task.turn", "run_turn", "codex.user_prompt")

_DECISIONS: Mapping[str, HumanDecision] = {
    "timed_out": "timeout", "timedout": "timeout", "abort": "cancelled", "aborted": "cancelled",
}  # fmt: skip


def _decision(value: str) -> HumanDecision:
    spelled = value.lower()
    if spelled.startswith("approved"):
        return "approved"
    if spelled.startswith("denied"):
        return "rejected"
    return _DECISIONS.get(spelled, "none")


def _adjust(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    synthetic = name.startswith("codex.")
    if not synthetic:
        _keep_or_collapse(draft)
    kind = found["kind"]
    if kind == "human":
        _read_decision(draft)
    elif kind == "model":
        found.setdefault("provider", "openai")
    elif kind == "tool" and found.get("tool") == "spawn_agent":
        arguments = object_of(draft.attributes.get("arguments"))
        target = word_of(arguments, "agent_type", "agent_name", "name")
        found["handoff"] = HandoffHint(source=found.get("agent", ""), target=target, kind="spawns")
    if name == "codex.agent_communication" and word_of(draft.attributes, _PARENT):
        target = word_of(draft.attributes, "agent.type")
        found["handoff"] = HandoffHint(source=AGENT, target=target, kind="spawns")
    if kind == "agent" or (synthetic and kind in ("model", "tool", "human")):
        # No record names the agent, and records of one conversation are flat: say it on each.
        found["agent"] = word_of(draft.attributes, "agent.type") or AGENT


_PARENT = "parent.conversation.id"


def _keep_or_collapse(draft: Draft) -> None:
    """Turns, responses and tools of the runtime's trace; all else is a ghost."""
    found, attributes, name = draft.found, draft.attributes, draft.raw.name
    if name in _TURNS:
        return
    if any(event.name == "codex.tool_result" for event in draft.raw.events) or (
        "call_id" in attributes and "tool_name" in attributes
    ):
        found["kind"], found["subkind"] = "tool", ""
    elif "usage" in found and not found.get("usage_is_aggregate"):
        found["kind"], found["subkind"] = "model", ""
    elif found["kind"] not in ("tool", "agent"):
        found["kind"], found["ghost"] = "step", True


def _read_decision(draft: Draft) -> None:
    source = word_of(draft.attributes, "source").lower()
    draft.found["human"] = HumanAct(
        asked="approval",
        decision=_decision(word_of(draft.attributes, "decision")),
        auto=bool(source) and source != "user",
        call_id=draft.found.get("tool_call_id", ""),
        tool=draft.found.get("tool", ""),
    )


def _join_key(value: Value) -> tuple[str, ...] | None:
    found = session_id(value)
    return (f"codex:{found}",) if found else None


# -- log records ------------------------------------------------------------------------------

_SPANS = frozenset(_KINDS) - {"session_task.turn", "run_turn", "handle_responses"}
_ENDED = frozenset({"response.completed", "response.failed", "response.incomplete"})


def _read_log(log: RawLog) -> tuple[LogReading, ...] | None:
    name = log.event_name or word_of(log.attributes, "event.name")
    if not name.startswith("codex."):
        return None
    if name.startswith("codex.compaction"):
        name = "codex.compaction"
    if name not in _SPANS:
        return (Ignored("a Codex event that sessions do not need"),)
    kind = word_of(log.attributes, "event.kind")
    if name == "codex.sse_event" and kind not in _ENDED:
        return (Ignored("a chunk of a stream"),)
    failure = _failure(log, name, kind)
    if name in ("codex.api_request", "codex.websocket_request") and failure is None:
        return (Ignored("an attempt that worked: its response tells the rest"),)
    if has_span(log) and name not in ("codex.tool_decision", "codex.approval.requested"):
        return (Lifted(event_of(log, name=name)),)
    session = session_of(log.attributes, "conversation.id")
    if not session and not has_span(log):
        return (Ignored("names no conversation"),)
    call = word_of(log.attributes, "call_id")
    return (
        Synthesized(
            span_of_log(
                log,
                name=name,
                session=session,
                identity=call or identity_of(log),
                source="codex",
                error=failure,
            )
        ),
    )


def _failure(log: RawLog, name: str, kind: str) -> str | None:
    message = word_of(log.attributes, "error.message", "error")
    status = number_of(log.attributes, "http.response.status_code") or 0
    if name == "codex.tool_result":
        failed = flag_of(log.attributes, "success") is False
    elif name == "codex.sse_event":
        failed = kind == "response.failed"
    else:
        failed = bool(message) or status >= 400
    return (message or (f"status {status:.0f}" if status else "failed")) if failed else None


# -- metrics ----------------------------------------------------------------------------------

_COUNTED = {
    "input": "input_token_count",
    "output": "output_token_count",
}
"""Cached and reasoning tokens are parts of these."""


def _read_metric(metric: RawMetric) -> MetricReading | None:
    if not metric.name.startswith("codex."):
        return None
    counted: dict[str, Value] = {}
    if metric.name == "codex.turn.token_usage":
        key = _COUNTED.get(word_of(metric.attributes, "token_type", "type"))
        if key is not None:
            counted = {key: metric.value}
    elif metric.name == "codex.turn.cost_microusd":
        counted = {"codex.turn.cost_microusd": metric.value}
    if not counted:
        return Ignored("not needed by sessions")
    session = session_of(metric.attributes, "conversation.id", "session.id")
    if not session:
        return Ignored("names no session")
    return Counted(span_of_metric(metric, session=session, source="codex", attributes=counted))


DIALECT = Dialect(
    name="codex",
    framework="codex",
    recognizes=Recognizes(scopes=("codex",), names=("codex.",), keys=("codex.",)),
    kinds=(KindSource(5, "", _KINDS, gated=True),),
    sources=(
        Source("session_key", 100, "conversation.id", session_id, gated=True),
        Source("session_key", 101, "conversation_id", session_id, gated=True),
        Source("session_key", 102, "thread.id", session_id, gated=True),
        Source("join_keys", 10, "conversation.id", _join_key, gated=True),
        Source("join_keys", 11, _PARENT, _join_key, gated=True),
        Source("user", 110, "user.account_id", gated=True),
        Source("model_requested", 100, "model", gated=True),
        Source("provider", 80, "provider_name", gated=True),
        Source("tool", 40, "tool_name", gated=True),
        Source("tool_call_id", 65, "call_id", gated=True),
        Source("attempt", 20, "attempt", count, gated=True),
        Source("success", 40, "success", flag, gated=True),
        Source("error_message", 40, "error.message", gated=True),
        Source("time_to_first_token_ns", 50, "ttft_ms", milliseconds, gated=True),
        Source("environment", 50, "env", word, gated=True),
        Source("workflow_version", 50, "app.version", text, gated=True),
        Source("reported_usd", 80, "codex.turn.cost_microusd", from_micros, gated=True),
    ),
    usages=(
        UsageFamily(
            name="codex_response",
            rank=5,
            keys={
                "input_tokens": ("gen_ai.usage.input_tokens",),
                "output_tokens": ("gen_ai.usage.output_tokens",),
                "cache_read_tokens": ("gen_ai.usage.cache_read.input_tokens",),
                "cache_write_tokens": ("gen_ai.usage.cache_write.input_tokens",),
                "reasoning_tokens": ("codex.usage.reasoning_output_tokens",),
                "total_tokens": ("codex.usage.total_tokens",),
            },
            cache="inclusive",
            reasoning="inclusive",
            gated=True,
        ),
        UsageFamily(
            name="codex_event",
            rank=81,
            keys={
                "input_tokens": ("input_token_count",),
                "output_tokens": ("output_token_count",),
                "cache_read_tokens": ("cached_token_count",),
                "cache_write_tokens": ("cache_write_token_count",),
                "reasoning_tokens": ("reasoning_token_count",),
            },
            cache="inclusive",
            reasoning="inclusive",
            gated=True,
        ),
        UsageFamily(
            name="codex_turn",
            rank=200,
            keys={
                "input_tokens": ("codex.turn.token_usage.input_tokens",),
                "output_tokens": ("codex.turn.token_usage.output_tokens",),
                "cache_read_tokens": ("codex.turn.token_usage.cached_input_tokens",),
                "cache_write_tokens": ("codex.turn.token_usage.cache_write_input_tokens",),
                "reasoning_tokens": ("codex.turn.token_usage.reasoning_output_tokens",),
                "total_tokens": ("codex.turn.token_usage.total_tokens",),
            },
            cache="inclusive",
            reasoning="inclusive",
            aggregate=True,
            gated=True,
        ),
    ),
    contents=(
        ContentSource("input_messages", 166, "prompt", gated=True),
        ContentSource("arguments", 50, "arguments", gated=True),
        ContentSource("result", 110, "output", gated=True),
    ),
    lifts=("codex.tool_result", "codex.sse_event", "codex.user_prompt"),
    adjust=_adjust,
    read_log=_read_log,
    read_metric=_read_metric,
)
