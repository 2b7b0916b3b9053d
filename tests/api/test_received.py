"""What arrived lately is told by library, for one's own project, and by arrival."""

import httpx

from api.conftest import HOUR, World, bearer
from api.made import T0, S, raw, store


async def received(world: World, key: dict[str, str], since: str = "1h") -> httpx.Response:
    async with world.client(headers=key) as client:
        return await client.get("/api/v1/received", params={"since": since})


async def test_spans_are_counted_by_library_and_unrecognized_ones_apart(world: World) -> None:
    plain = raw(1, name="GET /", start_ns=T0)
    model = raw(2, name="chat", gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o")
    store(world.events, "acme", [plain, model], now_ns=world.clock())
    store(world.events, "twin", [raw(3, trace=2)], now_ns=world.clock())
    told = (await received(world, bearer(world.key("acme", "read")))).json()
    assert told["spans"] == 2
    [scope] = told["scopes"]
    assert (scope["scope"], scope["spans"], scope["recognized"]) == (None, 2, 1)
    assert "otel_genai" in scope["dialects"]
    assert (scope["traces"], scope["dropped"], scope["with_problems"]) == (1, 0, 0)


async def test_it_goes_by_arrival_and_not_by_the_senders_clock(world: World) -> None:
    long_ago = raw(1, start_ns=T0 - 10_000 * 24 * HOUR)
    store(world.events, "acme", [long_ago], now_ns=world.clock())
    key = bearer(world.key("acme", "read"))
    assert (await received(world, key)).json()["spans"] == 1
    world.clock.forward(2 * HOUR + S)
    assert (await received(world, key)).json() == {
        "since": "2026-09-21T15:13:21Z",
        "spans": 0,
        "complete": True,
        "scopes": [],
    }
    assert (await received(world, key, "1d")).json()["spans"] == 1


async def test_who_may_only_send_is_told_nothing(world: World) -> None:
    assert (await received(world, bearer(world.key("acme", "ingest")))).status_code == 403
