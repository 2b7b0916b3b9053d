"""Omnigent: one session in the tables of two versions, and items as real rows hold them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.omnigent import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import Event, Transcript
from receive.transcripts.goldens import GOLDEN, assert_tells, database, expectation, fixtures
from receive.transcripts.reading import calls, mutilated, read_file, tools

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/omnigent"
OWN = GOLDEN / "omnigent"
ITEMS = (
    ("message", "message_user"), ("message", "message_meta_user"), ("reasoning", "reasoning"),
    ("message", "message_assistant"), ("function_call", "function_call"),
    ("function_call_output", "function_call_output"), ("error", "error"),
    ("compaction", "compaction"), ("routing_decision", "routing_decision"),
    ("slash_command", "slash_command"), ("terminal_command", "terminal_command"),
    ("message", "message_subagent"),
)  # fmt: skip


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


def test_both_versions_of_the_tables_tell_the_same() -> None:
    words, numbers = (expectation(OWN / f"{name}.sql") for name in ("words", "numbers"))
    assert words.read_text() == numbers.read_text()


def test_items_of_real_rows_make_a_session(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE conversations (id, root_conversation_id, created_at);"
            "CREATE TABLE conversation_items (id, conversation_id, position, type, data);"
            "INSERT INTO conversations VALUES (x'5e55', NULL, 1783716327);"
        )
        for position, (kind, name) in enumerate(ITEMS):
            data = (shared / FOLDER / f"{name}.json").read_text()
            connection.execute(
                "INSERT INTO conversation_items VALUES (?, x'5e55', ?, ?, ?)",
                (name, position, kind, data),
            )
        connection.commit()
    (of,) = read_file(FORMAT, path)
    assert isinstance(of, Transcript)
    assert (of.session_id, of.agent, of.task) == ("5e55", "polly", "do the thing")
    # Reasoning, words and call are one answer; the sub-agent's words are another.
    assert [[len(m.parts) for m in call.output] for call in calls(of)] == [[3], [1]]
    assert [(tool.tool, tool.result) for tool in tools(of)] == [("sys_os_shell", "/work/proj")]
    told = [entry for entry in of.entries if isinstance(entry, Event)]
    assert [(entry.name, entry.status) for entry in told] == [
        ("error", "error"),
        ("compaction", "unset"),
        ("routing_decision", "unset"),
        ("slash_command", "unset"),
        ("terminal_command", "unset"),
    ]


def test_an_item_alone_is_no_session(shared: Path) -> None:
    for path in (shared / FOLDER).iterdir():
        assert not FORMAT.recognizes(Source(path))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_item_raises_nothing(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "words.db"
    database(OWN / "words.sql", tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        rows = connection.execute("SELECT id, data FROM conversation_items").fetchall()
        for item_id, value in rows:
            if value.startswith("{") and data.draw(st.booleans()):
                broken = json.dumps(data.draw(mutilated(json.loads(value))))
                connection.execute(
                    "UPDATE conversation_items SET data = ?, type = ? WHERE id = ?",
                    (
                        broken,
                        data.draw(st.sampled_from(("message", "99", "", None, 2))) or 1,
                        item_id,
                    ),
                )
        connection.commit()
    for of in read_file(FORMAT, path):
        if isinstance(of, Transcript):
            to_spans(of, placed_ns=1)
