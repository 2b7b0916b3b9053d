"""
A recorder's SQLite file, opened to be read and never written.

A database with a write-ahead log is read as of the last commit.  One without, in the middle of a
write, is waited for and then told: its pages may be half written.  What can't be read as a database
raises `Invalid`; text that is no UTF-8 is read with replacements.
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
def opened(source: Source, *, patience_s: float = _BUSY_S) -> Iterator[Database]:
    """Read-only.  Raises `Invalid`, also for one that is being written all that time."""
    try:
        with closing(_connect(source, patience_s=patience_s)) as connection:
            yield _database(source, connection)
    except sqlite3.Error as error:
        why = "can't be read as a database"
        if _is_busy(error):
            why = "in use, its recorder is writing: import it once more"
        raise Invalid(f"{source.shown}: {why}: {error}") from error


def has_table(source: Source, table: str, *columns: str) -> bool:
    """Whether it is a database with such a table and columns.  Never raises."""
    if not is_database(source):
        return False
    with suppress(Invalid, OSError, sqlite3.Error), closing(_glance(source)) as connection:
        found = _database(source, connection).columns(table)
        return found >= {*columns} and bool(found)
    return False


def _database(source: Source, connection: sqlite3.Connection) -> Database:
    connection.row_factory = sqlite3.Row
    connection.text_factory = _lenient_text
    return Database(connection, source.shown)


def _connect(source: Source, *, patience_s: float) -> sqlite3.Connection:
    try:
        return _checked(_address(source), patience_s)
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise
        # A write-ahead log needs a file beside the database, which a folder that is only readable
        # refuses; nobody writes there either, so it may be read as it stands.
        return _checked(_as_it_stands(source), patience_s)


def _glance(source: Source) -> sqlite3.Connection:
    """For its tables only, which seldom change: not waited for while it is being written."""
    try:
        return _checked(_address(source), 0)
    except sqlite3.OperationalError:
        return _checked(_as_it_stands(source), 0)


def _checked(address: str, patience_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=patience_s)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest tells which kind of it
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _address(source: Source) -> str:
    return f"file:{quote(str(source.path.resolve()))}?mode=ro"


def _as_it_stands(source: Source) -> str:
    return _address(source) + "&immutable=1"


def _lenient_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
