"""What is written byte by byte is what OpenTelemetry's own encoder writes."""

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from quarterdeck.sdk.sending.encoding import encoded
from quarterdeck.sdk.sending.otlp import varint

SCALARS = st.one_of(
    st.text(max_size=100),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=20),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=30), VALUES, max_size=6)
STATES = st.sampled_from([None, TraceState([("a", "1"), ("b", "2")])])
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_state=STATES,
)
TIMES = st.integers(0, 2**64 - 1)
SPANS = st.builds(
    ReadableSpan,
    name=st.text(max_size=300),
    context=CONTEXTS,
    parent=st.none() | CONTEXTS,
    resource=st.sampled_from(
        [Resource({"service.name": "a"}), Resource({"b": 1}, schema_url="http://x"), Resource({})]
    ),
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Event, st.text(), ATTRIBUTES, TIMES), max_size=2).map(tuple),
    links=st.lists(st.builds(Link, CONTEXTS, ATTRIBUTES), max_size=2).map(tuple),
    kind=st.sampled_from(SpanKind),
    status=st.sampled_from([Status(StatusCode.UNSET), Status(StatusCode.ERROR, "why"),
                            Status(StatusCode.OK)]),
    start_time=TIMES,
    end_time=TIMES,
    instrumentation_scope=st.sampled_from(
        [None, InstrumentationScope("s"), InstrumentationScope("s", "2", "http://y", {"c": True})]
    ),
)  # fmt: skip


def ours(spans: list[ReadableSpan]) -> ExportTraceServiceRequest:
    body, lost = encoded(spans)
    assert lost == 0
    return ExportTraceServiceRequest.FromString(gzip.decompress(body))


def in_one_order(request: ExportTraceServiceRequest) -> list[bytes]:
    """Equal resources may be one object or two, so the grouping is left out."""
    return sorted(
        b"".join(
            part.SerializeToString(deterministic=True)
            for part in (of_resource.resource, of_scope.scope, span)
        )
        + of_resource.schema_url.encode()
        + of_scope.schema_url.encode()
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    )


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(SPANS, max_size=4))
def test_any_spans_parse_to_what_opentelemetry_encodes(spans: list[ReadableSpan]) -> None:
    assert in_one_order(ours(spans)) == in_one_order(encode_spans(spans))


def test_a_real_span_with_limits_and_an_exception_is_the_same() -> None:
    provider = TracerProvider(resource=Resource({"k": ["a", "b"]}), shutdown_on_exit=False)
    tracer = provider.get_tracer("scope", "1", attributes={"x": 1})
    span: Any = tracer.start_span("work", attributes={f"a{n}": n for n in range(200)})
    for number in range(200):
        span.add_event(f"event {number}")
    span.record_exception(ValueError("x"))
    span.set_status(StatusCode.ERROR, "no")
    span.end()
    assert ours([span]) == encode_spans([span])


@pytest.mark.parametrize(
    "value", ["\ud800", 2**70, -(2**70), 2**20_000, object(), Ellipsis], ids=range(6)
)
def test_what_otlp_can_not_carry_becomes_text(value: object) -> None:
    span = ReadableSpan("s", SpanContext(1, 2, is_remote=False), attributes={"a": value})  # type: ignore[dict-item]
    (pair,) = ours([span]).resource_spans[0].scope_spans[0].spans[0].attributes
    assert pair.value.WhichOneof("value") == "string_value"


def test_a_span_that_is_none_does_not_take_the_others_with_it() -> None:
    good = ReadableSpan("s", SpanContext(1, 2, is_remote=False))
    body, lost = encoded([ReadableSpan("no ids"), good])
    assert lost == 1
    assert len(ExportTraceServiceRequest.FromString(gzip.decompress(body)).resource_spans) == 1


@given(st.integers(-(2**63), 2**64 - 1))
def test_varints_are_protobufs(number: int) -> None:
    signed = number if number < 2**63 else number - 2**64
    assert AnyValue.FromString(b"\x18" + varint(number)).int_value == signed
