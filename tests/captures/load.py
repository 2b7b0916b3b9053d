"""
Recorded OTLP requests -> sessions, through the product's own stages and nothing else.

A capture is a folder of `<number>.json`: a request line, its headers and the body as it was on
the wire, base64.  Two recorders made them, with two spellings of the same facts; gRPC calls are
recorded as the message alone.  Requests that are not OTLP are left out and counted.

The store is left out: spans of one id are reduced as the store does (the complete version beats
a partial one, then the one that tells more), and log records reach their spans whatever came
first.
"""

import base64
import gzip
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.identify import TraceFacts, explicit_ids, group_traces, links_of
from quarterdeck.assembly.steps import list_steps
from quarterdeck.model.sessions import Session, Step
from quarterdeck.model.spans import Content, RawEvent, RawLog, RawMetric, RawSpan, Span
from quarterdeck.normalize.dialect import Counted, Lifted, Synthesized
from quarterdeck.normalize.logs import interpret_log
from quarterdeck.normalize.metrics import interpret_metric
from quarterdeck.normalize.normalize import lift, normalize_span, read_content
from quarterdeck.receive import otlp_decode
from quarterdeck.receive.otlp_request import Encoding, Signal

_SPAN_PATHS = re.compile(r"/v1/traces/?$|/trace/log-python$|TraceService/Export$")
_LOG_PATHS = re.compile(r"/v1/logs/?$|LogsService/Export$")
_METRIC_PATHS = re.compile(r"/v1/metrics/?$|MetricsService/Export$")

Key = tuple[str, str]
"""Trace id, span id."""


class Recorded(NamedTuple):
    """One OTLP request as it was sent, decompressed."""

    file: str
    signal: Signal
    encoding: Encoding
    body: bytes
    decoded: bytes = b""
    """The same request as the recorder decoded it by itself, OTLP/JSON; empty without one."""


def recorded_requests(folder: Path) -> list[Recorded]:
    """The OTLP requests of a capture, in the order received."""
    files = [path for path in folder.glob("*.json") if path.stem.isdigit()]
    read = (_read(path) for path in sorted(files, key=lambda path: int(path.stem)))
    return [request for request in read if request is not None]


def _read(path: Path) -> Recorded | None:
    request = json.loads(path.read_text())["request"]
    signal = _signal(request["path"])
    raw = request.get("raw_body_b64") or request.get("raw_base64")
    if signal is None or not raw:
        return None
    headers = request.get("headers") or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    lowered = {name.lower(): value for name, value in pairs}
    body = base64.b64decode(raw)
    if (request.get("content_encoding") or lowered.get("content-encoding")) == "gzip":
        body = gzip.decompress(body)
    is_json = "json" in (lowered.get("content-type") or "")
    if is_json and b'"resource' not in body[:200]:
        return None  # Portkey's own /v1/logs
    read = request.get("body") or {}
    decoded = json.dumps(read.get("otlp_json") or read.get("json")).encode()
    return Recorded(path.name, signal, "json" if is_json else "protobuf", body, decoded)


def _signal(path: str) -> Signal | None:
    if _SPAN_PATHS.search(path):
        return "traces"
    if _LOG_PATHS.search(path):
        return "logs"
    return "metrics" if _METRIC_PATHS.search(path) else None


def items_of(
    body: bytes, *, signal: Signal, encoding: Encoding
) -> list[RawSpan] | list[RawLog] | list[RawMetric]:
    """What one request carries, in the order sent."""
    parsed = otlp_decode.parse(body, signal=signal, encoding=encoding)
    if signal == "traces":
        return otlp_decode.spans_of(parsed)
    return otlp_decode.logs_of(parsed) if signal == "logs" else otlp_decode.metrics_of(parsed)


