"""
Files into sessions: read, turned into spans, sent, and told what became of them.

    find -> recognize -> read -> spans -> batches -> OTLP -> report

Whoever calls gives `send`, so the same import runs against a server and in a test.  It keeps, for
each span that it sent, a hash: a file that is read again because it grew sends what is new.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.model.findings import Finding
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.otlp_encode import encode_spans
from quarterdeck.receive.transcripts.files import recognize
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.report import Report
from quarterdeck.receive.transcripts.source import UNREADABLE, Source
from quarterdeck.receive.transcripts.spans import has_times, to_spans, trace_id_of
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ClientCall,
    Read,
    Telemetry,
    Transcript,
)

Signal = Literal["traces", "logs", "metrics"]
Encoding = Literal["protobuf", "json"]

BATCH_SPANS = 1_000
BATCH_BYTES = 4 * 1024 * 1024
"""A request holds as much of either: far under the server's limit, few enough round trips."""


class Sent(NamedTuple):
    """What the server answered to one request."""

    rejected: int = 0
    reason: str = ""


class Send(Protocol):
    """Delivers one OTLP request and returns when the server has it on disk."""

    def __call__(self, signal: Signal, body: bytes, *, encoding: Encoding) -> Sent: ...


class Tell(Protocol):
    """Makes one call of a client, and returns when the server has what it says on disk."""

    def __call__(self, method: Literal["POST", "PUT"], path: str, body: Any) -> None: ...


class Marks(NamedTuple):
    """What the person who imports says about all sessions; a file's own word comes first."""

    user: str = ""
    task_type: str = ""
    environment: str = ""
    tags: tuple[str, ...] = ()


