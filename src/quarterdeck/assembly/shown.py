"""
Content of traces as it is shown: bounded texts, arguments as fields, base64 named and not carried.

Everything stays text.  A text says how much of it is left out and by which name the whole of it
can be asked for: a JSON pointer (RFC 6901) into the span's content.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from quarterdeck.model.messages import (
    GenericPart,
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

WHOLE_BYTES = 20_000
"""Longer texts are shown as their ends: ten screens, which nobody reads beside others."""
END_BYTES = 4_000
MAX_FIELDS = 100
"""Arguments of a call, usually under ten; a value with more is shown as one text."""

_RUN = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,$")
_MAX_URL_HEAD = 120
_LONG_RUN = 1_024
"""Without a known beginning a run of letters is taken for base64 from here: hashes, keys and
signatures are shorter, and people may want to read them."""
_DISTINCT = 40
"""Different characters in the first 1,024 of such a run: 64 are usual, a hexadecimal one has 16."""

_BEGINNINGS = {
    "iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif",
    "UklGR": "image/webp", "JVBERi0": "application/pdf", "UEsDB": "application/zip",
    "H4sI": "application/gzip", "SUkqA": "image/tiff", "SUQz": "audio/mpeg", "T2dnUw": "audio/ogg",
    "AAAAIGZ0eXA": "video/mp4", "AAAAHGZ0eXA": "video/mp4",
}  # fmt: skip
_SHORTEST = 64

ValueKind = Literal["text", "number", "bool", "null", "json", "data"]
PartKind = Literal["text", "reasoning", "tool_call", "tool_result", "media", "other"]


class Data(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base64 that was recognized and left out."""

    omitted: str
    """Its media type."""
    bytes: int


class Shown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    text: str
    """Whole, or the beginning."""
    tail: str | None = None
    bytes: int = 0
    """Of the whole, in UTF-8."""
    left_out: int = 0
    part: str | None = None
    omitted: tuple[Data, ...] = ()


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    name: str
    kind: ValueKind
    value: Shown


class ShownPart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    type: PartKind
    text: Shown | None = None
    name: str | None = None
    call_id: str | None = None
    fields: tuple[Field, ...] | None = None
    media: Data | None = None


class ShownMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    role: str
    name: str | None = None
    parts: tuple[ShownPart, ...] = ()


