"""MLflow's traces: the same from any order of calls, spans from files as from OTLP, scores."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.mlflow.assessments import completed, judgement
from quarterdeck.receive.wires.mlflow.evaluation_trials import case_id_of, runs_of
from quarterdeck.receive.wires.mlflow.filters import Value, holds, parse
from quarterdeck.receive.wires.mlflow.spans import build
from quarterdeck.receive.wires.mlflow.trace_state import fold_trace

OTEL_ID = "ce24d60d03fedae0eaff8d81cd6cedfc"
NAME = f"mlflow:trace:tr-{OTEL_ID}"
INFO: dict[str, Any] = {
    "trace_id": f"tr-{OTEL_ID}",
    "trace_location": {
        "type": "MLFLOW_EXPERIMENT",
        "mlflow_experiment": {"experiment_id": "7"},
    },
    "request_time": "2026-11-23T02:58:46.517Z",
    "execution_duration": "1.094s",
    "state": "OK",
    "trace_metadata": {"mlflow.trace.session": "chat-1", "mlflow.trace.user": "u-17", "tier": "2"},
    "tags": {"mlflow.traceName": "fix", "env": "told"},
}


def fragment(kind: str, body: Any, *, at_ns: int = 0) -> Fragment:
    return Fragment(object=NAME, kind=kind, body=body, at_ns=at_ns)


def in_order(parts: list[Fragment]) -> list[Fragment]:
    """As the pipeline gives them: by the time that was told, then as they came."""
    return sorted(parts, key=lambda part: part.at_ns)


def told_beside(parts: list[Fragment]) -> RawSpan:
    [span] = build(NAME, in_order(parts))
    return span


def test_what_is_said_of_a_trace_becomes_a_session_span_in_the_same_trace() -> None:
    span = told_beside([fragment("info", INFO)])
    assert (span.trace_id, span.parent_span_id, span.name) == (OTEL_ID, "", "fix")
    assert (span.start_ns, span.end_ns - span.start_ns) == (1795402726517000000, 1094000000)
    seen = normalize_span(span)
    assert (seen.kind, seen.session_key, seen.user) == ("session", "chat-1", "u-17")
    assert seen.tags == ("env:told",)
    assert not seen.experiment
    assert seen.problems == ()
    assert span.attributes["mlflow.metadata.tier"] == "2"


def test_any_order_and_repetition_of_calls_tells_the_same() -> None:
    parts = [
        fragment("info", INFO),
        fragment("info", {**INFO, "state": "IN_PROGRESS", "tags": {}}),
        fragment("tag", {"key": "env", "value": "set"}, at_ns=1),
        fragment("tag", {"key": "gone", "value": "x"}, at_ns=2),
        fragment("untag", {"key": "gone"}, at_ns=3),
        fragment("link", {"run_id": "r1", "run_name": "nightly", "case_id": "c1"}),
        fragment("prompts", {"prompts": [{"name": "p", "version": "2"}]}),
    ]
    wanted = told_beside(parts)
    assert wanted.attributes["mlflow.traceTag.env"] == "set"
    assert "mlflow.traceTag.gone" not in wanted.attributes
    assert json.loads(wanted.attributes["mlflow.linkedPrompts"]) == [{"name": "p", "version": "2"}]
    for order in itertools.permutations(parts):
        assert told_beside([*order, order[0]]) == wanted


def test_a_trace_that_still_runs_is_open_and_one_that_ended_stays_it() -> None:
    running = fragment("info", {**INFO, "state": "IN_PROGRESS"})
    assert told_beside([running]).end_ns == 0
    assert normalize_span(told_beside([running])).partial
    assert told_beside([fragment("info", INFO), running]).end_ns > 0


def test_of_a_trace_without_a_start_nothing_is_built() -> None:
    assert build(NAME, [fragment("tag", {"key": "a", "value": "b"})]) == ()
    assert build("mlflow:run:1", [fragment("create", {})]) == ()


def test_a_trial_is_no_production_and_a_linked_trace_of_production_stays_it() -> None:
    link = fragment("link", {"run_id": "r1", "run_name": "nightly", "case_id": "c1"})
    tags = {"mlflow.eval.requestId": "q"}
    trial = told_beside([fragment("info", {**INFO, "tags": tags}), link])
    assert trial.attributes["quarterdeck.experiment"] is True
    assert trial.attributes["quarterdeck.case"] == "c1"
    assert trial.attributes["quarterdeck.tags"] == ["experiment:nightly"]
    production = told_beside([fragment("info", INFO), link])
    assert "quarterdeck.experiment" not in production.attributes
    assert runs_of(fold_trace(NAME, [fragment("info", INFO), link])) == ["r1"]


def test_a_given_answer_that_is_judged_in_the_run_it_was_made_in_is_a_trial() -> None:
    made = {**INFO, "trace_metadata": {"mlflow.sourceRun": "r1"}}
    judged = completed(
        {"assessment_name": "exact", "feedback": {"value": True},
         "metadata": {"mlflow.assessment.sourceRunId": "r1"}},
        trace_id=INFO["trace_id"], now_ns=1,
    )  # fmt: skip
    assert "quarterdeck.experiment" not in told_beside([fragment("info", made)]).attributes
    both = [fragment("info", made), fragment("assessment", judged)]
    assert told_beside(both).attributes["quarterdeck.experiment"] is True


def test_equal_inputs_are_one_case_whatever_the_order_of_their_keys() -> None:
    assert case_id_of({"a": 1, "b": 2}) == case_id_of({"b": 2, "a": 1})
    assert case_id_of({"a": 1}) != case_id_of({"a": "1"})


def test_spans_of_a_file_are_those_that_come_by_otlp(shared: Path) -> None:
    folder = shared / "captures" / "mlflow"
    file = json.loads((folder / "27.json").read_text())["request"]["body"]
    wanted = {}
    for number in (23, 24, 25):
        for one in json.loads((folder / f"{number}.json").read_text())["request"]["body"]["flat"]:
            wanted[one["spanId"]] = one
    made = {span.span_id: span for span in build(NAME, [fragment("spans", file)])}
    assert set(made) == set(wanted)
    for span_id, one in wanted.items():
        span = made[span_id]
        assert (span.trace_id, span.name) == (one["traceId"], one["name"])
        assert span.parent_span_id == (one["parentSpanId"] or "")
        assert (span.start_ns, span.end_ns) == (one["startTimeUnixNano"], one["endTimeUnixNano"])
        assert span.attributes["mlflow.spanType"] == one["attributes"]["mlflow.spanType"]
        assert span.attributes.get("mlflow.spanInputs") == one["attributes"].get(
            "mlflow.spanInputs"
        )


def test_spans_as_a_server_gives_them_are_read_as_well(shared: Path) -> None:
    """So that old traces can be brought along: read there, put here."""
    folder = shared / "captures" / "mlflow"
    there = json.loads((folder / "43.json").read_text())["response"]["body"]["trace"]
    file = json.loads((folder / "27.json").read_text())["request"]["body"]
    [_, *read] = build(NAME, [fragment("info", there["trace_info"]), fragment("spans", there)])
    sent = {span.span_id: span for span in build(NAME, [fragment("spans", file)])}
    assert {span.span_id for span in read} == set(sent)
    for span in read:
        wanted = sent[span.span_id]
        # The recorded server decodes this one once more than others.
        told = {
            key: value for key, value in wanted.attributes.items() if "linkedPrompts" not in key
        }
        assert {key: span.attributes.get(key) for key in told} == told
        assert (span.name, span.status_code, span.end_ns) == (
            wanted.name, wanted.status_code, wanted.end_ns,
        )  # fmt: skip


def test_the_file_of_mlflow_2_is_read_too() -> None:
    file = {
        "spans": [
            {
                "name": "tool",
                "context": {"span_id": "0x00f067aa0ba902b7", "trace_id": "0x" + OTEL_ID},
                "parent_id": "0xb7ad6b7169203331",
                "start_time": 10, "end_time": 20,
                "status_code": "ERROR", "status_message": "no",
                "attributes": {"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": '{"a": 1}'},
                "events": [],
            }
        ]
    }  # fmt: skip
    [span] = build("mlflow:trace:tr-other", [fragment("spans", file)])
    assert (span.trace_id, span.span_id) == (OTEL_ID, "00f067aa0ba902b7")
    assert (span.start_ns, span.end_ns, span.status_code) == (10, 20, 2)
    assert span.attributes["mlflow.spanInputs"] == {"a": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip
KINDS = ("info", "start", "end", "tag", "untag", "link", "prompts", "spans", "assessment", "odd")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), JSON, st.sampled_from(sorted(INFO))), max_size=5))
def test_no_value_in_any_place_stops_a_trace_from_being_built(
    odd: list[tuple[str, Any, str]],
) -> None:
    parts = [
        fragment(kind, {**INFO, place: value, "spans": [value, {"span_id": value}]})
        for kind, value, place in odd
    ]
    for span in build(NAME, parts):
        normalize_span(span)


# ------------------------------------------------------------------------ assessments


@pytest.mark.parametrize(
    ("told", "value", "label", "explanation"),
    [
        ({"feedback": {"value": True}, "rationale": "fixed"}, 1.0, "true", "fixed"),
        ({"feedback": {"value": 0.9}}, 0.9, "", ""),
        ({"feedback": {"value": "yes"}}, None, "yes", ""),
        ({"feedback": {"value": ["a"]}}, None, '["a"]', ""),
        ({"expectation": {"value": "A"}}, None, "A", "expected"),
        (
            {"expectation": {"serialized_value": {"value": '{"tests": 3}'}}},
            None, '{"tests": 3}', "expected",
        ),
    ],
)  # fmt: skip
def test_an_assessment_is_a_score(
    told: dict[str, Any], value: float | None, label: str, explanation: str
) -> None:
    source = {"source_type": "LLM_JUDGE", "source_id": "gpt"}
    kept = completed(
        {"assessment_name": "n", "source": source, **told}, trace_id="tr-" + OTEL_ID, now_ns=1
    )
    found = judgement(kept)
    assert found is not None
    score = found.score
    assert (score.value, score.label, score.explanation) == (value, label, explanation)
    assert (score.judge, score.author, score.scope) == ("llm", "gpt", "trace")
    assert (score.target_trace_id, score.identifier) == (OTEL_ID, kept["assessment_id"])


def test_an_assessment_of_a_span_names_it_and_one_that_failed_is_no_score() -> None:
    kept = completed(
        {"assessment_name": "n", "span_id": "3ba1ddc87c908a9d", "feedback": {"value": 1}},
        trace_id="tr-" + OTEL_ID, now_ns=1,
    )  # fmt: skip
    found = judgement(kept)
    assert found is not None
    assert (found.score.scope, found.score.target_span_id) == ("span", "3ba1ddc87c908a9d")
    failed = {"assessment_name": "n", "feedback": {"error": {"error_code": "E"}}, "rationale": "?"}
    assert judgement(completed(failed, trace_id="tr-1", now_ns=1)) is None


def test_an_assessment_that_is_sent_again_is_the_same() -> None:
    told = {"assessment_name": "n", "create_time": "2026-11-23T02:58:53.004Z"}
    first = completed({**told, "feedback": {"value": 1}}, trace_id="tr-1", now_ns=1)
    again = completed({**told, "feedback": {"value": 1}}, trace_id="tr-1", now_ns=2)
    other = completed({**told, "feedback": {"value": 2}}, trace_id="tr-1", now_ns=2)
    assert first["assessment_id"] == again["assessment_id"] != other["assessment_id"]


# ---------------------------------------------------------------------------- filters


LOOKED: dict[str, Value] = {"tags.env": "prod", "tags.a.b": "x", "n": 5.0, "name": "fix_billing"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("tags.env = 'prod'", True),
        ("tags.`a.b` = 'x' AND n > 4", True),
        ("tags.\"a.b\" != 'x'", False),
        ("n <= 4.5", False),
        ("n = 5", True),
        ("name LIKE 'fix%' and name LIKE '%_bill%'", True),
        ("name LIKE 'FIX%'", False),
        ("name ILIKE 'FIX%'", True),
        ("tags.env IN ('dev', 'prod')", True),
        ("tags.env NOT IN ('dev', 'prod')", False),
        ("tags.none = 'x'", False),
        ("tags.none != 'x'", True),
        ("tags.none IS NULL", True),
        ("tags.env IS NOT NULL", True),
        ("name = 'it''s'", False),
    ],
)
def test_a_filter_finds_what_it_says(text: str, found: bool) -> None:
    assert holds(parse(text), LOOKED.get) is found


@pytest.mark.parametrize(
    "text",
    ["tags.env", "a = 'b' OR c = 'd'", "a = ", "a = 'b' AND", "= 'x'", "a LIKE", "a IN ('b'"],
)
def test_a_filter_that_is_not_understood_is_refused_and_finds_nothing(text: str) -> None:
    with pytest.raises(Invalid, match="can't be read"):
        parse(text)


def test_no_pattern_is_slow() -> None:
    """Piece by piece, not by trying: a pattern of this kind takes others hours."""
    assert not holds(parse(f"name LIKE '{'%a' * 400}b'"), {"name": "a" * 400}.get)
