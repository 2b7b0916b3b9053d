"""
The servers that are measured: ours and, where they are installed, MLflow and Phoenix.

All run under the same driver (`shared/bench` beside the repository, or the folder in
QUARTERDECK_BENCH_DRIVERS): it starts a server pinned to core 0 while this process keeps to core
1, and reads its CPU time, memory and disk from the system.  Nothing is measured without the
driver, and a peer that is not there or does not start becomes a row that says so and why: a
missing row could be read as one that was not worth showing.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rows import REPOSITORY, Row
from rows import Report as Report
from rows import machine as machine
from rows import own_version as _own_version
from rows import spread as spread
from rows import table as table

DRIVERS = Path(os.environ.get("QUARTERDECK_BENCH_DRIVERS", REPOSITORY.parent / "shared" / "bench"))

if not (DRIVERS / "targets.py").is_file():
    sys.exit(
        f"Nothing measured: the drivers are not in {DRIVERS}.\n"
        "Name the folder that has targets.py and gen_otlp.py with QUARTERDECK_BENCH_DRIVERS.\n"
        "bench/storage_reads.py measures the store alone and needs no driver."
    )
if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
    sys.exit("Nothing measured: the server and the load need a core each, so two of them.")
if shutil.which("taskset") is None:
    sys.exit("Nothing measured: taskset, which pins the server, is not installed.")

sys.path.insert(0, str(DRIVERS))
import targets as driver  # noqa: E402  # the folder is known only now
from gen_otlp import rekey as rekey  # noqa: E402
from gen_otlp import trace_hex as trace_hex  # noqa: E402
from ingest_load import load as load  # noqa: E402
from kill9 import rid as rid  # noqa: E402  # the driver's, which stands first in the path
from kill9 import split as split  # noqa: E402

os.sched_setaffinity(0, {int(driver.LOAD_CORE)})

OURS = "quarterdeck"
PEERS: Mapping[str, tuple[str, str]] = {
    "mlflow": ("v_mlflow/bin/mlflow", "mlflow"),
    "phoenix": ("v_phoenix/bin/phoenix", "arize-phoenix"),
}
"""Name -> its command inside the folder of peers, and the package that has its version."""

DATA: Mapping[str, tuple[str, ...]] = {
    "std": ("--spans", "51300"),
    "one10k": ("--single", "10000", "--seed", "11"),
    "one30k": ("--single", "30000", "--seed", "13"),
    "one100k": ("--single", "100000", "--seed", "14"),
}
"""Data set -> how the generator makes it.  Same arguments, same bytes."""


class NotServed(Exception):  # noqa: N818  # as the house's errors: what is the case
    """A peer can't be measured here, and this is why."""


class Loaded(NamedTuple):
    """A generated data set: encoded OTLP requests, ready to send."""

    batches: list[bytes]
    spans: int
    manifest: dict[str, Any]

    def spans_of(self, number: int) -> int:
        """How many spans that batch has: all but the last are full."""
        size: int = self.manifest["batch"]
        return min(size, self.spans - number * size)


# -- options --------------------------------------------------------------------------------


