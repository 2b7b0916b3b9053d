"""
OTLP over HTTP: POST of traces, logs or metrics, as protobuf or JSON, at any prefix.

A raw ASGI app: no framework between the socket and the spool.  The order is that of trust:
method, path and headers; who sends; whether there is room; only then the body, counted while
it arrives and given a deadline and a least speed, so that a slow sender can't hold a
connection.  Answers in the encoding of the request.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid, QuarterdeckError, TooLarge, TryAgain
from quarterdeck.receive.intake import Authenticate, Header, Intake
from quarterdeck.receive.limits import Held, UnsupportedEncoding, content_encodings
from quarterdeck.receive.otlp_answers import (
    CONTENT_TYPES,
    SlowSender,
    WrongMethod,
    error_body,
    http_status,
    success_body,
)
from quarterdeck.receive.otlp_request import SIGNALS, Encoding, Signal
from quarterdeck.receive.recent import NOBODY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_GRACE_S = 5.0
"""Every sender has this long before its speed counts: a first round trip, a cold TLS session."""
_LEAST_BYTES_PER_S = 16 * 1024
"""Slower than any line that an exporter runs on; 20,000 connections at this speed are idle."""
_STOOD_STILL_S = 0.1
"""A timer that rings later than this means that the process did not run: ordinary delays under
full load are some milliseconds.  As much is given on top, to read what has come meanwhile."""
_DRAIN_S = 5.0
"""How long the rest of a refused body is read and thrown away: a client that is still sending
sees a broken connection instead of the answer, and would send all of it again."""

_log = logging.getLogger(__name__)


class _Head(NamedTuple):
    """What the headers say."""

    headers: Sequence[tuple[bytes, bytes]]
    signal: Signal
    encoding: Encoding | None
    content_encodings: tuple[str, ...]
    length: int | None


class OtlpHttp:
    """The ASGI app.  Stateless but for its collaborators; `max_request_s` as in the settings."""

    def __init__(
        self,
        *,
        intake: Intake,
        authenticate: Authenticate,
        max_request_s: float = 30.0,
        grace_s: float = _GRACE_S,
        least_bytes_per_s: float = _LEAST_BYTES_PER_S,
    ) -> None:
        self._intake = intake
        self._authenticate = authenticate
        self._max_request_s = max_request_s
        self._grace_s = grace_s
        self._least_bytes_per_s = least_bytes_per_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive)
        signal = _signal_of(scope["path"])
        encoding = _encoding_hint(scope["headers"])
        whose = _Whose()
        try:
            content, encoding = await self._answer(scope, body, whose)
        except QuarterdeckError as error:
            self._note(scope, signal, error, whose)
            await self._refuse(error, encoding, scope, body, send)
        except Exception as error:  # noqa: BLE001 - the rim of this app: a sender needs an answer
            number = secrets.token_hex(4)
            _log.exception("request %s failed: %s", number, type(error).__name__)
            internal = QuarterdeckError(f"internal error {number}; the server's log has it")
            self._note(scope, signal, internal, whose)
            await self._refuse(internal, encoding, scope, body, send)
        else:
            await _respond(send, 200, content, encoding)

    def _note(self, scope: Scope, signal: Signal, error: QuarterdeckError, whose: "_Whose") -> None:
        self._intake.refused(
            signal,
            error,
            method=scope["method"],
            path=scope["path"],
            headers=scope["headers"],
            project_id=whose.project_id,
        )

    async def _answer(self, scope: Scope, body: "_Body", whose: "_Whose") -> tuple[bytes, Encoding]:
        if scope["method"] != "POST":
            raise WrongMethod(f"{scope['method'][:16]} is not allowed here", hint="Use POST.")
        head = _read_head(scope)
        headers: list[Header] = list(head.headers)
        sender = await self._authenticate(headers)
        whose.project_id = sender.project_id
        self._intake.refuse_if_unable()
        if head.length is not None and head.length > self._intake.max_body_bytes:
            raise _too_large(self._intake.max_body_bytes)
        with Held(self._intake.budget) as held:
            content = await self._read_body(body, held)
            answer = await self._intake.accept(
                sender,
                content,
                signal=head.signal,
                encoding=head.encoding,
                content_encodings=head.content_encodings,
                held=held,
            )
        return success_body(head.signal, answer.rejected, answer.encoding), answer.encoding

    async def _read_body(self, body: "_Body", held: Held) -> bytes:
        """The whole body as sent, never more than the limit."""
        chunks, size = list[bytes](), 0
        patience = _Patience(self._allowed_s)
        try:
            async with patience:
                while (chunk := await body.next()) is not None:
                    size += len(chunk)
                    if size > self._intake.max_body_bytes:
                        raise _too_large(self._intake.max_body_bytes)
                    held.grow_to(size)
                    chunks.append(chunk)
                    patience.size = size
        except TimeoutError:
            raise SlowSender(
                f"only {size} bytes of the body came in {patience.waited_s:.1f} s",
                hint="Send smaller batches, or compress them.",
            ) from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _allowed_s(self, size: int) -> float:
        return min(self._max_request_s, self._grace_s + size / self._least_bytes_per_s)

    async def _refuse(
        self,
        error: QuarterdeckError,
        encoding: Encoding | None,
        scope: Scope,
        body: "_Body",
        send: Send,
    ) -> None:
        # A sender that waits for "100 Continue" has not begun; one that is slow gets no more.
        if not isinstance(error, SlowSender) and not _waits_for_continue(scope["headers"]):
            await body.drain(2 * self._intake.max_body_bytes)
        headers = [(b"allow", b"POST")] if isinstance(error, WrongMethod) else []
        if isinstance(error, TryAgain):
            headers.append((b"retry-after", str(error.retry_after_s).encode()))
        if not body.ended and scope.get("http_version", "1.1").startswith("1"):
            headers.append((b"connection", b"close"))
        encoding = encoding or "protobuf"
        await _respond(send, http_status(error), error_body(error, encoding), encoding, headers)


class _Whose:
    """The project of a request, once its key is known."""

    project_id = NOBODY


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


class _Body:
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


def _signal_of(path: str) -> Signal:
    last = path.rpartition("/")[2]
    return next((signal for signal in SIGNALS if signal == last), "traces")


def _read_head(scope: Scope) -> _Head:
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    length = _one(headers, b"content-length")
    if length and not length.isdigit():
        raise Invalid(f"Content-Length is {length[:40]!r}", code="malformed")
    return _Head(
        headers=headers,
        signal=_signal_of(scope["path"]),
        encoding=_encoding_of(_one(headers, b"content-type")),
        content_encodings=content_encodings(
            ",".join(
                value.decode("latin-1") for name, value in headers if name == b"content-encoding"
            )
        ),
        # More digits than any length has: compared as text it could not be.
        length=int(length[:20]) if length else None,
    )


def _encoding_of(content_type: str) -> Encoding | None:
    """None when the sender did not say: then the body tells."""
    media_type = content_type.partition(";")[0].strip().lower()
    match media_type:
        case "":
            return None
        case "application/x-protobuf" | "application/protobuf":
            return "protobuf"
        case "application/json":
            return "json"
    raise UnsupportedEncoding(
        f"Content-Type {media_type[:80]!r} is not OTLP",
        code="unsupported_media_type",
        hint="Use application/x-protobuf or application/json.",
    )


def _encoding_hint(headers: Sequence[tuple[bytes, bytes]]) -> Encoding | None:
    """In which encoding to tell an error, whatever else is wrong."""
    return "json" if "json" in _one(headers, b"content-type") else None


def _waits_for_continue(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return _one(headers, b"expect").lower() == "100-continue"


def _one(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body is larger than {limit} bytes",
        hint="Send fewer items at once: a smaller batch size in the exporter.",
    )


async def _respond(
    send: Send,
    status: int,
    content: bytes,
    encoding: Encoding,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", CONTENT_TYPES[encoding].encode()),
                (b"content-length", str(len(content)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": content})
