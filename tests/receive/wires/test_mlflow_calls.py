"""MLflow's server as its client sees it: runs, prompts, evaluations, files, errors."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.receive.otlp_encode import encode_spans
from quarterdeck.receive.wires.mlflow.artifacts import MAX_BYTES
from quarterdeck.receive.wires.mlflow.wire import WIRE
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.records.cases import list_cases
from quarterdeck.storage.records.datasets import list_datasets
from quarterdeck.storage.records.experiment_runs import list_runs
from quarterdeck.storage.records.prompt_rows import PromptContent
from quarterdeck.storage.records.prompts import commit_prompt, find_version
from receive.wires.served import Served, serve

API = "/api/2.0/mlflow"
OTEL_ID = "778ad852c0020cd410ab7a75774e9318"
TRACE = f"tr-{OTEL_ID}"


@pytest.fixture
def served(tmp_path: Path, chdb_database: EventConnection) -> Iterator[Served]:
    with serve(WIRE, tmp_path, chdb_database) as one:
        yield one


def call(served: Served, method: str, path: str, told: Any = None, *, status: int = 200) -> Any:
    body = b"" if told is None else json.dumps(told).encode()
    answer = served.ask(method, path, body)
    assert answer.status == status, answer
    return answer.json() if answer.body else {}


def test_an_evaluation_becomes_an_experiment_with_its_case_and_its_scores(served: Served) -> None:
    made = call(served, "POST", f"{API}/runs/create", {"experiment_id": "0", "run_name": "nightly"})
    run_id = made["run"]["info"]["run_id"]
    data = {"name": "dataset", "digest": "c02f98ac", "source_type": "code", "source": "{}"}
    call(
        served, "POST", f"{API}/runs/log-inputs",
        {"run_id": run_id, "datasets": [{"dataset": data}]},
    )  # fmt: skip
    for _ in range(2):  # all of it again changes nothing
        _send_trial(served, run_id)
    served.settle()
    [experiment_run] = list_runs(served.records, project_id=served.project_id, experiment_id=run_id)
    assert (experiment_run.trace_id, experiment_run.output) == (OTEL_ID, "A")
    assert experiment_run.scores["exact"]["value"] is True
    [dataset] = list_datasets(served.records, project_id=served.project_id)[0]
    [case] = list_cases(
        served.records, project_id=served.project_id, dataset_id=dataset.dataset_id
    )[0]
    assert (case.input, case.expected) == ({"q": "a"}, {"answer": "A"})
    beside = [span for span in served.spans if "quarterdeck.kind" in span.attributes][-1]
    assert beside.attributes["quarterdeck.case"] == case.case_id == experiment_run.case_id
    assert beside.attributes["quarterdeck.tags"] == ["experiment:nightly"]
    _read_back(served, run_id)


def _send_trial(served: Served, run_id: str) -> None:
    span = RawSpan(
        trace_id=OTEL_ID, span_id="3ba1ddc87c908a9d", name="predict", start_ns=10**18,
        end_ns=10**18 + 5, status_code=1,
        attributes={"mlflow.spanInputs": {"q": "a"}, "mlflow.spanOutputs": "A"},
        resource=Resource(),
    )  # fmt: skip
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": "0"}
    assert served.ask("POST", "/v1/traces", encode_spans([span]), headers).status == 200
    info = {
        "trace_id": TRACE, "state": "OK", "request_time": "2001-09-09T01:46:40Z",
        "execution_duration": "0s", "tags": {"mlflow.eval.requestId": "q1"},
        "trace_metadata": {"mlflow.sourceRun": run_id},
    }  # fmt: skip
    started = call(served, "POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
    tags = started["trace"]["trace_info"]["tags"]
    assert tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    for told in (
        {"assessment_name": "exact", "feedback": {"value": True}},
        {"assessment_name": "answer", "expectation": {"value": "A"}},
    ):
        about = {
            "source": {"source_type": "CODE"}, "create_time": "2026-11-23T02:58:59Z",
            "metadata": {"mlflow.assessment.sourceRunId": run_id},
        }  # fmt: skip
        path = f"/api/3.0/mlflow/traces/{TRACE}/assessments"
        call(served, "POST", path, {"assessment": {**told, **about}})
    call(served, "POST", f"{API}/traces/link-to-run", {"run_id": run_id, "trace_ids": [TRACE]})


def _read_back(served: Served, run_id: str) -> None:
    found = call(served, "GET", f"/api/3.0/mlflow/traces/get?trace_id={TRACE}")["trace"]
    assert [span["name"] for span in found["spans"]] == ["predict"]
    assert len(found["trace_info"]["assessments"]) == 2
    searched = call(
        served, "POST", "/api/3.0/mlflow/traces/search",
        {"locations": [{"mlflow_experiment": {"experiment_id": "0"}}],
         "filter": f"attribute.run_id = '{run_id}'"},
    )  # fmt: skip
    assert [one["trace_id"] for one in searched["traces"]] == [TRACE]


def test_a_run_is_read_back_with_what_was_logged_in_any_order(served: Served) -> None:
    made = call(served, "POST", f"{API}/runs/create", {"experiment_id": "0", "run_name": "r"})
    run_id = made["run"]["info"]["run_id"]
    points = [{"key": "m", "value": value, "step": value, "timestamp": 5} for value in (2, 0, 1)]
    for _ in range(2):
        call(served, "POST", f"{API}/runs/log-batch", {"run_id": run_id, "metrics": points})
        for value in ("a", "b"):
            told = {"run_id": run_id, "key": "t", "value": value}
            call(served, "POST", f"{API}/runs/set-tag", told)
    call(served, "POST", f"{API}/runs/update", {"run_id": run_id, "status": "FINISHED"})
    run = call(served, "GET", f"{API}/runs/get?run_id={run_id}")["run"]
    assert run["info"]["status"] == "FINISHED"
    assert {"key": "t", "value": "b"} in run["data"]["tags"]
    assert run["data"]["metrics"] == [{"key": "m", "value": 2, "timestamp": 5, "step": 2}]
    history = call(served, "GET", f"{API}/metrics/get-history?run_id={run_id}&metric_key=m")
    assert [point["step"] for point in history["metrics"]] == [0, 1, 2]


def test_prompts_are_ours_and_keep_their_tags(served: Served) -> None:
    marks = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    path = f"{API}/registered-models"
    call(served, "GET", f"{path}/get?name=p", status=404)
    call(served, "POST", f"{path}/create", {"name": "p", "tags": marks})
    tags = [
        *marks, {"key": "mlflow.prompt.text", "value": "Say {{it}}"}, {"key": "mine", "value": "1"},
    ]  # fmt: skip
    version = {"name": "p", "source": "dummy-source", "description": "first", "tags": tags}
    call(served, "POST", f"{API}/model-versions/create", version)
    call(served, "POST", f"{path}/alias", {"name": "p", "alias": "production", "version": "1"})
    found = call(served, "GET", f"{path}/alias?name=p&alias=production")["model_version"]
    assert (found["version"], found["tags"], found["description"]) == ("1", tags, "first")
    kept = find_version(served.records, project_id=served.project_id, name="p")
    assert (kept.content.text, kept.labels) == ("Say {{it}}", ("production",))
    later = {"name": "p", "version": "1", "key": "mine", "value": "2"}
    call(served, "POST", f"{API}/model-versions/set-tag", later)
    again = call(served, "GET", f"{API}/model-versions/get?name=p&version=1")["model_version"]
    assert {"key": "mine", "value": "2"} in again["tags"]
    assert find_version(served.records, project_id=served.project_id, name="p") == kept


def test_a_prompt_that_another_client_made_is_read_in_mlflows_words(served: Served) -> None:
    messages = ({"role": "system", "content": "Be {{how}}"},)
    commit_prompt(
        served.records, project_id=served.project_id, name="theirs", created_by="x", now_ns=1,
        content=PromptContent(kind="chat", messages=messages, model="gpt-4o"),
    )  # fmt: skip
    model = call(served, "GET", f"{API}/registered-models/get?name=theirs")["registered_model"]
    assert {"key": "mlflow.prompt.is_prompt", "value": "true"} in model["tags"]
    found = call(served, "GET", f"{API}/registered-models/alias?name=theirs&alias=latest")
    tags = {one["key"]: one["value"] for one in found["model_version"]["tags"]}
    assert json.loads(tags["mlflow.prompt.text"]) == list(messages)
    assert tags["_mlflow_prompt_type"] == "chat"


def test_small_files_are_kept_and_large_ones_refused(served: Served) -> None:
    path = "/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts"
    assert served.ask("PUT", f"{path}/notes/a.txt", b"hello").status == 200
    assert served.ask("GET", f"{path}/notes/a.txt").body == b"hello"
    assert served.ask("PUT", f"{path}/big", b"x" * (MAX_BYTES + 1)).status == 413
    listed = call(served, "GET", "/api/2.0/mlflow-artifacts/artifacts?path=0/r/artifacts")
    assert listed["files"] == [{"path": "notes", "is_dir": True}]


def test_errors_say_what_mlflows_client_acts_on(served: Served) -> None:
    def code(method: str, path: str, told: Any = None, *, status: int) -> str:
        return str(call(served, method, path, told, status=status)["error_code"])

    missing = f"{API}/experiments/get-by-name?experiment_name=x"
    assert code("GET", missing, status=404) == "RESOURCE_DOES_NOT_EXIST"
    assert code("GET", "/api/2.0/mlflow/none", status=404) == "ENDPOINT_NOT_FOUND"
    assert code("POST", "/graphql", {}, status=404) == "ENDPOINT_NOT_FOUND"
    assert code("GET", "/api/3.0/mlflow/scorers/list", status=501) == "NOT_IMPLEMENTED"
    call(served, "POST", f"{API}/experiments/create", {"name": "e"})
    again = code("POST", f"{API}/experiments/create", {"name": "e"}, status=409)
    assert again == "RESOURCE_ALREADY_EXISTS"
    bad = code("POST", f"{API}/runs/search", {"filter": "a OR b"}, status=400)
    assert bad == "INVALID_PARAMETER_VALUE"
