"""Releases with what the watch found, and outcomes by version, as people read them."""

from typing import Any

import httpx

from api.conftest import HOUR, World, bearer
from jobs.test_release_watch import session
from quarterdeck.jobs.release_watch import ReleaseWatch
from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.records import environments
from quarterdeck.workflows.environment import Asked
from storage.records.workflow_made import digest_of, make_versions


def begin(world: World, **asked: Any) -> str:
    """A canary of version 2 in production: its release's id."""
    make_versions(world.records, 3)
    made = ""
    for move in (
        Asked(kind="release", version=1),
        Asked(kind="canary", version=2, share_bp=2_500, **asked),
    ):
        made = environments.move(
            world.records, project_id="acme", name="triage", environment="production", asked=move,
            reason="a try", by="key:ana", now_ns=world.clock(),
        ).move.release_id  # fmt: skip
    return made


def fill(world: World, count: int) -> None:
    """Half of the sessions of each version; those of the candidate fail."""
    sessions = [session(n, begin_ns=world.clock(), failed=n % 2 == 1) for n in range(count)]
    write_sessions(
        world.events, [SessionRow(ProjectId("acme"), one, world.clock()) for one in sessions]
    )
    world.clock.forward(HOUR)


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def watching(world: World) -> ReleaseWatch:
    return ReleaseWatch(
        records=world.records,
        events=world.events,
        scope_of=lambda project_id: ProjectScope(project_id=project_id),
        now_ns=world.clock,
    )


async def test_a_release_shows_how_it_stands_and_what_was_found(world: World) -> None:
    release_id = begin(world, sticky_by="session", auto=True)
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        # Nobody looked yet: it is worked out for who asks.
        early = await get(client, f"releases/{release_id}")
        assert (early["state"], early["verdict"]) == ("running", "not_enough_data")
        assert early["watch"]["why"].startswith("0 known outcomes")
        fill(world, 200)
        watching(world).run()
        shown = await get(client, f"releases/{release_id}")
        assert (shown["state"], shown["verdict"], shown["share"]) == ("rolled_back", "worse", 0.25)
        assert shown["stable"] == {"version": 1, "digest": digest_of(1)}
        assert shown["candidate"] == {"version": 2, "digest": digest_of(2)}
        assert [move["kind"] for move in shown["moves"]] == ["rollback", "canary"]
        assert shown["moves"][0]["by"] == "watch"
        assert shown["ended_at"] is not None
        watch = shown["watch"]
        assert watch["action"] == "rollback"
        assert shown["moves"][0]["reason"] == watch["why"]
        assert watch["sessions"] == {"stable": 100, "candidate": 100}
        [completion] = [one for one in watch["metrics"] if one["metric"] == "completion"]
        assert (completion["stable"]["value"], completion["stable"]["n"]) == (1, 100)
        assert completion["difference"]["high"] < 0
        assert completion["difference"]["level"] == 0.025
        assert watch["curve"][-1]["n_candidate"] <= 100
        assert "Roll back v2" in watch["rule"]
        listed = await get(client, "releases", workflow="triage", environment="production")
        assert [row["release_id"] for row in listed["releases"]] == [release_id]
        assert listed["releases"][0].items() <= shown.items()
        assert (await get(client, "releases", environment="staging"))["releases"] == []


async def test_what_is_not_there_or_another_projects_is_not_found(world: World) -> None:
    release_id = begin(world)
    async with world.client(headers=bearer(world.key("twin", "read"))) as client:
        for wanted in (release_id, "rel_x"):
            assert (await client.get(f"/api/v1/releases/{wanted}")).status_code == 404
        assert (await get(client, "releases"))["releases"] == []
        assert (await get(client, "workflows/triage/outcomes"))["versions"] == []
        assert (await client.get("/api/v1/releases?limit=0")).status_code == 422
        bad = await client.get("/api/v1/workflows/triage/outcomes?since=yesterday")
        assert bad.status_code == 422


async def test_outcomes_are_told_by_version_with_their_intervals(world: World) -> None:
    fill(world, 40)
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = (await get(client, "workflows/triage/outcomes"))["versions"]
        by_version = {row["version"]: row for row in told}
        assert set(by_version) == {"1", "2"}
        stable, candidate = by_version["1"], by_version["2"]
        assert (stable["sessions"], stable["known"], stable["environments"]) == (
            20, 20, ["production"],
        )  # fmt: skip
        assert (stable["completion"]["value"], candidate["completion"]["value"]) == (1, 0)
        assert stable["completion"]["interval"]["low"] < 0.9
        assert float(stable["cost_per_success"]["value"]) == 0.01
        assert candidate["cost_per_success"]["value"] is None
        assert stable["quality"]["value"] is None
        assert stable["first_at"] < stable["last_at"]
        there = await get(client, "workflows/triage/outcomes", environment="production")
        assert there["versions"] == told
        elsewhere = await get(client, "workflows/triage/outcomes", environment="staging")
        assert elsewhere["versions"] == []
        world.clock.forward(48 * HOUR)
        assert (await get(client, "workflows/triage/outcomes", since="24h"))["versions"] == []
