"""
What every test may ask for.

`shared` is the folder of recorded traffic, price vectors and corpora that lies beside the
repository where it was developed.  It is not part of the repository: a test that needs it says
so by asking for the fixture, and is skipped where the folder is absent.
"""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("needs the recorded traffic in ../shared, which is not in this checkout")
    return SHARED
