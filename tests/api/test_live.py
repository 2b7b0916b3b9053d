"""Live streams: what a real server sends while sessions grow, and how a stream ends."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from cli.real_server import serving
from quarterdeck.api.event_stream import EventStream, Reader, event
from quarterdeck.api.hub import Hub
from quarterdeck.assembly.growth import VALUES
from quarterdeck.assembly.skeleton import COLUMNS
from quarterdeck.errors import TryAgain, Unauthorized
from quarterdeck.model.ids import ProjectId

ACME = ProjectId("acme")
Event = tuple[str, dict[str, Any], str]
"""Name, data, number."""


# -- a real server -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("live") / "data") as address:
        yield address


def send(server: str, session: str, *numbers: int, trace: int = 1) -> None:
    """Model calls below number 1, which is the root."""
    now_ns = time.time_ns()
    spans = [
        {
            "traceId": f"{trace:032x}", "spanId": f"{n:016x}",
            "parentSpanId": "" if n == 1 else f"{1:016x}", "name": "chat",
            "startTimeUnixNano": str(now_ns + n), "endTimeUnixNano": str(now_ns + n + 10**6),
            "attributes": [
                {"key": key, "value": {"stringValue": value}}
                for key, value in (
                    ("session.id", session), ("gen_ai.operation.name", "chat"),
                    ("gen_ai.request.model", f"model-{n}"),
                )
            ],
        }
        for n in numbers
    ]  # fmt: skip
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    assert httpx.post(f"{server}/v1/traces", json=body, trust_env=False).status_code == 200


def skeleton(server: str, session: str, *, rows: int) -> dict[str, Any]:
    """Once it has so many rows."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = httpx.get(f"{server}/api/v1/sessions/{session}/skeleton", trust_env=False)
        if found.status_code == 200 and found.json()["total"] == rows:
            told: dict[str, Any] = found.json()
            return told
        time.sleep(0.05)
    raise AssertionError(f"{session} has not {rows} rows after 30 s")


