"""Bodies that explode are refused quickly, and never held."""

import gzip
import resource
import time
import zlib
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import zstandard

from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.receive.limits import decompress
from receive.receiver import MIB, make_receiver, serving

LIMIT = 64 * MIB


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "zstd": zstandard.ZstdCompressor(level=3).compress,
}
SIZES = (LIMIT + 1, 2 * LIMIT, 10 * LIMIT)
FILLS = {"zeros": b"\0", "words": b'{"key":"value"},' * 64}
SINGLE = [(name, size, fill) for name in PACKERS for size in SIZES for fill in FILLS]
LAYERS = [
    ("gzip", "gzip"), ("gzip", "gzip", "gzip"), ("zstd", "gzip"), ("gzip", "zstd"),
    ("zstd", "zstd"), ("deflate", "gzip"), ("gzip", "deflate"), ("zstd", "zstd", "zstd", "zstd"),
]  # fmt: skip


def bomb(name: str, size: int, fill: str) -> bytes:
    pattern = FILLS[fill]
    return PACKERS[name]((pattern * (size // len(pattern) + 1))[:size])


def defused(body: bytes, encodings: tuple[str, ...]) -> tuple[float, float]:
    """CPU seconds until the refusal (the best of two: others share the machine), and MiB grown."""
    best = 9.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2):
        began = time.thread_time()
        with pytest.raises((TooLarge, Invalid)):
            decompress(body, encodings, max_bytes=LIMIT)
        best = min(best, time.thread_time() - began)
    return best, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


@pytest.mark.parametrize(("name", "size", "fill"), SINGLE)
def test_one_layer_is_refused_at_its_limit(name: str, size: int, fill: str) -> None:
    seconds, grown = defused(bomb(name, size, fill), (name.split()[-1],))
    assert seconds <= _allowed_s()
    assert grown <= 64


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("size", SIZES)
def test_layers_are_refused_whichever_of_them_explodes(layers: tuple[str, ...], size: int) -> None:
    body = reduce(lambda data, name: PACKERS[name](data), layers, b"\0" * size)
    seconds, grown = defused(body, layers)
    assert seconds <= _allowed_s()
    assert grown <= 64


def _allowed_s() -> float:
    """200 ms on a machine that inflates 64 MiB in 60 ms; as much more as this one is slower."""
    packed = _REFERENCE
    began = time.thread_time()
    unpacker = zlib.decompressobj()
    size = 0
    while packed:
        size += len(unpacker.decompress(packed, MIB))
        packed = unpacker.unconsumed_tail
    return max(0.2, 0.2 * (time.thread_time() - began) / 0.06)


_REFERENCE = zlib.compress(b"\0" * LIMIT)


@pytest.mark.parametrize("lie", ["0", "5", "99999999999999999999999", "-1", "abc", "5, 5"])
async def test_a_lying_content_length_is_an_answer_or_a_closed_connection(
    tmp_path: Path, lie: str
) -> None:
    import asyncio

    receiver = make_receiver(tmp_path, max_body_bytes=MIB)
    async with serving(receiver, max_request_s=1, grace_s=0.3):
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.port)
        writer.write(
            f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: {lie}\r\n\r\n".encode()
            + b"\x0a\x00" * 20
        )
        answer = await asyncio.wait_for(reader.read(), 20) if lie != "0" else await reader.read(99)
        status = answer[9:12]
        assert status in (b"", b"200", b"400", b"408", b"413"), answer
        writer.close()
    assert receiver.intake.budget.held_bytes == 0
    receiver.close()


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "deflate"])
async def test_a_bomb_over_http_is_answered_413_and_over_grpc_refused(
    tmp_path: Path, encoding: str
) -> None:
    import grpc
    import httpx

    receiver = make_receiver(tmp_path)
    body = bomb(encoding, 4 * LIMIT, "zeros")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with serving(receiver), httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{receiver.http}/v1/traces",
            content=body,
            headers={"content-type": "application/x-protobuf", "content-encoding": encoding},
        )
        assert answer.status_code == 413
        if encoding == "gzip":
            # The client packs 66 MiB of zeros to 65 kB by itself; gRPC unpacks them again.
            packed = b"\0" * (LIMIT + 2 * MIB)
            async with grpc.aio.insecure_channel(
                receiver.grpc, compression=grpc.Compression.Gzip
            ) as opened:
                channel: Any = opened
                call = channel.unary_unary(
                    "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
                )
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await call(packed)
                assert caught.value.code() in (
                    grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT,
                )  # fmt: skip
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown <= 64 or encoding == "gzip"  # the client of that test is in this process too
    assert receiver.spool.state().rows == 0
    receiver.close()
