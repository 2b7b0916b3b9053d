"""
How much may come in: sizes after decompression, memory in flight, and requests a second.

Every limit is checked while data streams in, so that what is refused was never held.  Over a
size the answer is `TooLarge` (413); over what the server can hold at the moment `TryAgain`
(503, or 429 for a project's own rate), with the seconds after which to come back.  Nothing
here waits: a queue in front of a full server only adds delay to the refusal.
"""

import itertools
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import IO, NamedTuple, cast

import zstandard

from quarterdeck.errors import Invalid, TooLarge, TryAgain

_MIB = 1024 * 1024

_CHUNK_BYTES = 256 * 1024
"""What a decompressor may put out at once.  Each chunk costs a turn of the interpreter lock."""
_MAX_LAYERS = 4
"""Content-Encoding: gzip, gzip, … is legal; more than two was never seen outside an attack."""
_MAX_MEMBERS = 1024
"""Concatenated gzip members or zstd frames in one body: each costs a setup."""
_MAX_ZSTD_WINDOW = 8 * _MIB
"""What RFC 8878 asks every decoder to accept, and of encoders not to exceed, over HTTP."""
_SUSPICIOUS_RATIO = 32
"""Agent traffic compresses 4:1 to 20:1.  Beyond this ratio a body is counted through first and
kept only when its size is known to be allowed: a bomb then costs time but no memory."""
_SUSPICIOUS_FROM_BYTES = 4 * _MIB


class UnsupportedEncoding(Invalid):
    """A Content-Encoding or Content-Type that is not ours: 415."""

    code = "unsupported_encoding"


def content_encodings(header: str) -> tuple[str, ...]:
    """
    The encodings of a Content-Encoding header, in the order they were applied.

    Raises `UnsupportedEncoding`, naming those that are accepted.
    """
    names = tuple(
        name for part in header.lower().split(",") if (name := part.strip()) and name != "identity"
    )
    for name in names:
        if name not in _DECODERS:
            raise UnsupportedEncoding(
                f"Content-Encoding {name[:40]!r} is not supported",
                hint="Use gzip, zstd or deflate, or none.",
            )
    if len(names) > _MAX_LAYERS:
        raise UnsupportedEncoding(
            f"{len(names)} layers of Content-Encoding", hint=f"At most {_MAX_LAYERS}."
        )
    return names


def decompress(body: bytes, encodings: tuple[str, ...], *, max_bytes: int) -> bytes:
    """
    The body without its encodings, the last applied first.

    `max_bytes` holds for the result and for every layer between.  Raises `TooLarge` over it
    and `Invalid` for data that is cut off or broken.
    """
    if not encodings:
        return body
    chunks: list[bytes] = []
    size = 0
    for chunk in _decoded(body, encodings, max_bytes=max_bytes):
        size += len(chunk)
        chunks.append(chunk)
        if size > _SUSPICIOUS_FROM_BYTES and size > _SUSPICIOUS_RATIO * len(body):
            chunks.clear()
            for _ in _decoded(body, encodings, max_bytes=max_bytes):
                pass  # counted, not kept; raises when it is too much
            return b"".join(_decoded(body, encodings, max_bytes=max_bytes))
    return b"".join(chunks)


def _decoded(body: bytes, encodings: tuple[str, ...], *, max_bytes: int) -> Iterator[bytes]:
    chunks: Iterable[bytes] = (body,)
    for name in reversed(encodings):
        chunks = _limited(_DECODERS[name](chunks), max_bytes)
    yield from chunks


