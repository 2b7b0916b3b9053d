"""
AutoGen (0.7.5): messaging spans of the runtime, and agents and tools of agentchat.

Without an outer span one team run is split over many traces.  What they share is the team's
UUID, in `messaging.destination` and in the agents' ids: it joins them.  The same UUID is the
suffix of agent names on messages and is cut off.  There are no model spans and no model names:
what an agent said, asked for and got, and the tokens of it, is quoted in the messages that the
team's manager processes, each once.  Those counts are used only where nothing else tells the
session's tokens.  A `UserProxyAgent` is a person, unless the project says it is scripted.
"""

import re

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.messages import Message, Part, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.model.spans import Value
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import Unreadable, count, decode_json, object_of
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of
from quarterdeck.normalize.tools import arguments_hash, target_of

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SUFFIX = re.compile(r"_[0-9a-f]{8}-[0-9a-f]{4}-.*$")
_HUMANS = frozenset({"user_proxy", "userproxy", "user", "human"})
_DEFAULT_DESCRIPTIONS = (
    "An agent that provides assistance",
    "A human user",
    "A code executor agent",
    "A computer terminal",
)
"""AutoGen's own words, where the user gave none: they tell no role."""
_UNHANDLED = "Unhandled message in agent container"


def _team(value: Value) -> tuple[str, ...] | None:
    if not isinstance(value, str):
        return None
    found = _UUID.search(value, 0, 600)
    return (f"team:{found.group()}",) if found is not None else None


def _agent(value: Value) -> str | None:
    if not isinstance(value, str):
        return None
    return _SUFFIX.sub("", value.strip()[:300]) or None


def _messaging(name: str) -> Kind | None:
    return Kind("step", "messaging") if name.startswith("autogen ") else None


def _quoted(value: Value) -> dict[str, Value]:
    """The agent's message inside a group chat message; {} for the group's other payloads."""
    if not isinstance(value, str) or not value.startswith('{"message":'):
        return {}
    return object_of(object_of(value).get("message"))


def _read_quoted(draft: Draft) -> None:
    """What made a message, as the team's manager hears of it: a model call, or a person."""
    manager = word_of(draft.attributes, "recipient_agent_class")
    told = draft.attributes.get("message")
    if not manager.endswith("Manager") or not isinstance(told, str):
        return
    message = _quoted(told) if '"models_usage"' in told else {}
    source = message.get("source")
    if not isinstance(source, str):
        return
    usage = message.get("models_usage")
    if usage is None and message.get("type") == "TextMessage":
        _read_words(draft, source, message.get("content"))
    if not isinstance(usage, dict):
        return
    try:
        draft.found["usage"] = Usage(
            input_tokens=count(usage.get("prompt_tokens")),
            output_tokens=count(usage.get("completion_tokens")),
        )
    except Unreadable as unreadable:
        draft.problem("message", str(unreadable))
        return
    draft.found["usage_is_aggregate"] = True
    draft.found["agent"] = source[:200]
    content = message.get("content")
    if isinstance(content, list):
        draft.found["requested"] = tuple(
            _request(item) for item in content if isinstance(item, dict) and item.get("name")
        )


def _read_words(draft: Draft, source: str, content: Value) -> None:
    """Text that no model made: a person's answer, if the agent called so is a person."""
    if isinstance(content, str) and content and source != "user":
        draft.found["human"] = HumanAct(
            asked="question", answer=content[:500], by=source[:200], tentative=True
        )


def _request(item: dict[str, Value]) -> ToolRequest:
    """Tool spans carry no arguments: the request tells what the call is to act on."""
    given = decode_json(item.get("arguments"))
    hashed = arguments_hash(given)
    return ToolRequest(
        name=str(item["name"])[:200],
        call_id=str(item.get("id") or "")[:200],
        target=target_of(given) or hashed,
        arguments_hash=hashed,
    )


def _messages(value: Value) -> tuple[Message, ...] | None:
    """A message's words, tool calls or tool results."""
    message = _quoted(value)
    content = message.get("content")
    parts: list[Part] = []
    if isinstance(content, str) and content:
        parts.append(TextPart(content=content))
    for item in content if isinstance(content, list) else ():
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        if "arguments" in item:
            given = decode_json(item["arguments"])
            parts.append(
                ToolCallPart(name=item["name"], id=str(item.get("id") or ""), arguments=given)
            )
        elif "call_id" in item:
            parts.append(
                ToolResultPart(id=str(item["call_id"] or ""), response=item.get("content"))
            )
    if not parts:
        return None
    role = "tool" if isinstance(parts[0], ToolResultPart) else "assistant"
    return (Message(role=role, parts=tuple(parts), name=str(message.get("source") or "")[:200]),)


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found.get("role_hint", "").startswith(_DEFAULT_DESCRIPTIONS):
        del found["role_hint"]
    if found["kind"] == "agent":
        if found.get("subkind") == "create_agent":
            # Built before the run, each in a trace of its own that nothing joins to it.
            found["ghost"] = not draft.raw.parent_span_id
        elif _is_person(draft):
            _read_person(draft)
    elif found.get("subkind") == "messaging" and _UNHANDLED in draft.raw.status_message:
        # The group tells every member that another one failed; members complain that they
        # can't handle that.  The failure itself is on the member's own span.
        found["status_word"] = "unset"
        found["status"] = "unset"
    if found.get("subkind") == "messaging":
        _read_quoted(draft)


def _is_person(draft: Draft) -> bool:
    if draft.settings.scripted_humans:
        return False
    name = draft.found.get("agent", "").lower()
    return name in _HUMANS or (
        word_of(draft.attributes, "gen_ai.agent.description") == "A human user"
    )


def _read_person(draft: Draft) -> None:
    raw = draft.raw
    draft.found["kind"], draft.found["subkind"] = "human", ""
    draft.found["display_name"] = draft.found.get("agent", "")
    answered = raw.end_ns > raw.start_ns and raw.status_code != 2
    draft.found["human"] = HumanAct(
        asked="question",
        waited_ns=raw.end_ns - raw.start_ns if answered else None,
        by=draft.found.get("agent", ""),
    )


DIALECT = Dialect(
    name="autogen",
    framework="autogen",
    recognizes=Recognizes(
        scopes=("autogen",),
        names=("autogen ",),
        keys=("sender_agent_type", "recipient_agent_type"),
    ),
    kinds=(KindSource(5, "", read=_messaging, gated=True),),
    sources=(
        Source("join_keys", 10, "messaging.destination", _team, gated=True),
        Source("join_keys", 20, "gen_ai.agent.id", _team, gated=True),
        Source("join_keys", 30, "sender_agent_type", _team, gated=True),
        Source("join_keys", 31, "recipient_agent_type", _team, gated=True),
        Source("agent", 5, "gen_ai.agent.name", _agent, gated=True),
    ),
    contents=(ContentSource("output_messages", 30, "message", _messages, gated=True),),
    adjust=_adjust,
)
