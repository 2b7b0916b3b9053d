"""
Opik: fields of its traces and spans, under `opik.`; its SDK speaks REST, and `receive` spells
what it says so.  Over OpenTelemetry only the ids of distributed traces are its own.

Its session is the thread, its agents are not marked: a span of type `general` is an agent where
its metadata says so (a name of its own, a type, or the framework that made it).

Trap: `provider` is a host's name where the client was given an address of its own.
"""

import re
from collections.abc import Mapping
from typing import Any

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    member,
    milliseconds,
    money,
    object_of,
    session_id,
    text,
    texts,
    word,
    workflow_name,
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
from quarterdeck.normalize.providers import provider_of_host

_KINDS = {
    "llm": Kind("model"),
    "tool": Kind("tool"),
    "guardrail": Kind("guardrail"),
    "general": Kind("step", "", generic=True),
}
_INTERNAL = "__opik_eval_internal__"
"""Tag of the spans that `evaluate()` makes around a metric."""

_PROMPT, _COMPLETION = "original_usage.prompt_tokens", "original_usage.completion_tokens"
_INPUT, _OUTPUT = "original_usage.input_tokens", "original_usage.output_tokens"
_COUNTS = {
    "input_tokens": ("prompt_tokens", _INPUT),
    "output_tokens": ("completion_tokens", _OUTPUT),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": (
        _PROMPT + "_details.cached_tokens",
        _INPUT + "_details.cached_tokens",
        "original_usage.cache_read_input_tokens",
        "original_usage.cacheReadInputTokens",
        "original_usage.cached_content_token_count",
    ),
    "cache_write_tokens": (
        _PROMPT + "_details.cache_write_tokens",
        "original_usage.cache_creation_input_tokens",
        "original_usage.cacheWriteInputTokens",
    ),
    "reasoning_tokens": (
        _COMPLETION + "_details.reasoning_tokens",
        _OUTPUT + "_details.reasoning_tokens",
        "original_usage.thoughts_token_count",
    ),
    "input_audio_tokens": (_PROMPT + "_details.audio_tokens",),
    "output_audio_tokens": (_COMPLETION + "_details.audio_tokens",),
}


def _usage(value: Value) -> Mapping[str, Any] | None:
    """Its SDK adds cached tokens to `prompt_tokens` and thoughts to `completion_tokens`."""
    told = object_of(value)
    found = {}
    for name, keys in _COUNTS.items():
        amount = next((told[key] for key in keys if told.get(key) is not None), None)
        if amount is not None:
            found[name] = amount
    return found


def _tags(value: Value) -> tuple[str, ...] | None:
    found = texts(value) or ()
    return tuple(tag for tag in found if tag != _INTERNAL) or None


def _provider(value: Value) -> str | None:
    """Not an address: `_adjust` keeps that for where a provider is looked up by its host."""
    found = text(value)
    return None if found is None or _is_address(found) else found


_OWN_HOST = re.compile(
    r"localhost|[\d.]+|(?!aws\.|gcp\.|azure\.|az\.)[\w-]+(\.[\w-]+)*\.[a-z]{2,}|.*:\d+"
)


def _is_address(spelled: str) -> bool:
    """Of a server that is no provider's: a proxy, a gateway, a model at home."""
    return _OWN_HOST.fullmatch(spelled) is not None and not provider_of_host(spelled)


def _plain(value: Value) -> Value:
    """A result that the SDK wrapped: what a function returned is `{"output": …}`."""
    if isinstance(value, dict) and len(value) == 1:
        for name in ("output", "input"):
            if name in value and not isinstance(value[name], list):
                return value[name]
    return value


def _messages(value: Value) -> Value:
    """Messages below the one name that integrations put them under."""
    if isinstance(value, dict) and len(value) == 1:
        for name in ("output", "input", "generations"):
            if isinstance(value.get(name), list):
                return value[name]
    return value


def _call_id(value: Value) -> str | None:
    """LangChain's tools return the message that answers the model."""
    message = object_of(value).get("output")
    return text(message.get("tool_call_id")) if isinstance(message, dict) else None


def _tools(value: Value) -> Value:
    return object_of(value).get("tools")


