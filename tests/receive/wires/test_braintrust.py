"""
Braintrust's rows: what their parts say together, and the sessions that recorded ones are.

Pure stages only; all of this takes about a second.
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from captures.expectation import differences
from captures.load import replay_spans
from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.braintrust.rows import ROW, fragment_of, read_row
from quarterdeck.receive.wires.braintrust.spans import build
from quarterdeck.receive.wires.braintrust.transactions import number_of, transaction
from receive.wires.recorded_calls import recorded

EXPECTED = Path(__file__).parents[2] / "clients" / "expected"

Row = dict[str, Any]


def row(**told: Any) -> Row:
    """A row that began and ended, with what is told of it."""
    return {
        "id": "r1",
        "span_id": "00000000000000a1",
        "root_span_id": "000000000000000000000000000000aa",
        "span_parents": None,
        "project_id": "p",
        "log_id": "g",
        "created": "2026-11-23T10:00:00Z",
        "span_attributes": {"name": "root", "type": "task"},
        "metrics": {"start": 1795428000.25, "end": 1795428001.5},
        "_is_merge": False,
        **told,
    }


def spans_of(rows: Iterable[Row]) -> list[RawSpan]:
    """The spans of all objects, from their parts in the order of these rows."""
    parts: dict[str, list[Fragment]] = {}
    for one in rows:
        fragment = fragment_of(one)
        for home in dict.fromkeys((fragment.object, fragment.about or fragment.object)):
            parts.setdefault(home, []).append(fragment)
    return [span for name, fragments in parts.items() for span in build(name, fragments)]


def span_of(*rows: Row) -> RawSpan:
    [span] = spans_of(rows)
    return span


def read(*rows: Row) -> Span:
    return normalize_span(span_of(*rows))


def recorded_rows(shared: Path, client: str, label: str) -> list[Row]:
    found: list[Row] = []
    for request in recorded(shared / "captures" / client, label):
        if request["path"] == "/logs3":
            rows = (request["body"].get("json") or {}).get("rows")
            found += rows if isinstance(rows, list) else []
    return found


def expected(client: str, label: str) -> list[Any]:
    told = json.loads((EXPECTED / f"{client}.json").read_text())
    run = {**told["runs"][label], **told.get("recorded", {}).get(label, {})}
    sessions: list[Any] = run["sessions"]
    # The experiment's name comes from the records, which are not here.
    return [
        {**one, "tags": [tag for tag in one.get("tags", []) if "experiment:" not in tag]}
        for one in sessions
    ]


@pytest.mark.parametrize(
    ("client", "label"),
    [
        ("braintrust", "success"),
        ("braintrust", "failure"),
        ("braintrust", "prompts"),
        ("braintrust", "datasets"),
        ("braintrust", "attachments"),
        ("braintrust_old", "success"),
        ("braintrust_old", "failure"),
        ("braintrust_js", "success"),
    ],
)
def test_recorded_rows_are_the_sessions_that_the_driver_performed_in_any_order(
    client: str, label: str, shared: Path
) -> None:
    rows = recorded_rows(shared, client, label)
    assert differences(expected(client, label), replay_spans(spans_of(rows))) == []
    chance = random.Random(label)
    for _ in range(10):
        again = [*rows, *chance.choices(rows, k=len(rows) // 2)]
        chance.shuffle(again)
        assert differences(expected(client, label), replay_spans(spans_of(again))) == []


# -- parts of a row ---------------------------------------------------------------------------


def test_a_merge_joins_objects_and_tags_and_replaces_all_else() -> None:
    first = row(
        metadata={"a": {"b": 1, "c": [1]}, "d": 1}, tags=["x", "y"], output=["old"], scores={"s": 1}
    )
    merge = {
        "id": "r1",
        "_is_merge": True,
        "metadata": {"a": {"c": [2], "e": 3}},
        "tags": ["y", "z"],
        "output": ["new"],
        "scores": {"t": 0},
    }
    for order in ((first, merge), (merge, first)):
        found = read_row(ROW + "r1", [fragment_of(one) for one in order]).body
        assert found["metadata"] == {"a": {"b": 1, "c": [2], "e": 3}, "d": 1}
        assert found["tags"] == ["x", "y", "z"]
        assert found["output"] == ["new"]
        assert found["scores"] == {"s": 1, "t": 0}


def test_below_a_merge_path_a_value_is_replaced() -> None:
    first = row(metadata={"a": {"b": 1}}, tags=["x"])
    merge = {
        "id": "r1",
        "_is_merge": True,
        "_merge_paths": [["metadata", "a"], ["tags"]],
        "metadata": {"a": {"c": 2}},
        "tags": ["y"],
    }
    found = read_row(ROW + "r1", [fragment_of(first), fragment_of(merge)]).body
    assert (found["metadata"], found["tags"]) == ({"a": {"c": 2}}, ["y"])


def test_a_row_that_is_begun_again_replaces_the_first() -> None:
    found = read_row(
        ROW + "r1", [fragment_of(row(input="first", output="x")), fragment_of(row(input="second"))]
    ).body
    assert found["input"] == "second"
    assert "output" not in found


def test_a_row_without_an_id_is_refused() -> None:
    with pytest.raises(Invalid):
        fragment_of({"input": "x"})


def test_nothing_is_built_before_the_trace_is_known_and_never_of_a_datasets_row() -> None:
    assert spans_of([{"id": "r1", "_is_merge": True, "scores": {"thumbs": 1}}]) == []
    assert spans_of([row(dataset_id="d")]) == []
    assert spans_of([row(created=None, metrics={"end": 1.0})]) == []


# -- spans ------------------------------------------------------------------------------------


def test_a_row_that_has_not_ended_is_open() -> None:
    span = read(row(metrics={"start": 1795428000.25}))
    assert (span.partial, span.end_ns, span.start_ns) == (True, None, 1795428000_250000000)


def test_ids_of_the_older_generation_and_several_parents_are_kept_apart() -> None:
    root = "f4f2de5c-faef-48e7-ae2e-0ac69b71f934"
    span = span_of(row(root_span_id=root, span_id=root, span_parents=["a", "b"]))
    assert span.trace_id == "f4f2de5cfaef48e7ae2e0ac69b71f934"
    assert len(span.span_id) == len(span.parent_span_id) == 16
    assert [link.trace_id for link in span.links] == [span.trace_id]
    assert span.links[0].span_id != span.parent_span_id
    assert span.attributes["braintrust.span_id"] == root


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            (
                'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'
                "shop.PaymentError: gateway timeout (HTTP 504)\n"
            ),
            "shop.PaymentError",
            "gateway timeout (HTTP 504)",
        ),
        (
            "shop.PaymentError: gateway timeout\n\nTraceback (most recent call last):\n  ...\n",
            "shop.PaymentError",
            "gateway timeout",
        ),
        ("503 The model is overloaded.", "", "503 The model is overloaded."),
        ({"code": 7}, "", '{"code":7}'),
    ],
)
def test_an_error_tells_its_class_and_its_words(error: Any, kind: str, message: str) -> None:
    span = read(row(error=error))
    assert (span.status, span.error_type, span.error_message) == ("error", kind, message)


def test_a_model_call_that_ends_without_an_output_has_failed_and_others_have_not() -> None:
    def ended(kind: str, **told: Any) -> str:
        attributes = {"name": "x", "type": kind}
        return read(row(span_attributes=attributes, metadata={"model": "gpt-4o"}, **told)).status

    assert ended("llm") == "error"
    assert ended("llm", output="y") == "ok"
    assert ended("task") == "ok"


def test_tokens_cost_and_the_first_token_are_read_from_metrics() -> None:
    span = read(
        row(
            span_attributes={"name": "Chat Completion", "type": "llm"},
            metadata={"model": "gpt-4o", "provider": "openai", "tool_call_id": "c1"},
            output=[{"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
            metrics={
                "start": 1795428000.25,
                "end": 1795428001.5,
                "prompt_tokens": 20,
                "completion_tokens": 7,
                "tokens": 27,
                "prompt_cached_tokens": 16,
                "completion_reasoning_tokens": 2,
                "time_to_first_token": 0.5,
                "estimated_cost": 0.00033,
            },
        )
    )
    assert span.usage is not None
    assert span.charge is not None
    usage = span.usage
    assert (usage.input_tokens, usage.output_tokens) == (20, 7)
    assert (usage.cache_read_tokens, usage.reasoning_tokens) == (16, 2)
    assert str(span.charge.reported_usd) == "0.00033"
    assert span.time_to_first_token_ns == 500_000_000
    assert span.finish_reasons == ("stop",)


def test_only_tasks_that_say_so_are_agents() -> None:
    def kind(name: str, spelled: str = "task", **metadata: Any) -> tuple[str, str]:
        span = read(row(span_attributes={"name": name, "type": spelled}, metadata=metadata))
        return span.kind, span.agent

    assert kind("step") == ("step", "")
    assert kind("agent") == ("step", "")
    assert kind("judge", agent_role="critic") == ("agent", "judge")
    assert kind("run", agent_name="planner") == ("agent", "planner")
    assert kind("agent_run [planner]") == ("agent", "planner")
    assert kind("Claude Agent") == ("agent", "Claude Agent")
    assert kind("research_agent", "function") == ("agent", "research_agent")
    assert kind("research_agent", "tool") == ("tool", "")


def test_a_review_is_a_persons_decision() -> None:
    span = read(
        row(
            span_attributes={"name": "sign-off", "type": "review"},
            output={"approved": False, "approver": "ops@example.com"},
        )
    )
    assert span.kind == "human"
    assert span.human is not None
    assert (span.human.decision, span.human.by) == ("rejected", "ops@example.com")


def test_a_file_that_is_not_here_is_told() -> None:
    file = {"type": "braintrust_attachment", "key": "k", "filename": "n.txt"}
    [problem] = read(row(input={"files": [file]})).problems
    assert "n.txt" in problem.message


# -- scores -----------------------------------------------------------------------------------


def scores(*rows: Row) -> dict[str, tuple[Any, str, str, str]]:
    return {
        score.name: (score.value, score.judge, score.author, score.explanation)
        for score in read(*rows).scores
    }


def test_feedback_that_comes_first_is_a_persons_and_a_programs_scores_are_not() -> None:
    told = {"_audit_source": "external", "_audit_metadata": {"user_id": "u-1"}}
    feedback = {"id": "r1", "_is_merge": True, "scores": {"thumbs": 1}, "expected": "y", **told}
    comment = {
        "id": "c1",
        "origin": {"id": "r1"},
        "comment": {"text": "good"},
        "created": "2026-11-23T10:01:00Z",
        **told,
    }
    begun = row(scores={"own": 0.5, "asked": None})
    wanted = {
        "thumbs": (1.0, "human", "u-1", ""),
        "own": (0.5, "code", "", ""),
        "expected": (None, "human", "u-1", "y"),
        "comment": (None, "human", "u-1", "good"),
    }
    assert scores(comment, feedback, begun) == wanted
    assert scores(begun, feedback, comment, comment) == wanted


def test_a_programs_feedback_is_no_persons() -> None:
    feedback = {"id": "r1", "_is_merge": True, "scores": {"check": 0}, "_audit_source": "api"}
    assert scores(row(), feedback)["check"][:2] == (0.0, "code")


def test_expected_of_a_persons_feedback_makes_no_experiment() -> None:
    feedback = {"id": "r1", "_is_merge": True, "expected": "y", "_audit_source": "app"}
    assert not read(row(scores={"s": 1}), feedback).experiment


def test_a_scorer_judges_the_step_above_it_in_production_and_the_session_in_a_trial() -> None:
    scorer = {
        "span_parents": ["00000000000000b2"],
        "span_attributes": {"name": "exact", "type": "score", "purpose": "scorer"},
        "scores": {"exact": 0.25},
    }
    [judged] = read(row(**scorer)).scores
    assert (judged.scope, judged.target_span_id, judged.value) == ("span", "00000000000000b2", 0.25)
    [judged] = read(row(**scorer, experiment_id="e", log_id=None)).scores
    assert (judged.scope, judged.value, judged.judge) == ("session", 0.25, "code")


def test_a_trial_has_a_case_the_datasets_row_or_else_its_input() -> None:
    trial = {"experiment_id": "e", "span_attributes": {"name": "eval", "type": "eval"}}
    origin = {"object_type": "dataset", "object_id": "d", "id": "case-1"}
    assert read(row(**trial, input={"q": 1}, origin=origin)).case == "case-1"
    by_input = read(row(**trial, input={"q": 1, "p": 2}))
    assert by_input.experiment
    assert by_input.case == read(row(**trial, input={"p": 2, "q": 1}, id="r2")).case
    assert by_input.case.startswith("input:")


# -- numbers of versions ----------------------------------------------------------------------


def test_versions_sort_as_text_and_come_back() -> None:
    numbers = [transaction(version) for version in range(1, 1200)]
    assert numbers == sorted(numbers)
    assert [number_of(one) for one in numbers] == list(range(1, 1200))
    assert number_of("1000195953") is None
    assert number_of("٣") is None
