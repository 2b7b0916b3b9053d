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
from quarterdeck.normalize.plan import Layout, Planned, base_size

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
    best = _best_pieces("input_messages", draft, planned)
    if best is not None:
        source, pieces = best
        if _HIDDEN not in pieces.last:
            last = fingerprint(pieces.last)
            found.setdefault("last_message_hash", last)
            # The last message is long, and hashed only once.
            before = pieces.before
            found.setdefault("input_hash", fingerprint(before, last) if before else last)
        if pieces.tools and "answered" not in found:
            if source.group:
                found["answered"] = _answered_in(planned.layouts[source.key], draft.attributes)
            else:
                found["answered"] = _answered(_found(source, draft, planned))
    best = _best_pieces("output_messages", draft, planned)
    if best is not None:
        source, pieces = best
        if _HIDDEN not in pieces.last:
            found.setdefault("output_hash", fingerprint(pieces.before, pieces.last))
        if pieces.tools and "requested" not in found:
            messages = messages_of(_found(source, draft, planned), "assistant").messages
            found["requested"] = requested_of(messages)
        if "finish_reasons" not in found:
            _finish_of(draft, _found(source, draft, planned))


_HIDDEN = "REDACTED"
"""In a sender's marker.  Hidden inputs look equal and are not: they get no hash."""


def _best_pieces(
    name: ContentField, draft: Draft, planned: Planned
) -> tuple[ContentSource, "_Pieces"] | None:
    """The best source that is there, as text to hash.  As `found_content`, without its detours."""
    attributes, events = draft.attributes, draft.raw.events
    for source in planned.plan.contents.get(name, ()):
        if source.group:
            layout = planned.layouts.get(source.key)
            if layout is None:
                layout = _layout(planned.groups.get(source.key, ()), base_size(source.key))
                planned.layouts[source.key] = layout
            pieces = _group_pieces(attributes, layout)
        elif source.events:
            matching = events and [event for event in events if event.name in source.events]
            if not matching:
                continue
            pieces = _list_pieces([_encoded(event.attributes) for event in matching])
        else:
            value = attributes.get(source.key)
            if is_hidden(value):
                continue
            pieces = _pieces(value)
        if pieces.last:
            return source, pieces
    return None


def _found(source: ContentSource, draft: Draft, planned: Planned) -> Found:
    attributes = draft.attributes
    if source.group:
        size = base_size(source.key)
        keys = planned.groups.get(source.key, ())
        return Found(source, {key[size:]: attributes[key] for key in keys})
    if source.events:
        return Found(source, [e for e in draft.raw.events if e.name in source.events])
    return Found(source, attributes[source.key])


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
    before: str
    """All but the last message; "" also where it can't be told from the rest cheaply."""
    last: str
    """The last message."""
    tools: bool
    """Might a tool call or result be in it?"""


_NOTHING = _Pieces("", "", False)


def _pieces(value: Value) -> _Pieces:
    """An attribute's text, to hash; nothing is parsed that need not be."""
    if isinstance(value, str):
        return _text_pieces(value)
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        value = value["messages"]
    if isinstance(value, list | tuple) and value:
        return _list_pieces([_encoded(item) for item in value])
    if value in ([], {}, None):
        return _NOTHING
    whole = _encoded(value)
    return _Pieces("", whole, _mentions_tools(whole))


def _text_pieces(value: str) -> _Pieces:
    tools = _mentions_tools(value)
    if value.startswith("["):
        try:
            last = _decoded(msgspec.json.decode(value, type=list[msgspec.Raw])[-1])
        except (msgspec.DecodeError, IndexError, UnicodeEncodeError, RecursionError):
            last = value[-2000:]  # cut by the sender: its end stands for its last message
        return _Pieces(value, last, tools)
    if value.startswith("{") and '"messages"' in value:
        found = _messages_in(value)
        if found:
            return _list_pieces(found)
    return _Pieces("", value, tools)


def _list_pieces(items: list[str]) -> _Pieces:
    before = "\0".join(items[:-1])
    return _Pieces(before, items[-1], _mentions_tools(before) or _mentions_tools(items[-1]))


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


