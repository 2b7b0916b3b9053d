"""Own fixtures of the benchmarks' formats, and what each of them tells."""

from pathlib import Path

import pytest

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import (
    agentrx,
    atif,
    bfcl,
    support_export,
    swe_agent,
    tau2_bench,
    tau_bench,
    who_and_when,
)
from receive.transcripts.goldens import assert_tells, fixtures

OF = (agentrx, atif, bfcl, support_export, swe_agent, tau2_bench, tau_bench, who_and_when)
GOLDENS = [(module.FORMAT, fixture) for module in OF for fixture in fixtures(module.FORMAT)]


@pytest.mark.parametrize(
    ("of", "fixture"), GOLDENS, ids=lambda value: getattr(value, "name", value)
)
def test_own_fixtures_tell_what_they_should(of: Format, fixture: str, tmp_path: Path) -> None:
    assert_tells(of, fixture, tmp_path)


def test_every_format_has_a_fixture() -> None:
    assert {of.name for of, _ in GOLDENS} == {module.NAME for module in OF}