class Importer:
    """
    One import, over any number of files.  `close` sends what is still held.

    `send` None: everything is read and reported, nothing is sent.  `tell` None: no file holds
    what another product's client would have sent, or that is not sent.
    `placed` tells where a session begins that is stored already, by its id, or None: a session
    without times is put where it was put before.
    """

    def __init__(
        self,
        *,
        send: Send | None,
        placed: Callable[[str], int | None],
        tell: Tell | None = None,
        formats: Sequence[Format] = FORMATS,
        marks: Marks | None = None,
    ) -> None:
        self.report = Report()
        self._send = send
        self._tell = tell
        self._placed = placed
        self._formats = formats
        self._marks = marks or Marks()
        self._held: list[RawSpan] = []
        self._held_bytes = 0
        self._known: dict[tuple[str, str], bytes] = {}

    def add(self, source: Source, *, live: bool = False) -> None:
        """
        Import one file.  What is wrong with it is in the report, never raised.

        Raises what `send` raises: without a server nothing can go on.
        """
        for item in self._items(source):
            match item:
                case Transcript():
                    self._transcript(source, item, live=live)
                case Telemetry():
                    self._telemetry(source, item)
                case ClientCall():
                    self._client_call(source, item)
                case Finding():
                    self.report.found(source.shown, item)
                case BadLine():
                    self.report.bad(item)

    def close(self) -> None:
        """
        Send what is held.  A second call does nothing, but after one that raised: what could not
        be delivered is held still.
        """
        self._flush()

    def _items(self, source: Source) -> Read:
        with self._told(source):
            found = recognize(source, self._formats)
            if found.format is None:
                self.report.passed_over(source.shown, belongs=found.belongs)
                return
            self.report.began(source.shown, found.format.name)
            yield from found.format.read(source)

    @contextmanager
    def _told(self, source: Source) -> Iterator[None]:
        """What is wrong with one file is told, and stops no other's import."""
        try:
            yield
        except Invalid as error:
            self.report.bad(BadLine(source.shown, 0, error.message))
        except UNREADABLE as error:
            self.report.bad(BadLine(source.shown, 0, f"can't be read: {error}"))
        except Exception as error:  # noqa: BLE001 - the rim of all formats: files are strangers'
            what = f"{type(error).__name__}: {error}"
            self.report.bad(BadLine(source.shown, 0, f"not understood, please report it: {what}"))

    def _transcript(self, source: Source, transcript: Transcript, *, live: bool) -> None:
        marked = _marked(transcript, self._marks)
        placed_ns = 0
        if not has_times(marked):
            known_ns = self._placed(marked.session_id)
            placed_ns = known_ns if known_ns is not None else marked.written_ns or source.written_ns
        spans: list[RawSpan] = []
        with self._told(source):
            spans = to_spans(marked, placed_ns=placed_ns, live=live)
        if not spans:
            return
        self.report.read(source.shown, marked, trace_id=trace_id_of(marked), spans=spans)
        self._hold(spans)

    def _telemetry(self, source: Source, item: Telemetry) -> None:
        digest = hashlib.sha256(item.body).digest()
        if self._known.get((item.signal, digest.hex())) == digest:
            return
        self._flush()
        if self._send is not None:
            try:
                sent = self._send(item.signal, item.body, encoding="json")
            except (Invalid, TooLarge) as error:
                self.report.bad(BadLine(source.shown, 0, f"the server refuses it: {error.message}"))
                return
            self.report.sent(rejected=sent.rejected, reason=sent.reason)
        self._known[item.signal, digest.hex()] = digest
        self.report.passed_on[item.signal] += 1

    def _client_call(self, source: Source, call: ClientCall) -> None:
        digest = hashlib.sha256(msgspec.json.encode(call)).digest()
        if self._known.get((call.path, digest.hex())) == digest:
            return
        self._flush()
        if self._tell is not None:
            try:
                self._tell(call.method, call.path, call.body)
            except (Invalid, TooLarge) as error:
                self.report.bad(BadLine(source.shown, 0, f"the server refuses it: {error.message}"))
                return
        self._known[call.path, digest.hex()] = digest
        self.report.passed_on[call.client] += 1

    def _hold(self, spans: Iterable[RawSpan]) -> None:
        if self._send is None:
            return
        for span in spans:
            encoded = _encoded(span)
            key, digest = (span.trace_id, span.span_id), hashlib.blake2b(encoded).digest()[:16]
            if self._known.get(key) == digest:
                continue
            if self._held_bytes + len(encoded) > BATCH_BYTES or len(self._held) >= BATCH_SPANS:
                self._flush()
            # Known once it is held, not before: what `_flush` raises must not lose this one.
            self._held.append(span)
            self._held_bytes += len(encoded)
            self._known[key] = digest

    def _flush(self) -> None:
        """Raises what `send` raises; then all that was held is held still, and sent again."""
        if self._held and self._send is not None:
            self._deliver(self._send, self._held)
            self._held, self._held_bytes = [], 0

    def _deliver(self, send: Send, spans: Sequence[RawSpan]) -> None:
        """In halves where the server refuses the whole; what it refuses alone is told."""
        try:
            sent = send("traces", encode_spans(spans), encoding="protobuf")
        except (Invalid, TooLarge) as error:
            if len(spans) == 1:
                self.report.sent(rejected=1, reason=error.message)
                return
            half = len(spans) // 2
            self._deliver(send, spans[:half])
            self._deliver(send, spans[half:])
        else:
            self.report.sent(spans=len(spans), rejected=sent.rejected, reason=sent.reason)


def _encoded(span: RawSpan) -> bytes:
    """To tell whether it changed, and about how long it is: also what JSON can't carry."""
    try:
        return msgspec.json.encode(span)
    except (UnicodeEncodeError, OverflowError):
        return repr(span).encode(errors="replace")


def _marked(transcript: Transcript, marks: Marks) -> Transcript:
    if marks == Marks():
        return transcript
    return msgspec.structs.replace(
        transcript,
        user=transcript.user or marks.user,
        task_type=transcript.task_type or marks.task_type,
        environment=transcript.environment or marks.environment,
        tags=tuple(dict.fromkeys((*transcript.tags, *marks.tags))),
    )
