"""Whether data arrives and why not is told, and only to who may know it."""

from typing import Any

import httpx

from api.conftest import World, bearer
from api.made import conversation, store
from quarterdeck.errors import Invalid
from quarterdeck.model.ids import ProjectId
from quarterdeck.receive.recent import Recent


async def intake(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/intake")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def recent(world: World) -> Recent:
    found: Recent = world.app.state.parts.recent
    return found


async def test_before_anything_arrived_it_says_so_and_where_to_send(local_world: World) -> None:
    async with local_world.client(headers={"host": "127.0.0.1"}) as client:
        told = await intake(client)
    assert (told["arrived"], told["first_session"], told["libraries"]) == (False, None, [])
    assert (told["key_needed"], told["grpc_port"], told["url"]) == (False, 4317, None)
    assert [one["path"] for one in told["endpoints"]] == ["/v1/traces", "/v1/logs", "/v1/metrics"]
    assert told["refusals"] == []


async def test_the_first_session_and_what_sent_it_are_told_once_it_is_there(world: World) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    keys = [bearer(world.key(project, "read")) for project in ("acme", "twin")]
    async with world.client() as client:
        mine = (await client.get("/api/v1/intake", headers=keys[0])).json()
        other = (await client.get("/api/v1/intake", headers=keys[1])).json()
    assert mine["arrived"]
    assert mine["first_session"]["session_id"] == "s-1"
    assert [(one["scope"], one["spans"]) for one in mine["libraries"]] == [(None, 3)]
    assert mine["key_needed"]
    assert (other["arrived"], other["first_session"]) == (False, None)


async def test_a_post_to_nearly_an_intake_path_is_told_the_right_one(local_world: World) -> None:
    async with local_world.client(headers={"host": "127.0.0.1"}) as client:
        key = {"authorization": "Bearer qd_abcdefghijkl9f"}
        wrong = await client.post("/v1/trace", content=b"x", headers=key)
        doubled = await client.post("http://127.0.0.1//v1/traces", content=b"x")
        looked = await client.get("/v1/trace")
        told = await intake(client)
        overview = (await client.get("/api/v1/overview")).json()
    assert (wrong.status_code, doubled.status_code, looked.status_code) == (404, 400, 404)
    assert wrong.json()["error"]["hint"] == "Did you mean /v1/traces?"
    shown = [(one["path"], one["status"], one["hint"], one["key"]) for one in told["refusals"]]
    assert shown == [
        ("//v1/traces", 400, "Did you mean /v1/traces?", None),
        ("/v1/trace", 404, "Did you mean /v1/traces?", "…9f"),
    ]
    assert told["books"]["refused"] == 2
    assert "abcdefghijkl" not in str(told)
    assert [one["kind"] for one in overview["attention"]] == ["refused_intake"]


async def test_a_refusal_is_shown_to_its_project_and_nobodys_to_who_owns_the_server(
    world: World,
) -> None:
    for project in ("acme", "twin", ""):
        recent(world).refused(
            method="POST", path=f"/v1/traces/{project}", status=400,
            error=Invalid("malformed"), project_id=ProjectId(project),
        )  # fmt: skip
    recent(world).accepted(ProjectId("twin"), 7, 0)
    world.account("viewer@example.org", role="viewer")
    seen = {}
    async with world.client(headers=bearer(world.key("acme", "read"))) as by_key:
        seen["key"] = await intake(by_key)
    for who in ("viewer", "owner"):
        client = await world.log_in(f"{who}@example.org")
        client.headers["x-quarterdeck-project"] = "acme"
        seen[who] = await intake(client)
        await client.aclose()
    paths = {who: {one["path"] for one in told["refusals"]} for who, told in seen.items()}
    assert paths == {
        "key": {"/v1/traces/acme"},
        "viewer": {"/v1/traces/acme"},
        "owner": {"/v1/traces/acme", "/v1/traces/"},
    }
    assert {who: told["books"]["refused"] for who, told in seen.items()} == {
        "key": 1, "viewer": 1, "owner": 2,
    }  # fmt: skip
    assert all(told["books"]["received"] == 0 for told in seen.values())


async def test_who_may_only_send_is_told_nothing(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme", "ingest"))) as client:
        assert (await client.get("/api/v1/intake")).status_code == 403
