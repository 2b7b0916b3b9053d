"""Kimi: own fixtures of both spellings, and a real record that is of no session."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.formats.kimi import FORMAT
from quarterdeck.receive.transcripts.transcript import PersonAct
from receive.transcripts.breaking import lines_survive
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, read_file, transcripts

FILES = [GOLDEN / "kimi" / fixture for fixture in fixtures(FORMAT)]


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


def test_a_file_of_settings_alone_holds_no_session(shared: Path) -> None:
    folder = shared / "data/session_formats/agentsview/internal/parser/testdata"
    (found,) = read_file(FORMAT, folder / "kimi-config-update-cwd.jsonl")
    assert isinstance(found, Finding)
    assert found.code == "empty_session"


def test_usage_that_is_told_twice_counts_once() -> None:
    path = next(path for path in FILES if path.parent.name == "main")
    (of,) = transcripts(FORMAT, path)
    assert path.read_text().count('"inputCacheRead": 90') == 2
    assert [call.usage and call.usage.input_tokens for call in calls(of)] == [10 + 90 + 1]


def test_agents_of_one_session_are_its_parts() -> None:
    found = [of for path in FILES for of in transcripts(FORMAT, path)]
    assert {(of.session_id, of.part) for of in found} == {
        ("session_5e55", ""),
        ("session_5e55", "explore-1"),
        ("5e55-b", ""),
    }


def test_an_approval_waits_and_one_that_nobody_gave_still_does() -> None:
    path = next(path for path in FILES if path.parent.name == "5e55-b")
    (of,) = transcripts(FORMAT, path)
    acts = [entry for entry in of.entries if isinstance(entry, PersonAct)]
    assert [(act.decision, act.waited_ns) for act in acts] == [
        ("approved", 10 * 10**9),
        ("none", None),
    ]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_broken_wire_raises_nothing(data: st.DataObject) -> None:
    lines_survive(FORMAT, data.draw(st.sampled_from(FILES)), data)
