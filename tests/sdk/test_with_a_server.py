"""What the verbs make of a session, read back from a real server."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import quarterdeck as qd
from cli.real_server import serving
from quarterdeck.model.instants import from_rfc3339
from sdk.receiver import recording, wait_until

pytestmark = pytest.mark.real_server

IDLE_MINUTES = 0.15
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    environment["QUARTERDECK_IDLE_MINUTES"] = str(IDLE_MINUTES)
    data = tmp_path_factory.mktemp("sdk") / "data"
    with serving(data, environment=environment) as address:
        yield address


def record(server: str, session_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{server}/api/v1/sessions/{session_id}", trust_env=False)
    found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return found


def becomes(server: str, session_id: str, within_s: float = 15, **expected: Any) -> dict[str, Any]:
    def check() -> dict[str, Any] | None:
        found = record(server, session_id)
        return found if found and expected.items() <= found.items() else None

    found: dict[str, Any] = wait_until(check, within_s=within_s, message=(session_id, expected))
    return found


def program(
    text: str, server: str, tmp_path: Path, *, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    head = (
        "import sys, time, quarterdeck as qd\n"
        "from quarterdeck.sdk.sending import open_spans\n"
        "open_spans.HEARTBEAT_NS = 300_000_000\n"
        "qd.init(url=sys.argv[1], spool_dir=sys.argv[2], instrument=False)\n"
    )
    command = [sys.executable, "-c", head + text, server, str(tmp_path / "spool")]
    return subprocess.Popen(command, stdout=stdout)


def test_a_session_of_the_sdk_has_all_that_a_record_has(server: str, tmp_path: Path) -> None:
    @qd.tool
    def read_file(path: str) -> str:
        if path == "missing":
            raise FileNotFoundError(path)
        return "text"

    with (
        recording(server, tmp_path / "spool", environment="test", workflow="migrator"),
        qd.session(
            "port billing", task_type="port", user="u-7", tags=["night"], id="whole"
        ) as session,
    ):
        with qd.agent("planner", role="planner"):
            with qd.model_call("gpt-4o", provider="openai", input="plan it") as call:
                call.output("read first")
                call.usage(input_tokens=1000, output_tokens=100)
            qd.handoff("coder")
        with qd.agent("coder", role="coder"):
            with pytest.raises(FileNotFoundError):
                read_file("missing")
            read_file("there")
            with qd.approval("Write?", tool="write_file", call_id="c-1") as asked:
                asked.approved(by="alice")
        session.units(lines=412)
        session.outcome("success_partial", reason="2 left")
        assert qd.flush()
    found = becomes(server, "whole", status="closed")
    assert found["task"] == "port billing"
    assert found["task_type"] == "port"
    assert found["user"] == "u-7"
    assert found["tags"] == ["night"]
    assert found["workflow"]["name"] == "migrator"
    assert found["workflow"]["environment"] == "test"
    assert found["units"] == {"lines": 412}
    assert (found["outcome"]["label"], found["outcome"]["source"]) == ("success_partial", "agent")
    assert [(use["model"], use["role"], use["calls"]) for use in found["models_used"]] == [
        ("gpt-4o", "planner", 1)
    ]
    assert [(use["tool"], use["calls"], use["errors"]) for use in found["tool_calls"]] == [
        ("read_file", 2, 1)
    ]
    (act,) = found["interventions"]
    assert (act["kind"], act["decision"], act["by"], act["tool"]) == (
        "approval", "approved", "alice", "write_file",
    )  # fmt: skip
    assert [(h["from"], h["to"]) for h in found["handoffs"]] == [("planner", "coder")]
    assert found["problems"] == []


def test_a_killed_process_leaves_an_open_session_that_was_last_seen_then(
    server: str, tmp_path: Path
) -> None:
    process = program(
        """
with qd.session("a long night", id="killed", task_type="night"), qd.agent("worker"):
    with qd.tool("first"):
        pass
    time.sleep(60)
""",
        server,
        tmp_path,
    )
    try:
        first = becomes(server, "killed", within_s=30, status="open", open_spans=2)
        seen_ns = from_rfc3339(first["last_seen_at"])
        wait_until(lambda: from_rfc3339(record(server, "killed")["last_seen_at"]) > seen_ns + 1e9)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed_ns = time.time_ns()
    found = becomes(server, "killed", status="open")
    assert abs(from_rfc3339(found["last_seen_at"]) - killed_ns) < 5e9
    assert found["open_spans"] == 2
    assert found["task"] == "a long night"
    assert found["ended_at"] is None
    closed = becomes(server, "killed", within_s=IDLE_MINUTES * 60 + 20, status="closed")
    assert closed["open_spans"] == 2
    assert closed["ended_at"] == closed["last_seen_at"] == found["last_seen_at"]
    assert closed["outcome"]["label"] in ("unknown", "interrupted")


def test_a_process_killed_right_after_its_start_leaves_its_session(
    server: str, tmp_path: Path
) -> None:
    process = program(
        """
