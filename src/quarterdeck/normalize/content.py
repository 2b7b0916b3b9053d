"""
Content: what facts need of it while ingesting, and all of it when somebody reads.

Ingest reads as little as it can: hashes of the raw text, and JSON only where the text shows
that a tool is in it.  `read_content` parses everything, on demand, from the stored raw span.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.messages import Message, ToolCallPart, ToolResultPart
from quarterdeck.model.spans import Content, RawEvent, RawSpan, Value
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.normalize.attributes import (
    Unreadable,
    as_json,
    decode_json_or_prefix,
    fingerprint,
    is_hidden,
    texts,
)
from quarterdeck.normalize.dialect import ContentField, ContentSource, Draft
from quarterdeck.normalize.messages import (
    finish_reason,
    is_conversation,
    read_flattened,
    read_messages,
)
from quarterdeck.normalize.plan import Planned, base_size

_MAX_ANSWERED = 64
"""Call ids kept of a model's input: the newest; older ones were answered in earlier calls."""

_MAX_REQUESTED = 256
"""Tool calls kept of one output: more is no plan of a model but an attack or a bug."""


class Found(NamedTuple):
    source: ContentSource
    value: Any
    """The attribute's value; a dict of suffix -> value for groups; a list for events."""


def found_content(
    name: ContentField,
    planned: Planned,
    attributes: Mapping[str, Value],
    events: Sequence[RawEvent],
) -> Iterator[Found]:
    """All sources of a content field that are there and not hidden, by rank."""
    for source in planned.plan.contents.get(name, ()):
        if source.events:
            matching = events and [event for event in events if event.name in source.events]
            if matching:
                yield Found(source, matching)
        elif source.group:
            size = base_size(source.key)
            group = {k[size:]: attributes[k] for k in planned.groups.get(source.key, ())}
            if any(not is_hidden(value) for value in group.values()):
                yield Found(source, group)
        else:
            value = attributes.get(source.key)
            if not is_hidden(value):
                yield Found(source, value)


# -- facts, while ingesting -------------------------------------------------------------------


def model_facts(draft: Draft, planned: Planned) -> None:
    """Hashes of input and output, tool calls asked for, call ids answered, finish reasons."""
    found = draft.found
    events = draft.raw.events
    for given in found_content("input_messages", planned, draft.attributes, events):
        pieces = _pieces(given)
        if not pieces.last:
            continue
        whole, last = _hashes(pieces)
        found.setdefault("input_hash", whole)
        found.setdefault("last_message_hash", last)
        if pieces.tools and "answered" not in found:
            found["answered"] = _answered(given)
        break
    for given in found_content("output_messages", planned, draft.attributes, events):
        pieces = _pieces(given)
        if not pieces.last:
            continue
        found.setdefault("output_hash", _hashes(pieces)[0])
        if pieces.tools and "requested" not in found:
            messages = messages_of(given, "assistant").messages
            found["requested"] = requested_of(messages)
        if "finish_reasons" not in found:
            _finish_of(draft, given)
        break


def _finish_of(draft: Draft, given: Found) -> None:
    if isinstance(given.value, str) and "finish" not in given.value:
        return
    if isinstance(given.value, dict) and not any("finish" in key for key in given.value):
        return
    messages = messages_of(given, "assistant").messages
    reasons = tuple(m.finish_reason for m in messages if m.finish_reason)
    if reasons:
        draft.found["finish_reasons"] = reasons


def _mentions_tools(piece: str) -> bool:
    return "tool" in piece or "unction" in piece


class _Pieces(NamedTuple):
    before: list[str]
    """All but the last message."""
    last: list[str]
    """The last message; alone where it can't be told from the rest cheaply."""
    tools: bool
    """Might a tool call or result be in it?"""


_NOTHING = _Pieces([], [], False)


def _hashes(pieces: _Pieces) -> tuple[str, str]:
    """(of everything, of the last message): the last message is long, and hashed only once."""
    last = fingerprint(*pieces.last)
    return (fingerprint(*pieces.before, last) if pieces.before else last), last


