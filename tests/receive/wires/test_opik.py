"""
What Opik's client says of traces, spans, threads and scores, as sessions.

The recorded traffic is that of one run of its driver; `tests/clients/expected/opik.json` says what
the driver did.  All of this takes a second.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from captures.expectation import differences
from captures.load import ReplayedSession, replay_spans
from clients.facts import EXPECTED
from quarterdeck.errors import TryAgain
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.wire import span_id_of
from quarterdeck.receive.wires.opik.spans import root_id_of
from quarterdeck.receive.wires.opik.wire import WIRE
from receive.wires.recorded_calls import MemoryDesk, ask, recorded, sent

TRACE = "01a20653-3f2e-7229-a1bc-1d81d8a1f1dc"
SPAN = "01a20653-3f3f-7a2f-bd4a-b14f3adac3c8"
START = "2026-11-23T02:54:08.100000Z"
END = "2026-11-23T02:54:09.100000Z"


def requests(shared: Path) -> list[dict[str, Any]]:
    """This recorder kept a JSON body as it is."""
    found = recorded(shared / "captures" / "opik")
    return [{**one, "body": {"json": one["body"]}} for one in found]


def expected() -> list[dict[str, Any]]:
    """Without what is a judgement of the session: those are not a span's."""
    sessions = json.loads((EXPECTED / "opik.json").read_text())["runs"]["all"]["sessions"]
    for one in sessions:
        one["scores"].pop("thread_quality", None)
    # Only a desk with records knows the name of an experiment.
    return [{**one, "tags": []} if one.get("experiment") else one for one in sessions]


def told(desk: MemoryDesk) -> list[RawSpan]:
    return desk.spans(WIRE)


def the_only(desk: MemoryDesk) -> RawSpan:
    (span,) = told(desk)
    return span


def post(desk: MemoryDesk, path: str, body: Any, method: str = "POST") -> None:
    reply = ask(WIRE, desk, method, f"api/v1/private/{path}", body)
    assert reply is not None
    assert reply.status == 204, reply


def trace(**more: Any) -> dict[str, Any]:
    return {"traces": [{"id": TRACE, "name": "t", "start_time": START, **more}]}


def span(**more: Any) -> dict[str, Any]:
    told = {"id": SPAN, "trace_id": TRACE, "name": "s", "type": "general", "start_time": START}
    return {"spans": [{**told, **more}]}


# ------------------------------------------------------------------------ recorded traffic


def test_recorded_traffic_is_the_sessions_that_the_driver_performed(shared: Path) -> None:
    desk = sent(WIRE, requests(shared))
    assert differences(expected(), replay_spans(told(desk))) == []
    (judgement,) = desk.judgements()
    assert (judgement.name, judgement.target_session_id) == ("thread_quality", "thread-success")
    assert (judgement.value, judgement.explanation) == (0.7, "ok")


def test_neither_order_nor_repetition_changes_a_session(shared: Path) -> None:
    def sessions(some: list[dict[str, Any]]) -> list[Any]:
        found: list[ReplayedSession] = replay_spans(told(sent(WIRE, some)))
        return [_without_times(one) for one in found]

    recorded_once = requests(shared)
    once = sessions(recorded_once)
    for seed in range(8):
        shuffler = random.Random(seed)
        many = recorded_once + shuffler.sample(recorded_once, 20)
        shuffler.shuffle(many)
        assert sessions(many) == once


def _without_times(found: ReplayedSession) -> Any:
    """Scores and the end of a thread have no time but their arrival's."""
    session = found.session
    scores = sorted((s.name, s.value, s.scope, s.label, s.explanation) for s in session.scores)
    return (
        session.session_id, session.started_ns, session.status, session.agents, session.models,
        session.tools, session.tags, session.user, session.outcome, session.interventions,
        session.cost, session.span_count, session.step_count, session.experiment, scores,
    )  # fmt: skip


