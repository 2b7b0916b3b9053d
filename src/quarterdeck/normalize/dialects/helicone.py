"""
Helicone: logged requests with their bodies whole, the parts of a session's path around them, and
the runs of its SDK of 2023.

A part of a path is an agent only if it is called one: `/agent/planner` is a place, and who acts
there is not told.  A node of a run is one if its properties give it a role.
"""

import re

from quarterdeck.model.spans import Value
from quarterdeck.normalize import provider_bodies
from quarterdeck.normalize.attributes import (
    member,
    milliseconds,
    object_of,
    session_id,
    text,
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

_KINDS = {
    "llm": Kind("model"),
    "tool": Kind("tool"),
    "vector_db": Kind("retrieval"),
    "data": Kind("step", "stated"),
    "call": Kind("step", "stated"),
    "path": Kind("step", "chain", generic=True),
    "node": Kind("step", "stated"),
    "job": Kind("step", "workflow"),
}
_PROPERTIES = "helicone.properties"
_AGENT = re.compile(r"(?:^|[^a-z])(?:sub)?agents?(?:$|[^a-z])")


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    kind = attributes.get("helicone.type")
    named = kind == "path" and _AGENT.search(draft.raw.name.lower())
    if named or (kind == "node" and (found.get("agent_role") or found.get("agent"))):
        found["kind"] = "agent"
        found.pop("subkind", None)
        found["agent"] = found.get("agent") or draft.raw.name
    elif kind == "path":
        found.pop("agent", None)


def _arguments(value: Value) -> Value:
    request = object_of(value)
    return request.get("input") if request.get("_type") == "tool" else None


def _result(value: Value) -> Value:
    """What the logger put into an answer of a tool is no part of it."""
    if not isinstance(value, dict):
        return value
    return {name: said for name, said in value.items() if name not in ("_type", "toolName")}


def _asked(value: Value) -> Value:
    request = object_of(value)
    return {k: v for k, v in request.items() if k != "_type"} if "_type" in request else value


def _decided(value: Value) -> Value:
    """What a `data` operation is about is its request's `meta`."""
    request = object_of(value)
    meta = request.get("meta")
    return meta if request.get("_type") == "data" and isinstance(meta, dict) and meta else None


DIALECT = Dialect(
    name="helicone",
    recognizes=Recognizes(keys=("helicone.",)),
    sources=(
        Source("session_key", 67, "helicone.session.id", session_id),
        Source("user", 87, "helicone.user.id"),
        Source("agent", 77, _PROPERTIES, member(text, "agent", "agent-name", "agent_name")),
        Source("agent_role", 72, _PROPERTIES, member(text, "agent-role", "agent_role", "role")),
        Source("workflow", 60, "helicone.session.name"),
        Source("task_type", 35, _PROPERTIES, member(text, "task-type", "task_type", "tasktype")),
        Source("environment", 70, _PROPERTIES, member(word, "environment", "env")),
        Source("tags", 92, _PROPERTIES, member(texts, "tags")),
        Source("fallback_from", 60, _PROPERTIES, member(text, "fallbackfrom", "fallback-from")),
        Source(
            "tool_call_id", 82, _PROPERTIES, member(text, "toolcallid", "tool-call-id",
                                                    "tool_call_id")
        ),
        Source("tool", 60, "helicone.request", member(text, "toolName")),
        Source("model_requested", 121, "helicone.request", provider_bodies.model_of),
        Source("model_served", 121, "helicone.response", provider_bodies.model_of),
        Source("response_id", 61, "helicone.response", provider_bodies.response_id_of),
        Source("finish_reasons", 61, "helicone.response", provider_bodies.finish_reasons_of),
        Source("service_tier", 61, "helicone.response", provider_bodies.service_tier_of),
        Source("time_to_first_token_ns", 90, "helicone.time_to_first_token_ms", milliseconds),
        Source("join_keys", 65, "helicone.request", provider_bodies.call_keys_of),
        Source("join_keys", 66, "helicone.response", provider_bodies.call_keys_of),
    ),
    kinds=(KindSource(10, "helicone.type", _KINDS),),
    usages=(
        UsageFamily(
            name="helicone.response.usage",
            rank=91,
            key="helicone.response",
            read=provider_bodies.usage_of,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 151, "helicone.request", provider_bodies.input_of),
        ContentSource("output_messages", 151, "helicone.response", provider_bodies.output_of),
        ContentSource("output_messages", 160, "helicone.response_text"),
        ContentSource("tool_definitions", 71, "helicone.request", provider_bodies.tools_of),
        ContentSource("arguments", 122, "helicone.request", _arguments),
        ContentSource("result", 122, "helicone.response", _result),
        ContentSource("input", 82, "helicone.request", _asked),
        ContentSource("output", 81, "helicone.request", _decided),
        ContentSource("output", 82, "helicone.response", _result),
        ContentSource("metadata", 71, _PROPERTIES),
    ),
    adjust=_adjust,
)  # fmt: skip
