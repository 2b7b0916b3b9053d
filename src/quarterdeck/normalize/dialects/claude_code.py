"""
Claude Code and the Claude Agent SDK: `claude_code.*` spans, log records and metrics (2.1.330).

Counts exclude cached tokens and are brought to inclusive ones here.  `session.id` stays the
same in sub-agents, while `gen_ai.conversation.id` is the sub-agent's own, so the first one is
the session.

A tool's execution is a span inside the tool's span: the same call, and the only one that tells
a failure.  The agent that talks to the user has no name of its own here.

With tracing on, records are written inside spans.  What a span says as well (the prompt, a
decision, an error) joins that span.  A call and a tool's result become spans of their own in
any case, because their records name the turn and not the call: the record of a call knows its
cost, the record of a tool knows whether it worked.  They carry the request id, or the tool call
id, and equal counts, by which assembly keeps one of the two.  Without tracing, the records
alone make one trace a session: a turn for every prompt, with calls, tools and decisions below.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanDecision
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent, RawLog, RawMetric, Value
from quarterdeck.normalize.attributes import (
    count,
    fingerprint,
    flag,
    is_hidden,
    milliseconds,
    money,
    object_of,
    texts,
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
    COST_IS_APART,
    event_of,
    flag_of,
    has_span,
    identity_of,
    session_of,
    span_id_for,
    span_of_log,
    span_of_metric,
    word_of,
)

_PREFIX = "claude_code."
MAIN_AGENT = "claude-code"
"""The name of the agent that talks to the user; Claude Code itself gives it none."""

_KINDS = {
    "interaction": Kind("agent", "turn"),
    "llm_request": Kind("model"),
    "tool": Kind("tool"),
    "tool.blocked_on_user": Kind("human"),
    "subagent.spawn": Kind("agent", "subagent"),
    "subagent": Kind("agent", "subagent"),
    "tool.execution": Kind("tool", "execution"),
    "compaction": Kind("step", "compaction"),
    "hook": Kind("step", "hook"),
    "mcp.rpc": Kind("step", "mcp"),
    "bash.subprocess": Kind("step", "process"),
    "assistant_response": Kind("step", "response"),
    "feedback_survey": Kind("evaluation"),
}


def _kind(value: str) -> Kind | None:
    return _KINDS.get(value.removeprefix(_PREFIX))


_DECISIONS: Mapping[str, HumanDecision] = {
    "accept": "approved", "reject": "rejected", "cancelled": "cancelled", "abort": "cancelled",
}  # fmt: skip

_AGENT_TOOLS = ("Agent", "Task")
_ANY_MCP_TOOL = "mcp_tool"


def _adjust(draft: Draft) -> None:
    kind = draft.found.get("kind")
    if draft.found.get("tool") == _ANY_MCP_TOOL:
        _name_mcp_tool(draft)
    if kind == "human":
        _read_decision(draft)
    elif kind == "tool":
        _read_delegation(draft)
    elif kind == "agent":
        named = word_of(draft.attributes, "gen_ai.agent.name", "agent.name", "agent_type")
        draft.found["agent"] = named or MAIN_AGENT
        if draft.raw.name == "claude_code.interaction":
            draft.found["subkind"] = "turn"
    elif kind == "evaluation":
        _read_feedback(draft)
    elif kind == "model" and not draft.found.get("response_id"):
        _identify(draft)
    # An async sub-agent's work hangs below the execution of the tool that started it.
    if "claude_code.subagent_completed" in {event.name for event in draft.raw.events}:
        draft.found["kind"], draft.found["subkind"] = "agent", "subagent"
        draft.found["agent"] = word_of(draft.attributes, "agent_type") or MAIN_AGENT
        draft.found.pop("tool", None)
    queued = [
        link.trace_id
        for link in draft.raw.links
        if link.attributes.get("link.type") == "queued_send"
    ]
    if queued:
        draft.found["linked_traces"] = (*draft.found.get("linked_traces", ()), *queued)
    if word_of(draft.attributes, "speed") == "fast":
        draft.found.setdefault("service_tier", "fast")


_COUNTED_BY = (
    "session.id", "model", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_creation_tokens", "ttft_ms",
)  # fmt: skip


def _identify(draft: Draft) -> None:
    """
    A call that came without a request id (a proxy's, a local server's) is known by its numbers.

    Its span and its record have the same ones, down to the milliseconds before the first token.
    """
    told = [draft.attributes.get(key) for key in _COUNTED_BY]
    if "usage" in draft.found and told[-1] is not None:
        draft.found["response_id"] = "claude_code:" + fingerprint(*map(str, told))


def _name_mcp_tool(draft: Draft) -> None:
    """Records call each tool of an MCP server the same; spans call it by its own name.  Which one
    it was stands in the parameters, of the span or of the record that joined it."""
    told = [draft.attributes.get("tool_parameters")]
    told += [event.attributes.get("tool_parameters") for event in draft.raw.events]
    for parameters in told:
        named = word_of(object_of(parameters), "mcp_tool_name")
        if named:
            draft.found["tool"] = named
            return


def _read_decision(draft: Draft) -> None:
    told = word_of(draft.attributes, "decision")
    source = word_of(draft.attributes, "source")
    decision = _DECISIONS.get(told, "none")
    if source == "user_abort":
        decision = "cancelled"
    raw = draft.raw
    waited = raw.end_ns - raw.start_ns if raw.end_ns > raw.start_ns else None
    draft.found["human"] = HumanAct(
        asked="approval",
        decision=decision,
        auto=bool(source) and not source.startswith("user"),
        waited_ns=waited,
        call_id=draft.found.get("tool_call_id", ""),
        tool=draft.found.get("tool", ""),
    )


def _read_delegation(draft: Draft) -> None:
    if draft.found.get("tool") not in _AGENT_TOOLS:
        return
    if _TRACED in draft.attributes:
        return  # the tool's own span is the one that hands over
    target = word_of(draft.attributes, "subagent_type")
    for key in ("tool_input", "tool_parameters"):
        target = target or word_of(object_of(_bare_input(draft.attributes.get(key))), *_TYPE_KEYS)
    draft.found["handoff"] = HandoffHint(target=target, kind="delegates")


_TYPE_KEYS = ("subagent_type", "agent_type")


def _bare_input(value: Value) -> Value:
    """The tool's arguments without the `[TOOL INPUT: name] ` before them."""
    if isinstance(value, str) and value.startswith("[TOOL INPUT: "):
        return value.partition("] ")[2]
    return value