def test_a_session_ends_when_its_thread_is_closed_and_not_before(shared: Path) -> None:
    replayed = replay_spans(told(sent(WIRE, requests(shared))))
    found = {one.session.session_id: one.session for one in replayed}
    assert found["thread-success"].status == "closed"
    assert found["thread-failure"].status == "open"


# --------------------------------------------------------------------- versions and changes


def test_each_field_is_that_of_the_newest_version_which_has_it() -> None:
    start = trace(last_updated_at=START, tags=["early"], input={"q": 1})
    end = trace(last_updated_at=END, end_time=END, thread_id="th-1", tags=["late"], output="a")
    for order in ((start, end), (end, start), (end, start, end)):
        desk = MemoryDesk()
        for body in order:
            post(desk, "traces/batch", body)
        attributes = the_only(desk).attributes
        assert attributes["opik.tags"] == ["late"]
        assert attributes["opik.thread_id"] == "th-1"
        assert attributes["opik.input"] == {"q": 1}
        assert "quarterdeck.partial" not in attributes


def test_a_change_may_come_before_what_it_changes() -> None:
    desk = MemoryDesk()
    change = {"trace_id": TRACE, "end_time": END, "output": {"o": "yo"}}
    post(desk, f"spans/{SPAN}", change, method="PATCH")
    assert told(desk) == []
    post(desk, "spans/batch", span(last_updated_at=START))
    one = the_only(desk)
    assert (one.attributes["opik.output"], one.parent_span_id) == ({"o": "yo"}, root_id_of(TRACE))
    assert one.end_ns - one.start_ns == 1_000_000_000


def test_tags_are_added_and_removed_by_changes() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace(tags=["a", "b"]))
    post(desk, f"traces/{TRACE}", {"tags_to_add": ["c"], "tags_to_remove": ["a"]}, method="PATCH")
    assert the_only(desk).attributes["opik.tags"] == ["b", "c"]
    many = {"ids": [TRACE], "update": {"tags": ["d"]}, "merge_tags": True}
    post(desk, "traces/batch", many, method="PATCH")
    assert the_only(desk).attributes["opik.tags"] == ["b", "c", "d"]


def test_what_has_not_ended_is_partial() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace())
    one = the_only(desk)
    assert (one.end_ns, one.attributes["quarterdeck.partial"]) == (0, True)


def test_an_error_is_told_with_its_type_and_its_message() -> None:
    desk = MemoryDesk()
    error = {"exception_type": "ValueError", "message": "bad", "traceback": "Traceback …"}
    post(desk, "spans/batch", span(type="tool", end_time=END, error_info=error))
    read = normalize_span(the_only(desk))
    assert (read.status, read.error_type, read.error_message) == ("error", "ValueError", "bad")


@pytest.mark.parametrize(
    "odd", [{"start_time": 5}, {"end_time": "late"}, {"tags": 7}, {"metadata": "{"},
            {"usage": []}, {"error_info": "no"}, {"input": None, "type": {}}]
)  # fmt: skip
def test_odd_fields_cost_their_own_fact_and_no_more(odd: dict[str, Any]) -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace())
    post(desk, "spans/batch", span(**odd))
    assert len(told(desk)) == (1 if "start_time" in odd else 2)
    for one in told(desk):
        assert normalize_span(one).trace_id == TRACE.replace("-", "")


# ----------------------------------------------------------------------- kinds and contents


def test_a_trace_and_its_root_function_are_no_two_agents() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace(name="writer", end_time=END, metadata={"agent": "writer"}))
    told_span = span(name="writer", end_time=END, metadata={"agent": "writer"})
    post(desk, "spans/batch", told_span)
    (session,) = replay_spans(told(desk))
    (agent,) = session.session.agents
    assert (agent.agent, agent.invocations) == ("writer", 1)


def test_a_plain_function_is_a_step_and_no_agent() -> None:
    desk = MemoryDesk()
    post(desk, "spans/batch", span(name="critic", end_time=END))
    assert normalize_span(the_only(desk)).kind == "step"


