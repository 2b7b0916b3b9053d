"""Each field of the manifest and each variable of a condition is in the reference."""

import re
from pathlib import Path

import pytest

from quarterdeck.workflows.conditions import PLACES
from quarterdeck.workflows.schema import json_schema

PAGE = (
    Path(__file__).resolve().parents[2] / "docs" / "reference" / "workflow-manifest.md"
).read_text()
TYPES = json_schema()["$defs"]


@pytest.mark.parametrize("name", TYPES)
def test_every_field_is_in_its_types_table_and_no_other(name: str) -> None:
    section = PAGE.split(f"\n### {name}\n", 1)[1].split("\n### ", 1)[0]
    told = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert told == set(TYPES[name]["properties"])


@pytest.mark.parametrize("place", PLACES)
def test_every_variable_is_in_its_places_row(place: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {place} |"))
    known: set[str] = set()
    for name, fields in PLACES[place].items():  # type: ignore[index]  # the keys are its words
        known |= {name, *(fields if isinstance(fields, dict) else ())}
    assert set(re.findall(r"`(\w+)`", row)) == known
