"""
Opik's REST API (`opik` 2.2), as far as its SDK calls it: `OPIK_URL_OVERRIDE=…/opik/api/`.

The cloud's address has `/opik/api` before a path, a local server's `/api`, and both are
accepted.  The key is in `Authorization`, alone.
"""

from collections.abc import Mapping

from quarterdeck.receive.wire import Call, Desk, Handler, Reply, Route, Wire, trace_id_of
from quarterdeck.receive.wires.opik import (
    answers,
    datasets,
    experiment_items,
    experiments,
    prompts,
    reads,
    threads,
    tracing,
)
from quarterdeck.receive.wires.opik.spans import build
from quarterdeck.receive.wires.opik.tracing import Objects

_V1 = "v1/private/"


async def _ping(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"message": "Healthy Server", "healthy": True})


async def _version(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"version": "2.2.122"})


async def _access(_call: Call, _desk: Desk) -> Reply:
    return Reply(status=204)


async def _workspace(_call: Call, _desk: Desk) -> Reply:
    """Quarterdeck knows no workspaces: the key names the project, and all is in one place."""
    return Reply(body={"workspace_name": "default"})


async def _look(call: Call, _desk: Desk) -> Reply:
    """The address that the client prints: the session that a trace belongs to, or all of them."""
    server = call.base_url.removesuffix("/opik")
    trace = call.one("trace_id")
    page = f"sessions/trace:{trace_id_of(trace)}" if trace else "sessions"
    return Reply(status=302, headers={"Location": f"{server}/{page}"})


def _send(method: str, path: str, handler: Handler) -> Route:
    return Route(method=method, path=_V1 + path, handler=handler)


def _read(method: str, path: str, handler: Handler) -> Route:
    return Route(method=method, path=_V1 + path, handler=handler, scope="read")


def _write(method: str, path: str, handler: Handler) -> Route:
    return Route(method=method, path=_V1 + path, handler=handler, scope="write")


def _tracing(kind: Objects) -> tuple[Route, ...]:
    do, show = tracing.handlers(kind), reads.handlers(kind)
    return (
        _send("POST", f"{kind}/batch", do["batch"]),
        _send("PATCH", f"{kind}/batch", do["change_many"]),
        _send("PUT", f"{kind}/feedback-scores", do["score_many"]),
        _send("POST", kind, do["create"]),
        _read("POST", f"{kind}/search", show["search"]),
        _read("GET", kind, show["list"]),
        _send("PATCH", f"{kind}/{{id}}", do["change"]),
        _read("GET", f"{kind}/{{id}}", show["one"]),
        _send("PUT", f"{kind}/{{id}}/feedback-scores", do["score"]),
        _send("POST", f"{kind}/{{id}}/feedback-scores/delete", do["unscore"]),
        _send("POST", f"{kind}/{{id}}/comments", do["comment"]),
    )


