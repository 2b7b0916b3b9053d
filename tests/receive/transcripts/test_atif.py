"""ATIF trajectories: steps, parts of one session, totals, and the trial's result beside them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.messages import MediaPart
from quarterdeck.receive.transcripts.formats.atif import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import span_id_of, to_spans, trace_id_of
from quarterdeck.receive.transcripts.transcript import AgentRun, Event, Transcript
from receive.transcripts.reading import calls, codes, mutilated, raw, survives, tools, transcripts


def files(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "atif").glob("*.json"))
    assert len(found) == 15
    return found


def one(shared: Path, name: str) -> Transcript:
    (of,) = transcripts(FORMAT, shared / "data" / "atif" / f"{name}.json")
    return of


def documents(path: Path) -> list[dict[str, Any]]:
    """Every trajectory in a file: itself, those it holds by name, those it embeds."""
    top = raw(path)
    found = [top] if "steps" in top else list(top.values())
    return found + [child for of in found for child in of.get("subagent_trajectories", [])]


def own_steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Steps of the agent that happened in this trajectory."""
    return [
        step
        for step in document["steps"]
        if step["source"] == "agent" and not step.get("is_copied_context")
    ]


def test_agent_steps_are_model_calls_with_their_tokens_and_cost(shared: Path) -> None:
    for path in files(shared):
        told = [
            (m.get("prompt_tokens"), m.get("completion_tokens"), m.get("cached_tokens"))
            for document in documents(path)
            for step in own_steps(document)
            if step.get("llm_call_count") != 0
            for m in [step.get("metrics") or {}]
        ]
        made = [call for of in transcripts(FORMAT, path) for call in calls(of)]
        assert sorted(
            (c.usage.input_tokens, c.usage.output_tokens, c.usage.cache_read_tokens)
            for c in made
            if c.usage
        ) == sorted(told), path.name
        cost = sum(
            Decimal(str((step.get("metrics") or {}).get("cost_usd") or 0))
            for document in documents(path)
            for step in own_steps(document)
        )
        assert sum(c.recorded_cost_usd or 0 for c in made) == cost


def test_tool_calls_have_the_result_that_names_them(shared: Path) -> None:
    for path in files(shared):
        told = [
            (call["tool_call_id"], call["function_name"], call["arguments"])
            for document in documents(path)
            for step in own_steps(document)
            for call in step.get("tool_calls") or []
        ]
        made = [t for of in transcripts(FORMAT, path) for t in tools(of)]
        assert [(t.call_id, t.tool, t.arguments) for t in made] == told
        results = {
            result["source_call_id"]: result["content"]
            for document in documents(path)
            for step in own_steps(document)
            for result in (step.get("observation") or {}).get("results", [])
            if result.get("source_call_id") and "content" in result
        }
        assert {t.call_id: t.result for t in made if t.call_id in results} == results


def test_parallel_calls_keep_their_own_ends(shared: Path) -> None:
    of = one(shared, "parallel_tools_mixed_results")
    assert [(t.tool, t.status) for t in tools(of)] == [
        ("get_weather", "ok"), ("get_stock", "error"), ("get_news", "unset"),
    ]  # fmt: skip


def test_pictures_are_kept_as_links(shared: Path) -> None:
    of = one(shared, "multimodal_trajectory")
    first = calls(of)[0].input[0]
    assert [type(part).__name__ for part in first.parts] == ["TextPart", "MediaPart"]
    media = [part for part in first.parts if isinstance(part, MediaPart)]
    assert media[0].mime_type == "image/png"


def test_an_embedded_sub_agent_runs_below_the_call_that_started_it(shared: Path) -> None:
    of = one(shared, "v17_embedded_subagents")
    (run,) = [e for e in of.entries if isinstance(e, AgentRun)]
    assert (run.name, run.parent) == ("researcher", tools(of)[0].id)
    assert [(c.parent, c.model) for c in calls(of)] == [(run.id, "gpt-4.1-mini"), ("", "gpt-4.1")]
    assert [e.name for e in of.entries if isinstance(e, Event)] == ["compaction"]


@pytest.mark.parametrize("name", ["summary", "questions", "answers"])
def test_a_sub_agent_in_its_own_file_is_part_of_the_session_that_points_to_it(
    shared: Path, name: str
) -> None:
    of = one(shared, f"harbor_terminus2_sub_{name}")
    assert of.session_id == "harbor-terminus2-summarization"
    assert len(calls(of)) == 1, "what was copied from the caller is no call of it"
    caller = one(shared, "harbor_terminus2_summarization")
    assert of.attached_to in {entry.id for entry in caller.entries}
    assert trace_id_of(of) == trace_id_of(caller)
    root = to_spans(of, placed_ns=1)[0]
    assert root.parent_span_id == span_id_of(trace_id_of(of), "", of.attached_to)
    assert {s.span_id for s in to_spans(of)}.isdisjoint(s.span_id for s in to_spans(caller))


def test_two_trajectories_in_one_file_are_caller_and_sub_agent(shared: Path) -> None:
    path = shared / "data" / "atif" / "subagent_trajectories.json"
    caller, child = transcripts(FORMAT, path)
    assert (caller.session_id, caller.part) == ("sess-parent-001", "")
    assert (child.session_id, child.part) == ("sess-parent-001", "sess-child-summary-001")
    assert child.attached_to == tools(caller)[0].id


