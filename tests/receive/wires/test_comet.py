"""
Runs of Comet's classic SDK as sessions, from recorded traffic and from single calls.  Takes a
second.
"""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from captures.expectation import differences
from captures.load import replay_spans
from clients.facts import EXPECTED
from quarterdeck.errors import NotFound
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.wire import Call, Part
from quarterdeck.receive.wires.comet.assets import upload
from quarterdeck.receive.wires.comet.wire import WIRE
from receive.wires.recorded_calls import NOW_NS, MemoryDesk, ask, recorded, sent

KEY = "fed10fe9ca7f40b2a0878bbd7cf207c0"
START_MS, END_MS = 1_795_404_322_232, 1_795_404_324_966
LIB, REST = "clientlib/", "api/rest/v2/write/experiment/"


def requests(shared: Path) -> list[dict[str, Any]]:
    """This recorder kept a JSON body as it is.  Files are left out: the desk takes no parts."""
    found = recorded(shared / "captures" / "comet_ml")
    return [
        {**one, "path": one["path"].partition("?")[0], "body": {"json": one["body"]}}
        for one in found
        if "asset/upload" not in one["path"]
    ]


def call(desk: MemoryDesk, path: str, body: dict[str, Any], *, received_ns: int = NOW_NS) -> None:
    told = {"experimentKey": KEY, **body}
    reply = ask(WIRE, desk, "POST", path, told, received_ns=received_ns)
    assert reply is not None, path
    assert reply.status == 200, reply


def begun() -> MemoryDesk:
    desk = MemoryDesk()
    told = {"local_timestamp": START_MS, "projectName": "billing", "apiKey": "secret"}
    call(desk, LIB + "logger/add/run", told)
    return desk


def end(desk: MemoryDesk, at_ms: int = END_MS) -> None:
    call(desk, LIB + "status-report/update", {"is_alive": False, "local_timestamp": at_ms})


def the_only(desk: MemoryDesk) -> RawSpan:
    (span,) = desk.spans(WIRE)
    return span


def metrics(desk: MemoryDesk, *rows: tuple[str, float, int], received_ns: int = NOW_NS) -> None:
    values = [
        {"metricName": name, "metricValue": value, "step": at, "timestamp": START_MS + at}
        for name, value, at in rows
    ]
    path = LIB + "batch/logger/experiment/metric"
    call(desk, path, {"values": values}, received_ns=received_ns)


def test_recorded_runs_are_the_sessions_that_the_driver_performed(shared: Path) -> None:
    wanted = json.loads((EXPECTED / "comet_ml.json").read_text())["runs"]["all"]["sessions"]
    found = replay_spans(sent(WIRE, requests(shared)).spans(WIRE))
    assert differences(wanted, found) == []
    assert [one.spans[0].name for one in found] == ["exp-ok", "exp-fail"]
    first = found[0].content(found[0].spans[0].trace_id, found[0].spans[0].span_id)
    assert first.input == {"lr": 0.1, "a": 1, "b": "x", "curr_step": 2}
    assert first.metadata == {"Name": "exp-ok", "status": "ok"}


def test_neither_order_nor_repetition_changes_a_run(shared: Path) -> None:
    def spans(some: list[dict[str, Any]]) -> dict[str, RawSpan]:
        return {one.trace_id: one for one in sent(WIRE, some).spans(WIRE)}

    recorded_once = requests(shared)
    once = spans(recorded_once)
    for seed in range(8):
        shuffler = random.Random(seed)
        many = recorded_once + shuffler.sample(recorded_once, 15)
        shuffler.shuffle(many)
        for trace_id, one in spans(many).items():
            wanted = once[trace_id]
            assert (one.start_ns, one.end_ns, one.events) == (
                wanted.start_ns, wanted.end_ns, wanted.events,
            )  # fmt: skip
            for name in ("comet.parameters", "comet.metrics", "comet.others", "comet.output"):
                assert one.attributes[name] == wanted.attributes[name]
            tags = "quarterdeck.tags"
            assert set(one.attributes[tags]) == set(wanted.attributes[tags])


def test_a_run_goes_on_until_it_says_that_it_ended_and_again_when_it_is_resumed() -> None:
    desk = begun()
    assert normalize_span(the_only(desk)).partial
    end(desk)
    assert normalize_span(the_only(desk)).end_ns == END_MS * 1_000_000
    resumed = {"previousExperiment": KEY, "local_timestamp": END_MS + 1000}
    call(desk, LIB + "logger/get/run", resumed)
    assert normalize_span(the_only(desk)).partial
    end(desk, END_MS + 2000)
    read = normalize_span(the_only(desk))
    assert (read.start_ns, read.end_ns) == (START_MS * 1_000_000, (END_MS + 2000) * 1_000_000)


def test_heartbeats_are_answered_and_not_kept() -> None:
    desk = begun()
    before = len(desk.fragments)
    call(desk, LIB + "status-report/update", {"is_alive": True, "local_timestamp": START_MS})
    assert len(desk.fragments) == before


