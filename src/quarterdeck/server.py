"""
The composition root: opens the stores, builds the pipeline, the jobs and the app, and runs them.

The only file that knows all parts.  It decides nothing itself: every rule lives in the part
that it belongs to.  Order of life: stores, pipeline, jobs, wires; and backwards at the end, so
that nothing is acknowledged that nobody would take further.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from quarterdeck.api.access import INGEST, RUN, WIRE, Access, check_bind
from quarterdeck.api.app import create_app
from quarterdeck.api.hub import Hub
from quarterdeck.api.parts import Parts
from quarterdeck.api.rim import RawRoute
from quarterdeck.api.stories import Stories
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.errors import Misconfigured
from quarterdeck.jobs.clockwork import Clockwork, Job
from quarterdeck.jobs.close import close_quiet_sessions
from quarterdeck.jobs.example import Example
from quarterdeck.jobs.keeper import SessionKeeper
from quarterdeck.jobs.memory import tidy_memory
from quarterdeck.jobs.release_watch import ReleaseWatch
from quarterdeck.jobs.retain import delete_expired, forget_approvals
from quarterdeck.jobs.tidy import Tidying
from quarterdeck.mcp.door import PATH as MCP_PATH
from quarterdeck.mcp.door import McpDoor
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.ingest import Pipeline
from quarterdeck.receive.intake import Intake
from quarterdeck.receive.limits import Budget, Rate, RateLimit
from quarterdeck.receive.otlp_grpc import OtlpGrpc
from quarterdeck.receive.otlp_http import OtlpHttp
from quarterdeck.receive.project_rules import ProjectRules
from quarterdeck.receive.recent import Recent
from quarterdeck.receive.spool import Spool, open_spool
from quarterdeck.receive.stored_events import StoredEvents
from quarterdeck.receive.wire_desk import Back, desk_threads
from quarterdeck.receive.wire_http import WireHttp
from quarterdeck.receive.wires import WIRES
from quarterdeck.settings import Settings
from quarterdeck.storage.events.connection import EventConnection, ReadLimits, open_events
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.events.session_writes import SessionRow
from quarterdeck.storage.records.assignments import remove_idle
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.projects import ensure_default_project, list_projects

OTLP_PATHS = ("/v1/traces", "/v1/logs", "/v1/metrics")
_HEADER_READ_MS = 20_000
"""How long a connection may take to send its next request's head, idle ones included."""
_UNREADY_S = 0.3
"""From the signal to the end of listening: so that who asks /readyz hears it there first."""
_STUCK_S = 60.0
"""So long the store may refuse what waits before /readyz says so: a restart of it takes less."""
_STOP_S = 8.0
"""SIGTERM to exit, at most: requests in hand and the batch in hand are finished in it."""
_log = logging.getLogger("quarterdeck")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Everything that runs, wired together."""

    app: FastAPI
    intake: Intake
    access: Access
    pipeline: Pipeline
    clockwork: Clockwork
    hub: Hub
    stopping: threading.Event
    """Set when a signal said stop: /readyz tells, before anything is refused."""
    address: "Address"


class Address:
    """Where this server listens, once it does: on all interfaces, loopback is one of them."""

    port = 0
    host = "127.0.0.1"

    def listens(self, host: str, port: int) -> None:
        unbound = host.strip("[]") in {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound
        self.host, self.port = "127.0.0.1" if unbound else host, port

    def url(self) -> str:
        name = self.host.strip("[]")
        return f"http://[{name}]:{self.port}" if ":" in name else f"http://{name}:{self.port}"


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.  Raises `Misconfigured` before it listens."""
    _log_to_stderr(settings)
    started = time.monotonic()
    with ExitStack() as open_things:
        built = build(settings, open_things)
        _collect_garbage_rarely()
        asyncio.run(_serve(settings, built, started))


