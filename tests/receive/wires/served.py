"""
A wire behind the real frame, in this process: bodies, keys, limits, spool, pipeline, stores.

`Served.ask` speaks ASGI to it, so a test sees what a client's socket would; `settle` does what the
pipeline's thread does.  Who may call is a table of keys given by the test.
"""

import asyncio
import json
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from quarterdeck.errors import Forbidden, Unauthorized
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.ingest import Pipeline, Rules
from quarterdeck.receive.intake import Header, Intake
from quarterdeck.receive.limits import Budget
from quarterdeck.receive.spool import Spool, open_spool
from quarterdeck.receive.stored_events import StoredEvents
from quarterdeck.receive.wire import Wire
from quarterdeck.receive.wire_desk import Back, desk_threads
from quarterdeck.receive.wire_http import WireHttp
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.keys import Scope
from quarterdeck.storage.records.projects import create_project

MIB = 1024 * 1024
_PATIENCE_S = 0.03


class Caller(NamedTuple):
    project_id: ProjectId
    actor: str = "key:test"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    wire: Wire
    project_id: ProjectId
    app: WireHttp
    back: Back
    spool: Spool
    intake: Intake
    pipeline: Pipeline
    accounting: Accounting
    records: Records
    events: EventConnection
    scopes: set[str] = field(default_factory=lambda: {"ingest", "read", "write"})
    """What the caller's key allows; empty = no key came."""
    asked: list[str | None] = field(default_factory=list)
    """The scope that each call was judged for."""
    spans: list[RawSpan] = field(default_factory=list)
    """Stored, every version, in order."""

    async def admit(
        self,
        headers: Iterable[Header],
        scope: Scope | None,
        *,
        key_headers: Sequence[str],
        foreign_credentials: bool,
    ) -> Caller:
        self.asked.append(scope)
        if scope is not None and not self.scopes:
            raise Unauthorized("no key came")
        if scope is not None and scope not in self.scopes:
            raise Forbidden(f"this needs {scope!r}")
        return Caller(self.project_id)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """`path` with its query, below the wire's prefix."""
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        return asyncio.run(self._ask(method, self.wire.prefixes[0] + path, body, pairs))

    async def _ask(
        self, method: str, target: str, body: bytes, headers: list[tuple[str, str]]
    ) -> Answer:
        path, _, query = target.partition("?")
        sent: list[dict[str, Any]] = []
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (b"host", b"127.0.0.1:4400"),
                *(
                    (name.lower().encode(), value.encode("latin-1", "replace"))
                    for name, value in headers
                ),
            ],
            "scheme": "http",
            "http_version": "1.1",
        }
        # The pipeline runs beside a handler that waits for it.
        answered = threading.Event()
        pipeline = asyncio.create_task(asyncio.to_thread(self._settle_until, answered))
        try:
            await self.app(scope, receive, send)
        finally:
            answered.set()
            await pipeline
        start = sent[0]
        return Answer(
            start["status"],
            {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    def _settle_until(self, answered: threading.Event) -> None:
        """Most handlers do not wait; storing after each would be most of a test's time."""
        while not answered.wait(_PATIENCE_S):
            self.settle()

    def settle(self) -> None:
        self.pipeline.run_until_empty()

    def spooled(self) -> bytes:
        """Everything on the spool's disk, as plain bytes."""
        rows = self.spool.read(0, max_items=1_000_000, max_bytes=100 * MIB)
        return b"".join(row.body() for row in rows)


@contextmanager
def serve(wire: Wire, folder: Path, events: EventConnection) -> Iterator[Served]:
    """A project of its own in an event store that others may use too."""
    project_id = ProjectId(f"p-{uuid.uuid4().hex[:12]}")
    accounting = Accounting()
    spool = open_spool(folder / "spool.db", max_bytes=256 * MIB)
    intake = Intake(
        spool=spool,
        redactor_of=lambda _project: Redactor(),
        accounting=accounting,
        budget=Budget(256 * MIB),
        max_body_bytes=64 * MIB,
    )
    records = open_records(f"sqlite:///{folder / 'records.db'}")
    create_project(records, project_id=project_id, name=project_id, now_ns=1)
    spans: list[RawSpan] = []
    pipeline = Pipeline(
        spool=spool,
        store=StoredEvents(events),
        rules_of=lambda _project: Rules(normalize=NormalizeSettings(), price=lambda span: span),
        on_stored=lambda _spans, raws: spans.extend(
            raw for some in raws.values() for raw in some.values()
        ),
        accounting=accounting,
        builders={} if wire.build is None else {wire.name: wire.build},
    )
    threads = desk_threads()
    back = Back(
        intake=intake,
        spool=spool,
        events=events,
        records=records,
        threads=threads,
        scope_of=lambda project_id: ProjectScope(project_id=project_id),
    )
    served = Served(
        wire=wire,
        project_id=project_id,
        app=None,  # type: ignore[arg-type]  # made below, of the served's own `admit`
        back=back,
        spool=spool,
        intake=intake,
        pipeline=pipeline,
        accounting=accounting,
        records=records,
        events=events,
        spans=spans,
    )
    served.app = WireHttp(
        wire,
        back=back,
        admit=served.admit,
        redactor_of=lambda _project: Redactor(),
        unsupported=lambda _project, wire, call, _status: accounting.unsupported(wire, call),
    )
    try:
        yield served
    finally:
        pipeline.stop()
        threads.shutdown()
        intake.close()
        spool.close()
        records.close()
