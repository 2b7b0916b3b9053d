"""
Traces exported from Langfuse: own fixture, then the exports of 20 frameworks against their raw
observations, counted by other code.
"""

import copy
import gzip
import json
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.langfuse_trace import FORMAT
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import AgentRun, PersonAct, Transcript
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, codes, mutilated, raw, survives, tools, transcripts

FOLDER = "data/langfuse_framework_traces"
NAMES = (
    "agno-2025-06-11", "autogen-2025-06-06", "beeai-2025-08-01", "claude-agent-2025-12-22",
    "crewai-2025-07-11", "csharp-agent-with-gemini-2026-03-09", "google-adk-2025-08-28",
    "google-gemini-2025-08-01", "koog-2025-08-26", "langgraph-js-2025-10-30",
    "langgraph-python-2025-08-22", "llamaindex-2025-06-05", "microsoft-agent-2025-12-17",
    "openai-agents-2025-09-30", "pydantic-ai-2025-06-06", "pydantic-ai-tools-2025-06-06",
    "pydantic-ai-tools-2025-12-04", "pydantic-ai-with-gemini-2025-12-24",
    "vercel-aisdk-2025-11-17", "vertex-ai-2025-08-01",
)  # fmt: skip

TOOLS = {
    "agno-2025-06-11": ["duckduckgo_search"],
    "beeai-2025-08-01": ["search.wikipedia"],
    "claude-agent-2025-12-22": ["mcp__weather__get_weather", "mcp__weather__get_weather"],
    "csharp-agent-with-gemini-2026-03-09": ["get_custom_report", "final_result"],
    "google-adk-2025-08-28": ["say_hello"],
    "koog-2025-08-26": ["HelloTool", "ByeTool"],
    "langgraph-js-2025-10-30": ["get_weather"],
    "langgraph-python-2025-08-22": ["Web-Search"],
    "microsoft-agent-2025-12-17": ["get_weather"],
    "openai-agents-2025-09-30": ["get_weather"],
    "pydantic-ai-tools-2025-12-04": [
        "get_pun_suggestion",
        "get_dad_joke_suggestion",
        "get_one_liner_suggestion",
        "final_result",
    ],
    "vercel-aisdk-2025-11-17": ["getWeather"],
}
"""Read off the observations by eye; frameworks that are not named called none."""

FINDINGS = {
    "agno-2025-06-11": {"nested_call"},
    "beeai-2025-08-01": {"usage_incomplete", "constant_times"},
    "csharp-agent-with-gemini-2026-03-09": {"parent_missing"},
    "microsoft-agent-2025-12-17": {"usage_disagrees"},
    "vercel-aisdk-2025-11-17": {"nested_call"},
    "vertex-ai-2025-08-01": {"usage_disagrees"},
}


def path_of(shared: Path, name: str) -> Path:
    return shared / FOLDER / f"{name}.trace.json.gz"


def the(shared: Path, name: str) -> Transcript:
    (found,) = transcripts(FORMAT, path_of(shared, name))
    return found


