"""The examples, run as they stand against a real server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.real_server import serving

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.real_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("documented") / "data") as address:
        yield address


def run(command: list[str], *, folder: Path, server: str) -> str:
    """Standard output of a command that has to succeed; `python` and `quarterdeck` are ours."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "QUARTERDECK_URL": server,
            "OTEL_EXPORTER_OTLP_ENDPOINT": server,
            "COLUMNS": "120",
        },
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def arrived(server: str, session_id: str, **expected: str) -> dict[str, Any]:
    """The session's record, once it is there and says what is expected; at most 10 s."""
    deadline = time.monotonic() + 10
    record: dict[str, Any] = {}
    while time.monotonic() < deadline:
        answer = httpx.get(f"{server}/api/v1/sessions/{session_id}", trust_env=False)
        record = answer.json()
        if answer.status_code == 200 and expected.items() <= record.items():
            return record
        time.sleep(0.05)
    raise AssertionError(f"{session_id} did not become {expected}: {record}")


def test_the_plain_opentelemetry_example_is_one_session(server: str, tmp_path: Path) -> None:
    agent = REPOSITORY / "examples" / "plain_opentelemetry" / "agent.py"
    run([sys.executable, str(agent)], folder=tmp_path, server=server)
    record = arrived(server, "port-billing-1")
    assert record["task_type"] == "code_migration"
    assert record["user"] == "u-7"
    assert record["units"] == {"lines": 412}
    assert record["error_episodes"] == record["recovered"] == 1
    models = {use["role"]: use["calls"] for use in record["models_used"]}
    assert models == {"planner": 1, "coder": 2}


def test_an_approval_over_two_traces_is_one_session_that_waited(
    server: str, tmp_path: Path
) -> None:
    agent = REPOSITORY / "examples" / "human_approval" / "agent.py"
    run([sys.executable, str(agent), "ask"], folder=tmp_path, server=server)
    arrived(server, "refund-4711", status="waiting_for_human")
    run([sys.executable, str(agent), "approve"], folder=tmp_path, server=server)
    record = arrived(server, "refund-4711", status="open")
    assert len(record["trace_ids"]) == 2
    (act,) = record["interventions"]
    assert (act["kind"], act["decision"], act["by"]) == (
        "approval",
        "approved",
        "alice@example.com",
    )
    assert act["waited_s"] > 0
    assert record["outcome"]["label"] == "success"
