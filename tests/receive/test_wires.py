"""OTLP over HTTP and gRPC, with the OpenTelemetry SDK's own exporters and with bare clients."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import httpx
import orjson
import pytest
import zstandard
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as HttpSpanExporter,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from quarterdeck.receive.limits import Budget, Rate, RateLimit
from receive.receiver import MIB, Receiver, balance, make_receiver, serving, trace_request

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    made = make_receiver(tmp_path, max_body_bytes=MIB)
    async with serving(made):
        yield made
    made.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def stored(receiver: Receiver) -> list[str]:
    receiver.pipeline.run_until_empty()
    return sorted(raw.name for raw in receiver.store.raws())


def bad_request() -> ExportTraceServiceRequest:
    """Three spans, one of them without a trace id."""
    request = trace_request(3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b""
    return request


def send_with_sdk(exporter: SpanExporter) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
    provider.shutdown()


@pytest.mark.parametrize(
    "compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate]
)
async def test_the_sdks_http_exporter_is_understood(
    receiver: Receiver, compression: Compression
) -> None:
    exporter = HttpSpanExporter(f"{receiver.http}/v1/traces", compression=compression)
    await asyncio.to_thread(send_with_sdk, exporter)
    assert stored(receiver) == ["inner", "outer"]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_the_sdks_grpc_exporter_is_understood(
    receiver: Receiver, compression: grpc.Compression
) -> None:
    exporter = GrpcSpanExporter(receiver.grpc, insecure=True, compression=compression)
    await asyncio.to_thread(send_with_sdk, exporter)
    assert stored(receiver) == ["inner", "outer"]


@pytest.mark.parametrize("prefix", ["", "/api/otel", "/a/b"])
async def test_any_prefix_before_the_path_will_do(
    receiver: Receiver, client: httpx.AsyncClient, prefix: str
) -> None:
    for signal, request in (
        ("traces", trace_request().SerializeToString()),
        ("logs", ExportLogsServiceRequest().SerializeToString()),
        ("metrics", ExportMetricsServiceRequest().SerializeToString()),
    ):
        answer = await client.post(
            f"{receiver.http}{prefix}/v1/{signal}", content=request, headers=PROTOBUF
        )
        assert (answer.status_code, answer.content) == (200, b"")
    assert receiver.accounting.total("quarterdeck_requests_total", signal="logs") == 1


async def test_answers_come_in_the_encoding_of_the_request(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    url = f"{receiver.http}/v1/traces"
    binary = await client.post(url, content=bad_request().SerializeToString(), headers=PROTOBUF)
    assert binary.headers["content-type"] == "application/x-protobuf"
    partial = ExportTraceServiceResponse.FromString(binary.content).partial_success
    assert partial.rejected_spans == 1
    assert "trace_id is missing" in partial.error_message
    tree = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab", "spanId": "01" * 8}]}]}]}
    text = await client.post(url, content=orjson.dumps(tree), headers=JSON)
    assert text.headers["content-type"] == "application/json"
    assert text.json()["partialSuccess"]["rejectedSpans"] == "1"
    whole = await client.post(url, content=b'{"resourceSpans":[]}', headers=JSON)
    assert (whole.status_code, whole.content) == (200, b"{}")
    assert stored(receiver) == ["step 1", "step 3"]
    assert receiver.accounting.total("quarterdeck_items_total", outcome="rejected") == 2


async def test_a_missing_content_type_is_told_from_the_body(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    url = f"{receiver.http}/v1/traces"
    binary = await client.post(url, content=trace_request().SerializeToString())
    text = await client.post(url, content=b' {"resourceSpans":[]}')
    assert (binary.status_code, text.status_code) == (200, 200)
    assert text.content == b"{}"


@pytest.mark.parametrize(
    ("encodings", "packed"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("gzip, zstd", lambda body: zstandard.ZstdCompressor().compress(gzip.compress(body))),
        ("identity", bytes),
    ],
)
async def test_compressed_and_chunked_bodies_are_read(
    receiver: Receiver, client: httpx.AsyncClient, encodings: str, packed: Any
) -> None:
    body = packed(trace_request(20).SerializeToString())

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 50):
            yield body[start : start + 50]

    headers = {**PROTOBUF, "content-encoding": encodings}
    url = f"{receiver.http}/v1/traces"
    for content in (body, pieces()):
        answer = await client.post(url, content=content, headers=headers)
        assert answer.status_code == 200
    assert len(stored(receiver)) == 20
    assert receiver.accounting.total("quarterdeck_items_total", outcome="duplicate") == 20


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        (PROTOBUF, b"\xff\xff\xff", 400),
        (JSON, b"{", 400),
        (JSON, b"", 400),
        ({**PROTOBUF, "content-encoding": "gzip"}, b"not gzip", 400),
        ({**PROTOBUF, "content-encoding": "br"}, b"x", 415),
        ({"content-type": "text/csv"}, b"x", 415),
        ({**PROTOBUF, "authorization": "Bearer wrong"}, b"", 401),
        (PROTOBUF, b"\0" * (MIB + 1), 413),
        ({**PROTOBUF, "content-encoding": "gzip"}, gzip.compress(b"\0" * (MIB + 1)), 413),
    ],
)
async def test_what_can_never_succeed_is_told_apart_and_nothing_is_kept(
    receiver: Receiver,
    client: httpx.AsyncClient,
    headers: dict[str, str],
    content: bytes,
    status: int,
) -> None:
    answer = await client.post(f"{receiver.http}/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    assert answer.content
    assert receiver.spool.state().rows == 0
    assert receiver.accounting.total("quarterdeck_refused_requests_total") == 1
    if headers is JSON:
        assert answer.json()["code"] == 3


async def test_other_methods_are_refused_with_the_one_that_works(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = await client.request(method, f"{receiver.http}/v1/traces")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_too_much_is_answered_with_a_time_to_come_back(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    limit = RateLimit(lambda _project: Rate(per_s=1, burst=5))
    receiver = make_receiver(tmp_path, rate_limit=limit, max_spool_bytes=100_000)
    async with serving(receiver):
        url, body = f"{receiver.http}/v1/traces", trace_request(5).SerializeToString()
        assert (await client.post(url, content=body, headers=PROTOBUF)).status_code == 200
        fast = await client.post(url, content=body, headers=PROTOBUF)
        assert (fast.status_code, int(fast.headers["retry-after"]) >= 1) == (429, True)
        receiver.spool._max_bytes = 10
        full = await client.post(url, content=body, headers=PROTOBUF)
        assert (full.status_code, int(full.headers["retry-after"]) >= 1) == (503, True)
        channel: Any = grpc.aio.insecure_channel(receiver.grpc)
        call: Any = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(body)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        trailers: Any = dict(cast(Any, caught.value.trailing_metadata()))
        assert b"RetryInfo" in trailers["grpc-status-details-bin"]
    receiver.close()


async def test_bodies_in_flight_are_bounded_together(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    budget = Budget(MIB)
    receiver = make_receiver(tmp_path, budget=budget, max_body_bytes=MIB)
    async with serving(receiver):
        budget.reserve(MIB)
        busy = await client.post(
            f"{receiver.http}/v1/traces",
            content=trace_request().SerializeToString(),
            headers=PROTOBUF,
        )
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        budget.release(MIB)
        again = await client.post(
            f"{receiver.http}/v1/traces",
            content=trace_request().SerializeToString(),
            headers=PROTOBUF,
        )
        assert again.status_code == 200
    assert budget.held_bytes == 0
    receiver.close()


async def test_grpc_refuses_bad_bytes_wrong_keys_and_too_much(receiver: Receiver) -> None:
    async with grpc.aio.insecure_channel(receiver.grpc) as opened:
        channel: Any = opened
        call: Any = channel.unary_unary(EXPORT)
        cases: list[tuple[bytes, tuple[tuple[str, str], ...], grpc.StatusCode]] = [
            (b"\xff\xff", (), grpc.StatusCode.INVALID_ARGUMENT),
            (b"", (("authorization", "Bearer wrong"),), grpc.StatusCode.UNAUTHENTICATED),
            (b"\0" * (MIB + 1), (), grpc.StatusCode.RESOURCE_EXHAUSTED),
        ]
        for body, metadata, code in cases:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(body, metadata=metadata)
            assert caught.value.code() is code
        answer = await call(
            bad_request().SerializeToString(), metadata=(("x-api-key", "qd_project_p"),)
        )
        assert ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans == 1
    stored(receiver)
    assert {project for project, _ in receiver.store.spans} == {"p"}


async def test_the_project_comes_from_the_credential(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    body = trace_request(1, project_id="other").SerializeToString()
    for key in ("qd_project_a", "qd_project_b"):
        headers = {**PROTOBUF, "authorization": f"Bearer {key}"}
        await client.post(f"{receiver.http}/v1/traces", content=body, headers=headers)
    stored(receiver)
    assert {project for project, _ in receiver.store.spans} == {"a", "b"}


async def test_received_equals_what_became_of_it_after_all_of_this(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    for request in (trace_request(7), bad_request(), trace_request(7)):
        await client.post(
            f"{receiver.http}/v1/traces", content=request.SerializeToString(), headers=PROTOBUF
        )
    await client.post(f"{receiver.http}/v1/traces", content=b"junk", headers=PROTOBUF)
    stored(receiver)
    for signal, came, became in balance(receiver):
        assert came == became, signal
    text = receiver.accounting.render(receiver.spool.state(), now_ns=0)
    assert 'quarterdeck_received_items_total{signal="traces"} 17' in text
    assert 'quarterdeck_items_total{outcome="stored",reason="",signal="traces"} 7' in text
    assert "quarterdeck_pending_items 0" in text
