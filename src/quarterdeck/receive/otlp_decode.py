"""
OTLP bytes to `RawSpan`, `RawLog` and `RawMetric`: OTLP without the encoding, nothing interpreted.

Two encodings (protobuf and OTLP/JSON) and three signals.  A body that can't be read at all
raises `Invalid`; a span that can't be stored because its ids are missing, zero or of a wrong
length is left out and counted, exactly, as OTLP's partial success wants.  Nothing else of an
item is ever a reason to refuse it: odd times, unknown enums and wrong types are kept as far as
the model can hold them, and judged by `normalize`.

This is the hottest loop of the server (about 21 attributes a span), hence the shape of the
protobuf half: no function call for an attribute that is a string, a `Resource` shared by all
spans of a scope.  The JSON half is written for tolerance, not for speed.
"""

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import orjson
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

Signal = Literal["traces", "logs", "metrics"]
Encoding = Literal["protobuf", "json"]

SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")

MAX_VALUE_DEPTH = 64
"""
Lists and maps inside one attribute's value; what lies deeper is replaced by a marker.  The
deepest seen in recorded agent traffic is 9.  Protobuf's own parser stops a little earlier.
"""
MAX_JSON_DEPTH = 512
"""Containers inside a JSON body; a deeper one is malformed.  Far above `MAX_VALUE_DEPTH` times
the four containers that OTLP/JSON spends on each level."""
_MAX_WRITTEN_DEPTH = 250
"""orjson reads 1,024 levels and writes 254."""
PROBLEM_KEY = "quarterdeck.problem"
TOO_DEEP: dict[str, str] = {PROBLEM_KEY: f"nested deeper than {MAX_VALUE_DEPTH} levels"}
"""Stands where a value was cut."""
PROBLEM_PARENT = "quarterdeck.problem.parent_span_id"
"""Attribute that tells of a parent id that could not be one; the span is kept as a root."""

_NO_TRACE = b"\0" * 16
_NO_SPAN = b"\0" * 8
_U64 = 2**64 - 1
_I63 = 2**63


class Rejected(NamedTuple):
    """Items of one request that were left out.  `number` 0 = none; `message` names the first."""

    number: int = 0
    reasons: Mapping[str, int] = {}
    message: str = ""


class Checked(NamedTuple):
    """A parsed request: how many items it carries in all, and which of them can't be kept."""

    total: int
    rejected: Rejected

    @property
    def kept(self) -> int:
        return self.total - self.rejected.number


class Request(NamedTuple):
    """A parsed body.  `content` is a protobuf message or a JSON object; redaction edits it."""

    signal: Signal
    encoding: Encoding
    content: Any
    rewritten: bool = False
    """The content is no longer what the body said: the body must be made anew from it."""


# ------------------------------------------------------------------------------------- parsing


def parse(body: bytes, *, signal: Signal, encoding: Encoding) -> Request:
    """Raises `Invalid` when the body is not an export request of this signal at all."""
    if encoding == "protobuf":
        try:
            return Request(signal, encoding, message_class(OFFICIAL, signal).FromString(body))
        except DecodeError:
            pass
        try:
            return Request(signal, encoding, _readable(body, signal), rewritten=True)
        except DecodeError as error:
            raise Invalid(
                f"the body is not an OTLP protobuf request for {signal}",
                code="malformed",
                hint="Is it cut off, compressed without Content-Encoding, nested beyond 100 "
                "levels, or JSON without `Content-Type: application/json`?",
            ) from error
    tree = _json_object(body)
    if not isinstance(tree, dict):
        raise Invalid(
            f"the body is a JSON {type(tree).__name__}, not an object",
            code="malformed",
            hint=f'OTLP/JSON begins with {{"{_JSON_ROOTS[signal][0]}": […]}}.',
        )
    root = _first(tree, *_JSON_ROOTS[signal])
    if root is not None and not isinstance(root, list):
        raise Invalid(
            f"{_JSON_ROOTS[signal][0]} is a {type(root).__name__}, not a list", code="malformed"
        )
    return Request(signal, encoding, tree)


def message_class(messages: Messages, signal: Signal) -> type[Message]:
    return {"traces": messages.traces, "logs": messages.logs, "metrics": messages.metrics}[signal]