def test_a_models_provider_is_not_the_address_that_it_was_reached_at() -> None:
    desk = MemoryDesk()
    usage = {
        "prompt_tokens": 29,
        "completion_tokens": 22,
        "original_usage.prompt_tokens_details.cached_tokens": 16,
        "original_usage.completion_tokens_details.reasoning_tokens": 8,
    }
    messages = {"messages": [{"role": "user", "content": "hi"}]}
    choices = {"choices": [{"message": {"role": "assistant", "content": "PLAN"}}]}
    body = span(
        type="llm", model="gpt-4o-mini", provider="127.0.0.1", usage=usage, end_time=END,
        input=messages, output=choices, total_estimated_cost=0.5,
    )  # fmt: skip
    post(desk, "spans/batch", body)
    read = normalize_span(the_only(desk))
    assert (read.kind, read.provider) == ("model", "openai")
    assert read.usage is not None
    assert (read.usage.input_tokens, read.usage.cache_read_tokens) == (29, 16)
    assert (read.usage.output_tokens, read.usage.reasoning_tokens) == (22, 8)
    assert read.charge is not None
    assert str(read.charge.reported_usd) == "0.5"
    content = read_content(the_only(desk))
    assert [message.role for message in content.input_messages] == ["user"]
    assert [message.role for message in content.output_messages] == ["assistant"]


@pytest.mark.parametrize(
    ("provider", "known"),
    [("anthropic", "anthropic"), ("api.anthropic.com", "anthropic"), ("aws.bedrock", "aws.bedrock"),
     ("localhost:8000", "openai"), ("llm.corp.internal", "openai"), ("10.0.0.7", "openai")],
)  # fmt: skip
def test_an_own_address_leaves_the_provider_to_the_models_name(provider: str, known: str) -> None:
    desk = MemoryDesk()
    post(desk, "spans/batch", span(type="llm", model="gpt-4o", provider=provider))
    assert normalize_span(the_only(desk)).provider == known


def test_what_evaluate_does_around_a_metric_is_evaluation() -> None:
    desk = MemoryDesk()
    internal = {"tags": ["__opik_eval_internal__"], "source": "experiment"}
    post(desk, "spans/batch", span(**internal, input={"trial_id": 2}))
    read = normalize_span(the_only(desk))
    assert (read.kind, read.experiment, read.trial, read.tags) == ("evaluation", True, 2, ())


def test_an_interrupt_of_a_graph_and_its_resume_are_one_answer_of_a_person() -> None:
    desk = MemoryDesk()
    node = {"created_from": "langchain", "langgraph_node": "approval", "thread_id": "th-9"}
    asked = {"__interrupt__": "{'question': 'Send it?'}"}
    second = TRACE.replace("01a2", "01a3")
    traces = [
        {"id": TRACE, "name": "LangGraph", "start_time": START, "end_time": START,
         "thread_id": "th-9", "metadata": {"created_from": "langchain"}, "output": asked},
        {"id": second, "name": "LangGraph", "start_time": END, "end_time": END,
         "thread_id": "th-9", "metadata": {"created_from": "langchain"},
         "input": {"__resume__": "yes"}},
    ]  # fmt: skip
    post(desk, "traces/batch", {"traces": traces})
    told_span = span(name="approval", end_time=START, metadata=node, output=asked)
    post(desk, "spans/batch", told_span)
    (found,) = replay_spans(told(desk))
    (act,) = found.session.interventions
    assert (act.kind, act.question, act.answer) == ("answer", "Send it?", "yes")
    assert found.session.outcome.label == "unknown"
    assert found.session.workflow.name == ""


