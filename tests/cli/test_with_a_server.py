"""The commands against a real server, with sessions that a real OpenTelemetry SDK sent."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from cli.conftest import Run
from cli.real_server import serving
from quarterdeck.storage.records import projects, prompts
from quarterdeck.storage.records.connection import open_records
from quarterdeck.storage.records.prompts import PromptContent

REPOSITORY = Path(__file__).resolve().parents[2]
PLAIN = "port-billing-1"
APPROVED = "refund-4711"

pytestmark = pytest.mark.real_server


def send(server: str, *command: str) -> None:
    """Run an example agent against this server."""
    agent = REPOSITORY / "examples" / command[0] / "agent.py"
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": server}
    subprocess.run(
        [sys.executable, str(agent), *command[1:]], env=environment, check=True, timeout=60
    )


def wait_for(server: str, session_id: str, *, spans: int) -> dict[str, Any]:
    """The record, once it counts so many spans; at most 10 s."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = httpx.get(f"{server}/api/v1/sessions/{session_id}", trust_env=False)
        if answer.status_code == 200 and answer.json()["span_count"] >= spans:
            record: dict[str, Any] = answer.json()
            return record
        time.sleep(0.05)
    raise AssertionError(f"{session_id} never had {spans} spans: {answer.text}")


def commit_prompts(data: Path) -> None:
    """A prompt with two versions, as a client makes them."""
    records = open_records(f"sqlite:///{data / 'records.db'}")
    projects.ensure_default_project(records, now_ns=1)
    for text, labels in (("Judge {{it}}.", ("production",)), ("Judge \x1b[2J{{it}}.", ())):
        prompts.commit_prompt(
            records,
            project_id="default",
            name="team/critic",
            content=PromptContent(kind="text", text=text, model="gpt-4o"),
            labels=labels,
            created_by="local",
            now_ns=time.time_ns(),
        )
    records.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("cli") / "data"
    commit_prompts(data)
    with serving(data) as address:
        send(address, "plain_opentelemetry")
        send(address, "human_approval", "ask")
        send(address, "human_approval", "approve")
        wait_for(address, PLAIN, spans=8)
        wait_for(address, APPROVED, spans=5)
        yield address


@pytest.fixture
def ask(run: Run, server: str) -> Run:
    def with_the_server(
        *arguments: str, expect: int = 0, typed: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        told = {"QUARTERDECK_URL": server, **variables}
        return run(*arguments, expect=expect, typed=typed, **told)

    return with_the_server


def api(server: str, path: str) -> Any:
    return httpx.get(f"{server}/api/v1{path}", trust_env=False).json()


def test_the_list_is_the_apis_and_filters_narrow_it(ask: Run, server: str) -> None:
    listed = json.loads(ask("sessions", "list", "--json").stdout)
    assert {row["session_id"] for row in listed["sessions"]} == {PLAIN, APPROVED}
    some = json.loads(ask("sessions", "list", "--agent", "coder", "--json").stdout)
    assert [row["session_id"] for row in some["sessions"]] == [PLAIN]
    people = ask("sessions", "list", "--has-intervention").stdout
    assert APPROVED in people
    assert PLAIN not in people
    assert "No sessions match" in ask("sessions", "list", "--since", "2999-01-01").stdout
    found = ask("sessions", "list", "-q", "rounding").stdout
    assert PLAIN in found
    assert APPROVED not in found
    first = ask("sessions", "list", "--limit", "1")
    assert "there are more" in first.stdout


def test_a_filter_that_does_not_exist_is_told_with_exit_code_5(ask: Run) -> None:
    assert "outcome is never" in ask("sessions", "list", "--outcome", "fine", expect=5).stderr


def test_show_is_the_record_and_its_page(ask: Run, server: str) -> None:
    record = json.loads(ask("sessions", "show", PLAIN, "--json").stdout)
    assert record == api(server, f"/sessions/{PLAIN}")
    page = ask("sessions", "show", PLAIN, "--tree").stdout
    for said in ("Port the billing module to Rust", "planner ⇄ coder", "1 recovered", "Decisions"):
        assert said in page
    tree = json.loads(ask("sessions", "show", PLAIN, "--tree", "--json").stdout)
    assert tree == api(server, f"/sessions/{PLAIN}/tree")
    assert APPROVED in ask("sessions", "show").stdout.splitlines()[0]
    assert "no session" in ask("sessions", "show", "nowhere", expect=3).stderr


def test_a_pause_for_a_person_shows_who_and_how_long(ask: Run) -> None:
    page = ask("sessions", "show", APPROVED).stdout
    assert "approval of issue_refund by alice@example.com  waited" in page
    assert "Refund $212 to the customer?" in page


def test_replay_prints_every_step_into_a_pipe(ask: Run) -> None:
    shown = ask("sessions", "replay", PLAIN).stdout
    numbers = [line.split("/")[0] for line in shown.splitlines() if "/7 " in line[:5]]
    assert numbers == ["1", "2", "3", "4", "5", "6", "7"]
    assert "assistant: Fixed the rounding." in shown
    assert "out: 14 passed" in shown
    later = ask("sessions", "replay", PLAIN, "--from", "7").stdout
    assert "retry of step 5" in later
    assert "6/7" not in later
    one = json.loads(ask("sessions", "replay", PLAIN, "--step", "5", "--json").stdout)
    assert (one["number"], one["kind"], one["status"]) == (5, "tool", "error")
    assert (
        "it has 7 steps" in ask("sessions", "replay", PLAIN, "--step", "8", expect=3).stderr.lower()
    )


def test_replay_walks_by_keys_on_a_terminal(server: str) -> None:
    environment = {**os.environ, "QUARTERDECK_URL": server, "TERM": "xterm", "COLUMNS": "100"}
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "quarterdeck.cli.main", "sessions", "replay", PLAIN]
        os.execve(sys.executable, command, environment)
    shown = ""
    for key, until in (("", "1/7"), ("n", "2/7"), ("j", "3/7"), ("\x1b[C", "4/7"), ("p", "3/7")):
        os.write(terminal, key.encode())
        printed = _read_until(terminal, until)
        assert until in printed
        shown += printed
    os.write(terminal, b"g")
    _read_until(terminal, "step")
    os.write(terminal, b"7\r")
    assert "retry of step 5" in _read_until(terminal, "14 passed")
    os.write(terminal, b"q")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def _read_until(terminal: int, wanted: str) -> str:
    printed = ""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            printed += os.read(terminal, 65536).decode("utf-8", "replace")
        # The line of keys follows a step: what is typed before it could be lost.
        if wanted in printed and ("quit" in printed.partition(wanted)[2] or wanted == "step"):
            return printed
    raise AssertionError(f"{wanted!r} never came: {printed!r}")


