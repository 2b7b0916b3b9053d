"""
What every test may ask for.

`shared` is the folder of recorded traffic, price vectors and corpora that lies beside the
repository where it was developed.  It is not part of the repository: a test that needs it says
so by asking for the fixture, and is skipped where the folder is absent.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from quarterdeck.storage.events.chdb import ChdbEngine
    from quarterdeck.storage.events.connection import EventConnection

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("needs the recorded traffic in ../shared, which is not in this checkout")
    return SHARED


@pytest.fixture(scope="session")
def chdb_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ChdbEngine"]:
    """The one engine of this process: chDB opens one folder, so tests have a database each."""
    from quarterdeck.storage.events.chdb import ChdbEngine

    engine = ChdbEngine.open(tmp_path_factory.mktemp("chdb"))
    yield engine
    engine.close()


@pytest.fixture
def chdb_database(chdb_engine: "ChdbEngine") -> Iterator["EventConnection"]:
    """An empty event store with this version's tables, dropped afterwards."""
    from quarterdeck.storage.events.migrate import migrate

    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = chdb_engine.connect(name)
    migrate(connection)
    yield connection
    connection.execute(f"DROP DATABASE {name} SYNC")
    connection.close()
