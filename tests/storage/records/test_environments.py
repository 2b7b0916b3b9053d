"""What runs where is the newest move, on SQLite and on PostgreSQL."""

import threading
from typing import Any

import pytest
from sqlalchemy import insert

from quarterdeck.errors import Conflict, Invalid, NotFound, QuarterdeckError
from quarterdeck.storage.records import audit, environments, projects
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.environments import Moved
from quarterdeck.storage.records.workflow_tables import RELEASE_CHECKS
from quarterdeck.workflows.environment import Asked, Kind, State
from storage.records.workflow_made import NOW, digest_of, make_versions

HERE: dict[str, Any] = {"project_id": "acme", "name": "triage", "environment": "production"}


@pytest.fixture(autouse=True)
def three_versions(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)
        make_versions(records, 3, project_id=project_id)


def move(records: Records, kind: Kind, version: int | None = None, **other: Any) -> Moved:
    asks = ("share_bp", "sticky_by", "auto", "rule", "release_id")
    asked = {name: other.pop(name) for name in asks if name in other}
    options: dict[str, Any] = {"reason": "why not", "by": "key:ana", "now_ns": NOW, **other}
    return environments.move(
        records, asked=Asked(kind=kind, version=version, **asked), **{**HERE, **options}
    )


def state(records: Records, **other: Any) -> environments.EnvironmentState | None:
    return environments.state_of(records, **{**HERE, **other})


def test_what_runs_is_the_newest_move_with_who_and_why(records: Records) -> None:
    assert state(records) is None
    move(records, "release", 1, reason="first")
    moved = move(records, "canary", 2, share_bp=1_000, sticky_by="user", by="account:b", now_ns=9)
    found = state(records)
    assert found == moved.environment
    assert found is not None
    assert found.revision == 2
    assert found.state == State(
        stable=1, candidate=2, share_bp=1_000, sticky_by="user",
        release_id=moved.move.release_id,
    )  # fmt: skip
    assert moved.move.release_id.startswith("rel_")
    assert found.digests == {1: digest_of(1), 2: digest_of(2)}
    assert (found.newest.by, found.newest.reason, found.newest.at_ns) == ("account:b", "why not", 9)


def test_every_move_is_kept_from_what_to_what(records: Records) -> None:
    move(records, "release", 1)
    canary = move(records, "canary", 2, share_bp=500)
    move(records, "share", share_bp=2_500)
    move(records, "hold")
    move(records, "resume", auto=True)
    move(records, "promote")
    move(records, "rollback", reason="worse after all")
    moves = environments.list_moves(records, **HERE)
    assert [(one.revision, one.kind) for one in moves] == [
        (7, "rollback"), (6, "promote"), (5, "resume"), (4, "hold"), (3, "share"), (2, "canary"),
        (1, "release"),
    ]  # fmt: skip
    from_to = [
        (one.before and (one.before.stable, one.before.candidate, one.before.share_bp),
         (one.stable_version, one.candidate_version, one.share_bp))
        for one in moves
    ]  # fmt: skip
    assert from_to == [
        ((2, None, 0), (1, None, 0)),
        ((1, 2, 2_500), (2, None, 0)),
        ((1, 2, 2_500), (1, 2, 2_500)),
        ((1, 2, 2_500), (1, 2, 2_500)),
        ((1, 2, 500), (1, 2, 2_500)),
        ((1, None, 0), (1, 2, 500)),
        (None, (1, None, 0)),
    ]
    assert [one.auto for one in moves] == [False, False, True, False, False, False, False]
    # Those of the canary carry its id, the one that ended it too.
    assert {one.release_id for one in moves[1:6]} == {canary.move.release_id}
    assert (moves[0].release_id, moves[6].release_id) == ("", "")
    older = environments.list_moves(records, **HERE, before_revision=3, limit=1)
    assert [one.revision for one in older] == [2]


def test_two_rollbacks_go_two_back(records: Records) -> None:
    for version in (1, 2, 3):
        move(records, "release", version)
    assert move(records, "rollback").environment.state == State(stable=2)
    assert move(records, "rollback").environment.state == State(stable=1)
    with pytest.raises(Conflict, match="no version ran there before version 1"):
        move(records, "rollback")


def test_each_move_is_audited_in_its_transaction(records: Records) -> None:
    move(records, "release", 1, reason="first")
    with pytest.raises(Conflict):
        move(records, "release", 1)
    [row] = audit.list_audit(records, "acme")
    assert (row.action, row.target, row.actor) == (
        "workflow.release",
        "triage/production",
        "key:ana",
    )
    assert row.details["reason"] == "first"
    assert row.details["stable"] == 1


def test_environments_and_projects_do_not_touch_each_other(records: Records) -> None:
    move(records, "release", 1)
    move(records, "release", 2, environment="staging")
    move(records, "release", 3, project_id="twin")
    mine = environments.list_environments(records, project_id="acme")
    assert [(one.environment, one.state.stable) for one in mine] == [
        ("production", 1),
        ("staging", 2),
    ]
    assert mine == environments.list_environments(records, project_id="acme", name="triage")
    assert environments.list_environments(records, project_id="none") == []
    move(records, "release", 3, environment="staging")
    assert state(records).state.stable == 1  # type: ignore[union-attr]  # it was released above


