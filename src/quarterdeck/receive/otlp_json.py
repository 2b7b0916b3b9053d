"""
OTLP as JSON: parsed, counted, and turned into `RawSpan`, `RawLog` and `RawMetric`.

Written for tolerance, not for speed: both spellings of every key, numbers as digits, enums by
name, what Python and JavaScript write and no JSON allows.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

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
from quarterdeck.receive.otlp_request import (
    MAX_VALUE_DEPTH,
    PROBLEM_PARENT,
    TOO_DEEP,
    Checked,
    Rejected,
    Request,
    Signal,
    event_name,
    hex_or_none,
    id_problem,
)

MAX_JSON_DEPTH = 512
"""Containers inside a JSON body; a deeper one is malformed.  Far above `MAX_VALUE_DEPTH` times
the four containers that OTLP/JSON spends on each level."""
_MAX_WRITTEN_DEPTH = 250
"""orjson reads 1,024 levels and writes 254."""
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Matches from any quote on, so that no text is gone through twice."""
_U64 = 2**64 - 1
_I63 = 2**63

_ROOTS: dict[Signal, tuple[str, str]] = {
    "traces": ("resourceSpans", "resource_spans"),
    "logs": ("resourceLogs", "resource_logs"),
    "metrics": ("resourceMetrics", "resource_metrics"),
}
_SCOPES: dict[Signal, tuple[str, ...]] = {
    # The second pair is what senders of before 2022 wrote.
    "traces": ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"),
    "logs": ("scopeLogs", "scope_logs", "instrumentationLibraryLogs"),
    "metrics": ("scopeMetrics", "scope_metrics", "instrumentationLibraryMetrics"),
}
_ITEMS: dict[Signal, tuple[str, ...]] = {
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


def parse(body: bytes, signal: Signal) -> Request:
    """Raises `Invalid` when the body is not an export request of this signal at all."""
    tree = read_json(body)
    if not isinstance(tree, dict):
        raise Invalid(
            f"the body is a JSON {type(tree).__name__}, not an object",
            code="malformed",
            hint=f'OTLP/JSON begins with {{"{_ROOTS[signal][0]}": […]}}.',
        )
    root = _first(tree, *_ROOTS[signal])
    if root is not None and not isinstance(root, list):
        raise Invalid(
            f"{_ROOTS[signal][0]} is a {type(root).__name__}, not a list", code="malformed"
        )
    return Request(signal, "json", tree)


def read_json(body: bytes) -> Any:
    """
    Any JSON, and what Python and JavaScript write for it.  Text is Unicode, numbers fit 64 bits.

    Raises `Invalid`, saying where it ends to be JSON.
    """
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


def stamp(tree: Mapping[str, Any], signal: Signal, attributes: Mapping[str, str]) -> None:
    """Add attributes to every resource that lacks them, in place."""
    for outer in _list(_first(tree, *_ROOTS[signal])):
        if not isinstance(outer, dict):
            continue
        resource = outer.get("resource")
        if not isinstance(resource, dict):
            resource = outer["resource"] = {}
        pairs = resource.get("attributes")
        if not isinstance(pairs, list):
            pairs = resource["attributes"] = []
        there = {pair.get("key") for pair in pairs if isinstance(pair, dict)}
        pairs += (
            {"key": key, "value": {"stringValue": value}}
            for key, value in attributes.items()
            if key not in there
        )


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
    depth = deepest = 0
    for character in _STRING.sub("", text):
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
    for outer in map(_dict, _list(_first(tree, *_ROOTS[signal]))):
        for inner in map(_dict, _list(_first(outer, *_SCOPES[signal]))):
            yield _Group(
                _dict(outer.get("resource")),
                _dict(_first(inner, "scope", "instrumentationLibrary")),
                _text(_first(inner, "schemaUrl", "schema_url"))
                or _text(_first(outer, "schemaUrl", "schema_url")),
                _list(_first(inner, *_ITEMS[signal])),
            )


def _resource(group: _Group) -> Resource:
    return Resource(
        attributes=_attributes(group.resource.get("attributes")),
        scope_name=_text(group.scope.get("name")),
        scope_version=_text(group.scope.get("version")),
        scope_attributes=_attributes(group.scope.get("attributes")),
        schema_url=group.schema_url,
    )


def _attributes(pairs: Any) -> dict[str, Value]:
    attributes: dict[str, Value] = {}
    for pair in _list(pairs):
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            attributes[pair["key"]] = _value(pair.get("value"), 0)
    return attributes


def _value(value: Any, depth: int) -> Value:
    """An AnyValue.  What is none is kept as it came: a bare "text" is a common slip."""
    if not isinstance(value, dict):
        return value if isinstance(value, str | int | float) else None
    for kind, content in value.items():
        match kind:
            case "stringValue" | "string_value":
                return _text(content)
            case "intValue" | "int_value":
                return _whole(content)
            case "boolValue" | "bool_value":
                return content is True or content == "true"
            case "doubleValue" | "double_value":
                return _double(content)
            case "bytesValue" | "bytes_value":
                return {"bytes": _text(content)}
            case "arrayValue" | "array_value":
                if depth >= MAX_VALUE_DEPTH:
                    return TOO_DEEP
                return [_value(v, depth + 1) for v in _list(_dict(content).get("values"))]
            case "kvlistValue" | "kvlist_value":
                if depth >= MAX_VALUE_DEPTH:
                    return TOO_DEEP
                return {
                    pair["key"]: _value(pair.get("value"), depth + 1)
                    for pair in _list(_dict(content).get("values"))
                    if isinstance(pair, dict) and isinstance(pair.get("key"), str)
                }
    return None


def _whole(content: Any) -> Value:
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


def _double(content: Any) -> Value:
    if isinstance(content, str):
        try:
            return float(content)
        except ValueError:
            return content
    return float(content) if isinstance(content, int | float) else None


def _id(value: Any, size: int) -> bytes | None:
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


def _span_problem(span: Any) -> str:
    if not isinstance(span, dict):
        return f"not_a_span|a span is a JSON {type(span).__name__}, not an object"
    trace_id = _id(_first(span, "traceId", "trace_id"), 16)
    span_id = _id(_first(span, "spanId", "span_id"), 8)
    if trace_id is None or span_id is None:
        field = "trace_id" if trace_id is None else "span_id"
        return f"bad_{field}|{field} is not hexadecimal (span {_text(span.get('name'))[:80]!r})"
    return id_problem(trace_id, span_id, span.get("name", ""))


def span_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    for group in _groups(tree, "traces"):
        yield from map(_span_problem, group.items)


def spans(tree: Mapping[str, Any]) -> list[RawSpan]:
    found: list[RawSpan] = []
    for group in _groups(tree, "traces"):
        resource = _resource(group)
        found.extend(_span(span, resource) for span in group.items if not _span_problem(span))
    return found


def _span(span: dict[str, Any], resource: Resource) -> RawSpan:
    attributes = _attributes(span.get("attributes"))
    parent = _id(_first(span, "parentSpanId", "parent_span_id"), 8)
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
        events=tuple(map(_event, filter(_is_dict, _list(span.get("events"))))),
        links=tuple(map(_link, filter(_is_dict, _list(span.get("links"))))),
        dropped_attributes=_unsigned(
            _first(span, "droppedAttributesCount", "dropped_attributes_count")
        ),
        dropped_events=_unsigned(_first(span, "droppedEventsCount", "dropped_events_count")),
        dropped_links=_unsigned(_first(span, "droppedLinksCount", "dropped_links_count")),
        resource=resource,
    )


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _event(event: dict[str, Any]) -> RawEvent:
    return RawEvent(
        name=_text(event.get("name")),
        time_ns=_unsigned(_first(event, "timeUnixNano", "time_unix_nano")),
        attributes=_attributes(event.get("attributes")),
    )


