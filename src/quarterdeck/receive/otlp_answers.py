"""
What OTLP senders are told: export responses, and errors as `google.rpc.Status`.

Statuses follow OTLP's rule for retries: 429 and 503 mean "send it again later" and carry
Retry-After, every other error means "never send this again".  The messages are written by hand,
since they have two fields each: `google.rpc` would be a dependency for twenty bytes.
"""

import math

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from quarterdeck.errors import (
    Forbidden,
    Invalid,
    QuarterdeckError,
    TooLarge,
    TryAgain,
    Unauthorized,
)
from quarterdeck.receive.limits import UnsupportedEncoding
from quarterdeck.receive.otlp_request import Encoding, Rejected, Signal

CONTENT_TYPES: dict[Encoding, str] = {
    "protobuf": "application/x-protobuf",
    "json": "application/json",
}

_REJECTED_FIELDS: dict[Signal, str] = {
    "traces": "rejectedSpans",
    "logs": "rejectedLogRecords",
    "metrics": "rejectedDataPoints",
}

# gRPC's numbers, which google.rpc.Status uses over HTTP as well.
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
UNAUTHENTICATED = 16


class SlowSender(QuarterdeckError):  # noqa: N818 - named like its peers in errors.py
    """The body did not arrive in time: 408."""

    code = "slow_sender"


class WrongMethod(QuarterdeckError):  # noqa: N818 - named like its peers in errors.py
    code = "method_not_allowed"


def http_status(error: QuarterdeckError) -> int:
    if error.code == "bad_host":
        return 421
    match error:
        case TryAgain():
            return 429 if error.code == "rate_limited" else 503
        case TooLarge():
            return 413
        case UnsupportedEncoding():
            return 415
        case Invalid():
            return 400
        case Unauthorized():
            return 401
        case Forbidden():
            return 403
        case SlowSender():
            return 408
        case WrongMethod():
            return 405
    return 500


def grpc_number(error: QuarterdeckError) -> int:
    match error:
        case TryAgain():
            return RESOURCE_EXHAUSTED if error.code == "rate_limited" else UNAVAILABLE
        case TooLarge() | Invalid():
            # Without RetryInfo, RESOURCE_EXHAUSTED would be final too; this is plainer.
            return INVALID_ARGUMENT
        case Unauthorized():
            return UNAUTHENTICATED
        case Forbidden():
            return PERMISSION_DENIED
        case SlowSender():
            return DEADLINE_EXCEEDED
        case WrongMethod():
            return UNIMPLEMENTED
    return INTERNAL


def message_of(error: QuarterdeckError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


def success_body(signal: Signal, rejected: Rejected, encoding: Encoding) -> bytes:
    """`partial_success` is present exactly when items were left out."""
    if encoding == "json":
        if not rejected.number:
            return b"{}"
        # Proto JSON writes 64-bit numbers as strings.
        return orjson.dumps(
            {
                "partialSuccess": {
                    _REJECTED_FIELDS[signal]: str(rejected.number),
                    "errorMessage": _explained(rejected),
                }
            }
        )
    if not rejected.number:
        return b""
    return _protobuf_success(signal, rejected)


def _protobuf_success(signal: Signal, rejected: Rejected) -> bytes:
    text = _explained(rejected)
    if signal == "traces":
        traces = ExportTraceServiceResponse()
        traces.partial_success.rejected_spans = rejected.number
        traces.partial_success.error_message = text
        return traces.SerializeToString()
    if signal == "logs":
        logs = ExportLogsServiceResponse()
        logs.partial_success.rejected_log_records = rejected.number
        logs.partial_success.error_message = text
        return logs.SerializeToString()
    metrics = ExportMetricsServiceResponse()
    metrics.partial_success.rejected_data_points = rejected.number
    metrics.partial_success.error_message = text
    return metrics.SerializeToString()


def _explained(rejected: Rejected) -> str:
    counts = ", ".join(f"{reason}: {number}" for reason, number in rejected.reasons.items())
    return f"{rejected.message}; {counts}"


def error_body(error: QuarterdeckError, encoding: Encoding) -> bytes:
    """A `google.rpc.Status`, in the request's encoding."""
    number, text = grpc_number(error), message_of(error)
    if encoding == "json":
        return orjson.dumps({"code": number, "message": text})
    return status_message(number, text)


def status_message(number: int, text: str, *, retry_after_s: float = 0) -> bytes:
    """`google.rpc.Status` as protobuf, with a `RetryInfo` when a delay is given."""
    status = b"\x08" + _varint(number) + _field(2, text.encode())
    if retry_after_s:
        delay = _field(1, b"\x08" + _varint(math.ceil(retry_after_s)))
        status += _field(
            3,
            _field(1, b"type.googleapis.com/google.rpc.RetryInfo") + _field(2, delay),
        )
    return status


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
