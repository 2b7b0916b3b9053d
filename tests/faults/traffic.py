"""A sender that remembers what was acknowledged, and the check that all of it is there."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

from faults.server import ServerProcess
from receive.receiver import trace_request

SPANS = 10
"""Spans of one batch; each batch is a session of its own."""


def _session(number: int) -> dict[str, Any]:
    """The attribute's name has a dot, which no keyword has."""
    return {"session.id": f"run-{number}"}


class Sender(threading.Thread):
    """Sends batches until told to stop; a batch without an answer is sent again, as exporters
    do, so that duplicates are part of the traffic."""

    def __init__(self, server: ServerProcess, *, first: int, number: int = 10**9) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._first = first
        self._left = number
        self._stopping = threading.Event()
        self.acknowledged: list[int] = []
        self.sent = 0

    def run(self) -> None:
        number = self._first
        while not self._stopping.is_set() and self._left > 0:
            body = trace_request(SPANS, trace=number, **_session(number)).SerializeToString()
            self.sent += 1
            if self._server.post("/v1/traces", body, timeout_s=5):
                self.acknowledged.append(number)
                number += 1
                self._left -= 1
            else:
                self._stopping.wait(0.02)

    def stop(self) -> list[int]:
        self._stopping.set()
        self.join(30)
        return self.acknowledged


def check_all_there_once(server: ServerProcess, acknowledged: list[int]) -> None:
    """Through the API: every acknowledged span, and none of them twice."""
    expected = [index.to_bytes(8).hex() for index in range(1, SPANS + 1)]
    for number in acknowledged:
        assert sorted(server.spans_of(f"run-{number}")) == expected, f"run-{number}"


def check_integrity(folder: Path) -> None:
    """Of every SQLite file of a server that has ended."""
    files = [*folder.glob("data/**/*.db")]
    assert len(files) >= 2, files
    for file in files:
        with sqlite3.connect(file) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file
        db.close()
    assert not list(folder.glob("data/**/*.corrupt-*"))
