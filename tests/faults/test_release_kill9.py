"""Kill -9 between any two steps of a move leaves the old state or the new one, whole."""

import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from faults import release_steps
from faults.release_steps import HERE, records_in
from faults.server import ServerProcess
from quarterdeck.memories.addresses import Address
from quarterdeck.storage.records import (
    audit,
    environments,
    memory_checkpoints,
    memory_reads,
    memory_reverts,
    memory_writes,
    projects,
    workflows,
)
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.workflows.environment import Asked
from quarterdeck.workflows.manifest import Folder

FACT = Address(environment="production", namespace="facts", key="capital")
ROUNDS = 2


def push(records: Records, project_id: str, number: int) -> None:
    """Each version pins the checkpoint `clean`."""
    text = f"""name: triage
description: version {number}
memory_checkpoint: clean
agents:
  a:
    role: worker
"""
    workflows.push_version(
        records, project_id=project_id, name="triage", by="test", now_ns=1,
        folder=Folder(files={"workflow.yaml": text.encode()}),
    )  # fmt: skip


def remember(records: Records, project_id: str, value: str) -> None:
    memory_writes.put_entries(
        records, project_id=project_id, by="key:agent", now_ns=1,
        entries=[memory_writes.NewEntry(address=FACT, value=value)],
        provenance=Provenance(session_id="s", workflow="triage", version=3),
    )  # fmt: skip


class Whole(NamedTuple):
    """All that a move changes."""

    stable: int
    candidate: int | None
    revision: int
    moves: int
    audited: int
    fact: Any
    reverts: int
    linked: bool
    """Whether the newest move names the newest revert."""


def state_of(records: Records, project_id: str) -> Whole:
    here = {**HERE, "project_id": project_id}
    found = environments.state_of(records, **here)
    assert found is not None
    reverts = memory_reverts.list_reverts(records, project_id=project_id).items
    fact = memory_reads.get_entry(records, project_id=project_id, address=FACT, now_ns=1)
    return Whole(
        stable=found.state.stable,
        candidate=found.state.candidate,
        revision=found.revision,
        moves=len(environments.list_moves(records, **here)),
        audited=len(audit.list_audit(records, project_id)),
        fact=fact.value,
        reverts=len(reverts),
        linked=found.newest.memory.get("revert_id") in [one.revert_id for one in reverts],
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Version 1, then 3 is released; 3 has learned something wrong since the checkpoint."""
    (tmp_path / "base").mkdir()
    records = records_in(tmp_path / "base")
    projects.create_project(records, project_id="acme", now_ns=1)
    for number in (1, 2, 3):
        push(records, "acme", number)
    for version in (1, 3):
        environments.move(
            records, asked=Asked(kind="release", version=version), reason="base", by="key:ana",
            now_ns=1, **HERE,
        )  # fmt: skip
    remember(records, "acme", "Paris")
    memory_checkpoints.make_checkpoint(
        records, project_id="acme", name="clean", by="key:ana", now_ns=1
    )
    remember(records, "acme", "Lyon")
    records.close()
    return tmp_path


OLD = Whole(3, None, 2, 2, 2, "Lyon", 0, False)
NEW = {
    "release": Whole(2, None, 3, 3, 3, "Lyon", 0, False),
    "canary": Whole(3, 2, 3, 3, 3, "Lyon", 0, False),
    "rollback": Whole(1, None, 3, 3, 3, "Paris", 1, True),
}


@pytest.mark.parametrize("kind", ["release", "canary", "rollback"])
def test_a_kill_between_any_two_steps_leaves_the_old_state_or_the_new_one(
    base: Path, kind: str
) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(release_steps.__file__)), str(base), kind],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    killed = int(done.stdout)
    assert killed > 10
    for step in range(killed + 1):
        records = records_in(base / f"{kind}-{step}")
        found = state_of(records, "acme")
        # The commit is the last step: whoever was killed before it did nothing.
        assert found == (NEW[kind] if step == killed else OLD), step
        if step in (0, killed // 2, killed - 1):
            # Nothing is in the way of who does it again.
            release_steps.make_move(base / f"{kind}-{step}", kind, die_at=-1)
            assert state_of(records, "acme") == NEW[kind]
        records.close()


# ------------------------------------------------------------------- a whole server


def post(server: ServerProcess, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """None where the server was gone before it answered."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/workflows/triage/{path}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            told: dict[str, Any] = json.loads(answer.read())
            return told
    except urllib.error.HTTPError as error:
        return {"status": error.code, **json.loads(error.read())}
    except OSError:
        return None


class Mover(threading.Thread):
    """Releases and rolls back as fast as it can, and begins sessions, until the server is gone."""

    def __init__(self, server: ServerProcess, first: int) -> None:
        super().__init__()
        self._server = server
        self.revision = 0
        """The last that was acknowledged."""
        self.began: dict[str, int] = {}
        self._number = first

    def run(self) -> None:
        path = "environments/production/moves"
        while True:
            for move in ({"kind": "release", "version": 3}, {"kind": "rollback"}):
                told = post(self._server, path, {**move, "reason": "again"})
                if told is None:
                    return
                if "move" in told:
                    self.revision = told["move"]["revision"]
                self._number += 1
                session = f"s-{self._number}"
                begun = post(
                    self._server, "resolve", {"environment": "production", "session_id": session}
                )
                if begun is None:
                    return
                self.began[session] = begun["version"]


@pytest.mark.real_server
def test_a_server_that_is_killed_while_it_moves_keeps_every_move_and_session_it_answered(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    records = open_records(f"sqlite:///{tmp_path / 'data' / 'records.db'}")
    projects.ensure_default_project(records, now_ns=1)
    for number in (1, 2, 3):
        push(records, "default", number)
    here = {**HERE, "project_id": "default"}
    environments.move(
        records, asked=Asked(kind="release", version=1), reason="base", by="t", now_ns=1, **here
    )
    chance = random.Random(6)
    server = ServerProcess(tmp_path)
    began: dict[str, int] = {}
    for round_ in range(ROUNDS):
        server.start()
        mover = Mover(server, first=round_ * 10_000)
        mover.start()
        time.sleep(chance.uniform(0.3, 0.6))
        server.kill()
        mover.join(30)
        began |= mover.began
        found = environments.state_of(records, **here)
        assert found is not None
        moves = environments.list_moves(records, **here, limit=5_000)
        # What was acknowledged is there; one more may have been made and not answered.
        assert mover.revision <= found.revision <= mover.revision + 1
        assert [one.revision for one in moves] == list(range(found.revision, 0, -1))
        assert len(audit.list_audit(records, "default", limit=5_000)) == found.revision
    assert len(set(began.values())) > 1
    server.start()
    again = {
        session: post(server, "resolve", {"environment": "production", "session_id": session})
        for session in began
    }
    assert {session: told and told["version"] for session, told in again.items()} == began
    server.terminate()
    records.close()
