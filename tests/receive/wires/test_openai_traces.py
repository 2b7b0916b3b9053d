"""
The OpenAI Agents SDK's own exporter: what it sent, as sessions.

About 3 seconds: recorded traffic through pure stages, and one case through the real frame.
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from captures.expectation import differences
from captures.load import replay_spans
from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.openai_traces.spans import build, openai_trace_id, read_items
from quarterdeck.receive.wires.openai_traces.wire import WIRE
from quarterdeck.storage.events.connection import EventConnection
from receive.wires.recorded_calls import recorded
from receive.wires.served import serve

EXPECTED = Path(__file__).parents[2] / "clients" / "expected" / "openai_agents.json"
NOW_NS = 1_795_428_060_000_000_000
TRACE = "trace_" + "ab" * 16

Item = dict[str, Any]


def trace(**told: Any) -> Item:
    return {
        "object": "trace",
        "id": TRACE,
        "workflow_name": "billing",
        "group_id": "g-1",
        "metadata": {"user_id": "u-1", "env": "Prod", "tags": ["a", "b"]},
        **told,
    }


def span(data: Item, **told: Any) -> Item:
    return {
        "object": "trace.span",
        "id": "span_0123456789abcdef01234567",
        "trace_id": TRACE,
        "parent_id": None,
        "started_at": "2026-11-23T10:00:00.000001+00:00",
        "ended_at": "2026-11-23T10:00:01+00:00",
        "span_data": data,
        "error": None,
        **told,
    }


def spans_of(batches: Iterable[list[Item]]) -> list[RawSpan]:
    """What batches, that come a second apart, are together."""
    found: list[RawSpan] = []
    parts: dict[str, list[Fragment]] = {}
    for number, items in enumerate(batches):
        reading = read_items(items, received_ns=NOW_NS + number * 1_000_000_000)
        found += reading.spans
        for fragment in reading.fragments:
            parts.setdefault(fragment.object, []).append(fragment)
    for name, fragments in parts.items():
        found += build(name, sorted(fragments, key=lambda one: one.at_ns))
    return found


def read(data: Item, **told: Any) -> Span:
    [made] = read_items([span(data, **told)], received_ns=NOW_NS).spans
    return normalize_span(made)


def session_span(*batches: list[Item]) -> Span:
    [made] = [one for one in map(normalize_span, spans_of(batches)) if one.kind == "session"]
    return made


# -- sessions ---------------------------------------------------------------------------------


def test_recorded_batches_are_the_sessions_that_the_driver_performed_in_any_order(
    shared: Path,
) -> None:
    wanted = json.loads(EXPECTED.read_text())["runs"]["all"]["sessions"]
    [request] = recorded(shared / "captures" / "openai_agents")
    items = request["body"]["data"]
    assert differences(wanted, replay_spans(spans_of([items]))) == []
    chance = random.Random(1)
    for size in (1, 7, 40):
        again = [*items, *chance.choices(items, k=20)]
        chance.shuffle(again)
        batches = [again[at : at + size] for at in range(0, len(again), size)]
        assert differences(wanted, replay_spans(spans_of(batches))) == []


def test_a_trace_tells_session_user_environment_tags_and_workflow() -> None:
    told = session_span([trace(), span({"type": "agent", "name": "planner"})])
    assert (told.session_key, told.user, told.environment) == ("g-1", "u-1", "prod")
    assert (told.tags, told.workflow) == (("a", "b"), "billing")
    assert told.trace_id == "ab" * 16
    # The exporter tells no time of a trace: its first span's is the nearest.
    assert told.start_ns == told.end_ns == 1_795_428_000_000_001_000


def test_a_trace_that_comes_alone_and_again_begins_when_it_first_came() -> None:
    told = session_span([trace()], [trace()])
    assert told.start_ns == NOW_NS
    assert session_span([trace(group_id=None, metadata=None)]).session_key == ""


def test_a_name_that_nobody_gave_is_no_workflow() -> None:
    assert session_span([trace(workflow_name="Agent workflow")]).workflow == ""


def test_metadata_names_the_session_where_no_group_does() -> None:
    assert session_span([trace(group_id=None, metadata={"thread_id": "t-1"})]).session_key == "t-1"


def test_ids_are_the_traces_own_and_a_hash_of_the_spans() -> None:
    [made] = read_items([span({"type": "agent"}, parent_id="span_x")], received_ns=1).spans
    assert made.trace_id == openai_trace_id(TRACE) == "ab" * 16
    assert len(made.span_id) == len(made.parent_span_id) == 16
    assert made.attributes["openai_agents.span_id"] == "span_0123456789abcdef01234567"
    assert len(openai_trace_id("trace_of_our_own")) == 32


# -- spans ------------------------------------------------------------------------------------


def test_tokens_are_of_model_calls_alone() -> None:
    usage = {
        "input_tokens": 50,
        "output_tokens": 20,
        "total_tokens": 70,
        "input_tokens_details": {"cached_tokens": 16},
        "output_tokens_details": {"reasoning_tokens": 8},
    }
    call = read({"type": "response", "response_id": "resp_1", "usage": usage})
    assert call.kind == "model"
    assert call.response_id == "resp_1"
    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.cache_read_tokens) == (50, 16)
    assert (call.usage.output_tokens, call.usage.reasoning_tokens) == (20, 8)
    for name in ("turn", "task"):
        data = {"sdk_span_type": name, "agent_name": "planner", "usage": usage}
        step = read({"type": "custom", "name": name, "data": data})
        assert (step.kind, step.usage) == ("step", None)
        assert step.subkind == {"turn": "turn", "task": "workflow"}[name]


def test_a_generation_shows_its_model_and_what_was_said() -> None:
    data = {
        "type": "generation",
        "input": [{"role": "user", "content": "hello"}],
        "output": [{"role": "assistant", "content": "hi"}],
        "model": "gpt-4o-mini",
        "usage": {"input_tokens": 9, "output_tokens": 19},
    }
    [made] = read_items([span(data)], received_ns=1).spans
    found = normalize_span(made)
    assert (found.kind, found.model_requested) == ("model", "gpt-4o-mini")
    content = read_content(made)
    assert [one.role for one in (*content.input_messages, *content.output_messages)] == [
        "user",
        "assistant",
    ]


def test_a_tool_without_a_result_may_wait_for_a_person_and_one_with_it_does_not() -> None:
    data = {"type": "function", "name": "run_tests", "input": '{"target": "a"}'}
    asked, ran = read({**data, "output": None}), read({**data, "output": "3 passed"})
    assert (asked.kind, asked.tool) == (ran.kind, ran.tool) == ("tool", "run_tests")
    assert asked.human is not None
    assert asked.human.tentative
    assert ran.human is None
    assert asked.tool_call_id == ran.tool_call_id


def test_a_handoff_and_a_guardrail_are_what_they_are() -> None:
    found = read({"type": "handoff", "from_agent": "planner", "to_agent": "coder"})
    assert found.handoff is not None
    assert (found.handoff.source, found.handoff.target) == ("planner", "coder")
    for triggered in (True, False):
        found = read({"type": "guardrail", "name": "no_secrets", "triggered": triggered})
        assert (found.kind, found.guardrail_triggered) == ("guardrail", triggered)


def test_an_error_tells_what_the_sdk_left_of_it() -> None:
    error = {"message": "Error running tool", "data": {"tool_name": "x", "error": "redacted"}}
    found = read({"type": "function", "name": "x"}, error=error)
    assert (found.status, found.error_message) == ("error", "Error running tool: redacted")
    assert read({"type": "agent", "name": "a"}, error={"message": "m"}).error_message == "m"
    assert read({"type": "agent", "name": "a"}, error="odd").error_message == "odd"


def test_what_can_not_be_read_is_kept_and_builds_nothing() -> None:
    odd: list[Any] = [
        {"object": "trace.span", "id": "s"},
        {"object": "note", "id": "n"},
        "text",
        None,
    ]
    reading = read_items([*odd, span({"type": "agent"})], received_ns=1)
    assert len(reading.spans) == 1
    assert [one.body for one in reading.fragments] == odd[:2]
    assert [build(one.object, [one]) for one in reading.fragments] == [(), ()]
    refused: tuple[Any, ...] = (None, {}, "x")
    for items in refused:
        with pytest.raises(Invalid):
            read_items(items, received_ns=1)


# -- the wire ---------------------------------------------------------------------------------


def test_the_exporters_address_works_with_and_without_v1(
    tmp_path: Path, chdb_database: EventConnection
) -> None:
    body = json.dumps({"data": [trace(), span({"type": "agent", "name": "planner"})]}).encode()
    with serve(WIRE, tmp_path, chdb_database) as served:
        for path in ("/v1/traces/ingest", "/traces/ingest"):
            assert served.ask("POST", path, body).status == 204
        served.settle()
        assert {one.name for one in served.spans} == {"planner", "billing"}
        refused = served.ask("POST", "/v1/traces/ingest", b'{"data": 7}')
        assert refused.status == 400
        assert refused.json()["error"]["type"] == "invalid_request_error"
        assert served.ask("POST", "/v1/traces", body).status == 404
