"""
Events of Langfuse's older SDKs become the spans that their application performed, in any order.

Recorded traffic through the pure translation: no server, two seconds.
"""

import copy
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from captures.load import ReplayedSession, replay_spans
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.langfuse.events import Batch, read_batch
from quarterdeck.receive.wires.langfuse.spans import build, root_span_id
from receive.wires.recorded_calls import recorded

NOW_NS = 1_795_403_600_000_000_000
BEGAN, LATER, ENDED = (f"2026-11-23T10:00:0{second}Z" for second in (1, 2, 4))
BEGAN_NS = 1_795_428_001_000_000_000
TRACE = "02d11565-72ea-4c57-a932-cb8a9a312b52"


def event(kind: str, at: str = BEGAN, **body: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{body.get('id')}-{at}", "type": kind, "timestamp": at, "body": body}


def read(*events: Any, **metadata: Any) -> Batch:
    return read_batch({"batch": list(events), "metadata": metadata}, received_ns=NOW_NS)


def spans_of(batches: Iterable[Batch], *, shuffle: int = 0) -> list[RawSpan]:
    """Of each object, from all its fragments; shuffled, they arrive in another order."""
    arrived = [fragment for batch in batches for fragment in batch.reading.fragments]
    if shuffle:
        random.Random(shuffle).shuffle(arrived)
    objects: dict[str, list[Fragment]] = {}
    for fragment in arrived:
        objects.setdefault(fragment.object, []).append(fragment)
    return [span for name, mine in sorted(objects.items()) for span in build(name, mine)]


def span_named(spans: Sequence[RawSpan], name: str) -> RawSpan:
    (found,) = (span for span in spans if span.name == name)
    return found


def batches(shared: Path, capture: str, *labels: str) -> list[Batch]:
    return [
        read_batch(request["body"]["json"], received_ns=NOW_NS)
        for request in recorded(shared / "captures" / capture, *labels)
        if request["path"].endswith("/ingestion")
    ]


def only_session(spans: list[RawSpan]) -> ReplayedSession:
    (one,) = replay_spans(spans)
    return one


# -- what a recorded application did --------------------------------------------------------------


def test_a_trace_with_its_observations_is_one_session(shared: Path) -> None:
    session = only_session(spans_of(batches(shared, "langfuse2", "success"))).session
    assert session.session_id == "thread-refund-2025-0042"
    assert (session.user, session.tags) == ("user-7781", ("prod-like", "refund"))
    assert (session.workflow.name, session.workflow.version) == ("support_session", "1.4.2")
    assert [(use.tool, use.calls, use.errors) for use in session.tools] == [
        ("issue_refund", 2, 1),
        ("lookup_policy", 1, 0),
        ("search_orders", 1, 0),
    ]
    assert sorted(a.agent for a in session.agents if a.agent) == ["planner", "research_subagent"]
    tokens = {use.model: (use.input_tokens, use.output_tokens) for use in session.models}
    assert tokens["gpt-4o"] == (561, 139)
    assert [(act.kind, act.decision) for act in session.interventions] == [("approval", "approved")]
    assert str(session.cost.reported_usd) == "0.006"


@pytest.mark.parametrize(
    ("capture", "label"),
    [("langfuse2", "success"), ("langfuse2", "failure"), ("langfuse2", "decorator"),
     ("langfuse2", "openai"), ("langfuse_js3", "success")],
)  # fmt: skip
def test_order_and_repetition_of_events_do_not_show(capture: str, label: str, shared: Path) -> None:
    sent = batches(shared, capture, label)
    once = spans_of(sent)
    assert once
    for seed in range(1, 6):
        assert spans_of([*sent, *sent[::-1]], shuffle=seed) == once
    assert only_session(spans_of(sent, shuffle=9)).session == only_session(once).session


def test_an_update_of_the_same_instant_does_not_win_over_its_creation_by_coming_first(
    shared: Path,
) -> None:
    """JavaScript's SDK sends an end before its beginning, with one timestamp."""
    plan = span_named(spans_of(batches(shared, "langfuse_js3")), "plan")
    assert plan.attributes["langfuse.observation.usage_details"] == {"input": 1, "output": 2}
    assert (plan.end_ns, "quarterdeck.partial" in plan.attributes) == (plan.start_ns, False)


# -- what events mean -----------------------------------------------------------------------------


def test_what_an_update_leaves_out_stays_and_metadata_and_tags_unite() -> None:
    trace = span_named(
        spans_of(
            [
                read(
                    event("trace-create", id=TRACE, name="t", sessionId="s", tags=["a"],
                          metadata={"k": {"x": 1}}),
                    event("trace-create", LATER, id=TRACE, output="done", tags=["b", "a"],
                          metadata={"k": {"y": 2}}, sessionId=None),
                )
            ]
        ),
        "t",
    )  # fmt: skip
    told = trace.attributes
    assert (told["session.id"], told["langfuse.trace.tags"]) == ("s", ["a", "b"])
    assert told["langfuse.trace.metadata.k"] == {"x": 1, "y": 2}
    assert told["langfuse.trace.output"] == "done"


def test_an_observation_that_has_not_ended_is_partial() -> None:
    begun = read(event("span-create", id="o", traceId=TRACE, name="work", startTime=BEGAN))
    open_span = span_named(spans_of([begun]), "work")
    assert (open_span.end_ns, open_span.attributes["quarterdeck.partial"]) == (0, True)
    ended = read(event("span-update", ENDED, id="o", traceId=TRACE, endTime=ENDED))
    closed = span_named(spans_of([begun, ended]), "work")
    assert closed.end_ns - closed.start_ns == 3_000_000_000
    assert "quarterdeck.partial" not in closed.attributes


def test_a_trace_lasts_as_long_as_what_was_seen_in_it() -> None:
    sent = [
        read(event("trace-create", id=TRACE, name="t", timestamp=LATER)),
        read(event("span-create", id="o", traceId=TRACE, startTime=BEGAN, endTime=ENDED, name="o")),
    ]
    trace = span_named(spans_of(sent), "t")
    assert (trace.start_ns, trace.end_ns - trace.start_ns) == (BEGAN_NS, 3_000_000_000)


def test_an_observation_of_a_trace_that_never_came_still_has_a_root() -> None:
    sent = read(event("event-create", id="o", traceId=TRACE, startTime=BEGAN, name="seen"))
    spans = spans_of([sent])
    seen = span_named(spans, "seen")
    assert seen.parent_span_id == root_span_id(TRACE)
    assert seen.parent_span_id in {span.span_id for span in spans}


def test_an_observation_with_the_id_of_its_trace_is_not_the_trace() -> None:
    sent = read(
        event("trace-create", id=TRACE, name="t"),
        event("span-create", id=TRACE, traceId=TRACE, startTime=BEGAN, endTime=LATER, name="o"),
    )
    assert len({span.span_id for span in spans_of([sent])}) == 2


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"usage": {"input": 3, "output": 4, "total": 7, "unit": "TOKENS"}}, (3, 4)),
        ({"usage": {"promptTokens": 3, "completionTokens": 4, "totalTokens": 7}}, (3, 4)),
        ({"usage": {"input": 9}, "usageDetails": {"input": 3, "output": 4}}, (3, 4)),
        ({"usageDetails": {"prompt_tokens": 3, "completion_tokens": 4}}, (3, 4)),
        ({"usage": {"input": 120, "output": 80, "unit": "CHARACTERS"}}, None),
    ],
)
def test_tokens_are_read_in_every_spelling_and_characters_are_none(
    usage: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    sent = read(event("generation-create", id="g", traceId=TRACE, startTime=BEGAN, name="g",
                      model="gpt-4o", **usage))  # fmt: skip
    found = normalize_span(span_named(spans_of([sent]), "g")).usage
    assert (found and (found.input_tokens, found.output_tokens)) == expected


def test_costs_of_the_older_spelling_count() -> None:
    costs = {"inputCost": 0.0005, "outputCost": 0.001, "totalCost": 0.0015}
    sent = read(event("generation-create", id="g", traceId=TRACE, startTime=BEGAN, name="g",
                      usage={"input": 1, "output": 2, **costs}))  # fmt: skip
    charge = normalize_span(span_named(spans_of([sent]), "g")).charge
    assert charge is not None
    assert str(charge.reported_usd) == "0.0015"


@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        ({"name": "tool:search_orders"}, "tool", "search_orders"),
        ({"name": "search_orders", "metadata": {"tool_call_id": "c"}}, "tool", "search_orders"),
        ({"name": "planner", "metadata": {"agent_role": "planner"}}, "agent", "planner"),
        ({"name": "research_subagent"}, "agent", "research_subagent"),
        ({"name": "ResearchAgent"}, "agent", "ResearchAgent"),
        ({"name": "agent_settings"}, "step", "agent_settings"),
        ({"name": "reagent"}, "step", "reagent"),
    ],
)  # fmt: skip
def test_a_plain_span_is_a_tool_or_an_agent_only_if_it_says_so(
    body: dict[str, Any], kind: str, name: str
) -> None:
    sent = read(event("span-create", id="o", traceId=TRACE, startTime=BEGAN, endTime=LATER, **body))
    span = normalize_span(span_named(spans_of([sent]), body["name"]))
    assert (span.kind, span.name) == (kind, name)