def test_frameworks_say_what_is_an_agent_and_where_control_goes() -> None:
    desk = MemoryDesk()
    made = [
        ("coder", {"created_from": "langchain", "lc_agent_name": "coder"}, {}),
        ("writer", {"type": "agent", "name": "writer"}, {}),
        ("critic", {"created_from": "google-adk", "adk_invocation_id": "i"}, {}),
        ("Researcher", {"created_from": "crewai"}, {"agent": {"role": "Researcher"}}),
    ]
    for at, (name, metadata, given) in enumerate(made):
        body = span(id=f"s-{at}", name=name, metadata=metadata, input=given, end_time=END)
        post(desk, "spans/batch", body)
    read = [normalize_span(one) for one in told(desk)]
    assert [(one.kind, one.agent) for one in read] == [("agent", name) for name, _, _ in made]
    handoff = {"type": "handoff", "from_agent": "writer", "to_agent": "critic"}
    post(desk, "spans/batch", span(name="Handoff", metadata=handoff, end_time=END))
    (hint,) = [one.handoff for one in map(normalize_span, told(desk)) if one.handoff]
    assert (hint.source, hint.target, hint.kind) == ("writer", "critic", "hands_off")


# ---------------------------------------------------------------------------------- scores


def test_a_score_may_come_before_what_it_judges_and_the_last_one_counts() -> None:
    desk = MemoryDesk()
    for value in (0.2, 0.9):
        given = {"id": SPAN, "name": "quality", "value": value, "source": "ui", "reason": "r"}
        post(desk, "spans/feedback-scores", {"scores": [given]}, method="PUT")
    post(desk, "spans/batch", span(end_time=END))
    (score,) = normalize_span(the_only(desk)).scores
    assert (score.name, score.value, score.judge, score.scope) == ("quality", 0.9, "human", "span")
    post(desk, f"spans/{SPAN}/feedback-scores/delete", {"name": "quality"})
    assert normalize_span(the_only(desk)).scores == ()


def test_a_score_of_an_experiments_trace_is_the_sessions() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace(source="experiment", end_time=END))
    score = {"id": TRACE, "name": "equals", "value": 1.0, "source": "sdk"}
    post(desk, "traces/feedback-scores", {"scores": [score]}, method="PUT")
    (found,) = replay_spans(told(desk))
    assert [(s.name, s.scope) for s in found.session.scores] == [("equals", "session")]
    assert found.session.experiment


def test_an_assertion_of_a_test_suite_is_a_score() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace(end_time=END))
    result = {"entity_id": TRACE, "name": "polite", "status": "failed", "source": "sdk"}
    body = {"entity_type": "trace", "assertion_results": [result]}
    post(desk, "assertion-results", body, method="PUT")
    (score,) = normalize_span(the_only(desk)).scores
    assert (score.name, score.value, score.label) == ("polite", 0.0, "failed")


def test_a_comment_is_a_persons_words() -> None:
    desk = MemoryDesk()
    post(desk, "traces/batch", trace(end_time=END))
    path = f"v1/private/traces/{TRACE}/comments"
    reply = ask(WIRE, desk, "POST", path, {"text": "too slow"})
    assert reply is not None
    assert reply.status == 201
    (score,) = normalize_span(the_only(desk)).scores
    assert (score.name, score.explanation, score.judge) == ("comment", "too slow", "human")


# ------------------------------------------------------------------------------------ rest


@pytest.mark.parametrize("base", ["api/", "opik/api/", ""])
def test_every_base_of_the_client_is_answered(base: str) -> None:
    for path in ("is-alive/ping", "is-alive/ver", "v1/private/auth/workspace"):
        reply = ask(WIRE, MemoryDesk(), "GET", base + path)
        assert reply is not None
        assert reply.status == 200


def test_an_error_has_the_shape_that_the_client_reads() -> None:
    reply = ask(WIRE, MemoryDesk(), "POST", "v1/private/traces/batch", {"traces": "none"})
    assert reply is not None
    assert set(reply.body) == {"code", "message", "errors"}


def test_a_server_without_room_is_waited_for() -> None:
    """After a 503 the client drops what it has; after a 429 with this header it does not."""
    reply = WIRE.error(TryAgain("full", retry_after_s=3), 503)
    assert (reply.status, reply.headers["RateLimit-Reset"]) == (429, "3")
    assert WIRE.error(TryAgain("a defect", code="internal"), 503).status == 503


def test_ids_of_a_trace_and_of_its_span_do_not_collide() -> None:
    assert root_id_of(TRACE) != span_id_of(TRACE)