def serialize(request: Request) -> bytes:
    """The body again, of a request whose `rewritten` is true."""
    if request.encoding == "json":
        return dump_json(request.content)
    serialized: bytes = request.content.SerializeToString()
    return serialized


def _readable(body: bytes, signal: Signal) -> Message:
    """The body with every byte that is not UTF-8 replaced.  Raises `DecodeError`."""
    twin = message_class(BYTES, signal).FromString(body)
    replace_invalid_text(twin)
    return message_class(OFFICIAL, signal).FromString(twin.SerializeToString())


def sniff_encoding(body: bytes) -> Encoding:
    """What a body without Content-Type is: JSON begins with `{`, protobuf never does."""
    return "json" if body[:64].lstrip()[:1] == b"{" else "protobuf"


def _json_object(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        first_error = error
    # Python's parser is tried for what JavaScript and Python senders write and orjson refuses:
    # lone surrogates, NaN and Infinity, a byte order mark, ints beyond 64 bits.
    try:
        text = body.decode("utf-8-sig", "replace")
        if _depth_of(text) > MAX_JSON_DEPTH:
            raise Invalid(f"JSON nested deeper than {MAX_JSON_DEPTH} levels", code="malformed")
        tree = json.loads(text)
        return orjson.loads(dump_json(_without_surrogates(tree)))
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(
            f"the body is not JSON: {first_error.msg} at line {first_error.lineno} "
            f"column {first_error.colno}",
            code="malformed",
        ) from error


def dump_json(tree: Any) -> bytes:
    """A parsed body as canonical JSON.  Containers that lie deeper than can be written are made
    null, in place; `MAX_VALUE_DEPTH` cuts long before them."""
    try:
        return orjson.dumps(tree)
    except TypeError:
        todo = [(tree, 1)]
        while todo:
            holder, depth = todo.pop()
            for place, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
                if isinstance(value, dict | list):
                    if depth >= _MAX_WRITTEN_DEPTH:
                        holder[place] = None
                    else:
                        todo.append((value, depth + 1))
        return orjson.dumps(tree)


def _depth_of(text: str) -> int:
    """An upper bound of the nesting: brackets inside strings count too."""
    depth = deepest = 0
    for character in text:
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(element) for element in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -_I63 <= value <= _U64:
        return str(value)
    return value


# ------------------------------------------------------------------------- counting and refusing


def check(request: Request) -> Checked:
    """How many items the request carries, and which of them will be left out by decoding."""
    if request.signal == "traces":
        problems = (
            _pb_span_problems(request.content)
            if request.encoding == "protobuf"
            else _json_span_problems(request.content)
        )
        items, reasons, message = 0, dict[str, int](), ""
        for problem in problems:
            items += 1
            if problem:
                reason, _, text = problem.partition("|")
                reasons[reason] = reasons.get(reason, 0) + 1
                message = message or text
        return Checked(items, Rejected(sum(reasons.values()), reasons, message))
    if request.encoding == "protobuf":
        return Checked(_pb_count(request), Rejected())
    return _check_json_items(request)


def _pb_span_problems(content: Any) -> Iterator[str]:
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
                    yield _id_problem(trace_id, span_id, span.name)


def _id_problem(trace_id: bytes, span_id: bytes, name: object) -> str:
    where = f" (span {str(name)[:80]!r})"
    for field, value, size in (("trace_id", trace_id, 16), ("span_id", span_id, 8)):
        if not value:
            return f"no_{field}|{field} is missing{where}"
        if len(value) != size:
            return f"bad_{field}|{field} has {len(value)} bytes instead of {size}{where}"
        if not any(value):
            return f"zero_{field}|{field} is all zeros{where}"
    return ""


def _pb_count(request: Request) -> int:
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


# --------------------------------------------------------------------------- protobuf: decoding


def spans_of(request: Request) -> list[RawSpan]:
    """The spans that can be kept, in the order sent."""
    if request.encoding == "json":
        return _json_spans(request.content)
    return _pb_spans(request.content)


def _pb_spans(content: Any) -> list[RawSpan]:
    spans: list[RawSpan] = []
    keep = spans.append
    for resource_spans in content.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            resource = _pb_resource(resource_spans, scope_spans)
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
                    attributes[pair.key] = (
                        value.string_value or value.int_value or _pb_value(value, 0)
                    )
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
                        events=_pb_events(span.events) if span.events else (),
                        links=_pb_links(span.links) if span.links else (),
                        dropped_attributes=span.dropped_attributes_count,
                        dropped_events=span.dropped_events_count,
                        dropped_links=span.dropped_links_count,
                        resource=resource,
                    )
                )
    return spans


