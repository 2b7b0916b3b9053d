"""
A receiving server for tests: the real spool, wires, intake and pipeline over a store in memory,
behind a real granian and a real gRPC server on ports of the system's choice.
"""

import asyncio
import contextlib
import socket
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from quarterdeck.errors import Unauthorized
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawEvent, RawSpan, Span
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.fragments import SPAN_HOME
from quarterdeck.receive.ingest import Pipeline, Rules
from quarterdeck.receive.intake import Header, Intake
from quarterdeck.receive.limits import Budget
from quarterdeck.receive.otlp_grpc import OtlpGrpc
from quarterdeck.receive.otlp_http import OtlpHttp
from quarterdeck.receive.spool import Spool, open_spool
from quarterdeck.receive.stored_events import Key
from quarterdeck.storage.events.columns import encode
from quarterdeck.storage.events.fragments import FragmentRow, FragmentsRow, MemberRow, Parts
from quarterdeck.storage.events.scores import ScoreRow
from quarterdeck.storage.events.span_writes import LiftedRow, SpanRow, content_version, stored_raw

MIB = 1024 * 1024
PROJECT = ProjectId("default")


class Sender(NamedTuple):
    project_id: ProjectId


class MemoryStore:
    """What the event store promises, in memory: one visible version of each span, the winner by
    content.  `before_write` lets a test make it fail."""

    def __init__(self) -> None:
        self.spans: dict[tuple[str, Key], tuple[int, SpanRow]] = {}
        self.lifted: dict[tuple[str, Key], list[RawEvent]] = {}
        self.fragments: dict[tuple[str, str, str, int], FragmentsRow] = {}
        self.members: list[MemberRow] = []
        self.scores: list[ScoreRow] = []
        self.writes: list[int] = []
        self.before_write: Callable[[Sequence[SpanRow]], None] = lambda _rows: None
        self.answers: Callable[[], None] = lambda: None

    def write_spans(self, rows: Sequence[SpanRow], *, token: str) -> None:
        self.before_write(rows)
        self.writes.append(len(rows))
        for row in rows:
            key = (row.project_id, (row.raw.trace_id, row.raw.span_id))
            version = content_version(row.span, row.raw, encode(stored_raw(row.raw)))
            if key not in self.spans or version > self.spans[key][0]:
                self.spans[key] = (version, row)

    def write_lifted(self, rows: Sequence[LiftedRow]) -> None:
        for row in rows:
            events = self.lifted.setdefault((row.project_id, (row.trace_id, row.span_id)), [])
            if row.event not in events:
                events.append(row.event)

    def has_lifted(self, project_id: ProjectId) -> bool:
        self.answers()
        return any(project == project_id for project, _ in self.lifted)

    def lifted_events(
        self, project_id: ProjectId, keys: Sequence[Key]
    ) -> Mapping[Key, Sequence[RawEvent]]:
        return {key: events for key in keys if (events := self.lifted.get((project_id, key)))}

    def raw_spans(self, project_id: ProjectId, keys: Sequence[Key]) -> Sequence[RawSpan]:
        return [
            self.spans[project_id, key][1].raw for key in keys if (project_id, key) in self.spans
        ]

    def write_fragments(self, rows: Sequence[FragmentRow], members: Sequence[MemberRow]) -> None:
        for row in rows:
            part = int.from_bytes(sha256(row.body).digest()[:8])
            found = FragmentsRow(row.home, row.object, part, row.arrived_ns, row.body)
            self.fragments.setdefault((row.project_id, row.home, row.object, part), found)
        self.members += members

    def parts_of(self, project_id: ProjectId, homes: Sequence[str]) -> Parts:
        rows = [
            row for key, row in self.fragments.items() if key[0] == project_id and key[1] in homes
        ]
        deleted = {row.home for row in rows if not row.fragment}
        return Parts([row for row in rows if row.home not in deleted], deleted)

    def delete_fragments(self, project_id: ProjectId, homes: Sequence[str]) -> None:
        for key, row in list(self.fragments.items()):
            if key[0] == project_id and key[1] in homes and row.fragment:
                del self.fragments[key]

    def awaited_spans(self, project_id: ProjectId) -> Collection[str]:
        return {
            key[1].removeprefix(SPAN_HOME)
            for key in self.fragments
            if key[0] == project_id and key[1].startswith(SPAN_HOME)
        }

    def traces_of_spans(self, project_id: ProjectId, span_ids: Sequence[str]) -> Mapping[str, str]:
        return {
            span_id: trace_id
            for project, (trace_id, span_id) in self.spans
            if project == project_id and span_id in span_ids
        }

    def write_scores(self, rows: Sequence[ScoreRow]) -> None:
        self.scores += rows

    def raws(self) -> list[RawSpan]:
        return [row.raw for _, row in self.spans.values()]