def build(settings: Settings, open_things: ExitStack) -> Built:
    """Open the stores, to be closed with `open_things`, and wire the parts."""
    records, events, spool = _open_stores(settings, open_things)
    exclusive = _events_url(settings).startswith("chdb:")
    idle_after_ns = int(settings.idle_minutes * 60 * NS_PER_S)
    prices = PriceBook.load()
    rules = ProjectRules(
        records=records,
        prices=prices,
        now_ns=time.time_ns,
        retention_days=settings.retention_days,
    )
    hub = Hub(polls=not exclusive)
    stories = Stories()

    def written(rows: Sequence[SessionRow]) -> None:
        _announce_rows(rows, hub, stories)

    keeper = SessionKeeper(
        events=events,
        scope_of=rules.scope_of,
        now_ns=time.time_ns,
        idle_after_ns=idle_after_ns,
        exclusive=exclusive,
        on_written=written,
    )
    accounting = Accounting()
    recent = Recent(now_ns=time.time_ns)
    pipeline = Pipeline(
        spool=spool,
        store=StoredEvents(events),
        rules_of=rules.rules_of,
        on_stored=keeper.stored,
        accounting=accounting,
        became=recent.became,
        builders={wire.name: wire.build for wire in WIRES if wire.build is not None},
        on_scored=keeper.scored,
        exclusive=exclusive,
    )
    open_things.callback(pipeline.stop)
    budget = Budget(settings.in_flight_max_bytes)
    intake = Intake(
        spool=spool,
        redactor_of=rules.redactor_of,
        accounting=accounting,
        budget=budget,
        max_body_bytes=settings.max_body_bytes,
        rate_limit=_rate_limit(settings.max_items_per_s),
        recent=recent,
    )
    open_things.callback(intake.close)
    access = Access(records=records, settings=settings, now_ns=time.time_ns)

    def forget(project_id: ProjectId, trace_ids: Sequence[str]) -> None:
        rules.forget(project_id)
        keeper.forget(project_id, trace_ids)

    def project_changed(project_id: ProjectId) -> None:
        rules.forget(project_id)
        keeper.forget(project_id)

    release_watch = ReleaseWatch(
        records=records, events=events, scope_of=rules.scope_of, now_ns=time.time_ns
    )

    def metrics() -> str:
        books = accounting.render(
            spool.state(), now_ns=time.time_ns(), in_flight_bytes=budget.held_bytes
        )
        return books + hub.render() + release_watch.render()

    address = Address()
    example = Example(url=address.url, now_ns=time.time_ns)
    open_things.callback(example.stop)
    stopping = threading.Event()

    def why_unable() -> str:
        if stopping.is_set():
            return "the server is stopping"
        progress = pipeline.progress()
        if not progress.running:
            return "the pipeline does not run"
        if progress.last_error and progress.oldest_age_s > _STUCK_S:
            return f"nothing was stored for {progress.oldest_age_s:.0f} s"
        return ""

    parts = Parts(
        settings=settings,
        records=records,
        events=events,
        access=access,
        now_ns=time.time_ns,
        refresh=keeper.refresh,
        forget=forget,
        held=keeper.held,
        project_changed=project_changed,
        oldest_unprocessed_s=lambda: pipeline.progress().oldest_age_s,
        why_unable=why_unable,
        metrics=metrics,
        recent=recent,
        redactor_of=rules.redactor_of,
        example=example,
        prices=prices,
        resident=keeper.resident,
        hub=hub,
    )
    otlp = OtlpHttp(
        intake=intake,
        authenticate=access.authenticate_intake,
        max_request_s=settings.max_request_s,
    )

    def unsupported(project_id: ProjectId, wire: str, call: str, status: int) -> None:
        accounting.unsupported(wire, call)
        recent.unsupported(project_id, wire, call, status)

    threads = desk_threads()
    open_things.callback(threads.shutdown, cancel_futures=True)
    back = Back(
        intake=intake,
        spool=spool,
        events=events,
        records=records,
        threads=threads,
        scope_of=rules.scope_of,
    )
    mcp = McpDoor(access=access, budget=budget, max_request_s=settings.max_request_s)
    app = create_app(
        parts,
        raw_routes=[
            RawRoute(path=MCP_PATH, app=mcp, policy=RUN),
            *(RawRoute(path=path, app=otlp, policy=INGEST) for path in OTLP_PATHS),
            *_wire_routes(settings, back, access, rules, unsupported),
        ],
        stories=stories,
    )
    mcp.api = app
    tidying = Tidying(
        events=events,
        pending=lambda: pipeline.progress().pending_items,
        stored=lambda: keeper.spans_taken,
    )
    clockwork = Clockwork(
        [
            Job(name="tidy up after a burst", every_s=2.0, run=tidying.run),
            Job(
                name="make large sessions ready to be looked at",
                every_s=2.0,
                run=lambda: stories.make_ready(parts),
            ),
            Job(name="watch canaries", every_s=settings.release_watch_s, run=release_watch.run),
            *_jobs(records, events, keeper, rules, idle_after_ns=idle_after_ns),
        ],
        failed=accounting.job_failed,
    )
    open_things.callback(clockwork.stop)
    return Built(
        app=app,
        intake=intake,
        access=access,
        pipeline=pipeline,
        clockwork=clockwork,
        hub=hub,
        stopping=stopping,
        address=address,
    )