def _layout(keys: tuple[str, ...], size: int) -> Layout:
    """
    Which keys of a flattened list are its last message; `size` is the length of their prefix.

    Indices are left out of what is hashed: the same message has another place in a longer
    input.
    """
    split = [(key, *key[size:].partition(".")[::2]) for key in keys]
    numbers = [i for _, i, _ in split if i.isascii() and i.isdigit() and len(i) < 10]
    newest = max(numbers, key=int, default=None)
    before = [part for part in split if newest is not None and part[1] != newest]
    last = [part for part in split if newest is None or part[1] == newest]
    return Layout(
        before=tuple(key for key, _, _ in before),
        last=tuple(key for key, _, _ in last),
        before_names="\0".join(rest for _, _, rest in before),
        last_names="\0".join(rest or index for _, index, rest in last),
        roles=tuple(key for key, _, rest in split if rest.endswith("role")),
        answers=tuple(
            key
            for key, index, rest in sorted(split, key=lambda part: (len(part[1]), part[1]))
            if rest.endswith("tool_call_id")
        ),
        tools=any("tool" in key[size:] or "function" in key[size:] for key in keys),
    )


def _group_pieces(attributes: Mapping[str, Value], layout: Layout) -> _Pieces:
    tools = layout.tools
    if not tools:
        for key in layout.roles:
            if attributes[key] == "tool":
                tools = True
    return _Pieces(
        _joined(layout.before_names, layout.before, attributes),
        _joined(layout.last_names, layout.last, attributes),
        tools,
    )


def _joined(names: str, keys: tuple[str, ...], attributes: Mapping[str, Value]) -> str:
    if not keys:
        return ""
    values = [attributes[key] for key in keys]
    try:
        return "\0".join((names, *values))
    except TypeError:  # some are no text
        return "\0".join((names, *(_encoded(value) for value in values)))


def _answered_in(layout: Layout, attributes: Mapping[str, Value]) -> tuple[str, ...]:
    ids = [attributes[key] for key in layout.answers[-_MAX_ANSWERED:]]
    return tuple(dict.fromkeys(i[:200] for i in ids if isinstance(i, str) and i))


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
    ids = [p.id[:200] for m in messages for p in m.parts if isinstance(p, ToolResultPart) and p.id]
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
    reader = _Reader(raw, attributes, planned, kind)
    is_tool = kind in ("tool", "human")
    inputs = () if is_tool else reader.messages("input_messages", "user")
    outputs = () if is_tool else reader.messages("output_messages", "assistant")
    given = result = None
    if is_tool:
        given, result = reader.value("arguments", "input"), reader.value("result", "output")
    elif not inputs:
        given = reader.any_value("input", "input_messages")
    if not is_tool and not outputs:
        result = reader.any_value("output", "output_messages")
    return Content(
        instructions=reader.messages("instructions", "system"),
        input_messages=inputs,
        output_messages=outputs,
        input=given,
        output=result,
        tool_definitions=_definitions(reader.found("tool_definitions")),
        metadata=_metadata(reader.found("metadata")),
        references=tuple(r for one in reader.found("references") for r in _references(one)),
        truncated=reader.truncated,
    )


class _Reader:
    """Reads one span's content and remembers whether some of it was cut."""

    def __init__(
        self, raw: RawSpan, attributes: Mapping[str, Value], planned: Planned, kind: str
    ) -> None:
        self._events, self._attributes, self._planned = raw.events, attributes, planned
        self._is_model = kind == "model"
        self.truncated = False

    def found(self, name: ContentField) -> Iterator[Found]:
        return found_content(name, self._planned, self._attributes, self._events)

    def messages(self, name: ContentField, role: str) -> tuple[Message, ...]:
        for given in self.found(name):
            if given.source.loose and not self._is_model and not is_conversation(_read(given)):
                continue
            read = messages_of(given, role)
            if read.messages:
                self.truncated = self.truncated or read.truncated
                return read.messages
        return ()

    def value(self, *names: ContentField) -> Value:
        """The first value that is there, decoded where it is JSON."""
        for name in names:
            for given in self.found(name):
                value = self._decoded(_read(given))
                if not is_hidden(value):
                    return value
        return None

    def any_value(self, name: ContentField, messages: ContentField) -> Value:
        """An input or output, also one that might have been messages and is not."""
        value = self.value(name)
        if value is None:
            loose = (given for given in self.found(messages) if given.source.loose)
            value = next((self._decoded(_read(given)) for given in loose), None)
        return value

    def _decoded(self, value: Value) -> Value:
        if not _is_json_text(value):
            return value
        decoded, cut = decode_json_or_prefix(value)
        self.truncated = self.truncated or cut
        return decoded


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
