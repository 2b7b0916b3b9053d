"""The watch of canaries: what it looks at, what it keeps, and that it moves once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.jobs.release_watch import ReleaseWatch
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.sessions import Session, SessionCost, WorkflowRef
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.outcome_reads import canary_sessions, versions_seen
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import SessionFilter
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.records import environments, projects, release_checks
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.workflows.environment import Asked, Kind
from storage.records.workflow_made import make_versions

T0 = 1_790_000_000_000_000_000
S = 1_000_000_000


def scope_of(project_id: ProjectId) -> ProjectScope:
    return ProjectScope(project_id=project_id)


SCOPE = scope_of(ProjectId("acme"))


@dataclass
class World:
    records: Records
    events: EventConnection
    now_ns: int = T0 + 100 * S
    release_id: str = ""
    watches: list[ReleaseWatch] = field(default_factory=list)

    def watch(self) -> ReleaseWatch:
        return ReleaseWatch(
            records=self.records, events=self.events, scope_of=scope_of, now_ns=lambda: self.now_ns
        )

    def move(self, kind: Kind, version: int | None = None, **asked: Any) -> environments.Moved:
        self.now_ns += S
        return environments.move(
            self.records, project_id="acme", name="triage", environment="production",
            asked=Asked(kind=kind, version=version, **asked), reason="why not", by="key:ana",
            now_ns=self.now_ns,
        )  # fmt: skip

    def canary(self, **asked: Any) -> None:
        self.move("release", 1)
        self.release_id = self.move("canary", 2, share_bp=5_000, **asked).move.release_id

    def write(self, count: int, *, worse: bool = True, first: int = 0, **other: Any) -> None:
        """Half of them of each version; all of the stable one succeed, of the worse one none."""
        write_sessions(
            self.events,
            [
                SessionRow(
                    ProjectId("acme"),
                    session(n, begin_ns=self.now_ns + S, failed=worse and n % 2 == 1, **other),
                    self.now_ns,
                )
                for n in range(first, first + count)
            ],
        )
        self.now_ns += 3600 * S

    @property
    def state(self) -> environments.EnvironmentState:
        found = environments.state_of(
            self.records, project_id="acme", name="triage", environment="production"
        )
        assert found is not None
        return found

    @property
    def check(self) -> release_checks.Check:
        found = release_checks.newest_checks(
            self.records, project_id="acme", release_ids=[self.release_id]
        )
        return found[self.release_id]


def session(number: int, *, begin_ns: int, failed: bool, **other: Any) -> Session:
    begin_ns += number * S
    told: dict[str, Any] = {
        "workflow": WorkflowRef(
            name="triage", version=str(1 + number % 2), environment="production"
        ),
        "status": "closed",
        "ended_ns": begin_ns + S,
        "outcome": Outcome(label="failure" if failed else "success", source="agent"),
        "cost": SessionCost(total_usd=Decimal("0.01")),
        **other,
    }
    return Session(session_id=f"s-{number}", started_ns=begin_ns, last_seen_ns=begin_ns + S, **told)


@pytest.fixture
def world(tmp_path: Path, chdb_database: EventConnection) -> Iterator[World]:
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}")
    projects.create_project(records, project_id="acme", now_ns=T0)
    make_versions(records, 3)
    yield World(records, chdb_database)
    records.close()


def test_a_worse_version_is_rolled_back_by_the_watch_with_its_reasons(world: World) -> None:
    world.canary(auto=True)
    watch = world.watch()
    watch.run()
    assert world.check.verdict == "not_enough_data"
    assert world.state.state.candidate == 2
    world.write(200)
    watch.run()
    state = world.state
    assert (state.state.stable, state.state.candidate) == (1, None)
    made = state.newest
    assert (made.kind, made.by, made.release_id) == ("rollback", "watch", world.release_id)
    assert "completion: v2 0 % of 100, v1 100 % of 100" in made.reason
    assert made.evidence["verdict"] == "worse"
    assert "curve" not in made.evidence
    assert world.check.verdict == "worse"
    assert world.check.evidence["curve"]
    watch.run()
    assert world.state.revision == state.revision
    text = watch.render()
    assert 'quarterdeck_canary_moves_total{kind="rollback",result="done"} 1' in text
    assert "quarterdeck_canaries 0" in text
    assert 'quarterdeck_canary_looks_total{action="none"} 1' in text


def test_without_auto_and_while_held_it_tells_and_does_nothing(world: World) -> None:
    world.canary()
    world.write(200)
    watch = world.watch()
    watch.run()
    revision = world.state.revision
    assert world.check.evidence["action"] == "rollback"
    world.move("hold")
    world.move("resume", auto=True)
    world.move("hold")
    watch.run()
    assert world.state.revision == revision + 3
    assert world.state.state.held
    world.move("resume")
    watch.run()
    assert (world.state.newest.kind, world.state.newest.by) == ("rollback", "watch")


def test_of_two_replicas_one_moves_and_a_person_who_was_first_is_right(world: World) -> None:
    world.canary(auto=True)
    world.write(200)
    one, other = world.watch(), world.watch()
    real = environments.move
    # The other replica looks and moves while this one has looked and not yet moved.
    entered: list[int] = []

    def beside(records: Records, **asked: Any) -> environments.Moved:
        if not entered:
            entered.append(1)
            other.run()
        return real(records, **asked)

    environments.move = beside
    try:
        one.run()
    finally:
        environments.move = real
    moves = environments.list_moves(
        world.records, project_id="acme", name="triage", environment="production"
    )
    assert [move.kind for move in moves] == ["rollback", "canary", "release"]
    assert 'result="late"} 1' in one.render()
    assert 'result="done"} 1' in other.render()
    assert "quarterdeck_canary_errors_total 0" in one.render()


def test_a_good_version_is_promoted_unless_it_was_tampered_with(world: World) -> None:
    """Its bytes are read before anything points at it: these versions have none."""
    world.canary(auto=True, rule={"limit": -0.5})
    world.write(200, worse=False)
    watch = world.watch()
    watch.run()
    assert world.check.evidence["action"] == "promote"
    assert world.state.state.candidate == 2
    text = watch.render()
    assert 'quarterdeck_canary_moves_total{kind="promote",result="failed"} 1' in text
    assert "quarterdeck_canary_errors_total 1" in text
    # It is tried again, and not forgotten.
    watch.run()
    assert "quarterdeck_canary_errors_total 2" in watch.render()


def test_nothing_new_is_not_worked_out_again_and_a_correction_is(world: World) -> None:
    world.canary()
    world.write(60)
    watch = world.watch()
    watch.run()
    first = world.check
    world.now_ns += S
    watch.run()
    assert world.check == first
    begin_ns = first.at_ns - 3600 * S + S
    corrected = session(1, begin_ns=begin_ns, failed=False)
    write_sessions(world.events, [SessionRow(ProjectId("acme"), corrected, world.now_ns)])
    watch.run()
    assert world.check.at_ns == world.now_ns
    was, now = (one.evidence["metrics"][0]["candidate"]["value"] for one in (first, world.check))
    assert (was, now) == (0, 1 / 30)


def test_only_sessions_of_the_canary_count(world: World) -> None:
    world.write(10, first=1_000)  # before it began
    world.canary()
    counted: list[dict[str, Any]] = [
        {},
        {"status": "open", "ended_ns": None},
        {"outcome": Outcome()},
    ]
    for number, other in enumerate(counted):
        world.write(2, first=10 * number, **other)
    elsewhere = WorkflowRef(name="triage", version="2", environment="staging")
    left_out: list[dict[str, Any]] = [
        {"status": "open", "ended_ns": None, "outcome": Outcome()},
        {"experiment": True},
        {"workflow": elsewhere},
        {"workflow": WorkflowRef(name="other", version="2", environment="production")},
        {"workflow": WorkflowRef(name="triage", version="3", environment="production")},
    ]
    for number, other in enumerate(left_out):
        world.write(2, first=100 + 10 * number, **other)
    release = release_checks.find_release(
        world.records, project_id="acme", release_id=world.release_id
    )
    asked: dict[str, Any] = {
        "workflow": "triage", "environment": "production", "until_ns": world.now_ns,
    }  # fmt: skip
    found = canary_sessions(world.events, SCOPE, release.canary, **asked)
    assert [one.session_id for one in found] == ["s-0", "s-1", "s-10", "s-11", "s-20", "s-21"]
    assert [one.candidate for one in found] == [False, True] * 3
    assert [one.outcome for one in found[1::2]] == ["failure", "failure", "unknown"]
    assert found[0].cost_usd == Decimal("0.01")
    twin = scope_of(ProjectId("twin"))
    assert canary_sessions(world.events, twin, release.canary, **asked) == []
    seen = versions_seen(world.events, SCOPE, SessionFilter(workflow=("triage",)))
    assert {one.version: one.environments for one in seen} == {
        "1": ["production"], "2": ["production", "staging"], "3": ["production"],
    }  # fmt: skip


def test_a_cost_that_is_known_in_part_is_not_known(world: World) -> None:
    world.canary()
    world.write(2, cost=SessionCost(total_usd=Decimal("0.01"), unpriced_calls=1))
    world.watch().run()
    cost = world.check.evidence["metrics"][2]
    assert cost["metric"] == "cost_per_success"
    assert (cost["stable"]["n"], cost["stable"]["value"]) == (0, None)


def test_a_canary_that_can_not_be_looked_at_holds_up_no_other(world: World) -> None:
    """As one whose rule a later version of ours wrote."""
    world.canary(auto=True, rule={"made": "later"})
    projects.create_project(world.records, project_id="zeta", now_ns=T0)
    make_versions(world.records, 2, project_id="zeta")
    release_id = ""
    for kind, version, share in (("release", 1, None), ("canary", 2, 100)):
        release_id = environments.move(
            world.records, project_id="zeta", name="triage", environment="production",
            asked=Asked(kind=kind, version=version, share_bp=share),  # type: ignore[arg-type]
            reason="why not", by="key:ana", now_ns=world.now_ns,
        ).move.release_id  # fmt: skip
    watch = world.watch()
    watch.run()
    text = watch.render()
    assert "quarterdeck_canary_errors_total 1" in text
    assert "quarterdeck_canaries 2" in text
    found = release_checks.newest_checks(world.records, project_id="zeta", release_ids=[release_id])
    assert found[release_id].verdict == "not_enough_data"