def test_the_types_of_newer_senders_are_taken_as_they_are() -> None:
    sent = read(
        event("tool-create", id="1", traceId=TRACE, startTime=BEGAN, endTime=LATER, name="a"),
        event("observation-create", id="2", traceId=TRACE, startTime=BEGAN, endTime=LATER,
              name="b", type="GENERATION"),
        event("retriever-create", id="3", traceId=TRACE, startTime=BEGAN, endTime=LATER, name="c"),
    )  # fmt: skip
    spans = spans_of([sent])
    kinds = {name: normalize_span(span_named(spans, name)).kind for name in "abc"}
    assert kinds == {"a": "tool", "b": "model", "c": "retrieval"}


def test_the_model_asked_for_and_the_one_that_answered_are_both_kept(shared: Path) -> None:
    spans = spans_of(batches(shared, "langfuse2", "openai"))
    (call,) = (span for span in map(normalize_span, spans) if span.kind == "model")
    assert (call.model_requested, call.model_served) == ("gpt-4o", "gpt-4o-2024-08-06")


def test_prompts_and_unknown_fields_are_kept_as_they_came() -> None:
    sent = read(event("generation-create", id="g", traceId=TRACE, startTime=BEGAN, name="g",
                      promptName="support/planner", promptVersion=3, modern={"a": 1}))  # fmt: skip
    told = span_named(spans_of([sent]), "g").attributes
    assert told["langfuse.observation.prompt.name"] == "support/planner"
    assert told["langfuse.observation.prompt.version"] == 3
    assert told["langfuse.body.modern"] == {"a": 1}


