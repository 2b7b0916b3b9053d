"""Releases and rollbacks over the API, and the version that a session is told to run."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.conftest import HOUR, NOW, World, bearer
from quarterdeck.api.resolve import Resolver
from quarterdeck.storage.records import audit, environments, workflows
from quarterdeck.storage.records.connection import open_records
from quarterdeck.storage.records.workflow_tables import WORKFLOW_FILES
from quarterdeck.workflows.assign import arm_of
from quarterdeck.workflows.environment import Asked
from quarterdeck.workflows.manifest import Folder

HERE = "/api/v1/workflows/triage"
PRODUCTION = f"{HERE}/environments/production"


def folder(number: int, learned: str = "") -> Folder:
    text = f"""name: triage
description: version {number}
agents:
  a:
    instructions: a.md
"""
    if learned:
        text += f"""learned:
  tone:
    uri: models:/tone/{learned}
    digest: sha256:{number:064d}
    served_by: vllm
"""
    return Folder(files={"workflow.yaml": text.encode(), "a.md": f"You are {number}.".encode()})


@pytest.fixture(autouse=True)
def three_versions(world: World) -> None:
    for project in ("acme", "twin"):
        for number in (1, 2, 3):
            workflows.push_version(
                world.records, project_id=project, name="triage", folder=folder(number),
                tags=[f"t{number}"], by="test", now_ns=NOW,
            )  # fmt: skip


async def move(client: httpx.AsyncClient, kind: str, expect: int = 200, **told: Any) -> Any:
    path = told.pop("path", PRODUCTION)
    answer = await client.post(f"{path}/moves", json={"kind": kind, "reason": "why", **told})
    assert answer.status_code == expect, answer.text
    return answer.json() if expect == 200 else answer.json()["error"]


async def ask(client: httpx.AsyncClient, session: str = "s-1", **told: Any) -> dict[str, Any]:
    body = {"environment": "production", "session_id": session, **told}
    answer = await client.post(f"{HERE}/resolve", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def writer(world: World) -> httpx.AsyncClient:
    return world.client(headers=bearer(world.key("acme", "read", "write", "run")))


# ------------------------------------------------------------------------------- moves


async def test_a_release_is_made_by_number_tag_and_digest_and_told_whole(world: World) -> None:
    async with writer(world) as client:
        first = await move(client, "release", version=1)
        assert first["plan"]["from"] is None
        assert first["move"]["before"] is None
        digest = first["environment"]["stable"]["digest"]
        assert digest.startswith("sha256:")
        assert (await move(client, "release", version="t2"))["environment"]["stable"][
            "version"
        ] == 2
        told = await move(client, "release", version=digest[:20], reason="back to the first")
        assert told["environment"]["revision"] == 3
        assert told["plan"]["from"]["stable"]["version"] == 2
        assert told["plan"]["to"]["stable"] == {"version": 1, "digest": digest}
        shown = (await client.get(PRODUCTION)).json()
        assert shown == told["environment"]
        assert shown["by"].startswith("key:")
        assert [one["reason"] for one in shown["moves"]] == ["back to the first", "why", "why"]
        [row] = (await client.get(f"{HERE}/environments")).json()["environments"]
        assert row == {k: v for k, v in shown.items() if k not in ("moves", "next_cursor")}


async def test_a_canary_states_its_rule_whole_and_goes_through_its_life(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        rule = {"limit": -0.1, "minimum": 50}
        told = await move(
            client, "canary", version=2, share=0.1, sticky_by="user", auto=True, rule=rule
        )
        environment = told["environment"]
        assert (environment["share"], environment["sticky_by"], environment["auto"]) == (
            0.1, "user", True,
        )  # fmt: skip
        assert environment["rule"].items() >= {**rule, "level": 0.05}.items()
        assert environment["rule"]["guards"]
        assert environment["release_id"].startswith("rel_")
        assert (await move(client, "share", share=0.25))["environment"]["share"] == 0.25
        assert (await move(client, "hold"))["environment"]["held"] is True
        assert (await move(client, "resume"))["environment"]["held"] is False
        promoted = await move(client, "promote")
        assert promoted["move"]["without_evidence"] is True
        assert promoted["environment"]["stable"]["version"] == 2
        assert promoted["environment"]["candidate"] is None
        kinds = [one["kind"] for one in promoted["environment"]["moves"]]
        assert kinds == ["promote", "resume", "hold", "share", "canary", "release"]


async def test_a_dry_run_says_what_a_rollback_would_do_and_does_nothing(world: World) -> None:
    for number in (4, 5):
        workflows.push_version(
            world.records, project_id="acme", name="triage", folder=folder(number, str(number)),
            by="test", now_ns=NOW,
        )  # fmt: skip
    async with writer(world) as client:
        await move(client, "release", version=4)
        await move(client, "release", version=5)
        answer = await client.post(
            f"{PRODUCTION}/moves", json={"kind": "rollback", "dry_run": True}
        )
        told = answer.json()
        assert told["move"] is None
        assert told["environment"]["stable"]["version"] == 5
        plan = told["plan"]
        assert (plan["from"]["stable"]["version"], plan["to"]["stable"]["version"]) == (5, 4)
        [left] = plan["not_moved"]
        assert "models:/tone/5" in left
        assert "models:/tone/4" in left
        assert "vllm" in left
        assert plan["memory"]["why"] == "version 4 names no checkpoint: memory stays"
        assert "keep the version that they began with" in plan["sessions"]
        done = await move(client, "rollback", expected_revision=2)
        assert done["plan"] == plan
        assert done["environment"]["stable"]["version"] == 4


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("release", {"version": 9}, 404, "no version 9"),
    ("release", {"version": "nobody"}, 404, "nobody"),
    ("release", {"version": 1}, 409, "runs there already"),
    ("release", {"version": 2, "reason": " "}, 422, "needs a reason"),
    ("release", {"version": 2, "share": 0.5}, 422, "takes no share"),
    ("canary", {"version": 2, "share": 1.0}, 422, "100 % is no share"),
    ("canary", {"version": 2, "share": 0.00001}, 422, "0 % is no share"),
    ("canary", {"version": 2, "share": 0.1, "rule": {"limt": 1}}, 422, "limt"),
    ("release", {"version": 2, "expected_revision": 0}, 409, "has moved on"),
    ("release", {"version": 2, "path": f"{HERE}/environments/a b"}, 422, "environment"),
    ("rollback", {}, 409, "no version ran there before"),
    ("promote", {}, 409, "no version has a share"),
    ("rollback", {"memory": "x", "path": f"{HERE}/environments/none"}, 409, "ran there"),
    ("explode", {}, 422, "kind"),
    ("release", {"version": 2, "sharre": 0.1}, 422, "sharre"),
]


async def test_what_can_not_be_is_refused_with_words(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        for kind, told, status, words in REFUSED:
            error = await move(client, kind, status, **told)
            assert words in error["message"], (kind, told, error)
        assert (await client.get(PRODUCTION)).json()["revision"] == 1


async def test_who_moves_on_what_has_passed_is_told_who_was_first(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1, expected_revision=0)
        await move(client, "release", version=2, reason="cheaper", expected_revision=1)
        error = await move(client, "rollback", 409, expected_revision=1)
        assert error["code"] == "changed_meanwhile"
        assert "released version 2" in error["message"]
        assert "'cheaper'" in error["message"]
        assert "key:" in error["message"]


async def test_moving_needs_write_and_reading_read_and_neither_sees_another_project(
    world: World,
) -> None:
    async with (
        writer(world) as client,
        world.client(headers=bearer(world.key("acme", "read"))) as reader,
        world.client(headers=bearer(world.key("acme", "run"))) as agent,
        world.client(headers=bearer(world.key("twin", "read", "run"))) as twin,
    ):
        await move(client, "release", version=1)
        await move(reader, "release", 403, version=2)
        await move(agent, "release", 403, version=2)
        assert (await reader.get(PRODUCTION)).status_code == 200
        assert (await agent.get(PRODUCTION)).status_code == 403
        assert (await twin.get(PRODUCTION)).status_code == 404
        assert (await twin.get(f"{HERE}/environments")).json() == {"environments": []}
        body = {"environment": "production", "session_id": "s"}
        assert (await reader.post(f"{HERE}/resolve", json=body)).status_code == 403
        assert (await twin.post(f"{HERE}/resolve", json=body)).status_code == 404
        assert (await agent.post(f"{HERE}/resolve", json=body)).status_code == 200


async def test_a_history_is_read_page_by_page(world: World) -> None:
    async with writer(world) as client:
        for number in range(7):
            await move(client, "release", version=1 + number % 3)
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await client.get(PRODUCTION, params={"limit": 3, "cursor": cursor})
            page = answer.json()
            seen += [one["revision"] for one in page["moves"]]
            cursor = page["next_cursor"]
        assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_version_that_was_tampered_with_is_never_released_and_can_be_left(
    world: World,
) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        await move(client, "release", version=2)
        tamper(world, 2)
        left = (await move(client, "rollback"))["plan"]["not_moved"]
        assert "version 2 was taught elsewhere can't be told" in left[0].replace("What ", "")
        error = await move(client, "release", 500, version=2)
        assert error["code"] == "tampered"
        assert (await client.get(PRODUCTION)).json()["stable"]["version"] == 1


def tamper(world: World, version: int) -> None:
    with world.records.writing() as connection:
        connection.execute(
            update(WORKFLOW_FILES)
            .where(WORKFLOW_FILES.c.version == version, WORKFLOW_FILES.c.path == "a.md")
            .values(content=b"You are mine.")
        )


async def test_a_secret_in_a_reason_is_hidden(world: World) -> None:
    secret = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
    async with writer(world) as client:
        told = await move(client, "release", version=1, reason=f"the key {secret} leaked")
        assert secret not in str(told)
        assert "leaked" in told["move"]["reason"]
    assert secret not in str(audit.list_audit(world.records, "acme"))


# ------------------------------------------------------------------------------ resolve


async def test_a_session_is_told_its_version_with_all_that_it_says(world: World) -> None:
    async with writer(world) as client:
        released = await move(client, "release", version=2)
        told = await ask(client)
        digest = released["environment"]["stable"]["digest"]
        assert told == {
            "workflow": "triage", "environment": "production", "version": 2, "digest": digest,
            "arm": "stable", "release_id": "", "revision": 1,
            "split": {
                "stable": {"version": 2, "digest": digest}, "candidate": None, "share_bp": 0,
                "sticky_by": "session", "release_id": "", "revision": 1,
            },
            "content": {
                "manifest": {
                    "name": "triage", "description": "version 2",
                    "agents": {"a": {"instructions": "a.md"}},
                },
                "prompts": {"a": "You are 2."}, "tools": {}, "pins": [],
            },
        }  # fmt: skip
        assert (await ask(client, have=["sha256:other", digest]))["content"] is None
        assert (await ask(client, have=["sha256:other"]))["content"] == told["content"]


async def test_a_release_counts_for_the_next_session_at_once_and_for_none_before(
    world: World,
) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        assert (await ask(client, "early"))["version"] == 1
        await move(client, "release", version=2)
        assert (await ask(client, "late"))["version"] == 2
        early = await ask(client, "early")
        assert (early["version"], early["content"]["prompts"]) == (1, {"a": "You are 1."})
        assert early["split"]["stable"]["version"] == 2
        await move(client, "rollback")
        assert [(await ask(client, s))["version"] for s in ("early", "late", "later")] == [1, 2, 1]


async def test_a_share_is_given_as_the_pure_assignment_says_and_kept_when_it_changes(
    world: World,
) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        canary = await move(client, "canary", version=2, share=0.3, sticky_by="user")
        release_id = canary["move"]["release_id"]

        def arm(user: str, session: str, share_bp: int) -> str:
            return arm_of(
                release_id=release_id, share_bp=share_bp, sticky_by="user", session_id=session,
                user=user,
            )  # fmt: skip

        began = {}
        for number in range(40):
            user, session = f"u-{number}", f"s-{number}"
            told = await ask(client, session, user=user)
            assert told["arm"] == arm(user, session, 3_000)
            assert told["version"] == (2 if told["arm"] == "candidate" else 1)
            assert told["release_id"] == release_id
            assert told["split"]["share_bp"] == 3_000
            began[session] = told["version"]
        assert set(began.values()) == {1, 2}
        await move(client, "share", share=0.9)
        for session, version in began.items():
            # Whoever asks, and whatever the share is now.
            assert (await ask(client, session))["version"] == version
        changed = [
            user for user in (f"u-{number}" for number in range(40))
            if arm(user, "", 3_000) != arm(user, "", 9_000)
        ]  # fmt: skip
        assert (await ask(client, "new", user=changed[0]))["arm"] == "candidate"
        await move(client, "rollback")
        late = await ask(client, "after", user=changed[0])
        assert (late["version"], late["arm"], late["release_id"]) == (1, "stable", "")


async def test_without_a_session_nothing_is_kept(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        await move(client, "canary", version=2, share=0.9999, sticky_by="user")
        assert (await ask(client, ""))["version"] == 1
        assert (await ask(client, "", user="u-1"))["version"] == 2
        await move(client, "rollback")
        assert (await ask(client, "", user="u-1"))["version"] == 1


async def test_what_another_replica_released_is_seen_within_two_seconds(world: World) -> None:
    now_s = [100.0]
    world.app.state.resolver = Resolver(world.records, now_ns=world.clock, now_s=lambda: now_s[0])
    async with writer(world) as client:
        await move(client, "release", version=1)
        await ask(client, "s")
        other = open_records(str(world.records.engine.url))
        environments.move(
            other, project_id="acme", name="triage", environment="production", reason="there",
            asked=Asked(kind="release", version=2), by="key:2", now_ns=NOW,
        )  # fmt: skip
        other.close()
        now_s[0] += 1.5
        assert (await ask(client, "t"))["version"] == 2
        assert (await ask(client, "s"))["version"] == 1


async def test_what_is_not_there_is_told_with_what_is(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        await move(client, "release", version=1, path=f"{HERE}/environments/staging")
        for path, environment, message, hint in (
            ("triage", "prod", "nothing of workflow 'triage'", "production, staging"),
            ("triage", "a b\n", "nothing of workflow 'triage'", "production, staging"),
            ("triag", "production", "no workflow 'triag'", "There are: triage."),
        ):
            answer = await client.post(
                f"/api/v1/workflows/{path}/resolve", json={"environment": environment}
            )
            error = answer.json()["error"]
            assert answer.status_code == 404
            assert message in error["message"]
            assert hint in error["hint"]


UNREADABLE: list[Any] = [
    {},
    {"environment": ""},
    {"environment": "production", "session_id": "x" * 501},
    {"environment": "production", "session_id": "a\x00"},
    {"environment": "production", "session": "misspelled"},
    {"environment": "production", "have": "all"},
    [],
]


async def test_a_question_that_can_not_be_read_is_refused(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        for body in UNREADABLE:
            assert (await client.post(f"{HERE}/resolve", json=body)).status_code == 422, body


async def test_a_session_keeps_its_version_over_a_restart_and_for_thirty_idle_days(
    world: World,
) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        await ask(client, "s")
        await move(client, "release", version=2)
        world.app.state.resolver = Resolver(world.records, now_ns=world.clock)
        assert (await ask(client, "s"))["version"] == 1
        world.clock.forward(29 * 24 * HOUR)
        assert (await ask(client, "s"))["version"] == 1


async def test_a_tampered_version_is_not_handed_out(world: World) -> None:
    async with writer(world) as client:
        await move(client, "release", version=1)
        tamper(world, 1)
        world.app.state.resolver = Resolver(world.records, now_ns=world.clock)
        answer = await client.post(f"{HERE}/resolve", json={"environment": "production"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "tampered")
