"""Mistral Vibe: own fixture, then real folders against their two files."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.formats.vibe import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import Event
from receive.transcripts.breaking import lines_survive
from receive.transcripts.goldens import assert_tells, fixtures
from receive.transcripts.reading import calls, codes, raw, read_file, tools, transcripts

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/vibe"


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("name", ["session_basic", "session_with_tools"])
def test_a_real_session_is_its_messages_and_its_meta_file(shared: Path, name: str) -> None:
    path = shared / FOLDER / name / "messages.jsonl"
    (of,) = transcripts(FORMAT, path)
    told = [json.loads(line) for line in path.read_text().splitlines()]
    meta = raw(path.parent / "meta.json")
    answers = [m for m in told if m["role"] == "assistant"]
    assert [call.id for call in calls(of)] == [m["message_id"] for m in answers]
    assert {call.model for call in calls(of)} == {meta["model"]}
    assert [(t.tool, t.result) for t in tools(of)] == [
        (m["name"], m["content"]) for m in told if m["role"] == "tool"
    ]
    (total,) = [e.total for e in of.entries if isinstance(e, Event) and e.total]
    stats = meta["stats"]
    assert (total.model, total.usage) == (
        meta["model"],
        Usage(
            input_tokens=stats["session_prompt_tokens"],
            output_tokens=stats["session_completion_tokens"],
        ),
    )
    assert of.session_id == meta["session_id"]
    assert codes(of) == {"usage_totals_only", "step_times_unknown"}


def test_a_session_that_was_never_used_is_a_finding_about_the_file(shared: Path) -> None:
    (found,) = read_file(FORMAT, shared / FOLDER / "session_empty" / "messages.jsonl")
    assert isinstance(found, Finding)
    assert found.code == "empty_session"


def test_the_meta_file_belongs_to_the_messages(shared: Path, tmp_path: Path) -> None:
    assert FORMAT.belongs(Source(shared / FOLDER / "session_basic" / "meta.json"))
    (tmp_path / "meta.json").write_text("{}")
    assert not FORMAT.belongs(Source(tmp_path / "meta.json"))


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_broken_messages_raise_nothing(shared: Path, data: st.DataObject) -> None:
    lines_survive(FORMAT, shared / FOLDER / "session_with_tools" / "messages.jsonl", data)
