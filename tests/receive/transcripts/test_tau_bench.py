"""τ-bench results, held against counts of the raw files."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.tau_bench import FORMAT
from quarterdeck.receive.transcripts.transcript import Transcript
from receive.transcripts.reading import (
    calls,
    codes,
    mutilated,
    raw,
    read_file,
    survives,
    tools,
    transcripts,
)


def files(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "agentrx" / "tau-retail").glob("*.json.gz"))
    assert len(found) == 7
    return found


def one(path: Path) -> Transcript:
    (of,) = transcripts(FORMAT, path)
    return of


def by_role(run: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [message for message in run["traj"] if message["role"] == role]


def test_answers_calls_and_errors_are_those_of_the_messages(shared: Path) -> None:
    errors = 0
    for path in files(shared):
        of, run = one(path), raw(path)
        assert len(calls(of)) == len(by_role(run, "assistant"))
        asked = [c["function"] for m in by_role(run, "assistant") for c in m.get("tool_calls", [])]
        assert [(t.tool, t.arguments) for t in tools(of)] == [
            (call["name"], json.loads(call["arguments"])) for call in asked
        ]
        assert [(t.call_id, t.result) for t in tools(of)] == [
            (m["tool_call_id"], m["content"]) for m in by_role(run, "tool")
        ]
        failed = [t for t in tools(of) if t.status == "error"]
        assert len(failed) == sum(m["content"].startswith("Error") for m in by_role(run, "tool"))
        errors += len(failed)
    assert errors == 5


def test_every_run_failed_by_its_reward(shared: Path) -> None:
    for path in files(shared):
        of, run = one(path), raw(path)
        assert run["reward"] == 0
        assert of.outcome is not None
        assert (of.outcome.label, of.outcome.source) == ("failure", "evaluator")
        assert of.case == f"tau:retail/{run['task_id']}"
        assert of.experiment


def test_gold_actions_are_the_expected_calls(shared: Path) -> None:
    total = 0
    for path in files(shared):
        of, run = one(path), raw(path)
        gold = [(a["name"], a["kwargs"]) for a in run["info"]["task"]["actions"]]
        made = [
            (c["function"]["name"], json.loads(c["function"]["arguments"]))
            for m in by_role(run, "assistant")
            for c in m.get("tool_calls", [])
        ]
        matched = 0
        for action in gold:
            if action in made:
                made.remove(action)
                matched += 1
        assert (of.expected_calls, of.matched_calls) == (len(gold), matched)
        total += matched
    assert total == 41


def test_contradictions_are_told(shared: Path) -> None:
    told = {path.name.split(".")[0]: codes(one(path)) for path in files(shared)}
    of_each = {"trial_is_task", "cost_implausible"}
    assert told.pop("hallucination_doubt") == of_each | {"reward_disagrees"}
    assert all(found == of_each for found in told.values())


def run_of(**changes: Any) -> dict[str, Any]:
    call = {"id": "c", "function": {"name": "cancel", "arguments": '{"id": 1}'}}
    return {
        "task_id": 4, "reward": 1.0, "trial": 1,
        "info": {"task": {"actions": [{"name": "cancel", "kwargs": {"id": 1}}]}, "user_cost": 0.02},
        "traj": [
            {"role": "system", "content": "# Airline Agent Policy\nBe kind."},
            {"role": "user", "content": "Cancel it"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "name": "cancel", "content": "done"},
            {"role": "assistant", "content": "It is canceled."},
        ],
        **changes,
    }  # fmt: skip


def test_a_list_of_trials_of_one_task(tmp_path: Path) -> None:
    path = tmp_path / "gpt-4o.json"
    path.write_text(json.dumps([run_of(trial=0), run_of(), run_of(reward=None, trial=2), "x"]))
    found = [item for item in read_file(FORMAT, path) if isinstance(item, Transcript)]
    assert [(t.case, t.trial, t.outcome and t.outcome.label) for t in found] == [
        ("tau:airline/4", 0, "success"),
        ("tau:airline/4", 1, "success"),
        ("tau:airline/4", 2, None),
    ]
    assert [codes(t) for t in found] == [set(), set(), {"reward_missing"}]
    assert len({t.session_id for t in found}) == 3
    assert calls(found[0])[0].instructions.endswith("Be kind.")
    assert (found[0].expected_calls, found[0].matched_calls) == (1, 1)


@settings(max_examples=100, deadline=None)
@given(document=mutilated([run_of(), run_of(trial=2)]))
def test_a_mutilated_run_raises_nothing_but_invalid(document: Any) -> None:
    survives(FORMAT, document)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutilated_sample_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    survives(FORMAT, data.draw(mutilated(raw(data.draw(st.sampled_from(files(shared)))))))
