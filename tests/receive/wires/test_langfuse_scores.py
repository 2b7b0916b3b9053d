"""
What a Langfuse score says, in ours.  Pure; some milliseconds.
"""

from typing import Any

import pytest

from quarterdeck.errors import Invalid
from quarterdeck.model.scores import Score
from quarterdeck.receive.wire import span_id_of
from quarterdeck.receive.wires.langfuse.scores import read_score

AT_NS = 1_795_428_000_000_000_000
TRACE = "1f81db6a8ffa3325458c0ccbf6759662"


def score_of(**body: Any) -> Score:
    read = read_score({"name": "n", "value": 1, **body}, at_ns=AT_NS)
    (judgement,) = read.judgements
    return judgement.score


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"value": 0.9, "dataType": "NUMERIC"}, (0.9, "", "")),
        ({"value": 1.0, "dataType": "BOOLEAN"}, (1.0, "", "")),
        ({"value": True}, (1.0, "", "")),
        ({"value": 0, "comment": "bad"}, (0.0, "", "bad")),
        ({"value": "satisfied", "dataType": "CATEGORICAL"}, (None, "satisfied", "")),
        ({"value": "satisfied"}, (None, "satisfied", "")),
        ({"value": "a whole answer", "dataType": "TEXT"}, (None, "", "a whole answer")),
        ({"value": "better so", "dataType": "CORRECTION"}, (None, "corrected", "better so")),
    ],
)
def test_numbers_are_values_and_words_are_labels(
    body: dict[str, Any], expected: tuple[float | None, str, str]
) -> None:
    score = score_of(traceId=TRACE, **body)
    assert (score.value, score.label, score.explanation) == expected


def test_a_score_names_its_observation_its_trace_or_its_session() -> None:
    own, uuid = "ab819471d62a0f6f", "d13e65f4-9816-47bf-80bd-aaa034023775"
    by_otlp = score_of(traceId=TRACE, observationId=own)
    assert (by_otlp.scope, by_otlp.target_trace_id, by_otlp.target_span_id) == ("span", TRACE, own)
    by_events = score_of(traceId="02d11565-72ea-4c57-a932-cb8a9a312b52", observationId=uuid)
    assert by_events.target_trace_id == "02d1156572ea4c57a932cb8a9a312b52"
    assert by_events.target_span_id == span_id_of(uuid)
    assert score_of(traceId=TRACE, sessionId="s").scope == "trace"
    in_session = score_of(sessionId="s", observationId=own)
    assert (in_session.scope, in_session.target_session_id, in_session.target_span_id) == (
        "session", "s", "",
    )  # fmt: skip


def test_a_score_of_a_run_is_kept_and_judges_no_session() -> None:
    read = read_score({"name": "pass_rate", "value": 0.5, "datasetRunId": "run"}, at_ns=AT_NS)
    assert read.judgements == ()
    assert read.fragment.body["score"]["datasetRunId"] == "run"


def test_a_score_without_an_id_is_the_same_when_it_is_sent_again() -> None:
    body = {"name": "n", "value": 1, "traceId": TRACE, "timestamp": "2026-11-23T10:00:00Z"}
    assert read_score(body, at_ns=1).id == read_score(dict(body), at_ns=2).id
    assert read_score({**body, "value": 2}, at_ns=1).id != read_score(body, at_ns=1).id


def test_config_and_metadata_are_kept_as_they_came() -> None:
    body = {"name": "n", "value": 1, "traceId": TRACE, "configId": "c", "metadata": {"x": [1]}}
    assert read_score(body, at_ns=AT_NS).fragment.body["score"] == body


@pytest.mark.parametrize(
    "body",
    [
        "text",
        {"name": "n", "value": 1},
        {"value": 1, "traceId": TRACE},
        {"name": "n", "traceId": TRACE},
        {"name": "n", "value": float("inf"), "traceId": TRACE},
    ],
)
def test_what_says_nothing_of_anything_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        read_score(body, at_ns=AT_NS)