def _limited(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(
                f"the body is larger than {max_bytes} bytes after decompression",
                hint="Send fewer items at once: a smaller batch size in the exporter.",
            )
        yield chunk


def _inflated(chunks: Iterable[bytes], *, wbits: int) -> Iterator[bytes]:
    """zlib's three formats; gzip's members may follow one another."""
    decoder = zlib.decompressobj(wbits)
    fresh, members = True, 1
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if decoder.eof:
                    # Padding with zeros is customary; anything else must be another member.
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    members += 1
                    if wbits != _GZIP or members > _MAX_MEMBERS:
                        raise _broken("something follows its end")
                    decoder, fresh = zlib.decompressobj(wbits), True
                fresh = False
                yield decoder.decompress(data, _CHUNK_BYTES)
                # At its end zlib also leaves what follows in the tail.
                while decoder.unconsumed_tail and not decoder.eof:
                    yield decoder.decompress(decoder.unconsumed_tail, _CHUNK_BYTES)
                data = decoder.unused_data if decoder.eof else b""
        while not decoder.eof and (rest := decoder.decompress(b"", _CHUNK_BYTES)):
            yield rest
    except zlib.error as error:
        raise _broken(str(error)) from error
    if not decoder.eof and not fresh:
        raise _broken("it is cut off")


_GZIP = zlib.MAX_WBITS | 16


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return _inflated(chunks, wbits=_GZIP)


def _undeflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`deflate` is zlib's format by the standard and a bare stream by a common mistake."""
    chunks = iter(chunks)
    first = next((chunk for chunk in chunks if chunk), b"")
    while len(first) < 2 and (more := next(chunks, None)) is not None:
        first += more
    is_zlib = len(first) >= 2 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
    wbits = zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return _inflated(all_chunks(), wbits=wbits)


_END = b"quarterdeck: end"
_HALF = len(_END) // 2
_END_FRAMES = b"".join(
    zstandard.ZstdCompressor(write_checksum=True).compress(half)
    for half in (_END[:_HALF], _END[_HALF:])
)
"""zstandard's reader takes a cut-off frame for the end of the data.  Two frames of ours are put
behind the body: unless their content comes out last, the body was cut off.  Two, with checksums
between, because one alone could be copied through as the rest of a cut-off block."""


_SHORTEST_FRAME = 9
"""Magic number, descriptor, size, and the header of one empty block."""


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = _Readable(chunks)
    reader = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW).stream_reader(
        cast(IO[bytes], source), read_across_frames=True
    )
    held = b""
    try:
        while chunk := reader.read(_CHUNK_BYTES):
            held += chunk
            yield held[: -len(_END)]
            held = held[-len(_END) :]
    except zstandard.ZstdError as error:
        raise _broken(str(error)) from error
    # The reader forgets a header that is cut off before its sixth byte.
    if held != _END or 0 < source.size - len(_END_FRAMES) < _SHORTEST_FRAME:
        raise _broken("it is cut off")


class _Readable:
    """Chunks, and the end frames, as the file that zstandard reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = itertools.chain(chunks, (_END_FRAMES,))
        self._left = memoryview(b"")
        self.size = 0
        """Bytes that came so far, the end frames included."""

    def read(self, size: int) -> bytes:
        while not self._left:
            following = next(self._chunks, None)
            if following is None:
                return b""
            self.size += len(following)
            self._left = memoryview(following)
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


def _broken(why: str) -> Invalid:
    return Invalid(f"the compressed body is broken: {why}", code="malformed")


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _undeflated,
    "zstd": _unzstd,
}


# ------------------------------------------------------------------------------ memory in flight


class Budget:
    """
    Bytes of request bodies that the process holds at once.  Any thread may use it.

    `reserve` never waits: over the limit it raises `TryAgain`.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def reserve(self, size: int) -> None:
        with self._lock:
            # The first body in is let in whatever its size: `max_body_bytes` bounds it.
            if self._held_bytes and self._held_bytes + size > self._max_bytes:
                raise TryAgain(
                    "the server holds as many request bodies as it can at the moment",
                    code="busy",
                    retry_after_s=1,
                )
            self._held_bytes += size

    def release(self, size: int) -> None:
        with self._lock:
            self._held_bytes -= size


class Held:
    """What one request has reserved; gives it all back at the end of the `with` block."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.release(self._bytes)
        self._bytes = 0

    def grow_to(self, size: int) -> None:
        """Raises `TryAgain` when the server can't hold so much now."""
        if size > self._bytes:
            self._budget.reserve(size - self._bytes)
            self._bytes = size


# ----------------------------------------------------------------------------- a project's rate


class Rate(NamedTuple):
    """Items a second on average, and how many at once after a pause."""

    per_s: float
    burst: float


class RateLimit:
    """
    A token bucket for each project.  `take` raises `TryAgain` with the seconds until it refills.

    Remembers the `max_projects` last used: one forgotten begins again with a full bucket.
    """

    def __init__(
        self,
        rate_of: Callable[[str], Rate | None],
        *,
        clock_s: Callable[[], float] = time.monotonic,
        max_projects: int = 10_000,
    ) -> None:
        self._rate_of = rate_of
        self._clock_s = clock_s
        self._max_projects = max_projects
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Project -> what is left, and when that was."""
        self._lock = threading.Lock()

    def take(self, project_id: str, items: int) -> None:
        """A request larger than the burst is let through when the bucket is full, and paid for
        by a longer pause: refused forever, it would be lost."""
        rate = self._rate_of(project_id)
        if rate is None:
            return
        now = self._clock_s()
        with self._lock:
            left, since = self._buckets.pop(project_id, (rate.burst, now))
            left = min(rate.burst, left + max(0.0, now - since) * rate.per_s)
            wanted = min(items, rate.burst)
            allowed = left >= wanted
            self._buckets[project_id] = (left - items if allowed else left, now)
            while len(self._buckets) > self._max_projects:
                self._buckets.popitem(last=False)
        if not allowed:
            wait_s = (wanted - left) / rate.per_s
            raise TryAgain(
                f"project {project_id!r} sends more than its {rate.per_s:g} items a second",
                code="rate_limited",
                retry_after_s=int(wait_s) + 1,
            )