def bounded(text: str, part: str = "", *, whole_bytes: int = WHOLE_BYTES) -> Shown:
    """`part` names the text where it is not shown whole; `whole_bytes` 0 = show all of it."""
    readable, omitted = without_base64(text)
    size = len(readable.encode("utf-8", "replace"))
    if not whole_bytes or size <= whole_bytes:
        return Shown(text=readable, bytes=size, omitted=omitted)
    end_bytes = min(END_BYTES, whole_bytes // 2)
    head = _first_bytes(readable, end_bytes)
    tail = _first_bytes(readable[::-1], end_bytes)[::-1]
    kept = len(head.encode("utf-8", "replace")) + len(tail.encode("utf-8", "replace"))
    return Shown(
        text=head, tail=tail, bytes=size, left_out=size - kept, part=part or None, omitted=omitted
    )


def _first_bytes(text: str, count: int) -> str:
    return text[:count].encode("utf-8", "replace")[:count].decode("utf-8", "ignore")


def without_base64(text: str) -> tuple[str, tuple[Data, ...]]:
    """The text with a word in the place of each base64 that it holds."""
    if len(text) < _SHORTEST:
        return text, ()
    pieces: list[str] = []
    found: list[Data] = []
    at = 0
    for run in _RUN.finditer(text):
        begin = run.start()
        url = _DATA_URL.search(text, max(at, begin - _MAX_URL_HEAD), begin)
        kind = (url[1] or "text/plain") if url else _media_type(run[0])
        if not kind:
            continue
        data = Data(omitted=kind, bytes=len(run[0].rstrip("=")) * 3 // 4)
        pieces += [text[at : url.start() if url else begin], f"[{kind}, {data.bytes:,} bytes]"]
        found.append(data)
        at = run.end()
    if not found:
        return text, ()
    return "".join((*pieces, text[at:])), tuple(found)


def _media_type(run: str) -> str:
    """ "" where it may be a word, a hash or a key."""
    if len(run) < _SHORTEST:
        return ""
    for beginning, kind in _BEGINNINGS.items():
        if run.startswith(beginning) and (len(beginning) > 4 or len(run) >= _LONG_RUN):
            return kind
    if len(run) >= _LONG_RUN and len(set(run[:_LONG_RUN])) >= _DISTINCT:
        return "application/octet-stream"
    return ""


def as_text(value: Any) -> str:
    """Texts as they are, nothing as "", the rest as indented JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def fields_of(value: Any, pointer: str, *, whole_bytes: int = WHOLE_BYTES) -> tuple[Field, ...]:
    """() where the value has no fields, or too many to be read as such."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = json.loads(value)
        except ValueError:
            return ()
        pointer = ""  # what is inside a text has no pointer of its own
    if not isinstance(value, Mapping) or not 0 < len(value) <= MAX_FIELDS:
        return ()
    return tuple(
        _field(str(name), inner, f"{pointer}/{_escaped(str(name))}" if pointer else "", whole_bytes)
        for name, inner in value.items()
    )


def _field(name: str, value: Any, pointer: str, whole_bytes: int) -> Field:
    if value is None or isinstance(value, bool | int | float):
        kind: ValueKind = (
            "null" if value is None else "bool" if isinstance(value, bool) else "number"
        )
        text = json.dumps(value)
        return Field(name=name, kind=kind, value=Shown(text=text, bytes=len(text)))
    shown = bounded(as_text(value), pointer, whole_bytes=whole_bytes)
    if not isinstance(value, str):
        return Field(name=name, kind="json", value=shown)
    is_data = len(shown.omitted) == 1 and shown.text.startswith("[") and shown.bytes < _SHORTEST
    return Field(name=name, kind="data" if is_data else "text", value=shown)


def shown_message(
    message: Message, pointer: str, *, whole_bytes: int = WHOLE_BYTES
) -> ShownMessage:
    return ShownMessage(
        role=message.role,
        name=message.name or None,
        parts=shown_parts(message, pointer, whole_bytes=whole_bytes),
    )


def shown_messages(messages: Sequence[Message], pointer: str) -> tuple[ShownMessage, ...]:
    return tuple(shown_message(message, f"{pointer}/{at}") for at, message in enumerate(messages))


def shown_parts(
    message: Message, pointer: str, *, whole_bytes: int = WHOLE_BYTES
) -> tuple[ShownPart, ...]:
    return tuple(
        _part(part, f"{pointer}/parts/{at}", whole_bytes) for at, part in enumerate(message.parts)
    )


def _part(part: Part, pointer: str, whole_bytes: int) -> ShownPart:
    match part:
        case TextPart():
            text = bounded(part.content, f"{pointer}/content", whole_bytes=whole_bytes)
            return ShownPart(type="text", text=text)
        case ReasoningPart():
            text = bounded(part.content, f"{pointer}/content", whole_bytes=whole_bytes)
            return ShownPart(type="reasoning", text=text)
        case ToolCallPart():
            inside = f"{pointer}/arguments"
            fields = fields_of(part.arguments, inside, whole_bytes=whole_bytes)
            whole = None if fields or part.arguments in (None, {}) else as_text(part.arguments)
            return ShownPart(
                type="tool_call",
                name=part.name,
                call_id=part.id or None,
                fields=fields,
                text=None if whole is None else bounded(whole, inside, whole_bytes=whole_bytes),
            )
        case ToolResultPart():
            text = bounded(as_text(part.response), f"{pointer}/response", whole_bytes=whole_bytes)
            return ShownPart(type="tool_result", call_id=part.id or None, text=text)
        case MediaPart():
            return _medium(part, pointer, whole_bytes)
        case GenericPart():
            text = bounded(as_text(part.value), f"{pointer}/value", whole_bytes=whole_bytes)
            return ShownPart(type="other", name=part.generic_type or None, text=text)


def _medium(part: MediaPart, pointer: str, whole_bytes: int) -> ShownPart:
    kind = part.mime_type or part.modality or "application/octet-stream"
    shown = bounded(part.uri or part.file_id, f"{pointer}/uri", whole_bytes=whole_bytes)
    held = Data(omitted=kind, bytes=len(part.content.rstrip("=")) * 3 // 4)
    media = held if part.content else (shown.omitted[0] if shown.omitted else held)
    return ShownPart(
        type="media", name=part.modality or None, media=media, text=shown if shown.text else None
    )


def texts_of(messages: Iterable[Message]) -> Iterator[str]:
    """What can be read in them, without calls."""
    for message in messages:
        for part in message.parts:
            if isinstance(part, TextPart):
                yield part.content


def at_pointer(content: Any, pointer: str) -> Any:
    """
    What stands at a JSON pointer in a content as plain values.  Raises `LookupError`.
    """
    if not pointer.startswith("/"):
        raise LookupError(pointer)
    value = content
    for name in pointer[1:].split("/"):
        plain = name.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value[plain]
        elif isinstance(value, list | tuple) and plain.isascii() and plain.isdigit():
            value = value[int(plain)]
        else:
            raise LookupError(pointer)
    return value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
