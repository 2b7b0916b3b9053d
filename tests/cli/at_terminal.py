"""A command on a terminal of its own, and somebody who reads and types."""

import os
import re
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

COLUMNS = 80
ANSWER_WITHIN_S = 90.0
"""For the next thing to appear; what is waited for takes seconds on an idle machine."""

END_WITHIN_S = 300.0
"""For all that is left; the longest takes half a minute on an idle machine."""


class Terminal:
    """What was printed so far is `text`, without the terminal's carriage returns."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self._process = process
        self._keyboard = keyboard
        self._seen = 0
        self.text = ""

    def until(self, pattern: str) -> str:
        """Read on until `pattern` appears after what was matched before; what matched."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while (found := re.compile(pattern).search(self.text, self._seen)) is None:
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.text}"
            assert self._read(), f"it ended without {pattern!r}:\n{self.text}"
        self._seen = found.end()
        return found[0]

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def ends(self, *, answering: dict[str, str] | None = None) -> int:
        """
        Read to the end, and type what `answering` has for a pattern, as often as it appears.

        The exit code.
        """
        deadline = time.monotonic() + END_WITHIN_S
        while self._read():
            assert time.monotonic() < deadline, f"it goes on and on:\n{self.text}"
            for pattern, keys in (answering or {}).items():
                if found := re.compile(pattern).search(self.text, self._seen):
                    self._seen = found.end()
                    self.type(keys)
        return self._process.wait(timeout=ANSWER_WITHIN_S)

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self._keyboard], [], [], 0.1)[0]:
            return True
        try:
            told = os.read(self._keyboard, 65_536)
        except OSError:  # Linux's word for a terminal that nobody holds any more
            return False
        self.text += told.decode(errors="replace").replace("\r", "")
        return bool(told)


@contextmanager
def at_terminal(
    command: Sequence[str | Path], *, environment: dict[str, str], folder: Path
) -> Iterator[Terminal]:
    """`command` as somebody at a terminal of 80 columns started it.  Killed if it still runs."""
    keyboard, screen = os.openpty()
    termios.tcsetwinsize(screen, (40, COLUMNS))
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "TERM": "xterm"},
        pass_fds=[screen],
        preexec_fn=lambda: os.login_tty(screen),
    )
    os.close(screen)
    try:
        yield Terminal(process, keyboard)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(keyboard)
