"""A real HTTP server that keeps the spans sent to it and answers as it is told."""

import gzip
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider

import quarterdeck as qd


class Reply(NamedTuple):
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    hang_s: float = 0.0


class Received(NamedTuple):
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    status: int
    attributes: dict[str, Any]
    events: tuple[tuple[str, dict[str, Any]], ...]
    scope: str
    resource: dict[str, Any]
    status_message: str

    @property
    def is_partial(self) -> bool:
        return bool(self.attributes.get("quarterdeck.partial"))


class Receiver:
    def __init__(self) -> None:
        self.requests: list[tuple[float, dict[str, str], ExportTraceServiceRequest]] = []
        self.accepted: list[ExportTraceServiceRequest] = []
        self.replies: list[Reply] = []
        """Given out one by one; 200 when there are none left."""
        self.always: Reply | None = None
        self.refuse: str = ""
        """Answer 400 to a request that holds a span of this name."""
        self.max_spans = 0
        """Answer 413 to more spans than this; 0 takes any number."""
        self.url = ""

    def spans(self, *, partial: bool = False) -> list[Received]:
        """What was accepted, whole spans only unless partial ones are asked for."""
        found = [span for request in list(self.accepted) for span in _spans(request)]
        return [span for span in found if span.is_partial == partial]

    def span(self, name: str) -> Received:
        (found,) = [span for span in self.spans() if span.name == name]
        return found

    def answer(self, headers: dict[str, str], body: bytes) -> Reply:
        request = ExportTraceServiceRequest.FromString(gzip.decompress(body))
        self.requests.append((time.monotonic(), headers, request))
        reply = self.always or (self.replies.pop(0) if self.replies else Reply())
        names = [span.name for span in _spans(request)]
        if self.refuse and self.refuse in names:
            reply = Reply(400)
        if self.max_spans and len(names) > self.max_spans:
            reply = Reply(413)
        if reply.status == 200:
            self.accepted.append(request)
        return reply


def rejecting(spans: int) -> Reply:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = spans
    answer.partial_success.error_message = "too old"
    return Reply(body=answer.SerializeToString())


def _spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Received(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    start_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    status=span.status.code,
                    attributes=_attributes(span.attributes),
                    events=tuple((e.name, _attributes(e.attributes)) for e in span.events),
                    scope=of_scope.scope.name,
                    resource=_attributes(of_resource.resource.attributes),
                    status_message=span.status.message,
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, which) if which else None


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = receiver.answer({k.lower(): v for k, v in self.headers.items()}, body)
            if reply.hang_s:
                stopping.wait(reply.hang_s)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that has gone is what some tests are about."""

    stopping = threading.Event()
    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def recording(url: str, spool: Path, **told: Any) -> Iterator[TracerProvider]:
    """The SDK, sending to `url` through a provider of its own; shut down afterwards."""
    provider: TracerProvider = told.pop("tracer_provider", None) or TracerProvider(
        shutdown_on_exit=False
    )
    qd.init(url=url, spool_dir=spool, instrument=False, tracer_provider=provider, **told)
    try:
        yield provider
    finally:
        qd.shutdown(2)


def wait_until(check: Any, *, within_s: float = 10.0, message: Sequence[object] = ()) -> Any:
    """The first true value of `check()`."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {message or check}")