@pytest.mark.parametrize(
    ("kind", "version", "other", "error", "words"),
    [
        ("release", 4, {}, NotFound, "no version 4"),
        ("release", 1, {"name": "other"}, NotFound, "no workflow 'other'"),
        ("release", 1, {"environment": "a b"}, Invalid, "not an environment"),
        ("release", 1, {"environment": ""}, Invalid, "not an environment"),
        ("release", 1, {"reason": " \n"}, Invalid, "needs a reason"),
        ("release", 1, {"reason": "x" * 2_001}, Invalid, "needs a reason"),
        ("release", None, {}, Invalid, "needs a version"),
        ("release", 1, {"memory": "keep"}, Invalid, "leaves memory as it is"),
        ("release", 1, {"expected_revision": 5}, Invalid, "no revision 5"),
        ("release", 1, {"expected_revision": -1}, Invalid, "no revision -1"),
        ("canary", 1, {"share_bp": 100}, Conflict, "nothing runs there yet"),
        ("rollback", None, {}, Conflict, "no version ran there before"),
    ],
)
def test_what_can_not_be_is_refused_and_leaves_nothing(
    records: Records,
    kind: Kind,
    version: int | None,
    other: dict[str, Any],
    error: type[QuarterdeckError],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        move(records, kind, version, **other)
    assert environments.list_environments(records, project_id="acme") == []
    assert audit.list_audit(records, "acme") == []


def test_a_move_on_a_state_that_has_passed_is_told_who_was_first_and_what_they_did(
    records: Records,
) -> None:
    move(records, "release", 1)
    move(records, "release", 2, by="account:ana@example.org", reason="cheaper", now_ns=NOW)
    with pytest.raises(Conflict) as told:
        move(records, "rollback", expected_revision=1)
    assert told.value.code == "changed_meanwhile"
    for words in ("account:ana@example.org", "released version 2", "2026-09-21T", "'cheaper'"):
        assert words in told.value.message
    assert move(records, "rollback", expected_revision=2).environment.revision == 3


@pytest.mark.parametrize("told_revision", [True, False])
def test_of_moves_at_once_one_wins_and_each_other_is_told_which(
    records: Records, records_url: str, told_revision: bool
) -> None:
    move(records, "release", 1)
    racers = 6
    barrier = threading.Barrier(racers)
    ends: list[Moved | Conflict] = []

    def race(number: int) -> None:
        mine = open_records(records_url)
        try:
            barrier.wait(20)
            ends.append(
                move(
                    mine, "canary", 2 + number % 2, share_bp=100 + number, by=f"key:{number}",
                    expected_revision=1 if told_revision else None,
                )
            )  # fmt: skip
        except Conflict as error:
            ends.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    [won] = [end for end in ends if isinstance(end, Moved)]
    lost = [end for end in ends if isinstance(end, Conflict)]
    assert len(lost) == racers - 1
    found = state(records)
    assert found is not None
    assert found.newest == won.move
    assert found.revision == 2
    if told_revision:
        assert all(f"{won.move.by} gave version" in error.message for error in lost)
    assert len(audit.list_audit(records, "acme")) == 2


def test_a_plan_says_what_a_move_would_do_and_does_nothing(records: Records) -> None:
    move(records, "release", 1)
    move(records, "canary", 3, share_bp=100)
    plan = environments.plan_move(records, asked=Asked(kind="rollback"), **HERE)
    assert plan.after == State(stable=1)
    assert plan.before is not None
    assert plan.before.state.candidate == 3
    assert plan.digests == {1: digest_of(1), 3: digest_of(3)}
    assert plan.memory is not None
    assert plan.memory["writes"] == 0
    assert plan.before == state(records)
    with pytest.raises(Conflict, match="gave version 3 1 %"):
        environments.plan_move(records, asked=Asked(kind="rollback"), expected_revision=1, **HERE)


def test_a_promotion_says_what_was_known_and_whether_anything_was(records: Records) -> None:
    for verdict, without in (("", True), ("not_enough_data", True), ("better", False)):
        environment = f"e-{verdict}".rstrip("-")
        move(records, "release", 1, environment=environment)
        canary = move(records, "canary", 2, share_bp=100, environment=environment)
        if verdict:
            check(records, canary, verdict, at_ns=NOW)
            check(records, canary, "worse", at_ns=NOW - 1)
        made = move(records, "promote", environment=environment).move
        assert made.without_evidence == without, verdict
        assert made.evidence.get("verdict", "") == verdict
        details = audit.list_audit(records, "acme", limit=1)[0].details
        assert details.get("without_evidence", False) == without
    assert not move(records, "rollback", environment="e").move.without_evidence


def check(records: Records, canary: Moved, verdict: str, *, at_ns: int) -> None:
    with records.writing() as connection:
        connection.execute(
            insert(RELEASE_CHECKS).values(
                project_id="acme", release_id=canary.move.release_id, at_ns=at_ns,
                workflow_id=canary.move.workflow_id, verdict=verdict, evidence={"n": 3},
            )
        )  # fmt: skip


def test_who_remembers_what_runs_is_told_of_each_move_and_of_nothing_else(
    records: Records,
) -> None:
    before = records.moved
    move(records, "release", 1)
    after = records.moved
    assert after is not before
    with pytest.raises(Conflict):
        move(records, "release", 1)
    assert records.moved is after
