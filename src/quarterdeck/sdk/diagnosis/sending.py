"""Does the server take the probe?  Over HTTP as protobuf and as JSON, and over gRPC."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import msgspec

from quarterdeck.sdk.diagnosis.check import Check, fail, ok, unknown
from quarterdeck.sdk.diagnosis.probe import WIRES, Probe, Wire, protobuf, request_json
from quarterdeck.sdk.diagnosis.situation import Situation

GRPC_S = 10.0


@dataclass(slots=True)
class Sent:
    """Which wires the server took the probe over."""

    accepted: list[Wire] = field(default_factory=list)


def send(situation: Situation, probe: Probe, sent: Sent) -> Iterator[Check]:
    """One check a wire; `sent` says afterwards which of them took it."""
    for wire in WIRES:
        try:
            check = (
                _over_grpc(situation, probe)
                if wire == "grpc"
                else _over_http(situation, probe, wire)
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            check = fail(
                wire,
                f"it could not be sent ({type(error).__name__}: {error})",
                "Look into what stands between: POST /v1/traces must reach the server.",
            )
        if check.verdict == "ok":
            sent.accepted.append(wire)
        yield check


def _over_http(situation: Situation, probe: Probe, wire: Wire) -> Check:
    said = request_json(probe, wire)
    if wire == "http_json":
        body, content_type = msgspec.json.encode(said), "application/json"
    else:
        body, content_type = protobuf(said).SerializeToString(), "application/x-protobuf"
    reply = situation.request(
        "POST", "/v1/traces", content=body, headers={"content-type": content_type}
    )
    told = _answer(reply.response, wire)
    if reply.status != 200:
        return _refused(wire, reply.status, told, reply.response.headers.get("retry-after", ""))
    if told.rejected:
        return fail(
            wire,
            f"the span was rejected: {told.message}",
            "docs/reference/errors.md tells what is rejected, and why.",
        )
    return ok(wire, f"accepted in {reply.took_s * 1000:.0f} ms ({len(body):,} bytes)")


@dataclass(frozen=True, slots=True)
class _Told:
    rejected: int
    message: str


def _answer(response: httpx.Response, wire: Wire) -> _Told:
    if wire == "http_json":
        try:
            said = response.json()
        except ValueError:
            return _Told(0, f"{response.text[:160]!r}")
        partial = said.get("partialSuccess") or {}
        message = str(partial.get("errorMessage") or said.get("message") or "")
        return _Told(int(partial.get("rejectedSpans") or 0), message)
    return _read_protobuf(response.content, failed=response.status_code != 200)


def _read_protobuf(body: bytes, *, failed: bool) -> _Told:
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTracePartialSuccess,
        ExportTraceServiceResponse,
    )

    try:
        if failed:
            # A google.rpc.Status, of which no class is installed: number and text have the same
            # places in it as in a partial success.
            return _Told(0, ExportTracePartialSuccess.FromString(body).error_message)
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return _Told(0, f"{body[:160]!r}")
    return _Told(partial.rejected_spans, partial.error_message)


def _refused(wire: Wire, status: int, told: _Told, retry_after: str) -> Check:
    seen = f"refused with {status}: {told.message}"
    match status:
        case 401 | 403:
            return fail(wire, seen, "Give the agent a key with the scope `ingest`.")
        case 404 | 405:
            return fail(
                wire, seen, "A proxy in front must pass POST /v1/traces on to the server as it is."
            )
        case 413:
            return fail(
                wire,
                seen,
                "Raise QUARTERDECK_MAX_BODY_BYTES on the server (and the proxy's own limit): a "
                "usual batch has megabytes.",
            )
        case 429:
            after = f" (Retry-After: {retry_after} s)" if retry_after else ""
            return fail(
                wire,
                seen + after,
                "Raise QUARTERDECK_MAX_ITEMS_PER_S on the server, or send less.",
            )
        case 503:
            return fail(
                wire,
                seen,
                "The server has no room or is stopping: see its log, the disk, and GET /metrics "
                "(quarterdeck_spool_bytes).",
            )
        case _:
            return fail(wire, seen, "docs/reference/errors.md lists the codes.")


def _over_grpc(situation: Situation, probe: Probe) -> Check:
    place = f"{situation.host}:{situation.grpc_port}"
    try:
        socket.create_connection((situation.host, situation.grpc_port), timeout=3).close()
    except OSError as error:
        return unknown(
            "grpc",
            f"nothing answers at {place} ({error}); only senders over gRPC need it",
            "If yours do: open that port, or name another with --grpc-port.",
        )
    try:
        import grpc
    except ModuleNotFoundError:
        return unknown(
            "grpc", f"{place} can be connected to; grpcio, to send over it, is not installed here"
        )
    options = [("grpc.enable_http_proxy", 0)]
    with (
        grpc.secure_channel(place, grpc.ssl_channel_credentials(), options)
        if situation.is_https
        else grpc.insecure_channel(place, options)
    ) as channel:
        export = channel.unary_unary(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            request_serializer=None,
            response_deserializer=None,
        )
        key = situation.api_key
        metadata = (("authorization", f"Bearer {key}"),) if key else ()
        try:
            body = export(
                protobuf(request_json(probe, "grpc")).SerializeToString(),
                timeout=GRPC_S,
                metadata=metadata,
            )
        except grpc.RpcError as error:
            return fail(
                "grpc",
                f"{place} refused: {error.code().name}, {error.details()}",
                "For a key: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…; is this the port "
                "of Quarterdeck's gRPC?",
            )
    told = _read_protobuf(body, failed=False)
    if told.rejected:
        return fail("grpc", f"the span was rejected: {told.message}", "docs/reference/errors.md")
    return ok("grpc", f"accepted at {place}")
