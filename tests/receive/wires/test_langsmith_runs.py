"""
What LangSmith's clients say of runs -> spans: pure, without a server.  Some 0.5 s.

That whole recorded scenarios give what their drivers did is held in `tests/clients`.
"""

import itertools
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from quarterdeck.errors import Invalid
from quarterdeck.model.messages import TextPart
from quarterdeck.model.spans import RawEvent, RawSpan, Resource, Span
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.wire import Fragment, Part
from quarterdeck.receive.wires.langsmith import bodies
from quarterdeck.receive.wires.langsmith.spans import build
from quarterdeck.receive.wires.langsmith.wire import WIRE

RUN = "01a2064f-d0ff-7693-b8a8-58702c2e196b"
CHILD = "01a2064f-d1e6-70c0-9ea3-406e4163045e"
FEEDBACK = "01a2064f-d267-7409-8e1a-8e69c1df28c5"
START, END = "2026-11-23T02:50:24.026773+00:00", "2026-11-23T02:50:24.222385+00:00"
START_NS, END_NS = 1_795_402_224_026_773_000, 1_795_402_224_222_385_000

Object = dict[str, Any]


def posted(**told: Any) -> Fragment:
    return bodies.of_run("post", {"id": RUN, "trace_id": RUN, "start_time": START, **told})


def patched(**told: Any) -> Fragment:
    return bodies.of_run("patch", {"id": RUN, "trace_id": RUN, "end_time": END, **told})


def of(*fragments: Fragment) -> RawSpan:
    (span,) = build(bodies.RUN + RUN, fragments)
    return span


def read(*fragments: Fragment) -> Span:
    return normalize_span(of(*fragments))


def ended(**told: Any) -> Span:
    return read(posted(name="run", end_time=END, **told))


# --------------------------------------------------------------------------------- bodies


def part(name: str, told: Any, content_type: str = "application/json") -> Part:
    return Part(name, "", content_type, json.dumps(told).encode(), told)


def test_the_parts_of_a_form_are_put_together_by_run_and_kind() -> None:
    found = bodies.of_multipart(
        [
            part(f"post.{RUN}", {"id": RUN, "name": "a", "start_time": START}),
            part(f"post.{RUN}.inputs", {"q": 1}),
            part(f"patch.{RUN}", {"id": RUN, "end_time": END}),
            part(f"patch.{RUN}.error", "ValueError('x')"),
            part(f"feedback.{FEEDBACK}", {"run_id": RUN, "key": "thumbs", "score": 1}),
            Part(f"attachment.{RUN}.note", "", "text/plain", b"hello"),
        ]
    )
    post, patch, feedback, attachment = found
    assert (post.object, post.kind, post.body["inputs"]) == (bodies.RUN + RUN, "post", {"q": 1})
    assert (patch.kind, patch.body["error"]) == ("patch", "ValueError('x')")
    assert (feedback.object, feedback.about) == (bodies.FEEDBACK + FEEDBACK, bodies.RUN + RUN)
    assert (attachment.kind, attachment.body["size"]) == ("attachment", 5)


def test_a_part_without_a_runs_id_is_refused() -> None:
    for name in ("post.none", "inputs", "feedback.none"):
        with pytest.raises(Invalid):
            bodies.of_multipart([part(name, {})])


# ----------------------------------------------------------------------------------- runs


def test_a_run_is_the_same_whatever_came_first_and_how_often() -> None:
    fragments = (
        posted(name="call_tool", run_type="tool", inputs={"a": 1}, outputs={}, tags=["x"],
               extra={"metadata": {"session_id": "s", "attempt": 1}}),
        patched(name="search_orders", outputs={"b": 2}, session_id=None, inputs=None,
                extra={"metadata": {"user_id": "u"}}),
    )  # fmt: skip
    want = of(*fragments)
    assert want.name == "search_orders"
    assert want.attributes["langsmith.inputs"] == {"a": 1}
    assert want.attributes["langsmith.outputs"] == {"b": 2}
    assert (want.start_ns, want.end_ns) == (START_NS, END_NS)
    assert want.attributes["langsmith.metadata.session_id"] == "s"
    assert want.attributes["langsmith.metadata.user_id"] == "u"
    for order in itertools.permutations((*fragments, *fragments)):
        assert of(*order) == want


def test_a_run_that_was_only_posted_is_open_and_a_patch_alone_tells_its_start() -> None:
    assert read(posted(name="a")).partial
    order = f"20261123T025024026773Z{RUN}"
    alone = of(patched(name="a", dotted_order=order))
    assert (alone.start_ns, alone.trace_id) == (START_NS, RUN.replace("-", ""))
    assert build(bodies.RUN + RUN, [patched(name="a")]) == ()


