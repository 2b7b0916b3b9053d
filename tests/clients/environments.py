"""
Environments of the clients: one folder each, made from a lock and made again when it changes.

Python ones are made by uv from `requirements/<name>.txt`, every package checked by its hash; Node
ones by `npm ci` from `requirements/<name>/package-lock.json`.  They lie in one folder outside the
repository: `$QUARTERDECK_CLIENTS`, or `~/.cache/quarterdeck-clients`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
PYTHON = "3.11"
_STAMP = ".made-from"
_INSTALL_S = 1800
_LAST_WORDS = 2000


class BuildError(Exception):
    """What the installer said last."""


class Environment(NamedTuple):
    name: str
    folder: Path
    node: bool

    @property
    def runner(self) -> Path:
        """The program that runs its drivers."""
        if self.node:
            found = shutil.which("node")
            if found is None:
                raise BuildError("Node is not installed")
            return Path(found)
        return self.folder / "bin" / "python"


def folder_of_all() -> Path:
    named = os.environ.get("QUARTERDECK_CLIENTS")
    return Path(named) if named else Path.home() / ".cache" / "quarterdeck-clients"


def lock_of(name: str) -> Path:
    node = REQUIREMENTS / name / "package-lock.json"
    return node if node.exists() else REQUIREMENTS / f"{name}.txt"


def is_ready(name: str) -> bool:
    stamp = folder_of_all() / name / _STAMP
    return stamp.exists() and stamp.read_text() == _digest(lock_of(name))


def discard(name: str) -> None:
    """So that it is made again."""
    shutil.rmtree(folder_of_all() / name, ignore_errors=True)


def build(name: str) -> Environment:
    """Quick when nothing changed.  Raises `BuildError`."""
    lock, folder = lock_of(name), folder_of_all() / name
    made = Environment(name, folder, node=lock.suffix == ".json")
    if is_ready(name):
        return made
    discard(name)
    folder.mkdir(parents=True)
    if made.node:
        shutil.copy(lock, folder)
        shutil.copy(lock.with_name("package.json"), folder)
        # An application's own choice of a newer openai than a client declares as its peer.
        run_installer(
            ["npm", "ci", "--legacy-peer-deps", "--silent", "--no-audit", "--no-fund"], folder
        )
    else:
        installer = uv()
        run_installer(
            [installer, "venv", "--quiet", "--clear", "--python", PYTHON, str(folder)],
            folder.parent,
        )
        run_installer(
            [installer, "pip", "install", "--quiet", "--require-hashes",
             "--python", str(made.runner), "-r", str(lock)],
            folder.parent,
        )  # fmt: skip
    (folder / _STAMP).write_text(_digest(lock))
    return made


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def uv() -> str:
    """The one beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise BuildError("uv is not installed: make setup")
    return found


def run_installer(command: list[str], folder: Path) -> None:
    """In that folder.  Raises `BuildError`."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise BuildError(f"{command[0]}: {(done.stderr or done.stdout)[-_LAST_WORDS:]}")