def _link(link: dict[str, Any]) -> RawLink:
    return RawLink(
        trace_id=_text(_first(link, "traceId", "trace_id")).lower(),
        span_id=_text(_first(link, "spanId", "span_id")).lower(),
        attributes=_attributes(link.get("attributes")),
    )


def check_items(request: Request) -> Checked:
    """Logs and metrics: only what is no object at all is refused."""
    items = wrong = 0
    for group in _groups(request.content, request.signal):
        for item in group.items:
            if not isinstance(item, dict):
                items += 1
                wrong += 1
            else:
                items += 1 if request.signal == "logs" else len(_points(item)[2])
    noun = "log record" if request.signal == "logs" else "metric"
    rejected = (
        Rejected(wrong, {"not_an_object": wrong}, f"a {noun} is not a JSON object")
        if wrong
        else Rejected()
    )
    return Checked(items, rejected)


def logs(tree: Mapping[str, Any]) -> list[RawLog]:
    found: list[RawLog] = []
    for group in _groups(tree, "logs"):
        resource = _resource(group)
        for record in filter(_is_dict, group.items):
            attributes = _attributes(record.get("attributes"))
            observed = _unsigned(_first(record, "observedTimeUnixNano", "observed_time_unix_nano"))
            found.append(
                RawLog(
                    time_ns=_unsigned(_first(record, "timeUnixNano", "time_unix_nano")) or observed,
                    observed_ns=observed,
                    trace_id=hex_or_none(_id(_first(record, "traceId", "trace_id"), 16) or b"", 16),
                    span_id=hex_or_none(_id(_first(record, "spanId", "span_id"), 8) or b"", 8),
                    event_name=_text(_first(record, "eventName", "event_name"))
                    or event_name(attributes),
                    severity=_signed32(
                        _first(record, "severityNumber", "severity_number"), _SEVERITIES
                    ),
                    body=_value(record.get("body"), 0),
                    attributes=attributes,
                    resource=resource,
                )
            )
    return found


def _points(metric: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """The metric's kind, its data, and its points that are objects."""
    for kind, names in _METRIC_KINDS.items():
        data = _first(metric, *names)
        if isinstance(data, dict):
            points = _list(_first(data, "dataPoints", "data_points"))
            return kind, data, list(filter(_is_dict, points))
    return "", {}, []


def metrics(tree: Mapping[str, Any]) -> list[RawMetric]:
    points: list[RawMetric] = []
    for group in _groups(tree, "metrics"):
        resource = _resource(group)
        for metric in filter(_is_dict, group.items):
            kind, data, data_points = _points(metric)
            for point in data_points:
                value, count = _point(kind, point)
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
                        attributes=_attributes(point.get("attributes")),
                        resource=resource,
                    )
                )
    return points


def _point(kind: str, point: Mapping[str, Any]) -> tuple[float | int, int]:
    if kind in ("gauge", "sum"):
        whole = _first(point, "asInt", "as_int")
        value = _whole(whole) if whole is not None else _double(
            _first(point, "asDouble", "as_double")
        )  # fmt: skip
        return (value, 1) if isinstance(value, int | float) else (0, 0)
    total = _double(point.get("sum"))
    return (total if isinstance(total, float) else 0.0), _unsigned(point.get("count"))
