"""
Runs the jobs that nobody asks for: each at its interval, one after the other, in one thread.

A job that fails is logged and counted and runs again at its next time; it never stops the
others.  `stop` waits for the job that is running.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    name: str
    every_s: float
    run: Callable[[], object]


class Clockwork:
    """Start once; `stop` before `start` and twice are fine.  `failed` gets a failed job's name."""

    def __init__(self, jobs: Sequence[Job], *, failed: Callable[[str], None]) -> None:
        self._jobs = tuple(jobs)
        self._failed = failed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        due = {job.name: time.monotonic() + job.every_s for job in self._jobs}
        while not self._stopping.is_set():
            for job in self._jobs:
                if time.monotonic() >= due[job.name] and not self._stopping.is_set():
                    self._run_one(job)
                    due[job.name] = time.monotonic() + job.every_s
            soonest = min(due.values(), default=time.monotonic() + 1)
            self._stopping.wait(max(0.05, soonest - time.monotonic()))

    def _run_one(self, job: Job) -> None:
        try:
            job.run()
        except Exception:  # noqa: BLE001 - the rim of all jobs
            self._failed(job.name)
            _log.exception("the job %s failed; it runs again in %s s", job.name, job.every_s)