def _pieces(given: Found) -> _Pieces:
    """A content's text, to hash; nothing is parsed that need not be."""
    value = given.value
    if isinstance(value, str):
        last = value
        if value.startswith("["):
            try:
                last = _decoded(msgspec.json.decode(value, type=list[msgspec.Raw])[-1])
            except (msgspec.DecodeError, IndexError, UnicodeEncodeError, RecursionError):
                last = value[-2000:]  # cut by the sender: its end stands for its last message
        elif value.startswith("{") and '"messages"' in value:
            texts_of = _messages_in(value)
            if texts_of:
                return _Pieces(texts_of[:-1], texts_of[-1:], _mentions_tools(value))
        before = [] if last is value else [value]
        return _Pieces(before, [last], _mentions_tools(value))
    if given.source.group:
        return _group_pieces(value)
    if given.source.events:
        value = [event.attributes for event in value]
    elif isinstance(value, dict) and isinstance(value.get("messages"), list):
        value = value["messages"]
    if isinstance(value, list | tuple) and value:
        encoded = [_encoded(item) for item in value]
        tools = any(_mentions_tools(piece) for piece in encoded)
        return _Pieces(encoded[:-1], encoded[-1:], tools)
    if value in ([], {}, None):
        return _NOTHING
    whole = _encoded(value)
    return _Pieces([], [whole], _mentions_tools(whole))


class _Request(msgspec.Struct):
    """A whole request where only messages are wanted: the model in it differs by attempt."""

    messages: list[msgspec.Raw] = []


def _messages_in(request: str) -> list[str]:
    try:
        return [_decoded(raw) for raw in msgspec.json.decode(request, type=_Request).messages]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return []


def _decoded(raw: msgspec.Raw) -> str:
    return bytes(raw).decode("utf-8", "replace")


def _encoded(value: Value) -> str:
    return value if type(value) is str else as_json(value).decode("utf-8", "replace")


def _group_pieces(group: Mapping[str, Value]) -> _Pieces:
    whole: list[str] = []
    start, newest, newest_index = 0, -1, ""
    tools = False
    for key, value in group.items():
        index, _, rest = key.partition(".")
        if index != newest_index:
            at = int(index) if index.isascii() and index.isdigit() and len(index) < 10 else -1
            if at > newest:
                newest, newest_index, start = at, index, len(whole)
        piece = value if type(value) is str else _encoded(value)
        # Without the index: the same message has another place in a longer input.
        whole.append(rest or key)
        whole.append(piece)
        if "tool" in key or "function" in rest or (piece == "tool" and rest.endswith("role")):
            tools = True
    return _Pieces(whole[:start], whole[start:], tools)