def logs_of(request: Request) -> list[RawLog]:
    """The log records, in the order sent.  A trace or span id that can't be one becomes ""."""
    if request.encoding == "json":
        return _json_logs(request.content)
    return _pb_logs(request.content)


def _pb_logs(content: Any) -> list[RawLog]:
    logs: list[RawLog] = []
    for resource_logs in content.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            resource = _pb_resource(resource_logs, scope_logs)
            for record in scope_logs.log_records:
                attributes = _pb_attributes(record.attributes)
                logs.append(
                    RawLog(
                        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
                        observed_ns=record.observed_time_unix_nano,
                        trace_id=_hex_or_none(record.trace_id, 16),
                        span_id=_hex_or_none(record.span_id, 8),
                        event_name=record.event_name or _event_name(attributes),
                        severity=record.severity_number,
                        body=_pb_value(record.body, 0),
                        attributes=attributes,
                        resource=resource,
                    )
                )
    return logs


def metrics_of(request: Request) -> list[RawMetric]:
    """One `RawMetric` per data point, in the order sent."""
    if request.encoding == "json":
        return _json_metrics(request.content)
    return _pb_metrics(request.content)


def _pb_metrics(content: Any) -> list[RawMetric]:
    points: list[RawMetric] = []
    for resource_metrics in content.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            resource = _pb_resource(resource_metrics, scope_metrics)
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                if kind is None:
                    continue
                data = getattr(metric, kind)
                for point in data.data_points:
                    value, count = _pb_point(kind, point)
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
                            attributes=_pb_attributes(point.attributes),
                            resource=resource,
                        )
                    )
    return points


def _pb_point(kind: str, point: Any) -> tuple[float | int, int]:
    if kind in ("gauge", "sum"):
        which = point.WhichOneof("value")
        return (getattr(point, which), 1) if which else (0, 0)
    return point.sum, point.count


def _pb_value(value: Any, depth: int) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "kvlist_value":
        if depth >= MAX_VALUE_DEPTH:
            return TOO_DEEP
        return {
            pair.key: pair.value.string_value or _pb_value(pair.value, depth + 1)
            for pair in value.kvlist_value.values
        }
    if kind == "array_value":
        if depth >= MAX_VALUE_DEPTH:
            return TOO_DEEP
        return [
            element.string_value or _pb_value(element, depth + 1)
            for element in value.array_value.values
        ]
    if kind == "bytes_value":
        return {"bytes": base64.b64encode(value.bytes_value).decode("ascii")}
    return getattr(value, kind)


def _pb_attributes(pairs: Iterable[Any]) -> dict[str, Value]:
    return {pair.key: pair.value.string_value or _pb_value(pair.value, 0) for pair in pairs}


def _pb_resource(outer: Any, inner: Any) -> Resource:
    scope = inner.scope
    return Resource(
        attributes=_pb_attributes(outer.resource.attributes),
        scope_name=scope.name,
        scope_version=scope.version,
        scope_attributes=_pb_attributes(scope.attributes),
        schema_url=inner.schema_url or outer.schema_url,
    )


def _pb_events(events: Iterable[Any]) -> tuple[RawEvent, ...]:
    return tuple(
        RawEvent(
            name=event.name,
            time_ns=event.time_unix_nano,
            attributes=_pb_attributes(event.attributes),
        )
        for event in events
    )


def _pb_links(links: Iterable[Any]) -> tuple[RawLink, ...]:
    return tuple(
        RawLink(
            trace_id=link.trace_id.hex(),
            span_id=link.span_id.hex(),
            attributes=_pb_attributes(link.attributes),
        )
        for link in links
    )


def _hex_or_none(value: bytes, size: int) -> str:
    return value.hex() if len(value) == size and any(value) else ""


def _event_name(attributes: dict[str, Value]) -> str:
    name = attributes.get("event.name")
    return name if isinstance(name, str) else ""


# ------------------------------------------------------------------------------- JSON: decoding

