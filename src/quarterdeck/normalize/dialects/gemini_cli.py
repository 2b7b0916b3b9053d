"""
Gemini CLI: `gemini_cli.*` log records, and spans when its developer tracing is on (0.61).

Its output counts exclude thoughts; tokens of tool prompts stand beside the input.  A tool
call's record also tells who allowed it: a person's choice becomes a span of its own, beside
the tool's.
"""

from collections.abc import Mapping

from quarterdeck.model.interventions import HumanAct, HumanDecision
from quarterdeck.model.spans import RawLog, Value
from quarterdeck.normalize.attributes import flag, session_id
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Ignored,
    Kind,
    KindSource,
    Lifted,
    LogReading,
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
    word_of,
)

_PREFIX = "gemini_cli."
AGENT = "gemini-cli"
_DECISION = "gemini_cli.tool_call.decision"

_KINDS = {
    "gemini_cli.user_prompt": Kind("agent", "turn"),
    "gemini_cli.api_response": Kind("model"),
    "gemini_cli.api_error": Kind("model"),
    "gemini_cli.tool_call": Kind("tool"),
    _DECISION: Kind("human"),
    "gemini_cli.agent.finish": Kind("agent", "subagent"),
    "gemini_cli.flash_fallback": Kind("step", "fallback"),
    "gemini_cli.model_routing": Kind("step", "routing"),
    "gemini_cli.chat_compression": Kind("step", "compaction"),
}

_DECISIONS: Mapping[str, HumanDecision] = {
    "accept": "approved", "auto_accept": "approved", "reject": "rejected", "modify": "modified",
}  # fmt: skip

_ON_SPANS = frozenset(
    {"gemini_cli.user_prompt", "gemini_cli.api_response", "gemini_cli.api_error",
     "gemini_cli.tool_call", "gemini_cli.agent.finish"}
)  # fmt: skip
"""With developer tracing on, spans of their own say the same."""


def _adjust(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    kind = found["kind"]
    decision = word_of(draft.attributes, "decision")
    if kind == "human":
        found["human"] = HumanAct(
            asked="approval",
            decision=_DECISIONS.get(decision, "none"),
            auto=decision.startswith("auto"),
            call_id=found.get("tool_call_id", ""),
            tool=found.get("tool", ""),
        )
    elif kind == "tool" and decision == "reject":
        # The person said no: the tool never ran.
        found["status_word"] = "blocked"
    elif kind == "model":
        found.setdefault("provider", "gcp.gemini")
    if name.startswith(_PREFIX) and kind in ("agent", "model", "tool", "human"):
        found["agent"] = word_of(draft.attributes, "agent_name") or AGENT


def _read_log(log: RawLog) -> tuple[LogReading, ...] | None:
    name = log.event_name or word_of(log.attributes, "event.name")
    if not name.startswith(_PREFIX):
        return None
    if name not in _KINDS:
        return (Ignored("a Gemini CLI event that sessions do not need"),)
    session = session_of(log.attributes, "session.id")
    if not session and not has_span(log):
        return (Ignored("names no session"),)
    readings: list[LogReading] = []
    if has_span(log) and name in _ON_SPANS:
        readings.append(Lifted(event_of(log, name=name)))
    else:
        readings.append(_span(log, name, session))
    if name == "gemini_cli.tool_call" and word_of(log.attributes, "decision") in _DECISIONS:
        readings.append(_span(log, _DECISION, session))
    return tuple(readings)


def _span(log: RawLog, name: str, session: str) -> Synthesized:
    extra: dict[str, Value] = {}
    tools = number_of(log.attributes, "tool_token_count")
    given = number_of(log.attributes, "input_token_count")
    if tools and given is not None:
        extra["gemini_cli.all_input_token_count"] = round(given + tools)
    return Synthesized(
        span_of_log(
            log,
            name=name,
            session=session,
            identity=identity_of(log),
            source="gemini_cli",
            attributes=extra,
            error=None if name == _DECISION else _failure(log, name),
        )
    )


def _failure(log: RawLog, name: str) -> str | None:
    if name == "gemini_cli.api_error" or flag_of(log.attributes, "success") is False:
        return word_of(log.attributes, "error", "error_message", "error_type") or "failed"
    return None


DIALECT = Dialect(
    name="gemini_cli",
    framework="gemini_cli",
    recognizes=Recognizes(scopes=("gemini-cli", "gemini_cli"), names=(_PREFIX,), keys=(_PREFIX,)),
    kinds=(KindSource(5, "", _KINDS, gated=True),),
    sources=(
        Source("session_key", 120, "session_id", session_id, gated=True),
        Source("agent", 60, "agent_name", gated=True),
        Source("model_requested", 100, "model", gated=True),
        Source("tool", 50, "function_name", gated=True),
        Source("tool_call_id", 65, "call_id", gated=True),
        Source("success", 40, "success", flag, gated=True),
        Source("error_type", 30, "error_type", gated=True),
        Source("error_message", 40, "error", gated=True),
    ),
    usages=(
        UsageFamily(
            name="gemini_cli",
            rank=82,
            keys={
                "input_tokens": ("gemini_cli.all_input_token_count", "input_token_count"),
                "output_tokens": ("output_token_count",),
                "cache_read_tokens": ("cached_content_token_count",),
                "reasoning_tokens": ("thoughts_token_count",),
            },
            cache="inclusive",
            reasoning="exclusive",
            gated=True,
        ),
    ),
    contents=(
        ContentSource("input_messages", 166, "prompt", gated=True),
        ContentSource("output_messages", 126, "response_text", gated=True),
        ContentSource("arguments", 51, "function_args", gated=True),
    ),
    lifts=("gemini_cli.tool_call",),
    adjust=_adjust,
    read_log=_read_log,
)
