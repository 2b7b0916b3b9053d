"""OTLP bytes become raw spans, logs and metric points; only bad ids are refused, and counted."""

import contextlib
import json
import math
import time
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from quarterdeck.errors import Invalid
from quarterdeck.receive.otlp_decode import (
    check,
    logs_of,
    metrics_of,
    parse,
    serialize,
    sniff_encoding,
    spans_of,
)
from quarterdeck.receive.otlp_request import TOO_DEEP, Request

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "00f067aa0ba902b7"


def spans(*given: Any) -> Request:
    tree = {"resourceSpans": [{"scopeSpans": [{"spans": list(given)}]}]}
    return parse(json.dumps(tree).encode(), signal="traces", encoding="json")


def span(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, "name": "s", **fields}


def full_protobuf() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    outer = request.resource_spans.add(schema_url="https://outer")
    outer.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = outer.scope_spans.add()
    scope.scope.name, scope.scope.version = "lib", "1.2"
    one = scope.spans.add(
        trace_id=bytes.fromhex(TRACE),
        span_id=bytes.fromhex(SPAN),
        parent_span_id=b"\1" * 8,
        name="chat",
        kind=3,
        start_time_unix_nano=5,
        end_time_unix_nano=9,
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    one.status.code, one.status.message = 2, "boom"  # type: ignore[assignment]
    values = one.attributes
    values.add(key="text").value.string_value = "é"
    values.add(key="empty").value.string_value = ""
    values.add(key="int").value.int_value = -(2**63)
    values.add(key="zero").value.int_value = 0
    values.add(key="float").value.double_value = 0.25
    values.add(key="no").value.bool_value = False
    values.add(key="raw").value.bytes_value = b"\xff\x00"
    values.add(key="absent")
    listed = values.add(key="list").value.array_value
    listed.values.add(string_value="a")
    listed.values.add(int_value=2)
    mapped = values.add(key="map").value.kvlist_value
    mapped.values.add(key="k").value.double_value = 1.5
    event = one.events.add(time_unix_nano=7, name="e")
    event.attributes.add(key="x").value.string_value = "y"
    one.links.add(trace_id=b"\2" * 16, span_id=b"\3" * 8)
    return request


FULL_JSON = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "schemaUrl": "https://outer",
            "scopeSpans": [
                {
                    "scope": {"name": "lib", "version": "1.2"},
                    "spans": [
                        {
                            "traceId": TRACE.upper(),
                            "spanId": SPAN,
                            "parentSpanId": "0101010101010101",
                            "name": "chat",
                            "kind": "SPAN_KIND_CLIENT",
                            "startTimeUnixNano": "5",
                            "endTimeUnixNano": 9,
                            "droppedAttributesCount": 1,
                            "droppedEventsCount": 2,
                            "droppedLinksCount": 3,
                            "status": {"code": 2, "message": "boom"},
                            "attributes": [
                                {"key": "text", "value": {"stringValue": "é"}},
                                {"key": "empty", "value": {"stringValue": ""}},
                                {"key": "int", "value": {"intValue": "-9223372036854775808"}},
                                {"key": "zero", "value": {"intValue": 0}},
                                {"key": "float", "value": {"doubleValue": 0.25}},
                                {"key": "no", "value": {"boolValue": False}},
                                {"key": "raw", "value": {"bytesValue": "/wA="}},
                                {"key": "absent", "value": {}},
                                {
                                    "key": "list",
                                    "value": {
                                        "arrayValue": {
                                            "values": [{"stringValue": "a"}, {"intValue": "2"}]
                                        }
                                    },
                                },
                                {
                                    "key": "map",
                                    "value": {
                                        "kvlistValue": {
                                            "values": [{"key": "k", "value": {"doubleValue": 1.5}}]
                                        }
                                    },
                                },
                            ],
                            "events": [
                                {
                                    "timeUnixNano": "7",
                                    "name": "e",
                                    "attributes": [{"key": "x", "value": {"stringValue": "y"}}],
                                }
                            ],
                            "links": [{"traceId": "02" * 16, "spanId": "03" * 8}],
                            "unknownField": {"any": [1]},
                        }
                    ],
                }
            ],
        }
    ]
}


