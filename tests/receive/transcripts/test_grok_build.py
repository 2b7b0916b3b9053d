"""Grok Build: own fixture, then both spellings of one session against their lines."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.grok_build import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import PersonAct
from receive.transcripts.breaking import lines_survive
from receive.transcripts.goldens import assert_tells, fixtures
from receive.transcripts.reading import calls, codes, tools, transcripts

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/grok-build"
CURRENT = (
    "current/%2Fworkspace%2Fgrok-worktrees%2Fparser-audit/019f6000-0000-7000-8000-000000000001"
)
LEGACY = "legacy/%2Fworkspace%2Fagentsview/019f6000-0000-7000-8000-000000000002"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("folder", [CURRENT, LEGACY])
def test_calls_and_tools_are_those_of_the_lines(shared: Path, folder: str) -> None:
    path = shared / FOLDER / folder / "chat_history.jsonl"
    (of,) = transcripts(FORMAT, path)
    told = lines(path)
    answers = [m for m in told if m.get("type", m.get("role")) == "assistant"]
    assert [call.model for call in calls(of)] == [m["model_id"] for m in answers]
    asked = [c for m in answers for c in m.get("tool_calls", [])]
    run_by_provider = [m for m in told if m.get("type") == "backend_tool_call"]
    assert len(tools(of)) == len(asked) + len(run_by_provider)
    assert of.session_id == folder.rpartition("/")[2]
    assert of.task == "Review parser compatibility"
    assert (of.ended_ns or 0) - (of.started_ns or 0) == 29 * 60 * 10**9


@pytest.mark.parametrize("folder", [CURRENT, LEGACY])
def test_counters_that_are_not_what_is_there_are_findings(shared: Path, folder: str) -> None:
    (of,) = transcripts(FORMAT, shared / FOLDER / folder / "chat_history.jsonl")
    assert codes(of) == {"step_times_unknown", "totals_disagree"}
    # 8 messages are told and 9 or 5 are there; no tool call is told and 2 or 1 are there.
    assert sum(finding.code == "totals_disagree" for finding in of.findings) == 2


def test_what_a_person_says_while_the_agent_works_is_an_act(shared: Path) -> None:
    path = shared / FOLDER / CURRENT / "chat_history.jsonl"
    (of,) = transcripts(FORMAT, path)
    said = [m for m in lines(path) if m.get("synthetic_reason") == "interjection"]
    acts = [entry for entry in of.entries if isinstance(entry, PersonAct)]
    assert [act.answer for act in acts] == [m["content"][0]["text"] for m in said]


def test_its_sidecars_belong_to_it_and_its_source_is_nobodys(shared: Path) -> None:
    for name in ("summary.json", "signals.json"):
        assert FORMAT.belongs(Source(shared / FOLDER / LEGACY / name))
    other = Source(shared / FOLDER / LEGACY / "source-v1.jsonl")
    assert not FORMAT.recognizes(other)
    assert not FORMAT.belongs(other)


def test_without_its_sidecars_the_folder_is_its_name(shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a-session"
    folder.mkdir()
    shutil.copy(shared / FOLDER / LEGACY / "chat_history.jsonl", folder)
    (of,) = transcripts(FORMAT, folder / "chat_history.jsonl")
    assert (of.session_id, of.started_ns, codes(of)) == ("a-session", None, set())


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_broken_history_raises_nothing(shared: Path, data: st.DataObject) -> None:
    folder = data.draw(st.sampled_from((CURRENT, LEGACY)))
    lines_survive(FORMAT, shared / FOLDER / folder / "chat_history.jsonl", data)
