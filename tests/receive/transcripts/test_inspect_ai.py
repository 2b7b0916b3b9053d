"""
Inspect: own fixture, then its own test logs against their raw JSON, counted by other code.
"""

import copy
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.formats.inspect_ai import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    BadLine,
    ModelCall,
    PersonAct,
    Transcript,
)
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, codes, mutilated, raw, read_file, survives, tools

FOLDER = "data/session_formats/inspect_ai/tests"
LOGS = (
    "analysis/test_logs/2025-05-12T20-28-13-04-00_popularity.json",
    "analysis/test_logs/2025-05-12T20-28-26-04-00_security-guide.json",
    "log/test_eval_log/log_formats.json",
    "log/test_eval_log/log_images.json",
    "log/test_eval_log/log_images_tc.json",
    "log/test_eval_log/log_length_stop_reason.txt",
    "log/test_eval_log/log_read_sample.json",
)
EVENT_LISTS = (
    "utility_billing_header", "utility_branch_warmup", "utility_bridge_wrapped",
    "utility_header_only_prompt", "utility_subagent_loop", "utility_subagent_no_loop",
    "utility_warmup", "utility_workflow_generate",
)  # fmt: skip
GRADES = {"C": ("success", 1.0), "I": ("failure", 0.0)}
OWN = GOLDEN / "inspect_ai" / "log.json"


def sessions(path: Path) -> list[Transcript]:
    return [item for item in read_file(FORMAT, path) if isinstance(item, Transcript)]


def file_findings(path: Path) -> set[str]:
    return {item.code for item in read_file(FORMAT, path) if isinstance(item, Finding)}


def events_of(sample: dict[str, Any]) -> list[dict[str, Any]]:
    found = sample.get("events") or sample["transcript"]["events"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("name", LOGS)
def test_a_sample_is_a_session_and_its_grade_the_outcome(shared: Path, name: str) -> None:
    log = raw(shared / FOLDER / name)
    for of, sample in zip(sessions(shared / FOLDER / name), log["samples"], strict=True):
        ((scorer, score),) = sample["scores"].items()
        label, value = GRADES[score["value"]]
        assert of.outcome is not None
        assert (of.outcome.label, of.outcome.source) == (label, "evaluator")
        assert [(s.name, s.value, s.label) for s in of.scores] == [(scorer, value, score["value"])]
        assert of.case == f"inspect_ai:{log['eval']['task']}/{sample['id']}"
        assert (of.trial, of.experiment) == (sample["epoch"] - 1, True)
        assert of.session_id == sample.get("uuid", of.session_id)


@pytest.mark.parametrize("name", LOGS)
def test_calls_and_tokens_are_those_of_the_model_events(shared: Path, name: str) -> None:
    log = raw(shared / FOLDER / name)
    for of, sample in zip(sessions(shared / FOLDER / name), log["samples"], strict=True):
        told = [event for event in events_of(sample) if event["event"] == "model"]
        assert [
            (c.usage.input_tokens, c.usage.output_tokens, c.finish_reason)
            for c in calls(of)
            if c.usage
        ] == [
            (
                event["output"]["usage"]["input_tokens"],
                event["output"]["usage"]["output_tokens"],
                event["output"]["choices"][0]["stop_reason"],
            )
            for event in told
        ]
        whole = sample.get("model_usage")
        if whole:
            assert sum(c.usage.input_tokens or 0 for c in calls(of) if c.usage) == sum(
                counted["input_tokens"] for counted in whole.values()
            )
        assert codes(of) == set()


def test_what_the_grader_asks_is_marked_and_makes_it_a_judge(shared: Path) -> None:
    (of, *_) = sessions(shared / FOLDER / LOGS[1])
    assert [call.role for call in calls(of)] == ["", "grader"]
    assert [score.judge for score in of.scores] == ["llm"]
    (other, *_) = sessions(shared / FOLDER / LOGS[0])
    assert [score.judge for score in other.scores] == ["code"]


def test_attachments_of_every_version_are_put_in(shared: Path) -> None:
    for name in LOGS:
        for of in sessions(shared / FOLDER / name):
            assert not any("attachment://" in str(m) or "tc://" in str(m)
                           for call in calls(of) for m in call.input), name  # fmt: skip


def test_each_kind_of_tool_error_is_one_and_a_refused_call_did_not_run(shared: Path) -> None:
    path = shared / FOLDER / "log/test_eval_log/log_tool_call_error.json"
    (of,) = sessions(path)
    told = [m["error"]["type"] for m in raw(path)["samples"][0]["messages"]]
    assert [tool.error_type for tool in tools(of)] == told
    assert Counter(t.status for t in tools(of)) == {"error": len(told) - 1, "blocked": 1}
    assert codes(of) == {"unmatched_result", "step_times_unknown"}
    assert file_findings(path) == {"totals_disagree"}
    assert (of.outcome, of.trial) == (None, 3)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("analysis/test_logs/2025-05-12T20-28-13-04-00_no-samples.json", {"not_a_session"}),
        ("log/test_eval_log/log_valid.txt", {"not_a_session"}),
        ("log/test_eval_log/log_with_nan.txt", {"not_a_session"}),
        ("log/test_eval_log/log_version_3.txt", {"not_a_session", "unknown_version"}),
    ],
)
def test_a_log_without_samples_says_so(shared: Path, name: str, found: set[str]) -> None:
    assert sessions(shared / FOLDER / name) == []
    assert file_findings(shared / FOLDER / name) == found


