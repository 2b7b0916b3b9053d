"""
The frameworks' examples, each in the environment that its `requirements.txt` asks for.

An environment has this Quarterdeck beside the framework, as `pip install` would put it there, and
the versions below the named ones from the lock of the client that is the same framework.  An
example is started as its docstring says, with the scripted model before it; what must come out is
in `examples.json`, written from reading the example.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from clients.drive import Driven
from clients.environments import PYTHON, folder_of_all, lock_of, run_installer, uv
from clients.servers import Place

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "examples"
_FACTS = Path(__file__).with_suffix(".json")
_STAMP = ".made-from"
_WITHIN_S = 180.0
_INHERITED = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Example(NamedTuple):
    name: str
    """Of its folder."""
    package: str
    lock: str
    """The client's, in `requirements/`, that the versions below come from."""
    settings: tuple[tuple[str, str], ...] = ()


EXAMPLES = (
    Example("langgraph", "langgraph 1.2.22", "langsmith"),
    Example("autogen", "autogen-agentchat 0.7.5", "autogen"),
    Example("crewai", "crewai 1.15.30", "crewai"),
    Example("openai_agents", "openai-agents 0.24.0", "openai_agents"),
    Example("pydantic_ai", "pydantic-ai-slim 2.68.0", "pydantic_ai"),
    # Claude Code refuses to run as root unless it is told that this is a sandbox.
    Example(
        "claude_agent_sdk", "claude-agent-sdk 0.2.187", "claude_agent_sdk", (("IS_SANDBOX", "1"),)
    ),
)


def facts_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FACTS.read_text())[name]
    return found


def build(example: Example, *, extra: str = "") -> Path:
    """
    The environment's Python.  Quick when nothing changed.  Raises `BuildError`.

    With `extra`, one of Quarterdeck's own (`workflow`), it is an environment of its own.
    """
    folder = folder_of_all() / (f"{extra}_{example.name}" if extra else f"example_{example.name}")
    named = FOLDER / example.name / "requirements.txt"
    python = folder / "bin" / "python"
    made_from = hashlib.sha256()
    for path in (named, lock_of(example.lock), REPOSITORY / "pyproject.toml"):
        made_from.update(path.read_bytes())
    stamp = folder / _STAMP
    if stamp.exists() and stamp.read_text() == made_from.hexdigest():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run_installer([uv(), "venv", "--quiet", "--clear", "--python", PYTHON, str(folder)], folder)
    # Ourselves first: then the name in the requirements is there already.
    for what in (
        ["-e", f"{REPOSITORY}[{extra}]" if extra else str(REPOSITORY)],
        ["-r", str(named), "-c", str(_versions(example, folder))],
    ):
        run_installer([uv(), "pip", "install", "--quiet", "--python", str(python), *what], folder)
    stamp.write_text(made_from.hexdigest())
    return python


def _versions(example: Example, folder: Path) -> Path:
    """The lock without its hashes, and without what Quarterdeck itself needs otherwise."""
    lines = (line.split(" ")[0] for line in lock_of(example.lock).read_text().splitlines())
    ours = ("opentelemetry-", "typer==")
    pinned = [line for line in lines if "==" in line and not line.startswith(ours)]
    path = folder / "versions.txt"
    path.write_text("\n".join(pinned))
    return path


def start(example: Example, place: Place, *, python: Path, folder: Path) -> Driven:
    """As its docstring says: `python ../scripted_model python agent.py --yes`."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    settings = {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "QUARTERDECK_URL": place.server.url,
        "QUARTERDECK_API_KEY": place.key,
        **dict(example.settings),
    }
    command = [sys.executable, str(FOLDER / "scripted_model"), str(python), "agent.py", "--yes"]
    try:
        done = subprocess.run(
            command, cwd=FOLDER / example.name, env=settings, timeout=_WITHIN_S, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Driven("", None, time.monotonic() - began)
    (folder / "output").write_text(done.stdout + done.stderr)
    return Driven(done.stdout + done.stderr, done.returncode, time.monotonic() - began)
