"""
How long an agent waits to be told which workflow version its session runs.

    python bench/resolve.py [--sessions 20000] [--versions 10] [--asks 4000] [--out FILE]

A real server in a process of its own, over HTTP on loopback, with keys in use as in production.
Before it starts, its records get the versions and the sessions that have begun; a canary runs
meanwhile, so each new session is assigned.  Measured at one caller and at eight, in turns with
`GET /healthz`, which is what the HTTP server and the framework take by themselves:

* new: a session that nobody asked for yet; its version is written before the answer
* stored: one that began before the server started, and has to be read
* known: one that this server has answered since
* whole: as known, with the version's content in the answer, for who has not got it

The target is 5 ms at the 99th percentile, each.
"""

import argparse
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from rows import Report, machine, table
from sqlalchemy import insert

from quarterdeck.storage.records import environments, keys, projects, workflows
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.workflow_tables import WORKFLOW_ASSIGNMENTS
from quarterdeck.workflows.environment import Asked
from quarterdeck.workflows.manifest import Folder

NAME, ENVIRONMENT = "triage", "production"
PATH = f"/api/v1/workflows/{NAME}/resolve"
SETTINGS = {"QUARTERDECK_LOG_LEVEL": "warning", "QUARTERDECK_GRPC": "false"}
TURNS = 4
"""Each kind is measured so many times, in turns with the others."""
WARM_UP = 300


def manifest(number: int) -> bytes:
    """About what a team of five agents writes: 100 lines."""
    agents = "".join(
        f"""
  agent{n}:
    role: worker
    instructions: prompts/agent{n}.md
    model: large
    tools: [tool{n}]"""
        for n in range(5)
    )
    tools = "".join(
        f"""
  tool{n}:
    permission: ask
    rules:
      - when: args.amount < {number * 100}
        permission: allow"""
        for n in range(5)
    )
    return f"""name: {NAME}
description: version {number}
agents:{agents}
tools:{tools}
models:
  large:
    targets:
      - model: gpt-5
        provider: openai
""".encode()


def fill(records: Records, *, versions: int, sessions: int) -> str:
    """The key of an agent, and all that was there before the server started."""
    now_ns = time.time_ns()
    projects.ensure_default_project(records, now_ns=now_ns)
    for number in range(1, versions + 1):
        prompts = {
            f"prompts/agent{n}.md": (f"You are agent {n} of version {number}. " * 40).encode()
            for n in range(5)
        }
        workflows.push_version(
            records, project_id="default", name=NAME, by="bench", now_ns=now_ns,
            folder=Folder(files={"workflow.yaml": manifest(number), **prompts}),
        )  # fmt: skip
    state = None
    for asked in (
        *(Asked(kind="release", version=number) for number in range(1, versions)),
        Asked(kind="canary", version=versions, share_bp=2_000, sticky_by="user"),
    ):
        state = environments.move(
            records, project_id="default", name=NAME, environment=ENVIRONMENT, asked=asked,
            reason="bench", by="bench", now_ns=now_ns,
        ).environment  # fmt: skip
    assert state is not None
    with records.writing() as connection:
        connection.execute(
            insert(WORKFLOW_ASSIGNMENTS),
            [
                {
                    "project_id": "default", "workflow_id": state.workflow_id,
                    "environment": ENVIRONMENT, "session_id": f"stored-{n}",
                    "version": 1 + n % versions, "arm": "stable", "release_id": "",
                    "at_ns": now_ns,
                }
                for n in range(sessions)
            ],
        )  # fmt: skip
    made = keys.create_key(
        records, project_id="default", name="bench", scopes=("run",), created_by="bench",
        now_ns=now_ns, expires_ns=None,
    )  # fmt: skip
    return made.secret


