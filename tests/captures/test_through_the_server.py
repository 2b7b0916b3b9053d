"""
Recorded traffic sent to a real server gives the same sessions as the pure stages alone.

Requests of several libraries, logs and metrics included, go over HTTP to one process as they
were on the wire, some of them twice and all of them backwards: what the store, the spool and
the jobs add must not show.  Prices are the server's own, so money is left out.
"""

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captures.load import Recorded, recorded_requests, replay
from faults.server import ServerProcess
from quarterdeck.assembly.record import to_json

CAPTURES = (
    "agentops_openai_agents",
    "autogen_openai_noroot",
    "claude_agent_sdk",
    "crewai_traceloop_human",
    "helicone_async",
    "mlflow",
    "openai_agents_traceloop",
    "openclaw_otel_2026.4.29",
    "phoenix",
    "pydantic_ai_logfire",
)
"""Captures whose session ids differ: a server's project has each id once."""

WITHIN_S = 60.0
"""Acknowledged to visible takes a second; a loaded machine takes longer."""

TIMED_OR_PRICED = ("status", "ended_at", "duration_s", "cost")

pytestmark = pytest.mark.real_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def test_a_server_shows_the_sessions_that_the_stages_make(
    server: ServerProcess, shared: Path
) -> None:
    sent = {name: recorded_requests(shared / "captures" / name) for name in CAPTURES}
    for number, requests in enumerate(sent.values()):
        for request in requests[::-1]:
            for _ in range(1 + number % 2):
                _send(server, request)
    expected = {
        one.session.session_id: to_json(one.session)
        for requests in sent.values()
        for one in replay(requests)
    }
    deadline = time.monotonic() + WITHIN_S
    while (shown := _shown(server, expected)) != expected_facts(expected):
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert shown == expected_facts(expected)
    assert _listed(server) == set(expected)


def expected_facts(expected: dict[str, Any]) -> dict[str, Any]:
    return {session_id: _facts(record) for session_id, record in expected.items()}


def _shown(server: ServerProcess, wanted: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for session_id in wanted:
        body = server.get(f"/api/v1/sessions/{session_id}")
        found[session_id] = _facts(json.loads(body)) if body else None
    return found


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    """The record without what depends on the clock or the price table."""
    plain = json.loads(json.dumps(record))
    kept = {key: value for key, value in plain.items() if key not in TIMED_OR_PRICED}
    for group in ("models_used", "agents"):
        for row in kept[group]:
            row.pop("cost_usd", None)
            row.pop("unpriced_calls", None)
    return kept


def _listed(server: ServerProcess) -> set[str]:
    body = server.get("/api/v1/sessions?limit=200")
    assert body is not None
    return {row["session_id"] for row in json.loads(body)["sessions"]}


def _send(server: ServerProcess, request: Recorded) -> None:
    kind = "application/json" if request.encoding == "json" else "application/x-protobuf"
    sent = urllib.request.Request(
        f"{server.url}/v1/{request.signal}",
        data=gzip.compress(request.body),
        headers={"Content-Type": kind, "Content-Encoding": "gzip"},
        method="POST",
    )
    with urllib.request.urlopen(sent, timeout=30) as answer:
        assert answer.status == 200
