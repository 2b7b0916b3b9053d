"""Zed: threads of both spellings in the table that its real schema makes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.zed import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import BadLine, Transcript
from receive.transcripts.goldens import GOLDEN, assert_tells, database, fixtures
from receive.transcripts.reading import calls, mutilated, read_file, tools

SCHEMA = "data/session_formats/agentsview/internal/parser/testdata/zed-legacy-threads.sql"
OWN = GOLDEN / "zed" / "threads.sql"


def threads(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Of the own fixture, those whose data is whole."""
    with closing(sqlite3.connect(database(OWN, folder))) as connection:
        rows = connection.execute("SELECT id, data FROM threads WHERE data_type = 'json'")
        return [(thread_id, json.loads(data)) for thread_id, data in rows if data.endswith("}")]


def stored(path: Path, schema: str, rows: list[tuple[str, str, bytes]]) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(schema)
        connection.executemany(
            "INSERT INTO threads (id, summary, updated_at, data_type, data)"
            " VALUES (?, 'a thread', '2026-02-01T09:05:00Z', ?, ?)",
            rows,
        )
        connection.commit()
    return path


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("packed", ["json", "zstd"])
def test_threads_in_zeds_own_table_are_sessions(shared: Path, tmp_path: Path, packed: str) -> None:
    zstandard = pytest.importorskip("zstandard")
    told = [(thread_id, thread) for thread_id, thread in threads(tmp_path) if thread["messages"]]
    pack = zstandard.ZstdCompressor().compress if packed == "zstd" else bytes
    rows = [(thread_id, packed, pack(json.dumps(t).encode())) for thread_id, t in told]
    path = stored(tmp_path / "real.db", (shared / SCHEMA).read_text(), rows)
    found = [of for of in read_file(FORMAT, path) if isinstance(of, Transcript)]
    assert [of.session_id for of in found] == [thread_id for thread_id, _ in told]
    assert [(len(calls(of)), len(tools(of))) for of in found] == [(2, 2), (1, 1)]
    assert [tool.status for of in found for tool in tools(of)] == ["ok", "error", "ok"]


def test_the_schema_alone_is_no_session(shared: Path, tmp_path: Path) -> None:
    assert not FORMAT.recognizes(Source(shared / SCHEMA))
    empty = stored(tmp_path / "empty.db", (shared / SCHEMA).read_text(), [])
    assert read_file(FORMAT, empty) == []


def test_what_is_packed_and_damaged_is_a_bad_line(tmp_path: Path) -> None:
    rows = [("5e55", "zstd", b"(\xb5/\xfd and then nothing")]
    found = read_file(FORMAT, stored(tmp_path / "t.db", OWN.read_text().split("INSERT")[0], rows))
    (bad,) = found
    assert isinstance(bad, BadLine)
    assert "can't be unpacked" in bad.message


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_thread_raises_nothing(tmp_path: Path, data: st.DataObject) -> None:
    rows = [
        (thread_id, "json", json.dumps(data.draw(mutilated(thread))).encode())
        for thread_id, thread in threads(tmp_path)
        if thread["messages"]
    ]
    schema = OWN.read_text().split("INSERT")[0]
    for of in read_file(FORMAT, stored(tmp_path / "broken.db", schema, rows)):
        if isinstance(of, Transcript):
            to_spans(of, placed_ns=1)
