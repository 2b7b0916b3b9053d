"""
Server-sent events to one reader, who may be slow, go away, or lose the right to read.

What is to be sent waits in a bounded queue; a reader who lets it fill is let go.  Nothing is
compressed or buffered: an event is on the wire when it is put.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quarterdeck.api.bodies import to_json
from quarterdeck.errors import QuarterdeckError

_QUEUED_EVENTS = 64
"""16 s of a stream at its fastest."""
_QUEUED_BYTES = 16 << 20
"""One event that tells 100,000 rows has 7 MB."""
_LAST_WORDS_S = 1.0
"""How long the last event may take; after it the connection is cut."""

_HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would wait for a full buffer
}


def event(name: str, data: Any, *, number: str = "") -> bytes:
    """One event as it is sent.  JSON has no line breaks of its own."""
    identified = f"id: {number}\n" if number else ""
    return b"%sevent: %s\ndata: %s\n\n" % (identified.encode(), name.encode(), to_json(data))


class Reader:
    """What one connection still has to be sent.  Lives in one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._moved = asyncio.Event()
        self.reason = ""
        """Why it ends; "" while it goes on."""
        self.ending = asyncio.Event()
        self._last = b""

    def put(self, data: bytes) -> None:
        if self.reason:
            return
        self._waiting.append(data)
        self._bytes += len(data)
        if len(self._waiting) > _QUEUED_EVENTS or (
            self._bytes > _QUEUED_BYTES and len(self._waiting) > 1
        ):
            self._waiting.clear()
            self.end("slow", "you read more slowly than sessions change", code="try_again")
        self._moved.set()

    def end(self, reason: str, told: str, *, code: str) -> None:
        """After what was put, a last event that says why."""
        if not self.reason:
            self.reason = reason
            self._last = event("end", {"reason": told, "code": code})
            self.ending.set()
            self._moved.set()

    async def next(self) -> bytes:
        """Waits; b"" when nothing comes any more."""
        while not self._waiting:
            if self.reason:
                last, self._last = self._last, b""
                return last
            self._moved.clear()
            await self._moved.wait()
        data = self._waiting.popleft()
        self._bytes -= len(data)
        return data


class EventStream(Response):
    """
    Sends what its reader is given, until that ends, goes away, or `check` raises.

    `done` is called once in any case, with the reason: the reader's own, `gone`, or `credential`.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        reader: Reader,
        *,
        check: Callable[[], Awaitable[object]],
        check_every_s: float,
        heartbeat_s: float,
        done: Callable[[str], None],
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._reader = reader
        self._check = check
        self._check_every_s = check_every_s
        self._heartbeat_s = heartbeat_s
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        reader = self._reader
        tasks: list[asyncio.Task[None]] = []
        try:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            tasks = [
                asyncio.create_task(self._send_all(send)),
                asyncio.create_task(_until_gone(receive)),
                asyncio.create_task(self._watch()),
            ]
            sending, leaving, watching = tasks
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                reader.reason = reader.reason or "gone"
            elif watching.done() and not sending.done():
                await asyncio.wait(
                    [sending, leaving],
                    timeout=_LAST_WORDS_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            whole = sending.done() and not sending.cancelled() and sending.exception() is None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._done(reader.reason or "gone")
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        await _send(send, b": connected\n\n")  # the head is on the wire before the first event
        while True:
            try:
                data = await asyncio.wait_for(self._reader.next(), self._heartbeat_s)
            except TimeoutError:
                data = b": still here\n\n"
            if not data:
                return
            await _send(send, data)

    async def _watch(self) -> None:
        """Returns when the stream must end whether or not its reader reads."""
        while not self._reader.reason:
            try:
                await asyncio.wait_for(self._reader.ending.wait(), self._check_every_s)
            except TimeoutError:
                try:
                    await self._check()
                except QuarterdeckError as error:
                    self._reader.end("credential", error.message, code=error.code)


async def _send(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