def test_javascripts_ends_are_milliseconds_and_never_before_the_start() -> None:
    span = of(posted(end_time=1_795_402_224_026))
    assert span.end_ns == span.start_ns == START_NS


def test_fields_that_nobody_knows_are_kept() -> None:
    span = of(posted(new_field={"a": [1]}, extra={"odd": 1, "metadata": {"x": {"y": 2}}}))
    assert span.attributes["langsmith.new_field"] == {"a": [1]}
    assert span.attributes["langsmith.extra"] == {"odd": 1}
    assert span.attributes["langsmith.metadata.x"] == {"y": 2}


def test_the_project_is_no_session() -> None:
    span = read(posted(session_name="my-project", session_id=CHILD))
    assert span.session_key == ""


# ------------------------------------------------------------------------------ model calls

USAGE = {
    "input_tokens": 9,
    "output_tokens": 4,
    "total_tokens": 13,
    "input_token_details": {"cache_read": 3},
    "output_token_details": {"reasoning": 2},
}
OPENAI = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13,
          "prompt_tokens_details": {"cached_tokens": 3},
          "completion_tokens_details": {"reasoning_tokens": 2}}  # fmt: skip
ANTHROPIC = {"input_tokens": 6, "output_tokens": 4, "cache_read_input_tokens": 3,
             "cache_creation_input_tokens": 0}  # fmt: skip


def langchain(**kwargs: Any) -> Object:
    message = {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": kwargs}
    return {"generations": [[{"text": "", "message": message}]]}


@pytest.mark.parametrize(
    ("outputs", "metadata"),
    [
        ({}, {"usage_metadata": USAGE}),
        ({"usage_metadata": USAGE}, {"usage_metadata": USAGE}),
        ({"usage": OPENAI}, {}),
        (
            {**langchain(content="", usage_metadata=USAGE), "llm_output": {"token_usage": OPENAI}},
            {},
        ),
        ({"llm_output": {"token_usage": OPENAI}}, {}),
        ({"usage": ANTHROPIC}, {}),
    ],
)
def test_tokens_are_read_once_wherever_they_are(outputs: Object, metadata: Object) -> None:
    usage = ended(run_type="llm", outputs=outputs, extra={"metadata": metadata}).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (9, 4, 3)


def test_a_chain_does_not_count_the_tokens_that_its_output_repeats() -> None:
    assert ended(run_type="chain", outputs=langchain(usage_metadata=USAGE)).usage is None


def test_langchains_call_tells_its_models_answer_and_tools() -> None:
    span = ended(
        run_type="llm",
        inputs={"messages": [[{"lc": 1, "type": "constructor", "id": ["x", "HumanMessage"],
                               "kwargs": {"content": "hi", "type": "human"}}]]},
        outputs=langchain(
            content="",
            type="ai",
            tool_calls=[{"name": "look", "args": {"q": 1}, "id": "call_1"}],
            response_metadata={"model_name": "gpt-4o-2024-08-06", "finish_reason": "tool_calls",
                               "id": "chatcmpl-1"},
        ),
        extra={"metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4o"},
               "invocation_params": {"model": "gpt-4o", "tools": [{"type": "function"}]}},
    )  # fmt: skip
    assert (span.kind, span.model_requested, span.model_served) == (
        "model", "gpt-4o", "gpt-4o-2024-08-06",
    )  # fmt: skip
    assert (span.provider, span.response_id) == ("openai", "chatcmpl-1")
    assert span.finish_reasons == ("tool_call",)
    assert [(one.name, one.call_id) for one in span.requested] == [("look", "call_1")]


def test_langchains_answer_is_read_from_opentelemetry_too() -> None:
    said = langchain(content="hello", type="ai")
    said["generations"][0][0] |= {"type": "ChatGeneration", "generation_info": {}}
    raw = RawSpan(
        trace_id="1" * 32,
        span_id="1" * 16,
        attributes={"langsmith.span.kind": "llm", "gen_ai.completion": json.dumps(said)},
    )
    (message,) = read_content(raw).output_messages
    assert [part.content for part in message.parts if isinstance(part, TextPart)] == ["hello"]


def test_a_cost_that_the_application_sets_is_reported_and_the_first_token_timed() -> None:
    span = ended(
        run_type="llm",
        extra={"metadata": {"usage_metadata": {**USAGE, "input_cost": 0.1, "output_cost": 0.2}}},
        events=[{"name": "new_token", "time": "2026-11-23T02:50:24.126773+00:00"}],
    )
    assert span.charge is not None
    assert str(span.charge.reported_usd) == "0.3"
    assert span.time_to_first_token_ns == 100_000_000