@dataclass(slots=True)
class Received:
    """What all requests together said."""

    raws: dict[Key, RawSpan] = field(default_factory=dict)
    events: dict[Key, list[RawEvent]] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)

    def add(self, request: Recorded) -> None:
        parsed = otlp_decode.parse(request.body, signal=request.signal, encoding=request.encoding)
        if request.signal == "traces":
            for raw in otlp_decode.spans_of(parsed):
                self.keep(raw)
        elif request.signal == "logs":
            for log in otlp_decode.logs_of(parsed):
                for reading in interpret_log(log):
                    if isinstance(reading, Lifted):
                        self.events.setdefault((log.trace_id, log.span_id), []).append(
                            reading.event
                        )
                    elif isinstance(reading, Synthesized):
                        self.keep(reading.span)
                    else:
                        self._ignore(reading.reason)
        else:
            for metric in otlp_decode.metrics_of(parsed):
                counted = interpret_metric(metric)
                if isinstance(counted, Counted):
                    self.keep(counted.span)
                else:
                    self._ignore(counted.reason)

    def keep(self, raw: RawSpan) -> None:
        key = (raw.trace_id, raw.span_id)
        known = self.raws.get(key)
        if known is None or _tells(raw) > _tells(known):
            self.raws[key] = raw

    def _ignore(self, reason: str) -> None:
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def complete(self) -> dict[Key, RawSpan]:
        """Each span with the log records that belong to it."""
        return {key: lift(raw, self.events.get(key, ())) for key, raw in self.raws.items()}


def _tells(raw: RawSpan) -> tuple[bool, int, int, bytes]:
    return (
        not raw.attributes.get("quarterdeck.partial", False),
        len(raw.attributes) + len(raw.events),
        raw.end_ns,
        msgspec.json.encode(raw),
    )


@dataclass(slots=True, frozen=True)
class ReplayedSession:
    session: Session
    spans: tuple[Span, ...]
    raws: dict[Key, RawSpan]
    steps: tuple[Step, ...]

    def content(self, trace_id: str, span_id: str) -> Content:
        return read_content(self.raws[trace_id, span_id])


def replay(requests: Iterable[Recorded], *, backwards: bool = False) -> list[ReplayedSession]:
    """
    The sessions that these requests are, by their first span.

    `backwards`: assembly gets the last span first, one at a time, and is asked after each.
    """
    received = Received()
    for request in requests:
        received.add(request)
    raws = received.complete()
    spans = [normalize_span(raw) for raw in raws.values()]
    return _sessions(spans, raws, backwards=backwards)


def replay_spans(raws: Iterable[RawSpan], *, backwards: bool = False) -> list[ReplayedSession]:
    """The same of spans that came some other way, each any number of times."""
    received = Received()
    for raw in raws:
        received.keep(raw)
    complete = received.complete()
    spans = [normalize_span(raw) for raw in complete.values()]
    return _sessions(spans, complete, backwards=backwards)


def _sessions(
    spans: Sequence[Span], raws: dict[Key, RawSpan], *, backwards: bool
) -> list[ReplayedSession]:
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    groups = group_traces({trace: _facts(trace, mine) for trace, mine in by_trace.items()})
    found = []
    for group in groups:
        mine = [span for trace in group for span in by_trace[trace]]
        if all(span.ghost for span in mine):
            continue
        assembly = Assembly()
        now_ns = max(span.end_ns or span.start_ns for span in mine)
        for late in sorted(mine, key=lambda span: -span.start_ns) if backwards else ():
            assembly.add([late])
            assembly.session(now_ns=now_ns)
        assembly.add(mine)
        session = assembly.session(now_ns=now_ns)
        found.append(ReplayedSession(session, tuple(mine), raws, list_steps(assembly)))
    return sorted(found, key=lambda one: (one.session.started_ns, one.session.session_id))


def _facts(trace_id: str, spans: Sequence[Span]) -> TraceFacts:
    """What the server's jobs tell grouping of one trace."""
    alone = Assembly()
    alone.add(spans)
    nodes = {node for span in spans for node in links_of(span)}
    nodes.update(alone.deferred_nodes(trace_id))
    ids = explicit_ids(spans)
    first_ns = min(span.start_ns for span in spans)
    return TraceFacts(ids[0] if ids else "", first_ns, frozenset(nodes))
