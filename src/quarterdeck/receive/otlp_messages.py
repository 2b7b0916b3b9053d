"""
OTLP's protobuf messages: the official ones, and a twin of each that shows text as bytes.

The wire format is one and the same.  The twin exists because the official classes refuse a
whole body of spans for one byte that is not UTF-8, and agents send such bytes (cut tool
results, file contents).  Redaction works on the twin too, so nothing can hide there.
"""

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FILES: tuple[Any, ...] = (  # an imported file before its importers
    common_pb2, resource_pb2, trace_pb2, logs_pb2, metrics_pb2,
    trace_service_pb2, logs_service_pb2, metrics_service_pb2,
)  # fmt: skip
_Field = descriptor_pb2.FieldDescriptorProto


class Messages(NamedTuple):
    """The request classes of one kind, by signal."""

    traces: type[Message]
    logs: type[Message]
    metrics: type[Message]


def _derive_twins() -> Messages:
    pool = descriptor_pool.DescriptorPool()
    for official in _FILES:
        file = descriptor_pb2.FileDescriptorProto()
        official.DESCRIPTOR.CopyToProto(file)
        file.ClearField("syntax")  # proto2: no check of UTF-8 while parsing
        file.ClearField("service")
        for message in file.message_type:
            _show_text_as_bytes(message)
        pool.AddSerializedFile(file.SerializeToString())

    def request(signal: str, name: str) -> type[Message]:
        full_name = f"opentelemetry.proto.collector.{signal}.v1.Export{name}ServiceRequest"
        found = pool.FindMessageTypeByName(full_name)
        return message_factory.GetMessageClass(found)

    return Messages(
        traces=request("trace", "Trace"),
        logs=request("logs", "Logs"),
        metrics=request("metrics", "Metrics"),
    )


def _show_text_as_bytes(message: descriptor_pb2.DescriptorProto) -> None:
    for nested in message.nested_type:
        _show_text_as_bytes(nested)
    synthetic: set[int] = set()
    for field in message.field:
        if field.proto3_optional:
            # proto3 spells `optional` as a oneof of one field, which proto2 does not need.
            synthetic.add(field.oneof_index)
            field.ClearField("proto3_optional")
            field.ClearField("oneof_index")
        if field.type == _Field.TYPE_ENUM:
            # proto2 hides a number that its enum does not name; an int is kept as sent.
            field.type = _Field.TYPE_INT32
            field.ClearField("type_name")
        if field.type == _Field.TYPE_STRING:
            field.type = _Field.TYPE_BYTES
            field.json_name = f"{_TEXT_MARK}{field.number}"
        if field.label == _Field.LABEL_REPEATED and field.type not in _UNPACKED:
            field.options.packed = True
    for index in sorted(synthetic, reverse=True):
        del message.oneof_decl[index]


_UNPACKED = (_Field.TYPE_STRING, _Field.TYPE_BYTES, _Field.TYPE_MESSAGE, _Field.TYPE_GROUP)
_TEXT_MARK = "text"
"""Begins the JSON name, which nobody reads here, of a `BYTES` field that is text on the wire."""

OFFICIAL = Messages(
    traces=trace_service_pb2.ExportTraceServiceRequest,
    logs=logs_service_pb2.ExportLogsServiceRequest,
    metrics=metrics_service_pb2.ExportMetricsServiceRequest,
)
BYTES = _derive_twins()


def is_text(field: Any) -> bool:
    """Whether a field of a `BYTES` message is text in OTLP; real bytes (ids) are not."""
    return bool(field.type == _Field.TYPE_BYTES and field.json_name.startswith(_TEXT_MARK))


def replace_invalid_text(message: Message) -> None:
    """Make every text of a `BYTES` message UTF-8, in place: U+FFFD for what is not."""
    for field, value in message.ListFields():
        if field.type == _Field.TYPE_MESSAGE:
            for inner in value if field.is_repeated else (value,):
                replace_invalid_text(inner)
        elif is_text(field):
            if field.is_repeated:
                value[:] = [text.decode("utf-8", "replace").encode() for text in value]
            else:
                setattr(message, field.name, value.decode("utf-8", "replace").encode())
