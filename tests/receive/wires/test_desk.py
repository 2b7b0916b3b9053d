"""What a handler reads: the newest of a list, its own project's rows, in threads of its own."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.spool import Appended
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, Route, Wire
from quarterdeck.receive.wire_desk import ServerDesk, by_name
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from receive.wires.served import Caller, Served, serve

ALL = "toy:all"


class Gathered(dict[str, list[Fragment]]):
    """Counts how often all of it is looked through."""

    passes = 0

    def values(self) -> Any:
        self.passes += 1
        return super().values()


async def keep(call: Call, desk: Desk) -> Reply:
    names = call.query["name"]
    told = tuple(Fragment(object=f"toy:run:{name}", kind="said", body={}, collection=ALL)
                 for name in names)  # fmt: skip
    await desk.keep(Reading(fragments=told))
    return Reply()


async def newest(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    most = call.number("most", 10, most=100)
    return Reply(
        body={
            "objects": list(await desk.collection(ALL, most=most)),
            "names": await desk.members(ALL, most=most),
        }
    )


def error(problem: QuarterdeckError, status: int) -> Reply:
    return Reply(status=status, body={"toy": problem.code})


TOY = Wire(
    name="toy",
    product="Toy",
    prefixes=("/toy",),
    routes=(
        Route(method="POST", path="runs", handler=keep),
        Route(method="GET", path="runs", handler=newest),
    ),
    error=error,
)


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    connection = chdb_engine.connect("desk")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE desk SYNC")
    connection.close()


@pytest.fixture
def toy(tmp_path: Path, events: EventConnection) -> Iterator[Served]:
    with serve(TOY, tmp_path, events) as one:
        yield one


def test_of_a_list_that_is_too_long_the_newest_are_read_in_the_order_they_were_heard_of(
    toy: Served,
) -> None:
    for name in "cadbe":
        assert toy.ask("POST", f"/runs?name={name}").status == 200
        toy.settle()
    assert toy.ask("POST", "/runs?name=a&name=c").status == 200  # known: they stay in their place
    told = toy.ask("GET", "/runs?most=3").json()
    assert told["objects"] == told["names"] == ["toy:run:d", "toy:run:b", "toy:run:e"]
    assert len(toy.ask("GET", "/runs").json()["objects"]) == 5


def test_many_parts_of_one_object_are_told_apart_in_one_pass() -> None:
    """A list of 10,000 scores of one run, each looked up among 10,000, would take minutes."""
    run = Fragment(object="toy:run:1", kind="said", body={})
    parts = [
        Fragment(object=f"toy:score:{number}", kind=kind, body={}, about=run.object)
        for kind in ("given", "changed")
        for number in range(50)
    ]
    found = Gathered({run.object: [run, *parts]})
    told = by_name([run.object, *(part.object for part in parts), "toy:score:none"], found)
    assert told[run.object] == [run, *parts]
    assert [one.kind for one in told["toy:score:7"]] == ["given", "changed"]
    assert len(told) == 51
    assert found.passes == 1
    assert list(by_name([run.object], found)) == [run.object]
    assert found.passes == 1, "objects by themselves need none"


def test_a_reader_waits_for_its_own_projects_rows_and_for_no_others(toy: Served) -> None:
    """Otherwise one project's flood makes every other's reads take their full time."""

    async def settled(desk: ServerDesk, *, within_s: float) -> bool:
        """Whether it had nothing to wait for."""
        try:
            await asyncio.wait_for(desk.settled(within_s=30), within_s)
        except TimeoutError:
            return False
        return True

    async def look() -> tuple[bool, bool]:
        desk = ServerDesk(toy.back, Caller(toy.project_id), size=0, found_secrets=False)
        await toy.spool.append(Appended("another", "wire", "json", 1, b"{}"))
        alone = await settled(desk, within_s=5)
        await desk.keep(Reading(fragments=(Fragment(object="toy:run:1", kind="said", body={}),)))
        return alone, await settled(desk, within_s=0.2)

    assert asyncio.run(look()) == (True, False)


def test_reads_of_the_desk_take_no_thread_from_anybody_else(toy: Served) -> None:
    """Keys are looked up in threads too: a hundred long reads must not keep everyone out."""
    free, lock = threading.Event(), threading.Lock()
    at_work = most = 0

    def slow(_records: object) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        free.wait(30)
        with lock:
            at_work -= 1

    async def look() -> bool:
        desk = ServerDesk(toy.back, Caller(toy.project_id), size=0, found_secrets=False)
        reads = [asyncio.create_task(desk.records(slow)) for _ in range(40)]
        await asyncio.sleep(0)  # all have begun to wait for a thread
        try:
            return await asyncio.wait_for(asyncio.to_thread(lambda: True), 5)
        except TimeoutError:
            return False
        finally:
            free.set()
            await asyncio.gather(*reads)

    assert asyncio.run(look())
    assert 1 <= most <= 4