def test_protobuf_and_json_of_one_span_give_the_same_raw_span() -> None:
    body = full_protobuf().SerializeToString()
    [binary] = spans_of(parse(body, signal="traces", encoding="protobuf"))
    [text] = spans_of(parse(orjson.dumps(FULL_JSON), signal="traces", encoding="json"))
    assert binary == text
    assert binary.attributes == {
        "text": "é",
        "empty": "",
        "int": -(2**63),
        "zero": 0,
        "float": 0.25,
        "no": False,
        "raw": {"bytes": "/wA="},
        "absent": None,
        "list": ["a", 2],
        "map": {"k": 1.5},
    }
    assert (binary.trace_id, binary.span_id, binary.parent_span_id) == (TRACE, SPAN, "01" * 8)
    assert (binary.otlp_kind, binary.status_code, binary.status_message) == (3, 2, "boom")
    assert (binary.start_ns, binary.end_ns) == (5, 9)
    assert (binary.dropped_attributes, binary.dropped_events, binary.dropped_links) == (1, 2, 3)
    assert binary.resource.attributes == {"service.name": "shop"}
    assert (binary.resource.scope_name, binary.resource.schema_url) == ("lib", "https://outer")
    assert binary.events[0].attributes == {"x": "y"}
    assert binary.links[0].trace_id == "02" * 16


def test_spans_of_one_scope_share_their_resource() -> None:
    request = full_protobuf()
    scope = request.resource_spans[0].scope_spans[0]
    scope.spans.add(trace_id=b"\1" * 16, span_id=b"\1" * 8)
    first, second = spans_of(
        parse(request.SerializeToString(), signal="traces", encoding="protobuf")
    )
    assert first.resource is second.resource


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"traceId": ""}, "no_trace_id"),
        ({"spanId": None}, "no_span_id"),
        ({"traceId": "0" * 32}, "zero_trace_id"),
        ({"spanId": "0" * 16}, "zero_span_id"),
        ({"traceId": TRACE[:-2]}, "bad_trace_id"),
        ({"spanId": SPAN + "00"}, "bad_span_id"),
        ({"traceId": "g" * 32}, "bad_trace_id"),
        ({"spanId": "00 f0 67 aa 0b a9"}, "bad_span_id"),
        ({"traceId": 7}, "bad_trace_id"),
    ],
)
def test_a_span_without_usable_ids_is_refused_alone(fields: Any, reason: str) -> None:
    request = spans(span(), span(**fields), span())
    checked = check(request)
    assert (checked.total, checked.kept) == (3, 2)
    assert checked.rejected.reasons == {reason: 1}
    assert "'s'" in checked.rejected.message
    assert len(spans_of(request)) == 2


def test_protobuf_ids_are_judged_the_same() -> None:
    request = ExportTraceServiceRequest()
    add = request.resource_spans.add().scope_spans.add().spans.add
    for trace_id, span_id in (
        (b"\1" * 16, b"\1" * 8), (b"", b"\1" * 8), (b"\1" * 15, b"\1" * 8), (b"\0" * 16, b"\1" * 8),
        (b"\1" * 16, b""), (b"\1" * 16, b"\1" * 9), (b"\1" * 16, b"\0" * 8),
    ):  # fmt: skip
        add(trace_id=trace_id, span_id=span_id)
    parsed = parse(request.SerializeToString(), signal="traces", encoding="protobuf")
    assert check(parsed).rejected.reasons == {
        "no_trace_id": 1, "bad_trace_id": 1, "zero_trace_id": 1,
        "no_span_id": 1, "bad_span_id": 1, "zero_span_id": 1,
    }  # fmt: skip
    assert len(spans_of(parsed)) == 1


def test_what_is_no_span_is_counted_as_refused() -> None:
    checked = check(spans(span(), 7, None, "x", []))
    assert (checked.total, checked.kept) == (5, 1)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (2**64 - 1, 2**64 - 1), (9, 5), (2**63, 1), ("x", -4)]
)
def test_odd_times_are_kept(start: Any, end: Any) -> None:
    request = spans(span(startTimeUnixNano=start, endTimeUnixNano=end))
    [found] = spans_of(request)
    assert found.start_ns == (start if isinstance(start, int) else 0)
    assert found.end_ns == max(0, end)
    assert check(request).kept == 1