def _read_feedback(draft: Draft) -> None:
    label = word_of(draft.attributes, "response")
    if not label:
        return
    draft.found["scores"] = (
        Score(
            name=word_of(draft.attributes, "survey_type") or "feedback_survey",
            scope="session",
            target_session_id=draft.found.get("session_key", ""),
            label=label,
            judge="human",
            at_ns=draft.raw.end_ns,
        ),
    )


def _tool_output(events: list[RawEvent]) -> Value:
    """What the tool gave back: its output, or the file's new content or diff."""
    for event in reversed(events):
        for key in ("output", "content", "diff"):
            value = event.attributes.get(key)
            if not is_hidden(value):
                return value
    return None


def _responses(events: list[RawEvent]) -> Value:
    answers = [e.attributes.get("response") for e in events]
    told = [answer for answer in answers if not is_hidden(answer)]
    return told[-1] if told else None


def _as(name: str) -> Any:
    """An arguments reader for spans that show only one detail of the arguments."""

    def read(value: Value) -> Value:
        return {name: value}

    return read


# -- log records ------------------------------------------------------------------------------

_LIFTED_IF_TRACED = frozenset(
    {
        "user_prompt", "tool_decision", "api_error", "api_refusal", "api_retries_exhausted",
        "assistant_response", "subagent_completed", "compaction",
    }
)  # fmt: skip

