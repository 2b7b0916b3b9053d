"""Kiro: the same conversation in a file and in the database, then real rows' values."""

import copy
import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.formats.kiro import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, PersonAct, Transcript
from receive.transcripts.goldens import GOLDEN, assert_tells, database, fixtures
from receive.transcripts.reading import (
    calls,
    mutilated,
    raw,
    read_file,
    survives,
    tools,
    transcripts,
)

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/kiro_sqlite"
OWN = GOLDEN / "kiro" / "5e55-kiro.json"


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("name", ["standard_payload.json", "overlap_payload.json"])
def test_a_real_conversation_is_its_turns(shared: Path, name: str) -> None:
    (of,) = transcripts(FORMAT, shared / FOLDER / name)
    told = raw(shared / FOLDER / name)
    answers = [next(iter(turn["assistant"].values())) for turn in told["history"]]
    assert of.session_id == told["conversation_id"]
    assert [call.id for call in calls(of)] == [answer["message_id"] for answer in answers]
    asked = [use["name"] for answer in answers for use in answer.get("tool_uses", [])]
    assert [tool.tool for tool in tools(of)] == asked
    # Every answer of the samples took ten seconds, as its two times say.
    assert {(c.end_ns or 0) - (c.start_ns or 0) for c in calls(of)} == {10 * 10**9}
    assert of.findings == ()


def test_rows_of_a_database_are_sessions(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    names = ("standard_payload.json", "overlap_payload.json", "malformed_payload.txt")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE conversations_v2 (key, conversation_id, value)")
        for name in names:
            value = (shared / FOLDER / name).read_text()
            connection.execute("INSERT INTO conversations_v2 VALUES ('/w', ?, ?)", (name, value))
        connection.commit()
    found = read_file(FORMAT, path)
    assert [item.session_id for item in found if isinstance(item, Transcript)] == [
        "sqlite-session",
        "overlap-session",
    ]
    assert [item.number for item in found if isinstance(item, BadLine)] == [3]


def test_a_database_and_a_file_of_its_row_tell_the_same_steps(tmp_path: Path) -> None:
    (row, *_) = read_file(FORMAT, database(GOLDEN / "kiro" / "data.sql", tmp_path))
    (alone,) = transcripts(FORMAT, OWN)
    assert isinstance(row, Transcript)
    assert (row.session_id, row.entries) == (alone.session_id, alone.entries)


def test_calls_that_a_person_cancelled_are_not_errors() -> None:
    (of,) = transcripts(FORMAT, OWN)
    assert [tool.status for tool in tools(of)] == ["error", "ok", "cancelled"]
    (act,) = [entry for entry in of.entries if isinstance(entry, PersonAct)]
    assert (act.kind, act.decision, act.answer) == ("stop", "cancelled", "not that")


def test_a_value_that_was_cut_short_is_known_and_refused(shared: Path) -> None:
    source = Source(shared / FOLDER / "malformed_payload.txt")
    assert FORMAT.recognizes(source)
    with pytest.raises(Invalid, match="not JSON"):
        list(FORMAT.read(source))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(16, 12_000), zeros=st.booleans())
def test_a_damaged_database_raises_nothing_but_invalid(
    tmp_path: Path, cut: int, zeros: bool
) -> None:
    path = database(GOLDEN / "kiro" / "data.sql", tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + (bytes(len(whole) - cut) if zeros else b""))
    source = Source(path)
    if FORMAT.recognizes(source):
        with suppress(Invalid):
            list(FORMAT.read(source))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_mutilated_conversation_raises_nothing_but_invalid(data: st.DataObject) -> None:
    document = copy.deepcopy(json.loads(OWN.read_text()))
    survives(FORMAT, data.draw(mutilated(document)), name="conversation.json")


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_row_that_is_anything_raises_nothing(tmp_path: Path, data: st.DataObject) -> None:
    document = data.draw(mutilated(json.loads(OWN.read_text())))
    path = tmp_path / "rows.sqlite3"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE conversations (key, value)")
        odd = data.draw(st.sampled_from((None, 17, b"\xff\xfe", "", "[1]", json.dumps(document))))
        connection.execute("INSERT INTO conversations VALUES (?, ?)", (odd, odd))
        connection.execute("INSERT INTO conversations VALUES ('k', ?)", (json.dumps(document),))
        connection.commit()
    read_file(FORMAT, path)