with qd.session("a short life", id="killed-early", task_type="night"), qd.agent("worker"):
    print(flush=True)
    time.sleep(60)
""",
        server,
        tmp_path,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        time.sleep(0.5)
    finally:
        process.kill()
        process.communicate()
    found = becomes(server, "killed-early", within_s=5, status="open")
    assert (found["task"], found["task_type"]) == ("a short life", "night")
    assert (found["open_spans"], found["ended_at"]) == (1, None)


def test_a_session_shows_while_it_runs_and_its_end_replaces_what_was_told(
    server: str, tmp_path: Path
) -> None:
    process = program(
        """
with qd.session("short", id="live") as session, qd.tool("slow"):
    time.sleep(2.5)
    session.units(files=3)
    session.outcome("success")
""",
        server,
        tmp_path,
    )
    try:
        running = becomes(server, "live", within_s=30, status="open", open_spans=2)
        assert running["outcome"]["label"] == "unknown"
    finally:
        assert process.wait(timeout=30) == 0
    ended = becomes(server, "live", status="closed")
    assert ended["open_spans"] == 0
    assert ended["units"] == {"files": 3}
    assert ended["outcome"]["label"] == "success"
    assert ended["tool_calls"][0]["calls"] == 1


def test_an_approval_asked_in_one_process_is_answered_in_another(
    server: str, tmp_path: Path
) -> None:
    asking = """
with qd.session("refund", id="ticket-4711"), qd.agent("clerk"):
    with qd.approval("Refund 240?", tool="refund", call_id="call-9"):
        pass
"""
    assert program(asking, server, tmp_path).wait(timeout=30) == 0
    waiting = becomes(server, "ticket-4711", status="waiting_for_human")
    assert waiting["interventions"][0]["question"] == "Refund 240?"
    answering = """
with qd.session(id="ticket-4711") as session, qd.agent("clerk"):
    qd.approval("Refund 240?", call_id="call-9", decision="approved", by="alice")
    with qd.tool("refund", call_id="call-9"):
        pass
    session.outcome("success")
"""
    assert program(answering, server, tmp_path).wait(timeout=30) == 0
    found = becomes(server, "ticket-4711", status="closed")
    (act,) = found["interventions"]
    assert (act["kind"], act["decision"], act["by"]) == ("approval", "approved", "alice")
    assert act["waited_s"] > 0
    assert len(found["trace_ids"]) == 2
    assert found["outcome"]["label"] == "success"
    assert found["error_episodes"] == 0


def test_a_session_of_the_past_is_judged_by_its_id(server: str, tmp_path: Path) -> None:
    with recording(server, tmp_path / "spool"):
        with qd.session("t", id="past"):
            pass
        assert qd.flush()
        qd.feedback("stars", value=4, comment="fine", by="bob", session="past")
        assert qd.flush(20)
        assert qd.stats().dropped == {}
    scores = record(server, "past")["scores"]
    assert [(s["name"], s["value"], s["author"]) for s in scores] == [("stars", 4.0, "bob")]


def run(command: list[str], server: str, tmp_path: Path) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        env={
            **os.environ,
            "QUARTERDECK_URL": server,
            "QUARTERDECK_SPOOL_DIR": str(tmp_path / "spool"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_examples_of_the_page_run_one_after_the_other(server: str, tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "instrument-with-the-sdk.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 10
    (tmp_path / "page.py").write_text("\n\n".join(blocks))
    printed = run([sys.executable, "page.py"], server, tmp_path)
    assert "dropped={}" in printed
    assert "errors={}" in printed
    ticket = becomes(server, "ticket-4417")
    assert [act["kind"] for act in ticket["interventions"]] == ["approval", "correction"]
    later = becomes(server, "ticket-4418")
    assert (later["interventions"][0]["decision"], later["outcome"]["label"]) == (
        "approved",
        "success",
    )
    scores = becomes(server, "chat-1")["scores"]
    assert "stars" in {score["name"] for score in scores}


def test_the_example_agent_is_a_session_with_a_recovery_and_an_approval(
    server: str, tmp_path: Path
) -> None:
    agent = REPOSITORY / "examples" / "sdk_agent" / "agent.py"
    session_id = run([sys.executable, str(agent), "--yes"], server, tmp_path).strip()
    found = becomes(server, session_id, status="closed")
    assert found["outcome"]["label"] == "success"
    assert (found["error_episodes"], found["recovered"]) == (1, 1)
    assert found["interventions"][0]["by"] == "you"
    assert found["units"] == {"lines": 3}
    assert {use["role"] for use in found["models_used"]} == {"planner", "writer"}
    assert found["handoffs"][0]["to"] == "writer"
