"""The built wheel, and empty environments to install it into."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

OFFLINE = re.compile(r"connection|resolution|timed out|SSL", re.IGNORECASE)
PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\s\\]+)((?: ;[^\\\n]+)?)", re.MULTILINE)

Install = Callable[[str], Path]
"""Takes the extras (`""` or `"[server]"`), gives the environment's `bin` folder."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make build` makes, built from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(
        [*command, str(REPOSITORY)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """
    Install the wheel with pip alone into an environment that is empty but for pip.

    The locked versions are constraints, so that a stranger's release of this morning can't
    fail a change of ours.  Skips where pip reaches no package index: a machine without a
    network can build a wheel but can't fill an environment.
    """

    def into_an_empty_environment(extras: str) -> Path:
        folder = tmp_path_factory.mktemp("installed") / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        constraints = folder / "constraints.txt"
        constraints.write_text(_versions(REPOSITORY / "requirements" / "server.txt"))
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        done = subprocess.run(
            [*pip, "--constraint", str(constraints), f"{wheel}{extras}"],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        if done.returncode and re.search(
            r"connection|resolution|timed out|SSL", done.stderr, re.IGNORECASE
        ):
            pytest.skip(f"pip reaches no package index: {done.stderr.strip()[-200:]}")
        assert done.returncode == 0, done.stderr
        return folder / "bin"

    return into_an_empty_environment


def _versions(lock: Path) -> str:
    """The lock without its hashes: a wheel of our own has none that could be in it."""
    pins = re.findall(
        r"^([A-Za-z0-9._-]+==[^\s\\]+)((?: ;[^\\\n]+)?)", lock.read_text(), re.MULTILINE
    )
    return "\n".join(f"{pin}{marker}" for pin, marker in pins) + "\n"
