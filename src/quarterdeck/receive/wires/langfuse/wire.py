"""
Langfuse's addresses, below `/langfuse/api/public`.

The secret key is a Quarterdeck key; the public key beside it says nothing here.  What is listed
without a handler is known and not supported: it is refused in Langfuse's shape and counted.
"""

from urllib.parse import quote

from quarterdeck.errors import QuarterdeckError
from quarterdeck.model.ids import public_id
from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire, trace_id_of
from quarterdeck.receive.wires.langfuse import datasets, media, prompts, runs, score_calls, traces
from quarterdeck.receive.wires.langfuse.events import read_batch
from quarterdeck.receive.wires.langfuse.spans import build

_NAMES = {
    400: "InvalidRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "LangfuseNotFoundError",
    409: "LangfuseConflictError",
    413: "PayloadTooLargeError",
    422: "InvalidRequestError",
    429: "TooManyRequestsError",
    501: "NotImplementedError",
    503: "ServiceUnavailableError",
}


def error(error: QuarterdeckError, status: int) -> Reply:
    told = f"{error.message}. {error.hint}" if error.hint else error.message
    name = _NAMES.get(status, "InternalServerError" if status >= 500 else "InvalidRequestError")
    return Reply(status=status, body={"message": told, "error": name})


async def ingest(call: Call, desk: Desk) -> Reply:
    """Answers for each event by its id; a batch that only has bad ones is no error either."""
    batch = read_batch(call.payload, received_ns=call.received_ns)
    await desk.keep(batch.reading)
    return Reply(
        status=207,
        body={
            "successes": [{"id": event_id, "status": 201} for event_id in batch.accepted],
            "errors": [
                {"id": one.id, "status": 400, "message": one.message, "error": _NAMES[400]}
                for one in batch.refused
            ],
        },
    )


async def projects(_call: Call, desk: Desk) -> Reply:
    """The one that the key belongs to: SDKs check their keys by it and make addresses of its id."""
    project = {
        "id": str(desk.project_id),
        "name": str(desk.project_id),
        "organization": {"id": "quarterdeck", "name": "Quarterdeck"},
        "metadata": {},
        "retentionDays": None,
    }
    return Reply(body={"data": [project]})


async def health(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"status": "OK", "version": "quarterdeck"})


async def show(call: Call, _desk: Desk) -> Reply:
    """An address that an SDK gives people (`get_trace_url`): our page of the same."""
    project_id = quote(call.path["project_id"], safe="")
    page = "overview"
    if trace_id := call.path.get("trace_id"):
        page = f"sessions/trace:{trace_id_of(trace_id)}"
    elif session_id := call.path.get("session_id"):
        page = f"sessions/{quote(public_id(session_id), safe='')}"
    return Reply(status=302, headers={"location": f"/p/{project_id}/{page}"})


_UNSUPPORTED = (
    "annotation-queues", "blob-storage", "comments", "evaluation-rules", "evaluators",
    "experiment-items", "experiments", "feedback", "integrations", "llm-connections", "metrics",
    "models", "organizations", "prompts", "scim", "score-configs", "sessions", "traces",
    "unstable",
)  # fmt: skip
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _with_unsupported(answered: tuple[Route, ...]) -> tuple[Route, ...]:
    """And what is known beside it."""
    there = {(route.method, route.path) for route in answered}
    versioned = ("v2/metrics", "v2/evaluators", "v2/evaluation-rules")
    refused = (
        Route(method=method, path=path, body="none", scope="read")
        for name in (*_UNSUPPORTED, *versioned)
        for path in (name, f"{name}/{{rest...}}")
        for method in _METHODS
        if (method, path) not in there
    )
    return (*answered, *refused)


