"""Spans of ours as an OTLP request, for what imports files.  The reverse of `otlp_decode`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1 import trace_pb2

from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Value

_INT64 = range(-(2**63), 2**63)
_UINT64_MAX = 2**64 - 1


def encode_spans(spans: Sequence[RawSpan]) -> bytes:
    """
    One protobuf export request, spans in their order.

    What protobuf can't carry is brought to what it can: half surrogates become `?`, an integer of
    more than 64 bits its digits, a time before 1970 is 1970.
    """
    request = ExportTraceServiceRequest()
    for resource, group in groupby(spans, key=lambda span: span.resource):
        by_resource = request.resource_spans.add(schema_url=resource.schema_url)
        by_resource.resource.attributes.extend(_attributes(resource.attributes))
        by_scope = by_resource.scope_spans.add()
        by_scope.scope.name = _clean(resource.scope_name)
        by_scope.scope.version = _clean(resource.scope_version)
        by_scope.scope.attributes.extend(_attributes(resource.scope_attributes))
        by_scope.spans.extend(_span(span) for span in group)
    return request.SerializeToString()


def _span(span: RawSpan) -> trace_pb2.Span:
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id),
        name=_clean(span.name),
        kind=span.otlp_kind,  # type: ignore[arg-type]  # protobuf's enums are ints; the stub names them
        start_time_unix_nano=_instant(span.start_ns),
        end_time_unix_nano=_instant(span.end_ns),
        attributes=_attributes(span.attributes),
        events=[_event(event) for event in span.events],
        links=[_link(link) for link in span.links],
        status=trace_pb2.Status(
            code=span.status_code,  # type: ignore[arg-type]  # as above
            message=_clean(span.status_message),
        ),
        dropped_attributes_count=span.dropped_attributes,
        dropped_events_count=span.dropped_events,
        dropped_links_count=span.dropped_links,
    )


def _event(event: RawEvent) -> trace_pb2.Span.Event:
    return trace_pb2.Span.Event(
        name=_clean(event.name),
        time_unix_nano=_instant(event.time_ns),
        attributes=_attributes(event.attributes),
    )


def _link(link: RawLink) -> trace_pb2.Span.Link:
    return trace_pb2.Span.Link(
        trace_id=bytes.fromhex(link.trace_id),
        span_id=bytes.fromhex(link.span_id),
        attributes=_attributes(link.attributes),
    )


def _attributes(attributes: Mapping[str, Value]) -> Iterable[KeyValue]:
    return [KeyValue(key=_clean(key), value=_value(value)) for key, value in attributes.items()]


def _value(value: Value) -> AnyValue:
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int() if value in _INT64:
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
        case _:
            return AnyValue(string_value=_clean(str(value)))


def _instant(at_ns: int) -> int:
    return min(max(at_ns, 0), _UINT64_MAX)


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode()
