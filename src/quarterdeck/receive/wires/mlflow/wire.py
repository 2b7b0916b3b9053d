"""
MLflow: what its tracking server answers.

Spans come by OTLP at `v1/traces`; what the application says of a trace, and all else, by JSON.
The addresses exist as version 2.0 and 3.0 and are mostly the same.  What sends most comes first.
"""

from collections.abc import Iterator, Mapping

from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuarterdeckError,
    TooLarge,
    TryAgain,
    Unauthorized,
)
from quarterdeck.receive.wire import BodyForm, Call, Desk, Handler, KeyScope, Reply, Route, Wire
from quarterdeck.receive.wires.mlflow import (
    artifacts,
    datasets,
    experiments,
    logged_models,
    model_versions,
    registry,
    runs,
    trace_reads,
    traces,
)
from quarterdeck.receive.wires.mlflow.spans import build

VERSION = "3.17.2"
"""What is answered for.  Clients send spans by OTLP to servers from 3.4 on."""


async def _version(_call: Call, _desk: Desk) -> Reply:
    return Reply(body=VERSION, content_type="text/plain")


async def _health(_call: Call, _desk: Desk) -> Reply:
    return Reply(body="OK", content_type="text/plain")


def stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The experiment that spans belong to is told by a header alone."""
    experiment_id = headers.get("x-mlflow-experiment-id", "")
    return {"mlflow.experimentId": experiment_id} if experiment_id else {}


def error(problem: QuarterdeckError, status: int) -> Reply:
    """MLflow's clients act on `error_code`, whatever the status."""
    match problem:
        case NotFound(code="unsupported"):
            code = "ENDPOINT_NOT_FOUND"
        case NotFound():
            code = "RESOURCE_DOES_NOT_EXIST"
        case Conflict():
            code = "RESOURCE_ALREADY_EXISTS"
        case Unauthorized():
            code = "UNAUTHENTICATED"
        case Forbidden():
            code = "PERMISSION_DENIED"
        case Invalid() | TooLarge():
            code = "INVALID_PARAMETER_VALUE"
        case TryAgain():
            code = "REQUEST_LIMIT_EXCEEDED" if status == 429 else "TEMPORARILY_UNAVAILABLE"
        case _:
            code = "NOT_IMPLEMENTED" if status == 501 else "INTERNAL_ERROR"
    hint = f"  {problem.hint}" if problem.hint else ""
    return Reply(status=status, body={"error_code": code, "message": problem.message + hint})


def _both(
    method: str,
    path: str,
    handler: Handler | None,
    scope: KeyScope | None = "read",
    *,
    body: BodyForm = "json",
) -> Iterator[Route]:
    """In both versions of the API."""
    for version in ("2.0", "3.0"):
        yield Route(
            method=method,
            path=f"api/{version}/mlflow/{path}",
            handler=handler,
            scope=scope,
            body=body,
        )


