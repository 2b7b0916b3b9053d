"""Approvals over HTTP: asked by an agent, waited for, decided by a person."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx

from api.conftest import World, bearer
from api.made import conversation, store
from quarterdeck.api.approvals import MAX_ARGUMENTS_BYTES
from quarterdeck.api.waits import Waits
from quarterdeck.errors import TryAgain

PATH = "/api/v1/approvals"
S = 1_000_000_000
BLOCK: dict[str, Any] = {
    "approval_id": "a-1", "session_id": "s-1", "agent": "triage", "tool": "block_card",
    "question": "Block it?", "arguments": {"card": "c-1"}, "rule": "args.amount > 500",
    "workflow": "fraud-triage", "version": 14, "environment": "production", "timeout_s": 900,
}  # fmt: skip


def agent(world: World, project_id: str = "acme") -> httpx.AsyncClient:
    return world.client(headers=bearer(world.key(project_id, "run")))


def person(world: World, project_id: str = "acme") -> httpx.AsyncClient:
    return world.client(headers=bearer(world.key(project_id, "read", "write")))


async def held(waits: Waits[Any], count: int) -> None:
    """Until so many requests wait."""
    while waits.count < count:  # noqa: ASYNC110 - nothing tells of it, and nothing else needs it
        await asyncio.sleep(0.01)


async def test_what_an_agent_asks_a_person_decides(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        asked = await asking.post(PATH, json=BLOCK)
        assert asked.status_code == 201
        assert (asked.json()["state"], asked.json()["allowed"]) == ("waiting", None)
        assert (await asking.post(PATH, json=BLOCK)).status_code == 200
        world.clock.forward(7 * S)
        listed = (await deciding.get(PATH, params={"state": "waiting"})).json()
        assert [row["waited_s"] for row in listed["approvals"]] == [7.0]
        body = {"decision": "approve", "reason": "known", "by": "ada", "arguments": {"card": "c-2"}}
        decided = (await deciding.post(f"{PATH}/a-1/decision", json=body)).json()
        assert (decided["state"], decided["allowed"]) == ("changed", True)
        assert (decided["decided_by"], decided["reason"]) == ("ada", "known")
        assert decided["changed_arguments"] == {"card": "c-2"}
        world.clock.forward(S)
        assert (await asking.get(f"{PATH}/a-1")).json() == decided
        late = await deciding.post(f"{PATH}/a-1/decision", json={"decision": "reject"})
        assert late.status_code == 409
        assert "was changed by 'ada'" in late.json()["error"]["message"]


async def test_who_may_run_can_ask_and_not_decide_and_nobody_sees_another_project(
    world: World,
) -> None:
    async with agent(world) as asking, person(world) as deciding, person(world, "twin") as twin:
        await asking.post(PATH, json=BLOCK)
        yes = {"decision": "approve"}
        assert (await asking.post(f"{PATH}/a-1/decision", json=yes)).status_code == 403
        assert (await asking.get(PATH)).status_code == 403
        assert (await deciding.post(PATH, json=BLOCK)).status_code == 403
        assert (await deciding.post(f"{PATH}/a-1/cancel", json={})).status_code == 403
        assert (await deciding.get(f"{PATH}/a-1")).status_code == 200
        assert (await twin.get(f"{PATH}/a-1")).status_code == 404
        assert (await twin.post(f"{PATH}/a-1/decision", json=yes)).status_code == 404
        assert (await twin.get(PATH)).json()["total"] == 0


async def test_a_wait_is_answered_when_the_decision_falls_and_holds_nothing_meanwhile(
    world: World,
) -> None:
    async with agent(world) as asking, person(world) as deciding:
        await asking.post(PATH, json=BLOCK)
        waits: Waits[Any] = world.app.state.waits
        # More than SQLAlchemy's pool (15) and Python's default threads (6 here) could hold.
        waiters = [
            asyncio.create_task(asking.get(f"{PATH}/a-1", params={"wait_s": 25})) for _ in range(40)
        ]
        await held(waits, 40)
        assert world.records.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        began = time.monotonic()
        await deciding.post(f"{PATH}/a-1/decision", json={"decision": "reject"})
        answers = await asyncio.gather(*waiters)
        assert time.monotonic() - began < 5
        assert {answer.json()["state"] for answer in answers} == {"rejected"}
        assert waits.count == 0


async def test_a_wait_ends_with_a_decision_of_another_replica(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        await asking.post(PATH, json=BLOCK)
        waits: Waits[Any] = world.app.state.waits
        waiter = asyncio.create_task(asking.get(f"{PATH}/a-1", params={"wait_s": 25}))
        await held(waits, 1)
        # The replica that takes the decision has waits of its own.
        world.app.state.waits = Waits()
        await deciding.post(f"{PATH}/a-1/decision", json={"decision": "approve"})
        answer = await asyncio.wait_for(waiter, 10)
        assert answer.json()["allowed"] is True


async def test_a_wait_ends_when_it_or_the_request_is_over(world: World) -> None:
    async with agent(world) as asking:
        await asking.post(PATH, json=BLOCK)
        short = await asking.get(f"{PATH}/a-1", params={"wait_s": 0.05})
        assert short.json()["state"] == "waiting"
        await asking.post(PATH, json={**BLOCK, "approval_id": "a-2", "timeout_s": 0.05})
        waiter = asyncio.create_task(asking.get(f"{PATH}/a-2", params={"wait_s": 25}))
        await asyncio.sleep(0)
        world.clock.forward(S)
        over = (await asyncio.wait_for(waiter, 10)).json()
        assert (over["state"], over["allowed"], over["waited_s"]) == ("expired", False, 0.05)
        for wrong in (-1, 26, "x"):
            answer = await asking.get(f"{PATH}/a-1", params={"wait_s": wrong})
            assert answer.status_code == 422


async def test_a_wait_ends_when_the_server_stops(world: World) -> None:
    async with agent(world) as asking:
        await asking.post(PATH, json=BLOCK)
        waiter = asyncio.create_task(asking.get(f"{PATH}/a-1", params={"wait_s": 25}))
        await held(world.app.state.waits, 1)
        world.app.state.parts.hub.close()
        assert (await asyncio.wait_for(waiter, 10)).json()["state"] == "waiting"


async def test_an_expired_request_tells_its_default(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        for default in ("allow", "deny"):
            body = {**BLOCK, "approval_id": default, "default": default, "timeout_s": 1}
            await asking.post(PATH, json=body)
        world.clock.forward(S)
        for default, allowed in (("allow", True), ("deny", False)):
            shown = (await asking.get(f"{PATH}/{default}")).json()
            assert (shown["state"], shown["allowed"]) == ("expired", allowed)
            late = await deciding.post(f"{PATH}/{default}/decision", json={"decision": "approve"})
            assert late.status_code == 409
            assert f"default holds: {default}" in late.json()["error"]["message"]


async def test_more_waiters_than_the_bound_are_refused_and_other_projects_go_on() -> None:
    waits: Waits[str] = Waits(per_server=3, per_project=2)

    async def never(_keys: Any) -> set[str]:
        return set()

    async def there() -> bool:
        return False

    def wait(project_id: str) -> asyncio.Task[None]:
        return asyncio.create_task(
            waits.until_over("a", project_id=project_id, seconds=25, over=never, gone=there)
        )

    first = [wait("acme"), wait("acme")]
    await asyncio.sleep(0)
    (error,) = await asyncio.gather(wait("acme"), return_exceptions=True)
    assert isinstance(error, TryAgain)
    other = wait("twin")
    await asyncio.sleep(0)
    (error,) = await asyncio.gather(wait("third"), return_exceptions=True)
    assert isinstance(error, TryAgain)
    waits.told("a")
    await asyncio.gather(*first, other)
    assert waits.count == 0


async def test_secrets_are_hidden_and_none_comes_back_by_a_change(world: World) -> None:
    secret = "sk-live0123456789abcdefghij"
    hidden = "[redacted:api_key]"
    body = {
        **BLOCK, "question": f"Use {secret}?",
        "arguments": {"api_key": "hunter2hunter2", "note": f"key {secret}", "to": ["x"]},
    }  # fmt: skip
    async with agent(world) as asking, person(world) as deciding:
        asked = await asking.post(PATH, json=body)
        assert asked.json()["arguments"] == {
            "api_key": hidden, "note": f"key {hidden}", "to": ["x"],
        }  # fmt: skip
        assert secret not in asked.text
        decision = f"{PATH}/a-1/decision"
        for wrong in ({"api_key": secret}, {"to": [hidden]}, {"note": hidden}):
            answer = await deciding.post(decision, json={"decision": "approve", "arguments": wrong})
            assert answer.status_code == 422, wrong
        kept = {"api_key": hidden, "note": f"key {hidden}", "to": ["y"]}
        answer = await deciding.post(
            decision,
            json={"decision": "approve", "arguments": kept, "reason": f"not {secret}"},
        )
        assert answer.json()["changed_arguments"] == kept
        assert answer.json()["reason"] == f"not {hidden}"
        assert secret.encode() not in _everything(world)


def _everything(world: World) -> bytes:
    database = Path(str(world.records.engine.url.database))
    return database.read_bytes() + database.with_name(f"{database.name}-wal").read_bytes()


async def test_arguments_that_nobody_could_read_are_refused(world: World) -> None:
    deep: Any = []
    for _ in range(70):
        deep = [deep]
    async with agent(world) as asking:
        large = {**BLOCK, "arguments": {"text": "x" * MAX_ARGUMENTS_BYTES}}
        assert (await asking.post(PATH, json=large)).status_code == 413
        assert (
            await asking.post(PATH, json={**BLOCK, "arguments": {"d": deep}})
        ).status_code == 422
        wrongs: list[dict[str, Any]] = [
            {"timeout_s": 0}, {"timeout_s": 10**9}, {"session_id": ""}, {"default": "maybe"},
            {"arguments": []}, {"approval_id": "x" * 65}, {"version": 0}, {"tool": "\x00"},
            {"colour": "red"},
        ]  # fmt: skip
        for wrong in wrongs:
            answer = await asking.post(PATH, json={**BLOCK, **wrong})
            assert answer.status_code == 422, wrong


async def test_asking_deciding_and_cancelling_are_audited_once(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        for approval_id in ("a-1", "a-2"):
            for _ in range(2):
                await asking.post(PATH, json={**BLOCK, "approval_id": approval_id})
        body = {"decision": "reject", "reason": "no", "by": "ada"}
        for _ in range(2):
            await deciding.post(f"{PATH}/a-1/decision", json=body)
            cancelled = await asking.post(f"{PATH}/a-2/cancel", json={})
        assert cancelled.json()["state"] == "cancelled"
    async with world.client(headers=bearer(world.key("acme"))) as admin:
        rows = (await admin.get("/api/v1/audit")).json()["audit"]
    told = [(row["action"], row["target"]) for row in rows if row["action"].startswith("approval")]
    assert told[::-1] == [
        ("approval.ask", "a-1"),
        ("approval.ask", "a-2"),
        ("approval.decide", "a-1"),
        ("approval.cancel", "a-2"),
    ]
    [decided] = [row for row in rows if row["action"] == "approval.decide"]
    assert decided["details"] == {
        "state": "rejected", "by": "ada", "reason": "no", "session": "s-1", "tool": "block_card",
    }  # fmt: skip


async def test_an_account_decides_in_its_own_name(world: World) -> None:
    world.account("ada@example.org", role="editor")
    async with agent(world) as asking:
        await asking.post(PATH, json=BLOCK)
    client = await world.log_in("ada@example.org")
    decision = f"{PATH}/a-1/decision"
    assert (
        await client.post(decision, json={"decision": "approve", "by": "ben"})
    ).status_code == 422
    decided = (await client.post(decision, json={"decision": "approve"})).json()
    assert decided["decided_by"] == "ada@example.org"


async def test_pages_go_on_where_they_ended(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        for number in range(5):
            await asking.post(PATH, json={**BLOCK, "approval_id": f"a-{number}"})
            world.clock.forward(S)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params: dict[str, Any] = {"limit": 2, "cursor": cursor, "state": ["waiting", "expired"]}
            page = (await deciding.get(PATH, params=params)).json()
            seen += [row["approval_id"] for row in page["approvals"]]
            cursor = page["next_cursor"]
        assert seen == ["a-4", "a-3", "a-2", "a-1", "a-0"]
        assert (await deciding.get(PATH, params={"state": "open"})).status_code == 422


async def test_the_overview_tells_of_calls_that_wait(world: World) -> None:
    async with agent(world) as asking, person(world) as deciding:
        for number in (1, 2):
            body = {**BLOCK, "approval_id": f"a-{number}", "session_id": f"s-{number}"}
            await asking.post(PATH, json=body)
            world.clock.forward(S)
        first = (await deciding.get("/api/v1/overview")).json()["attention"][0]
        assert (first["kind"], first["count"], first["session_id"]) == ("approval", 2, "s-1")
        assert first["sentence"] == "2 calls wait for an approval, longest one of 'block_card'."
        world.clock.forward(900 * S)
        kinds = [
            one["kind"] for one in (await deciding.get("/api/v1/overview")).json()["attention"]
        ]
        assert "approval" not in kinds


async def test_what_was_asked_in_a_session_goes_with_it(world: World) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    async with agent(world) as asking, person(world) as reading:
        for number in (1, 2):
            body = {**BLOCK, "approval_id": f"a-{number}", "session_id": f"s-{number}"}
            await asking.post(PATH, json=body)
        async with world.client(headers=bearer(world.key("acme"))) as admin:
            assert (await admin.delete("/api/v1/sessions/s-1")).status_code == 200
        left = (await reading.get(PATH)).json()["approvals"]
        assert [row["approval_id"] for row in left] == ["a-2"]
