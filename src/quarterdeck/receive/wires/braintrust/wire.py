"""
What Braintrust's clients call: Python (0.3 and today's) and JavaScript.

`BRAINTRUST_APP_URL` leads here; what `api/apikey/login` answers leads everything else here too.

Refused, with 501: rows in a bucket, functions, environments of datasets, and all of Braintrust's
REST API that its SDKs' own verbs don't need.
"""

from collections.abc import Mapping

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.wire import Reply, Route, Wire
from quarterdeck.receive.wires.braintrust import (
    attachments,
    datasets,
    experiments,
    logs,
    projects,
    prompts,
)
from quarterdeck.receive.wires.braintrust.spans import build

_PARENT = "x-bt-parent"


def _stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Of OTLP: the project or experiment that the spans belong to."""
    parent = headers.get(_PARENT)
    return {"braintrust.parent": parent} if parent else {}


def _error(error: QuarterdeckError, status: int) -> Reply:
    """The clients print the body as text."""
    message = f"{error.message} {error.hint}".strip()
    return Reply(status=status, body={"error": message, "code": error.code})


_UNSUPPORTED = tuple(
    Route(method=method, path=f"{family}/{{rest...}}", scope="read", body="none")
    for family in ("v1", "api", "function", "environment-object")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)
"""The rest of Braintrust's REST API: known, and not answered."""

WIRE = Wire(
    name="braintrust",
    product="Braintrust",
    prefixes=("/braintrust",),
    routes=(
        # who, and where
        Route(method="POST", path="api/apikey/login", handler=projects.log_in),
        Route(method="GET", path="version", handler=projects.tell_version, scope=None),
        Route(method="GET", path="ping", handler=projects.who),
        Route(method="POST", path="v1/project", handler=projects.make_project),
        Route(method="GET", path="v1/project", handler=projects.list_projects, scope="read"),
        Route(method="GET", path="v1/project/{project_id}", handler=projects.find_project),
        Route(method="POST", path="api/project/register", handler=projects.register_project),
        Route(method="GET", path="api/project", handler=projects.find_project_by_query),
        Route(
            method="GET", path="app/{organization}/{rest...}", handler=projects.show,
            scope=None, body="none",
        ),
        # rows
        Route(method="POST", path="logs3", handler=logs.log_rows),
        Route(method="POST", path="v1/{kind}/{object_id}/insert", handler=logs.insert_events),
        Route(method="POST", path="v1/{kind}/{object_id}/feedback", handler=logs.give_feedback),
        Route(method="POST", path="otel/v1/traces", body="otlp", stamp=_stamp),
        Route(method="POST", path="otel/v1/logs", body="otlp", stamp=_stamp, signal="logs"),
        Route(method="POST", path="otel/v1/metrics", body="otlp", stamp=_stamp, signal="metrics"),
        Route(method="POST", path="logs3/overflow"),
        Route(method="POST", path="attachment", handler=attachments.give_address),
        Route(
            method="PUT", path="attachment/forgotten/{key}", handler=attachments.forget,
            scope=None, body="none",
        ),
        Route(method="POST", path="attachment/status", handler=attachments.note_status),
        Route(method="GET", path="attachment", handler=attachments.show, scope="read"),
        # prompts
        Route(method="GET", path="v1/prompt", handler=prompts.load_prompts, scope="read"),
        Route(
            method="GET", path="v1/prompt/{prompt_id}", handler=prompts.load_prompt, scope="read"
        ),
        Route(method="POST", path="v1/prompt", handler=prompts.make_prompt, scope="write"),
        Route(method="PUT", path="v1/prompt", handler=prompts.make_prompt, scope="write"),
        Route(method="POST", path="insert-functions", handler=prompts.publish, scope="write"),
        # datasets
        Route(method="POST", path="v1/dataset", handler=datasets.make_dataset, scope="write"),
        Route(method="GET", path="v1/dataset", handler=datasets.find_datasets, scope="read"),
        Route(
            method="GET", path="v1/dataset/{dataset_id}", handler=datasets.show_dataset,
            scope="read",
        ),
        Route(
            method="POST", path="v1/dataset/{dataset_id}/fetch", handler=datasets.fetch_rows,
            scope="read",
        ),
        Route(
            method="GET", path="v1/dataset/{dataset_id}/summarize",
            handler=datasets.summarize_dataset, scope="read",
        ),
        Route(
            method="POST", path="api/dataset/register", handler=datasets.register_dataset,
            scope="write",
        ),
        Route(
            method="GET", path="dataset-summary", handler=datasets.count_rows, scope="read"
        ),
        # experiments
        Route(method="POST", path="v1/experiment", handler=experiments.make_experiment),
        Route(
            method="GET", path="v1/experiment", handler=experiments.find_experiments, scope="read"
        ),
        Route(
            method="GET", path="v1/experiment/{experiment_id}",
            handler=experiments.show_experiment, scope="read",
        ),
        Route(
            method="POST", path="v1/experiment/{experiment_id}/fetch",
            handler=experiments.fetch_rows, scope="read",
        ),
        Route(
            method="GET", path="v1/experiment/{experiment_id}/summarize",
            handler=experiments.summarize, scope="read",
        ),
        Route(
            method="POST", path="api/experiment/register", handler=experiments.register_experiment
        ),
        Route(
            method="POST", path="api/experiment/get", handler=experiments.get_experiments,
            scope="read",
        ),
        Route(
            method="POST", path="api/base_experiment/get_id", handler=experiments.tell_base,
            scope="read",
        ),
        Route(
            method="GET", path="experiment-comparison2", handler=experiments.compare_experiments,
            scope="read",
        ),
        Route(method="POST", path="btql", handler=experiments.ask, scope="read"),
        *_UNSUPPORTED,
    ),
    error=_error,
    build=build,
)  # fmt: skip