def _traces() -> Iterator[Route]:
    yield Route(method="POST", path="v1/traces", body="otlp", stamp=stamp)
    yield Route(method="GET", path="version", handler=_version, scope=None, body="none")
    yield Route(method="GET", path="health", handler=_health, scope=None, body="none")
    yield Route(method="POST", path="api/3.0/mlflow/traces", handler=traces.start_trace)
    yield Route(method="POST", path="api/2.0/mlflow/traces", handler=traces.start_old_trace)
    yield Route(method="PATCH", path="api/2.0/mlflow/traces/{trace_id}",
                handler=traces.end_old_trace)  # fmt: skip
    yield Route(method="GET", path="api/2.0/mlflow/traces/{trace_id}/info",
                handler=traces.get_old_info, scope="read")  # fmt: skip
    yield Route(method="GET", path="api/2.0/mlflow/traces", handler=trace_reads.search_old,
                scope="read")  # fmt: skip
    one = "traces/{trace_id}/assessments"
    yield from _both("POST", one, traces.create_assessment, "ingest")
    yield from _both("GET", one + "/{assessment_id}", traces.get_assessment)
    yield from _both("PATCH", one + "/{assessment_id}", traces.update_assessment, "ingest")
    yield from _both("DELETE", one + "/{assessment_id}", traces.delete_assessment, "ingest")
    yield from _both("PATCH", "traces/{trace_id}/tags", traces.set_tag, "ingest")
    yield from _both("DELETE", "traces/{trace_id}/tags", traces.delete_tag, "ingest")
    yield from _both("POST", "traces/link-prompts", traces.link_prompts, "ingest")
    yield from _both("POST", "traces/link-to-run", traces.link_to_run, "ingest")
    yield from _both("POST", "traces/search", trace_reads.search)
    yield from _both("GET", "traces/get", traces.get_trace)
    yield from _both("GET", "traces/batchGet", traces.batch_get)
    yield from _both("POST", "traces/batchGetInfos", traces.batch_get_infos)
    # What was received is deleted by who owns the project, not by who sends.
    yield from _both("POST", "traces/delete-traces", None, "write")
    yield from _both("POST", "traces/metrics", None)
    yield from _both("POST", "traces/calculate-filter-correlation", None)
    yield Route(method="GET", path="api/3.0/mlflow/traces/{trace_id}", handler=traces.get_info,
                scope="read")  # fmt: skip


def _runs() -> Iterator[Route]:
    for path, handler in (
        ("log-metric", runs.log_metric),
        ("log-batch", runs.log_batch),
        ("log-parameter", runs.log_param),
        ("set-tag", runs.set_tag),
        ("create", runs.create),
        ("update", runs.update),
        ("delete-tag", runs.delete_tag),
        ("log-inputs", runs.log_inputs),
        ("outputs", runs.log_outputs),
        ("delete", runs.delete),
        ("restore", runs.restore),
    ):
        yield from _both("POST", f"runs/{path}", handler, "ingest")
    yield from _both("POST", "runs/log-model", None, "ingest")
    yield from _both("GET", "runs/get", runs.get)
    yield from _both("POST", "runs/search", runs.search)
    yield from _both("GET", "metrics/get-history", runs.get_history)
    yield from _both("GET", "metrics/get-history-bulk-interval", None)
    # To send into an experiment a client must find it: no more is told than its name.
    for method, path, handler in (
        ("GET", "get-by-name", experiments.get_by_name),
        ("GET", "get", experiments.get),
        ("POST", "create", experiments.create),
        ("POST", "set-experiment-tag", experiments.set_tag),
        ("POST", "delete-experiment-tag", experiments.delete_tag),
        ("POST", "update", experiments.rename),
        ("POST", "delete", experiments.delete),
        ("POST", "restore", experiments.restore),
    ):
        yield from _both(method, f"experiments/{path}", handler, "ingest")
    yield from _both("POST", "experiments/search", experiments.search)
    yield from _both("GET", "experiments/search", experiments.search)
    yield from _both("POST", "experiments/search-datasets", None)


