"""
Portkey: logs that an application or its LangChain callback writes, bodies whole.

The session is a name in the metadata by convention, `_user` is Portkey's own.  The callback gives
a conversation as one text and leaves out the tool calls that a model asked for.
"""

from quarterdeck.model.spans import Value
from quarterdeck.normalize import provider_bodies
from quarterdeck.normalize.attributes import member, object_of, session_id, text, texts, word
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
    "chat_model": Kind("model"),
    "embedding": Kind("model", "embedding"),
    "tool": Kind("tool"),
    "retriever": Kind("retrieval"),
    "agent": Kind("agent"),
    "chain": Kind("step", "chain", generic=True),
    "call": Kind("step", "stated"),
}
_METADATA = "portkey.metadata"


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    if attributes.get("portkey.kind") == "chain":
        _chain(draft)
    if any(key.startswith("langgraph.graph.state.") for key in attributes):
        # The instrumentation records how a graph is put together, each edge a trace of its own.
        found["ghost"] = not draft.raw.parent_span_id and draft.raw.name.startswith("StateGraph.")
    if draft.raw.status_code == 2 and not found.get("error_type"):
        kind = provider_bodies.error_of(attributes.get("portkey.response"))[0]
        status = attributes.get("portkey.response.status")
        if kind or status:
            found["error_type"] = (kind or str(status))[:200]


def _chain(draft: Draft) -> None:
    """LangChain's callback calls agents chains too; a graph's node says its name inside."""
    found = draft.found
    name = draft.raw.name
    if "agent" in name.lower() and not draft.raw.parent_span_id:
        found["kind"], found["agent"] = "agent", name[:200]
        found.pop("subkind", None)
    asked = draft.attributes.get("portkey.request.kwargs")
    node = object_of(asked).get("name")
    if name == "chain" and isinstance(node, str) and node:
        found.setdefault("display_name", node[:200])


def _call_id(value: Value) -> str | None:
    return member(text, "tool_call_id")(value)


def _result(value: Value) -> Value:
    """A tool message of LangChain holds the result in its content."""
    content = object_of(value).get("content")
    return content if content is not None else value


DIALECT = Dialect(
    name="portkey",
    recognizes=Recognizes(keys=("portkey.",)),
    sources=(
        Source(
            "session_key",
            69,
            _METADATA,
            member(session_id, "session_id", "sessionId", "_session", "session", "thread_id",
                   "threadId", "conversation_id", "conversationId"),
        ),
        Source("user", 88, _METADATA, member(text, "_user", "user_id", "userId", "user")),
        Source("agent", 78, _METADATA, member(text, "agent", "agent_name", "agentName")),
        Source("agent_role", 70, _METADATA, member(text, "agent_role", "role")),
        Source("environment", 72, _METADATA, member(word, "environment", "_environment", "env")),
        Source("task_type", 36, _METADATA, member(text, "task_type", "taskType")),
        Source("tags", 95, _METADATA, member(texts, "tags")),
        Source("tool_call_id", 80, _METADATA, member(text, "tool_call_id", "toolCallId")),
        Source("tool_call_id", 81, "portkey.response.output", _call_id),
        Source("provider", 90, "portkey.request.provider"),
        Source("model_requested", 122, "portkey.request", provider_bodies.model_of),
        Source("model_served", 122, "portkey.response", provider_bodies.model_of),
        Source("response_id", 62, "portkey.response", provider_bodies.response_id_of),
        Source("finish_reasons", 62, "portkey.response", provider_bodies.finish_reasons_of),
        Source("service_tier", 62, "portkey.response", provider_bodies.service_tier_of),
        Source("join_keys", 63, "portkey.request", provider_bodies.call_keys_of),
        Source("join_keys", 64, "portkey.response", provider_bodies.call_keys_of),
    ),
    kinds=(KindSource(10, "portkey.kind", _KINDS),),
    usages=(
        UsageFamily(
            name="portkey.response.usage",
            rank=92,
            key="portkey.response",
            read=provider_bodies.usage_of,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 152, "portkey.request", provider_bodies.input_of),
        ContentSource("output_messages", 152, "portkey.response", provider_bodies.output_of),
        ContentSource("tool_definitions", 72, "portkey.request", provider_bodies.tools_of),
        ContentSource("arguments", 120, "portkey.request"),
        ContentSource("arguments", 121, "portkey.request.inputs"),
        ContentSource("arguments", 122, "portkey.request.input_str"),
        ContentSource("result", 120, "portkey.response"),
        ContentSource("result", 121, "portkey.response.output", _result),
        ContentSource("input", 80, "portkey.request.input"),
        ContentSource("input", 81, "portkey.request"),
        ContentSource("output", 80, "portkey.response.output"),
        ContentSource("output", 81, "portkey.response"),
        ContentSource("metadata", 72, _METADATA),
    ),
    adjust=_adjust,
)  # fmt: skip
