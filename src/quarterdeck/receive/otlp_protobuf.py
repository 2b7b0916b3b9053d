"""
OTLP as protobuf: parsed, counted, and turned into `RawSpan`, `RawLog` and `RawMetric`.

This is the hottest loop of the server (about 21 attributes a span), hence its shape: no function
call for an attribute that is a string, a `Resource` shared by all spans of a scope.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import (
    RawEvent,
    RawLink,
    RawLog,
    RawMetric,
    RawSpan,
    Resource,
    Value,
)
from quarterdeck.receive.otlp_messages import BYTES, OFFICIAL, Messages, replace_invalid_text
from quarterdeck.receive.otlp_request import (
    MAX_VALUE_DEPTH,
    PROBLEM_PARENT,
    TOO_DEEP,
    Request,
    Signal,
    event_name,
    hex_or_none,
    id_problem,
)

_NO_TRACE = b"\0" * 16
_NO_SPAN = b"\0" * 8


def parse(body: bytes, signal: Signal) -> Request:
    """Raises `Invalid` when the body is not an export request of this signal at all."""
    try:
        return Request(signal, "protobuf", message_class(OFFICIAL, signal).FromString(body))
    except DecodeError:
        pass
    try:
        return Request(signal, "protobuf", _readable(body, signal), rewritten=True)
    except DecodeError as error:
        raise Invalid(
            f"the body is not an OTLP protobuf request for {signal}",
            code="malformed",
            hint="Is it cut off, compressed without Content-Encoding, nested beyond 100 "
            "levels, or JSON without `Content-Type: application/json`?",
        ) from error


def stamp(content: Any, signal: Signal, attributes: Mapping[str, str]) -> None:
    """Add attributes to every resource that lacks them, in place."""
    outers = {"traces": "resource_spans", "logs": "resource_logs", "metrics": "resource_metrics"}
    for outer in getattr(content, outers[signal]):
        pairs = outer.resource.attributes
        there = {pair.key for pair in pairs}
        for key, value in attributes.items():
            if key not in there:
                pairs.add(key=key).value.string_value = value


def message_class(messages: Messages, signal: Signal) -> type[Message]:
    return {"traces": messages.traces, "logs": messages.logs, "metrics": messages.metrics}[signal]


def _readable(body: bytes, signal: Signal) -> Message:
    """The body with every byte that is not UTF-8 replaced.  Raises `DecodeError`."""
    twin = message_class(BYTES, signal).FromString(body)
    replace_invalid_text(twin)
    return message_class(OFFICIAL, signal).FromString(twin.SerializeToString())


def span_problems(content: Any) -> Iterator[str]:
    """One text per span: "" when it can be kept, else `reason|message`."""
    for resource_spans in content.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                trace_id, span_id = span.trace_id, span.span_id
                if (
                    len(trace_id) == 16
                    and len(span_id) == 8
                    and trace_id != _NO_TRACE
                    and span_id != _NO_SPAN
                ):
                    yield ""
                else:
                    yield id_problem(trace_id, span_id, span.name)


def count(request: Request) -> int:
    """Log records, or data points of metrics."""
    if request.signal == "logs":
        return sum(
            len(scope_logs.log_records)
            for resource_logs in request.content.resource_logs
            for scope_logs in resource_logs.scope_logs
        )
    return sum(
        _point_count(metric)
        for resource_metrics in request.content.resource_metrics
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
    )


def _point_count(metric: Any) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0


def spans(content: Any) -> list[RawSpan]:
    found: list[RawSpan] = []
    keep = found.append
    for resource_spans in content.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            resource = _resource(resource_spans, scope_spans)
            for span in scope_spans.spans:
                trace_id, span_id, parent = span.trace_id, span.span_id, span.parent_span_id
                if (
                    len(trace_id) != 16
                    or len(span_id) != 8
                    or trace_id == _NO_TRACE
                    or span_id == _NO_SPAN
                ):
                    continue
                attributes: dict[str, Value] = {}
                for pair in span.attributes:
                    value = pair.value
                    attributes[pair.key] = value.string_value or value.int_value or _value(value, 0)
                status = span.status
                if parent and (len(parent) != 8 or parent == _NO_SPAN):
                    if len(parent) != 8:
                        attributes[PROBLEM_PARENT] = f"{len(parent)} bytes instead of 8"
                    parent = b""
                keep(
                    RawSpan(
                        trace_id=trace_id.hex(),
                        span_id=span_id.hex(),
                        parent_span_id=parent.hex(),
                        name=span.name,
                        otlp_kind=span.kind,
                        start_ns=span.start_time_unix_nano,
                        end_ns=span.end_time_unix_nano,
                        status_code=status.code,
                        status_message=status.message,
                        attributes=attributes,
                        events=_events(span.events) if span.events else (),
                        links=_links(span.links) if span.links else (),
                        dropped_attributes=span.dropped_attributes_count,
                        dropped_events=span.dropped_events_count,
                        dropped_links=span.dropped_links_count,
                        resource=resource,
                    )
                )
    return found


def logs(content: Any) -> list[RawLog]:
    found: list[RawLog] = []
    for resource_logs in content.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            resource = _resource(resource_logs, scope_logs)
            for record in scope_logs.log_records:
                attributes = _attributes(record.attributes)
                found.append(
                    RawLog(
                        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
                        observed_ns=record.observed_time_unix_nano,
                        trace_id=hex_or_none(record.trace_id, 16),
                        span_id=hex_or_none(record.span_id, 8),
                        event_name=record.event_name or event_name(attributes),
                        severity=record.severity_number,
                        body=_value(record.body, 0),
                        attributes=attributes,
                        resource=resource,
                    )
                )
    return found


def metrics(content: Any) -> list[RawMetric]:
    points: list[RawMetric] = []
    for resource_metrics in content.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            resource = _resource(resource_metrics, scope_metrics)
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                if kind is None:
                    continue
                data = getattr(metric, kind)
                for point in data.data_points:
                    value, count = _point(kind, point)
                    points.append(
                        RawMetric(
                            name=metric.name,
                            unit=metric.unit,
                            start_ns=point.start_time_unix_nano,
                            time_ns=point.time_unix_nano,
                            value=value,
                            count=count,
                            monotonic=kind == "sum" and data.is_monotonic,
                            temporality=0
                            if kind in ("gauge", "summary")
                            else data.aggregation_temporality,
                            attributes=_attributes(point.attributes),
                            resource=resource,
                        )
                    )
    return points


def _point(kind: str, point: Any) -> tuple[float | int, int]:
    if kind in ("gauge", "sum"):
        which = point.WhichOneof("value")
        return (getattr(point, which), 1) if which else (0, 0)
    return point.sum, point.count


def _value(value: Any, depth: int) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "kvlist_value":
        if depth >= MAX_VALUE_DEPTH:
            return TOO_DEEP
        return {
            pair.key: pair.value.string_value or _value(pair.value, depth + 1)
            for pair in value.kvlist_value.values
        }
    if kind == "array_value":
        if depth >= MAX_VALUE_DEPTH:
            return TOO_DEEP
        return [
            element.string_value or _value(element, depth + 1)
            for element in value.array_value.values
        ]
    if kind == "bytes_value":
        return {"bytes": base64.b64encode(value.bytes_value).decode("ascii")}
    return getattr(value, kind)


def _attributes(pairs: Iterable[Any]) -> dict[str, Value]:
    return {pair.key: pair.value.string_value or _value(pair.value, 0) for pair in pairs}


def _resource(outer: Any, inner: Any) -> Resource:
    scope = inner.scope
    return Resource(
        attributes=_attributes(outer.resource.attributes),
        scope_name=scope.name,
        scope_version=scope.version,
        scope_attributes=_attributes(scope.attributes),
        schema_url=inner.schema_url or outer.schema_url,
    )


def _events(events: Iterable[Any]) -> tuple[RawEvent, ...]:
    return tuple(
        RawEvent(
            name=event.name,
            time_ns=event.time_unix_nano,
            attributes=_attributes(event.attributes),
        )
        for event in events
    )


def _links(links: Iterable[Any]) -> tuple[RawLink, ...]:
    return tuple(
        RawLink(
            trace_id=link.trace_id.hex(),
            span_id=link.span_id.hex(),
            attributes=_attributes(link.attributes),
        )
        for link in links
    )