# --------------------------------------------------------------------------- tools, failures


def test_a_tool_has_its_call_arguments_and_result() -> None:
    raw = of(
        posted(
            name="look",
            run_type="tool",
            end_time=END,
            inputs={"q": 1},
            outputs={"output": {"content": '{"found": 2}', "type": "tool", "status": "success",
                                "tool_call_id": "call_1"}},
        )
    )  # fmt: skip
    span, content = normalize_span(raw), read_content(raw)
    assert (span.kind, span.tool, span.tool_call_id, span.status) == (
        "tool",
        "look",
        "call_1",
        "ok",
    )
    assert (content.input, content.output) == ({"q": 1}, {"found": 2})


def test_a_handled_failure_of_a_tool_is_a_failure() -> None:
    answer = {"content": "no such order", "tool_call_id": "c", "status": "error"}
    span = ended(run_type="tool", outputs={"output": answer})
    assert (span.status, span.error_message) == ("error", "no such order")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("PaymentError('gateway (HTTP 504)')\n\nTraceback (most recent call last):\n  File",
         "PaymentError", "gateway (HTTP 504)"),
        ("Error: payment gateway timeout\n    at file:///x.mjs:8:1", "Error",
         "payment gateway timeout"),
        ("KeyError('it\\'s')", "KeyError", "it's"),
        ("HTTPError(404, 'x')", "HTTPError", "404, 'x'"),
        ("just words", "", "just words"),
    ],
)  # fmt: skip
def test_an_error_is_its_type_and_words(error: str, kind: str, message: str) -> None:
    span = ended(run_type="tool", error=error)
    assert (span.status, span.error_type, span.error_message) == ("error", kind, message)


def test_an_interrupted_node_waits_for_a_person_and_is_no_failure() -> None:
    asked = ended(
        run_type="chain",
        error="GraphInterrupt((Interrupt(value={'question': 'Send it?'}, id='a'),))Traceback (most",
        extra={"metadata": {"langgraph_node": "run", "ls_integration": "langgraph"}},
    )
    assert (asked.kind, asked.status) == ("human", "interrupted")
    assert asked.human is not None
    assert asked.human.question == "Send it?"
    answer: Object = {"graph": None, "resume": {"approved": True, "by": "ops"}, "goto": []}
    resumed = ended(
        run_type="chain",
        inputs={"input": answer},
        extra={"metadata": {"thread_id": "t", "ls_integration": "langgraph"}},
    )
    assert resumed.human is not None
    assert (resumed.human.decision, resumed.human.by) == ("approved", "ops")
    assert resumed.session_key == "t"


def test_an_interrupt_is_a_question_in_opentelemetry_mode_too() -> None:
    message = "GraphInterrupt((Interrupt(value='Send it?', id='a'),))Traceback (most recent"
    raised = {"exception.type": "Exception", "exception.message": message}
    span = normalize_span(
        RawSpan(
            trace_id="1" * 32,
            span_id="1" * 16,
            name="run",
            status_code=2,
            attributes={"langsmith.span.kind": "chain", "langsmith.metadata.langgraph_node": "run"},
            events=(RawEvent(name="exception", attributes=raised),),
        )
    )
    assert (span.kind, span.status) == ("human", "interrupted")


def test_what_hybrid_mode_sends_twice_to_one_address_is_seen_once() -> None:
    def sent(mode: str, resource: Object) -> bool:
        attributes = {"langsmith.metadata.LANGSMITH_TRACING_MODE": mode}
        return normalize_span(
            RawSpan(
                trace_id="1" * 32,
                span_id="1" * 16,
                attributes=attributes,
                resource=Resource(attributes=resource),
            )
        ).ghost

    (route,) = [route for route in WIRE.routes if route.body == "otlp"]
    assert route.stamp is not None
    stamp = dict(route.stamp({"langsmith-project": "p"}))
    assert stamp["langsmith.project"] == "p"
    assert sent("hybrid", stamp)
    assert not sent("otel", stamp)
    # The runs went to another server.
    assert not sent("hybrid", {})


def test_who_is_an_agent_is_said_by_its_name_and_langchains_own_tags_are_left_out() -> None:
    metadata = {"metadata": {"agent_name": "critic", "agent_role": "judge"}}
    agent = read(posted(name="critic", run_type="chain", extra=metadata,
                        tags=["seq:step:1", "retry:attempt:2", "mine"]))  # fmt: skip
    assert (agent.kind, agent.agent, agent.agent_role) == ("agent", "critic", "judge")
    assert (agent.tags, agent.attempt) == (("mine",), 2)
    below = read(posted(name="prompt", run_type="chain", extra=metadata))
    assert (below.kind, below.agent) == ("step", "critic")


