"""Which version a session began with, on SQLite and on PostgreSQL."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from quarterdeck.storage.records import projects
from quarterdeck.storage.records.assignments import (
    IDLE_NS,
    Assigned,
    Assignments,
    Key,
    remove_idle,
)
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.workflow_tables import WORKFLOW_ASSIGNMENTS
from storage.records.workflow_made import NOW, make_versions

OLD = Assigned(1, "stable", "")
NEW = Assigned(2, "candidate", "rel_1")
DAY = 86_400_000_000_000


@pytest.fixture(autouse=True)
def workflow(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    make_versions(records, 2)


def key(session_id: str = "s-1") -> Key:
    return Key("acme", "acme-triage", "production", session_id)


def count(records: Records) -> int:
    with records.reading() as connection:
        return connection.execute(
            select(func.count()).select_from(WORKFLOW_ASSIGNMENTS)
        ).scalar_one()


def given(kept: Assignments, wanted: Assigned, *, now_ns: int = NOW, key: Key = key()) -> Assigned:  # noqa: B008  # a value
    """As a resolve asks: what needs no waiting first."""
    return (
        kept.known(key, now_ns=now_ns)
        or kept.try_first(key, wanted, now_ns=now_ns)
        or kept.first(key, lambda _: wanted, now_ns=now_ns)
    )


def test_the_first_answer_wins_over_all_later_ones(records: Records) -> None:
    kept = Assignments(records)
    assert given(kept, OLD) == OLD
    assert given(kept, NEW) == OLD
    assert given(kept, NEW, key=key("s-2")) == NEW
    # Also after a restart, and with waiting.
    again = Assignments(records)
    assert again.known(key(), now_ns=NOW) is None
    assert given(again, NEW) == OLD
    assert Assignments(records).first(key(), lambda _: NEW, now_ns=NOW) == OLD
    assert count(records) == 2


def test_two_replicas_that_answer_first_at_once_give_the_same(
    records: Records, records_url: str
) -> None:
    """Each thinks of another version for each session, since one knows of a move earlier."""
    sessions = 40
    barrier = threading.Barrier(2)
    answers: dict[Assigned, list[Assigned]] = {OLD: [], NEW: []}

    def replica(wanted: Assigned) -> None:
        mine = open_records(records_url)
        kept = Assignments(mine)
        for number in range(sessions):
            barrier.wait(20)
            answers[wanted].append(given(kept, wanted, key=key(f"s-{number}")))
        mine.close()

    threads = [threading.Thread(target=replica, args=(wanted,)) for wanted in (OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers[OLD] == answers[NEW]
    assert len(answers[OLD]) == sessions == count(records)


def test_who_writes_meanwhile_is_waited_for_and_not_told_as_an_error(records: Records) -> None:
    if records.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    kept = Assignments(records)
    with records.writing():
        assert kept.try_first(key(), OLD, now_ns=NOW) is None
    assert kept.try_first(key(), OLD, now_ns=NOW) == OLD


def test_what_was_answered_outlives_kill_9(records: Records, records_url: str) -> None:
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from quarterdeck.storage.records.assignments import Assigned, Assignments, Key
from quarterdeck.storage.records.connection import open_records
kept = Assignments(open_records({records_url!r}))
key, wanted = Key("acme", "acme-triage", "production", "s-1"), Assigned(2, "candidate", "rel_1")
assert kept.try_first(key, wanted, now_ns={NOW}) or kept.first(key, lambda _: wanted, now_ns={NOW})
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == -9
    assert given(Assignments(records), OLD) == NEW


def test_a_session_that_nobody_resolved_for_long_is_forgotten(records: Records) -> None:
    kept = Assignments(records)
    for number in range(1_500):
        given(kept, OLD, key=key(f"s-{number}"))
    later = NOW + IDLE_NS - DAY
    # Resolved again meanwhile: by this server, and by one that has to read it.
    given(kept, OLD, key=key("s-7"), now_ns=later)
    assert Assignments(records).first(key("s-8"), lambda _: OLD, now_ns=later) == OLD
    assert remove_idle(records, now_ns=NOW + IDLE_NS) == 0
    assert remove_idle(records, now_ns=NOW + IDLE_NS + DAY) == 1_498
    assert count(records) == 2
    assert remove_idle(records, now_ns=later + IDLE_NS + 1) == 2


def test_a_checkpoint_takes_in_what_was_written_without_waiting(
    records: Records, records_url: str
) -> None:
    records.checkpoint()
    if records.engine.dialect.name != "sqlite":
        return
    kept = Assignments(records)
    for number in range(100):
        given(kept, OLD, key=key(f"s-{number}"))
    records.checkpoint()
    file = Path(records_url.removeprefix("sqlite:///"))
    alone = file.with_name("copy.db")
    alone.write_bytes(file.read_bytes())  # the file, without what is written ahead
    copied = sqlite3.connect(alone)
    assert copied.execute("SELECT count(*) FROM workflow_assignments").fetchone() == (100,)
    copied.close()
