"""What is compared is really compared: a fact that is not so is named, one that is so is not."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from captures.expectation import differences
from clients.facts import count, missing, not_printed, troubling, without_prints
from clients.kept import NOTHING, Kept
from clients.traffic import unexpected

PROMPT = {
    "name": "planner", "versions": 2, "labels": {"production": 2}, "kind": "chat",
    "content": '{"messages": [{"content": "Be brief."}]}',
}  # fmt: skip
KEPT = Kept(
    prompts={"planner": PROMPT},
    datasets={"golden": [{"case_id": "1", "input": {"q": "a"}, "expected": {"a": "A"}}]},
    experiments=[{"name": "exp-1a2b", "dataset": "golden", "runs": 2, "scores": {"exact": 0.5}}],
)
SO: dict[str, Any] = {
    "prompts": [
        {"name": "planner", "versions": 2, "labels": {"production": 2}, "mentions": "Be brief"}
    ],
    "datasets": [{"name": "golden", "cases": 1, "includes": [{"input": {"q": "a"}}]}],
    "experiments": [{"name": "exp-*", "dataset": "golden", "runs": 2, "scores": {"exact": 0.5}}],
}
NOT_SO: list[dict[str, Any]] = [
    {"prompts": [{"name": "critic"}]},
    {"prompts": [{"name": "planner", "versions": 3}]},
    {"prompts": [{"name": "planner", "labels": {"production": 1}}]},
    {"prompts": [{"name": "planner", "labels": {"staging": 1}}]},
    {"prompts": [{"name": "planner", "kind": "text"}]},
    {"prompts": [{"name": "planner", "mentions": "Be long"}]},
    {"datasets": [{"name": "silver"}]},
    {"datasets": [{"name": "golden", "cases": 2}]},
    {"datasets": [{"name": "golden", "includes": [{"input": {"q": "b"}}]}]},
    {"experiments": [{"name": "exp"}]},
    {"experiments": [{"name": "exp-*", "runs": 1}]},
    {"experiments": [{"name": "exp-*", "scores": {"exact": 1.0}}]},
    {"experiments": [{"name": "exp-*", "scores": {"other": 0.5}}]},
]


def test_what_is_so_is_not_missing() -> None:
    assert missing(SO, [], KEPT) == []
    assert len(missing(SO, [], NOTHING)) == 3


@pytest.mark.parametrize("facts", NOT_SO, ids=str)
def test_what_is_not_so_is_missing(facts: dict[str, Any]) -> None:
    assert len(missing(facts, [], KEPT)) == 1


def test_a_driver_has_to_print_what_it_printed_and_no_traceback() -> None:
    said = "n 2\nTraceback (most recent call last):\n"
    assert len(list(not_printed({"prints": ["n 3"]}, said))) == 2
    assert list(not_printed({"prints": ["n 2"], "prints_not": []}, said)) == []
    assert len(list(not_printed({"prints_not": ["n 2"]}, said))) == 1
    assert without_prints({"prints": ["n"], "prints_not": [], "sessions": []}) == {"sessions": []}


def test_only_calls_that_are_told_may_go_unanswered() -> None:
    happened = Counter({"POST /queues": 2})
    assert troubling({"unsupported": ["POST /queues"]}, happened) == []
    assert len(troubling({}, happened)) == 1
    assert len(troubling({"unsupported": ["POST /queues", "GET /old"]}, happened)) == 1
    assert unexpected(happened + Counter({"PUT /__blob": 1, "POST /v1/responses": 1})) == happened
    assert len(troubling({}, Counter({"quarterdeck_job_failures_total": 1}))) == 1


def test_every_told_key_counts_and_no_session_is_a_fact() -> None:
    assert count({"sessions": []}) == 1
    assert count({"sessions": [{"id": "s", "tool_calls": [{}, {}], "user": "u"}]}) == 4
    assert count(SO) == 4 + 3 + 4


def session_with(**scores: list[float | str]) -> Any:
    """A found session with nothing but scores."""
    given = [
        SimpleNamespace(
            name=name, judge="human",
            value=one if isinstance(one, float) else None,
            label=one if isinstance(one, str) else "",
        )
        for name, values in scores.items()
        for one in values
    ]  # fmt: skip
    empty = dict.fromkeys(
        ("agents", "episodes", "retries", "models", "tools", "handoffs", "interventions", "tags"),
        (),
    )
    session = SimpleNamespace(
        session_id="s", external_id="", derived=False, user="", experiment=False,
        sub_sessions=(), scores=given, workflow=SimpleNamespace(environment=""), **empty,
    )  # fmt: skip
    return SimpleNamespace(session=session, spans=(), steps=())


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"thumbs": 1.0, "verdict": "good"}, 0),
        ({"thumbs": 1.0}, 1),  # the other was not to be given
        ({"thumbs": 0.0, "verdict": "good"}, 1),
        ({"thumbs": [1.0, 1.0], "verdict": "good"}, 0),
        ({"thumbs": [1.0], "verdict": "good"}, 1),
        ({"thumbs": {"value": 1.0, "judge": "human"}, "verdict": "good"}, 0),
        ({"thumbs": {"value": 1.0, "judge": "llm"}, "verdict": "good"}, 1),
    ],
)
def test_scores_are_compared_by_value_label_and_judge(told: dict[str, Any], wrong: int) -> None:
    found = session_with(thumbs=[1.0, 1.0], verdict=["good"])
    assert len(differences([{"id": "s", "scores": told}], [found])) == wrong
    assert differences([{"id": "s", "scores_include": {"verdict": "good"}}], [found]) == []