# ------------------------------------------------------------------ feedback and experiments


def given(**told: Any) -> Fragment:
    return bodies.of_feedback({"id": FEEDBACK, "run_id": RUN, "key": "thumbs", **told})


def test_a_feedback_is_a_score_that_its_patch_changes_though_it_names_no_run() -> None:
    source = {"type": "api", "metadata": {"user_id": "u-1"}}
    first = given(score=True, comment="good", feedback_source=source)
    later = bodies.of_feedback({"id": FEEDBACK, "score": 0.1, "comment": None}, kind="patch")
    for order in itertools.permutations((posted(name="a"), first, later)):
        (score,) = read(*order).scores
        assert (score.name, score.value, score.explanation) == ("thumbs", 0.1, "")
        assert (score.judge, score.author, score.identifier) == ("human", "u-1", FEEDBACK)
    gone = Fragment(object=bodies.FEEDBACK + FEEDBACK, kind="delete", body={})
    assert read(posted(name="a"), first, gone).scores == ()


@pytest.mark.parametrize(
    ("source", "judge"),
    [
        ({"type": "api", "metadata": {}}, "unknown"),
        ({"type": "app"}, "human"),
        ({"type": "model", "metadata": {"__run": {"run_id": CHILD}}}, "code"),
        ({"type": "model", "metadata": {}}, "llm"),
        (None, "unknown"),
    ],
)
def test_who_judged_is_what_the_client_says(source: Object | None, judge: str) -> None:
    span = read(posted(name="a"), given(value="good", feedback_source=source))
    (score,) = span.scores
    assert (score.judge, score.label) == (judge, "good")
    assert not span.problems


def test_a_target_is_a_trial_of_its_example_and_its_evaluator_joins_it() -> None:
    target = read(posted(name="Target", session_name="exp-1", reference_example_id=CHILD))
    assert (target.experiment, target.case, target.tags) == (True, CHILD, ("experiment:exp-1",))
    judged = {"experiment": "exp-1", "target_run_id": CHILD, "reference_example_id": CHILD}
    evaluator = read(posted(name="exact", session_name="evaluators", extra={"metadata": judged}))
    assert (evaluator.kind, evaluator.experiment) == ("evaluation", True)
    assert evaluator.linked_traces == (CHILD.replace("-", ""),)
    whole = {"experiment": "exp-1", "experiment_id": CHILD}
    summary = read(posted(name="rate", session_name="evaluators", extra={"metadata": whole}))
    assert (summary.experiment, summary.tags) == (True, ())


# ------------------------------------------------------------------------------ odd content

ODD: Sequence[Any] = (None, True, -1, 1e300, "", "odd", [], {}, [None], {"": None}, [[{"a": []}]])


def test_no_value_in_any_place_of_a_run_stops_a_build() -> None:
    chance = random.Random("langsmith")
    whole = {
        "id": RUN, "trace_id": RUN, "parent_run_id": CHILD, "name": "a", "run_type": "llm",
        "start_time": START, "end_time": END, "error": "E('x')", "tags": ["a"], "events": [{}],
        "dotted_order": f"20261123T025024026773Z{RUN}", "session_name": "p", "session_id": CHILD,
        "inputs": {"model": "m", "messages": []}, "reference_example_id": CHILD,
        "outputs": {**langchain(content="", usage_metadata=USAGE), "usage": OPENAI},
        "extra": {"metadata": {"usage_metadata": USAGE}, "runtime": {"sdk": "x"}},
    }  # fmt: skip
    feedback = {"id": FEEDBACK, "run_id": RUN, "key": "k", "score": 1, "value": "v",
                "feedback_source": {"type": "model", "metadata": {"__run": {}}}}  # fmt: skip
    for _ in range(600):
        run, judged = json.loads(json.dumps(whole)), json.loads(json.dumps(feedback))
        for tree in (run, judged):
            holder = tree
            while True:
                key = chance.choice(sorted(set(holder) - {"id", "run_id"}))
                if isinstance(holder[key], dict) and holder[key] and chance.random() < 0.5:
                    holder = holder[key]
                    continue
                holder[key] = chance.choice(ODD)
                break
        fragments = [bodies.of_run("post", run), bodies.of_feedback(judged)]
        for raw in build(bodies.RUN + RUN, fragments):
            normalize_span(raw)
            read_content(raw)
