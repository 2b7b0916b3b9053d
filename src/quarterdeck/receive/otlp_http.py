"""
OTLP over HTTP: POST of traces, logs or metrics, as protobuf or JSON, at any prefix.

A raw ASGI app: no framework between the socket and the spool.  The order is that of trust:
method, path and headers; who sends; whether there is room; only then the body, counted while
it arrives and given a deadline and a least speed, so that a slow sender can't hold a
connection.  Answers in the encoding of the request.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.receive.http_body import (
    GRACE_S,
    LEAST_BYTES_PER_S,
    Body,
    Pace,
    Receive,
    Scope,
    Send,
    content_length,
    one_header,
    read_body,
    too_large,
    waits_for_continue,
)
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

Stamp = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Resource attributes that only the headers of a request tell; header names in lower case."""

_log = logging.getLogger(__name__)


class _Head(NamedTuple):
    """What the headers say."""

    headers: Sequence[tuple[bytes, bytes]]
    signal: Signal
    encoding: Encoding | None
    content_encodings: tuple[str, ...]
    length: int | None


class OtlpHttp:
    """
    The ASGI app.  Stateless but for its collaborators; `max_request_s` as in the settings.

    `stamp` adds to each request's resources what a foreign SDK says in headers.  `signal` is for
    addresses that do not end with its name.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        authenticate: Authenticate,
        max_request_s: float = 30.0,
        grace_s: float = GRACE_S,
        least_bytes_per_s: float = LEAST_BYTES_PER_S,
        stamp: Stamp | None = None,
        signal: Signal | None = None,
    ) -> None:
        self._intake = intake
        self._authenticate = authenticate
        self._stamp = stamp
        self._signal = signal
        self._pace = Pace(
            max_request_s=max_request_s, grace_s=grace_s, least_bytes_per_s=least_bytes_per_s
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive)
        signal = self._signal or _signal_of(scope["path"])
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

    async def _answer(self, scope: Scope, body: Body, whose: "_Whose") -> tuple[bytes, Encoding]:
        if scope["method"] != "POST":
            raise WrongMethod(f"{scope['method'][:16]} is not allowed here", hint="Use POST.")
        head = _read_head(scope, self._signal)
        headers: list[Header] = list(head.headers)
        sender = await self._authenticate(headers)
        whose.project_id = sender.project_id
        self._intake.refuse_if_unable()
        if head.length is not None and head.length > self._intake.max_body_bytes:
            raise too_large(self._intake.max_body_bytes)
        with Held(self._intake.budget) as held:
            content = await read_body(
                body, held, max_bytes=self._intake.max_body_bytes, pace=self._pace
            )
            answer = await self._intake.accept(
                sender,
                content,
                signal=head.signal,
                encoding=head.encoding,
                content_encodings=head.content_encodings,
                held=held,
                stamp=self._stamp(_by_name(headers)) if self._stamp is not None else None,
            )
        return success_body(head.signal, answer.rejected, answer.encoding), answer.encoding

    async def _refuse(
        self,
        error: QuarterdeckError,
        encoding: Encoding | None,
        scope: Scope,
        body: Body,
        send: Send,
    ) -> None:
        # A sender that waits for "100 Continue" has not begun; one that is slow gets no more.
        if not isinstance(error, SlowSender) and not waits_for_continue(scope["headers"]):
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


def _signal_of(path: str) -> Signal:
    last = path.rpartition("/")[2]
    return next((signal for signal in SIGNALS if signal == last), "traces")


def _read_head(scope: Scope, signal: Signal | None) -> _Head:
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    return _Head(
        headers=headers,
        signal=signal or _signal_of(scope["path"]),
        encoding=_encoding_of(one_header(headers, b"content-type")),
        content_encodings=content_encodings(
            ",".join(
                value.decode("latin-1") for name, value in headers if name == b"content-encoding"
            )
        ),
        length=content_length(headers),
    )


def _by_name(headers: Sequence[Header]) -> dict[str, str]:
    return {
        (name.decode("latin-1") if isinstance(name, bytes) else name).lower(): (
            value.decode("latin-1") if isinstance(value, bytes) else value
        )
        for name, value in headers
    }


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
    return "json" if "json" in one_header(headers, b"content-type") else None


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