def options(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", default="quarterdeck,mlflow,phoenix")
    parser.add_argument(
        "--peer-venvs",
        type=Path,
        default=os.environ.get("QUARTERDECK_BENCH_PEERS") or None,
        help="folder with the environments v_mlflow and v_phoenix",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "quarterdeck-bench",
        help="folder for data sets (kept) and stores (removed)",
    )
    parser.add_argument("--out", type=Path, help="file that the rows are added to, as JSON lines")
    return parser


# -- data -----------------------------------------------------------------------------------


def data(work: Path, name: str) -> Loaded:
    """The data set, made when it is not there (about a minute each)."""
    folder = work / "data" / name
    if not (folder / "manifest.json").is_file():
        print(f"making the data set {name}", flush=True)
        command = [sys.executable, str(DRIVERS / "gen_otlp.py"), "--out", str(folder), *DATA[name]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads((folder / "manifest.json").read_text())
    batches = [file.read_bytes() for file in sorted(folder.glob("b*.pb"))]
    return Loaded(batches, manifest["spans"], manifest)


# -- servers --------------------------------------------------------------------------------


class Server:
    """One server under test: started, asked, watched, stopped."""

    def __init__(self, name: str, folder: Path, peers: Path | None) -> None:
        self.name = name
        self.version, spec = _ours() if name == OURS else _peer(name, peers)
        self.target = driver.Target(name, str(folder), spec)
        self.headers: Mapping[str, str] = {
            "content-type": "application/x-protobuf", **spec.get("headers", {})
        }  # fmt: skip

    def start(self) -> float:
        """Seconds until it answered that it is ready.  Raises `NotServed`."""
        try:
            return float(self.target.start())
        except (RuntimeError, OSError) as error:
            self.stop()
            log = Path(self.target.dir) / "server.log"
            tail = log.read_text(errors="replace")[-600:] if log.exists() else ""
            raise NotServed(f"{error}; its log ends: {tail}") from error
        except BaseException:
            self.stop()  # interrupted while it started: nobody else would
            raise

    def stop(self) -> None:
        if self.target.p is not None:
            self.target.stop()

    def count(self) -> int:
        """How many spans it has, asked through its API."""
        return int(self.target.count())

    def wait_for(self, spans: int, *, at_most_s: float) -> float | None:
        """Until the API counts so many: how long it took, None if it never did."""
        begun = time.perf_counter()
        while (waited := time.perf_counter() - begun) < at_most_s:
            if self.count() >= spans:
                return time.perf_counter() - begun
            time.sleep(min(1.0, 0.05 + 0.02 * waited))
        return None

    def settle(self, *, at_most_s: float = 60.0) -> None:
        """Until it has been idle for two seconds: merges are over, new parts indexed."""
        begun = time.perf_counter()
        while time.perf_counter() - begun < at_most_s:
            used = self.cpu_s()
            time.sleep(2)
            if self.cpu_s() - used < 0.1:
                return

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body, over a connection that is kept; a server may have closed it."""
        target = self.target
        for attempt in (1, 2):
            if target.conn is None:
                target.conn = target.connect()
            try:
                target.conn.request("GET", path)
                reply = target.conn.getresponse()
                return reply.status, reply.read()
            except (OSError, http.client.HTTPException):
                target.conn = None
                if attempt == 2:
                    raise
        raise AssertionError("two attempts end in an answer or an error")

    def sees(self, trace_id: str, session_id: str) -> bool:
        """
        Whether what was sent in this trace is shown.  Ours has to show the *session*, which is
        written after its spans; the peers their span or trace.
        """
        if self.name == OURS:
            return self.get(f"/api/v1/sessions/{session_id}")[0] == 200
        if self.name == "mlflow":
            return self.get(f"/api/3.0/mlflow/traces/get?trace_id=tr-{trace_id}")[0] == 200
        status, body = self.get(f"/v1/projects/bench/spans/otlpv1?limit=1&trace_id={trace_id}")
        return status == 200 and bool(json.loads(body).get("data"))

    def pss_mib(self) -> float:
        """Of all its processes, shared pages divided: what a second one would cost."""
        return float(self.target.rss())

    def rss_mib(self) -> float:
        """Resident memory of all its processes, shared pages counted in each."""
        kib = 0
        for pid in self.target.pids():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    kib += int(line.split()[1])
        return kib / 1024

    def disk(self) -> int:
        """Bytes of its files, also of those that it will soon remove."""
        for _ in range(20):
            try:
                return int(self.target.disk())
            except FileNotFoundError:  # a merge removed it while we looked
                continue
        return 0

    def cpu_s(self) -> float:
        return float(self.target.cpu())


def _ours() -> tuple[str, Row]:
    command = f"{sys.executable} -m quarterdeck.cli.main up --data {{dir}}/data --port {{port}}"
    return _own_version("quarterdeck"), {
        "start": f"{command} --grpc-port {_free_port()}",
        "port": _free_port(),
        "env": {"QUARTERDECK_LOG_LEVEL": "warning"},
        "ready": "/readyz",
        "otlp": "/v1/traces",
        "headers": {},
        "count": _count_ours,
        "db": None,
        "ids": _ids_of_ours(),
    }


def _peer(name: str, venvs: Path | None) -> tuple[str, Row]:
    command, package = PEERS[name]
    if venvs is None:
        raise NotServed("no folder of peers was named (--peer-venvs or QUARTERDECK_BENCH_PEERS)")
    if not (venvs / command).is_file():
        raise NotServed(f"{command} is not in the folder of peers")
    python = venvs / command.split("/", maxsplit=1)[0] / "bin" / "python"
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    told = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    spec: Row = dict(driver.TARGETS[name])
    spec["start"] = spec["start"].replace("{here}", str(venvs.absolute()))
    spec["port"] = _free_port()
    spec["env"] = {**spec["env"], "PHOENIX_GRPC_PORT": str(_free_port())}
    return told.stdout.strip(), spec


def _count_ours(target: Any) -> int:
    """Of what *sessions* hold, not of what arrived: the last thing that is written."""
    asked = target.json("GET", "/api/v1/figures?figure=spans")
    rows = asked["rows"]
    return int(rows[0]["figures"]["spans"]["value"]) if rows else 0


def _ids_of_ours() -> Callable[[Any], set[str]]:
    """Reads the ids of all spans; again only of sessions that have another number of them."""
    read: dict[str, tuple[int, set[str]]] = {}

    def ids(target: Any) -> set[str]:
        there = {one["session_id"]: one["span_count"] for one in all_sessions(target)}
        for gone in read.keys() - there.keys():
            del read[gone]
        for name, count in there.items():
            if name not in read or read[name][0] != count:
                read[name] = (count, _ids_of_session(target, name))
        return set().union(*(found for _, found in read.values()))

    return ids


def _ids_of_session(target: Any, session_id: str) -> set[str]:
    found: set[str] = set()
    name, cursor = urllib.parse.quote(session_id, safe=""), ""
    while True:
        page = target.json("GET", f"/api/v1/sessions/{name}/spans?limit=50000&cursor={cursor}")
        found.update(span["span_id"] for span in page["spans"])
        cursor = page["next_cursor"]
        if not cursor:
            return found


def all_sessions(target: Any) -> Iterator[Row]:
    cursor = ""
    while True:
        page = target.json("GET", f"/api/v1/sessions?limit=200&cursor={cursor}")
        yield from page["sessions"]
        cursor = page["next_cursor"]
        if not cursor:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def emptied(folder: Path) -> Path:
    """The folder for a server's store, new."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


class Watch:
    """
    What the machine did during a row: `noise` is the share of both cores busy in the 0.2 s
    before, `others_busy` the share that was used by neither the server nor this process while
    the row ran (kernel threads that write its files are among them).
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self.noise = float(driver.noise())
        self._busy, self._all = _cores()
        self._theirs = sum(server.cpu_s() for server in servers)
        self._mine = sum(os.times()[:2])

    def told(self) -> Row:
        busy, total = _cores()
        ticks = os.sysconf("SC_CLK_TCK")
        known = sum(server.cpu_s() for server in self._servers) - self._theirs
        known += sum(os.times()[:2]) - self._mine
        passed = max(1, total - self._all)
        others = (busy - self._busy - known * ticks) / passed
        return {"noise": self.noise, "others_busy": max(0.0, others)}


def _cores() -> tuple[int, int]:
    values = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(values) - values[3] - values[4], sum(values)
