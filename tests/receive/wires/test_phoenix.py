"""Phoenix's clients: annotations, prompts, datasets, experiments and spans by REST."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.phoenix.node_ids import node_id
from quarterdeck.receive.wires.phoenix.trials import build, run_object
from quarterdeck.receive.wires.phoenix.wire import WIRE
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import session_scores
from receive.wires.served import Served, serve

TRACE = "0af7651916cd43dd8448eb211c80319c"
ROOT, INNER = "b7ad6b7169203331", "00f067aa0ba902b7"


@pytest.fixture
def served(tmp_path: Path, chdb_database: EventConnection) -> Iterator[Served]:
    with serve(WIRE, tmp_path, chdb_database) as one:
        yield one


def call(served: Served, method: str, path: str, told: Any = None, *, status: int = 200) -> Any:
    body = b"" if told is None else json.dumps(told).encode()
    answer = served.ask(method, path, body)
    assert answer.status == status, answer
    return answer.json()["data"] if answer.body and status == 200 else answer.body


def span(span_id: str, second: int, parent: str = "") -> dict[str, Any]:
    at = f"2026-11-23T03:03:{second:02d}+00:00"
    return {
        "name": f"s{second}", "context": {"trace_id": TRACE, "span_id": span_id},
        "span_kind": "CHAIN", "parent_id": parent or None, "start_time": at, "end_time": at,
        "status_code": "OK", "attributes": {"llm": {"model_name": "m"}},
    }  # fmt: skip


def annotation(**told: Any) -> dict[str, Any]:
    return {"name": "good", "annotator_kind": "HUMAN", "span_id": ROOT, **told}


def test_a_span_is_annotated_before_it_comes_and_the_last_word_counts(served: Served) -> None:
    for score in (0.5, 0.9):
        told = [annotation(result={"score": score, "label": "l"}, metadata={"by": "ann"})]
        [given] = call(served, "POST", "/v1/span_annotations?sync=true", {"data": told})
    call(served, "POST", "/v1/span_notes", {"data": {"span_id": ROOT, "note": "looks right"}})
    for _ in range(2):
        put = served.ask(
            "POST", "/v1/projects/p/spans", json.dumps({"data": [span(ROOT, 1)]}).encode()
        )
        assert (put.status, put.json()) == (202, {"total_received": 1, "total_queued": 1})
    served.settle()
    scope = ProjectScope(project_id=served.project_id)
    found = session_scores(served.events, scope, [f"trace:{TRACE}"])[f"trace:{TRACE}"]
    scores = {score.name: score for score in found}
    assert (scores["good"].value, scores["good"].author) == (0.9, "ann")
    assert (scores["note"].explanation, scores["note"].target_span_id) == ("looks right", ROOT)
    path = f"/v1/projects/p/span_annotations?span_ids={ROOT}&exclude_annotation_names=note"
    [read] = call(served, "GET", path)
    assert (read["id"], read["result"]) == (given["id"], {"score": 0.9, "label": "l"})


def test_spans_are_listed_roots_first_in_pages_and_by_their_project(served: Served) -> None:
    later = [span(INNER, 5, ROOT), span("00f067aa0ba902b8", 7, ROOT)]
    served.ask(
        "POST", "/v1/projects/p/spans", json.dumps({"data": [*later, span(ROOT, 1)]}).encode()
    )
    shown = served.ask("GET", "/v1/projects/p/spans?limit=2").json()
    assert [one["name"] for one in shown["data"]] == ["s1", "s7"]
    assert shown["data"][0]["attributes"] == {"llm.model_name": "m"}
    rest = served.ask("GET", f"/v1/projects/p/spans?limit=2&cursor={shown['next_cursor']}").json()
    assert ([one["name"] for one in rest["data"]], rest["next_cursor"]) == (["s5"], None)
    assert call(served, "GET", "/v1/projects/other/spans") == []
    assert len(call(served, "GET", "/v1/projects/p/spans?name=s5")) == 1


def test_a_prompt_is_found_by_version_tag_and_newest_as_it_was_sent(served: Served) -> None:
    version = {
        "model_provider": "OPENAI", "model_name": "gpt-4o-mini", "template_type": "CHAT",
        "template": {"type": "chat", "messages": [{"role": "system", "content": "Go {{x}}"}]},
        "template_format": "MUSTACHE", "invocation_parameters": {"type": "openai", "openai": {}},
    }  # fmt: skip
    made = call(served, "POST", "/v1/prompts", {"prompt": {"name": "p"}, "version": version})
    assert served.ask(
        "POST", f"/v1/prompt_versions/{made['id']}/tags", b'{"name": "production"}'
    ).status == 204  # fmt: skip
    newer = {**version, "model_name": "other"}
    latest = call(served, "POST", "/v1/prompts", {"prompt": {"name": "p"}, "version": newer})
    tagged = call(served, "GET", "/v1/prompts/p/tags/production")
    assert tagged == {**version, "description": "", "id": made["id"]}
    assert call(served, "GET", "/v1/prompts/p/latest")["id"] == latest["id"]
    assert call(served, "GET", f"/v1/prompt_versions/{made['id']}") == tagged
    missing = served.ask("GET", "/v1/prompts/none/latest")
    assert (missing.status, set(missing.json())) == (404, {"detail"})


def test_an_experiment_runs_fails_is_resumed_and_judged(served: Served) -> None:
    upload = {"action": "update", "name": "d", "inputs": [{"q": "a"}, {"q": "b"}],
              "outputs": [{"a": "A"}, {"a": "B"}]}  # fmt: skip
    made = call(served, "POST", "/v1/datasets/upload", upload)
    again = call(served, "POST", "/v1/datasets/upload", upload)
    assert (made["num_created_examples"], again["num_created_examples"]) == (2, 0)
    assert made["version_id"] == again["version_id"]
    dataset = made["dataset_id"]
    examples = call(served, "GET", f"/v1/datasets/{dataset}/examples")["examples"]
    experiment = call(served, "POST", f"/v1/datasets/{dataset}/experiments", {"name": "e"})
    path = f"/v1/experiments/{experiment['id']}"
    runs = [
        _run(served, path, example["id"], n, "boom" if n else "")
        for n, example in enumerate(examples)
    ]
    [missing] = call(served, "GET", f"{path}/incomplete-runs")
    assert missing["dataset_example"]["input"] == {"q": "b"}
    runs[1] = _run(served, path, examples[1]["id"], 2, "")
    assert call(served, "GET", f"{path}/incomplete-runs") == []
    told = {"experiment_run_id": runs[1], "name": "exact", "annotator_kind": "CODE",
            "result": {"score": 1.0, "label": "True"}}  # fmt: skip
    for _ in range(2):
        call(served, "POST", "/v1/experiment_evaluations", told)
    shown = call(served, "GET", path)
    counts = ("example_count", "successful_run_count", "failed_run_count", "missing_run_count")
    assert [shown[name] for name in counts] == [2, 2, 0, 0]
    whole = served.ask("GET", f"{path}/json").json()
    assert [len(run["annotations"]) for run in whole] == [0, 1]
    smaller = {**upload, "inputs": [{"q": "a"}], "outputs": [{"a": "A"}]}
    assert call(served, "POST", "/v1/datasets/upload", smaller)["num_deleted_examples"] == 1
    assert call(served, "GET", path)["example_count"] == 2  # of the version that it ran on


def _run(served: Served, path: str, example: str, number: int, error: str) -> str:
    told = {
        "dataset_example_id": example, "output": None if error else {"a": "A"}, "error": error,
        "repetition_number": 1, "trace_id": f"{number + 1:032x}",
        "start_time": f"2026-11-23T03:03:{number:02d}+00:00",
        "end_time": "2026-11-23T03:04:00+00:00",
    }  # fmt: skip
    return str(call(served, "POST", f"{path}/runs", told)["id"])


def test_a_run_tells_its_case_and_trial_beside_the_spans_of_its_task() -> None:
    told = {"trace_id": TRACE, "start_time": "2026-11-23T03:03:14+00:00", "end_time": None,
            "case_id": "c", "trial": 1, "experiment_name": "e"}  # fmt: skip
    name = run_object("x", "1")
    [made] = build(name, [Fragment(object=name, kind="run", body=told)])
    seen = normalize_span(made)
    assert (seen.kind, seen.experiment, seen.case, seen.trial) == ("session", True, "c", 1)
    assert seen.tags == ("experiment:e",)
    odd_ones: tuple[Any, ...] = (None, [], {"trace_id": "x"}, {**told, "start_time": 5})
    for odd in odd_ones:
        assert build(name, [Fragment(object=name, kind="run", body=odd)]) == ()


def test_ids_that_are_none_of_ours_are_not_found(served: Served) -> None:
    for path in ("/v1/experiments/x", f"/v1/experiments/{node_id('Experiment', 'none')}",
                 "/v1/prompt_versions/x", "/v1/datasets/none"):  # fmt: skip
        assert served.ask("GET", path).status == 404, path
