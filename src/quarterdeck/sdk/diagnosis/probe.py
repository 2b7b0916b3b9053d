"""
A few spans that go the whole way: what is in them, and how they are written.

They are one trace of one session, marked `quarterdeck.experiment` and tagged `doctor`.  With
a key that may delete, each run has a session of its own, which is deleted at the end.  Without,
deleting is not attempted: an agent's key can't, and should not be able to.  Then every run
uses the one session `quarterdeck-doctor`, so that however often one looks, one session stays.
"""

from __future__ import annotations

import base64
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Wire = Literal["http_protobuf", "http_json", "grpc"]
WIRES: tuple[Wire, ...] = ("http_protobuf", "http_json", "grpc")

SCOPE = "quarterdeck.doctor"
SHARED_SESSION = "quarterdeck-doctor"
NUMBERED = 80
"""With the others about as many attributes as a model call with 30 messages has."""
TEXT = "Is everything that an agent says still here when it is read back? " * 60
"""4 kB: a usual message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    session_id: str
    trace_id: str
    span_ids: Mapping[Wire, str]
    at_ns: int
    intended: Mapping[str, Any]
    """Attributes of the span that goes over `http_protobuf`."""
    kept: Mapping[str, Any]
    """What this environment's limits leave of them."""

    @property
    def dropped(self) -> int:
        return len(self.intended) - len(self.kept)


def make_probe(*, deletable: bool) -> Probe:
    session_id = f"{SHARED_SESSION}-{secrets.token_hex(6)}" if deletable else SHARED_SESSION
    # The last ones stay where a limit drops the first: that is how the SDK does it.
    intended: dict[str, Any] = {f"doctor.number.{n:02d}": n for n in range(NUMBERED)}
    intended["doctor.text"] = TEXT
    intended |= _marks(session_id)
    return Probe(
        session_id=session_id,
        trace_id=secrets.token_hex(16),
        span_ids={wire: secrets.token_hex(8) for wire in WIRES},
        at_ns=time.time_ns(),
        intended=intended,
        kept=_limited(intended),
    )


def _marks(session_id: str) -> dict[str, Any]:
    return {
        "quarterdeck.task": "A probe of `quarterdeck doctor`",
        "quarterdeck.task_type": "doctor",
        "quarterdeck.tags": ["doctor"],
        "quarterdeck.experiment": True,
        "session.id": session_id,
    }


def _limited(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """As the OpenTelemetry SDK of this environment would leave them, by its own classes."""
    from opentelemetry.attributes import BoundedAttributes
    from opentelemetry.sdk.trace import SpanLimits

    limits = SpanLimits()
    complaints = logging.getLogger("opentelemetry.attributes")
    were_off, complaints.disabled = complaints.disabled, True  # one for each that is dropped
    try:
        return dict(
            BoundedAttributes(
                limits.max_span_attributes,
                attributes,
                immutable=True,
                max_value_len=limits.max_span_attribute_length,
            )
        )
    finally:
        complaints.disabled = were_off


def request_json(probe: Probe, wire: Wire) -> dict[str, Any]:
    """OTLP/JSON.  The span of `http_protobuf` is the root, the others are below it."""
    is_root = wire == "http_protobuf"
    attributes = probe.kept if is_root else _marks(probe.session_id)
    span = {
        "traceId": probe.trace_id,
        "spanId": probe.span_ids[wire],
        "parentSpanId": "" if is_root else probe.span_ids["http_protobuf"],
        "name": f"quarterdeck doctor over {wire.replace('_', ' ')}",
        "kind": 1,
        "startTimeUnixNano": str(probe.at_ns),
        "endTimeUnixNano": str(probe.at_ns + 1_000_000),
        "attributes": _pairs(attributes),
        "droppedAttributesCount": probe.dropped if is_root else 0,
    }
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _pairs({"service.name": "quarterdeck-doctor"})},
                "scopeSpans": [{"scope": {"name": SCOPE}, "spans": [span]}],
            }
        ]
    }


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case list() | tuple():
            return {"arrayValue": {"values": [_value(inner) for inner in value]}}
        case _:
            return {"stringValue": str(value)}


def protobuf(said: dict[str, Any]) -> Any:
    """The same as a message.  OTLP/JSON writes ids in hexadecimal, protobuf's JSON in base64."""
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for resource_spans in said["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(said, ExportTraceServiceRequest())
