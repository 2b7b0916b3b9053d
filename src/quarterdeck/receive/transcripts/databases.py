"""
A recorder's SQLite file, opened to be read and never written.

A database in use (with a write-ahead log beside it) is read as of the last commit.  What can't
be read as a database raises `Invalid`; text that is no UTF-8 is read with replacements.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.source import Source

_MAGIC = b"SQLite format 3\x00"

_BUSY_S = 3.0
"""How long to wait for a recorder that is writing."""


def is_database(source: Source) -> bool:
    """By its first bytes; a packed one is none.  Never raises."""
    with suppress(OSError), source.packed() as file:
        return file.read(len(_MAGIC)) == _MAGIC
    return False


class Database:
    """An open one.  Every method raises `Invalid` where the file is damaged."""

    def __init__(self, connection: sqlite3.Connection, shown: str) -> None:
        self._connection = connection
        self._shown = shown

    def columns(self, table: str) -> frozenset[str]:
        """Names of the table's columns; empty where there is no such table."""
        return frozenset(row["name"] for row in self.rows("PRAGMA table_info(" + table + ")"))

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Each row as an object by column name, as they are read."""
        try:
            for row in self._connection.execute(sql, values):
                yield dict(row)
        except sqlite3.Error as error:
            raise Invalid(f"{self._shown}: can't be read as a database: {error}") from error


@contextmanager
def opened(source: Source) -> Iterator[Database]:
    """Read-only.  Raises `Invalid`."""
    with closing(_connect(source)) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = _lenient_text
        yield Database(connection, source.shown)


def has_table(source: Source, table: str, *columns: str) -> bool:
    """Whether it is a database with such a table and columns.  Never raises."""
    if not is_database(source):
        return False
    with suppress(Invalid, OSError), opened(source) as database:
        return database.columns(table) >= {*columns} and bool(database.columns(table))
    return False


def _connect(source: Source) -> sqlite3.Connection:
    address = f"file:{quote(str(source.path.resolve()))}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_S)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # A write-ahead log needs a file beside the database, which a folder that is only
            # readable refuses; nobody writes there either, so it may be read as it stands.
            connection.close()
            connection = sqlite3.connect(address + "&immutable=1", uri=True)
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise Invalid(f"{source.shown}: can't be read as a database: {error}") from error
    return connection


def _lenient_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
