"""
Event stores for the contract kit: each test has a database of its own, in the one engine
of the process and in one shim process per test run (a process can hold one chDB folder).
"""

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.clickhouse import ClickHouseConnection
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.events.scope import ProjectScope

Connect = Callable[[str], EventConnection]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shim_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    script = Path(__file__).parents[1] / "clickhouse_shim.py"
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path_factory.mktemp("shim"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield int(process.stdout.readline())
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture(params=["chdb", "clickhouse"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Opens one more connection to a database of that name, embedded or over HTTP."""
    if request.param == "chdb":
        engine: ChdbEngine = request.getfixturevalue("chdb_engine")
        return engine.connect
    port: int = request.getfixturevalue("shim_port")
    return lambda database: ClickHouseConnection(
        host="127.0.0.1", port=port, user="default", password="", database=database,
        cluster="", secure=False,
    )  # fmt: skip


@pytest.fixture
def empty(connect: Connect) -> Iterator[EventConnection]:
    """A database without tables."""
    db = connect(f"test_{next(_numbers)}")
    yield db
    db.execute(f"DROP DATABASE {db.database} SYNC")
    db.close()


@pytest.fixture
def db(empty: EventConnection) -> EventConnection:
    """A database with the current schema."""
    migrate(empty)
    return empty


@pytest.fixture
def scope() -> ProjectScope:
    return ProjectScope(project_id=ProjectId("default"))
