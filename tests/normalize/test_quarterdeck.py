"""Our own attributes: trials, findings, scores, recorded costs, and a rule's success."""

from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.model.findings import Finding
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent, RawSpan, Span
from quarterdeck.normalize.normalize import normalize_span


def read(events: Any = (), **attributes: Any) -> Span:
    """`finding__x=1` is the attribute `quarterdeck.finding.x`."""
    spelled = {
        f"quarterdeck.{name.replace('__', '.')}": value for name, value in attributes.items()
    }
    return normalize_span(
        RawSpan(
            trace_id="a" * 32, span_id="b" * 16, name="work", start_ns=1_000, end_ns=5_000,
            attributes=spelled, events=events,
        )
    )  # fmt: skip


def keys(span: Span) -> list[str]:
    return [problem.key for problem in span.problems]


def test_a_trial_is_read_and_makes_an_experiment() -> None:
    span = read(case="tau2:airline/13", trial=0)
    assert (span.case, span.trial, span.experiment) == ("tau2:airline/13", 0, True)
    assert read(case="x", experiment=False).experiment is False
    assert read(experiment="true").experiment is True
    assert read(task="x").experiment is False
    assert keys(read(trial="second")) == ["quarterdeck.trial"]


def test_expected_calls_are_both_counts_or_none() -> None:
    span = read(expected_calls__count="5", expected_calls__matched=4)
    assert (span.expected_calls, span.matched_calls, span.problems) == (5, 4, ())
    for broken in ({"count": 5}, {"matched": 5}, {"count": 3, "matched": 4}):
        span = read(**{f"expected_calls__{name}": count for name, count in broken.items()})
        assert (span.expected_calls, span.matched_calls) == (None, None)
        assert keys(span) == ["quarterdeck.expected_calls"]


def test_findings_are_read_and_a_code_that_is_none_is_a_problem() -> None:
    span = read(finding__nested_run="run 7", finding__cost_disagrees=["a", " b "])
    assert span.findings == (
        Finding(code="cost_disagrees", message="a"),
        Finding(code="cost_disagrees", message="b"),
        Finding(code="nested_run", message="run 7"),
    )
    span = read(**{"finding__No Code": "x", "finding__odd": {"k": 1}})
    assert span.findings == (Finding(code="odd", message='{"k":1}'),)
    assert keys(span) == ["quarterdeck.finding.No Code"]


def test_a_recorded_cost_is_a_calls_charge_and_a_sessions_total() -> None:
    call = read(kind="model", recorded_cost_usd=0.1)
    assert call.charge is not None
    assert (call.charge.reported_usd, call.recorded_session_usd) == (Decimal("0.1"), None)
    session = read(kind="session", recorded_cost_usd="0.0")
    assert (session.charge, session.recorded_session_usd) == (None, Decimal("0.0"))
    broken = read(kind="session", recorded_cost_usd="much")
    assert (keys(broken), broken.recorded_session_usd) == (["quarterdeck.recorded_cost_usd"], None)


def test_a_score_event_is_a_judgement_with_all_its_parts() -> None:
    event = RawEvent(
        name="quarterdeck.score", time_ns=7,
        attributes={"name": "politeness", "value": 0.5, "label": "fair", "explanation": "curt",
                    "judge": "LLM", "author": "ann", "identifier": "e1", "scope": "session"},
    )  # fmt: skip
    assert read((event,)).scores == (
        Score(
            name="politeness", scope="session", value=0.5, label="fair", explanation="curt",
            judge="llm", author="ann", identifier="e1", at_ns=7,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ({"value": 1}, False),
        ({"name": "x"}, False),
        ({"name": "x", "value": "many"}, False),
        ({"name": "x", "value": 1, "judge": "jury"}, True),
        ({"name": "x", "value": 1, "scope": "world"}, True),
    ],
)
def test_a_score_that_makes_no_sense_is_a_problem(attributes: dict[str, Any], kept: bool) -> None:
    span = read((RawEvent(name="quarterdeck.score", attributes=attributes),))
    assert (len(span.scores), keys(span)) == (int(kept), ["quarterdeck.score"])


def test_a_rule_can_not_tell_success() -> None:
    for label in ("success", "success_partial"):
        span = read(outcome=label, outcome__source="rule")
        assert (span.outcome, keys(span)) == (None, ["quarterdeck.outcome"])
    failed = read(outcome="failure", outcome__source="rule")
    assert failed.outcome is not None
    assert (failed.outcome.label, failed.outcome.source) == ("failure", "rule")


def test_what_a_rule_decided_in_a_persons_place_is_no_intervention() -> None:
    span = read(human__kind="approval", human__decision="approved", human__auto=True)
    assert span.human is not None
    assert span.human.auto
