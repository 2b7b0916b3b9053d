"""What the README and ARCHITECTURE.md promise names the test that keeps it, and it exists."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
PAGES = ("README.md", "ARCHITECTURE.md", "SECURITY.md")
PROMISES = ("P1", "P2", "P3", "P4", "P5")
"""Those of the promises that this version makes; the others are about parts that do not exist."""


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall((REPOSITORY / page).read_text())
        if not _is_defined(REPOSITORY / file, name)
    ]
    assert missing == []


def test_every_promise_and_every_invariant_names_a_test() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    for promise in PROMISES:
        (line,) = re.findall(rf"^\| \*\*{promise}\*\* .*$", readme, re.MULTILINE)
        assert NAMED.search(line), promise
    architecture = (REPOSITORY / "ARCHITECTURE.md").read_text()
    section = architecture.partition("## What must always hold")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \d+ \|.*$", section, re.MULTILINE)
    assert len(rows) >= 10
    assert [row for row in rows if not NAMED.search(row)] == []


def _is_defined(file: Path, name: str) -> bool:
    if not file.exists():
        return False
    return not name or bool(re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE))
