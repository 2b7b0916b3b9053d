"""What a session says about its own data, and what it is a trial of."""

from decimal import Decimal
from typing import Any

import pytest

from assembly.made import S, model, session, span
from quarterdeck.assembly.record import to_json
from quarterdeck.model.findings import Finding
from quarterdeck.model.spans import Span
from quarterdeck.model.usage import Charge, Usage


def call(span_id: str, reported: str | None, computed: str | None, **facts: Any) -> Span:
    told = None if reported is None else Decimal(reported)
    known = None if computed is None else Decimal(computed)
    charge = Charge(usd=known if told is None else told, reported_usd=told, computed_usd=known)
    at = int(span_id.removeprefix("m"))
    return model(span_id, at, at + 1, tokens=(90, at), charge=charge, **facts)


def whole(usd: str, span_id: str = "r", **facts: Any) -> Span:
    recorded = Decimal(usd)
    return span(span_id, 0, 60, kind="session", recorded_session_usd=recorded, **facts)


def found(*spans: Span) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in session(*spans).findings]


def test_a_recorded_cost_of_zero_of_an_unknown_price_is_found_and_a_free_call_is_not() -> None:
    zero = "a cost of 0 was recorded for 2 calls of 'gpt-4o', whose price is unknown"
    assert found(call("m1", "0", None), call("m2", "0.0", None)) == [("recorded_cost_zero", zero)]
    assert found(call("m1", "0", None, provider="ollama")) == []
    assert found(model("m1", 1, 2, charge=Charge(usd=Decimal(0), reported_usd=Decimal(0)))) == []
    assert found(call("m1", None, None), call("m2", "0.25", None)) == []


def test_recorded_and_computed_cost_that_differ_by_more_than_a_percent_are_both_told() -> None:
    assert found(call("m1", "0.50", "0.40"), call("m2", "0.10", "0.10")) == [
        ("cost_disagrees",
         "the recorded cost is 0.6 USD, the price table says 0.5 USD for the 2 calls that tell it")
    ]  # fmt: skip
    [(_, less)] = found(call("m1", "0.40", "0.50"))
    assert less.endswith("; cached tokens, of which no call tells, would be cheaper")
    # A zero for a model with a price is a disagreement, not an unknown price.
    [(code, _)] = found(call("m1", "0", "0.40"))
    assert code == "cost_disagrees"


@pytest.mark.parametrize(
    ("reported", "computed"),
    [("0.504", "0.50"), ("0.00009", "0.00002"), (None, "0.50"), ("0.50", None), ("0.5", "0.5")],
)
def test_a_healthy_session_has_no_finding(reported: str | None, computed: str | None) -> None:
    assert found(call("m1", reported, computed), span("r", 0, 3, outcome=None)) == []


def test_rounding_of_every_call_is_no_disagreement() -> None:
    calls = [call(f"m{n}", "0.000011", "0.0000105") for n in range(1, 401)]
    assert found(*calls) == []


def test_only_calls_that_have_both_costs_are_compared() -> None:
    assert found(call("m1", "0.50", None), call("m2", None, "9.00"), call("m3", "1", "1")) == []


def test_a_sessions_recorded_cost_is_its_cost_and_is_not_added_to_its_calls() -> None:
    made = session(whole("0.57"), call("m1", None, "0.40"), call("m2", "0.15", "0.15"))
    cost = to_json(made)["cost"]
    assert (cost["total_usd"], cost["reported_usd"], cost["computed_usd"]) == (
        "0.57", "0.57", "0.55",
    )  # fmt: skip
    assert [use["cost_usd"] for use in to_json(made)["models_used"]] == ["0.55"]
    assert [finding.code for finding in made.findings] == ["cost_disagrees"]
    assert found(whole("0.57"), call("m1", None, "0.40"), call("m2", None, None)) == []


def test_traces_each_with_a_total_add_up_and_a_nested_total_does_not_count() -> None:
    made = session(
        whole("0.25"),
        whole("0.20", "inner", parent="r"),
        whole("0.5", "other", trace_id="t2"),
    )
    assert made.cost.reported_usd == made.cost.total_usd == Decimal("0.75")


def test_a_sessions_recorded_zero_decides_nothing() -> None:
    unknown = session(whole("0"), call("m1", None, None))
    assert (unknown.cost.total_usd, unknown.cost.reported_usd) == (None, Decimal(0))
    assert [finding.code for finding in unknown.findings] == ["recorded_cost_zero"]
    known = session(whole("0"), call("m1", None, "0.40"))
    assert known.cost.total_usd == Decimal("0.4")
    assert [finding.code for finding in known.findings] == ["cost_disagrees"]
    assert session(whole("0")).cost.total_usd is None


def test_a_finding_told_by_many_spans_is_kept_once_with_its_count_and_first_span() -> None:
    said = Finding(code="timezone_unknown", message="read as UTC")
    other = Finding(code="nested_run", message="run 7")
    made = session(
        span("b", 5, 6, findings=(said,)),
        span("a", 3, 4, findings=(said, other)),
    )
    assert made.findings == (
        Finding(code="timezone_unknown", message="read as UTC", trace_id="t1", span_id="a",
                count=2),
        Finding(code="nested_run", message="run 7", trace_id="t1", span_id="a"),
    )  # fmt: skip
    assert to_json(made)["data_findings"][1] == {
        "code": "nested_run", "message": "run 7", "count": 1, "trace_id": "t1", "span_id": "a",
    }  # fmt: skip


def test_what_a_span_told_is_not_found_a_second_time() -> None:
    said = Finding(code="recorded_cost_zero", message="info.json says 0.0")
    assert found(call("m1", "0", None), span("r", 0, 9, findings=(said,))) == [
        ("recorded_cost_zero", "info.json says 0.0")
    ]


def test_the_first_hundred_findings_are_listed_and_all_are_counted() -> None:
    spans = [
        span(f"s{n}", n, n, findings=(Finding(code="nested_run", message=str(n)),))
        for n in range(150)
    ]
    made = session(*spans)
    assert (len(made.findings), made.finding_count) == (100, 150)
    assert made.findings[99].message == "99"


def test_the_root_says_of_what_a_session_is_a_trial() -> None:
    made = session(
        span("in", 0, 1, parent="r", case="inner", trial=9, expected_calls=1, matched_calls=0),
        span("r", 1, 2, case="refund/13", trial=0, expected_calls=5, matched_calls=4),
    )
    record = to_json(made)
    assert (record["case"], record["trial"]) == ("refund/13", 0)
    assert record["expected_calls"] == {"count": 5, "matched": 4}
    plain = to_json(session(span("r", 0, 1), now_ns=S))
    assert plain["case"] is plain["trial"] is plain["expected_calls"] is None
    assert (plain["data_findings"], plain["data_finding_count"]) == ([], 0)


def test_tokens_unknown_and_cost_zero_are_told_of_calls_without_a_price_only() -> None:
    free = Charge(usd=Decimal(0), reported_usd=Decimal(0), computed_usd=Decimal(0))
    assert found(model("m1", 1, 2, charge=free, usage=Usage(input_tokens=4))) == []