def _registry() -> Iterator[Route]:
    for method, path, handler, scope in (
        ("GET", "registered-models/get", registry.get, "read"),
        ("GET", "registered-models/alias", model_versions.get_by_alias, "read"),
        ("GET", "registered-models/search", registry.search, "read"),
        ("GET", "registered-models/get-latest-versions", model_versions.get_latest, "read"),
        ("POST", "registered-models/get-latest-versions", model_versions.get_latest, "read"),
        ("POST", "registered-models/create", registry.create, "write"),
        ("PATCH", "registered-models/update", registry.update, "write"),
        ("DELETE", "registered-models/delete", registry.delete, "write"),
        ("POST", "registered-models/set-tag", registry.set_tag, "write"),
        ("DELETE", "registered-models/delete-tag", registry.delete_tag, "write"),
        ("POST", "registered-models/alias", model_versions.set_alias, "write"),
        ("DELETE", "registered-models/alias", model_versions.delete_alias, "write"),
        ("POST", "registered-models/rename", None, "write"),
        ("GET", "model-versions/get", model_versions.get_version, "read"),
        ("GET", "model-versions/search", model_versions.search_versions, "read"),
        ("GET", "model-versions/get-download-uri", model_versions.get_download_uri, "read"),
        ("POST", "model-versions/create", model_versions.create_version, "write"),
        ("PATCH", "model-versions/update", model_versions.update_version, "write"),
        ("DELETE", "model-versions/delete", model_versions.remove_version, "write"),
        ("POST", "model-versions/set-tag", model_versions.set_version_tag, "write"),
        ("DELETE", "model-versions/delete-tag", model_versions.delete_version_tag, "write"),
        ("POST", "model-versions/transition-stage", model_versions.set_stage, "write"),
    ):  # fmt: skip
        yield from _both(method, path, handler, _scope(scope))
    one = "logged-models/{model_id}"
    yield from _both("POST", "logged-models/search", logged_models.search)
    yield from _both("POST", "logged-models", logged_models.create, "ingest")
    yield from _both("GET", one, logged_models.get)
    yield from _both("PATCH", one, logged_models.finalize, "ingest")
    yield from _both("DELETE", one, logged_models.delete, "ingest")
    yield from _both("PATCH", one + "/tags", logged_models.set_tags, "ingest")
    yield from _both("DELETE", one + "/tags/{tag_key}", logged_models.delete_tag, "ingest")
    yield from _both("POST", one + "/params", logged_models.log_params, "ingest")
    yield from _both("GET", one + "/artifacts/directories", artifacts.list_of_model)


def _datasets() -> Iterator[Route]:
    one = "datasets/{dataset_id}"
    for method, path, handler, scope in (
        ("POST", "datasets/create", datasets.create, "write"),
        ("POST", "datasets/search", datasets.search, "read"),
        ("GET", "datasets/search", datasets.search, "read"),
        ("POST", one + "/records", datasets.put_records, "write"),
        ("GET", one + "/records", datasets.get_records, "read"),
        ("DELETE", one + "/records", datasets.delete_records, "write"),
        ("PATCH", one + "/tags", datasets.set_tags, "write"),
        ("DELETE", one + "/tags/{key}", datasets.delete_tag, "write"),
        ("GET", one + "/experiment-ids", datasets.experiment_ids, "read"),
        ("POST", one + "/add-experiments", datasets.add_experiments, "write"),
        ("POST", one + "/remove-experiments", datasets.remove_experiments, "write"),
        ("GET", one, datasets.get, "read"),
        ("DELETE", one, datasets.delete, "write"),
    ):
        yield from _both(method, path, handler, _scope(scope))


def _artifacts() -> Iterator[Route]:
    store = "api/2.0/mlflow-artifacts"
    file = store + "/artifacts/{path...}"
    yield from _both("GET", "artifacts/list", artifacts.list_of_run)
    yield Route(method="PUT", path=file, handler=artifacts.upload, body="raw")
    yield Route(method="GET", path=store + "/artifacts", handler=artifacts.list_files, scope="read")
    yield Route(method="GET", path=file, handler=artifacts.download, scope="read")
    yield Route(method="DELETE", path=file, handler=artifacts.delete)
    for method, rest in (("POST", "mpu"), ("GET", "presigned")):
        yield Route(method=method, path=f"{store}/{rest}/{{rest...}}")


def _unsupported() -> Iterator[Route]:
    """Known, and not answered: what MLflow's own screens and gateway are made of."""
    for rest in (
        "scorers", "issues", "label-schemas", "review-queues", "gateway", "workspaces",
        "prompt-optimization", "unified-traces", "get-online-trace-details",
    ):  # fmt: skip
        for method in ("GET", "POST", "PATCH", "DELETE"):
            yield from _both(method, f"{rest}/{{rest...}}", None)


def _scope(name: str) -> KeyScope:
    return "write" if name == "write" else "read"


ROUTES: tuple[Route, ...] = (
    *_traces(),
    *_runs(),
    *_registry(),
    *_datasets(),
    *_artifacts(),
    *_unsupported(),
)

WIRE = Wire(
    name="mlflow",
    product="MLflow",
    prefixes=("/mlflow",),
    routes=ROUTES,
    error=error,
    build=build,
)
