"""
OTLP over gRPC: the three export services, on the same path as HTTP.

Messages arrive here as bytes, so that parsing, limits, redaction and the spool are the ones of
`intake`.  gRPC decompresses by itself and checks its message limit after that as well.

Errors are gRPC's: UNAVAILABLE with a RetryInfo for "later", INVALID_ARGUMENT for what can
never succeed.  Credentials come as metadata, `authorization` or `x-api-key`.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from quarterdeck.errors import QuarterdeckError, TooLarge, TryAgain
from quarterdeck.receive.intake import Authenticate, Intake
from quarterdeck.receive.limits import Held
from quarterdeck.receive.otlp_answers import (
    grpc_number,
    message_of,
    status_message,
    success_body,
)
from quarterdeck.receive.otlp_request import Signal
from quarterdeck.receive.recent import NOBODY

_SERVICES: dict[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
}
_MAX_CONCURRENT = 64
"""Calls handled at once; gRPC refuses more with RESOURCE_EXHAUSTED, which senders retry."""
_STATUSES = {code.value[0]: code for code in grpc.StatusCode}
_log = logging.getLogger(__name__)


class OtlpGrpc:
    """
    `start` binds and returns the port; `stop` lets calls in hand finish.

    `stop` before `start`, or twice, does nothing.  Both are called on one event loop.
    """

    def __init__(self, *, intake: Intake, authenticate: Authenticate, host: str, port: int) -> None:
        self._intake = intake
        self._authenticate = authenticate
        self._address = f"[{host}]:{port}" if ":" in host.strip("[]") else f"{host}:{port}"
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """The port that it listens on.  Raises `OSError` when it is taken."""
        server = grpc.aio.server(
            maximum_concurrent_rpcs=_MAX_CONCURRENT,
            options=[
                ("grpc.max_receive_message_length", self._intake.max_body_bytes),
                ("grpc.so_reuseport", 0),
                # A connection without calls is closed after a while, one that hangs sooner.
                ("grpc.max_connection_idle_ms", 300_000),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.max_metadata_size", 32 * 1024),
            ],
        )
        server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    service,
                    {"Export": grpc.unary_unary_rpc_method_handler(self._handler(signal))},
                )
                for service, signal in _SERVICES.items()
            )
        )
        try:
            port = server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise OSError(f"can't listen on {self._address} for gRPC: {error}") from error
        await server.start()
        self._server = server
        return int(port)

    async def stop(self, grace_s: float = 5.0) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop(grace_s)

    def _handler(self, signal: Signal) -> Callable[[bytes, Any], Any]:
        async def export(body: bytes, context: Any) -> bytes:
            whose = _Whose()
            try:
                return await self._export(signal, body, context, whose)
            except QuarterdeckError as error:
                failure = error
            except Exception as error:  # noqa: BLE001 - the rim: a sender needs an answer
                number = secrets.token_hex(4)
                _log.exception("call %s failed: %s", number, type(error).__name__)
                failure = QuarterdeckError(f"internal error {number}; the server's log has it")
            self._intake.refused(
                signal,
                failure,
                method="POST",
                path=f"gRPC {signal}",
                headers=context.invocation_metadata() or (),
                project_id=whose.project_id,
            )
            return await _refuse(context, failure)

        return export

    async def _export(self, signal: Signal, body: bytes, context: Any, whose: "_Whose") -> bytes:
        sender = await self._authenticate(context.invocation_metadata() or ())
        whose.project_id = sender.project_id
        self._intake.refuse_if_unable()
        if len(body) > self._intake.max_body_bytes:
            raise TooLarge(f"the message is larger than {self._intake.max_body_bytes} bytes")
        with Held(self._intake.budget) as held:
            held.grow_to(len(body))
            answer = await self._intake.accept(
                sender, body, signal=signal, encoding="protobuf", content_encodings=(), held=held
            )
        return success_body(signal, answer.rejected, "protobuf")


class _Whose:
    """The project of a call, once its key is known."""

    project_id = NOBODY


async def _refuse(context: Any, error: QuarterdeckError) -> bytes:
    number, text = grpc_number(error), message_of(error)
    if isinstance(error, TryAgain):
        details = status_message(number, text, retry_after_s=error.retry_after_s)
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
    await context.abort(_STATUSES[number], text)
    raise AssertionError("abort raises")
