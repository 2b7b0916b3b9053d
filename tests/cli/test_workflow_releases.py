"""Releases from the command line, on a real server: two at once, and sessions that go on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.conftest import Run
from cli.real_server import serving
from quarterdeck.cli.workflow_releases import read_share
from quarterdeck.errors import Invalid
from quarterdeck.storage.records import projects, workflows
from quarterdeck.storage.records.connection import open_records
from quarterdeck.workflows.manifest import Folder


def push(data: Path) -> None:
    """Three versions, there before the server starts."""
    data.mkdir()
    records = open_records(f"sqlite:///{data / 'records.db'}")
    projects.ensure_default_project(records, now_ns=1)
    for number in (1, 2, 3):
        text = f"name: triage\ndescription: version {number}\nagents:\n  a:\n    role: worker\n"
        workflows.push_version(
            records, project_id="default", name="triage", by="test", now_ns=1,
            folder=Folder(files={"workflow.yaml": text.encode()}),
        )  # fmt: skip
    records.close()


def version_of(address: str, session: str) -> Any:
    answer = httpx.post(
        f"{address}/api/v1/workflows/triage/resolve", trust_env=False,
        json={"environment": "production", "session_id": session},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]


@pytest.mark.real_server
def test_releases_from_the_command_line(tmp_path: Path, run: Run) -> None:
    push(tmp_path / "server")
    with serving(tmp_path / "server") as address:

        def workflow(*told: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
            return run("workflow", *told, expect=expect, QUARTERDECK_URL=address)

        def together(*commands: list[str]) -> list[tuple[int, str]]:
            """Processes that are started at once; exit code and errors of each."""
            started = [
                subprocess.Popen(
                    [sys.executable, "-m", "quarterdeck.cli.main", "workflow", *told],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                    env={**os.environ, "QUARTERDECK_URL": address},
                )
                for told in commands
            ]  # fmt: skip
            return [(one.wait(60), one.communicate()[1]) for one in started]

        first = workflow("release", "triage@1", "--to", "production", "-m", "first").stdout
        assert "production: nothing → version 1" in first
        assert version_of(address, "early") == 1
        assert (
            "a move needs a reason"
            in workflow("release", "triage@2", "--to", "production", expect=5).stderr
        )

        # Both are made on revision 1: one wins, the other is told.
        ends = together(
            *(
                ["release", f"triage@{n}", "--to", "production", "-m", f"of {n}", "--revision", "1"]
                for n in (2, 3)
            )
        )
        assert sorted(code for code, _ in ends) == [0, 6]
        won = 2 if ends[0][0] == 0 else 3
        assert f"released version {won}" in "".join(error for _, error in ends)
        assert version_of(address, "late") == won
        assert version_of(address, "early") == 1

        plan = workflow("rollback", "triage", "--in", "production", "--dry-run").stdout
        assert f"production would go: version {won} → version 1" in plan
        workflow("rollback", "triage", "--in", "production", "-m", "worse")
        history = json.loads(workflow("history", "triage", "--in", "production", "--json").stdout)
        assert [(one["kind"], one["reason"]) for one in history["moves"]] == [
            ("rollback", "worse"), ("release", f"of {won}"), ("release", "first"),
        ]  # fmt: skip
        assert {one["by"] for one in history["moves"]} == {"local"}

        # A canary, in another environment.
        here = ("--in", "staging", "-m", "why")
        workflow("release", "triage@1", "--to", "staging", "-m", "why")
        told = workflow(
            "release", "triage@2", "--to", "staging", "--share", "10%", "--by", "user",
            "--auto", "--rule", "limit=-0.1", "-m", "try", "--json",
        ).stdout  # fmt: skip
        environment = json.loads(told)["environment"]
        assert (environment["share"], environment["sticky_by"], environment["auto"]) == (
            0.1, "user", True,
        )  # fmt: skip
        assert environment["rule"]["limit"] == -0.1
        workflow("share", "triage", "25%", *here)
        held = workflow("hold", "triage", *here).stdout
        assert "staging: held at version 1 and version 2 for 25 %" in held
        listed = workflow("environments", "triage").stdout
        assert "version 1 and version 2 for 25 %" in listed
        assert "held" in listed
        resumed = workflow("resume", "triage", *here).stdout
        assert "staging: resumed with version 1 and version 2 for 25 %" in resumed
        promoted = workflow("promote", "triage", *here).stdout
        assert "Promoted without evidence" in promoted
        resolved = workflow("resolve", "triage", "--in", "staging", "--session", "s").stdout
        assert "triage@2" in resolved
    with serving(tmp_path / "server") as address:
        assert [version_of(address, s) for s in ("early", "late", "new")] == [1, won, 1]


@pytest.mark.parametrize("text", ["10", "0", "all", "100%", "-5%", "nan", "inf%", "%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not a share"):
        read_share(text)


def test_a_share_is_percent_or_a_fraction() -> None:
    assert [read_share(text) for text in ("10%", "0.1", "0.5%")] == [0.1, 0.1, 0.005]
