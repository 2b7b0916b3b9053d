"""`quarterdeck import` as its users run it: real files, a process of its own, a real server."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.conftest import Run
from cli.real_server import serving

pytestmark = pytest.mark.real_server

SESSION = "5b1e2f04-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("import") / "data") as address:
        yield address


def line(number: int, kind: str, message: dict[str, Any], **more: Any) -> str:
    """A line as Claude Code writes it."""
    return json.dumps(
        {
            "type": kind,
            "uuid": f"line-{number}",
            "parentUuid": f"line-{number - 1}" if number else None,
            "sessionId": SESSION,
            "timestamp": f"2026-05-01T10:00:{number:02d}.000Z",
            "isSidechain": False,
            "cwd": "/srv/billing",
            "version": "2.1.0",
            "message": message,
            **more,
        }
    )


def reply(number: int, *content: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "id": f"msg_{number}",
        "model": "claude-sonnet-4-5",
        "content": list(content),
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }


LINES = [
    line(0, "user", {"role": "user", "content": "Why is the sum off by a cent?"}),
    line(1, "assistant", reply(1, {"type": "tool_use", "id": "toolu_1", "name": "Read",
                                   "input": {"file_path": "sum.py"}})),
    line(2, "user", {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such file",
         "is_error": True}]}),
    line(3, "assistant", reply(2, {"type": "text", "text": "The file is not there."})),
]  # fmt: skip


def record_of(server: str, session_id: str) -> dict[str, Any] | None:
    answer = httpx.get(f"{server}/api/v1/sessions/{session_id}", trust_env=False)
    return answer.json() if answer.status_code == 200 else None


def until(told: Callable[[], Any], *, within_s: float = 20.0) -> Any:
    """What `told` returns once it is true."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := told():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_bad_line_is_told_by_its_number_and_the_rest_is_imported(
    run: Run, server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "projects"
    folder.mkdir()
    (folder / "a.jsonl").write_text("\n".join([LINES[0], LINES[1], "{not json", *LINES[2:]]) + "\n")
    (folder / "notes.txt").write_text("nothing of ours\n")
    told = run("import", str(folder), QUARTERDECK_URL=server).stdout
    assert "Imported 1 session from 1 file" in told
    assert f"{folder / 'a.jsonl'}:3: not JSON" in told
    assert "Not a known session format: 1 file" in told
    record = record_of(server, SESSION)
    assert record is not None
    assert record["task"] == "Why is the sum off by a cent?"
    assert [(m["model"], m["calls"]) for m in record["models_used"]] == [("claude-sonnet-4-5", 2)]
    assert record["tool_calls"] == [{"tool": "Read", "calls": 1, "errors": 1, "denied": 0}]
    assert record["outcome"]["label"] == "unknown"
    assert record["status"] == "closed"


def test_importing_twice_changes_nothing(run: Run, server: str, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    run("import", str(path), QUARTERDECK_URL=server)
    before = record_of(server, SESSION)
    again = json.loads(run("import", str(path), "--json", QUARTERDECK_URL=server).stdout)
    assert (again["sessions"], again["rejected"], again["bad_lines"]) == (1, 0, [])
    assert record_of(server, SESSION) == before


def test_a_dry_run_reports_and_sends_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    told = run("import", str(path), "--dry-run", QUARTERDECK_URL="http://127.0.0.1:9").stdout
    assert "Read 1 session from 1 file" in told


def test_a_named_file_that_no_format_knows_is_a_mistake(
    run: Run, server: str, tmp_path: Path
) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"hello": "world"}')
    done = run("import", str(path), expect=5, QUARTERDECK_URL=server)
    assert "no known session format" in done.stderr
    assert "--format" in done.stderr


def test_without_a_server_the_next_step_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    done = run("import", str(path), expect=7, QUARTERDECK_URL="http://127.0.0.1:9")
    assert "quarterdeck up" in done.stderr


def test_a_refusal_is_told_in_words(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text("\n".join(LINES).replace("a cent", "a cent " * 500) + "\n")
    small = {**os.environ, "QUARTERDECK_MAX_BODY_BYTES": "1024"}
    with serving(tmp_path / "small", environment=small) as address:
        told = run("import", str(path), QUARTERDECK_URL=address).stdout
    assert "the body is larger than 1024 bytes" in told


def test_what_is_not_there_and_what_is_not_said_is_refused(run: Run, tmp_path: Path) -> None:
    assert "no such file" in run("import", str(tmp_path / "none"), expect=3).stderr
    assert "nothing to import" in run("import", expect=5).stderr
    assert "claude_code" in run("import", str(tmp_path), "--format", "x", expect=5).stderr


def test_marks_fill_what_the_file_does_not_say(run: Run, server: str, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("\n".join(LINES).replace(SESSION, "marked") + "\n")
    run(
        "import", str(path), "--user", "u-7", "--task-type", "question", "--tag", "mine",
        QUARTERDECK_URL=server,
    )  # fmt: skip
    record = record_of(server, "marked")
    assert record is not None
    assert (record["user"], record["task_type"], record["tags"]) == ("u-7", "question", ["mine"])


def test_a_followed_folder_is_live_until_the_keyboard_interrupts(
    server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "projects" / "-srv-billing"
    folder.mkdir(parents=True)
    path = folder / "live.jsonl"
    today = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    live = [
        text.replace(SESSION, "live-session").replace("2026-05-01T10:00", today) for text in LINES
    ]
    path.write_text(live[0] + "\n" + live[1] + "\n")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    following = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.cli.main", "import", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **environment,
            "QUARTERDECK_URL": server,
            "CLAUDE_CONFIG_DIR": str(tmp_path),
            "HOME": str(tmp_path),
        },
    )
    try:
        first = until(lambda: record_of(server, "live-session"))
        assert first["status"] == "open"
        assert first["models_used"][0]["calls"] == 1
        with path.open("a") as file:
            file.write(live[2] + "\n" + live[3][:40])
        until(lambda: (record_of(server, "live-session") or first)["tool_calls"][0]["errors"])
        with path.open("a") as file:
            file.write(live[3][40:] + "\n")
        until(lambda: (record_of(server, "live-session") or first)["models_used"][0]["calls"] == 2)
    finally:
        following.send_signal(signal.SIGINT)
        told, errors = following.communicate(timeout=20)
    assert following.returncode == 0, errors
    assert "Imported 1 session" in told
    assert "Could not be read" not in told
