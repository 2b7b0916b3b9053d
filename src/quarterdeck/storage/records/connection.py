"""
The way to the records: one engine for SQLite or PostgreSQL, and the migrations.

Every function of this folder takes `Records` first.  Reads and writes are separate so that
SQLite takes its write lock at the start of a writing transaction: a read that turned into a
write would fail with "database is locked" instead of waiting.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from quarterdeck.errors import Misconfigured

HEAD = "0004"
"""The newest migration.  A test compares it with the migrations folder."""

_WRITES = {"records_writes": True}
_NOTES = {"records_writes": True, "records_relaxed": True}
_MIGRATION_LOCK = 0x51D3  # any number that nobody else uses in this PostgreSQL database
_LOCK_WAIT_MS = 10_000
_MOST_WAL_PAGES = 20_000  # 80 MB, where nobody called `Records.checkpoint` for thousands of writes


class Records:
    """Open records.  Close it once; closing twice does nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.moved: object = object()
        """Another one after each move of an environment that was made through these records: who
        remembers what runs looks again at once."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or, after an exception, nothing."""
        with (
            self.engine.connect().execution_options(**_WRITES) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """
        As `writing`, but nothing waits for the disk: a machine that loses its power may lose what
        was noted in the last second (a killed process loses nothing).  For what is many and cheap,
        such as who read what, and for nothing that anybody was promised.
        """
        with self.engine.connect().execution_options(**_NOTES) as connection, connection.begin():
            if self.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection

    def checkpoint(self) -> None:
        """Takes what `connect_unsynced` wrote into SQLite's own file; nothing to do elsewhere."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                # Not within the transaction that SQLAlchemy has begun.
                driver: Any = connection.connection.driver_connection
                connection.rollback()
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        self.engine.dispose()


def open_records(url: str) -> Records:
    """
    Connects and brings the tables up to date.

    `sqlite:///path`, or `postgresql://…` (psycopg 3).  Raises `Misconfigured` if the URL is
    neither, or the database can't be reached.
    """
    engine = _engine(url)
    try:
        migrate(engine)
    except OperationalError as error:
        engine.dispose()
        raise Misconfigured(
            f"the records can't be opened: {error.orig}",
            hint="Check QUARTERDECK_RECORDS_URL.",
        ) from error
    return Records(engine)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured(
            "QUARTERDECK_RECORDS_URL is not a database URL",
            hint="Write sqlite:///file or postgresql://user@host/database.",
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed.set(drivername="sqlite+pysqlite"))
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=5
            )
        case other:
            raise Misconfigured(
                f"QUARTERDECK_RECORDS_URL names {other!r}",
                hint="Records live in sqlite:///… or postgresql://…",
            )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by `_begin_sqlite`, not by the driver's guess from the statement.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_LOCK_WAIT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # A deleted account's or project's rows are overwritten, not only unlinked.
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def connect_unsynced(engine: Engine) -> sqlite3.Connection | None:
    """
    One more connection to SQLite, in autocommit, that waits neither for a lock (`OperationalError`)
    nor for the disk: what it writes outlives this process, but perhaps not a power cut.  None for
    other databases.  The caller closes it, and keeps two threads from using it at once.

    It leaves checkpoints to `Records.checkpoint`: with one, a write takes some 10 ms.
    """
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return None
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        "busy_timeout=0",
        "synchronous=NORMAL",
        f"wal_autocheckpoint={_MOST_WAL_PAGES}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get("records_writes", False)
    if writes:
        # Connections are used again, so each writing transaction says which of the two it is.
        relaxed = options.get("records_relaxed", False)
        connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if relaxed else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(engine: Engine) -> None:
    """Brings the tables to `HEAD`.  Two servers that start together do it one after the other."""
    if _version(engine) == HEAD:
        return  # alembic costs a third of a second to import
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(**_WRITES) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK}
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: Engine) -> str:
    if not inspect(engine).has_table("alembic_version"):
        return ""
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
