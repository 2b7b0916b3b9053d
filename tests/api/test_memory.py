"""Memory over HTTP: what agents write and read, and what people take back."""

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.conftest import World, bearer
from api.made import T0, conversation, store
from quarterdeck.normalize.redact import Pattern, Redactor

POISON = {
    "session_id": "s-bad",
    "agent": "triage",
    "user": "u-7",
    "workflow": "triage",
    "version": 2,
}
READER = {"session_id": "s-reader"}


@pytest.fixture
async def people(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(headers=bearer(world.key("acme", "read", "write"))) as client:
        yield client


@pytest.fixture
async def agent(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(headers=bearer(world.key("acme", "run"))) as client:
        yield client


async def put(
    agent: httpx.AsyncClient, key: str, value: Any, by: dict[str, Any] | None = None, **more: Any
) -> int:
    entry = {"namespace": "facts", "key": key, "value": value, **more}
    body = {"entries": [entry], "provenance": by or {}}
    answer = await agent.put("/api/v1/memory/entries", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["written"][0]["seq"])


async def get(
    client: httpx.AsyncClient, key: str, reader: dict[str, Any] | None = None, **more: Any
) -> httpx.Response:
    params = {"namespace": "facts", "key": key, **(reader or {}), **more}
    return await client.get("/api/v1/memory/entry", params=params)


async def plan(client: httpx.AsyncClient, **selection: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/memory/reverts/plan", json={"selection": selection})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def revert(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/api/v1/memory/reverts", json={"reason": "it was poisoned", **body})


async def test_what_an_agent_puts_is_found_with_who_wrote_it(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    seq = await put(agent, "refunds", {"limit": 50}, POISON, ttl_s=3600, scope="user:u-7")
    told = (await get(people, "refunds", scope="user:u-7")).json()
    assert told["value"] == {"limit": 50}
    assert told["seq"] == seq
    assert told["expires_at"] == "2026-09-21T15:13:20Z"
    assert told["provenance"]["by"].startswith("key:")
    assert {**told["provenance"], "by": ""} == {**POISON, "trace_id": "", "span_id": "", "by": ""}
    assert (await get(people, "refunds")).status_code == 404  # everybody's scope is another one


async def test_a_session_that_reads_is_noted_and_a_person_is_not(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", 1)
    await get(people, "refunds")
    assert (await get(people, "refunds")).json()["readers"] == 0
    await get(agent, "refunds", READER)
    search = {"namespace": "facts", "query": "refunds", "provenance": {"session_id": "s-other"}}
    found = (await agent.post("/api/v1/memory/search", json=search)).json()["entries"]
    assert [one["key"] for one in found] == ["refunds"]
    assert (await get(people, "refunds")).json()["readers"] == 2


async def test_a_poisoned_session_is_seen_planned_reverted_and_undone(
    world: World, agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    spans = conversation("s-reader", trace=1, quarterdeck__outcome="failure")
    store(world.events, "acme", spans, now_ns=T0)
    await put(agent, "refunds", "up to 50", {"session_id": "s-good"})
    await put(agent, "shipping", "free", {"session_id": "s-good"})
    await put(agent, "refunds", "always 500", POISON)
    await put(agent, "discount", "99 %", POISON)
    await put(agent, "shipping", "free for all", POISON)
    await get(agent, "refunds", READER)
    await put(agent, "summary", "refunds are always 500", READER)
    await put(agent, "shipping", "5 dollars", {"session_id": "s-later"})

    told = await plan(people, session_id="s-bad")
    assert told["writes"] == 3
    assert [(one["address"]["key"], one["becomes"], one["value_now"], one["value_after"])
            for one in told["goes"]] == [
        ("discount", "gone", "99 %", None),
        ("refunds", "earlier", "always 500", "up to 50"),
    ]  # fmt: skip
    assert [(one["address"]["key"], one["because"]["session_id"]) for one in told["stays"]] == [
        ("shipping", "s-later")
    ]
    assert [
        (one["session_id"], one["outcome"], one["later_writes"]) for one in told["readers"]
    ] == [("s-reader", "failure", 1)]
    assert told["totals"] == {"goes": 2, "stays": 1, "readers": 1, "tainted_writes": 1}
    assert "wrote 1 entries" in told["hint"]
    assert (await get(people, "refunds")).json()["value"] == "always 500"  # only looked

    answer = await revert(people, selection={"session_id": "s-bad"}, plan_id=told["plan_id"])
    assert answer.status_code == 201
    assert answer.json()["writes"] == 3
    assert (await get(people, "refunds")).json()["value"] == "up to 50"
    assert (await get(people, "discount")).status_code == 404
    assert (await get(people, "shipping")).json()["value"] == "5 dollars"

    params = {"namespace": "facts", "key": "refunds"}
    history = (await people.get("/api/v1/memory/history", params=params)).json()
    bad, good = history["writes"]
    assert bad["hidden"]
    assert bad["hidings"][0]["reason"] == "it was poisoned"
    assert [(one["session_id"], one["outcome"]) for one in bad["read_by"]] == [
        ("s-reader", "failure")
    ]
    assert good["current"]

    undo = f"/api/v1/memory/reverts/{answer.json()['revert_id']}/undo"
    assert (await people.post(undo)).json()["undone_by"].startswith("key:")
    assert (await get(people, "refunds")).json()["value"] == "always 500"
    assert (await people.post(undo)).status_code == 409
    listed = (await people.get("/api/v1/memory/reverts")).json()
    assert [one["writes"] for one in listed["reverts"]] == [3]


async def test_an_act_that_is_not_the_one_that_was_seen_is_refused(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", "always 500", POISON)
    seen = await plan(people, session_id="s-bad")
    await put(agent, "refunds", "up to 50", {"session_id": "s-later"})
    answer = await revert(people, selection={"session_id": "s-bad"}, plan_id=seen["plan_id"])
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "changed_meanwhile"
    assert (await get(people, "refunds")).json()["value"] == "up to 50"


@pytest.mark.parametrize(
    "selection",
    [{}, {"namespace": "facts"}, {"version": 2}, {"since": "2026-01-02", "until": "2026-01-01"}],
)
async def test_a_selection_that_says_too_little_is_refused(
    people: httpx.AsyncClient, selection: dict[str, Any]
) -> None:
    assert (await revert(people, selection=selection)).status_code == 422


async def test_a_checkpoint_shows_memory_as_it_was_and_leads_back_to_it(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", "up to 50")
    made = await people.post("/api/v1/memory/checkpoints", json={"name": "before launch"})
    assert made.status_code == 201
    await put(agent, "refunds", "always 500")
    await put(agent, "discount", "99 %")
    then = await people.get("/api/v1/memory/entries", params={"at": "before launch"})
    assert [one["value"] for one in then.json()["entries"]] == ["up to 50"]
    assert (await revert(people, selection={"checkpoint": "before launch"})).status_code == 201
    now = await people.get("/api/v1/memory/entries")
    assert now.json()["entries"] == then.json()["entries"]
    again = await people.post("/api/v1/memory/checkpoints", json={"name": "before launch"})
    assert again.status_code == 409
    listed = (await people.get("/api/v1/memory/checkpoints")).json()
    assert [one["name"] for one in listed["checkpoints"]] == ["before launch"]


async def test_a_session_shows_what_it_read_and_what_it_changed(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", "up to 50", {"session_id": "s-good"})
    await get(agent, "refunds", {"session_id": "s-bad", "version": 2})
    await put(agent, "refunds", "always 500", POISON)
    await get(agent, "refunds", READER)
    told = (await people.get("/api/v1/sessions/s-bad/memory")).json()
    assert [(one["address"]["key"], one["written_by_session"]) for one in told["reads"]] == [
        ("refunds", "s-good")
    ]
    (write,) = told["writes"]
    assert (write["before"], write["after"]) == ("up to 50", "always 500")
    assert [one["session_id"] for one in write["read_later_by"]] == ["s-reader"]
    assert (await people.get("/api/v1/sessions/nobody/memory")).status_code == 404


async def test_a_deleted_entry_is_gone_and_its_delete_is_a_write(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", 1)
    addresses = [{"namespace": "facts", "key": key} for key in ("refunds", "nothing")]
    body = {"addresses": addresses, "provenance": POISON}
    told = (await agent.post("/api/v1/memory/delete", json=body)).json()
    assert [one["key"] for one in told["deleted"]] == ["refunds"]
    assert (await get(people, "refunds")).status_code == 404
    assert (await plan(people, session_id="s-bad"))["goes"][0]["becomes"] == "back"
    await revert(people, selection={"session_id": "s-bad"})
    assert (await get(people, "refunds")).json()["value"] == 1


async def test_what_has_expired_is_found_nowhere(
    world: World, agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "refunds", "old")
    await put(agent, "refunds", "new", ttl_s=60)
    world.clock.forward(60 * 10**9 - 1)
    assert (await get(people, "refunds")).json()["value"] == "new"
    world.clock.forward(1)
    assert (await get(people, "refunds")).status_code == 404
    assert (await people.get("/api/v1/memory/entries")).json()["entries"] == []
    assert (await people.get("/api/v1/memory/namespaces")).json()["namespaces"] == []
    search = {"query": "new"}
    assert (await agent.post("/api/v1/memory/search", json=search)).json()["entries"] == []


async def test_secrets_are_hidden_in_values_and_refused_in_addresses(
    world: World, agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    secret = "sk-ant-api03-" + "abcDEF0123456789" * 3
    await put(agent, "login", {"note": f"use {secret}", "password": "hunter2hunter2"}, ttl_s=9e6)
    told = (await get(people, "login")).text
    assert secret not in told
    assert "hunter2" not in told
    assert "[redacted:anthropic_key]" in told
    body = {"entries": [{"namespace": "facts", "key": secret, "value": 1}]}
    answer = await agent.put("/api/v1/memory/entries", json=body)
    assert answer.status_code == 422
    assert secret not in answer.text
    with world.records.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM memory_writes").all()
    assert len(rows) == 1
    assert "abcdef0123456789" not in str(rows).lower()


async def test_an_agents_key_changes_no_past_and_a_readers_writes_nothing(
    world: World, agent: httpx.AsyncClient
) -> None:
    seq = await put(agent, "refunds", 1)
    assert seq == 1
    assert (await revert(agent, selection={"session_id": "s"})).status_code == 403
    assert (await agent.post("/api/v1/memory/checkpoints", json={})).status_code == 403
    async with world.client(headers=bearer(world.key("acme", "read"))) as reader:
        assert (await get(reader, "refunds")).status_code == 200
        body = {"entries": [{"namespace": "facts", "key": "refunds", "value": 2}]}
        assert (await reader.put("/api/v1/memory/entries", json=body)).status_code == 403


async def test_lists_are_filtered_and_paged(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    for number in range(5):
        await put(agent, f"rule/{number}", f"value {number}", POISON, environment="production")
    await put(agent, "other", {"text": "Über-Größe"}, {"session_id": "s-good"})
    keys: list[str] = []
    cursor = ""
    while True:
        params: dict[str, Any] = {"prefix": "rule/", "limit": 2, "cursor": cursor}
        page = (await people.get("/api/v1/memory/entries", params=params)).json()
        keys += [one["key"] for one in page["entries"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert keys == [f"rule/{number}" for number in (4, 3, 2, 1, 0)]
    filters: list[tuple[dict[str, Any], int]] = [
        ({"session_id": "s-bad"}, 5),
        ({"workflow": "triage", "version": 2}, 5),
        ({"user": "u-7", "q": "VALUE 3"}, 1),
        ({"environment": ""}, 1),
        ({"q": "über größe"}, 1),
        ({"namespace": "nothing"}, 0),
        ({"prefix": "%"}, 0),
    ]
    for params, count in filters:
        found = (await people.get("/api/v1/memory/entries", params=params)).json()["entries"]
        assert len(found) == count, params
    told = (await people.get("/api/v1/memory/namespaces")).json()["namespaces"]
    assert [(one["environment"], one["entries"]) for one in told] == [("", 1), ("production", 5)]


HOSTILE_PARTS = ["", "\x00", "a\x00b", "\ud800", "k" * 401, "k" * 10_000]


async def test_a_hostile_address_is_refused_and_no_fault(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    for part in HOSTILE_PARTS:
        body = json.dumps({"entries": [{"namespace": "facts", "key": part, "value": 1}]})
        answer = await agent.put(
            "/api/v1/memory/entries", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422, part
        if "\ud800" not in part:
            read = await get(people, part)
            assert read.status_code in {404, 422}, part
    for part in (
        "../../etc",
        "a/b//c",
        "'; DROP TABLE memory_writes; --",
        "%_\\",
        "ключ",
        "😀" * 400,
    ):
        await put(agent, part, part)
        assert (await get(people, part)).json()["value"] == part


async def test_any_json_is_kept_and_what_is_too_much_is_told(
    agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    for value in (None, True, 0, 2**70, 1.5, "", [], {}, {"\x00": "\x00"}, [[["x"]]]):
        await put(agent, "any", value)
        told = (await get(people, "any")).json()["value"]
        assert told == value or told == str(value)  # integers beyond 64 bits are told as text
    nested: Any = 1
    for _ in range(150):
        nested = [nested]
    for value, status in (("x" * 300_000, 413), (nested, 422)):
        body = {"entries": [{"namespace": "facts", "key": "k", "value": value}]}
        assert (await agent.put("/api/v1/memory/entries", json=body)).status_code == status


async def test_a_deleted_user_leaves_no_memory_and_no_name(
    world: World, agent: httpx.AsyncClient, people: httpx.AsyncClient
) -> None:
    await put(agent, "likes", "tea", {"session_id": "s", "user": "u-7"}, scope="user:u-7")
    await put(agent, "refunds", "up to 50", {"session_id": "s", "user": "u-7"})
    async with world.client(headers=bearer(world.key("acme", "admin"))) as admin:
        assert (await admin.delete("/api/v1/users", params={"user": "u-7"})).status_code == 200
    (entry,) = (await people.get("/api/v1/memory/entries")).json()["entries"]
    assert entry["key"] == "refunds"
    assert entry["provenance"]["user"] == ""


async def test_what_a_project_hides_makes_no_two_addresses_one(
    world: World, agent: httpx.AsyncClient
) -> None:
    own = Redactor([Pattern(name="project", regex=r"[a-z]+@example\.org")])
    parts = dataclasses.replace(world.app.state.parts, redactor_of=lambda _project_id: own)
    world.app.state.parts = parts
    entry = {"namespace": "likes", "scope": "user:ann@example.org", "key": "tea", "value": 1}
    answer = await agent.put("/api/v1/memory/entries", json={"entries": [entry]})
    assert answer.status_code == 422
    assert "the scope holds a secret" in answer.json()["error"]["message"]
    entry |= {"scope": "", "value": "ann@example.org likes tea"}
    assert (await agent.put("/api/v1/memory/entries", json={"entries": [entry]})).status_code == 200
    params = {"namespace": "likes", "key": "tea"}
    told = (await agent.get("/api/v1/memory/entry", params=params)).json()
    assert told["value"] == "[redacted:project] likes tea"
