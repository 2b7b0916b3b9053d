"""
What one span costs the agent, in microseconds: ours, OpenTelemetry's SDK, and the peers'.

    python bench/sdk.py --peer-venvs DIR [--rounds 5] [--out FILE]

Each SDK is called in a process of its own (bench/sdk_caller.py), pinned to core 1, and sends to a
real HTTP server on loopback that answers 200, pinned to core 0.  Rounds alternate between the
SDKs.  The wall time is what the agent waits; the caller's CPU time is that of its thread alone,
which other processes on this machine can't lengthen; the process's is with the threads that
encode and send.  What the sink has when the process has ended is counted, span
by span: a call that was not delivered is cheap.

Also measured: with the server away (nothing listens), and ours without `qd.init()`.
"""

import argparse
import gzip
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rows import Report, Row, machine, spread, table

CALLER = Path(__file__).with_name("sdk_caller.py")
SINK_CORE, CALLER_CORE = 0, 1
CALLER_AT_MOST_S = 120.0

OURS = ("quarterdeck", "quarterdeck-otel")
PEERS = ("langfuse", "langsmith", "opik")
ALL = ("otel", *OURS, *PEERS)


# -- the sink ------------------------------------------------------------------------------------


class Kept(NamedTuple):
    path: str
    encoding: str
    body: bytes


class Sink(ThreadingHTTPServer):
    """Answers every request at once, and keeps what it was sent until it is asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.lock = threading.Lock()
        """Protects `kept`."""
        self.kept: list[Kept] = []

    def taken(self) -> Row:
        """How many spans came since the last time, and in how many requests and bytes."""
        with self.lock:
            kept, self.kept = self.kept, []
        ids = {one for request in kept for one in _span_ids(request)}
        return {
            "received": len(ids),
            "requests": len(kept),
            "bytes": sum(len(request.body) for request in kept),
        }


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_GET(self) -> None:
        if self.path == "/taken":
            self._answer(self.server.taken())
        elif self.path.endswith("/info"):  # what LangSmith's client asks before it sends
            config = {
                "use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20 << 20,
                "scale_up_nthreads_limit": 16, "scale_up_qsize_trigger": 1000,
                "scale_down_nempty_trigger": 4,
            }  # fmt: skip
            flags = {"zstd_compression_enabled": True}
            self._answer(
                {"version": "0.12.40", "batch_ingest_config": config, "instance_flags": flags}
            )
        else:
            self._answer({})

    def do_POST(self) -> None:
        body = self._body()
        with self.server.lock:
            self.server.kept.append(
                Kept(self.path, self.headers.get("content-encoding", ""), body)
            )  # fmt: skip
        if self.path.endswith("/v1/traces"):
            self._send(b"", "application/x-protobuf")
        else:
            self._answer({})

    do_PUT = do_PATCH = do_POST  # noqa: N815  # the base class's names

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: Row) -> None:
        self._send(json.dumps(body).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Silence."""


def _span_ids(request: Kept) -> Iterable[str]:
    """The ids of the spans in a request, of whichever protocol; told twice, they are one."""
    body = _decoded(request)
    if request.path.endswith("/v1/traces"):
        asked = ExportTraceServiceRequest.FromString(body)
        for resource in asked.resource_spans:
            for scope in resource.scope_spans:
                yield from (span.span_id.hex() for span in scope.spans)
    elif "/runs/multipart" in request.path:
        yield from (
            found.decode() for found in set(re.findall(rb'name="post\.([0-9a-f-]+)"', body))
        )
    elif "/spans" in request.path:
        told = json.loads(body)
        yield from (span["id"] for span in told.get("spans", [told]))


def _decoded(request: Kept) -> bytes:
    match request.encoding:
        case "gzip":
            return gzip.decompress(request.body)
        case "deflate":
            return zlib.decompress(request.body)
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(request.body)
        case _:
            return request.body


def serve_sink() -> None:
    """In a process of its own: prints its address, ends with its parent's pipe."""
    os.sched_setaffinity(0, {SINK_CORE})
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{sink.server_port}", flush=True)
    sys.stdin.read()


# -- one round -----------------------------------------------------------------------------------


class Case(NamedTuple):
    sdk: str
    where: str
    """sink, away, or no init."""

    @property
    def name(self) -> str:
        return self.sdk if self.where == "sink" else f"{self.sdk}, {self.where}"


def call(case: Case, python: Path, sink: str, given: argparse.Namespace) -> Row:
    """One process of one SDK.  Its row says `served: false` if it did not end well."""
    address = {"sink": sink, "away": f"http://127.0.0.1:{_closed_port()}", "no init": ""}
    command = [
        "taskset", "-c", str(CALLER_CORE), str(python), str(CALLER), case.sdk,
        address[case.where], str(given.spans), str(given.blocks),
    ]  # fmt: skip
    with TemporaryDirectory() as home:
        told = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("QUARTERDECK_", "OTEL_", "LANG", "OPIK_"))
        }
        # A spool or a settings file of an earlier round would be sent in this one.
        told |= {"HOME": home, "QUARTERDECK_SPOOL_DIR": f"{home}/spool"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=CALLER_AT_MOST_S, env=told
            )
        except subprocess.TimeoutExpired as late:
            row = _row_of(bytes(late.stdout or b"").decode())
            why = f"did not end within {CALLER_AT_MOST_S:.0f} s"
            return {"served": False, "why": why} if row is None else row | {"exit_s": None}
    row = _row_of(done.stdout)
    if row is None:
        return {"served": False, "why": done.stderr[-400:]}
    row["exit_s"] = time.time() - row.pop("ended_s")
    return row


