"""Every code of a data finding that the source gives is in docs/reference/data-findings.md."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "reference" / "data-findings.md"


def test_every_code_is_documented() -> None:
    source = "\n".join(path.read_text() for path in (REPOSITORY / "src").rglob("*.py"))
    given = set(re.findall(r'\bFinding\(\s*(?:code ?= ?)?"([a-z_]+)"', source))
    given |= set(re.findall(r'^[A-Z_]+ = "((?:recorded|cost)_[a-z_]+)"$', source, re.MULTILINE))
    told = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert {"recorded_cost_zero", "cost_disagrees"} <= given
    assert given - told == set()
