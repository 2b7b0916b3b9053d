"""
Redaction of whole requests, before anything of them is written.

A body without any sign of a secret is passed by, at the cost of one look at its bytes.  One
with a sign is walked to its last string: names, attributes at any depth, events, links, status
messages, log bodies, exemplars, whatever OTLP adds later.  Fields that this version does not
know are left out then, since nobody can look into them.
"""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from quarterdeck.errors import Invalid
from quarterdeck.normalize.redact import Redactor, secret_kind
from quarterdeck.receive.otlp_json import dump_json
from quarterdeck.receive.otlp_messages import BYTES, OFFICIAL, is_text
from quarterdeck.receive.otlp_protobuf import message_class
from quarterdeck.receive.otlp_request import Request

_JSON_STRINGS = ("stringValue", "string_value")
_JSON_BYTES = ("bytesValue", "bytes_value")


def redacted(request: Request, body: bytes, redactor: Redactor) -> tuple[Request, bytes, bool]:
    """
    The request and its body without secrets, and whether there were any.

    Raises `Invalid` for a body that seems to hold a secret and can't be walked (nested beyond
    what protobuf parsers take).
    """
    if request.encoding == "json":
        # Escapes such as \u0073k- would hide a secret from a look at the bytes as sent.
        canonical = dump_json(request.content)
        if not redactor.might_contain_secret(canonical):
            return request, canonical, False
        clean = _clean_json(request.content, redactor)
        dumped = dump_json(clean)
        return request._replace(content=clean, rewritten=True), dumped, dumped != canonical
    if not redactor.might_contain_secret(body):
        return request, body, False
    twins = message_class(BYTES, request.signal)
    try:
        twin = twins.FromString(body)
    except DecodeError as error:
        raise Invalid("the body can't be searched for secrets", code="malformed") from error
    before = twin.SerializeToString(deterministic=True)
    _clean_message(twin, redactor)
    after = twin.SerializeToString(deterministic=True)
    if after == before:
        return request, body, False
    twin.DiscardUnknownFields()
    clean_body = twin.SerializeToString()
    content = message_class(OFFICIAL, request.signal).FromString(clean_body)
    return request._replace(content=content, rewritten=True), clean_body, True


def clean_tree(tree: Any, redactor: Redactor) -> Any:
    """
    Any JSON without secrets, by their look and by the names that they are under: a cleaned copy.

    Walks with a list of its own, so that no depth that a parser takes is too deep.
    """
    root: list[Any] = [tree]
    todo: list[tuple[Any, Any, str]] = [(root, 0, "")]
    while todo:
        holder, place, kind = todo.pop()
        value = holder[place]
        if isinstance(value, str):
            holder[place] = redactor.redact_named_text(kind, value)
        elif isinstance(value, list):
            copy = holder[place] = list(value)
            todo += ((copy, index, kind) for index in range(len(copy)))
        elif isinstance(value, dict):
            mapping = holder[place] = {
                redactor.redact_text(name): inner for name, inner in value.items()
            }
            under = "headers" if kind == "headers" else ""
            todo += ((mapping, name, under or secret_kind(name)) for name in mapping)
    return root[0]


# -------------------------------------------------------------------------------------- protobuf


def _clean_message(message: Message, redactor: Redactor) -> None:
    """Clean every text of a `BYTES` message, in place.  Depth is bounded by its parser."""
    if message.DESCRIPTOR.name == "KeyValue":
        _clean_pair(message, redactor)
        return
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in value if field.is_repeated else (value,):
                _clean_message(inner, redactor)
        elif is_text(field) or field.name == "bytes_value":
            if field.is_repeated:
                value[:] = [redactor.redact_bytes(text) for text in value]
            elif (clean := redactor.redact_bytes(value)) is not value:
                setattr(message, field.name, clean)


def _clean_pair(pair: Any, redactor: Redactor) -> None:
    kind = secret_kind(pair.key.decode("utf-8", "replace"))
    pair.key = redactor.redact_bytes(pair.key)
    if kind:
        _clean_secret_value(pair.value, kind, redactor)
    else:
        _clean_message(pair.value, redactor)


def _clean_secret_value(value: Any, kind: str, redactor: Redactor) -> None:
    """A value under a secret's name: its text, the texts of its list, the headers of its map."""
    which = value.WhichOneof("value")
    if which == "string_value":
        text = value.string_value.decode("utf-8", "replace")
        value.string_value = redactor.redact_named_text(kind, text).encode()
    elif which == "array_value":
        for element in value.array_value.values:
            _clean_secret_value(element, kind, redactor)
    elif which == "kvlist_value" and kind == "headers":
        for pair in value.kvlist_value.values:
            _clean_secret_value(pair.value, kind, redactor)
    elif which is not None:
        _clean_message(value, redactor)


# ------------------------------------------------------------------------------------------ JSON


def _clean_json(tree: Any, redactor: Redactor) -> Any:
    """
    A cleaned copy.  Recursion is bounded by the depth of the parser, so the walk keeps its own
    list of what is left to do instead of calling itself.
    """
    root: list[Any] = [tree]
    todo: list[tuple[Any, Any, str]] = [(root, 0, "")]
    while todo:
        holder, place, kind = todo.pop()
        value = holder[place]
        if isinstance(value, str):
            holder[place] = (
                redactor.redact_base64(value)
                if place in _JSON_BYTES
                else redactor.redact_named_text(kind, value)
            )
        elif isinstance(value, list):
            copy = list(value)
            holder[place] = copy
            todo += ((copy, index, kind) for index in range(len(copy)))
        elif isinstance(value, dict):
            mapping = {redactor.redact_text(key): inner for key, inner in value.items()}
            holder[place] = mapping
            name = mapping.get("key")
            if isinstance(name, str) and "value" in mapping:
                own = secret_kind(value["key"]) or (kind if kind == "headers" else "")
                mapping["key"] = redactor.redact_text(name)
                todo.append((mapping, "value", own))
                todo += ((mapping, key, "") for key in mapping if key not in ("key", "value"))
            else:
                todo += ((mapping, key, kind) for key in mapping)
    return root[0]
