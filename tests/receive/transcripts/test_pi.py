"""pi: own fixture with branches, then a real session against its lines."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.pi import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, Event, Transcript
from receive.transcripts.breaking import lines_survive
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, read_file, tools, transcripts

SAMPLE = "data/session_formats/agentsview/internal/parser/testdata/pi/session.jsonl"
OWN = GOLDEN / "pi" / "branches.jsonl"


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


def test_a_real_session_is_its_lines_and_one_of_them_is_bad(shared: Path) -> None:
    path = shared / SAMPLE
    found = read_file(FORMAT, path)
    (bad,) = [item for item in found if isinstance(item, BadLine)]
    told = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.startswith("{"):
            told.append(json.loads(line))
        else:
            assert bad.number == number
    (of,) = [item for item in found if isinstance(item, Transcript)]
    answers = [e["message"] for e in told if e.get("message", {}).get("role") == "assistant"]
    results = [e["message"] for e in told if e.get("message", {}).get("role") == "toolResult"]
    assert [(c.usage.input_tokens, c.usage.output_tokens) for c in calls(of) if c.usage] == [
        (m["usage"]["input"], m["usage"]["output"]) for m in answers
    ]
    assert sum(c.recorded_cost_usd or 0 for c in calls(of)) == sum(
        Decimal(str(m["usage"]["cost"]["total"])) for m in answers
    )
    assert [(t.tool, t.result, t.status) for t in tools(of)] == [
        (m["toolName"], m["content"][0]["text"], "ok") for m in results
    ]
    others = [e["type"] for e in told if e["type"] not in ("session", "message")]
    assert [e.name for e in of.entries if isinstance(e, Event)] == others
    assert of.session_id == told[0]["id"]


def test_a_branch_that_was_left_is_kept_and_marked() -> None:
    (of,) = transcripts(FORMAT, OWN)
    left = [entry.id for entry in of.entries if entry.metadata.get("abandoned")]
    assert left == ["e2", "e4"]
    again = next(call for call in calls(of) if call.id == "e6")
    assert not again.continues
    assert [message.role for message in again.input] == ["user", "user"]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_broken_session_raises_nothing(data: st.DataObject) -> None:
    lines_survive(FORMAT, OWN, data)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(0, 2500))
def test_a_cut_session_keeps_what_came_before(shared: Path, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes((shared / SAMPLE).read_bytes()[:cut])
    if FORMAT.recognizes(Source(path)):
        whole = (shared / SAMPLE).read_bytes()[:cut].count(b'"role":"assistant"')
        found = [item for item in FORMAT.read(Source(path)) if isinstance(item, Transcript)]
        assert sum(len(calls(of)) for of in found) in (whole, whole - 1)
