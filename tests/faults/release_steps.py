"""
A release that is killed at each of its steps: run as a program, by `test_release_kill9.py`.

    python release_steps.py FOLDER

`FOLDER/base` has records.  For each step there is one more copy of them, and a process that makes
the move with the real code and gets SIGKILL right before its n-th statement, or its commit.  Ends
when a process got through; prints how many were killed.  Forked, since starting Python is 99 % of
what a process of its own would take.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from quarterdeck.storage.records import environments
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.workflows.environment import Asked

HERE: dict[str, Any] = {"project_id": "acme", "name": "triage", "environment": "production"}
ASKED: dict[str, Asked] = {
    "release": Asked(kind="release", version=2),
    "canary": Asked(kind="canary", version=2, share_bp=1_000, release_id="rel_x"),
    "rollback": Asked(kind="rollback"),
}


def records_in(folder: Path) -> Records:
    return open_records(f"sqlite:///{folder / 'records.db'}")


def make_move(folder: Path, kind: str, *, die_at: int) -> None:
    records = records_in(folder)
    left = [die_at]

    def step(*_: object) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    for name in ("begin", "before_cursor_execute", "commit"):
        event.listen(records.engine, name, step)
    environments.move(
        records, asked=ASKED[kind], reason="a step at a time", by="key:ana", now_ns=2, **HERE
    )


def main() -> None:
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    step = 0
    while True:
        here = folder / f"{kind}-{step}"
        shutil.copytree(folder / "base", here)
        if (child := os.fork()) == 0:
            try:
                make_move(here, kind, die_at=step)
            except BaseException as error:  # noqa: BLE001  # told by its exit code
                print(error, file=sys.stderr)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        step += 1
    print(step)


if __name__ == "__main__":
    main()
