"""docs/reference/benchmark-results.md names every case and every score that the importers give."""

import re
from pathlib import Path

from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import Transcript

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "benchmark-results.md").read_text()
GOLDEN = REPOSITORY / "tests" / "golden" / "transcripts"
BENCHMARKS = ("agentrx", "atif", "bfcl", "swe_agent", "tau2_bench", "tau_bench", "who_and_when")


def given() -> list[Transcript]:
    """Of all own fixtures."""
    found = []
    for known in FORMATS:
        for path in sorted((GOLDEN / known.name).rglob("*")) if known.name in BENCHMARKS else ():
            if path.is_file() and known.recognizes(Source(path)):
                found += [t for t in known.read(Source(path)) if isinstance(t, Transcript)]
    return found


def test_every_kind_of_case_is_told() -> None:
    told = set(re.findall(r"`(\w+):<", PAGE))
    assert {of.case.partition(":")[0] for of in given() if of.case} == told


def test_every_score_is_told() -> None:
    names = {re.sub(r"^reward\..*", "reward.<part>", s.name) for of in given() for s in of.scores}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
    assert {"failure_step", "reward", "reward.<part>", "nl_assertion", "r_outputs"} <= names