def spending(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Generations that are calls: not around another one, and with anything in or out of them."""
    generations = [o for o in document["observations"] if o["type"] == "GENERATION"]
    around = {o["parentObservationId"] for o in generations}
    return [
        o
        for o in generations
        if o["id"] not in around and (o["input"] or o["output"] or o["usageDetails"])
    ]


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_observation_is_an_entry_and_every_generation_counts_once(
    shared: Path, name: str
) -> None:
    document = raw(path_of(shared, name))
    of = the(shared, name)
    assert {o["id"] for o in document["observations"]} <= {entry.id for entry in of.entries}
    expected = sorted(o["id"] for o in spending(document))
    assert sorted(call.id for call in calls(of)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_tokens_and_cost_are_those_of_the_calls(shared: Path, name: str) -> None:
    told = {o["id"]: o for o in spending(raw(path_of(shared, name)))}
    for call in calls(the(shared, name)):
        usage, costs = told[call.id]["usageDetails"], told[call.id]["costDetails"]
        assert call.usage is not None
        beside = usage.get("output_reasoning", 0) + usage.get("input_cache_read", 0)
        if sum(usage.get(k, 0) for k in ("input", "output")) + beside == usage["total"]:
            assert (call.usage.input_tokens or 0) + (call.usage.output_tokens or 0) == (
                usage["total"]
            )
        else:
            assert (call.usage.input_tokens, call.usage.output_tokens) == (
                usage["input"],
                usage.get("output"),
            )
        assert call.recorded_cost_usd == Decimal(str(costs["total"]))
    whole = sum((call.recorded_cost_usd or 0 for call in calls(the(shared, name))), Decimal(0))
    counted = sum((Decimal(str(o["costDetails"]["total"])) for o in told.values()), Decimal(0))
    assert whole == counted


@pytest.mark.parametrize("name", NAMES)
def test_tool_calls_are_found_under_every_frameworks_name(shared: Path, name: str) -> None:
    found = Counter(tool.tool for tool in tools(the(shared, name)))
    assert found == Counter(TOOLS.get(name, []))


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_the_contradictions_that_are_there(shared: Path, name: str) -> None:
    assert codes(the(shared, name)) == FINDINGS.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_who_and_which_session_it_was_is_kept(shared: Path, name: str) -> None:
    trace = raw(path_of(shared, name))["trace"]
    of = the(shared, name)
    assert of.session_id == (trace["sessionId"] or trace["id"])
    assert of.part == (trace["id"] if trace["sessionId"] else "")
    assert (of.user, list(of.tags)) == (trace["userId"] or "", trace["tags"])
    assert of.environment == trace["environment"]
    assert of.task


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_judgements_and_a_later_correction_is_no_act(shared: Path, name: str) -> None:
    trace = raw(path_of(shared, name))["trace"]
    of = the(shared, name)
    judged = [(s.name, s.value, s.judge) for s in of.scores if s.label != "corrected"]
    assert judged == [(s["name"], s["value"], "llm") for s in trace["scores"]]
    corrected = [(s.author, s.explanation) for s in of.scores if s.label == "corrected"]
    assert corrected == [
        (c["authorUserId"], c["longStringValue"]) for c in trace.get("corrections") or []
    ]
    assert not any(isinstance(entry, PersonAct) for entry in of.entries)


def test_one_trace_that_was_exported_twice_is_one_session(shared: Path) -> None:
    first, second = (
        {span.span_id for span in to_spans(the(shared, name))}
        for name in ("pydantic-ai-2025-06-06", "pydantic-ai-tools-2025-06-06")
    )
    assert first == second


def test_traces_of_one_session_are_its_parts(shared: Path) -> None:
    names = ("autogen-2025-06-06", "llamaindex-2025-06-05", "pydantic-ai-2025-06-06")
    found = [the(shared, name) for name in names]
    assert {of.session_id for of in found} == {"session_abc"}
    assert len({of.part for of in found}) == 3
    roots = {to_spans(of)[0].span_id for of in found}
    assert len(roots) == 3


def test_agents_are_named_as_their_frameworks_name_them(shared: Path) -> None:
    found = {
        name: [e.name for e in the(shared, name).entries if isinstance(e, AgentRun)]
        for name in ("google-adk-2025-08-28", "pydantic-ai-tools-2025-12-04")
    }
    assert found == {
        "google-adk-2025-08-28": ["hello_agent"],
        "pydantic-ai-tools-2025-12-04": ["joke_agent", "joke_agent", "evaluator_agent"],
    }


@cache
def _broken_by(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_trace_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(("agno-2025-06-11", "google-adk-2025-08-28", "own")))
    own = GOLDEN / "langfuse_trace" / "shop.trace.json"
    document = json.loads(own.read_text()) if name == "own" else _broken_by(path_of(shared, name))
    survives(FORMAT, data.draw(mutilated(copy.deepcopy(document))), name="trace.json")
