"""Rolling back with memory, in one transaction: what this workflow learned here, and no more."""

from typing import Any

import pytest

from quarterdeck.errors import Invalid, NotFound, QuarterdeckError
from quarterdeck.memories.addresses import Address
from quarterdeck.storage.records import environments, memory_writes, projects
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.environments import Moved
from quarterdeck.storage.records.memory_checkpoints import make_checkpoint
from quarterdeck.storage.records.memory_reads import get_entry
from quarterdeck.storage.records.memory_reverts import list_reverts, undo_revert
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.workflows.environment import Asked, Kind
from storage.records.workflow_made import NOW, make_versions

HERE: dict[str, Any] = {"project_id": "acme", "name": "triage", "environment": "production"}


@pytest.fixture(autouse=True)
def three_versions(records: Records) -> None:
    """Version 1 pins the checkpoint `clean`, version 2 one that nobody made, version 3 none."""
    projects.create_project(records, project_id="acme", now_ns=NOW)
    make_versions(records, 3, checkpoints={1: "clean", 2: "lost"})
    make_versions(records, 1, name="other")


def move(records: Records, kind: Kind, version: int | None = None, **other: Any) -> Moved:
    asked = Asked(kind=kind, version=version, share_bp=other.pop("share_bp", None))
    told: dict[str, Any] = {"reason": "why not", "by": "key:ana", "now_ns": NOW, **other}
    return environments.move(records, asked=asked, **{**HERE, **told})


def write(records: Records, key: str, value: str, *, version: int = 2, **other: str) -> None:
    """By a session of the workflow in production, unless said otherwise."""
    memory_writes.put_entries(
        records,
        project_id="acme",
        entries=[
            memory_writes.NewEntry(
                address=Address(
                    environment=other.get("environment", "production"), namespace="facts", key=key
                ),
                value=value,
            )
        ],
        provenance=Provenance(
            session_id="s-1", workflow=other.get("workflow", "triage"), version=version
        ),
        by="key:agent",
        now_ns=NOW,
    )


def value_of(records: Records, key: str, environment: str = "production") -> Any:
    try:
        return get_entry(
            records, project_id="acme", now_ns=NOW,
            address=Address(environment=environment, namespace="facts", key=key),
        ).value  # fmt: skip
    except NotFound:
        return None


def learn(records: Records) -> None:
    """A clean fact before the checkpoint, a poisoned one after it; and others' facts."""
    write(records, "capital", "Paris", version=1)
    make_checkpoint(records, project_id="acme", name="clean", by="key:ana", now_ns=NOW)
    write(records, "capital", "Lyon")
    write(records, "new", "x")
    write(records, "capital", "Rome", environment="staging")
    write(records, "theirs", "y", workflow="other")


def test_a_rollback_restores_the_checkpoint_that_the_version_pins(records: Records) -> None:
    move(records, "release", 1)
    move(records, "release", 3)
    learn(records)
    plan = environments.plan_move(records, asked=Asked(kind="rollback"), **HERE)
    assert plan.memory == {
        "checkpoint": "clean",
        "why": "version 1 names the checkpoint 'clean': what triage wrote in production since then "
        "is hidden",
        "revert_id": "",
        "writes": 2,
        "entries": 2,
        "stays": 0,
        "readers": 0,
    }
    assert value_of(records, "capital") == "Lyon"
    moved = move(records, "rollback", reason="poisoned")
    assert moved.plan.memory == {**plan.memory, "revert_id": moved.move.memory["revert_id"]}
    assert (value_of(records, "capital"), value_of(records, "new")) == ("Paris", None)
    # What others learned, and this workflow elsewhere, stays.
    assert value_of(records, "capital", "staging") == "Rome"
    assert value_of(records, "theirs") == "y"
    [revert] = list_reverts(records, project_id="acme").items
    assert (revert.revert_id, revert.reason, revert.by) == (
        moved.move.memory["revert_id"], "poisoned", "key:ana",
    )  # fmt: skip
    assert environments.list_moves(records, **HERE)[0].memory == moved.plan.memory
    undo_revert(records, project_id="acme", revert_id=revert.revert_id, by="key:ana", now_ns=NOW)
    assert value_of(records, "capital") == "Lyon"


@pytest.mark.parametrize(
    ("memory", "capital", "new"),
    [("keep", "Lyon", "x"), ("pinned", "Paris", None), ("clean", "Paris", None)],
)
def test_who_rolls_back_may_say_what_becomes_of_memory(
    records: Records, memory: str, capital: str, new: str | None
) -> None:
    move(records, "release", 1)
    move(records, "release", 3)
    learn(records)
    moved = move(records, "rollback", memory=memory)
    assert (value_of(records, "capital"), value_of(records, "new")) == (capital, new)
    assert bool(moved.move.memory) == (memory != "keep")


def test_a_canary_takes_its_memory_along_only_where_somebody_says_so(records: Records) -> None:
    move(records, "release", 1)
    move(records, "canary", 2, share_bp=1_000)
    learn(records)
    write(records, "kept", "by the stable version", version=1)
    moved = move(records, "rollback")
    assert moved.plan.memory is not None
    assert "also what the candidate wrote" in moved.plan.memory["why"]
    assert value_of(records, "capital") == "Lyon"
    move(records, "canary", 2, share_bp=1_000)
    moved = move(records, "rollback", memory="written")
    assert moved.plan.memory is not None
    assert moved.plan.memory["writes"] == 2
    assert (value_of(records, "capital"), value_of(records, "new")) == ("Paris", None)
    assert value_of(records, "kept") == "by the stable version"


def test_a_checkpoint_that_is_not_there_stops_who_asked_for_it_and_nobody_else(
    records: Records,
) -> None:
    for version in (2, 3, 1):
        move(records, "release", version)
    with pytest.raises(Invalid, match="version 3 of 'triage' names no checkpoint"):
        move(records, "rollback", memory="pinned")
    with pytest.raises(NotFound, match="no checkpoint 'nowhere'"):
        move(records, "rollback", memory="nowhere")
    plain = move(records, "rollback")
    assert plain.plan.memory is not None
    assert plain.plan.memory["why"] == "version 3 names no checkpoint: memory stays"
    with pytest.raises(NotFound, match="no checkpoint 'lost'"):
        move(records, "rollback", memory="pinned")
    # The environment stayed where it was each time.
    assert [one.revision for one in environments.list_moves(records, **HERE)] == [4, 3, 2, 1]
    unmade = move(records, "rollback")
    assert unmade.environment.state.stable == 2
    assert unmade.plan.memory is not None
    assert "'lost', which is not there" in unmade.plan.memory["why"]


def test_a_rollback_that_fails_leaves_memory_too(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(records, "release", 1)
    move(records, "release", 3)
    learn(records)

    def broken(*_: object, **__: object) -> None:
        raise QuarterdeckError("the audit is full")

    # The last thing that happens in the transaction.
    monkeypatch.setattr("quarterdeck.storage.records.audit.add_audit", broken)
    with pytest.raises(QuarterdeckError, match="the audit is full"):
        move(records, "rollback")
    assert value_of(records, "capital") == "Lyon"
    assert list_reverts(records, project_id="acme").items == []
    assert len(environments.list_moves(records, **HERE)) == 2
