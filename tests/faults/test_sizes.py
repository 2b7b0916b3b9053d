"""At, below and above every size there is a defined answer, and never a recursion error."""

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from receive.receiver import MIB, balance, make_receiver, serving, trace_request

LIMIT = MIB
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def protobuf_of_size(size: int) -> bytes:
    """A valid request of exactly this many bytes."""
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    value = span.attributes.add(key="pad").value
    length = size
    while True:
        value.string_value = "x" * length
        over = request.ByteSize() - size
        if over == 0:
            return request.SerializeToString()
        length -= over


def json_of_size(size: int) -> bytes:
    head, tail = b'{"resourceSpans":[],"pad":"', b'"}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


def nested_protobuf(depth: int, kind: str) -> bytes:
    value = AnyValue(string_value="bottom").SerializeToString()
    for _ in range(depth):
        inner = (
            _field(1, value) if kind == "list" else _field(1, _field(1, b"k") + _field(2, value))
        )
        value = _field(5 if kind == "list" else 6, inner)
    request = trace_request(1)
    body = request.SerializeToString()
    span = request.resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    deep = span + _field(9, _field(1, b"deep") + _field(2, value))
    outer = request.resource_spans[0].resource.SerializeToString()
    assert body
    return _field(1, _field(1, outer) + _field(2, _field(2, deep)))


def _field(number: int, content: bytes) -> bytes:
    length, size = bytearray(), len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + content


def nested_json(depth: int) -> bytes:
    head = b'{"arrayValue":{"values":[' * depth
    tail = b"]}}" * depth
    return (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s","attributes":'
        b'[{"key":"deep","value":' % (b"01" * 16, b"02" * 8)
        + head + b'{"stringValue":"bottom"}' + tail + b"}]}]}]}]}"
    )  # fmt: skip


@pytest.mark.parametrize("delta", [-1, 0, 1])
@pytest.mark.parametrize("make", [protobuf_of_size, json_of_size])
@pytest.mark.parametrize("wire", ["plain", "chunked", "gzip", "gzip chunked"])
async def test_the_limit_of_a_body_is_exact(
    tmp_path: Path, delta: int, make: Callable[[int], bytes], wire: str
) -> None:
    receiver = make_receiver(tmp_path, max_body_bytes=LIMIT)
    body = make(LIMIT + delta)
    headers = dict(PROTOBUF if make is protobuf_of_size else JSON)
    if "gzip" in wire:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    async with serving(receiver), httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{receiver.http}/v1/traces",
            content=pieces() if "chunked" in wire else body,
            headers=headers,
        )
    assert answer.status_code == (413 if delta > 0 else 200)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == (1 if delta <= 0 and make is protobuf_of_size else 0)
    receiver.close()


@pytest.mark.parametrize("depth", [10, 40, 49, 63, 64, 65, 100, 240, 1_000, 10_000])
@pytest.mark.parametrize("kind", ["list", "map", "json"])
async def test_nesting_of_any_depth_has_an_answer(tmp_path: Path, depth: int, kind: str) -> None:
    receiver = make_receiver(tmp_path)
    body = nested_json(depth) if kind == "json" else nested_protobuf(depth, kind)
    async with serving(receiver), httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{receiver.http}/v1/traces",
            content=body,
            headers=JSON if kind == "json" else PROTOBUF,
        )
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or depth > 10
    receiver.pipeline.run_until_empty()
    assert receiver.spool.state().quarantined_rows == 0
    for raw in receiver.store.raws():
        text = str(raw.attributes["deep"])
        assert ("bottom" in text) is (depth <= 64)
        assert ("quarterdeck.problem" in text) is (depth > 64)
    assert len(receiver.store.spans) == (1 if answer.status_code == 200 else 0)
    receiver.close()


def wide(attributes: int = 0, events: int = 0, links: int = 0, size: int = 0) -> bytes:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for number in range(attributes):
        span.attributes.add(key=f"key.{number}").value.int_value = number
    for number in range(events):
        span.events.add(name=f"event {number}").attributes.add(key="k").value.string_value = "v"
    for number in range(links):
        span.links.add(trace_id=number.to_bytes(16), span_id=b"\1" * 8)
    if size:
        span.attributes.add(key="large").value.string_value = "x" * size
    return request.SerializeToString()


@pytest.mark.parametrize(
    "shape",
    [
        {"size": 10_000_000}, {"attributes": 10_000}, {"events": 10_000}, {"links": 10_000},
        {"attributes": 10_000, "events": 10_000, "links": 10_000},
    ],
)  # fmt: skip
async def test_large_spans_are_kept_whole(tmp_path: Path, shape: dict[str, int]) -> None:
    receiver = make_receiver(tmp_path)
    async with serving(receiver), httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            f"{receiver.http}/v1/traces", content=wide(**shape), headers=PROTOBUF
        )
    assert answer.status_code == 200
    receiver.pipeline.run_until_empty()
    [raw] = receiver.store.raws()
    assert len(raw.attributes) == shape.get("attributes", 0) + ("size" in shape)
    assert len(raw.events) == shape.get("events", 0)
    assert len(raw.links) == shape.get("links", 0)
    assert len(raw.attributes.get("large", "")) == shape.get("size", 0)
    receiver.close()


async def test_a_trace_of_100_000_spans_arrives_in_one_request(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)
    async with serving(receiver), httpx.AsyncClient(timeout=120) as client:
        answer = await client.post(
            f"{receiver.http}/v1/traces",
            content=trace_request(100_000).SerializeToString(),
            headers=PROTOBUF,
        )
    assert answer.status_code == 200
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 100_000
    assert all(came == became for _, came, became in balance(receiver))
    receiver.close()


@pytest.mark.parametrize("body", [b"", ExportTraceServiceRequest().SerializeToString()])
async def test_nothing_at_all_is_a_success(tmp_path: Path, body: bytes) -> None:
    receiver = make_receiver(tmp_path)
    async with serving(receiver), httpx.AsyncClient() as client:
        answer = await client.post(f"{receiver.http}/v1/traces", content=body, headers=PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")
    receiver.close()