def test_a_parent_id_that_is_none_makes_a_root_and_is_told() -> None:
    zero, short, words = spans_of(
        spans(span(parentSpanId="0" * 16), span(parentSpanId="ab"), span(parentSpanId="not an id"))
    )
    assert (zero.parent_span_id, zero.attributes) == ("", {})
    assert short.parent_span_id == words.parent_span_id == ""
    assert "1 bytes" in short.attributes["quarterdeck.problem.parent_span_id"]
    assert "hexadecimal" in words.attributes["quarterdeck.problem.parent_span_id"]


def nested_json(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "bottom"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value


def test_a_value_nested_too_deep_is_cut_with_a_marker() -> None:
    shallow, deep = spans_of(
        spans(
            span(attributes=[{"key": "k", "value": nested_json(40)}]),
            span(attributes=[{"key": "k", "value": nested_json(100)}]),
        )
    )
    assert b"bottom" in orjson.dumps(shallow.attributes["k"])
    assert b"bottom" not in orjson.dumps(deep.attributes["k"])
    assert orjson.dumps(TOO_DEEP) in orjson.dumps(deep.attributes["k"])


@pytest.mark.parametrize("depth", [300, 2_000, 100_000])
def test_nesting_beyond_any_parser_is_an_answer_and_no_crash(depth: int) -> None:
    text = b'{"resourceSpans":' + b"[" * depth + b"]" * depth + b"}"
    with contextlib.suppress(Invalid):
        assert spans_of(parse(text, signal="traces", encoding="json")) == []


def test_brackets_in_a_text_are_no_nesting() -> None:
    # NaN makes Python's parser read it, which is asked only for what is not nested deep.
    brackets = '\\"' + "[{" * 2_000
    text = span(attributes=[{"key": "k", "value": {"stringValue": "here"}}])
    body = orjson.dumps(spans(text).content).replace(b'"here"', f'"{brackets}"'.encode())
    body = body.replace(b'"spans":', b'"odd":NaN,"spans":')
    [found] = spans_of(parse(body, signal="traces", encoding="json"))
    assert found.attributes["k"] == '"' + "[{" * 2_000


@pytest.mark.parametrize("part", ['"', '\\"', '"\\', '[NaN,"'])
def test_a_text_that_does_not_end_costs_one_look(part: str) -> None:
    began = time.process_time()
    with pytest.raises(Invalid):
        parse(b'{"resourceSpans":"' + part.encode() * 200_000, signal="traces", encoding="json")
    assert time.process_time() - began < 5


def test_what_lies_too_deep_to_be_written_is_cut_and_the_rest_is_kept() -> None:
    request = spans(span(attributes=[{"key": "k", "value": nested_json(120)}], name="kept"))
    [found] = spans_of(parse(serialize(request), signal="traces", encoding="json"))
    assert found.name == "kept"
    assert orjson.dumps(TOO_DEEP) in orjson.dumps(found.attributes["k"])


def test_protobuf_nesting_beyond_its_parser_is_malformed() -> None:
    value = AnyValue(string_value="bottom")
    for _ in range(200):
        outer = AnyValue()
        outer.array_value.values.add().CopyFrom(value)
        value = outer
    request = full_protobuf()
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="d").value.CopyFrom(value)
    with pytest.raises(Invalid) as caught:
        parse(request.SerializeToString(), signal="traces", encoding="protobuf")
    assert "nested beyond" in caught.value.hint


def test_bytes_that_are_not_utf8_are_replaced_and_cost_nothing_else() -> None:
    body = full_protobuf().SerializeToString().replace("é".encode(), b"\xff\xfe")
    request = parse(body, signal="traces", encoding="protobuf")
    [found] = spans_of(request)
    assert found.attributes["text"] == "��"
    assert found.attributes["raw"] == {"bytes": "/wA="}
    assert found.attributes["float"] == 0.25
    assert request.rewritten


def test_lone_surrogates_nan_and_long_ints_in_json_are_read() -> None:
    tree = {"resourceSpans": [{"scopeSpans": [{"spans": [span(
        name="a\ud800b",
        attributes=[
            {"key": "n", "value": {"doubleValue": math.nan}},
            {"key": "i", "value": {"intValue": 123456789012345678901234567890}},
        ],
    )]}]}]}  # fmt: skip
    text = json.dumps(tree)
    [found] = spans_of(parse(text.encode(), signal="traces", encoding="json"))
    assert found.name == "a?b"
    assert math.isnan(found.attributes["n"])
    assert found.attributes["i"] == "123456789012345678901234567890"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"7", b"null", b'{"resourceSpans": 7}', b"{", b"\xff", b'{"a":\x00}']
)
def test_json_that_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        parse(body, signal="traces", encoding="json")
    assert caught.value.code == "malformed"


