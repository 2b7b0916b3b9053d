"""The command line as its users run it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

WIDTH = "120"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """
    `run("sessions", "list", expect=3, typed="yes\\n", QUARTERDECK_URL=…)`.

    Its data folder is under `tmp_path`, and it inherits no variable of ours.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))}

    def run_command(
        *arguments: str, expect: int = 0, typed: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "quarterdeck.cli.main", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={
                **inherited,
                "QUARTERDECK_DATA": str(tmp_path / "data"),
                "COLUMNS": WIDTH,
                **variables,
            },
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run_command
