"""
OTLP bytes to `RawSpan`, `RawLog` and `RawMetric`: OTLP without the encoding, nothing interpreted.

Two encodings (`otlp_protobuf`, `otlp_json`) and three signals.  A body that can't be read at all
raises `Invalid`; of a readable one only spans without usable ids are left out.  Nothing else of an
item is ever a reason to refuse it: odd times, unknown enums and wrong types are kept as far as
the model can hold them, and judged by `normalize`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from quarterdeck.model.spans import RawLog, RawMetric, RawSpan
from quarterdeck.receive import otlp_json, otlp_protobuf
from quarterdeck.receive.otlp_request import Checked, Encoding, Rejected, Request, Signal


class _Reader(Protocol):
    """One encoding: the functions that `otlp_protobuf` and `otlp_json` both have."""

    def parse(self, body: bytes, signal: Signal) -> Request: ...
    def span_problems(self, content: Any) -> Iterator[str]: ...
    def spans(self, content: Any) -> list[RawSpan]: ...
    def logs(self, content: Any) -> list[RawLog]: ...
    def metrics(self, content: Any) -> list[RawMetric]: ...
    def stamp(self, content: Any, signal: Signal, attributes: Mapping[str, str]) -> None: ...


_READERS: dict[Encoding, _Reader] = {"protobuf": otlp_protobuf, "json": otlp_json}


def parse(body: bytes, *, signal: Signal, encoding: Encoding) -> Request:
    """Raises `Invalid` when the body is not an export request of this signal at all."""
    return _READERS[encoding].parse(body, signal)


def serialize(request: Request) -> bytes:
    """The body again, of a request whose `rewritten` is true."""
    if request.encoding == "json":
        return otlp_json.dump_json(request.content)
    serialized: bytes = request.content.SerializeToString()
    return serialized


def stamped(request: Request, attributes: Mapping[str, str]) -> Request:
    """The request with these attributes on each resource that lacks them; changes it in place."""
    _READERS[request.encoding].stamp(request.content, request.signal, attributes)
    return request._replace(rewritten=True)


def sniff_encoding(body: bytes) -> Encoding:
    """What a body without Content-Type is: JSON begins with `{`, protobuf never does."""
    return "json" if body[:64].lstrip()[:1] == b"{" else "protobuf"


def check(request: Request) -> Checked:
    """How many items the request carries, and which of them will be left out by decoding."""
    if request.signal == "traces":
        items, reasons, message = 0, dict[str, int](), ""
        for problem in _READERS[request.encoding].span_problems(request.content):
            items += 1
            if problem:
                reason, _, text = problem.partition("|")
                reasons[reason] = reasons.get(reason, 0) + 1
                message = message or text
        return Checked(items, Rejected(sum(reasons.values()), reasons, message))
    if request.encoding == "protobuf":
        return Checked(otlp_protobuf.count(request), Rejected())
    return otlp_json.check_items(request)


def spans_of(request: Request) -> list[RawSpan]:
    """The spans that can be kept, in the order sent."""
    return _READERS[request.encoding].spans(request.content)


def logs_of(request: Request) -> list[RawLog]:
    """The log records, in the order sent.  A trace or span id that can't be one becomes ""."""
    return _READERS[request.encoding].logs(request.content)


def metrics_of(request: Request) -> list[RawMetric]:
    """One `RawMetric` per data point, in the order sent."""
    return _READERS[request.encoding].metrics(request.content)