class Stream:
    """Events as they come; each is awaited for 30 s."""

    def __init__(self, url: str, **headers: str) -> None:
        self._client = httpx.Client(trust_env=False, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = self._client.build_request("GET", url, headers=named)
        self.answer = self._client.send(request, stream=True)
        self._lines = self.answer.iter_lines()

    def next(self) -> Event:
        name = number = data = ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                number = value
            elif field == "data":
                data = value
            elif not line and name:
                return name, json.loads(data), number
        raise EOFError

    def until(self, wanted: str) -> Event:
        while (found := self.next())[0] != wanted:
            pass
        return found

    def close(self) -> None:
        self.answer.close()
        self._client.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def grow(columns: dict[str, list[Any]], told: dict[str, Any]) -> None:
    """As docs/reference/api.md tells a viewer to."""
    since = told["since"]
    for name in COLUMNS:
        del columns[name][since:]
        if name != "start_us":
            columns[name] += told[name]
    at_us = 0
    for step_us in told["start_us"]:
        at_us += step_us
        columns["start_us"].append(at_us)
    for at, row in enumerate(told["changed"]["row"]):
        for name in VALUES:
            columns[name][row] = told["changed"][name][at]


def summed(steps: list[int]) -> list[int]:
    return [sum(steps[: n + 1]) for n in range(len(steps))]


@pytest.mark.real_server
def test_a_session_is_followed_from_its_skeleton_to_what_it_becomes(server: str) -> None:
    send(server, "grows", 1, trace=1)
    before = skeleton(server, "grows", rows=1)
    columns = {name: list(before[name]) for name in COLUMNS}
    names = list(before["names"])
    with Stream(f"{server}/api/v1/sessions/grows/live?since={before['revision']}") as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert stream.next()[0] == "record"
        revision = before["revision"]
        for n in (2, 3, 4):
            send(server, "grows", n, trace=1)
            _, told, number = stream.until("skeleton")
            assert told["before"] == revision
            assert number == told["revision"]
            grow(columns, told)
            names += told["new"]["names"]
            revision = told["revision"]
            record = stream.until("record")[1]["session"]
            assert record["span_count"] == n
    after = skeleton(server, "grows", rows=4)
    assert after["revision"] == revision
    assert names == after["names"]
    assert columns == {name: after[name] for name in COLUMNS} | {
        "start_us": summed(after["start_us"])
    }


@pytest.mark.real_server
def test_a_revision_that_nobody_knows_ends_the_stream_with_the_way_on(server: str) -> None:
    send(server, "known", 1, trace=2)
    skeleton(server, "known", rows=1)
    with Stream(f"{server}/api/v1/sessions/known/live?since=never") as stream:
        name, told, _ = stream.next()
        assert (name, told["code"]) == ("end", "conflict")
        with pytest.raises(EOFError):
            stream.next()


@pytest.mark.real_server
def test_who_has_nothing_is_told_all_rows(server: str) -> None:
    send(server, "whole", 1, 2, 3, trace=3)
    skeleton(server, "whole", rows=3)
    with Stream(f"{server}/api/v1/sessions/whole/live") as stream:
        told = stream.until("skeleton")[1]
    assert (told["before"], told["since"], told["count"]) == ("", 0, 3)


@pytest.mark.real_server
def test_a_project_stream_goes_on_after_the_last_event_that_was_had(server: str) -> None:
    with Stream(f"{server}/api/v1/live") as stream:
        send(server, "first", 1, trace=4)
        told: dict[str, Any] = {}
        while "first" not in {row["session_id"] for row in told.get("sessions", [])}:
            _, told, number = stream.until("sessions")
    send(server, "missed", 1, trace=5)
    skeleton(server, "missed", rows=1)
    with Stream(f"{server}/api/v1/live", last_event_id=number) as stream:
        ids = {row["session_id"] for row in stream.until("sessions")[1]["sessions"]}
    assert "missed" in ids
    assert "grows" not in ids
    # A number from before this process: the store knows.
    with Stream(f"{server}/api/v1/live", last_event_id="1") as stream:
        seen: set[str] = set()
        while not {"first", "missed"} <= seen:
            seen |= {row["session_id"] for row in stream.until("sessions")[1]["sessions"]}


@pytest.mark.real_server
def test_a_session_that_is_deleted_is_gone(server: str) -> None:
    send(server, "goes", 1, trace=6)
    told = skeleton(server, "goes", rows=1)
    url = f"{server}/api/v1/sessions/goes"
    with (
        Stream(f"{server}/api/v1/live") as all_,
        Stream(f"{url}/live?since={told['revision']}") as one,
    ):
        assert httpx.delete(url, trust_env=False).status_code == 200
        assert one.until("end")[1]["code"] == "not_found"
        assert all_.until("sessions")[1]["gone"] == ["goes"]


@pytest.mark.real_server
def test_open_streams_end_with_the_server_and_do_not_hold_it(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as address:
        streams = [Stream(f"{address}/api/v1/live") for _ in range(3)]
        began = time.monotonic()
    assert time.monotonic() - began < 8
    for stream in streams:
        name, told, _ = stream.next()
        assert (name, told["code"]) == ("end", "try_again")
        with pytest.raises(EOFError):
            stream.next()
        stream.close()


# -- one stream --------------------------------------------------------------------------------


class Wire:
    """An ASGI connection whose reader takes what is sent while `reads` is set."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.left = asyncio.Event()
        self.beaten_twice = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        self.sent += message.get("body", b"")
        if self.sent.count(b": still here\n\n") == 2:
            self.beaten_twice.set()
        self.closed = message["type"] == "http.response.body" and not message["more_body"]


class Served:
    def __init__(
        self, reader: Reader, *, heartbeat_s: float = 60, check_every_s: float = 60
    ) -> None:
        self.wire = Wire()
        self.ended: list[str] = []
        self.refuses = ""
        stream = EventStream(
            reader, check=self._check, check_every_s=check_every_s, heartbeat_s=heartbeat_s,
            done=self.ended.append,
        )  # fmt: skip
        self.task = asyncio.create_task(stream({"type": "http"}, self.wire.receive, self.wire.send))

    async def _check(self) -> None:
        if self.refuses:
            raise Unauthorized(self.refuses)


async def test_a_stream_ends_when_its_credential_does() -> None:
    served = Served(Reader(), check_every_s=0.01)
    served.refuses = "this key has been revoked"
    await asyncio.wait_for(served.task, 10)
    assert served.ended == ["credential"]
    assert b'"code":"unauthorized"' in served.wire.sent
    assert served.wire.closed


async def test_a_reader_who_goes_away_ends_the_stream() -> None:
    served = Served(Reader())
    served.wire.left.set()
    await asyncio.wait_for(served.task, 10)
    assert served.ended == ["gone"]


async def test_a_reader_who_does_not_read_is_let_go_and_nobody_waits_for_it() -> None:
    reader = Reader()
    served = Served(reader)
    await asyncio.sleep(0)
    served.wire.reads.clear()
    for n in range(1000):
        reader.put(event("sessions", {"n": n}))
    await asyncio.wait_for(served.task, 10)
    assert served.ended == ["slow"]
    assert not served.wire.closed


async def test_a_quiet_stream_shows_that_it_lives() -> None:
    served = Served(Reader(), heartbeat_s=0.01)
    await asyncio.wait_for(served.wire.beaten_twice.wait(), 10)
    served.wire.left.set()
    await served.task


# -- the hub -----------------------------------------------------------------------------------


def test_the_hub_tells_each_session_once_the_last_change_last() -> None:
    hub = Hub()
    stamp = hub.open(ACME, at_ns=100)
    hub.written(ACME, ["a", "b"], at_ns=200)
    hub.written(ACME, ["a"], at_ns=150)  # a clock that went back
    changes = hub.since(ACME, stamp)
    assert changes is not None
    assert changes.session_ids == ["b", "a"]
    later = hub.since(ACME, changes.stamp)
    assert later is not None
    assert later.session_ids == []
    hub.written(ProjectId("twin"), ["c"], at_ns=300)
    assert hub.since(ACME, changes.stamp) == later


def test_the_hub_says_where_it_does_not_reach_back() -> None:
    hub = Hub()
    assert hub.since(ACME, 1) is None
    hub.open(ACME, at_ns=100)
    assert hub.since(ACME, 50) is None
    stamp = hub.open(ACME, at_ns=100)
    hub.written(ACME, [f"s{n}" for n in range(6_000)], at_ns=200)
    assert hub.since(ACME, stamp) is None


def test_more_streams_than_allowed_are_refused_and_make_room_again() -> None:
    hub = Hub(per_credential=2, per_server=3)
    hub.connect("ann")
    hub.connect("ann")
    with pytest.raises(TryAgain) as told:
        hub.connect("ann")
    assert told.value.code == "too_many_requests"
    hub.connect("bob")
    with pytest.raises(TryAgain, match="3 live streams are open"):
        hub.connect("eve")
    hub.disconnect("ann", reason="gone")
    hub.connect("eve")
    assert hub.ended == {"gone": 1}
    hub.close()
    with pytest.raises(TryAgain, match="stopping"):
        hub.connect("bob")