def test_a_continuation_goes_on_in_the_same_session(shared: Path) -> None:
    begun = one(shared, "harbor_terminus2_continuation")
    goes_on = one(shared, "harbor_terminus2_continuation_cont1")
    assert begun.session_id == goes_on.session_id == "harbor-terminus2-continuation"
    assert (begun.part, goes_on.part) == ("", "cont-1")
    # The totals of the last file are those of the whole run, and are told once.
    told = raw(shared / "data" / "atif" / "harbor_terminus2_continuation_cont1.json")
    assert float(begun.recorded_cost_usd or 0) == told["final_metrics"]["total_cost_usd"]
    assert goes_on.recorded_cost_usd is None
    assert goes_on.outcome is not None
    assert (goes_on.outcome.label, goes_on.outcome.source) == ("success", "agent")


def test_totals_are_the_recorded_cost_and_are_held_against_the_steps(shared: Path) -> None:
    found = {
        path.stem: codes(of)
        for path in files(shared)
        for of in transcripts(FORMAT, path)
        if codes(of)
    }
    # 100 tokens of the call during which the time ran out stand in no step; those of the
    # continuation's summaries stand in files that are not there.
    assert found == {
        "harbor_terminus2_timeout": {"totals_disagree"},
        "harbor_terminus2_continuation_cont1": {"totals_disagree"},
        "harbor_terminus2_continuation": {"part_missing"},
    }
    for path in files(shared):
        if "sub" in path.stem or "continuation" in path.stem:
            continue
        (of,) = transcripts(FORMAT, path)
        told = raw(path)["final_metrics"].get("total_cost_usd")
        assert float(of.recorded_cost_usd or 0) == (told or 0)


def test_an_answer_that_could_not_be_used_is_a_failed_call(shared: Path) -> None:
    of = one(shared, "harbor_terminus2_invalid_json")
    assert [c.status for c in calls(of)] == ["error", "unset", "unset", "unset"]
    assert "Missing required fields" in calls(of)[0].error


def test_success_is_only_what_was_confirmed(shared: Path) -> None:
    claimed = {
        path.stem
        for path in files(shared)
        for of in transcripts(FORMAT, path)
        if of.outcome is not None
    }
    assert claimed == {
        "harbor_terminus2_invalid_json",
        "harbor_terminus2_summarization",
        "harbor_terminus2_continuation_cont1",
    }


SMALL: dict[str, Any] = {
    "schema_version": "ATIF-v1.7",
    "session_id": "s",
    "agent": {"name": "a", "model_name": "anthropic/claude", "version": "2"},
    "steps": [
        {"source": "system", "message": "Be brief."},
        {"source": "user", "message": "Go", "timestamp": "2026-01-01T00:00:00Z"},
        {"source": "agent", "message": "", "timestamp": "2026-01-01T00:00:05Z",
         "metrics": {"prompt_tokens": 9, "cost_usd": 0.1, "extra": {"latency_ms": 4000}},
         "tool_calls": [{"tool_call_id": "1", "function_name": "sub", "arguments": {}}],
         "observation": {"results": [{"source_call_id": "1", "content": "ok",
                                      "subagent_trajectory_ref": [{"trajectory_id": "t"}]}]}},
    ],
    "subagent_trajectories": [
        {"trajectory_id": "t", "schema_version": "ATIF-v1.7", "agent": {"name": "b"},
         "steps": [{"source": "user", "message": "x"}, {"source": "agent", "message": "y"}]},
    ],
    "final_metrics": {"total_prompt_tokens": 9, "total_cost_usd": 0.1, "total_steps": 3},
}  # fmt: skip


def trial_with(folder: Path, result: dict[str, Any]) -> Transcript:
    (folder / "agent").mkdir()
    (folder / "agent" / "trajectory.json").write_text(json.dumps(SMALL))
    (folder / "result.json").write_text(json.dumps({"trial_name": "t__1", **result}))
    (of,) = transcripts(FORMAT, folder / "agent" / "trajectory.json")
    return of


def test_the_trials_result_is_the_outcome(tmp_path: Path) -> None:
    of = trial_with(
        tmp_path,
        {"task_name": "hello", "source": "tb", "verifier_result": {"rewards": {"reward": 0.5}}},
    )
    assert of.outcome is not None
    assert (of.outcome.label, of.outcome.source) == ("success_partial", "evaluator")
    assert (of.case, of.experiment) == ("harbor:tb/hello", True)
    assert FORMAT.belongs(Source(tmp_path / "result.json"))
    assert codes(of) == set()


def test_a_timeout_that_is_also_a_success_is_told(tmp_path: Path) -> None:
    of = trial_with(
        tmp_path,
        {
            "verifier_result": {"rewards": {"reward": 1.0}},
            "exception_info": {"exception_type": "AgentTimeoutError", "exception_message": "900 s"},
        },
    )
    assert of.outcome is not None
    assert (of.outcome.label, of.status) == ("success", "cancelled")
    assert codes(of) == {"timeout_and_success"}


def test_a_trial_without_a_reward_has_no_outcome(tmp_path: Path) -> None:
    of = trial_with(tmp_path, {"verifier_result": None})
    assert of.outcome is None
    assert codes(of) == {"reward_missing"}


def test_a_call_began_its_latency_before_its_step(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(SMALL))
    (of,) = transcripts(FORMAT, tmp_path / "t.json")
    call = calls(of)[0]
    assert call.start_ns is not None
    assert call.end_ns is not None
    assert call.end_ns - call.start_ns == 4_000_000_000
    assert (call.provider, call.model, call.instructions) == ("anthropic", "claude", "Be brief.")


@settings(max_examples=150, deadline=None)
@given(document=mutilated(SMALL))
def test_a_mutilated_trajectory_raises_nothing_but_invalid(document: Any) -> None:
    survives(FORMAT, document)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutilated_sample_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([p for p in files(shared) if p.stat().st_size < 30_000]))
    survives(FORMAT, data.draw(mutilated(raw(path))))
