"""QwenPaw: own fixture, then real sessions against their memory."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.formats.qwenpaw import FORMAT
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
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

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/qwenpaw"
SESSIONS = {
    "default/main_main": "default/sessions/main_main.json",
    "default/default_1700000000000": "default/sessions/default_1700000000000.json",
    "default/console/default_1700000000001": "default/sessions/console/default_1700000000001.json",
    "note_keeper/user@example.com_1700000000002": (
        "note_keeper/sessions/user@example.com_1700000000002.json"
    ),
}
OWN = GOLDEN / "qwenpaw" / "shop" / "sessions" / "wechat" / "u-7_5e55.json"


def blocks(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    memory = document["agent"]["memory"]["content"]
    return [b for message, _ in memory for b in message["content"] if b["type"] == kind]


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize(("session_id", "name"), SESSIONS.items())
def test_a_real_session_is_the_agents_memory(shared: Path, session_id: str, name: str) -> None:
    document = raw(shared / FOLDER / name)
    (of,) = transcripts(FORMAT, shared / FOLDER / name)
    memory = [message for message, _ in document["agent"]["memory"]["content"]]
    assert [c.id for c in calls(of)] == [m["id"] for m in memory if m["role"] == "assistant"]
    assert [tool.call_id for tool in tools(of)] == [b["id"] for b in blocks(document, "tool_use")]
    assert [tool.result for tool in tools(of)] == [
        b["output"][0]["text"] for b in blocks(document, "tool_result")
    ]
    assert (of.session_id, of.agent) == (session_id, document["agent"]["name"])
    assert codes(of) == {"timezone_unknown"}


def test_who_asked_is_in_the_files_name(shared: Path) -> None:
    (of,) = transcripts(FORMAT, shared / FOLDER / [*SESSIONS.values()][-1])
    assert of.user == "user@example.com"
    (other,) = transcripts(FORMAT, shared / FOLDER / "default/sessions/main_main.json")
    assert other.user == ""


def test_an_empty_memory_is_a_finding_about_the_file(shared: Path) -> None:
    (found,) = read_file(FORMAT, shared / FOLDER / "researcher/sessions/empty.json")
    assert isinstance(found, Finding)
    assert found.code == "empty_session"


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_mutilated_session_raises_nothing_but_invalid(data: st.DataObject) -> None:
    document = copy.deepcopy(json.loads(OWN.read_text()))
    survives(FORMAT, data.draw(mutilated(document)), name="u-7_5e55.json")