def _adjust(draft: Draft) -> None:
    attributes, found = draft.attributes, draft.found
    metadata = object_of(attributes.get("opik.metadata"))
    kind = attributes.get("opik.object")
    if kind == "trace":
        workflow = workflow_name(draft.raw.name)
        if workflow:
            found.setdefault("workflow", workflow[:200])
        if found["kind"] == "step":
            found["subkind"] = "turn"
    elif kind == "thread":
        found["subkind"] = "messaging"  # a word about the session, no work in it
    if found["kind"] == "step":
        _agent(draft, metadata)
    if found["kind"] == "step":
        _evaluation(draft)
    if metadata.get("type") == "guardrail":
        found["kind"] = "guardrail"
    if found["kind"] == "model" and metadata.get("created_from"):
        response = metadata.get("id")
        if isinstance(response, str) and 0 < len(response) <= 200:
            found.setdefault("response_id", response)


def _agent(draft: Draft, metadata: Mapping[str, Any]) -> None:
    found, name = draft.found, draft.raw.name.strip()
    if metadata.get("type") == "handoff":
        source, target = metadata.get("from_agent"), metadata.get("to_agent")
        if isinstance(target, str) and target:
            found["handoff"] = HandoffHint(
                source=source if isinstance(source, str) else "", target=target, kind="hands_off"
            )
        return
    named = found.get("agent")
    made_by = metadata.get("created_from")
    inputs = object_of(draft.attributes.get("opik.input"))
    if (
        (named and named == name)
        or metadata.get("type") == "agent"
        or (made_by == "google-adk" and draft.attributes.get("opik.object") == "span")
        or (made_by == "crewai" and isinstance(inputs.get("agent"), dict))
    ):
        found["kind"] = "agent"
        found.pop("subkind", None)
        found["agent"] = named or name


def _evaluation(draft: Draft) -> None:
    """What `evaluate()` does around a task, and a metric at work on its own."""
    tags = draft.attributes.get("opik.tags")
    output = object_of(draft.attributes.get("opik.output"))
    result = output.get("output")
    trial = object_of(draft.attributes.get("opik.input")).get("trial_id")
    if isinstance(tags, list) and _INTERNAL in tags:
        draft.found["kind"] = "evaluation"
        if type(trial) is int and trial >= 0:
            draft.found.setdefault("trial", trial)
    elif isinstance(result, dict) and "scoring_failed" in result:
        draft.found["kind"] = "evaluation"


_METADATA = "opik.metadata"

DIALECT = Dialect(
    name="opik",
    recognizes=Recognizes(keys=("opik.",), scopes=("opik",)),
    sources=(
        Source("session_key", 58, "opik.thread_id", session_id),
        Source("session_key", 64, _METADATA, member(session_id, "session_id", "conversation_id",
               "thread_id")),
        Source("session_key", 110, "thread_id", session_id),
        Source("join_keys", 10, "opik.trace_id", lambda value: (f"opik:{value}"[:200],)),
        Source("user", 84, _METADATA, member(text, "user_id", "user")),
        Source("environment", 68, "opik.environment", word),
        Source("environment", 69, _METADATA, member(word, "environment", "env")),
        Source("agent", 75, _METADATA, member(text, "agent", "agent_name")),
        Source("agent_role", 65, _METADATA, member(text, "agent_role")),
        Source("task_type", 30, _METADATA, member(text, "task_type")),
        Source("fallback_from", 60, _METADATA, member(text, "fallback_from")),
        Source("service_tier", 70, _METADATA, member(word, "service_tier")),
        Source("model_requested", 85, "opik.model"),
        Source("provider", 65, "opik.provider", _provider),
        Source("server_address", 65, "opik.provider"),
        Source("reported_usd", 60, "opik.total_estimated_cost", money),
        Source("time_to_first_token_ns", 60, "opik.ttft", milliseconds),
        Source("tool_call_id", 80, "opik.output", _call_id),
        Source("tags", 85, "opik.tags", _tags),
    ),
    kinds=(KindSource(10, "opik.type", _KINDS),),
    usages=(
        UsageFamily(
            name="opik.usage",
            rank=70,
            key="opik.usage",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 145, "opik.input", _messages, loose=True),
        ContentSource("output_messages", 145, "opik.output", _messages, loose=True),
        ContentSource("input", 145, "opik.input", _plain),
        ContentSource("output", 145, "opik.output", _plain),
        ContentSource("arguments", 105, "opik.input", _plain),
        ContentSource("result", 105, "opik.output", _plain),
        ContentSource("tool_definitions", 35, _METADATA, _tools),
        ContentSource("metadata", 65, _METADATA),
    ),
    adjust=_adjust,
)  # fmt: skip