_THREADS = (
    _send("PUT", "traces/threads/close", threads.close),
    _send("PUT", "traces/threads/open", threads.reopen),
    _send("PUT", "traces/threads/feedback-scores", threads.score),
    _send("POST", "traces/threads/feedback-scores/delete", threads.unscore),
    _read("POST", "traces/threads/retrieve", reads.THREADS["one"]),
    _read("POST", "traces/threads/search", reads.THREADS["search"]),
    _read("GET", "traces/threads", reads.THREADS["list"]),
)
_PROJECTS = (
    _read("POST", "projects/retrieve", reads.retrieve_project),
    _send("POST", "projects", reads.create_project),
    _read("GET", "projects", reads.list_projects),
    _read("GET", "projects/{id}", reads.one_project),
)
_PROMPTS = (
    _read("POST", "prompts/versions/retrieve", prompts.retrieve),
    _read("POST", "prompts/versions/retrieve-by-ids", prompts.versions_by_ids),
    _read("POST", "prompts/retrieve-by-commits", prompts.by_commits),
    _read("GET", "prompts/by-commit/{commit}", prompts.by_commit),
    _write("POST", "prompts/versions", prompts.create_version),
    _read("GET", "prompts/versions/{version_id}", prompts.version_by_id),
    _write("PATCH", "prompts/versions/{version_id}/environments", prompts.point_environments),
    _write("POST", "prompts/delete", prompts.delete_many),
    _write("POST", "prompts", prompts.create),
    _read("GET", "prompts", prompts.list_all),
    _read("GET", "prompts/{id}", prompts.one),
    _write("PUT", "prompts/{id}", prompts.change),
    _write("DELETE", "prompts/{id}", prompts.delete),
    _read("GET", "prompts/{id}/versions", prompts.versions),
    _read("GET", "prompts/{id}/versions/by-number/{number}", prompts.version_by_number),
    _write("POST", "prompts/{id}/versions/{version_id}/restore", prompts.restore),
)
_DATASETS = (
    _read("POST", "datasets/retrieve", datasets.retrieve),
    _write("PUT", "datasets/items", datasets.put_items),
    _read("POST", "datasets/items/stream", datasets.stream_items),
    _write("POST", "datasets/items/delete", datasets.delete_items),
    _read("GET", "datasets/items/{item_id}", datasets.one_item),
    _write("POST", "datasets/delete", datasets.delete_by_name),
    _write("POST", "datasets/delete-batch", datasets.delete_many),
    _write("POST", "datasets", datasets.create),
    _read("GET", "datasets", datasets.list_all),
    _read("GET", "datasets/{id}", datasets.one),
    _write("PUT", "datasets/{id}", datasets.change),
    _write("DELETE", "datasets/{id}", datasets.delete),
    _read("GET", "datasets/{id}/items", datasets.list_items),
    _read("GET", "datasets/{id}/items/experiments/items", experiment_items.compare),
    _read("GET", "datasets/{id}/versions", datasets.versions),
    _read("POST", "datasets/{id}/versions/retrieve", datasets.retrieve_version),
    _read("GET", "datasets/{id}/versions/hash/{hash}", datasets.version_by_hash),
)
_EXPERIMENTS = (
    _write("POST", "experiments/items", experiment_items.put_items),
    _write("PUT", "experiments/items/bulk", experiment_items.put_bulk),
    _read("POST", "experiments/items/stream", experiment_items.stream_items),
    _read("POST", "experiments/stream", experiments.stream_all),
    _write("POST", "experiments/finish", experiments.finish),
    _write("POST", "experiments/delete", experiments.delete),
    _write("POST", "experiments", experiments.create),
    _read("GET", "experiments", experiments.list_all),
    _read("GET", "experiments/{id}", experiments.one),
    _write("PATCH", "experiments/{id}", experiments.change),
)


def _stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Over OpenTelemetry the project is in a header, and nowhere else."""
    named = {"projectname": "opik.project", "comet-workspace": "opik.workspace"}
    return {key: headers[name] for name, key in named.items() if headers.get(name)}


_KNOWN = (
    "agent-configs", "agent-insights", "alerts", "annotation-queues", "attachment",
    "automations", "chat", "dashboards", "datasets", "environments", "experiments",
    "feedback-definitions", "guardrails", "insights-views", "llm", "llm-provider-key",
    "local-runners", "manual-evaluation", "ollama", "ollie", "optimizations", "pairing",
    "projects", "prompts", "report-failures", "retention", "spans", "toggles", "traces",
    "welcome-wizard", "workspace-permissions", "workspaces",
)  # fmt: skip
"""What Opik's API has beside what is answered here: screens of its own, its gateway, its jobs,
deletions, attachments.  Known, and 501."""
_UNSUPPORTED = tuple(
    Route(method=method, path=f"{_V1}{area}/{{rest...}}")
    for area in _KNOWN
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)

WIRE = Wire(
    name="opik",
    product="Opik",
    prefixes=("/opik",),
    ignored_segments=(("opik", "api"), ("api",)),
    error=answers.error,
    build=build,
    routes=(
        Route(method="GET", path="is-alive/ping", handler=_ping, scope=None, body="none"),
        Route(method="GET", path="is-alive/ver", handler=_version, scope=None, body="none"),
        Route(
            method="GET",
            path="v1/session/redirect/{what}",
            handler=_look,
            scope=None,
            body="none",
        ),
        Route(method="POST", path=_V1 + "auth", handler=_access, body="none"),
        Route(method="GET", path=_V1 + "auth/workspace", handler=_workspace, body="none"),
        Route(method="POST", path=_V1 + "otel/v1/traces", body="otlp", stamp=_stamp),
        _send("PUT", "assertion-results", tracing.assertions),
        *_THREADS,
        *_tracing("traces"),
        *_tracing("spans"),
        *_PROJECTS,
        *_PROMPTS,
        *_DATASETS,
        *_EXPERIMENTS,
        *_UNSUPPORTED,
    ),
)
