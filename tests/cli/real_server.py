"""A real server in a process of its own, as `quarterdeck up` starts it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

READY_WITHIN_S = 60.0
"""It takes two; a machine that runs everything else at once is given more."""

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def serving(
    data: Path, *, command: Sequence[str | Path] = (), environment: dict[str, str] | None = None
) -> Iterator[str]:
    """
    The address of a server on `data`, ready.  Ports are the system's choice.

    It is stopped with SIGTERM at the end, and has to leave by itself within 20 s.
    """
    told = environment or {
        name: value for name, value in os.environ.items() if not name.startswith("QUARTERDECK_")
    }
    log = data.with_suffix(".log")
    run = command or (sys.executable, "-m", "quarterdeck.cli.main")
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*run, "up", "--port=0", "--grpc-port=0", f"--data={data}"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=told,
        )
        try:
            yield _address(log, server)
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
                raise


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    """What the server prints, once it answers there.  Raises `AssertionError` if it stops."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        found = ADDRESS.search(log.read_text())
        if found and _is_ready(found[0]):
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"not ready within {READY_WITHIN_S:.0f} s:\n{log.read_text()}")


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