def test_an_export_is_a_whole_file_or_none(ask: Run, tmp_path: Path) -> None:
    lines = ask("sessions", "export", PLAIN).stdout.splitlines()
    assert len(lines) == 8
    assert {json.loads(line)["session_id"] for line in lines} == {PLAIN}
    file = tmp_path / "sessions.parquet"
    ask("export", "--format", "parquet", "-o", str(file))
    assert set(pq.read_table(file).column("session_id").to_pylist()) == {PLAIN, APPROVED}
    ask("sessions", "export", "nowhere", "-o", str(tmp_path / "none"), expect=3)
    assert sorted(path.name for path in tmp_path.glob("*none*")) == []


def test_figures_tell_what_they_are_of(ask: Run, server: str) -> None:
    shown = ask("figures").stdout
    assert "Task completion rate" in shown
    assert "100.0 %" in shown
    split = ask("figures", "sessions", "cost_usd", "--by", "task_type").stdout
    assert "code_migration" in split
    answer = json.loads(ask("figures", "--json").stdout)
    assert answer == api(server, "/figures")
    assert "There are:" in ask("figures", "happiness", expect=5).stderr
    assert "No sessions match" in ask("figures", "--experiment").stdout
    assert json.loads(ask("figures", "--production", "--json").stdout) == answer
    every = json.loads(ask("figures", "--k", "1, 2", "--json").stdout)
    assert "pass_hat_2" in every["definitions"]
    assert "Write --k 1,2,4" in ask("figures", "--k", "all", expect=5).stderr
    assert "No sessions match" in ask("sessions", "list", "-q", "finding:nested_run").stdout


def test_a_persons_word_counts_and_both_stay(ask: Run) -> None:
    ask("sessions", "outcome", APPROVED, "failure", "--reason", "refunded twice", "--by", "ada")
    record = json.loads(ask("sessions", "show", APPROVED, "--json").stdout)
    assert record["outcome"]["label"] == "failure"
    assert record["outcome"]["source"] == "human"
    ask("sessions", "feedback", APPROVED, "--value", "0.5", "--comment", "slow", "--by", "ada")
    page = ask("sessions", "show", APPROVED).stdout
    assert "✗ failure, says ada: refunded twice" in page
    assert "feedback: 0.5" in page
    ask("sessions", "outcome", APPROVED, "splendid", expect=5)


def test_prompts_are_listed_and_shown_by_version_and_label(ask: Run, server: str) -> None:
    listed = ask("prompts", "list", "--label", "production").stdout
    assert "team/critic" in listed
    assert "production → 1" in listed
    assert "No prompts" in ask("prompts", "list", "--containing", "planner").stdout
    newest = ask("prompts", "show", "team/critic").stdout
    assert r"Judge \x1b[2J{{it}}." in newest
    assert "version 2" in newest
    told = json.loads(ask("prompts", "show", "team/critic", "production", "--json").stdout)
    assert told == api(server, "/prompts/team~1critic/versions/1")
    assert told["content"]["text"] == "Judge {{it}}."
    ask("prompts", "show", "team/critic", "staging", expect=3)


