"""A recorder's database while the recorder has it: never a page that is half written."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.databases import has_table, opened
from quarterdeck.receive.transcripts.source import Source


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "recorder.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE said (words TEXT)")
        connection.execute("INSERT INTO said VALUES ('kept')")
        yield connection


def _said(source: Source) -> list[str]:
    with opened(source, patience_s=0.05) as database:
        return [row["words"] for row in database.rows("SELECT words FROM said")]


def test_a_database_in_the_middle_of_a_write_is_told_and_not_read(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    source = Source(tmp_path / "recorder.db")
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("INSERT INTO said VALUES ('half')")
    with pytest.raises(Invalid, match="in use"):
        _said(source)
    writer.execute("COMMIT")
    assert _said(source) == ["kept", "half"]


def test_a_database_in_use_is_recognized_without_waiting(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    writer.execute("BEGIN EXCLUSIVE")
    began_s = time.monotonic()
    assert has_table(Source(tmp_path / "recorder.db"), "said", "words")
    assert not has_table(Source(tmp_path / "recorder.db"), "done")
    assert time.monotonic() - began_s < 1


def test_a_write_ahead_log_is_read_as_of_its_last_commit(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO said VALUES ('in the log')")
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("INSERT INTO said VALUES ('half')")
    assert _said(Source(tmp_path / "recorder.db")) == ["kept", "in the log"]