def test_a_log_that_was_cut_short_is_known_and_refused(shared: Path) -> None:
    source = Source(shared / FOLDER / "log/test_eval_log/log_invalid.txt")
    assert FORMAT.recognizes(source)
    with pytest.raises(Invalid, match="not JSON"):
        list(FORMAT.read(source))


@pytest.mark.parametrize("name", EVENT_LISTS)
def test_a_list_of_events_is_a_session_with_its_agents(shared: Path, name: str) -> None:
    path = shared / FOLDER / "timeline/fixtures/events" / f"{name}.json"
    (of,) = sessions(path)
    told = raw(path)["events"]
    count = Counter(event["event"] for event in told)
    assert (len(calls(of)), len(tools(of))) == (count["model"], count["tool"])
    spans = {e["id"]: e for e in told if e["event"] == "span_begin"}
    agents = [e["id"] for e in spans.values() if e["type"] == "agent"]
    assert [e.id for e in of.entries if isinstance(e, AgentRun)] == agents
    parents = {e["uuid"]: e["span_id"] for e in told if e["event"] == "model"}
    assert {c.id: c.parent for c in calls(of)} == parents


def test_only_a_persons_decision_is_an_act_of_a_person() -> None:
    (of, _) = sessions(OWN)
    acts = [entry for entry in of.entries if isinstance(entry, PersonAct)]
    assert [(act.by, act.auto, act.decision) for act in acts] == [
        ("human", False, "rejected"),
        ("auto", True, "approved"),
        ("", False, "none"),
    ]


def test_an_answer_from_the_cache_spent_nothing() -> None:
    (of, _) = sessions(OWN)
    (cached,) = [c for c in of.entries if isinstance(c, ModelCall) and c.id == "m13"]
    assert (cached.usage, cached.recorded_cost_usd) == (None, None)


def test_an_eval_archive_tells_what_the_same_log_tells_as_json(tmp_path: Path) -> None:
    log = json.loads(OWN.read_text())
    packed = tmp_path / "log.eval"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "header.json", json.dumps({k: v for k, v in log.items() if k != "samples"})
        )
        for sample in log["samples"][:2]:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, json.dumps(sample))
        archive.writestr("samples/broken_epoch_1.json", '{"id":')
    found = read_file(FORMAT, packed)
    assert len([item for item in found if isinstance(item, BadLine)]) == 1
    as_json = {of.session_id: of.entries for of in sessions(OWN)}
    assert {o.session_id: o.entries for o in found if isinstance(o, Transcript)} == as_json


def test_no_eval_archive_of_another_kind_raises(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    assert not FORMAT.recognizes(Source(path))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_log_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from((OWN, shared / FOLDER / LOGS[2], shared / FOLDER / LOGS[6])))
    document = copy.deepcopy(json.loads(path.read_text()))
    survives(FORMAT, data.draw(mutilated(document)), name="log.json")
