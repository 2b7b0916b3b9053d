"""
Opik's prompts, datasets and experiments, as its client asks for them.  Takes a second.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.receive.wire import Reply
from quarterdeck.receive.wires.opik.wire import WIRE
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.experiments import list_experiments, list_runs
from quarterdeck.storage.records.projects import create_project
from receive.wires.recorded_calls import NOW_NS, MemoryDesk, ask, recorded

START = "2026-11-23T02:54:08.100000Z"
END = "2026-11-23T02:54:09.100000Z"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    create_project(opened, project_id=MemoryDesk.project_id, now_ns=NOW_NS)
    yield opened
    opened.close()


@pytest.fixture
def desk(records: Records) -> MemoryDesk:
    return MemoryDesk(records)


def call(desk: MemoryDesk, method: str, path: str, body: Any = None) -> Reply:
    reply = ask(WIRE, desk, method, f"api/v1/private/{path}", body)
    assert reply is not None, path
    return reply


def lines(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reply.body.splitlines()]


# --------------------------------------------------------------------------------- prompts


def commit(desk: MemoryDesk, template: str, **more: Any) -> dict[str, Any]:
    version = {"template": template, "type": "mustache", "metadata": None, **more}
    body = {"name": "planner", "version": version, "template_structure": "text"}
    reply = call(desk, "POST", "prompts/versions", body)
    assert reply.status == 200
    return dict(reply.body)


def retrieved(desk: MemoryDesk, **asked: Any) -> dict[str, Any]:
    return dict(call(desk, "POST", "prompts/versions/retrieve", {"name": "planner", **asked}).body)


def test_a_prompt_that_is_missing_is_told_so_and_then_created(desk: MemoryDesk) -> None:
    assert set(retrieved(desk)) == {"code", "message", "errors"}
    first, second = commit(desk, "Goal: {{goal}}", metadata={"v": 1}), commit(desk, "Be brief.")
    assert (first["version_number"], second["version_number"]) == ("v1", "v2")
    assert retrieved(desk)["commit"] == second["commit"]
    assert retrieved(desk, commit=first["commit"]) == first
    assert retrieved(desk, version_number="v1")["template"] == "Goal: {{goal}}"
    assert retrieved(desk, commit="ffffffff")["errors"]


def test_what_the_client_compares_comes_back_as_it_was_sent(desk: MemoryDesk) -> None:
    for metadata in (None, {}, {"v": 1}):
        told = commit(desk, "same", metadata=metadata, type="jinja2")
        assert (told["metadata"], told["type"]) == (metadata, "jinja2")
    assert retrieved(desk)["version_number"] == "v3"


def test_a_commit_that_is_sent_again_is_one_version_and_an_older_text_a_new_one(
    desk: MemoryDesk,
) -> None:
    assert commit(desk, "a") == commit(desk, "a")
    commit(desk, "b")
    assert commit(desk, "a")["version_number"] == "v3"


def test_a_chat_prompt_keeps_its_messages_and_its_structure(desk: MemoryDesk) -> None:
    template = json.dumps([{"role": "system", "content": "Judge {{answer}}"}])
    body = {
        "name": "planner",
        "version": {"template": template, "type": "mustache"},
        "template_structure": "chat",
    }
    told = call(desk, "POST", "prompts/versions", body).body
    assert (told["template"], told["template_structure"]) == (template, "chat")
    refused = call(desk, "POST", "prompts/versions", {**body, "template_structure": "text"})
    assert "chat prompt" in refused.body["message"]


def test_an_environment_points_at_one_version(desk: MemoryDesk) -> None:
    first, second = commit(desk, "a"), commit(desk, "b")
    for version in (first, second):
        path = f"prompts/versions/{version['id']}/environments"
        assert call(desk, "PATCH", path, {"environments": ["production"]}).status == 204
    assert retrieved(desk, environment="production")["id"] == second["id"]
    assert retrieved(desk, version_number="v1")["environments"] == []


def test_prompts_are_listed_described_and_deleted(desk: MemoryDesk) -> None:
    body = {"name": "planner", "template": "a", "description": "plans", "tags": ["x"]}
    created = call(desk, "POST", "prompts", body)
    assert created.status == 201
    prompt_id = created.headers["Location"].rsplit("/", 1)[1]
    (listed,) = call(desk, "GET", "prompts").body["content"]
    assert (listed["id"], listed["description"], listed["tags"]) == (prompt_id, "plans", ["x"])
    assert call(desk, "GET", f"prompts/{prompt_id}").body["latest_version"]["template"] == "a"
    (version,) = call(desk, "GET", f"prompts/{prompt_id}/versions").body["content"]
    restored = call(desk, "POST", f"prompts/{prompt_id}/versions/{version['id']}/restore", {})
    assert restored.body["version_number"] == "v2"
    for _ in range(2):
        assert call(desk, "POST", "prompts/delete", {"ids": [prompt_id]}).status == 204
    assert call(desk, "GET", "prompts").body["content"] == []


# -------------------------------------------------------------------------------- datasets


def dataset(desk: MemoryDesk) -> str:
    assert call(desk, "POST", "datasets", {"name": "evals"}).status == 201
    items = [
        {"id": "i-1", "source": "sdk", "data": {"input": "a", "expected": "A", "lang": "de"}},
        {"id": "i-2", "source": "sdk", "data": {"question": "b"}, "trace_id": "t-1"},
    ]
    body = {"dataset_name": "evals", "items": items}
    assert call(desk, "PUT", "datasets/items", body).status == 204
    return str(call(desk, "POST", "datasets/retrieve", {"dataset_name": "evals"}).body["id"])


def test_items_come_back_as_they_were_sent(desk: MemoryDesk) -> None:
    dataset_id = dataset(desk)
    body = {"dataset_name": "evals", "steam_limit": 200, "last_retrieved_id": None}
    first, second = lines(call(desk, "POST", "datasets/items/stream", body))
    assert first["data"] == {"input": "a", "expected": "A", "lang": "de"}
    assert (second["data"], second["trace_id"]) == ({"question": "b"}, "t-1")
    after = {**body, "last_retrieved_id": "i-1"}
    assert [i["id"] for i in lines(call(desk, "POST", "datasets/items/stream", after))] == ["i-2"]
    filters = json.dumps([{"field": "data", "key": "lang", "operator": "=", "value": "de"}])
    filtered = lines(call(desk, "POST", "datasets/items/stream", {**body, "filters": filters}))
    assert [item["id"] for item in filtered] == ["i-1"]
    assert call(desk, "GET", f"datasets/{dataset_id}/items").body["total"] == 2


def test_every_change_of_items_is_a_version_that_can_be_read_again(desk: MemoryDesk) -> None:
    dataset_id = dataset(desk)
    assert call(desk, "POST", "datasets/items/delete", {"item_ids": ["i-1"]}).status == 204
    newest, oldest = call(desk, "GET", f"datasets/{dataset_id}/versions").body["content"]
    assert (newest["version_name"], newest["is_latest"], newest["items_total"]) == ("v2", True, 1)
    asked = {"dataset_name": "evals", "dataset_version": oldest["version_hash"]}
    assert len(lines(call(desk, "POST", "datasets/items/stream", asked))) == 2
    path = f"datasets/{dataset_id}/versions/retrieve"
    assert call(desk, "POST", path, {"version_name": "v1"}).body["id"] == oldest["id"]
    assert call(desk, "POST", path, {"version_name": "v9"}).body["errors"]


# ----------------------------------------------------------------------------- experiments


def run_experiment(desk: MemoryDesk, answers: list[tuple[str, float]], *, item: str = "") -> None:
    """As `evaluate()` does it: experiment, scores, items, traces, in this order."""
    dataset(desk)
    body = {"id": "e-1", "dataset_name": "evals", "name": "exp", "metadata": {"model": "m"}}
    assert call(desk, "POST", "experiments", body).status == 201
    for at, (output, value) in enumerate(answers):
        score = {"id": f"t-{at}", "name": "equals", "value": value, "source": "sdk"}
        call(desk, "PUT", "traces/feedback-scores", {"scores": [score]})
        row = {"id": f"r-{at}", "experiment_id": "e-1", "trace_id": f"t-{at}",
               "dataset_item_id": item or f"i-{at + 1}"}  # fmt: skip
        assert call(desk, "POST", "experiments/items", {"experiment_items": [row]}).status == 204
        trace = {"id": f"t-{at}", "name": "evaluation_task", "start_time": START, "end_time": END,
                 "output": output, "source": "experiment"}  # fmt: skip
        call(desk, "POST", "traces/batch", {"traces": [trace]})
    assert call(desk, "POST", "experiments/finish", {"ids": ["e-1"]}).status == 204


def test_an_experiment_has_its_runs_with_outputs_and_scores(desk: MemoryDesk) -> None:
    run_experiment(desk, [("A", 1.0), ("x", 0.0)])
    shown = call(desk, "GET", "experiments/e-1").body
    assert (shown["trace_count"], shown["status"], shown["metadata"]) == (
        2, "completed", {"model": "m"},
    )  # fmt: skip
    assert shown["feedback_scores"] == [{"name": "equals", "value": 0.5}]
    (kept,) = call(desk, "GET", "experiments").body["content"]
    assert kept["dataset_name"] == "evals"
    items = lines(call(desk, "POST", "experiments/items/stream", {"experiment_name": "exp"}))
    assert [(one["output"], one["dataset_item_id"]) for one in items] == [
        ("A", "i-1"), ("x", "i-2"),
    ]  # fmt: skip


def test_sessions_of_an_experiment_are_scored_and_know_their_case(desk: MemoryDesk) -> None:
    run_experiment(desk, [("A", 1.0)])
    (span,) = desk.spans(WIRE)
    attributes = span.attributes
    assert attributes["quarterdeck.experiment"] is True
    assert attributes["quarterdeck.case"] == "i-1"
    assert attributes["quarterdeck.tags"] == ["experiment:exp"]
    (event,) = span.events
    assert event.attributes["scope"] == "session"


def test_several_answers_to_one_item_are_trials_also_when_they_are_sent_again(
    desk: MemoryDesk, records: Records
) -> None:
    run_experiment(desk, [("A", 1.0), ("B", 0.0)], item="i-1")
    rows = [{"id": f"r-{at}", "experiment_id": "e-1", "trace_id": f"t-{at}",
             "dataset_item_id": "i-1"} for at in range(2)]  # fmt: skip
    call(desk, "POST", "experiments/items", {"experiment_items": rows})
    runs = list_runs(records, project_id=desk.project_id, experiment_id="e-1")
    assert [(run.run_id, run.trial) for run in runs] == [("r-0", 0), ("r-1", 1)]


def test_two_experiments_may_have_one_name(desk: MemoryDesk) -> None:
    for experiment_id in ("e-1", "e-1", "e-2"):
        body = {"id": experiment_id, "dataset_name": "evals", "name": "exp"}
        assert call(desk, "POST", "experiments", body).status == 201
    found = lines(call(desk, "POST", "experiments/stream", {"name": "exp"}))
    assert [one["name"] for one in found] == ["exp", "exp"]


def test_results_can_be_sent_with_their_traces_at_once(desk: MemoryDesk) -> None:
    dataset(desk)
    trace = {"name": "task", "start_time": START, "end_time": END, "output": {"output": "A"}}
    item = {
        "dataset_item_id": "i-1",
        "trace": {**trace, "id": "t-1"},
        "spans": [{"id": "s-1", "name": "llm", "type": "llm", "start_time": START}],
        "feedback_scores": [{"name": "equals", "value": 1.0, "source": "sdk"}],
    }
    body = {"experiment_id": "e-9", "experiment_name": "bulk", "dataset_name": "evals"}
    for _ in range(2):
        reply = call(desk, "PUT", "experiments/items/bulk", {**body, "items": [item]})
        assert reply.status == 204
    shown = call(desk, "GET", "experiments/e-9").body
    assert (shown["trace_count"], shown["feedback_scores"]) == (
        1, [{"name": "equals", "value": 1.0}],
    )  # fmt: skip
    assert {span.name for span in desk.spans(WIRE)} == {"task", "llm"}


def test_the_recorded_driver_is_answered_to_its_end(
    desk: MemoryDesk, records: Records, shared: Path
) -> None:
    """All but the annotation queue, which is a screen of Opik's own; ids of the recorder's fake
    are unknown here."""
    asked: list[tuple[str, str, int]] = []
    for request in recorded(shared / "captures" / "opik"):
        path = request["path"]
        reply = ask(WIRE, desk, request["method"], path, request["body"])
        if reply is None:
            asked.append((request["method"], path, 501))
        elif reply.status >= 400 and "versions" not in path and "retrieve" not in path:
            asked.append((request["method"], path, reply.status))
    assert asked[-1][1:] == ("/api/v1/private/annotation-queues", 501)
    assert all("/datasets/01a20653" in path for _, path, _ in asked[:-1])
    listed = list_experiments(records, project_id=desk.project_id)
    (experiment,) = listed.items
    runs = list_runs(records, project_id=desk.project_id, experiment_id=experiment.experiment_id)
    assert [run.scores for run in runs] == [{"equals_metric": 1.0}] * 2
