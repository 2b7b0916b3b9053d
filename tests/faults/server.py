"""A whole server as a process of its own, for faults that end processes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from receive.receiver import free_port


class ServerProcess:
    """`quarterdeck up` on one data folder; started again after each end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, wait: bool = True) -> float:
        """Seconds until it answered ready.  Without `wait`, returns at once."""
        self.port = free_port()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("QUARTERDECK_")
        }
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "quarterdeck.cli.main", "up", "--port", str(self.port),
                    "--grpc-port", str(free_port()), "--data", str(self._folder / "data"),
                ],
                stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        began = time.monotonic()
        if wait:
            self.wait_until_ready()
        return time.monotonic() - began

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while self.get("/readyz") is None:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def terminate(self) -> float:
        """SIGTERM; seconds until it ended by itself."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(60)
        assert code == 0, self.log()
        return time.monotonic() - began

    def get(self, path: str, timeout_s: float = 10.0) -> bytes | None:
        """The body of a 200; None for any other answer or none."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout_s) as answer:
                body: bytes = answer.read()
                return body
        except (urllib.error.URLError, OSError):
            return None

    def post(self, path: str, body: bytes, timeout_s: float = 10.0) -> bool:
        """Whether it was acknowledged."""
        request = urllib.request.Request(
            self.url + path, data=body, headers={"content-type": "application/x-protobuf"}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_processed(self, timeout_s: float = 60.0) -> None:
        """Until nothing acknowledged is left to store, as /metrics tells."""
        deadline = time.monotonic() + timeout_s
        while True:
            text = (self.get("/metrics") or b"").decode()
            if "\nquarterdeck_pending_items 0\n" in text:
                return
            assert time.monotonic() < deadline, text or self.log()
            time.sleep(0.05)

    def spans_of(self, session: str) -> list[str]:
        """Span ids of a session as the API shows them; [] when there is none."""
        body = self.get(f"/api/v1/sessions/{session}/spans")
        return [row["span_id"] for row in json.loads(body)["spans"]] if body else []

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-4000:]