@contextmanager
def serving(data: Path) -> Iterator[int]:
    """The port of a server on this folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    with subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.cli.main", "up", "--port=0", f"--data={data}"],
        stdout=subprocess.PIPE, stderr=(data / "log").open("w"), text=True,
        env={**environment, **SETTINGS},
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert "http://" in line, (data / "log").read_text()
            port = int(line.rsplit(":", 1)[1])
            wait_until_it_answers(port)
            yield port
        finally:
            server.terminate()


def wait_until_it_answers(port: int) -> None:
    for _ in range(600):
        try:
            measure(port, 1, [healthz()])
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the server did not answer within 30 s")


class Ask(NamedTuple):
    """A request as bytes, and what its answer has to hold."""

    wire: bytes
    holds: bytes


def healthz() -> Ask:
    return Ask(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", b'{"status":"ok"}')


def resolve(secret: str, session: str, *, user: str, have: list[str], holds: bytes = b"") -> Ask:
    told = {"environment": ENVIRONMENT, "session_id": session, "user": user, "have": have}
    body = json.dumps(told).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return Ask(head.encode() + body, holds or b'"workflow":')


def measure(port: int, callers: int, asks: Sequence[Ask]) -> list[float]:
    """
    Seconds that each took, from the first byte sent to the last one received: so many connections
    at once, each asking again when it was answered.  One thread, so that callers do not wait for
    each other's Python.
    """
    waiting = selectors.DefaultSelector()
    left = iter(asks)
    taken: list[float] = []

    def send(connection: socket.socket) -> None:
        ask = next(left, None)
        if ask is None:
            waiting.unregister(connection)
            connection.close()
            return
        began = time.perf_counter()
        connection.sendall(ask.wire)
        waiting.modify(connection, selectors.EVENT_READ, (ask, began, bytearray()))

    for _ in range(callers):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ)
        send(connection)
    while waiting.get_map():
        for key, _ in waiting.select():
            ask, began, got = key.data
            connection = cast(socket.socket, key.fileobj)
            got += connection.recv(1 << 20)
            if not _is_whole(got):
                continue
            taken.append(time.perf_counter() - began)
            assert got.startswith(b"HTTP/1.1 200"), bytes(got)
            assert ask.holds in got, bytes(got)
            send(connection)
    return taken


def _is_whole(answer: bytearray) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length is not None, bytes(head)
    return len(body) >= int(length[1])


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(given: argparse.Namespace, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="quarterdeck-resolve-") as folder:
        data = Path(folder)
        records = open_records(f"sqlite:///{data / 'records.db'}")
        secret = fill(records, versions=given.versions, sessions=given.sessions)
        digests = [
            row.digest for row in workflows.list_versions(records, project_id="default", name=NAME)
        ]
        records.close()
        with serving(data) as port:
            for count in (1, 8):
                measure_with(count, port, secret, digests, given, report)


def measure_with(
    count: int,
    port: int,
    secret: str,
    digests: list[str],
    given: argparse.Namespace,
    report: Report,
) -> None:
    each = given.asks // TURNS
    taken: dict[str, list[float]] = {}
    warm = [f"warm-{count}-{number}" for number in range(WARM_UP)]
    measure(port, 1, [resolve(secret, name, user=name, have=[]) for name in warm])

    def kinds(turn: int) -> dict[str, list[Ask]]:
        first = (turn + (0 if count == 1 else TURNS)) * each
        stored = [number % given.sessions for number in range(first, first + each)]
        known = [warm[number % WARM_UP] for number in range(each)]
        return {
            "healthz": [healthz()] * each,
            "new": [
                resolve(secret, f"new-{count}-{turn}-{number}", user=f"u-{number}", have=digests)
                for number in range(each)
            ],
            "stored": [
                resolve(
                    secret, f"stored-{number}", user="", have=digests,
                    holds=b'"version":%d,' % (1 + number % given.versions),
                )
                for number in stored
            ],
            "known": [resolve(secret, name, user="", have=digests) for name in known],
            "whole": [
                resolve(secret, name, user="", have=[], holds=b'"content":{"manifest"')
                for name in known
            ],
        }  # fmt: skip

    for turn in range(TURNS):
        for kind, asks in kinds(turn).items():
            taken.setdefault(kind, []).extend(measure(port, count, asks))
    base = statistics.median(taken["healthz"])
    for kind, values in taken.items():
        report.add(
            {
                "kind": kind,
                "target": "quarterdeck",
                "callers": count,
                "asks": len(values),
                "p50_ms": statistics.median(values) * 1e3,
                "p99_ms": percentile(values, 0.99) * 1e3,
                "max_ms": max(values) * 1e3,
                "to_healthz": statistics.median(values) / base,
            }
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=20_000, help="that began before")
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--asks", type=int, default=4_000, help="of each kind, at each concurrency")
    parser.add_argument("--out", type=Path, help="file that the rows are added to, as JSON lines")
    given = parser.parse_args()
    report = Report("resolve", given.out)
    report.add(machine())
    run(given, report)
    table(
        "Resolving a session's version",
        ("callers", "session", "p50 ms", "p99 ms", "longest ms", "times GET /healthz"),
        [
            (
                row["callers"], row["kind"], f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}",
                f"{row['max_ms']:.0f}", f"{row['to_healthz']:.1f}",
            )
            for row in report.rows
            if "callers" in row
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
