"""
A server for the demo: the one that answers already, or one started here on the data folder.

A server started here is a process of its own, in a session of its own: Ctrl-C at the terminal
reaches the demo alone, which then still has somewhere to report to.  It is stopped when the
context ends.  Nothing is started where somebody named a server that does not answer.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from quarterdeck.errors import Misconfigured, TryAgain
from quarterdeck.sdk.client import Client

READY_WITHIN_S = 60.0
"""It takes two seconds; a machine that is busy otherwise is given more."""

STOP_WITHIN_S = 20.0
"""The server gives open connections ten."""

_ADDRESS = re.compile(r"^Quarterdeck is at (http://\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the server is; `process` only if it was started here."""

    url: str
    process: subprocess.Popen[bytes] | None = None


def answers(client: Client) -> bool:
    """Whether a Quarterdeck is there.  Raises what it says if it won't let this key in."""
    try:
        client.get_json("/api/v1/sessions", {"limit": 1})
    except TryAgain:
        return False
    return True


@contextmanager
def started(*, data: Path | None) -> Iterator[Served]:
    """
    `quarterdeck up` in a child process, ready; stopped with SIGTERM at the end.

    It speaks HTTP only: a second listener for OTLP/gRPC, on the port that every collector wants,
    would be a reason not to start.  Raises `Misconfigured` with the server's own words if it
    does not come up.
    """
    command = [sys.executable, "-m", "quarterdeck.cli.main", "up"]
    if data is not None:
        command.append(f"--data={data}")
    with _ended_by_signals(), tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  # our own command line
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "QUARTERDECK_GRPC": "false"},
            start_new_session=True,
        )
        try:
            yield Served(url=_address(process, Path(log.name)), process=process)
        finally:
            _stop(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, once it answers there."""
    deadline = time.monotonic() + READY_WITHIN_S
    said = ""
    while time.monotonic() < deadline:
        said = log.read_text(errors="replace")
        found = _ADDRESS.search(said)
        if found is not None and answers(Client(url=found[1])):
            return found[1]
        if process.poll() is not None:
            raise Misconfigured(
                f"the demo's server did not start:\n{said.strip()}",
                hint="Then run the demo again, or start a server by hand with `quarterdeck up`.",
            )
        time.sleep(0.05)
    raise TryAgain(
        f"the demo's server was not ready within {READY_WITHIN_S:.0f} s:\n{said.strip()}",
        hint="Start one by hand with `quarterdeck up`, and run the demo when it is ready.",
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed terminal or a SIGTERM ends the demo as an exception: its server stops too."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    kept = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