def _wire_routes(
    settings: Settings,
    back: Back,
    access: Access,
    rules: ProjectRules,
    unsupported: Callable[[ProjectId, str, str, int], None],
) -> Iterator[RawRoute]:
    """Each foreign SDK below its prefix; one that uses the root has only what its routes name."""
    strays = [replace(wire, prefixes=("",), routes=wire.strays) for wire in WIRES if wire.strays]
    for wire in (*WIRES, *strays):
        app = WireHttp(
            wire,
            back=back,
            admit=access.admit_wire,
            redactor_of=rules.redactor_of,
            unsupported=unsupported,
            public_url=settings.public_url,
            max_request_s=settings.max_request_s,
        )
        for prefix in wire.prefixes:
            if prefix:
                yield RawRoute(path=prefix, app=app, policy=WIRE, below=True)
            else:
                for first in sorted({route.path.partition("/")[0] for route in wire.routes}):
                    path = f"/{first}"
                    yield RawRoute(path=path, app=app, policy=WIRE, below=True, when=app.answers)


def _announce_rows(rows: Sequence[SessionRow], hub: Hub, stories: Stories) -> None:
    """Those who look learn of it, and large sessions are made ready to be looked at."""
    by_project: dict[ProjectId, list[SessionRow]] = {}
    for row in rows:
        by_project.setdefault(row.project_id, []).append(row)
    now_ns = time.time_ns()
    for project_id, some in by_project.items():
        stories.written(
            project_id, [row.session for row in some if not row.is_deleted], now_ns=now_ns
        )
        stories.gone(project_id, [row.session.session_id for row in some if row.is_deleted])
        hub.written(project_id, [row.session.session_id for row in some], at_ns=now_ns)


def _open_stores(
    settings: Settings, open_things: ExitStack
) -> tuple[Records, EventConnection, Spool]:
    """Brought up to date, and closed with `open_things`.  Raises `Misconfigured`."""
    data = settings.data_folder()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    records = open_records(settings.records_location())
    open_things.callback(records.close)
    check_bind(settings, records)
    ensure_default_project(records, now_ns=time.time_ns())
    limits = ReadLimits(settings.query_timeout_s, settings.query_memory_bytes)
    events = open_events(_events_url(settings), limits)
    open_things.callback(events.close)
    migrate(events)
    spool = open_spool(_spool_path(data), max_bytes=settings.spool_max_bytes)
    open_things.callback(spool.close)
    return records, events, spool


def _jobs(
    records: Records,
    events: EventConnection,
    keeper: SessionKeeper,
    rules: ProjectRules,
    *,
    idle_after_ns: int,
) -> Iterator[Job]:
    """What depends on the time alone."""
    yield Job(
        name="take what sessions began with into the records' file",
        every_s=2.0,
        run=records.checkpoint,
    )
    yield Job(
        name="forget what long ended sessions began with",
        every_s=3600.0,
        run=lambda: remove_idle(records, now_ns=time.time_ns()),
    )
    yield Job(
        name="close quiet sessions",
        every_s=10.0,
        run=lambda: close_quiet_sessions(
            events,
            keeper,
            scope_of=rules.scope_of,
            now_ns=time.time_ns(),
            idle_after_ns=idle_after_ns,
        ),
    )
    yield Job(
        name="take expired values out of memory",
        every_s=3600.0,
        run=lambda: tidy_memory(
            records,
            [ProjectId(project.project_id) for project in list_projects(records)],
            scope_of=rules.scope_of,
            now_ns=time.time_ns(),
        ),
    )
    yield Job(
        name="forget approvals that are past their retention",
        every_s=3600.0,
        run=lambda: forget_approvals(
            records,
            [ProjectId(project.project_id) for project in list_projects(records)],
            scope_of=rules.scope_of,
        ),
    )
    yield Job(
        name="delete what is past its retention",
        every_s=3600.0,
        run=lambda: delete_expired(
            events,
            [ProjectId(project.project_id) for project in list_projects(records)],
            scope_of=rules.scope_of,
        ),
    )