def _row_of(printed: str) -> Row | None:
    lines = [line for line in printed.splitlines() if line.startswith('{"version"')]
    if not lines:
        return None
    row: Row = json.loads(lines[-1])
    return row


def _closed_port() -> int:
    """Where nothing listens: the system's choice, given back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python_of(sdk: str, venvs: Path | None) -> Path | None:
    """Ours and OpenTelemetry's run in this environment: the same version of both."""
    if sdk not in PEERS:
        return Path(sys.executable)
    found = venvs / f"v_{sdk}" / "bin" / "python" if venvs else None
    return found if found is not None and found.is_file() else None


def taken(sink: str) -> Row:
    with urllib.request.urlopen(f"{sink}/taken", timeout=60) as reply:
        row: Row = json.loads(reply.read())
    return row


# -- the whole -----------------------------------------------------------------------------------


def main() -> None:
    if sys.argv[1:] == ["--sink"]:
        serve_sink()
        return
    given = options().parse_args()
    report = Report("sdk", given.out)
    report.add(machine())
    sdks = [name for name in given.sdks.split(",") if name]
    cases = [Case(sdk, "sink") for sdk in sdks]
    cases += [Case(sdk, "away") for sdk in sdks]
    cases += [Case("quarterdeck", "no init")] if "quarterdeck" in sdks else []
    cases = [case for case in cases if _is_here(case, given.peer_venvs, report)]
    command = [sys.executable, str(Path(__file__).resolve()), "--sink"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None
        address = sink.stdout.readline().strip()
        for number in range(given.rounds):
            for case in cases:
                if case.where == "away" and number >= given.away_rounds:
                    continue
                python = python_of(case.sdk, given.peer_venvs)
                assert python is not None
                taken(address)
                row = call(case, python, address, given)
                row |= {"kind": "caller", "target": case.name, "round": number, **taken(address)}
                if "wall_us" in row:
                    row["wall_us_best"] = min(row["wall_us"])
                    row["wall_us"] = statistics.median(row["wall_us"])
                    # What else runs on the machine only adds: the best block is the cost itself.
                    row["caller_us_best"] = min(row["caller_us"])
                    row["caller_us"] = statistics.median(row["caller_us"])
                    row["lost"] = row["spans"] - row["received"] if case.where == "sink" else None
                row["load_1m"] = os.getloadavg()[0]
                report.add(row)
    tables(report, cases)


def _is_here(case: Case, venvs: Path | None, report: Report) -> bool:
    if python_of(case.sdk, venvs) is not None:
        return True
    if case.where == "sink":
        why = f"v_{case.sdk} is not in the folder of peers (--peer-venvs)"
        report.add({"kind": "served", "target": case.name, "served": False, "why": why})
    return False


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sdks", default=",".join(ALL))
    parser.add_argument(
        "--peer-venvs",
        type=Path,
        default=os.environ.get("QUARTERDECK_BENCH_PEERS") or None,
        help="folder with the environments v_langfuse, v_langsmith and v_opik",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--away-rounds", type=int, default=1, help="some take a minute to exit")
    parser.add_argument("--spans", type=int, default=7_000, help="of each process")
    parser.add_argument("--blocks", type=int, default=14)
    parser.add_argument("--out", type=Path, help="file that the rows are added to, as JSON lines")
    return parser


def tables(report: Report, cases: list[Case]) -> None:
    lines = []
    for case in cases:
        rows = [row for row in report.of("caller", case.name) if "wall_us" in row]
        if not rows:
            continue
        lost = [row["lost"] for row in rows]
        lines.append(
            (
                case.name,
                rows[0]["version"],
                len(rows),
                spread([row["wall_us"] for row in rows]),
                spread([row["caller_us"] for row in rows]),
                spread([row["caller_us_best"] for row in rows]),
                spread([row["cpu_us"] for row in rows]),
                spread([row["bytes"] / max(1, row["received"]) for row in rows], 0)
                if case.where == "sink"
                else "-",
                f"{sum(lost)} of {sum(row['spans'] for row in rows)}"
                if lost[0] is not None
                else "-",
                spread([row["ready_s"] for row in rows], 2),
                spread([row["exit_s"] for row in rows]),
            )
        )
    table(
        "Cost of a span in the caller",
        (
            "SDK",
            "version",
            "rounds",
            "wall us",
            "caller's CPU us",
            "its best block us",
            "process's CPU us",
            "bytes sent",
            "lost",
            "start s",
            "exit s",
        ),
        lines,
    )
    for figure in ("wall_us", "caller_us", "caller_us_best", "cpu_us"):
        middle = {
            name: statistics.median(found)
            for name in ("otel", *OURS)
            if (found := [row[figure] for row in report.of("caller", name) if figure in row])
        }
        for name in OURS:
            if name in middle and "otel" in middle:
                print(f"\n{name} / otel, {figure}: {middle[name] / middle['otel']:.2f}")


if __name__ == "__main__":
    main()