@dataclass
class Receiver:
    """Everything between the socket and the store."""

    spool: Spool
    store: MemoryStore
    accounting: Accounting
    intake: Intake
    pipeline: Pipeline
    told: list[tuple[str, Span]] = field(default_factory=list)
    http: str = ""
    port: int = 0
    grpc: str = ""
    local: bool = True

    async def authenticate(self, headers: Iterable[Header]) -> Sender:
        carried = {_text(name).lower(): _text(value) for name, value in headers}
        key = carried.get("authorization", "").removeprefix("Bearer ") or carried.get(
            "x-api-key", ""
        )
        if key.startswith("qd_project_"):
            return Sender(ProjectId(key.removeprefix("qd_project_")))
        if key or not self.local:
            raise Unauthorized("unknown key")
        return Sender(PROJECT)

    def close(self) -> None:
        self.pipeline.stop()
        self.intake.close()
        self.spool.close()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def make_receiver(folder: Path, **given: Any) -> Receiver:
    """A receiver without its wires; `given` are arguments of `Intake` and of `open_spool`."""
    spool = open_spool(folder / "spool.db", max_bytes=given.pop("max_spool_bytes", 256 * MIB))
    accounting, store = Accounting(), MemoryStore()
    redactor = given.pop("redactor", Redactor())
    intake = Intake(
        spool=spool,
        redactor_of=lambda _project: redactor,
        accounting=accounting,
        budget=given.pop("budget", None) or Budget(256 * MIB),
        max_body_bytes=given.pop("max_body_bytes", 64 * MIB),
        **given,
    )
    told: list[tuple[str, Span]] = []
    rules = Rules(NormalizeSettings(), lambda span: span)

    def on_stored(spans: Mapping[ProjectId, Sequence[Span]], _raws: object) -> None:
        told.extend((project, span) for project, its in spans.items() for span in its)

    pipeline = Pipeline(
        spool=spool,
        store=store,
        rules_of=lambda _project: rules,
        on_stored=on_stored,
        accounting=accounting,
        linger_s=0.01,
    )
    return Receiver(spool, store, accounting, intake, pipeline, told)


@contextlib.asynccontextmanager
async def serving(
    receiver: Receiver,
    *,
    max_request_s: float = 30.0,
    grace_s: float = 5.0,
    least_bytes_per_s: float = 16 * 1024,
    header_timeout_ms: int = 30_000,
) -> AsyncIterator[Receiver]:
    """The receiver behind granian and gRPC, until the block ends."""
    app = OtlpHttp(
        intake=receiver.intake,
        authenticate=receiver.authenticate,
        max_request_s=max_request_s,
        grace_s=grace_s,
        least_bytes_per_s=least_bytes_per_s,
    )
    receiver.port = free_port()
    server = Server(
        app,
        address="127.0.0.1",
        port=receiver.port,
        interface=Interfaces.ASGINL,
        # Telling HTTP/2 from HTTP/1 by the first bytes has no timeout: an idle connection would
        # stay for ever.
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        http1_settings=HTTP1Settings(header_read_timeout=header_timeout_ms),
        log_enabled=False,
    )
    task = asyncio.create_task(server.serve())
    wire = OtlpGrpc(
        intake=receiver.intake, authenticate=receiver.authenticate, host="127.0.0.1", port=0
    )
    receiver.grpc = f"127.0.0.1:{await wire.start()}"
    receiver.http = f"http://127.0.0.1:{receiver.port}"
    try:
        await _listening(receiver.port)
        yield receiver
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian types its constructor alone
        await wire.stop(1.0)
        with contextlib.suppress(BaseException):
            await asyncio.wait_for(task, 10)


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def trace_request(
    number: int = 1, *, trace: int = 1, first: int = 1, **attributes: str
) -> ExportTraceServiceRequest:
    """A request of `number` spans with ids from `first` on, all of one trace."""
    request = ExportTraceServiceRequest()
    outer = request.resource_spans.add()
    service = outer.resource.attributes.add(key="service.name")
    service.value.string_value = "test"
    scope = outer.scope_spans.add()
    for index in range(first, first + number):
        span = scope.spans.add(
            trace_id=trace.to_bytes(16),
            span_id=index.to_bytes(8),
            name=f"step {index}",
            start_time_unix_nano=1_790_000_000_000_000_000 + index,
            end_time_unix_nano=1_790_000_000_000_001_000 + index,
        )
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    return request


def balance(receiver: Receiver) -> Iterator[tuple[str, int, int]]:
    """Per signal: what came in and what became of it, pending included; the two are equal."""
    for signal in ("traces", "logs", "metrics"):
        total = receiver.accounting.total
        came = total("quarterdeck_received_items_total", signal=signal) + total(
            "quarterdeck_recovered_items_total", signal=signal
        )
        yield signal, came, total("quarterdeck_items_total", signal=signal)