_SPAN_NAMES = {
    "api_request": "claude_code.llm_request",
    "api_error": "claude_code.llm_request",
    "api_refusal": "claude_code.llm_request",
    "tool_result": "claude_code.tool",
    "tool_decision": "claude_code.tool.blocked_on_user",
    "user_prompt": "claude_code.interaction",
    "subagent_completed": "claude_code.subagent",
    "assistant_response": "claude_code.assistant_response",
    "compaction": "claude_code.compaction",
    "feedback_survey": "claude_code.feedback_survey",
}


_TRACED = "quarterdeck.traced"
"""On a span made from a record whose call has a span of its own in the same trace."""


def _event_name(log: RawLog) -> str | None:
    """Without prefix; None if the record is not Claude Code's."""
    if log.event_name.startswith(_PREFIX):
        return log.event_name.removeprefix(_PREFIX)
    if isinstance(log.body, str) and log.body.startswith(_PREFIX):
        return log.body.removeprefix(_PREFIX)
    if log.resource.scope_name.startswith("com.anthropic.claude_code"):
        return log.event_name or word_of(log.attributes, "event.name")
    return None


def _read_log(log: RawLog) -> tuple[LogReading, ...] | None:
    name = _event_name(log)
    if name is None:
        return None
    if has_span(log) and name in _LIFTED_IF_TRACED:
        return (Lifted(event_of(log, name=_PREFIX + name)),)
    span_name = _SPAN_NAMES.get(name)
    if span_name is None:
        return (Ignored("a Claude Code event that sessions do not need"),)
    session = session_of(log.attributes, "session.id")
    if not session and not has_span(log):
        return (Ignored("names no session"),)
    if name == "feedback_survey" and log.attributes.get("event_type") != "responded":
        return (Ignored("a survey without an answer"),)
    return (
        Synthesized(
            span_of_log(
                log,
                name=span_name,
                session=session,
                identity=_identity(log, name),
                source="claude_code",
                parent=_parent(log, name, session),
                attributes={
                    "span.type": span_name.removeprefix(_PREFIX),
                    **({_TRACED: True} if has_span(log) else {}),
                },
                error=_failure(log, name),
            )
        ),
    )


def _identity(log: RawLog, name: str) -> str:
    """Of a turn and of a sub-agent: what others name as their parent; see `_parent`."""
    if name == "user_prompt":
        return _turn(log) or identity_of(log)
    if name == "subagent_completed":
        return word_of(log.attributes, "agent_id") or identity_of(log)
    request = word_of(log.attributes, "request_id")
    if name == "api_request" and request:
        return request
    call = word_of(log.attributes, "tool_use_id")
    return f"{name}:{call}" if call else identity_of(log)


def _turn(log: RawLog) -> str:
    return word_of(log.attributes, "prompt.id")


def _parent(log: RawLog, name: str, session: str) -> str:
    if name == "user_prompt" or name == "feedback_survey":
        return ""
    agent = word_of(log.attributes, "agent_id")
    above = word_of(log.attributes, "parent_agent_id")
    if name == "subagent_completed":
        agent = above
    if agent:
        return span_id_for("claude_code", session, _SPAN_NAMES["subagent_completed"], agent)
    if turn := _turn(log):
        return span_id_for("claude_code", session, _SPAN_NAMES["user_prompt"], turn)
    return ""


def _failure(log: RawLog, name: str) -> str | None:
    if name in ("api_error", "api_refusal") or flag_of(log.attributes, "success") is False:
        return word_of(log.attributes, "error", "error_type", "stop_reason") or name
    return None


# -- metrics ----------------------------------------------------------------------------------

_COUNTED = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
}
"""Type of token -> the attribute that spans and log records use for it."""