def test_the_last_value_of_a_runs_own_metric_is_a_score_and_the_machines_are_not() -> None:
    desk = begun()
    metrics(desk, ("loss", 0.1, 2), ("loss", 0.5, 1), ("sys.cpu.percent.avg", 9.0, 1))
    metrics(desk, ("loss", 0.1, 2))
    (score,) = normalize_span(the_only(desk)).scores
    assert (score.name, score.value, score.judge, score.scope) == ("loss", 0.1, "code", "session")
    told = the_only(desk).attributes
    assert told["comet.metrics"]["loss"]["count"] == 2
    assert (told["comet.metrics"]["loss"]["min"], told["comet.metrics"]["loss"]["max"]) == (
        0.1,
        0.5,
    )
    assert list(told["comet.system_metrics"]) == ["sys.cpu.percent.avg"]


def test_of_a_long_run_its_end_and_its_last_values_are_read_first() -> None:
    desk = begun()
    for at in range(5):
        metrics(desk, ("loss", float(at), at), received_ns=NOW_NS + at)
    end(desk)
    parts = desk.of("comet:experiment:" + KEY)[:3]
    (span,) = WIRE.build("comet:experiment:" + KEY, parts) if WIRE.build else ()
    assert span.end_ns == END_MS * 1_000_000
    assert span.attributes["comet.metrics"]["loss"]["value"] == 4.0


def test_tags_are_added_and_deleted() -> None:
    desk = begun()
    call(desk, LIB + "tags/add-tags-to-experiment", {"addedTags": ["a", "b"]})
    call(desk, REST + "tags/delete", {"deletedTags": ["a"]})
    assert normalize_span(the_only(desk)).tags == ("b",)


def test_the_rest_api_and_the_library_say_the_same_things() -> None:
    desk = begun()
    call(desk, REST + "parameter", {"parameterName": "lr", "parameterValue": "0.1"})
    call(desk, REST + "metric", {"metricName": "acc", "metricValue": "0.9", "timestamp": START_MS})
    call(desk, "clientlib/rest/v2/write/experiment/log-other", {"key": "Name", "value": "exp"})
    read = normalize_span(the_only(desk))
    assert (read.name, read.session_key) == ("exp", KEY)
    assert [(score.name, score.value) for score in read.scores] == [("acc", 0.9)]
    assert read_content(the_only(desk)).input == {"lr": "0.1"}


def test_a_crash_is_an_error_and_a_mere_complaint_is_none() -> None:
    desk = begun()
    call(desk, REST + "update-status", {"isAlive": True, "error": "dropped", "hasCrashed": False})
    assert normalize_span(the_only(desk)).status == "unset"
    assert the_only(desk).attributes["comet.error"] == "dropped"
    call(desk, REST + "update-status", {"isAlive": False, "error": "OOM", "hasCrashed": True})
    end(desk)
    read = normalize_span(the_only(desk))
    assert (read.status, read.error_message) == ("error", "OOM")


def test_no_key_of_the_sender_is_kept() -> None:
    assert "secret" not in json.dumps([part.body for part in begun().fragments])


@pytest.mark.parametrize(
    "odd",
    [{"values": 5}, {"values": [None, 1, {}]}, {"values": [{"metricName": [], "metricValue": {}}]}],
)
def test_odd_values_cost_their_own_fact_and_no_more(odd: dict[str, Any]) -> None:
    desk = begun()
    for kind in ("metric", "parameter"):
        call(desk, LIB + f"batch/logger/experiment/{kind}", odd)
    assert normalize_span(the_only(desk)).session_key == KEY


def test_half_of_the_calls_come_to_the_root_and_no_other_address_of_it_is_taken() -> None:
    firsts = {route.path.split("/")[0] for route in WIRE.strays}
    assert firsts == {"clientlib", "api"}
    for route in WIRE.strays:
        assert route.path.startswith(("clientlib/", "api/rest/v2/"))


def uploaded(desk: MemoryDesk, data: bytes) -> None:
    told = {"experimentId": KEY, "assetId": "a-1", "fileName": "notes.txt", "type": "asset"}
    call = Call(
        method="POST",
        path={},
        query={name: [value] for name, value in told.items()},
        headers={},
        parts=[Part("file", "file", "", data)],
    )
    asyncio.run(upload(call, desk))


def test_a_file_of_text_is_kept_and_any_other_refused() -> None:
    desk = begun()
    for _ in range(2):
        uploaded(desk, b"hi")
    (asset,) = the_only(desk).attributes["comet.assets"]
    assert (asset["fileName"], asset["size"], asset["text"]) == ("notes.txt", 2, "hi")
    for data in (b"\x89PNG\x00", b"x" * 300_000, b"\xff\xfe"):
        with pytest.raises(NotFound, match="was not"):
            uploaded(desk, data)
    assert len(the_only(desk).attributes["comet.assets"]) == 1
