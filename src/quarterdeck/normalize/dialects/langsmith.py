"""
LangSmith's OpenTelemetry mode.

Trap: `langsmith.trace.session_id` and `.session_name` name the tracing project ("session" is
LangSmith's word for project).  The conversation is in the metadata.
"""

from typing import Any

import msgspec

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import object_of, session_id, texts, word
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

_KINDS = {
    "llm": Kind("model"),
    "chain": Kind("step", "chain", generic=True),
    "tool": Kind("tool"),
    "retriever": Kind("retrieval"),
    "embedding": Kind("model", "embedding"),
    "prompt": Kind("step", "prompt", generic=True),
    "parser": Kind("step", "", generic=True),
}


def _usage(value: Value) -> dict[str, Any] | None:
    """LangChain's usage metadata: input includes cached tokens."""
    usage = object_of(value)
    details = object_of(usage.get("input_token_details"))
    outputs = object_of(usage.get("output_token_details"))
    found = {
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cache_read_tokens": details.get("cache_read"),
        "cache_write_tokens": details.get("cache_creation"),
        "input_audio_tokens": details.get("audio"),
        "reasoning_tokens": outputs.get("reasoning"),
        "output_audio_tokens": outputs.get("audio"),
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def _adjust(draft: Draft) -> None:
    """Failures under an OK, and token details that stand beside the plain counts as JSON."""
    if any(event.name == "exception" for event in draft.raw.events):
        # Recorded for failed runs only.  The status may say OK all the same: it is set when a
        # run begins, and OpenTelemetry's SDK lets nothing change OK afterwards.
        draft.found["success"] = False
    usage = draft.found.get("usage")
    if usage is None:
        return
    inputs = object_of(draft.attributes.get("gen_ai.usage.input_token_details"))
    outputs = object_of(draft.attributes.get("gen_ai.usage.output_token_details"))
    changes: dict[str, int] = {}
    for field, source, name in (
        ("cache_read_tokens", inputs, "cache_read"),
        ("cache_write_tokens", inputs, "cache_creation"),
        ("input_audio_tokens", inputs, "audio"),
        ("reasoning_tokens", outputs, "reasoning"),
        ("output_audio_tokens", outputs, "audio"),
    ):
        amount = source.get(name)
        if type(amount) is int and amount >= 0 and getattr(usage, field) is None:
            changes[field] = amount
    if changes:
        draft.found["usage"] = msgspec.structs.replace(usage, **changes)


DIALECT = Dialect(
    name="langsmith",
    recognizes=Recognizes(keys=("langsmith.",)),
    sources=(
        Source("session_key", 50, "langsmith.metadata.session_id", session_id),
        Source("session_key", 51, "langsmith.metadata.thread_id", session_id),
        Source("session_key", 52, "langsmith.metadata.conversation_id", session_id),
        Source("user", 70, "langsmith.metadata.user_id"),
        Source("agent", 70, "langsmith.metadata.agent_name"),
        Source("agent_role", 60, "langsmith.metadata.agent_role"),
        Source("model_requested", 80, "langsmith.metadata.ls_model_name"),
        Source("provider", 60, "langsmith.metadata.ls_provider"),
        Source("display_name", 20, "langsmith.trace.name"),
        Source("tool_call_id", 70, "langsmith.metadata.tool_call_id"),
        Source("fallback_from", 50, "langsmith.metadata.fallback_from"),
        Source("service_tier", 60, "gen_ai.response.service_tier", word),
        Source("task_type", 28, "langsmith.metadata.task_type"),
        Source("environment", 66, "langsmith.metadata.environment", word),
        Source("tags", 30, "langsmith.span.tags", texts),
    ),
    kinds=(KindSource(10, "langsmith.span.kind", _KINDS),),
    usages=(
        UsageFamily(
            name="langsmith.usage_metadata",
            rank=60,
            key="langsmith.usage_metadata",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
        UsageFamily(
            name="langsmith.metadata.usage_metadata",
            rank=61,
            key="langsmith.metadata.usage_metadata",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("arguments", 95, "gen_ai.prompt", gated=True),
        ContentSource("result", 95, "gen_ai.completion", gated=True),
        ContentSource("metadata", 40, "langsmith.metadata.", group=True),
    ),
    adjust=_adjust,
)
