"""
What Opik's client reads back of what it sent, through the real frame and stores.  Takes 3 seconds.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.receive.wires.opik.wire import WIRE
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from receive.wires.served import Served, serve

FIRST = "01a20653-3f2e-7229-a1bc-1d81d8a1f1dc"
SECOND = "01a20653-4140-7b90-95c0-33c827241dc1"
SPAN = "01a20653-3f3f-7a2f-bd4a-b14f3adac3c8"
START = "2026-11-23T02:54:08.686333Z"
LATER = "2026-11-23T02:54:09.216985Z"
END = "2026-11-23T02:54:10.100000Z"


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    connection = chdb_engine.connect("opik_reads")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE opik_reads SYNC")
    connection.close()


@pytest.fixture
def served(tmp_path: Path, events: EventConnection) -> Iterator[Served]:
    with serve(WIRE, tmp_path, events) as one:
        yield one


def call(served: Served, method: str, path: str, body: Any = None) -> Any:
    answer = served.ask(method, f"/api/v1/private/{path}", json.dumps(body or {}).encode())
    assert answer.status < 300, answer
    if answer.headers.get("content-type") == "application/octet-stream":
        return [json.loads(line) for line in answer.body.splitlines()]
    return answer.json() if answer.body else None


@pytest.fixture
def sent(served: Served) -> Served:
    """Two turns of a thread in one project, the first with a tool and a score."""
    traces = [
        {"id": FIRST, "name": "one", "start_time": START, "end_time": LATER, "tags": ["x"],
         "input": {"q": 1}, "output": {"r": 1}, "thread_id": "th-1", "project_name": "p"},
        {"id": SECOND, "name": "two", "start_time": LATER, "end_time": END, "thread_id": "th-1",
         "project_name": "p", "metadata": {"env": {"name": "prod"}}},
    ]  # fmt: skip
    span = {"id": SPAN, "trace_id": FIRST, "name": "tool", "type": "tool", "start_time": START,
            "project_name": "p"}  # fmt: skip
    score = {"id": FIRST, "name": "quality", "value": 0.5, "source": "sdk"}
    call(served, "POST", "traces/batch", {"traces": traces})
    call(served, "POST", "spans/batch", {"spans": [span]})
    call(served, "PUT", "traces/feedback-scores", {"scores": [score]})
    return served


def names(served: Served, path: str = "traces/search", **asked: Any) -> list[str]:
    return [one["name"] for one in call(served, "POST", path, {"project_name": "p", **asked})]


def test_traces_are_found_newest_first_and_page_by_page(sent: Served) -> None:
    assert names(sent) == ["two", "one"]
    assert names(sent, limit=1) == ["two"]
    assert names(sent, limit=1, last_retrieved_id=SECOND) == ["one"]
    assert names(sent, last_retrieved_id=FIRST) == []
    assert names(sent, from_time=LATER) == ["two"]
    assert names(sent, project_name="other") == []


@pytest.mark.parametrize(
    ("field", "key", "operator", "value", "found"),
    [
        ("tags", "", "contains", "x", ["one"]),
        ("metadata", "env.name", "=", "prod", ["two"]),
        ("feedback_scores", "quality", ">=", "0.5", ["one"]),
        ("feedback_scores", "quality", "is_empty", "", ["two"]),
        ("start_time", "", ">", START, ["two"]),
        ("name", "", "!=", "one", ["two"]),
        ("thread_id", "", "starts_with", "th-", ["two", "one"]),
        ("name", "", "in", '["one","three"]', ["one"]),
    ],
)
def test_filters_mean_what_they_say(
    sent: Served, field: str, key: str, operator: str, value: str, found: list[str]
) -> None:
    one = {"field": field, "key": key, "operator": operator, "value": value}
    assert names(sent, filters=[one]) == found


def test_a_filter_that_is_unknown_lets_nothing_through(sent: Served) -> None:
    one = {"field": "name", "operator": "sounds_like", "value": "one"}
    body = json.dumps({"project_name": "p", "filters": [one]}).encode()
    assert sent.ask("POST", "/api/v1/private/traces/search", body).status == 400


def test_spans_are_found_by_trace_and_by_project(sent: Served) -> None:
    assert names(sent, "spans/search", trace_id=FIRST) == ["tool"]
    assert names(sent, "spans/search", trace_id=SECOND) == []
    assert names(sent, "spans/search") == ["tool"]


def test_one_object_is_read_with_its_scores_and_its_project(sent: Served) -> None:
    shown = call(sent, "GET", f"traces/{FIRST}")
    assert (shown["output"], shown["thread_id"]) == ({"r": 1}, "th-1")
    assert shown["feedback_scores"] == [{"name": "quality", "value": 0.5, "source": "sdk"}]
    assert shown["duration"] == pytest.approx(530.652)
    assert call(sent, "GET", f"projects/{shown['project_id']}")["name"] == "p"
    assert sent.ask("GET", "/api/v1/private/traces/none").status == 404


def test_a_thread_is_its_traces_and_is_inactive_once_it_is_closed(sent: Served) -> None:
    asked = {"project_name": "p", "thread_id": "th-1"}
    shown = call(sent, "POST", "traces/threads/retrieve", asked)
    assert (shown["number_of_messages"], shown["status"]) == (4, "active")
    assert (shown["first_message"], shown["last_message"]) == ({"q": 1}, None)
    call(sent, "PUT", "traces/threads/close", asked)
    (found,) = call(sent, "POST", "traces/threads/search", {"project_name": "p"})
    assert found["status"] == "inactive"
