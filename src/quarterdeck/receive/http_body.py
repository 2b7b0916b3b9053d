"""
A request's body as it arrives: counted, given a deadline and a least speed, thrown away when it
was refused.  The same for every raw ASGI app of `receive`.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.receive.limits import Held
from quarterdeck.receive.otlp_answers import SlowSender

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GRACE_S = 5.0
"""Every sender has this long before its speed counts: a first round trip, a cold TLS session."""
LEAST_BYTES_PER_S = 16 * 1024
"""Slower than any line that an exporter runs on; 20,000 connections at this speed are idle."""
_STOOD_STILL_S = 0.1
"""A timer that rings later than this means that the process did not run: ordinary delays under
full load are some milliseconds.  As much is given on top, to read what has come meanwhile."""
_DRAIN_S = 5.0
"""How long the rest of a refused body is read and thrown away: a client that is still sending
sees a broken connection instead of the answer, and would send all of it again."""


class Pace:
    """How slow a sender may be.  `max_request_s` as in the settings."""

    def __init__(
        self,
        *,
        max_request_s: float = 30.0,
        grace_s: float = GRACE_S,
        least_bytes_per_s: float = LEAST_BYTES_PER_S,
    ) -> None:
        self._max_request_s = max_request_s
        self._grace_s = grace_s
        self._least_bytes_per_s = least_bytes_per_s

    def allowed_s(self, size: int) -> float:
        """How long it may have taken so far, when so many bytes have come."""
        return min(self._max_request_s, self._grace_s + size / self._least_bytes_per_s)


async def read_body(body: "Body", held: Held, *, max_bytes: int, pace: Pace) -> bytes:
    """The whole body as sent, never more than the limit.  Raises `TooLarge` and `SlowSender`."""
    chunks, size = list[bytes](), 0
    patience = _Patience(pace.allowed_s)
    try:
        async with patience:
            while (chunk := await body.next()) is not None:
                size += len(chunk)
                if size > max_bytes:
                    raise too_large(max_bytes)
                held.grow_to(size)
                chunks.append(chunk)
                patience.size = size
    except TimeoutError:
        raise SlowSender(
            f"only {size} bytes of the body came in {patience.waited_s:.1f} s",
            hint="Send smaller batches, or compress them.",
        ) from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class _Patience:
    """
    Ends what is done inside it, with `TimeoutError`, when a sender has had its time.

    Time in which this process stood still (a long garbage collection, too few cores) is not the
    sender's: what it sent meanwhile waits unread.  A timer that rings late tells of it.
    """

    def __init__(self, allowed_s: Callable[[int], float]) -> None:
        self.size = 0
        """Bytes that have come so far."""
        self._allowed_s = allowed_s
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timeout = asyncio.timeout(None)

    @property
    def waited_s(self) -> float:
        """Without the time in which this process stood still."""
        return self._loop.time() - self._began

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._arm()

    async def __aexit__(self, *raised: Any) -> None:
        self._timer.cancel()
        await self._timeout.__aexit__(*raised)

    def _arm(self) -> None:
        self._due = self._began + self._allowed_s(self.size)
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        late_s = self._loop.time() - self._due
        if late_s > _STOOD_STILL_S:
            self._began += late_s + _STOOD_STILL_S
        if self.waited_s < self._allowed_s(self.size):
            self._arm()
        else:
            self._timeout.reschedule(self._loop.time())


class Body:
    """The request's body as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def next(self) -> bytes | None:
        """The next piece; None after the last.  Raises `Invalid` when no more will come."""
        if self.ended:
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            # Gone, or a body that breaks HTTP's own framing: for the latter it is an answer.
            self.ended = True
            raise Invalid("the body broke off", code="malformed")
        self.ended = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    async def drain(self, max_bytes: int) -> None:
        """Throw the rest away, up to a size and for a while."""
        size = 0
        try:
            async with asyncio.timeout(_DRAIN_S):
                while size <= max_bytes and (piece := await self.next()) is not None:
                    size += len(piece)
        except (TimeoutError, Invalid):
            return


def content_length(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """None where the sender did not say.  Raises `Invalid`."""
    length = one_header(headers, b"content-length")
    if length and not length.isdecimal():
        raise Invalid(f"Content-Length is {length[:40]!r}", code="malformed")
    # More digits than any length has: compared as text it could not be.
    return int(length[:20]) if length else None


def waits_for_continue(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return one_header(headers, b"expect").lower() == "100-continue"


def one_header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body is larger than {limit} bytes",
        hint="Send fewer items at once: a smaller batch size in the exporter.",
    )
