"""Releases are their moves, and of what the watch found the last of each verdict is kept."""

from typing import Any

import pytest
from sqlalchemy import select

from quarterdeck.errors import NotFound
from quarterdeck.storage.records import environments, projects
from quarterdeck.storage.records import release_checks as checks
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.workflow_tables import RELEASE_CHECKS
from quarterdeck.workflows.environment import Asked, Kind
from storage.records.workflow_made import NOW, digest_of, make_versions


@pytest.fixture(autouse=True)
def three_versions(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)
        make_versions(records, 3, project_id=project_id)


class Moves:
    """Moves in an environment, a second apart."""

    def __init__(self, records: Records, *, project_id: str = "acme", where: str = "production"):
        self.records, self.project_id, self.where = records, project_id, where
        self.at_ns = NOW

    def __call__(self, kind: Kind, version: int | None = None, **asked: Any) -> str:
        self.at_ns += 1_000_000_000
        return environments.move(
            self.records,
            project_id=self.project_id,
            name="triage",
            environment=self.where,
            asked=Asked(kind=kind, version=version, **asked),
            reason="why not",
            by="key:ana",
            now_ns=self.at_ns,
        ).move.release_id


def find(records: Records, release_id: str, project_id: str = "acme") -> checks.Release:
    return checks.find_release(records, project_id=project_id, release_id=release_id)


def test_a_release_is_the_moves_that_began_changed_and_ended_it(records: Records) -> None:
    move = Moves(records)
    move("release", 1)
    release_id = move("canary", 2, share_bp=1_000, sticky_by="user", rule={"limit": -0.1})
    move("share", share_bp=3_000, auto=True)
    found = find(records, release_id)
    assert (found.state, found.ended_ns) == ("running", None)
    assert (found.workflow, found.environment) == ("triage", "production")
    assert [one.kind for one in found.moves] == ["canary", "share"]
    assert found.began.at_ns == NOW + 2_000_000_000
    canary = found.canary
    assert (canary.stable, canary.candidate, canary.sticky_by) == (1, 2, "user")
    assert (canary.auto, canary.since_ns) == (True, found.began.at_ns)
    assert (found.now.share_bp, found.now.rule) == (3_000, {"limit": -0.1})
    move("hold")
    assert find(records, release_id).state == "held"
    move("resume")
    assert find(records, release_id).state == "running"
    move("promote")
    done = find(records, release_id)
    assert (done.state, done.ended_ns) == ("promoted", move.at_ns)
    assert done.canary == canary
    assert done.now.kind == "resume"
    digests = checks.digests_of(records, project_id="acme", releases=[done])
    assert digests == {("acme-triage", 1): digest_of(1), ("acme-triage", 2): digest_of(2)}


def test_a_release_ends_by_rollback_or_when_another_version_is_released(records: Records) -> None:
    move = Moves(records)
    move("release", 1)
    first = move("canary", 2, share_bp=1_000)
    move("rollback")
    assert (find(records, first).state, find(records, first).ended_ns) == (
        "rolled_back",
        move.at_ns,
    )
    second = move("canary", 2, share_bp=1_000)
    move("release", 3)
    ended = find(records, second)
    assert (ended.state, ended.ended_ns) == ("superseded", move.at_ns)
    assert find(records, first).state == "rolled_back"


def test_releases_are_listed_last_begun_first(records: Records) -> None:
    production, staging = Moves(records), Moves(records, where="staging")
    staging.at_ns += 10_000_000_000
    for move in (production, staging):
        move("release", 1)
    ids = [production("canary", 2, share_bp=1_000)]
    production("rollback")
    ids.append(production("canary", 3, share_bp=1_000))
    ids.append(staging("canary", 2, share_bp=1_000))

    def listed(**asked: Any) -> list[str]:
        found = checks.list_releases(records, project_id="acme", **asked)
        return [one.release_id for one in found]

    assert listed() == ids[::-1]
    assert listed(limit=2) == ids[:0:-1]
    assert listed(environment="production") == ids[1::-1]
    assert listed(workflow="triage", environment="staging") == ids[2:]
    assert listed(workflow="other") == []
    assert checks.list_releases(records, project_id="twin") == []


def test_another_projects_release_is_not_there(records: Records) -> None:
    move = Moves(records)
    move("release", 1)
    release_id = move("canary", 2, share_bp=1_000)
    for project_id, wanted in (("twin", release_id), ("acme", "rel_x"), ("acme", "\x00")):
        with pytest.raises(NotFound, match="no release"):
            find(records, wanted, project_id)
    with pytest.raises(NotFound, match="no release"):
        find(records, "")


def test_the_watch_sees_the_canaries_of_all_projects_and_no_others(records: Records) -> None:
    here, there = Moves(records), Moves(records, project_id="twin")
    staging = Moves(records, where="staging")
    for move in (here, there, staging):
        move("release", 1)
    assert checks.with_canaries(records) == []
    mine = here("canary", 2, share_bp=1_000)
    theirs = there("canary", 2, share_bp=1_000)
    staging("canary", 2, share_bp=1_000)
    staging("promote")
    there("hold")
    assert checks.with_canaries(records) == [("acme", mine), ("twin", theirs)]
    here("rollback")
    assert checks.with_canaries(records) == [("twin", theirs)]


def check(records: Records, at_ns: int, verdict: str, **evidence: Any) -> None:
    checks.add_check(
        records, project_id="acme", workflow_id="acme-triage", release_id="rel_1",
        verdict=verdict, evidence=evidence, at_ns=at_ns,
    )  # fmt: skip


def newest(records: Records) -> checks.Check | None:
    found = checks.newest_checks(records, project_id="acme", release_ids=["rel_1", "rel_2"])
    assert set(found) <= {"rel_1"}
    return found.get("rel_1")


def test_of_checks_with_one_verdict_the_last_is_kept(records: Records) -> None:
    assert newest(records) is None
    for at_ns, verdict in enumerate(["not_enough_data"] * 3 + ["worse", "worse", "better"], 1):
        check(records, at_ns, verdict, seen=at_ns)
        assert newest(records) == (at_ns, verdict, {"seen": at_ns})
    with records.reading() as connection:
        columns = RELEASE_CHECKS.c
        kept = connection.execute(select(columns.at_ns, columns.verdict).order_by(columns.at_ns))
        assert [tuple(row) for row in kept] == [
            (3, "not_enough_data"),
            (5, "worse"),
            (6, "better"),
        ]


def test_a_look_that_comes_late_changes_nothing(records: Records) -> None:
    check(records, 5, "worse")
    check(records, 4, "better")
    check(records, 5, "better", again=True)
    assert newest(records) == (5, "better", {"again": True})