def test_unknown_enum_numbers_and_names_do_not_lose_the_span() -> None:
    number, name = spans_of(spans(span(kind=77), span(kind="SPAN_KIND_NEW", status=[])))
    assert (number.otlp_kind, name.otlp_kind, name.status_code) == (77, 0, 0)


def test_log_records_keep_body_event_name_and_ids_that_can_be_ids() -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    one = scope.log_records.add(
        observed_time_unix_nano=5,
        trace_id=b"\1" * 16,
        span_id=b"\2" * 8,
        severity_number=9,
    )
    one.attributes.add(key="event.name").value.string_value = "gen_ai.choice"
    one.body.kvlist_value.values.add(key="content").value.string_value = "hi"
    scope.log_records.add(
        event_name="e", time_unix_nano=3, trace_id=b"\1" * 3
    ).body.string_value = "b"
    parsed = parse(request.SerializeToString(), signal="logs", encoding="protobuf")
    first, second = logs_of(parsed)
    assert check(parsed).total == 2
    assert (first.time_ns, first.event_name, first.body) == (5, "gen_ai.choice", {"content": "hi"})
    assert (first.trace_id, first.span_id, first.severity) == ("01" * 16, "02" * 8, 9)
    assert (second.trace_id, second.event_name, second.body) == ("", "e", "b")


def test_json_log_records_are_read_the_same() -> None:
    tree = {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": "3",
                                "traceId": "01" * 16,
                                "spanId": "",
                                "eventName": "e",
                                "severityNumber": "SEVERITY_NUMBER_INFO",
                                "body": {"stringValue": "b"},
                            },
                            "none",
                        ]
                    }
                ]
            }
        ]
    }
    parsed = parse(orjson.dumps(tree), signal="logs", encoding="json")
    [found] = logs_of(parsed)
    assert (found.time_ns, found.trace_id, found.span_id, found.body) == (3, "01" * 16, "", "b")
    assert (check(parsed).total, check(parsed).kept) == (2, 1)


def test_metric_points_are_one_each_with_value_and_count() -> None:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    total = metrics.add(name="tokens", unit="{token}").sum
    total.is_monotonic, total.aggregation_temporality = True, 1  # type: ignore[assignment]
    total.data_points.add(time_unix_nano=4, as_int=7).attributes.add(
        key="model"
    ).value.string_value = "m"
    total.data_points.add(as_double=0.5)
    metrics.add(name="usage").histogram.data_points.add(sum=12.5, count=3)
    metrics.add(name="none")
    parsed = parse(request.SerializeToString(), signal="metrics", encoding="protobuf")
    first, second, third = metrics_of(parsed)
    assert check(parsed).total == 3
    assert (first.value, first.count, first.monotonic, first.temporality) == (7, 1, True, 1)
    assert (first.unit, first.attributes, first.time_ns) == ("{token}", {"model": "m"}, 4)
    assert second.value == 0.5
    assert (third.value, third.count) == (12.5, 3)


def test_json_metric_points_are_read_the_same() -> None:
    tree = {
        "resourceMetrics": [
            {
                "scopeMetrics": [
                    {
                        "metrics": [
                            {
                                "name": "tokens",
                                "sum": {
                                    "isMonotonic": True,
                                    "aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA",
                                    "dataPoints": [{"asInt": "7"}, {"asDouble": 0.5}],
                                },
                            },
                            {"name": "h", "histogram": {"dataPoints": [{"sum": 2, "count": "3"}]}},
                        ]
                    }
                ]
            }
        ]
    }
    parsed = parse(orjson.dumps(tree), signal="metrics", encoding="json")
    first, second, third = metrics_of(parsed)
    assert (first.value, first.temporality, first.monotonic) == (7, 1, True)
    assert (second.value, third.value, third.count) == (0.5, 2.0, 3)
    assert check(parsed).total == 3


def test_a_body_without_content_type_tells_its_encoding() -> None:
    assert sniff_encoding(b' \n{"resourceSpans":[]}') == "json"
    assert sniff_encoding(full_protobuf().SerializeToString()) == "protobuf"
    assert sniff_encoding(b"") == "protobuf"
