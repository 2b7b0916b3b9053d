"""SWE-agent trajectories, held against counts of the raw files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.formats.swe_agent import FORMAT
from quarterdeck.receive.transcripts.spans import span_id_of, to_spans, trace_id_of
from quarterdeck.receive.transcripts.transcript import AgentRun, Transcript
from receive.transcripts.reading import calls, codes, mutilated, raw, survives, tools, transcripts


def files(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "sweagent").glob("*.traj.gz"))
    assert len(found) == 3
    return found


def one(path: Path) -> Transcript:
    (of,) = transcripts(FORMAT, path)
    return of


def test_each_step_is_a_call_and_a_command(shared: Path) -> None:
    for path in files(shared):
        of, run = one(path), raw(path)
        assert len(calls(of)) == run["info"]["model_stats"]["api_calls"]
        assert [(t.arguments["command"], t.result) for t in tools(of)] == [
            (step["action"], step["observation"]) for step in run["trajectory"]
        ]


def test_cost_is_told_for_the_run_and_tokens_of_no_call(shared: Path) -> None:
    costs = []
    for path in files(shared):
        of, stats = one(path), raw(path)["info"]["model_stats"]
        assert of.recorded_cost_usd is not None
        assert float(of.recorded_cost_usd) == stats["instance_cost"]
        run = of.entries[0]
        assert isinstance(run, AgentRun)
        assert run.total is not None
        assert run.total.usage == Usage(
            input_tokens=stats["tokens_sent"], output_tokens=stats["tokens_received"]
        )
        assert all(call.usage is None for call in calls(of))
        assert "usage_totals_only" in codes(of)
        costs.append(round(float(of.recorded_cost_usd), 2))
    assert costs == [0.02, 0.54, 1.27]


def test_a_commands_duration_is_told_and_no_other(shared: Path) -> None:
    for path in files(shared):
        of = one(path)
        told = [step.get("execution_time") for step in raw(path)["trajectory"]]
        assert [t.took_ns and t.took_ns / 1e9 for t in tools(of)] == pytest.approx(told)
        spans = {s.span_id: s for s in to_spans(of, placed_ns=1)}
        for tool in tools(of):
            span = spans[span_id_of(trace_id_of(of), "", tool.id)]
            assert span.end_ns - span.start_ns == (tool.took_ns or 0)


def test_submitted_is_no_success(shared: Path) -> None:
    for path in files(shared):
        assert raw(path)["info"]["exit_status"] == "submitted"
        assert one(path).outcome is None
        assert one(path).metadata["exit_status"] == "submitted"


def test_refused_edits_are_the_tool_errors(shared: Path) -> None:
    failed = {path.name: [t.tool for t in tools(one(path)) if t.status == "error"]
              for path in files(shared)}  # fmt: skip
    told = {
        path.name: [
            "edit" for step in raw(path)["trajectory"] if "new syntax error" in step["observation"]
        ]
        for path in files(shared)
    }
    assert failed == told
    assert sum(len(of) for of in failed.values()) == 3


def test_an_edit_is_of_the_open_file(shared: Path) -> None:
    """So that an edit which works is seen to repair one that did not."""
    (path,) = (p for p in files(shared) if "dev-easy" in p.name)
    edits = [t for t in tools(one(path)) if t.tool == "edit"][1:]
    assert {t.arguments["path"] for t in edits} == {
        "/pydicom__pydicom/pydicom/pixel_data_handlers/numpy_handler.py"
    }
    assert [t.status for t in edits] == ["error", "error", "error", "unset"]


def test_a_demonstration_is_another_run_and_counts_nothing(shared: Path) -> None:
    nested = [path for path in files(shared) if "nested_run" in codes(one(path))]
    assert nested == [
        path for path in files(shared) if any(h.get("is_demo") for h in raw(path)["history"])
    ]
    assert len(nested) == 2


def test_tools_are_named_by_the_request_or_the_commands_first_word(shared: Path) -> None:
    names = {path.name[:20]: [t.tool for t in tools(one(path))] for path in files(shared)}
    assert names == {
        "gpt4__swe-agent-test": ["find_file", "open", "edit", "bash", "submit"],
        "gpt4__swe-agent__tes": ["find_file", "open", "edit", "shell", "submit"],
        "gpt4__swe-bench-dev-": [
            "create", "edit", "shell", "find_file", "open", "edit", "edit", "edit", "edit",
            "shell", "shell", "submit",
        ],
    }  # fmt: skip


def run_of(**info: Any) -> dict[str, Any]:
    return {
        "trajectory": [{"action": "ls", "observation": "a", "response": "Look.", "thought": "Look",
                        "execution_time": 0.5, "state": {}}],
        "history": [{"role": "system", "content": "S"}, {"role": "user", "content": "Fix it"},
                    {"role": "assistant", "content": "Look."}],
        "info": {"exit_status": "submitted", "model_stats": {"api_calls": 2}, **info},
    }  # fmt: skip


def test_resolved_is_the_outcome_where_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "org__repo-1.traj"
    path.write_text(json.dumps(run_of(resolved=False)))
    of = one(path)
    assert of.outcome is not None
    assert (of.outcome.label, of.case, of.task) == ("failure", "swe:org__repo-1", "Fix it")
    assert codes(of) == {"totals_disagree"}


@settings(max_examples=80, deadline=None)
@given(document=mutilated(run_of()))
def test_a_mutilated_run_raises_nothing_but_invalid(document: Any) -> None:
    survives(FORMAT, document, name="x.traj")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutilated_sample_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    survives(FORMAT, data.draw(mutilated(raw(data.draw(st.sampled_from(files(shared)))))))
