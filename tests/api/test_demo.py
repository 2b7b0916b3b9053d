"""The example is started by who owns the server, once at a time, and leaves as it came."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from api.conftest import World, bearer
from api.made import conversation, store
from quarterdeck.errors import Conflict
from quarterdeck.storage.records import keys


class Progress(NamedTuple):
    state: str
    started_ns: int | None
    ended_ns: int | None
    lines: list[str]
    project_id: str


class Example:
    """Runs nothing, and remembers with which keys it was asked to."""

    def __init__(self, missing: list[str]) -> None:
        self._missing = missing
        self.keys: list[str] = []
        self._project_id = ""

    def start(self, *, project_id: str, key: Callable[[], str]) -> None:
        if self.keys:
            raise Conflict("the example runs already", code="example_runs")
        self.keys.append(key())
        self._project_id = project_id

    def progress(self) -> Progress:
        running = bool(self.keys)
        state = "running" if running else "never"
        return Progress(state, 5 if running else None, None, ["one"], self._project_id)

    def missing(self) -> list[str]:
        return self._missing


def give(world: World, *missing: str) -> Example:
    example = Example(list(missing))
    world.app.state.parts = dataclasses.replace(world.app.state.parts, example=example)
    return example


async def demo(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/demo")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_its_key_sends_to_the_callers_project_alone_and_ends_by_itself(world: World) -> None:
    example = give(world)
    client = await world.log_in("owner@example.org")
    client.headers["x-quarterdeck-project"] = "acme"
    started = await client.post("/api/v1/demo")
    again = await client.post("/api/v1/demo")
    assert (started.status_code, again.status_code) == (202, 409)
    assert again.json()["error"]["code"] == "example_runs"
    assert (started.json()["state"], started.json()["lines"]) == ("running", ["one"])
    [secret] = example.keys
    key = keys.find_key(world.records, secret)
    assert key is not None
    assert (key.project_id, set(key.scopes)) == ("acme", {"ingest", "read"})
    assert key.expires_ns is not None
    assert secret not in started.text
    other = await demo(client_of := world.client(headers=bearer(world.key("twin", "read"))))
    assert (other["state"], other["lines"]) == ("never", [])
    await client_of.aclose()
    # A second start that was refused made no key.
    assert len((await client.get("/api/v1/keys")).json()["keys"]) == 1
    await client.aclose()


async def test_only_who_owns_the_server_starts_it(world: World) -> None:
    example = give(world)
    async with world.client(headers=bearer(world.key("acme"))) as client:
        assert (await client.post("/api/v1/demo")).status_code == 403
        assert (await demo(client))["state"] == "never"
    assert not example.keys


async def test_what_is_to_be_installed_is_told(world: World) -> None:
    give(world, "pip install it")
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await demo(client)
    assert (told["installed"], told["install"]) == (False, ["pip install it"])


async def test_deleting_takes_its_sessions_and_no_other(world: World) -> None:
    give(world)
    its: dict[str, Any] = {
        "quarterdeck__workflow__name": "day-notes",
        "quarterdeck__tags": ["demo"],
    }
    others: list[dict[str, Any]] = [{"quarterdeck__tags": ["demo"]}, {}]
    for number, more in enumerate([its, its, *others]):
        raws = conversation(f"s-{number}", trace=number + 1, **more)
        for raw in raws:
            raw.attributes["quarterdeck.environment"] = "demo"
        store(world.events, "acme", raws, now_ns=world.clock())
    async with world.client(headers=bearer(world.key("acme"))) as client:
        assert (await demo(client))["sessions"] == 2
        shown = await client.get("/api/v1/sessions", params={"q": (await demo(client))["q"]})
        assert {one["session_id"] for one in shown.json()["sessions"]} == {"s-0", "s-1"}
        assert (await client.delete("/api/v1/demo")).json() == {"sessions": 2}
        assert (await demo(client))["sessions"] == 0
        left = (await client.get("/api/v1/sessions")).json()["sessions"]
        assert {one["session_id"] for one in left} == {"s-2", "s-3"}