def _read_metric(metric: RawMetric) -> MetricReading | None:
    if not metric.name.startswith(_PREFIX):
        return None
    counted: dict[str, Value] = {}
    if metric.name == "claude_code.token.usage":
        key = _COUNTED.get(word_of(metric.attributes, "type"), "")
        if key.startswith("cache"):
            # Cached tokens stand beside the input here, and are part of it in our counts.
            counted = {"input_tokens": 0, key: metric.value}
        elif key:
            counted = {key: metric.value}
    elif metric.name == "claude_code.cost.usage":
        counted = {"cost_usd": metric.value}
    if not counted:
        return Ignored("not needed by sessions")
    session = session_of(metric.attributes, "session.id")
    if not session:
        return Ignored("names no session")
    counted["gen_ai.provider.name"] = "anthropic"
    if metric.name == "claude_code.token.usage":
        counted[COST_IS_APART] = True
    return Counted(
        span_of_metric(metric, session=session, source="claude_code", attributes=counted)
    )


DIALECT = Dialect(
    name="claude_code",
    framework="claude_code",
    recognizes=Recognizes(
        scopes=("com.anthropic.claude_code",), names=(_PREFIX,), keys=("claude_code.",)
    ),
    kinds=(
        KindSource(5, "span.type", read=_kind, gated=True),
        KindSource(5, "", read=_kind, gated=True),
    ),
    sources=(
        Source("agent", 105, "agent_type", gated=True),
        Source("agent_id", 20, "agent_id", gated=True),
        Source("model_requested", 100, "model", gated=True),
        Source("model_served", 50, "final_model", gated=True),
        Source("response_id", 20, "request_id", gated=True),
        Source("attempt", 20, "attempt", count, gated=True),
        Source("finish_reasons", 30, "stop_reason", texts, gated=True),
        Source("time_to_first_token_ns", 50, "ttft_ms", milliseconds, gated=True),
        Source("tool", 40, "tool_name", gated=True),
        Source("tool_call_id", 60, "tool_use_id", gated=True),
        Source("target", 20, "file_path", gated=True),
        Source("target", 30, "full_command", gated=True),
        Source("target", 40, "skill_name", gated=True),
        Source("success", 40, "success", flag, gated=True),
        Source("error_type", 20, "error_class", gated=True),
        Source("error_type", 25, "error_type", gated=True),
        Source("error_message", 40, "error", gated=True),
        Source("reported_usd", 70, "cost_usd", money, gated=True),
        Source("environment", 50, "env", word, gated=True),
    ),
    resource_sources=(Source("environment", 50, "env", word, gated=True),),
    usages=(
        UsageFamily(
            name="claude_code",
            rank=80,
            keys={
                "input_tokens": ("input_tokens",),
                "output_tokens": ("output_tokens",),
                "cache_read_tokens": ("cache_read_tokens",),
                "cache_write_tokens": ("cache_creation_tokens",),
                "cache_write_5m_tokens": ("cache_creation_5m_tokens",),
                "cache_write_1h_tokens": ("cache_creation_1h_tokens",),
            },
            cache="exclusive",
            reasoning="inclusive",
            gated=True,
        ),
    ),
    contents=(
        ContentSource("input_messages", 165, "user_prompt", gated=True),
        ContentSource("input_messages", 166, "prompt", gated=True),
        ContentSource("input_messages", 167, "new_context", gated=True),
        ContentSource("output_messages", 125, "response.model_output", gated=True),
        ContentSource("output_messages", 126, "response", gated=True),
        ContentSource(
            "output_messages", 127, read=_responses, events=("claude_code.assistant_response",),
            gated=True,
        ),
        ContentSource("arguments", 60, "tool_input", _bare_input, gated=True),
        ContentSource("arguments", 61, "tool_parameters", gated=True),
        ContentSource("arguments", 62, "full_command", _as("command"), gated=True),
        ContentSource("arguments", 63, "file_path", _as("file_path"), gated=True),
        ContentSource("arguments", 64, "subagent_type", _as("subagent_type"), gated=True),
        ContentSource("result", 60, read=_tool_output, events=("tool.output",), gated=True),
    ),
    lifts=(
        "claude_code.user_prompt", "claude_code.tool_decision", "claude_code.subagent_completed",
    ),
    adjust=_adjust,
    read_log=_read_log,
    read_metric=_read_metric,
)  # fmt: skip
