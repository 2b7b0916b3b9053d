"""
What every wire keeps, whoever wrote it: keys, errors in the client's shape, encodings, secrets,
odd content, repetition and order.

Recorded requests are sent through the real frame; what must come of them as sessions is in
`tests/clients/expected`.
"""

import copy
import dataclasses
import gzip
import json
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from clients.catalog import CLIENTS
from clients.traffic import Recorded, recorded_in
from quarterdeck.errors import TryAgain
from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire
from quarterdeck.receive.wires import WIRES
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from receive.wires.recorded_calls import matched
from receive.wires.served import Answer, Served, serve

CALLED = [wire for wire in WIRES if any(route.handler for route in wire.routes)]
SECRET = "sk-proj-" + "A1b2C3d4E5f6" * 4
ODD: tuple[Any, ...] = (None, True, 0, -1, 1.5e300, "", "odd", [], {}, [None], {"": None}, "\x00")
MUTATIONS = 60
"""Odd bodies for each wire: enough to meet every field of a short recording."""


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    """One for all: what a test stores is in a project of its own."""
    connection = chdb_engine.connect("wires")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE wires SYNC")
    connection.close()


@pytest.fixture(params=CALLED, ids=lambda wire: wire.name)
def served(
    request: pytest.FixtureRequest, tmp_path: Path, events: EventConnection
) -> Iterator[Served]:
    with serve(request.param, tmp_path, events) as one:
        yield one


def filled(path: str) -> str:
    """A route's pattern as an address."""
    return "/" + re.sub(r"\{[^}]*\}", "x", re.sub(r"\{[^}]*\.\.\.\}", "x/y/z/w", path))


def own_shape(served: Served, answer: Answer) -> bool:
    """Whether an error looks like those that the wire makes."""
    made = served.wire.error(TryAgain("x"), answer.status)
    if isinstance(made.body, dict):
        return set(json.loads(answer.body)) == set(made.body)
    return bool(answer.body)


def recordings(wire: Wire, shared: Path) -> list[Recorded]:
    """What real clients sent to this wire, below its prefix."""
    found: list[Recorded] = []
    for client in CLIENTS:
        if client.prefix == wire.prefixes[0]:
            folder = shared / "captures" / client.name
            found += recorded_in(folder) if folder.is_dir() else []
    # Bodies of some megabytes were cut from the recordings.
    return [one for one in found if one.method != "gRPC" and (one.body or not _length(one))]


def _length(request: Recorded) -> int:
    lengths = [text for name, text in request.headers if name.lower() == "content-length"]
    return int(lengths[0]) if lengths else 0


def test_two_wires_have_neither_a_name_nor_an_address_in_common() -> None:
    names = [wire.name for wire in WIRES]
    prefixes = [prefix for wire in WIRES for prefix in wire.prefixes]
    assert len(set(names)) == len(names)
    assert len(set(prefixes)) == len(prefixes)


def test_every_call_is_judged_for_its_scope_before_its_body_is_read(served: Served) -> None:
    for scopes, status in ((set[str](), 401), ({"metrics"}, 403)):
        served.scopes = scopes
        for route in served.wire.routes:
            if route.scope is None or route.handler is None or route.key_in_body:
                continue
            answer = served.ask(route.method, filled(route.path), b"not read")
            assert answer.status == status, (route.method, route.path, answer)
            assert own_shape(served, answer), (route.path, answer.body)
    assert not served.spooled()


def test_a_call_without_a_scope_says_nothing_of_a_project(served: Served) -> None:
    """Pings and versions: what they answer does not depend on who asks or what is stored."""
    for route in served.wire.routes:
        if route.scope is None and route.handler is not None:
            # A signed address is asked without a key; then nothing that is sent there is read.
            reads = route.method in ("GET", "HEAD", "OPTIONS")
            assert reads or route.body == "none", route.path


def test_what_nobody_answers_is_told_in_the_clients_shape_and_counted(served: Served) -> None:
    answer = served.ask("POST", "/no/such/call/0196-1")
    assert answer.status == 404
    assert own_shape(served, answer)
    for route in served.wire.routes:
        if route.handler is None and route.body != "otlp":
            answer = served.ask(route.method, filled(route.path), b"{}")
            assert answer.status == 501, route.path
            assert own_shape(served, answer)
    metrics = served.accounting.render(served.spool.state(), now_ns=1)
    assert 'quarterdeck_wire_unsupported_total{call="POST /no/such/call/{}"' in metrics


def test_a_server_without_room_says_when_to_try_again(served: Served) -> None:
    def full() -> None:
        raise TryAgain("the intake spool is full", code="spool_full", retry_after_s=5)

    served.intake.refuse_if_unable = full  # type: ignore[method-assign]
    sending = [r for r in served.wire.routes if r.scope == "ingest" and not r.key_in_body]
    for route in sending:
        if route.handler is None:
            continue
        answer = served.ask(route.method, filled(route.path), b"{}")
        assert answer.status in (429, 503), route.path
        assert answer.headers["retry-after"] == "5", route.path
        assert own_shape(served, answer)


def test_a_failure_inside_is_never_a_bare_500(
    served: Served, tmp_path: Path, events: EventConnection
) -> None:
    async def fails(_call: Call, _desk: Desk) -> Reply:
        raise RuntimeError("a defect")

    route = Route(method="POST", path="fails", handler=fails)
    (tmp_path / "twin").mkdir()
    broken = dataclasses.replace(served.wire, routes=(route,))
    with serve(broken, tmp_path / "twin", events) as twin:
        answer = twin.ask("POST", "/fails", b"{}")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert b"a defect" not in answer.body
    assert own_shape(served, answer)