_JSON_ROOTS: dict[Signal, tuple[str, str]] = {
    "traces": ("resourceSpans", "resource_spans"),
    "logs": ("resourceLogs", "resource_logs"),
    "metrics": ("resourceMetrics", "resource_metrics"),
}
_JSON_SCOPES: dict[Signal, tuple[str, ...]] = {
    # The second pair is what senders of before 2022 wrote.
    "traces": ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"),
    "logs": ("scopeLogs", "scope_logs", "instrumentationLibraryLogs"),
    "metrics": ("scopeMetrics", "scope_metrics", "instrumentationLibraryMetrics"),
}
_JSON_ITEMS: dict[Signal, tuple[str, ...]] = {
    "traces": ("spans",),
    "logs": ("logRecords", "log_records"),
    "metrics": ("metrics",),
}
_SPAN_KINDS = {
    f"SPAN_KIND_{name}": number
    for number, name in enumerate(
        ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
    )
}
_STATUS_CODES = {
    f"STATUS_CODE_{name}": number for number, name in enumerate(("UNSET", "OK", "ERROR"))
}
_TEMPORALITIES = {
    f"AGGREGATION_TEMPORALITY_{name}": number
    for number, name in enumerate(("UNSPECIFIED", "DELTA", "CUMULATIVE"))
}
_SEVERITIES = {
    f"SEVERITY_NUMBER_{level}{step or ''}": 4 * group + (step or 1)
    for group, level in enumerate(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"))
    for step in (None, 2, 3, 4)
}
_METRIC_KINDS = {
    "gauge": ("gauge",),
    "sum": ("sum",),
    "histogram": ("histogram",),
    "exponential_histogram": ("exponentialHistogram", "exponential_histogram"),
    "summary": ("summary",),
}


class _Group(NamedTuple):
    """The items of one scope, as sent: an item can be anything."""

    resource: Mapping[str, Any]
    scope: Mapping[str, Any]
    schema_url: str
    items: list[Any]


def _first(mapping: Mapping[str, Any], *keys: str) -> Any:
    for key in keys:
        if key in mapping:
            return mapping[key]
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _int(value: Any, names: Mapping[str, int] | None = None) -> int:
    """An integer as OTLP/JSON may write it: a number, digits, or an enum's name; else 0."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else 0
    if isinstance(value, str):
        if names and value in names:
            return names[value]
        try:
            # Longer digits than any 64-bit number are not one: Python would spend time on them.
            return int(value) if len(value) <= 24 else 0
        except ValueError:
            return 0
    return 0


def _unsigned(value: Any) -> int:
    number = _int(value)
    return number if 0 <= number <= _U64 else 0


def _signed32(value: Any, names: Mapping[str, int]) -> int:
    number = _int(value, names)
    return number if -(2**31) <= number < 2**31 else 0


def _groups(tree: Mapping[str, Any], signal: Signal) -> Iterator[_Group]:
    for outer in map(_dict, _list(_first(tree, *_JSON_ROOTS[signal]))):
        for inner in map(_dict, _list(_first(outer, *_JSON_SCOPES[signal]))):
            yield _Group(
                _dict(outer.get("resource")),
                _dict(_first(inner, "scope", "instrumentationLibrary")),
                _text(_first(inner, "schemaUrl", "schema_url"))
                or _text(_first(outer, "schemaUrl", "schema_url")),
                _list(_first(inner, *_JSON_ITEMS[signal])),
            )


def _json_resource(group: _Group) -> Resource:
    return Resource(
        attributes=_json_attributes(group.resource.get("attributes")),
        scope_name=_text(group.scope.get("name")),
        scope_version=_text(group.scope.get("version")),
        scope_attributes=_json_attributes(group.scope.get("attributes")),
        schema_url=group.schema_url,
    )


def _json_attributes(pairs: Any) -> dict[str, Value]:
    attributes: dict[str, Value] = {}
    for pair in _list(pairs):
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            attributes[pair["key"]] = _json_value(pair.get("value"), 0)
    return attributes


def _json_value(value: Any, depth: int) -> Value:
    """An AnyValue.  What is none is kept as it came: a bare "text" is a common slip."""
    if not isinstance(value, dict):
        return value if isinstance(value, str | int | float) else None
    for kind, content in value.items():
        match kind:
            case "stringValue" | "string_value":
                return _text(content)
            case "intValue" | "int_value":
                return _json_int(content)
            case "boolValue" | "bool_value":
                return content is True or content == "true"
            case "doubleValue" | "double_value":
                return _json_double(content)
            case "bytesValue" | "bytes_value":
                return {"bytes": _text(content)}
            case "arrayValue" | "array_value":
                if depth >= MAX_VALUE_DEPTH:
                    return TOO_DEEP
                return [_json_value(v, depth + 1) for v in _list(_dict(content).get("values"))]
            case "kvlistValue" | "kvlist_value":
                if depth >= MAX_VALUE_DEPTH:
                    return TOO_DEEP
                return {
                    pair["key"]: _json_value(pair.get("value"), depth + 1)
                    for pair in _list(_dict(content).get("values"))
                    if isinstance(pair, dict) and isinstance(pair.get("key"), str)
                }
    return None


def _json_int(content: Any) -> Value:
    """64 bits or the text as sent, which `normalize` will report."""
    if isinstance(content, str):
        try:
            number = int(content) if len(content) <= 24 else _U64
        except ValueError:
            return content
        return number if -_I63 <= number < _I63 else content
    if isinstance(content, float):
        return int(content) if content.is_integer() and abs(content) < _I63 else content
    return content if isinstance(content, int) else None


def _json_double(content: Any) -> Value:
    if isinstance(content, str):
        try:
            return float(content)
        except ValueError:
            return content
    return float(content) if isinstance(content, int | float) else None


def _json_id(value: Any, size: int) -> bytes | None:
    """The bytes of a hex id in either case; b"" when absent; None when it is no hex."""
    if value is None or value == "":
        return b""
    try:
        # bytes.fromhex skips blanks: "ab cd" is no id.
        if isinstance(value, str) and len(value) <= 4 * size and " " not in value:
            return bytes.fromhex(value)
    except ValueError:
        return None
    return None


def _json_span_problem(span: Any) -> str:
    if not isinstance(span, dict):
        return f"not_a_span|a span is a JSON {type(span).__name__}, not an object"
    trace_id = _json_id(_first(span, "traceId", "trace_id"), 16)
    span_id = _json_id(_first(span, "spanId", "span_id"), 8)
    if trace_id is None or span_id is None:
        field = "trace_id" if trace_id is None else "span_id"
        return f"bad_{field}|{field} is not hexadecimal (span {_text(span.get('name'))[:80]!r})"
    return _id_problem(trace_id, span_id, span.get("name", ""))


def _json_span_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    for group in _groups(tree, "traces"):
        yield from map(_json_span_problem, group.items)


def _json_spans(tree: Mapping[str, Any]) -> list[RawSpan]:
    spans: list[RawSpan] = []
    for group in _groups(tree, "traces"):
        resource = _json_resource(group)
        spans.extend(
            _json_span(span, resource) for span in group.items if not _json_span_problem(span)
        )
    return spans


def _json_span(span: dict[str, Any], resource: Resource) -> RawSpan:
    attributes = _json_attributes(span.get("attributes"))
    parent = _json_id(_first(span, "parentSpanId", "parent_span_id"), 8)
    if parent is None or len(parent) not in (0, 8):
        attributes[PROBLEM_PARENT] = (
            "not hexadecimal" if parent is None else f"{len(parent)} bytes instead of 8"
        )
        parent = b""
    status = _dict(span.get("status"))
    return RawSpan(
        trace_id=_text(_first(span, "traceId", "trace_id")).lower(),
        span_id=_text(_first(span, "spanId", "span_id")).lower(),
        parent_span_id=parent.hex() if any(parent) else "",
        name=_text(span.get("name")),
        otlp_kind=_signed32(span.get("kind"), _SPAN_KINDS),
        start_ns=_unsigned(_first(span, "startTimeUnixNano", "start_time_unix_nano")),
        end_ns=_unsigned(_first(span, "endTimeUnixNano", "end_time_unix_nano")),
        status_code=_signed32(status.get("code"), _STATUS_CODES),
        status_message=_text(status.get("message")),
        attributes=attributes,
        events=tuple(map(_json_event, filter(_is_dict, _list(span.get("events"))))),
        links=tuple(map(_json_link, filter(_is_dict, _list(span.get("links"))))),
        dropped_attributes=_unsigned(
            _first(span, "droppedAttributesCount", "dropped_attributes_count")
        ),
        dropped_events=_unsigned(_first(span, "droppedEventsCount", "dropped_events_count")),
        dropped_links=_unsigned(_first(span, "droppedLinksCount", "dropped_links_count")),
        resource=resource,
    )


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _json_event(event: dict[str, Any]) -> RawEvent:
    return RawEvent(
        name=_text(event.get("name")),
        time_ns=_unsigned(_first(event, "timeUnixNano", "time_unix_nano")),
        attributes=_json_attributes(event.get("attributes")),
    )


def _json_link(link: dict[str, Any]) -> RawLink:
    return RawLink(
        trace_id=_text(_first(link, "traceId", "trace_id")).lower(),
        span_id=_text(_first(link, "spanId", "span_id")).lower(),
        attributes=_json_attributes(link.get("attributes")),
    )


def _check_json_items(request: Request) -> Checked:
    """Logs and metrics: only what is no object at all is refused."""
    items = wrong = 0
    for group in _groups(request.content, request.signal):
        for item in group.items:
            if not isinstance(item, dict):
                items += 1
                wrong += 1
            else:
                items += 1 if request.signal == "logs" else len(_json_points(item)[2])
    noun = "log record" if request.signal == "logs" else "metric"
    rejected = (
        Rejected(wrong, {"not_an_object": wrong}, f"a {noun} is not a JSON object")
        if wrong
        else Rejected()
    )
    return Checked(items, rejected)


def _json_logs(tree: Mapping[str, Any]) -> list[RawLog]:
    logs: list[RawLog] = []
    for group in _groups(tree, "logs"):
        resource = _json_resource(group)
        for record in filter(_is_dict, group.items):
            attributes = _json_attributes(record.get("attributes"))
            observed = _unsigned(_first(record, "observedTimeUnixNano", "observed_time_unix_nano"))
            logs.append(
                RawLog(
                    time_ns=_unsigned(_first(record, "timeUnixNano", "time_unix_nano")) or observed,
                    observed_ns=observed,
                    trace_id=_hex_or_none(
                        _json_id(_first(record, "traceId", "trace_id"), 16) or b"", 16
                    ),
                    span_id=_hex_or_none(
                        _json_id(_first(record, "spanId", "span_id"), 8) or b"", 8
                    ),
                    event_name=_text(_first(record, "eventName", "event_name"))
                    or _event_name(attributes),
                    severity=_signed32(
                        _first(record, "severityNumber", "severity_number"), _SEVERITIES
                    ),
                    body=_json_value(record.get("body"), 0),
                    attributes=attributes,
                    resource=resource,
                )
            )
    return logs


def _json_points(metric: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """The metric's kind, its data, and its points that are objects."""
    for kind, names in _METRIC_KINDS.items():
        data = _first(metric, *names)
        if isinstance(data, dict):
            points = _list(_first(data, "dataPoints", "data_points"))
            return kind, data, list(filter(_is_dict, points))
    return "", {}, []


def _json_metrics(tree: Mapping[str, Any]) -> list[RawMetric]:
    points: list[RawMetric] = []
    for group in _groups(tree, "metrics"):
        resource = _json_resource(group)
        for metric in filter(_is_dict, group.items):
            kind, data, data_points = _json_points(metric)
            for point in data_points:
                value, count = _json_point(kind, point)
                points.append(
                    RawMetric(
                        name=_text(metric.get("name")),
                        unit=_text(metric.get("unit")),
                        start_ns=_unsigned(
                            _first(point, "startTimeUnixNano", "start_time_unix_nano")
                        ),
                        time_ns=_unsigned(_first(point, "timeUnixNano", "time_unix_nano")),
                        value=value,
                        count=count,
                        monotonic=_first(data, "isMonotonic", "is_monotonic") is True,
                        temporality=_signed32(
                            _first(data, "aggregationTemporality", "aggregation_temporality"),
                            _TEMPORALITIES,
                        ),
                        attributes=_json_attributes(point.get("attributes")),
                        resource=resource,
                    )
                )
    return points


def _json_point(kind: str, point: Mapping[str, Any]) -> tuple[float | int, int]:
    if kind in ("gauge", "sum"):
        whole = _first(point, "asInt", "as_int")
        value = _json_int(whole) if whole is not None else _json_double(
            _first(point, "asDouble", "as_double")
        )  # fmt: skip
        return (value, 1) if isinstance(value, int | float) else (0, 0)
    total = _json_double(point.get("sum"))
    return (total if isinstance(total, float) else 0.0), _unsigned(point.get("count"))
