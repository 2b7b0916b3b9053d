"""
Secrets out of an encoded request, before it is written to the user's disk.

The same `Redactor` as the server's, on OTLP as protobuf.  Most bodies show no sign of a secret
and are passed by after one look at their bytes.
"""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from quarterdeck.normalize.redact import Redactor, secret_kind


def redacted(body: bytes, redactor: Redactor) -> bytes:
    """
    The body without secrets; the same object when there are none.

    Raises `DecodeError` for what is no OTLP: that must not be written at all.
    """
    if not redactor.might_contain_secret(body):
        return body
    request = ExportTraceServiceRequest.FromString(body)
    _clean(request, redactor)
    return request.SerializeToString()


def _clean(message: Message, redactor: Redactor) -> None:
    """Depth is bounded: protobuf's parser has refused what is nested deeper than 100."""
    if message.DESCRIPTOR.name == "KeyValue":
        _clean_pair(message, redactor)
        return
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in value if field.is_repeated else (value,):
                _clean(inner, redactor)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [redactor.redact_text(text) for text in value]
            else:
                setattr(message, field.name, redactor.redact_text(value))
        elif field.name == "bytes_value":
            setattr(message, field.name, redactor.redact_bytes(value))


def _clean_pair(pair: Any, redactor: Redactor) -> None:
    kind = secret_kind(pair.key)
    pair.key = redactor.redact_text(pair.key)
    if kind:
        _clean_named(pair.value, kind, redactor)
    else:
        _clean(pair.value, redactor)


def _clean_named(value: Any, kind: str, redactor: Redactor) -> None:
    """A value under a secret's name: its text, the texts of its list, the headers of its map."""
    which = value.WhichOneof("value")
    if which == "string_value":
        value.string_value = redactor.redact_named_text(kind, value.string_value)
    elif which == "array_value":
        for element in value.array_value.values:
            _clean_named(element, kind, redactor)
    elif which == "kvlist_value" and kind == "headers":
        for pair in value.kvlist_value.values:
            _clean_named(pair.value, kind, redactor)
    elif which is not None:
        _clean(value, redactor)
