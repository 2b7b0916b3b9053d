"""gptme: own fixture, then a real log against sums of its lines."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.gptme import FORMAT
from receive.transcripts.breaking import lines_survive
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, codes, tools, transcripts

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/gptme"
OWN = GOLDEN / "gptme" / "2026-02-01-count-lines" / "conversation.jsonl"


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


def test_a_real_log_is_the_calls_the_results_and_the_cost_that_it_tells(shared: Path) -> None:
    path = shared / FOLDER / "2026-06-13-write-hello-world" / "conversation.jsonl"
    (of,) = transcripts(FORMAT, path)
    told = [json.loads(line) for line in path.read_text().splitlines()]
    answers = [m["metadata"] for m in told if m["role"] == "assistant"]
    assert of.session_id == path.parent.name
    assert [call.model for call in calls(of)] == [answer["model"] for answer in answers]
    assert [call.usage and call.usage.output_tokens for call in calls(of)] == [
        answer["usage"]["output_tokens"] for answer in answers
    ]
    # gptme counts cached tokens beside the input; here they are a part of it.
    assert [call.usage and call.usage.input_tokens for call in calls(of)] == [200, 320]
    assert sum(call.recorded_cost_usd or 0 for call in calls(of)) == Decimal("0.0020")
    assert [tool.result for tool in tools(of)] == [
        m["content"] for m in told if m["role"] == "tool"
    ]
    assert codes(of) == {"timezone_unknown", "tool_unnamed"}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_broken_log_raises_nothing(shared: Path, data: st.DataObject) -> None:
    path = shared / FOLDER / "2026-06-13-write-hello-world" / "conversation.jsonl"
    lines_survive(FORMAT, path, data)