async def _serve(settings: Settings, built: Built, started: float) -> None:
    """Listen until a signal says stop; then finish what is in hand."""
    port = settings.port or _free_port(settings.host)
    _refuse_taken(settings.host, port)
    built.address.listens(settings.host, port)
    server = Server(
        built.app,
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        # HTTP/1.1 alone: guessing the version leaves silent connections open for ever.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_READ_MS),
        backlog=1024,
        backpressure=settings.max_connections,
        websockets=False,
        log_enabled=False,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    grpc_server: OtlpGrpc | None = None
    grpc_port = 0
    if settings.grpc:
        grpc_server = OtlpGrpc(
            intake=built.intake,
            authenticate=built.access.authenticate_grpc,
            host=settings.host,
            port=settings.grpc_port,
        )
        grpc_port = await _start_grpc(grpc_server)
    built.pipeline.start()
    built.clockwork.start()
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(stopping.wait())
    _announce(settings, port, grpc_port, time.monotonic() - started)
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping: requests and the batch in hand are finished first")
    built.stopping.set()
    await asyncio.sleep(_UNREADY_S)
    built.hub.close()
    server.stop()  # type: ignore[no-untyped-call]  # granian types its constructor alone
    if grpc_server is not None:
        await grpc_server.stop(_STOP_S / 2)
    waiting.cancel()
    try:
        await asyncio.wait_for(serving, _STOP_S)
    except TimeoutError:
        _log.warning("connections were still open after %s s", _STOP_S)


async def _start_grpc(server: OtlpGrpc) -> int:
    try:
        return await server.start()
    except OSError as error:
        raise Misconfigured(
            str(error),
            hint="Choose another with --grpc-port, or QUARTERDECK_GRPC=false to do without.",
        ) from error


def _announce(settings: Settings, port: int, grpc_port: int, took_s: float) -> None:
    """On standard output: what a person or a script that started the server waits for."""
    host = f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host
    lines = [f"Quarterdeck is at http://{host}:{port}"]
    if grpc_port:
        lines.append(f"OTLP/gRPC is at {host}:{grpc_port}")
    lines.append(f"Data is in {settings.data_folder()}")
    print("\n".join(lines), flush=True)
    _log.info("ready after %.2f s", took_s)


def _collect_garbage_rarely() -> None:
    """
    Resident sessions are some 100,000 objects that live long; looking through them for cycles
    every 700 allocations took two thirds of the pipeline's time (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 20)


def _events_url(settings: Settings) -> str:
    url = settings.events_location()
    if settings.events_cluster and "cluster=" not in url:
        url += f"{'&' if '?' in url else '?'}cluster={settings.events_cluster}"
    return url


def _rate_limit(per_s: float) -> RateLimit | None:
    """The same rate for every project; None for 0.  Ten seconds' worth may come at once, since
    exporters save up their spans for some seconds."""
    if not per_s:
        return None
    rate = Rate(per_s=per_s, burst=10 * per_s)
    return RateLimit(lambda _project: rate)


def _spool_path(data: Path) -> Path:
    folder = data / "spool"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / "spool.db"


def _refuse_taken(host: str, port: int) -> None:
    """
    Raises `Misconfigured` where another process listens already.

    The HTTP server asks the system to share its port with others who ask the same: a second one
    would start without a word, and each would get some of the traffic.
    """
    family = socket.AF_INET6 if ":" in host.strip("[]") else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise Misconfigured(
                f"can't listen on {host}:{port}: {error.strerror}",
                hint="Is a server running there already? Stop it, or choose another --port.",
            ) from error


def _free_port(host: str) -> int:
    """A port that is free at this moment, for `--port 0`; granian itself takes no 0."""
    family = socket.AF_INET6 if ":" in host.strip("[]") else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host.strip("[]"), 0))
        return int(probe.getsockname()[1])


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


class _OneLine(logging.Formatter):
    """Control characters of traced text can't forge a second line or color a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def _log_to_stderr(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    plain = _OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_JsonLines() if settings.log_json else plain)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
