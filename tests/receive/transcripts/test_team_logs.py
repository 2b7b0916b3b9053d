"""Who&When and AgentRx: logs of teams with the step that people blamed."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import agentrx, who_and_when
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import AgentRun, Event, Transcript
from receive.transcripts.reading import codes, mutilated, raw, survives, tools, transcripts


def blamed(of: Transcript) -> list[str]:
    """Entries on which people saw the failure begin."""
    return [s.target_span_id for s in of.scores if s.scope == "span" and s.judge == "human"]


def who_files(shared: Path) -> list[Path]:
    found = sorted((shared / "data" / "who_and_when" / "Algorithm-Generated").glob("*.json.gz"))
    assert len(found) == 60
    return found


def rx_files(shared: Path) -> list[Path]:
    folder = shared / "data" / "agentrx" / "magentic-one" / "trajectories"
    found = sorted(folder.glob("*.json.gz"))
    assert len(found) == 10
    return found


def rx_annotations(shared: Path) -> dict[str, dict[str, Any]]:
    """By file name: what the list tells, with the task's id."""
    info = raw(shared / "data" / "agentrx" / "magentic-one" / "trajectories_info.json.gz")
    return {
        told["name"]: {**told, "id": task, "category": category}
        for category, tasks in info.items()
        for task, told in tasks.items()
    }


def test_who_and_when_blames_the_step_and_the_agent_of_the_annotation(shared: Path) -> None:
    for path in who_files(shared):
        (of,) = transcripts(who_and_when.FORMAT, path)
        told = raw(path)
        assert blamed(of) == [told["mistake_step"]]
        on_step, whole = of.scores
        assert (on_step.label, on_step.explanation) == (
            told["mistake_agent"],
            told["mistake_reason"],
        )
        assert (whole.scope, whole.value) == ("session", float(told["mistake_step"]))
        assert of.case == f"who_and_when:{told['question_ID']}"
        assert of.task == told["question"]
        assert of.outcome is not None
        assert of.outcome.label == ("success" if told["is_correct"] else "failure")
        assert told["ground_truth"] in of.outcome.reason


def test_the_terminals_exit_codes_are_the_tool_errors(shared: Path) -> None:
    found: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for path in who_files(shared):
        (of,) = transcripts(who_and_when.FORMAT, path)
        found.update(tool.error_type or "ok" for tool in tools(of))
        for message in raw(path)["history"][1:]:
            exit_code = re.match(r"exitcode: (\d+)", message["content"])
            if message["name"] == "Computer_terminal" and exit_code:
                code = exit_code.group(1)
                expected[{"0": "ok", "124": "timeout"}.get(code, f"exit_{code}")] += 1
    assert found == expected == {"ok": 68, "exit_1": 32, "timeout": 1}


def test_every_message_is_an_entry_of_its_speaker(shared: Path) -> None:
    for path in who_files(shared):
        (of,) = transcripts(who_and_when.FORMAT, path)
        history = raw(path)["history"]
        assert [entry.id for entry in of.entries] == [str(n) for n in range(len(history))]
        turns = {e.id: e.name for e in of.entries if isinstance(e, AgentRun)}
        assert turns == {
            str(n): message["name"]
            for n, message in enumerate(history)
            if message["name"] != "Computer_terminal"
        }


def test_three_annotations_blame_somebody_who_did_not_speak_there(shared: Path) -> None:
    misplaced = {
        path.name.removesuffix(".json.gz")
        for path in who_files(shared)
        if "judgement_misplaced" in codes(*transcripts(who_and_when.FORMAT, path))
    }
    assert misplaced == {"14", "15", "59"}


def test_agentrx_blames_the_step_of_the_list_counted_from_one(shared: Path) -> None:
    told = rx_annotations(shared)
    for path in rx_files(shared):
        (of,) = transcripts(agentrx.FORMAT, path)
        annotation = told[path.name.removesuffix(".gz")]
        assert blamed(of) == [str(annotation["step"] - 1)]
        assert len(of.entries) == len(raw(path))
        assert of.case == f"agentrx:{annotation['id']}"
        assert of.outcome is not None
        assert (of.outcome.label, of.outcome.source) == ("failure", "human")
        assert annotation["category"] in of.outcome.reason


def test_instructions_are_handoffs_and_members_have_turns(shared: Path) -> None:
    for path in rx_files(shared):
        (of,) = transcripts(agentrx.FORMAT, path)
        roles = Counter(message["role"] for message in raw(path))
        handed = Counter(e.handoff_to for e in of.entries if isinstance(e, Event) and e.handoff_to)
        assert handed == {
            role.removeprefix("Orchestrator (-> ").rstrip(")"): count
            for role, count in roles.items()
            if "->" in role
        }
        turns = Counter(e.name for e in of.entries if isinstance(e, AgentRun))
        said = Counter(m["role"].partition(" (")[0] for m in raw(path) if "->" not in m["role"])
        assert turns == {name: count for name, count in said.items() if name != "human"}


def test_what_a_log_says_against_itself_is_told(shared: Path) -> None:
    counted: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for path in rx_files(shared):
        (of,) = transcripts(agentrx.FORMAT, path)
        counted.update(codes(of))
        ended[of.status] += 1
    contents = {path: [m["content"] for m in raw(path)] for path in rx_files(shared)}
    assert counted == {
        "outcome_disagrees": sum(
            any(c.startswith("Request satisfied.") for c in of) for of in contents.values()
        ),
        "model_disagrees": sum(
            any("Resolved model mismatch" in c for c in of) for of in contents.values()
        ),
        "answer_without_conclusion": 4,
    }
    assert ended == {"unset": 6, "cancelled": 2, "error": 2}


def test_the_list_belongs_to_the_logs(shared: Path) -> None:
    info = Source(shared / "data" / "agentrx" / "magentic-one" / "trajectories_info.json.gz")
    assert agentrx.FORMAT.belongs(info)
    assert not agentrx.FORMAT.recognizes(info)


def test_without_the_list_the_orchestrators_own_word_is_the_outcome(tmp_path: Path) -> None:
    log = [
        {"role": "human", "content": "2 + 2?"},
        {"role": "Orchestrator (thought)", "content": "Updated Ledger: {}"},
        {"role": "Orchestrator (-> Assistant)", "content": "Add them."},
        {"role": "Assistant", "content": "4"},
        {"role": "Orchestrator (thought)", "content": "Request satisfied."},
    ]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    (of,) = transcripts(agentrx.FORMAT, path)
    assert of.outcome is not None
    assert (of.outcome.label, of.outcome.source) == ("success", "agent")
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(log[:-1]))
    (cut,) = transcripts(agentrx.FORMAT, path)
    assert cut.outcome is None


@pytest.mark.parametrize("of", [who_and_when.FORMAT, agentrx.FORMAT], ids=lambda of: of.name)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutilated_log_raises_nothing_but_invalid(
    shared: Path, of: Format, data: st.DataObject
) -> None:
    files = who_files(shared) if of is who_and_when.FORMAT else rx_files(shared)
    path = data.draw(st.sampled_from(files[:4]))
    survives(of, data.draw(mutilated(raw(path))))
