"""
OpenPipe: one span for each reported call, with the provider's request and answer whole.

Who, which session and which prompt are only what the application put into the request's
`metadata` or into `tags`, under names of its own; the usual ones are read.
"""

from quarterdeck.model.spans import Value
from quarterdeck.normalize import provider_bodies
from quarterdeck.normalize.attributes import member, object_of, session_id, text, word
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

_SESSION_NAMES = (
    "session_id", "sessionId", "session", "thread_id", "threadId", "conversation_id",
    "conversationId",
)  # fmt: skip
_USER_NAMES = ("user_id", "userId", "user")
_SESSION = member(session_id, *_SESSION_NAMES)
_USER = member(text, *_USER_NAMES)
_NO_TAGS = frozenset({*_SESSION_NAMES, *_USER_NAMES})
"""Said of a session already, where a viewer looks for it."""
_HOLDERS = ("openpipe.metadata", "openpipe.tags")
"""Metadata first: it travels with the request, tags belong to the report."""


def _tags(value: Value) -> tuple[str, ...] | None:
    """`name:value` of each tag; the SDK's own begin with `$`."""
    return tuple(
        f"{name}:{said}"[:200]
        for name, said in object_of(value).items()
        if not name.startswith("$")
        and name not in _NO_TAGS
        and isinstance(said, str | int | float)
        and said != ""
    )


def _adjust(draft: Draft) -> None:
    attributes, found = draft.attributes, draft.found
    judged = {score.name for score in found.get("scores", ())}
    if judged and "tags" in found:
        found["tags"] = tuple(tag for tag in found["tags"] if tag.partition(":")[0] not in judged)
    if draft.raw.status_code == 2:
        kind, message = provider_bodies.error_of(attributes.get("openpipe.response"))
        if kind:
            found.setdefault("error_type", kind[:200])
        if message and not draft.raw.status_message:
            found.setdefault("error_message", message)


DIALECT = Dialect(
    name="openpipe",
    recognizes=Recognizes(keys=("openpipe.",)),
    sources=(
        *(Source("session_key", 65 + at, key, _SESSION) for at, key in enumerate(_HOLDERS)),
        *(Source("user", 85 + at, key, _USER) for at, key in enumerate(_HOLDERS)),
        *(
            Source("agent", 75 + at, key, member(text, "agent", "agent_name", "agentName"))
            for at, key in enumerate(_HOLDERS)
        ),
        *(
            Source("task_type", 33 + at, key, member(text, "task_type", "taskType"))
            for at, key in enumerate(_HOLDERS)
        ),
        *(
            Source("environment", 68 + at, key, member(word, "environment", "env"))
            for at, key in enumerate(_HOLDERS)
        ),
        Source("model_requested", 120, "openpipe.request", provider_bodies.model_of),
        Source("model_served", 120, "openpipe.response", provider_bodies.model_of),
        Source("response_id", 60, "openpipe.response", provider_bodies.response_id_of),
        Source("finish_reasons", 60, "openpipe.response", provider_bodies.finish_reasons_of),
        Source("service_tier", 60, "openpipe.response", provider_bodies.service_tier_of),
        Source("tags", 90, "openpipe.tags", _tags),
        Source("join_keys", 60, "openpipe.request", provider_bodies.call_keys_of),
        Source("join_keys", 61, "openpipe.response", provider_bodies.call_keys_of),
    ),
    kinds=(KindSource(10, "openpipe.kind", {"llm": Kind("model")}),),
    usages=(
        UsageFamily(
            name="openpipe.response.usage",
            rank=90,
            key="openpipe.response",
            read=provider_bodies.usage_of,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 150, "openpipe.request", provider_bodies.input_of),
        ContentSource("output_messages", 150, "openpipe.response", provider_bodies.output_of),
        ContentSource("tool_definitions", 70, "openpipe.request", provider_bodies.tools_of),
        ContentSource("metadata", 70, "openpipe.metadata"),
    ),
    adjust=_adjust,
)
