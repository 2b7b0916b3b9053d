"""
The demo from the first session to the last: one folder, one model, one job for each task.

Raises `Misconfigured` if the language model is not installed.  What a session does and how it
ends is in `job.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import quarterdeck as qd
from quarterdeck.demo.job import Ending, Job, Person, Stage, run_session
from quarterdeck.demo.model import open_models
from quarterdeck.demo.tasks import TASKS, write_shops

FLUSH_S = 10.0
"""A server on this machine takes milliseconds; a far one is given some time."""


@contextmanager
def reporting(*, url: str) -> Iterator[None]:
    """Report to the server at `url`, with the key in QUARTERDECK_API_KEY if it wants one."""
    qd.init(
        url=url,
        service_name="quarterdeck-demo",
        workflow="day-notes",
        workflow_version="1",
        environment="demo",
        instrument=False,  # the only client here is told by hand, in model.py
        enabled=True,
    )
    try:
        yield
    finally:
        qd.flush(timeout_s=FLUSH_S)


def not_delivered() -> str:
    """Why the server does not have everything that was reported; "" if it has."""
    stats = qd.stats()
    missing = stats.rejected + stats.queued + stats.spooled + sum(stats.dropped.values())
    if stats.sent and not missing:
        return ""
    return f"{stats.sent} spans were delivered, {missing} were not. {stats.last_problem}".strip()


def run(*, folder: Path, sessions: int, person: Person, stage: Stage) -> Iterator[Ending]:
    """
    Run so many sessions, one after another, on files made in `folder`; their endings as they come.

    The first round through the tasks asks the model for its likeliest words; every further one
    has a seed of its own.  The same round says the same on the same machine.
    """
    models = open_models()
    name = secrets.token_hex(3)
    for number in range(sessions):
        around, at = divmod(number, len(TASKS))
        task = TASKS[at]
        shops = folder / f"week-{around + 1}"
        if at == 0:
            write_shops(shops)
        session_id = f"demo-{task.shop}-{name}" + (f"-{around + 1}" if around else "")
        stage.tell("", f"{number + 1} of {sessions}: {task.question}")
        job = Job(
            task,
            shops=shops,
            report=folder / "reports" / f"{session_id}.md",
            models=models,
            stage=stage,
            seed=around,
        )
        ending = run_session(job, session_id=session_id, person=person)
        stage.tell("outcome", f"{ending.label}: {ending.reason}")
        yield ending
