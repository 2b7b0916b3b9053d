"""Bodies are decompressed within limits; memory and rates are bounded without waiting."""

import gzip
import os
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.errors import Invalid, TooLarge, TryAgain
from quarterdeck.receive.limits import (
    Budget,
    Held,
    Rate,
    RateLimit,
    UnsupportedEncoding,
    content_encodings,
    decompress,
)

MIB = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def zstd_without_size(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return packer.compress(data) + packer.flush()


Pack = Callable[[bytes], bytes]
PACKERS: list[tuple[str, Pack]] = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstd),
    ("zstd", zstd_without_size),
]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
@given(data=st.binary(max_size=4000))
def test_each_encoding_gives_back_what_was_packed(name: str, pack: Pack, data: bytes) -> None:
    assert decompress(pack(data), (name,), max_bytes=MIB) == data


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_a_large_body_that_compresses_badly_or_well_comes_back_whole(name: str, pack: Pack) -> None:
    for data in (os.urandom(3 * MIB), b"abc" * (3 * MIB), os.urandom(100) + b"\0" * (9 * MIB)):
        assert decompress(pack(data), (name,), max_bytes=16 * MIB) == data


def test_layers_are_taken_off_in_reverse_order() -> None:
    assert decompress(zstd(gzip.compress(b"x" * 99)), ("gzip", "zstd"), max_bytes=MIB) == b"x" * 99


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_a_body_that_is_cut_off_anywhere_is_malformed(name: str, pack: Pack) -> None:
    packed = pack(os.urandom(300) + b"a" * 2000)
    for length in range(1, len(packed)):
        with pytest.raises(Invalid, match="broken"):
            decompress(packed[:length], (name,), max_bytes=MIB)


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_noise_is_malformed(name: str) -> None:
    for _ in range(50):
        with pytest.raises(Invalid):
            decompress(b"\xa5" + os.urandom(200), (name,), max_bytes=MIB)


def test_the_limit_holds_to_the_byte_for_the_result_and_for_each_layer() -> None:
    for name, pack in PACKERS:
        assert len(decompress(pack(b"x" * 1000), (name,), max_bytes=1000)) == 1000
        with pytest.raises(TooLarge):
            decompress(pack(b"x" * 1001), (name,), max_bytes=1000)
    inner = gzip.compress(b"")
    padded = gzip.compress(inner + b"\0" * 5000)
    with pytest.raises(TooLarge):
        decompress(padded, ("gzip", "gzip"), max_bytes=1000)


def test_members_of_gzip_follow_one_another_but_not_without_end() -> None:
    assert decompress(gzip.compress(b"a") * 3 + b"\0\0", ("gzip",), max_bytes=MIB) == b"aaa"
    with pytest.raises(Invalid):
        decompress(gzip.compress(b"") * 2000, ("gzip",), max_bytes=MIB)
    with pytest.raises(Invalid):
        decompress(gzip.compress(b"a") + b"junk", ("gzip",), max_bytes=MIB)


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=0)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = packer.compress(os.urandom(9 * MIB)) + packer.flush()
    with pytest.raises(Invalid, match="broken"):
        decompress(body, ("zstd",), max_bytes=64 * MIB)


def test_encodings_are_read_as_http_writes_them() -> None:
    assert content_encodings("") == ()
    assert content_encodings("identity") == ()
    assert content_encodings(" GZIP , zstd") == ("gzip", "zstd")
    with pytest.raises(UnsupportedEncoding, match="'br'"):
        content_encodings("gzip, br")
    with pytest.raises(UnsupportedEncoding):
        content_encodings(",".join(["gzip"] * 5))


def test_the_budget_refuses_what_it_can_not_hold_and_gets_everything_back() -> None:
    budget = Budget(100)
    with Held(budget) as first:
        first.grow_to(60)
        with Held(budget) as second:
            second.grow_to(40)
            with pytest.raises(TryAgain):
                second.grow_to(41)
        second_is_gone = budget.held_bytes
        first.grow_to(50)
    assert (second_is_gone, budget.held_bytes) == (60, 0)


def test_one_body_larger_than_the_budget_is_let_in_when_it_is_alone() -> None:
    budget = Budget(100)
    with Held(budget) as large:
        large.grow_to(500)
        with Held(budget) as other, pytest.raises(TryAgain):
            other.grow_to(1)


def test_a_rate_lets_a_burst_through_then_says_when_to_come_back() -> None:
    now = [0.0]
    limit = RateLimit(lambda _project: Rate(per_s=10, burst=20), clock_s=lambda: now[0])
    limit.take("a", 20)
    with pytest.raises(TryAgain) as caught:
        limit.take("a", 20)
    assert caught.value.code == "rate_limited"
    assert caught.value.retry_after_s == 3
    limit.take("b", 20)
    now[0] = 2.0
    limit.take("a", 20)


def test_a_request_larger_than_the_burst_passes_once_and_is_paid_for() -> None:
    now = [0.0]
    limit = RateLimit(lambda _project: Rate(per_s=10, burst=20), clock_s=lambda: now[0])
    limit.take("a", 100)
    now[0] = 9.0
    with pytest.raises(TryAgain):
        limit.take("a", 11)
    now[0] = 10.0
    limit.take("a", 20)


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    now = [100.0]
    limit = RateLimit(lambda _project: Rate(per_s=1, burst=1), clock_s=lambda: now[0])
    limit.take("a", 1)
    now[0] = 50.0
    with pytest.raises(TryAgain):
        limit.take("a", 1)


def test_without_a_rate_nothing_is_counted() -> None:
    limit = RateLimit(lambda _project: None)
    for _ in range(1000):
        limit.take("a", 1_000_000)
