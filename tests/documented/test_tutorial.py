"""
The tutorial, typed as it stands by somebody at a terminal, against a real server and model.

What it says that a command prints has to be printed, line by line and in this order; `…` stands
for any lines.  Numbers, ids, times, paths and the spacing of columns are this run's own.
"""

import getpass
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.at_terminal import at_terminal
from cli.real_server import serving
from quarterdeck.sdk.client import Client

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "first-session.md"
BLOCK = re.compile(r"(?:<!-- (prints|file: (\S+)) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
THE_PAGES_RUN = "bb1f47"
"""What the ids on the page end with, where the reader has another."""

pytestmark = pytest.mark.real_server


class Step(NamedTuple):
    """A command, and what the tutorial says that it prints: nothing, or several extracts."""

    command: str
    prints: list[str]


def steps(folder: Path) -> Iterator[Step]:
    """The tutorial's commands; its files are written to `folder`."""
    found: list[Step] = []
    for told, file, language, text in BLOCK.findall(TUTORIAL.read_text()):
        if file:
            (folder / file).write_text(text)
        elif language == "bash":
            found += [Step(line, []) for line in text.strip().splitlines()]
        elif told == "prints":
            found[-1].prints.append(text)
    return iter(found)


def plain(line: str) -> str:
    """The line without what differs between runs."""
    line = re.sub(r"(?<=-)[0-9a-f]{6}(?=\s|$)", "RUN", line)
    line = re.sub(r"/\S*/quarterdeck-demo-[^/\s]+", "FOLDER", line)
    line = re.sub(rf"\bby (you|{re.escape(getpass.getuser())})\b", "by you", line)
    line = re.sub(r"\b\d+(\.\d+)?", "0", line)
    line = re.sub(r"\b0 (ms|s|min|h)( 0 s)?\b", "0 s", line)
    return " ".join(line.replace("─", "").split())


def assert_prints(extract: str, printed: str) -> None:
    """Every line of `extract` is one of `printed`, in the same order; `…` at its end cuts it."""
    lines = iter([plain(line) for line in printed.splitlines()])
    for line in extract.splitlines():
        wanted = plain(line).removesuffix("…")
        if wanted:
            assert any(wanted in real for real in lines), f"no {wanted!r} in:\n{printed}"


def await_sessions(server: str, count: int) -> None:
    """Until so many sessions have an outcome; at most 10 s.  A person types no faster."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = Client(url=server).get_json("/api/v1/sessions", {"limit": 100})["sessions"]
        if sum(row["outcome"]["label"] != "unknown" for row in found) == count:
            return
        time.sleep(0.05)
    raise AssertionError(f"not {count} sessions: {found}")


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "QUARTERDECK_URL": server,
            "HOME": str(tmp_path),  # not the real one: the SDK's counts are kept below it
            "TMPDIR": "/tmp",  # as on the page: a longer path is cut in what is printed
        }
        name = ""
        sessions = 0
        for step in steps(tmp_path):
            command = step.command.replace(THE_PAGES_RUN, name)
            if command == "quarterdeck demo":
                printed = watch_and_agree(command, environment, tmp_path)
                name = re.findall(r"demo-[a-z]+-([0-9a-f]{6})", printed)[0]
                sessions += 6
            else:
                printed = run(command, environment, tmp_path)
                sessions += command == "python agent.py"
            await_sessions(server, sessions)
            for extract in step.prints:
                assert_prints(extract, printed)


def watch_and_agree(command: str, environment: dict[str, str], folder: Path) -> str:
    """What it printed to somebody who says yes to everything."""
    with at_terminal(command.split(), environment=environment, folder=folder) as screen:
        scratch = screen.until(r"/tmp/quarterdeck-demo-\w+")
        try:
            assert screen.ends(answering={r"\[y/n\]": "y\n"}) == 0
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return screen.text


def run(command: str, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**environment, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
