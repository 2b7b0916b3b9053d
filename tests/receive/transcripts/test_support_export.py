"""A support platform's export: AgentRx's example, held against its own turns."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings

from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.transcripts.formats.support_export import FORMAT
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import AgentRun, Event
from receive.transcripts.goldens import GOLDEN
from receive.transcripts.reading import codes, mutilated, raw, survives, tools, transcripts

OWN = raw(GOLDEN / "support_export" / "refund.json")


def test_turns_calls_and_resolution_are_those_of_the_file(shared: Path) -> None:
    path = shared / "data" / "agentrx" / "test_random_format.json.gz"
    (of,), told = transcripts(FORMAT, path), raw(path)
    turns = told["dialogue"]["turns"]
    asked = [turn["payload"]["tool_call"] for turn in turns if "tool_call" in turn["payload"]]
    got = [turn["payload"]["tool_result"] for turn in turns if "tool_result" in turn["payload"]]
    assert [(t.tool, t.arguments, t.call_id) for t in tools(of)] == [
        (call["fn"], call["kwargs"], call["request_id"]) for call in asked
    ]
    assert [(t.result, t.status) for t in tools(of)] == [(r["data"], r["status"]) for r in got]
    said = [turn["payload"]["msg"] for turn in turns if "msg" in turn["payload"]]
    assert [e.output for e in of.entries if isinstance(e, Event | AgentRun)] == said
    assert (of.session_id, of.user) == (told["meta"]["session_id"], told["customer_profile"]["cid"])
    assert of.outcome is not None
    assert of.outcome.label == "success"
    assert told["dialogue"]["resolution"]["outcome"] in of.outcome.reason
    assert codes(of) == set()


def test_the_agent_is_named_after_its_platform() -> None:
    """`agent` alone is the name of none: the session's agents would be told by their spans'."""
    (of,) = transcripts(FORMAT, GOLDEN / "support_export" / "refund.json")
    spans = [normalize_span(span) for span in to_spans(of, placed_ns=1)]
    assert {span.agent for span in spans if span.kind == "agent"} == {"shop-support agent"}


@settings(max_examples=100, deadline=None)
@given(document=mutilated(OWN))
def test_a_mutilated_export_raises_nothing_but_invalid(document: Any) -> None:
    survives(FORMAT, document)
