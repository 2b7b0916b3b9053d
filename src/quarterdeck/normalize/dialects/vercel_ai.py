"""
Vercel AI SDK: version 7's OpenTelemetry form (scope `gen_ai`) and the older one (scope `ai`).

In the older form only `*.doGenerate` and `*.doStream` are calls; the spans around them repeat
their usage.  In both, an approval shows only as bare parts in the next run's input.
"""

from typing import Any

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.messages import GenericPart, Message
from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    decode_json,
    milliseconds,
    session_id,
    texts,
)
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
    UsageFamily,
)
from quarterdeck.normalize.messages import read_messages

_OUTER = ("ai.generatetext", "ai.streamtext", "ai.generateobject", "ai.streamobject")


def _operation(spelled: str) -> Kind | None:
    head = spelled.split(" ", 1)[0]
    if head.endswith((".dogenerate", ".dostream")):
        return Kind("model")
    if head.endswith(".doembed"):
        return Kind("model", "embedding")
    if head.startswith("ai.rerank"):
        return Kind("retrieval", "rerank")
    if head == "ai.toolcall":
        return Kind("tool")
    if head in _OUTER:
        return Kind("step", "turn")
    if head.startswith("ai."):
        return Kind("step", "", generic=True)
    return None


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    operation = attributes.get("ai.operationId")
    if isinstance(operation, str) and operation.lower() in _OUTER:
        found["usage_is_aggregate"] = "usage" in found
        if _has_steps(attributes):
            found["kind"] = "agent"
            function = attributes.get("ai.telemetry.functionId")
            if isinstance(function, str) and function:
                found.setdefault("agent", function[:200])
    if found["kind"] == "agent":
        _approval(draft)


def _has_steps(attributes: dict[str, Value]) -> bool:
    """An agent calls tools or takes several steps; one plain generation is a step."""
    if attributes.get("ai.response.toolCalls"):
        return True
    steps = attributes.get("ai.settings.maxSteps")
    return type(steps) is int and steps > 1


def _approval(draft: Draft) -> None:
    """
    The run after an approval: its input has the question and the answer as bare parts.

    Neither says yes or no: that the tool runs in this trace says so, and assembly sees that.
    """
    given = draft.attributes.get("gen_ai.input.messages") or draft.attributes.get("ai.prompt")
    if isinstance(given, str) and "approval" not in given:
        return
    messages = read_messages(given).messages
    if any("tool_approval_response" in _bare(message) for message in messages):
        draft.found.setdefault("human", HumanAct(asked="approval", decision="none"))


def _bare(message: Message) -> set[str]:
    return {
        part.generic_type.replace("-", "_")
        for part in message.parts
        if isinstance(part, GenericPart)
    }


def _first_chunk(draft: Draft, event: RawEvent) -> None:
    try:
        waited = milliseconds(event.attributes.get("ai.stream.msToFirstChunk"))
    except Unreadable as unreadable:
        draft.problem("ai.stream.msToFirstChunk", str(unreadable))
        return
    if waited is not None:
        draft.found.setdefault("time_to_first_token_ns", waited)


def _response(flat: dict[str, Value]) -> list[dict[str, Any]] | None:
    """Text, reasoning, tool calls and object of one answer, one attribute each."""
    parts: list[dict[str, Any]] = []
    reasoning = flat.get("reasoning")
    if isinstance(reasoning, str) and reasoning:
        parts.append({"type": "reasoning", "content": reasoning})
    answer = flat.get("text")
    if isinstance(answer, str) and answer:
        parts.append({"type": "text", "content": answer})
    calls = decode_json(flat.get("toolCalls"))
    if isinstance(calls, list):
        parts.extend({**call, "type": "tool_call"} for call in calls if isinstance(call, dict))
    made = flat.get("object")
    if made is not None and not parts:
        parts.append({"type": "text", "content": made if isinstance(made, str) else str(made)})
    if not parts:
        return None
    reason = flat.get("finishReason")
    return [{"role": "assistant", "parts": parts, "finish_reason": reason or ""}]


_USAGE = "ai.usage."

DIALECT = Dialect(
    name="vercel_ai",
    framework="vercel_ai",
    recognizes=Recognizes(
        keys=(
            "ai.operationId", "ai.model.", "ai.usage.", "ai.toolCall.", "ai.prompt",
            "ai.response.", "ai.telemetry.", "ai.settings.",
        ),
        scope_names=("ai", "gen_ai"),
    ),
    sources=(
        Source("session_key", 70, "ai.telemetry.metadata.sessionId", session_id),
        Source("session_key", 71, "ai.settings.context.sessionId", session_id),
        Source("session_key", 72, "ai.settings.context.session.id", session_id),
        Source("session_key", 73, "ai.settings.context.threadId", session_id),
        Source("user", 50, "ai.telemetry.metadata.userId"),
        Source("user", 51, "ai.settings.context.userId"),
        Source("model_requested", 50, "ai.model.id"),
        Source("model_served", 40, "ai.response.model"),
        Source("provider", 50, "ai.model.provider"),
        Source("response_id", 50, "ai.response.id"),
        Source("finish_reasons", 50, "ai.response.finishReason", texts),
        Source("time_to_first_token_ns", 30, "ai.response.msToFirstChunk", milliseconds),
        Source("tool", 30, "ai.toolCall.name"),
        Source("tool_call_id", 50, "ai.toolCall.id"),
        Source("workflow", 80, "ai.telemetry.functionId"),
        Source("task_type", 35, "ai.telemetry.metadata.task_type"),
        Source("tags", 60, "ai.telemetry.metadata.tags", texts),
    ),
    kinds=(KindSource(8, "ai.operationId", {}, _operation),),
    usages=(
        UsageFamily(
            name="ai.usage",
            rank=40,
            keys={
                "input_tokens": (_USAGE + "inputTokens", _USAGE + "promptTokens",
                                 _USAGE + "tokens"),
                "output_tokens": (_USAGE + "outputTokens", _USAGE + "completionTokens"),
                "total_tokens": (_USAGE + "totalTokens",),
                "cache_read_tokens": (_USAGE + "inputTokenDetails.cacheReadTokens",
                                      _USAGE + "cachedInputTokens"),
                "cache_write_tokens": (_USAGE + "inputTokenDetails.cacheWriteTokens",),
                "reasoning_tokens": (_USAGE + "reasoningTokens",
                                     _USAGE + "outputTokenDetails.reasoningTokens"),
            },
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 60, "ai.prompt.messages"),
        ContentSource("input_messages", 70, "ai.prompt"),
        ContentSource("output_messages", 60, "ai.response.", _response, group=True),
        ContentSource("output_messages", 65, "ai.result.", _response, group=True),
        ContentSource("arguments", 20, "ai.toolCall.args"),
        ContentSource("result", 20, "ai.toolCall.result"),
        ContentSource("tool_definitions", 40, "ai.prompt.tools"),
        ContentSource("metadata", 70, "ai.telemetry.metadata.", group=True),
        ContentSource("metadata", 71, "ai.settings.context.", group=True),
    ),
    adjust=_adjust,
    on_event={"ai.stream.firstChunk": _first_chunk},
)  # fmt: skip
