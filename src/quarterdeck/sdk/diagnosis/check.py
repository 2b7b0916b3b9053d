"""What one check found, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["ok", "warn", "fail", "unknown"]
"""
ok: as it should be.  warn: works, but part of what agents do may be missing.  fail: as it is,
nothing arrives, or not here.  unknown: it can't be told from here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    """Stable: scripts find a check by it."""
    verdict: Verdict
    seen: str
    """What was found, in words, with the values."""
    next_step: str = ""
    """The variable to set or the command to run; empty where there is nothing to do."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def ok(name: str, seen: str) -> Check:
    return Check(name=name, verdict="ok", seen=seen)


def warn(name: str, seen: str, next_step: str) -> Check:
    return Check(name=name, verdict="warn", seen=seen, next_step=next_step)


def fail(name: str, seen: str, next_step: str) -> Check:
    return Check(name=name, verdict="fail", seen=seen, next_step=next_step)


def unknown(name: str, seen: str, next_step: str = "") -> Check:
    return Check(name=name, verdict="unknown", seen=seen, next_step=next_step)


CHECKS: Mapping[str, str] = {
    "address": "the address can be connected to",
    "server": "a Quarterdeck answers there",
    "ready": "it is able to work, and not behind",
    "clock": "its clock and this machine's agree",
    "key": "the key is known; of which project it is",
    "may_send": "the key may send",
    "may_read": "the key may read",
    "sdk_switch": "this environment does not switch reporting off, or content",
    "otlp_endpoint": "OpenTelemetry's variables point at this server, with the right path",
    "otlp_protocol": "they name a protocol that this address speaks",
    "otlp_headers": "they carry a key that this server knows",
    "limits": "no limit of the OpenTelemetry SDK cuts spans short",
    "http_protobuf": "a span sent over OTLP/HTTP as protobuf is accepted",
    "http_json": "a span sent over OTLP/HTTP as JSON is accepted",
    "grpc": "a span sent over OTLP/gRPC is accepted",
    "read_back": "the spans come back as a session",
    "attributes": "with every attribute that was sent",
    "cleanup": "the probe's session does no harm",
    "sdk_processes": "what processes with the SDK on this machine dropped, or still hold",
    "instrumentation": "what is installed here is instrumented, and once",
    "arrivals": "what arrived in the last hour, and what nobody recognized",
    "intake": "what the server refused since its start, and why",
    "clients": "no SDK of another product asked for what this server does not answer",
    "sessions": "sessions of the last hour",
}
"""Every name, in order, and what it claims where it is ok."""