def _answered(given: Found) -> tuple[str, ...]:
    value = given.value
    if isinstance(value, str) and value.startswith("["):
        try:
            raws = msgspec.json.decode(value, type=list[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raws = []
        # Only messages that may hold results are parsed; a long history is mostly text.
        chosen = [piece for raw in raws[-400:] if _mentions_tools(piece := _decoded(raw))]
        if chosen:
            value = "[" + ",".join(chosen[-_MAX_ANSWERED * 2 :]) + "]"
    messages = messages_of(Found(given.source, value), "user").messages
    ids = [p.id for m in messages for p in m.parts if isinstance(p, ToolResultPart) and p.id]
    return tuple(dict.fromkeys(ids))[-_MAX_ANSWERED:]


def requested_of(messages: Sequence[Message]) -> tuple[ToolRequest, ...]:
    return tuple(
        ToolRequest(name=part.name[:200], call_id=part.id[:200])
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    )[:_MAX_REQUESTED]


def first_value(name: ContentField, draft: Draft, planned: Planned) -> Value:
    """The best source's value of a content field that is no message list, e.g. arguments."""
    for given in found_content(name, planned, draft.attributes, draft.raw.events):
        value = _read(given)
        if not is_hidden(value):
            return value
    return None


# -- everything, when somebody reads ----------------------------------------------------------


class _Messages(NamedTuple):
    messages: tuple[Message, ...]
    truncated: bool


def messages_of(given: Found, role: str) -> _Messages:
    value = given.value
    if given.source.read is not None:
        value = _read(given)
        if isinstance(value, tuple) and all(isinstance(m, Message) for m in value):
            return _Messages(value, False)
        if value is None:
            return _Messages((), False)
    elif given.source.group:
        return _Messages(*read_flattened(value, role))
    elif given.source.events:
        value = [event.attributes for event in value]
    return _Messages(*read_messages(value, role))


def content_of(
    raw: RawSpan, attributes: Mapping[str, Value], planned: Planned, *, kind: str
) -> Content:
    """All content of a span of this kind."""

    def values(name: ContentField) -> Iterator[Found]:
        return found_content(name, planned, attributes, raw.events)

    truncated = False

    def messages(name: ContentField, role: str) -> tuple[Message, ...]:
        nonlocal truncated
        for given in values(name):
            if given.source.loose and kind != "model" and not _conversation(given):
                continue
            read = messages_of(given, role)
            if read.messages:
                truncated = truncated or read.truncated
                return read.messages
        return ()

    def value(*names: ContentField) -> Value:
        nonlocal truncated
        for name in names:
            for given in values(name):
                found = _read(given)
                if _is_json_text(found):
                    found, cut = decode_json_or_prefix(found)
                    truncated = truncated or cut
                if not is_hidden(found):
                    return found
        return None

    def any_value(*names: ContentField) -> Value:
        nonlocal truncated
        found = value(*names)
        if found is None and not is_tool:
            loose = (g for n in names for g in values(_TWIN[n]) if g.source.loose)
            for given in loose:
                found, cut = decode_json_or_prefix(_read(given))
                truncated = truncated or cut
                break
        return found

    is_tool = kind in ("tool", "human")
    inputs = () if is_tool else messages("input_messages", "user")
    outputs = () if is_tool else messages("output_messages", "assistant")
    return Content(
        instructions=messages("instructions", "system"),
        input_messages=inputs,
        output_messages=outputs,
        input=value("arguments", "input") if is_tool else None if inputs else any_value("input"),
        output=value("result", "output") if is_tool else None if outputs else any_value("output"),
        tool_definitions=_definitions(values("tool_definitions")),
        metadata=_metadata(values("metadata")),
        truncated=truncated,
        references=tuple(r for given in values("references") for r in _references(given)),
    )


_TWIN: dict[ContentField, ContentField] = {
    "input": "input_messages",
    "output": "output_messages",
}


def _read(given: Found) -> Value:
    """The value, turned by its source's reader; None if that can't."""
    if given.source.read is None:
        return given.value
    try:
        return given.source.read(given.value)
    except Unreadable:
        return None


def _references(given: Found) -> tuple[str, ...]:
    try:
        return texts(given.value) or ()
    except Unreadable:
        return ()


def _conversation(given: Found) -> bool:
    return is_conversation(_read(given))


def _is_json_text(value: Value) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("{", "["))


def _definitions(given: Iterator[Found]) -> tuple[Value, ...]:
    for found in given:
        value = _read(found)
        value = decode_json_or_prefix(value)[0]
        if isinstance(value, dict):
            value = value.get("tools", [value])
        if isinstance(value, list) and value:
            return tuple(decode_json_or_prefix(item)[0] for item in value)
    return ()


def _metadata(given: Iterator[Found]) -> dict[str, Value]:
    """Union of all metadata, better ranks win; keys as sent, without their prefix."""
    merged: dict[str, Value] = {}
    for found in given:
        value = _read(found)
        value = decode_json_or_prefix(value)[0]
        if isinstance(value, dict):
            for key, item in list(value.items())[:200]:
                merged.setdefault(str(key), item)
    return merged


def finish_words(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(finish_reason(reason) for reason in reasons)