_ANSWERED: tuple[Route, ...] = (
    Route(method="POST", path="otel/v1/traces", body="otlp"),
    # any OTLP exporter may be pointed at `otel`; those that send all signals lose none
    Route(method="POST", path="otel/v1/logs", body="otlp", signal="logs"),
    Route(method="POST", path="otel/v1/metrics", body="otlp", signal="metrics"),
    Route(method="POST", path="ingestion", handler=ingest),
    Route(method="POST", path="scores", handler=score_calls.post_scores),
    Route(method="GET", path="projects", handler=projects),
    Route(method="GET", path="health", handler=health, scope=None),
    # media
    Route(method="POST", path="media", handler=media.get_upload_url),
    Route(method="PATCH", path="media/{media_id}", handler=media.note_upload),
    Route(method="GET", path="media/{media_id}", handler=media.get_media, scope="read"),
    # scores, read back
    Route(method="GET", path="scores", handler=score_calls.list_scores, scope="read"),
    Route(method="GET", path="v2/scores", handler=score_calls.list_scores, scope="read"),
    Route(method="GET", path="v3/scores", handler=score_calls.list_scores_3, scope="read"),
    *(
        Route(
            method="GET",
            path=base + "/{score_id}",
            handler=score_calls.get_score,
            scope="read",
        )
        for base in ("scores", "v2/scores")
    ),
    Route(
        method="DELETE", path="scores/{score_id}", handler=score_calls.delete_score, scope="write"
    ),
    # traces, read back
    Route(method="GET", path="traces", handler=traces.list_traces, scope="read"),
    Route(method="GET", path="traces/{trace_id}", handler=traces.get_trace, scope="read"),
    Route(method="GET", path="observations", handler=traces.list_observations, scope="read"),
    Route(method="GET", path="v2/observations", handler=traces.list_observations, scope="read"),
    Route(
        method="GET",
        path="observations/{observation_id}",
        handler=traces.get_observation,
        scope="read",
    ),
    # prompts
    Route(method="POST", path="v2/prompts", handler=prompts.create_prompt, scope="write"),
    Route(method="GET", path="v2/prompts", handler=prompts.list_prompts, scope="read"),
    Route(method="GET", path="v2/prompts/{name...}", handler=prompts.get_prompt, scope="read"),
    Route(
        method="PATCH",
        path="v2/prompts/{rest...}",
        handler=prompts.update_labels,
        scope="write",
    ),
    Route(
        method="DELETE",
        path="v2/prompts/{name...}",
        handler=prompts.delete_prompt,
        scope="write",
    ),
    # datasets
    *(
        route
        for base in ("v2/datasets", "datasets")
        for route in (
            Route(method="POST", path=base, handler=datasets.create_dataset, scope="write"),
            Route(method="GET", path=base, handler=datasets.list_datasets, scope="read"),
            Route(method="GET", path=base + "/{name}", handler=datasets.get_dataset, scope="read"),
        )
    ),
    Route(method="POST", path="dataset-items", handler=datasets.create_item, scope="write"),
    Route(method="GET", path="dataset-items", handler=datasets.list_items, scope="read"),
    Route(method="GET", path="dataset-items/{item_id}", handler=datasets.get_item, scope="read"),
    Route(
        method="DELETE",
        path="dataset-items/{item_id}",
        handler=datasets.delete_item,
        scope="write",
    ),
    # runs
    Route(method="POST", path="dataset-run-items", handler=runs.link_item, scope="write"),
    Route(method="GET", path="dataset-run-items", handler=runs.list_links, scope="read"),
    Route(method="GET", path="datasets/{name}/runs", handler=runs.list_runs, scope="read"),
    Route(
        method="GET",
        path="datasets/{name}/runs/{run_name}",
        handler=runs.get_run,
        scope="read",
    ),
    Route(
        method="DELETE",
        path="datasets/{name}/runs/{run_name}",
        handler=runs.delete_run,
        scope="write",
    ),
    # what SDKs print for people: a browser sends no key, and our page asks for its own login
    *(
        Route(method="GET", path="project/{project_id}/" + rest, handler=show, scope=None)
        for rest in ("traces/{trace_id}", "sessions/{session_id}", "{rest...}")
    ),
)

WIRE = Wire(
    name="langfuse",
    product="Langfuse",
    prefixes=("/langfuse",),
    ignored_segments=(("api", "public"),),
    error=error,
    build=build,
    routes=_with_unsupported(_ANSWERED),
)
