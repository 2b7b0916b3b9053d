"""AgentsView's export: own fixture, then its own golden exports against their numbers."""

import copy
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.formats.agentsview_export import FORMAT
from quarterdeck.receive.transcripts.transcript import Event, Transcript
from receive.transcripts.goldens import assert_tells, fixtures
from receive.transcripts.reading import (
    calls,
    codes,
    mutilated,
    raw,
    read_file,
    survives,
    transcripts,
)

FOLDER = "data/session_formats/agentsview/testdata/golden"


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("version", ["v4", "v5"])
def test_tokens_and_cost_are_those_of_each_session(shared: Path, version: str) -> None:
    path = shared / FOLDER / f"session_export_{version}.json"
    for of, told in zip(transcripts(FORMAT, path), raw(path)["sessions"], strict=True):
        usage = told["model_usage"]
        assert of.session_id == f"agentsview:{told['id']}"
        assert of.recorded_cost_usd == Decimal(usage["cost"]["microdollars"]) / 10**6
        totals = [e.total for e in of.entries if isinstance(e, Event) and e.total]
        assert [total.model for total in totals] == usage["models"]
        cached = usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        assert sum(t.usage.input_tokens or 0 for t in totals if t.usage) == (
            usage["input_tokens"] + cached
        )
        assert sum(t.recorded_cost_usd or 0 for t in totals) == of.recorded_cost_usd
        assert calls(of) == []
        assert ((of.ended_ns or 0) - (of.started_ns or 0)) / 1e9 == told["duration_seconds"]
        assert codes(of) == {"usage_totals_only"}


@pytest.mark.parametrize("version", ["v4", "v5"])
def test_lines_tell_what_the_document_tells(shared: Path, version: str) -> None:
    def told(extension: str) -> list[tuple[str, object]]:
        found = transcripts(FORMAT, shared / FOLDER / f"session_export_{version}.{extension}")
        return [(of.session_id, of.entries) for of in found]

    assert told("json") == told("ndjson")


@pytest.mark.parametrize(
    "name",
    ["activity_report_v4", "activity_report_v6", "usage_daily_v4", "usage_daily_v5",
     "usage_daily_breakdown_v4", "usage_daily_breakdown_v5"],
)  # fmt: skip
def test_a_report_of_days_is_known_and_holds_no_session(shared: Path, name: str) -> None:
    (found,) = read_file(FORMAT, shared / FOLDER / f"{name}.json")
    assert isinstance(found, Finding)
    assert found.code == "not_a_session"


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_export_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    document = copy.deepcopy(json.loads((shared / FOLDER / "session_export_v5.json").read_text()))
    survives(FORMAT, data.draw(mutilated(document)), name="export.json")


def test_the_computed_cost_of_the_sample_says_that_cached_tokens_are_beside(shared: Path) -> None:
    """Its own price table gives its own cost only if no cached token is in the input."""
    document = raw(shared / FOLDER / "session_export_v5.json")
    usage = next(s for s in document["sessions"] if s["agent"] == "codex")["model_usage"]
    (model,) = usage["models"]
    (price,) = document["pricing"]["models"][model]["resolutions"]
    kinds = {"input": "input", "output": "output", "cache_write": "cache_creation_input",
             "cache_read": "cache_read_input"}  # fmt: skip
    cost = sum(
        price[f"{name}_cost_per_mtok"]["microdollars"] * usage[f"{told}_tokens"] // 10**6
        for name, told in kinds.items()
    )
    assert cost == usage["cost"]["microdollars"]
    found = transcripts(FORMAT, shared / FOLDER / "session_export_v5.json")
    assert all(isinstance(of, Transcript) for of in found)