def test_keys_are_made_listed_and_revoked(ask: Run) -> None:
    secret = ask("keys", "create", "ci", "--scope", "ingest", "--expires", "90d").stdout.strip()
    (key,) = json.loads(ask("keys", "list", "--json").stdout)["keys"]
    assert secret.startswith(key["prefix"])
    assert secret not in ask("keys", "list").stdout
    assert "needs 'read'" in ask("sessions", "list", expect=4, QUARTERDECK_API_KEY=secret).stderr
    ask("keys", "revoke", key["key_id"], "--yes")
    assert "revoked" in ask("keys", "list").stdout
    ask("sessions", "list", expect=4, QUARTERDECK_API_KEY=secret)


def test_a_projects_setting_changes_and_the_others_stay(ask: Run) -> None:
    ask("projects", "set", "session_key=ticket.id", "retention_days=30")
    ask("projects", "set", 'human_tools=["ask_boss"]')
    settings = json.loads(ask("projects", "show", "--json").stdout)["settings"]
    assert settings["session_key"] == "ticket.id"
    assert settings["retention_days"] == 30
    assert settings["human_tools"] == ["ask_boss"]
    assert "ticket.id" in ask("projects", "show").stdout
    assert "no setting is called 'colour'" in ask("projects", "set", "colour=red", expect=5).stderr
    ask("projects", "set", "session_key=", "retention_days=null")
    assert "default" in ask("projects", "list").stdout
    ask("projects", "create", "second")
    ask("projects", "create", "second", expect=6)


def test_a_backup_brings_sessions_accounts_and_keys_back(run: Run, tmp_path: Path) -> None:
    data, backup, again = tmp_path / "data", tmp_path / "backup", tmp_path / "again"
    with serving(data) as server:
        send(server, "plain_opentelemetry")
        before = wait_for(server, PLAIN, spans=8)
        told = run("backup", str(backup), expect=8, QUARTERDECK_DATA=str(data)).stderr
        assert "Stop the server" in told
    run("keys", "create", "ci", "--scope", "read", "--here", QUARTERDECK_DATA=str(data))
    run("backup", str(backup), QUARTERDECK_DATA=str(data))
    run("restore", str(backup), QUARTERDECK_DATA=str(again))
    run("restore", str(backup), expect=6, QUARTERDECK_DATA=str(again))
    with serving(again) as server:
        after = wait_for(server, PLAIN, spans=8)
        listed = json.loads(run("keys", "list", "--json", QUARTERDECK_URL=server).stdout)
    assert [key["name"] for key in listed["keys"]] == ["ci"]
    changing = {"status", "ended_at"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }


def test_a_deleted_session_is_gone(ask: Run, server: str) -> None:
    ask("sessions", "delete", APPROVED, expect=5)
    ask("sessions", "delete", APPROVED, "--yes")
    ask("sessions", "show", APPROVED, expect=3)
    assert APPROVED not in ask("sessions", "list").stdout


def test_a_person_lists_reads_and_decides_approvals(ask: Run, server: str) -> None:
    for number, question in ((1, "Block it?"), (2, "Yes?\n  approval    forged\x1b[2J")):
        asked = httpx.post(
            f"{server}/api/v1/approvals",
            json={
                "approval_id": f"a/{number}", "session_id": "s\x1b]0;x", "tool": "block_card",
                "question": question, "arguments": {"card": "[red]c-1\u202e"}, "timeout_s": 900,
            },
            trust_env=False,
        )  # fmt: skip
        assert asked.status_code == 201
    listed = ask("approvals", "list").stdout
    assert "block_card" in listed
    assert "[red]c-1" in listed
    assert len(json.loads(ask("approvals", "list", "--json").stdout)["approvals"]) == 2
    shown = ask("approvals", "show", "a/2").stdout
    assert "  >   approval    forged" in shown, "an agent's line can't pass for one of ours"
    assert "then deny" in shown
    for text in (listed, shown):
        assert "\x1b" not in text
        assert "\u202e" not in text
    changed = ask(
        "approvals", "approve", "a/1", "--arguments", '{"card": "c-2"}', "-m", "only this one",
        "--by", "ada",
    ).stdout  # fmt: skip
    for said in ("changed", "by ada", "only this one", "c-2"):
        assert said in changed
    assert "was changed by 'ada'" in ask("approvals", "reject", "a/1", expect=6).stderr
    told = json.loads(ask("approvals", "reject", "a/2", "--json").stdout)
    assert told == api(server, "/approvals/a~12")
    assert told["state"] == "rejected"
    assert "Nothing waits" in ask("approvals", "list").stdout
    assert "a/1" in ask("approvals", "list", "--state", "all").stdout
    assert (
        "not a JSON object"
        in ask("approvals", "approve", "a/1", "--arguments", "[]", expect=5).stderr
    )
    ask("approvals", "show", "nothing", expect=3)
