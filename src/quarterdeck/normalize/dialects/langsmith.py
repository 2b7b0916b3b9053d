"""
LangSmith's SDKs: their OpenTelemetry mode, and what its own protocol's runs are spelled as.

Traps: `langsmith.trace.session_id` and `.session_name` name the tracing project ("session" is
LangSmith's word for project); the conversation is in the metadata.  Metadata is inherited, so
every run below an agent carries its name: the agent itself is the run that is called so.
"""

import re
from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.normalize.attributes import (
    decode_json,
    instant,
    money,
    object_of,
    session_id,
    texts,
    word,
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

SENT_TO = "langsmith.sent_to"
"""On resources that came by OTLP below the address of LangSmith's own protocol."""

_KINDS = {
    "llm": Kind("model"),
    "chain": Kind("step", "chain", generic=True),
    "tool": Kind("tool"),
    "retriever": Kind("retrieval"),
    "embedding": Kind("model", "embedding"),
    "prompt": Kind("step", "prompt", generic=True),
    "parser": Kind("step", "", generic=True),
}

_PLUMBING = re.compile(r"(seq|graph):step:\d+|map:key:.*|retry:attempt:\d+")
"""Tags that LangChain sets itself, one for each place in a chain."""
_RETRY = "retry:attempt:"


def _tags(value: Value) -> tuple[str, ...] | None:
    found = texts(value) or ()
    return tuple(tag for tag in found if not _PLUMBING.fullmatch(tag)) or None


def _attempt(value: Value) -> int | None:
    """LangChain tags a retried run with its number; the first try has no tag."""
    for tag in texts(value) or ():
        number = tag.removeprefix(_RETRY)
        if tag != number and number.isascii() and number.isdigit() and len(number) < 6:
            return int(number)
    return None


def _cost(value: Value) -> Decimal | None:
    """What the application says the call cost: in all, or of input and output."""
    usage = object_of(value)
    total = money(usage.get("total_cost"))
    if total is not None:
        return total
    parts = [money(usage.get(name)) for name in ("input_cost", "output_cost")]
    told = [part for part in parts if part is not None]
    return sum(told, Decimal(0)) if told else None


def _result(value: Value) -> Value:
    """What a tool gave: LangChain wraps it in a message, and the client in `output`."""
    found = decode_json(value)
    if isinstance(found, dict) and set(found) == {"output"}:
        found = found["output"]
    if isinstance(found, dict) and isinstance(found.get("kwargs"), dict) and "lc" in found:
        found = found["kwargs"]
    if isinstance(found, dict) and "content" in found and "tool_call_id" in found:
        return found["content"]
    return found


def _said(value: Value) -> Value:
    """What a model said: LangChain lists generations for each prompt, with the message inside."""
    batches = object_of(value).get("generations")
    if not isinstance(batches, list):
        return value
    found = []
    for batch in batches:
        for generation in batch if isinstance(batch, list) else (batch,):
            if isinstance(generation, dict):
                words = {"role": "assistant", "content": generation.get("text")}
                found.append(generation.get("message") or words)
    return found


def _tools(value: Value) -> Value:
    return object_of(value).get("tools")


def _tools_of_params(value: Value) -> Value:
    return object_of(object_of(value).get("invocation_params")).get("tools")


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
    if draft.found["kind"] == "step" and _is_agent(draft):
        draft.found["kind"] = "agent"
    if _is_sent_twice(draft):
        draft.found["ghost"] = True
    for event in draft.raw.events:
        if event.name == "exception":
            # Recorded for failed runs only.  The status may say OK all the same: it is set when
            # a run begins, and OpenTelemetry's SDK lets nothing change OK afterwards.
            draft.found["success"] = False
            _explain(draft, event)
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


_RAISED = re.compile(r"([A-Za-z_][\w.]{0,199})\(")
_TRACEBACK = "Traceback (most recent call last)"


def _explain(draft: Draft, event: RawEvent) -> None:
    """The OpenTelemetry mode calls every error `Exception`; its message begins with the real one,
    as Python writes it, and ends with the traceback."""
    message = event.attributes.get("exception.message")
    if event.attributes.get("exception.type") != "Exception" or not isinstance(message, str):
        return
    said = message.partition(_TRACEBACK)[0].strip()
    raised = _RAISED.match(said)
    if raised is not None and said.endswith(")"):
        draft.found.setdefault("error_type", raised[1])
        draft.found.setdefault("error_message", said[raised.end() : -1].strip("'\""))
    elif said:
        draft.found.setdefault("error_message", said)


def _is_sent_twice(draft: Draft) -> bool:
    """
    A span of the hybrid mode that came to the address where the client sends its runs too: the
    run tells more, and feedback is about it.  One that came to any other address is all there is.
    """
    if SENT_TO not in draft.raw.resource.attributes:
        return False
    settings = "langsmith.metadata.LANGSMITH_"
    mode = draft.attributes.get(settings + "TRACING_MODE")
    enabled = draft.attributes.get(settings + "OTEL_ENABLED") == "true"
    only = draft.attributes.get(settings + "OTEL_ONLY") == "true"
    return mode == "hybrid" or (mode is None and enabled and not only)


def _is_agent(draft: Draft) -> bool:
    """
    Does the application say that this run is an agent: is it called as the metadata calls the
    agent?  Of graphs, whose name is all there is, the word in it counts, and assembly keeps as
    agents only those that called a model.
    """
    attributes, name = draft.attributes, draft.raw.name
    if not name or attributes.get("langsmith.span.kind") != "chain":
        return False
    if name in (
        attributes.get("langsmith.metadata.agent_name"),
        attributes.get("langsmith.metadata.lc_agent_name"),
    ):
        return True
    if (
        attributes.get("langsmith.metadata.ls_integration") != "langgraph"
        or name == attributes.get("langsmith.metadata.langgraph_node")
        or "agent" not in name.lower()
    ):
        return False
    draft.found["subkind"] = "node"
    draft.found.setdefault("agent", name)
    return True


DIALECT = Dialect(
    name="langsmith",
    recognizes=Recognizes(keys=("langsmith.",)),
    sources=(
        Source("session_key", 50, "langsmith.metadata.session_id", session_id),
        Source("session_key", 51, "langsmith.metadata.thread_id", session_id),
        Source("session_key", 52, "langsmith.metadata.conversation_id", session_id),
        Source("user", 70, "langsmith.metadata.user_id"),
        Source("agent", 70, "langsmith.metadata.agent_name"),
        Source("agent", 72, "langsmith.metadata.lc_agent_name"),
        Source("agent_role", 60, "langsmith.metadata.agent_role"),
        Source("model_requested", 80, "langsmith.metadata.ls_model_name"),
        Source("provider", 60, "langsmith.metadata.ls_provider"),
        Source("display_name", 20, "langsmith.trace.name"),
        Source("tool_call_id", 70, "langsmith.metadata.tool_call_id"),
        Source("fallback_from", 50, "langsmith.metadata.fallback_from"),
        Source("service_tier", 60, "gen_ai.response.service_tier", word),
        Source("task_type", 28, "langsmith.metadata.task_type"),
        Source("environment", 66, "langsmith.metadata.environment", word),
        Source("linked_traces", 20, "langsmith.judged_trace", texts),
        Source("tags", 30, "langsmith.span.tags", _tags),
        Source("attempt", 60, "langsmith.span.tags", _attempt),
        Source("reported_usd", 40, "langsmith.usage_metadata", _cost),
        Source("reported_usd", 41, "langsmith.metadata.usage_metadata", _cost),
        Source("first_token_at_ns", 60, "langsmith.first_token_time", instant),
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
        ContentSource("input_messages", 78, "langsmith.inputs", loose=True),
        ContentSource("output_messages", 68, "langsmith.outputs", _said, loose=True),
        ContentSource("tool_definitions", 60, "langsmith.inputs", _tools),
        ContentSource("tool_definitions", 61, "langsmith.extra", _tools_of_params),
        ContentSource("arguments", 94, "langsmith.inputs"),
        ContentSource("result", 94, "langsmith.outputs", _result),
        ContentSource("arguments", 95, "gen_ai.prompt", gated=True),
        ContentSource("result", 95, "gen_ai.completion", gated=True),
        ContentSource("metadata", 40, "langsmith.metadata.", group=True),
    ),
    adjust=_adjust,
)
