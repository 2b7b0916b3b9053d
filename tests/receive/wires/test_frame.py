"""What the frame does for every wire, shown with a toy one: before its handler, and after."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.api.access import Access
from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, Route, Wire
from quarterdeck.settings import Settings
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.records.keys import create_key
from quarterdeck.storage.records.projects import ensure_default_project
from receive.wires.served import Served, serve

SECRET = "sk-proj-" + "A1b2C3d4E5f6" * 4


async def count(call: Call, _desk: Desk) -> Reply:
    return Reply(body={"most": call.number("limit", 10, most=100)})


async def keep_query(call: Call, desk: Desk) -> Reply:
    body = {**{name: call.one(name) for name in call.query}, **call.path}
    await desk.keep(Reading(fragments=(Fragment(object="toy:run:1", kind="said", body=body),)))
    return Reply(body=body)


async def unwritable(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"score": 1 << 80})


async def log_in(call: Call, desk: Desk) -> Reply:
    return Reply(body={"token": call.headers["authorization"], "project": desk.project_id})


def error(problem: QuarterdeckError, status: int) -> Reply:
    return Reply(status=status, body={"toy": problem.code})


TOY = Wire(
    name="toy",
    product="Toy",
    prefixes=("/toy",),
    routes=(
        Route(method="GET", path="count", handler=count),
        Route(method="POST", path="runs/{run}", handler=keep_query),
        Route(method="GET", path="unwritable", handler=unwritable),
        Route(method="POST", path="login", handler=log_in, key_in_body="api_key"),
    ),
    error=error,
)


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    connection = chdb_engine.connect("frame")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE frame SYNC")
    connection.close()


@pytest.fixture
def toy(tmp_path: Path, events: EventConnection) -> Iterator[Served]:
    with serve(TOY, tmp_path, events) as one:
        yield one


def test_what_the_query_says_wrongly_is_the_callers_to_mend(toy: Served) -> None:
    """A 503 would be tried again for ever."""
    for query in ("limit=%C2%B2", "limit=-1", "&".join(["a=1"] * 1_001)):
        answer = toy.ask("GET", f"/count?{query}")
        assert answer.status == 400, query[:20]
        assert set(answer.json()) == {"toy"}
    assert toy.ask("GET", "/count?limit=7").json() == {"most": 7}


def test_secrets_in_the_address_reach_no_disk(toy: Served) -> None:
    query = f"note=with%20{SECRET}&password=correct-horse-9&page_token=abc123abc123abc123"
    answer = toy.ask("POST", f"/runs/{SECRET}?{query}")
    assert answer.json()["page_token"] == "abc123abc123abc123"
    for kept in (answer.body, toy.spooled()):
        assert SECRET.encode() not in kept
        assert b"correct-horse-9" not in kept


def test_an_answer_that_can_not_be_written_is_still_an_error_in_the_clients_shape(
    toy: Served,
) -> None:
    answer = toy.ask("GET", "/unwritable")
    assert (answer.status, answer.json()) == (503, {"toy": "internal"})


def log_in_with(toy: Served, key: str, *headers: tuple[str, str]) -> int:
    return toy.ask("POST", "/login", json.dumps({"api_key": key}).encode(), headers).status


def test_a_key_in_the_body_is_judged_with_the_address_that_it_came_to(
    toy: Served, tmp_path: Path
) -> None:
    """In local mode any foreign key logs in, but not from a foreign page."""
    access = Access(records=toy.records, settings=Settings(data=tmp_path), now_ns=lambda: 10**18)
    ensure_default_project(toy.records, now_ns=1)
    toy.app._admit = access.admit_wire
    assert log_in_with(toy, "0196-any-foreign-key") == 200
    for page in (("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")):
        assert log_in_with(toy, "0196-any-foreign-key", page) == 403


def test_who_logs_in_with_a_body_sends_no_more_than_a_key(toy: Served, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, host="0.0.0.0")
    access = Access(records=toy.records, settings=settings, now_ns=lambda: 10**18)
    toy.app._admit = access.admit_wire
    key = create_key(
        toy.records, project_id=toy.project_id, name="test", scopes=("ingest",),
        created_by="test", now_ns=1,
    )  # fmt: skip
    assert log_in_with(toy, key.secret, ("authorization", "Bearer of-another-server")) == 200
    assert log_in_with(toy, "0196-any-foreign-key") == 401
    assert log_in_with(toy, "x" * 100_000) == 413


def test_strangers_who_try_addresses_take_no_words_from_the_books() -> None:
    """Unknown calls need no key; what is refused, and why, must stay readable beside them."""
    books = Accounting()
    for number in range(1_000):
        books.unsupported("toy", f"GET /{number}")
    books.refused("wire", "spool_full")
    books.became("wire", "ignored", 1, reason="deleted")
    assert books.total("quarterdeck_refused_requests_total", code="spool_full") == 1
    assert books.total("quarterdeck_items_total", reason="deleted") == 1
    assert books.total("quarterdeck_wire_unsupported_total", call="other") == 800


def test_names_that_people_gave_are_no_part_of_a_metric(toy: Served) -> None:
    toy.ask("GET", "/runs/somebody/messages")
    metrics = toy.accounting.render(toy.spool.state(), now_ns=1)
    assert 'call="GET /runs/{}/messages"' in metrics
    assert "somebody" not in metrics