def test_a_body_that_is_not_what_it_says_is_refused_in_the_clients_shape(served: Served) -> None:
    for route in served.wire.routes:
        if route.handler is None or route.body != "json" or route.method != "POST":
            continue
        for headers in ((), (("content-encoding", "gzip"),)):
            answer = served.ask("POST", filled(route.path), b'{"cut', headers)
            assert 400 <= answer.status < 500, (route.path, answer)
            assert own_shape(served, answer), (route.path, answer.body)


def one_of_each(wire: Wire, requests: list[Recorded]) -> list[Recorded]:
    """The longest call of each address: `tests/clients/test_recorded.py` sends all of them."""
    found: dict[object, Recorded] = {}
    for one in requests:
        address = matched(wire, one.method, one.target.partition("?")[0])
        key = id(address[0]) if address is not None else one.target
        if key not in found or len(found[key].body) < len(one.body):
            found[key] = one
    return list(found.values())


def test_recorded_calls_are_answered_whatever_their_encoding(served: Served, shared: Path) -> None:
    requests = one_of_each(served.wire, recordings(served.wire, shared))
    if not requests:
        pytest.skip("nothing of this client was recorded")
    for request in requests:
        answer = served.ask(request.method, request.target, request.body, request.headers)
        assert answer.status < 500 or answer.status == 501, (request.file, answer)
        assert answer.status not in (400, 413, 415, 422), (request.file, answer)
    bodies = [one for one in requests if one.body and _json_of(one) is not None][:6]
    for request in bodies:
        plain = json.dumps(_json_of(request)).encode()
        bare = [pair for pair in request.headers
                if pair[0].lower() not in ("content-type", "content-encoding")]  # fmt: skip
        for encoding, body in (
            ("", plain),
            ("gzip", gzip.compress(plain)),
            ("deflate", zlib.compress(plain)),
            ("zstd", zstandard.ZstdCompressor().compress(plain)),
        ):
            headers = [*bare, ("content-encoding", encoding)] if encoding else bare
            answer = served.ask(request.method, request.target, body, headers)
            assert answer.status not in (400, 415), (request.file, encoding, answer)


def test_odd_content_is_answered_and_builds_or_is_left(served: Served, shared: Path) -> None:
    """No value in any place of a real body makes the server fail, and none stops the pipeline."""
    chance = random.Random(served.wire.name)
    requests = [one for one in recordings(served.wire, shared) if _json_of(one) is not None]
    if not requests:
        pytest.skip("nothing of this client was recorded as JSON")
    for _ in range(MUTATIONS):
        request = chance.choice(requests)
        tree = _mutated(_json_of(request), chance)
        answer = served.ask(request.method, request.target, json.dumps(tree).encode())
        assert answer.status < 500 or answer.status == 501, (request.file, tree, answer)
    served.settle()
    state = served.spool.state()
    assert (state.rows, state.quarantined_rows) == (0, 0)
    assert served.accounting.total("quarterdeck_wire_unbuilt_total") == 0


def test_secrets_in_bodies_and_headers_reach_no_disk(served: Served, shared: Path) -> None:
    requests = [one for one in recordings(served.wire, shared) if _json_of(one) is not None]
    if not requests:
        pytest.skip("nothing of this client was recorded as JSON")
    for request in one_of_each(served.wire, requests):
        tree = _planted(_json_of(request))
        body = json.dumps(tree, ensure_ascii=True).encode()
        headers = {"x-app-token": SECRET, "helicone-property-key": SECRET}
        served.app._back.spool.wait(0, 0)
        answer = served.ask(request.method, request.target, body, headers)
        assert SECRET.encode() not in answer.body, request.file
    served.settle()
    rows = served.events.rows("SELECT fragment FROM fragments")
    rows += served.events.rows("SELECT raw FROM spans")
    rows += served.events.rows("SELECT score FROM scores")
    assert all(SECRET not in str(row[0]) for row in rows)


def _json_of(request: Recorded) -> Any:
    encoding = {name.lower(): text for name, text in request.headers}.get("content-encoding", "")
    body = request.body
    try:
        match encoding:
            case "gzip":
                body = gzip.decompress(body)
            case "zstd":
                body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        tree = json.loads(body)
    except (ValueError, OSError, zstandard.ZstdError):
        return None
    return tree if isinstance(tree, dict | list) else None


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        holder = todo.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                todo.append(holder[key])
    return found


def _mutated(tree: Any, chance: random.Random) -> Any:
    changed = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        places = _places(changed)
        if not places:
            return changed
        holder, key = chance.choice(places)
        holder[key] = copy.deepcopy(chance.choice(ODD))
    return changed


def _planted(tree: Any) -> Any:
    """The same with a secret at the end of every text that is no id and no time."""
    changed = copy.deepcopy(tree)
    for holder, key in _places(changed):
        text = holder[key]
        if isinstance(text, str) and " " in text:
            holder[key] = f"{text} {SECRET}"
        elif isinstance(holder, dict) and isinstance(text, dict):
            text["authorization"] = f"Bearer {SECRET}"
            text["api_key"] = SECRET
    return changed