# -- batches --------------------------------------------------------------------------------------


def test_an_event_that_can_not_be_read_is_refused_alone() -> None:
    batch = read(
        event("trace-create", id=TRACE),
        {"id": "odd", "type": "trace-merge", "body": {}},
        {"id": "empty", "type": "trace-create"},
        "text",
        event("score-create", id="s", name="thumbs"),
        {"id": "log", "type": "sdk-log", "body": {"log": "x"}},
    )
    assert batch.accepted == (f"trace-create-{TRACE}-{BEGAN}", "log")
    assert [one.id for one in batch.refused] == ["odd", "empty", "", f"score-create-s-{BEGAN}"]


def test_the_public_key_of_a_batch_is_not_kept() -> None:
    batch = read(event("trace-create", id=TRACE), public_key="pk-lf-1", sdk_version="2.60.10")
    (fragment,) = batch.reading.fragments
    assert fragment.body["sender"] == {"sdk_version": "2.60.10"}


def test_no_value_anywhere_in_a_batch_makes_building_fail(shared: Path) -> None:
    chance = random.Random(5)
    whole = [r["body"]["json"] for r in recorded(shared / "captures" / "langfuse2", "success")
             if r["path"].endswith("/ingestion")]  # fmt: skip
    odd: tuple[Any, ...] = (
        None,
        True,
        -1,
        1e300,
        "",
        "9999-12-31T23:59:59Z",
        [],
        {},
        {"x": [None]},
        "ERROR",
    )
    for _ in range(300):
        batch = copy.deepcopy(chance.choice(whole))
        one = chance.choice(batch["batch"])
        one["body"][chance.choice(list(one["body"]))] = chance.choice(odd)
        for span in spans_of([read_batch(batch, received_ns=NOW_NS)]):
            assert 0 < span.start_ns < 2**63
            assert normalize_span(span).trace_id == span.trace_id
            read_content(span)
