"""
Spans as requests: OTLP in protobuf, gzipped.

A span that can't be encoded is left out and counted: the others of its batch are not lost with
it.
"""

import gzip
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.sending.otlp import encode_span, request_of


class Batch(NamedTuple):
    body: bytes
    """A gzipped request."""
    spans: int


def encoded(spans: list[ReadableSpan]) -> tuple[bytes, int]:
    """A gzipped request, and how many spans could not be encoded."""
    done = []
    for span in spans:
        try:
            done.append((span.resource, span.instrumentation_scope, encode_span(span)))
        except Exception as error:  # noqa: BLE001 - one bad span leaves the others alone
            swallow("encoding", error)
    # Level 1 is a fifth of the time of 6 for a tenth more bytes, and the agent's machine pays.
    return gzip.compress(request_of(done), 1), len(spans) - len(done)


def halves(body: bytes) -> tuple[Batch, ...]:
    """The request in two; () if it can't be read."""
    try:
        request = ExportTraceServiceRequest.FromString(gzip.decompress(body))
    except Exception:  # noqa: BLE001 - not ours to repair: it is set aside whole
        return ()
    spans = [
        (of_resource, of_scope, span)
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]
    middle = len(spans) // 2
    found = []
    for part in (spans[:middle], spans[middle:]):
        half = ExportTraceServiceRequest()
        for of_resource, of_scope, span in part:
            to_resource = half.resource_spans.add(
                resource=of_resource.resource, schema_url=of_resource.schema_url
            )
            to_resource.scope_spans.add(
                scope=of_scope.scope, schema_url=of_scope.schema_url, spans=[span]
            )
        found.append(Batch(gzip.compress(half.SerializeToString(), 1), len(part)))
    return tuple(found)
