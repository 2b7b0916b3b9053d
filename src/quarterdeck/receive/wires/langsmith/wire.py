"""
LangSmith's API as far as its SDKs call it (Python 0.15, JavaScript 0.12, and LangChain and
LangGraph through them): `LANGSMITH_ENDPOINT=…/langsmith`.

The client writes paths with and without `/api/v1`, and some below `/v1/platform`; all are the
same here.  What LangSmith's own web app does (sharing, insights, statistics, the second version
of its API) is known and answered 501.
"""

from collections.abc import Mapping

from quarterdeck.normalize.dialects.langsmith import SENT_TO
from quarterdeck.receive.wire import Route, Wire
from quarterdeck.receive.wires.langsmith import (
    answers,
    datasets,
    examples,
    feedback,
    projects,
    prompts,
    queries,
    queues,
    tracing,
)
from quarterdeck.receive.wires.langsmith.spans import build

_EXAMPLES = "platform/datasets/{dataset_id}/examples"
_REPO = "repos/{owner}/{name}"
_COMMITS = "commits/{owner}/{name}"


def _stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The project of spans that come by OTLP is told in a header only."""
    project = headers.get("langsmith-project")
    return {SENT_TO: "langsmith", **({"langsmith.project": project} if project else {})}


_TRACING = (
    Route(method="GET", path="info", handler=tracing.info, scope=None, body="none"),
    Route(method="POST", path="runs/multipart", handler=tracing.multipart, body="multipart"),
    Route(method="POST", path="runs/batch", handler=tracing.batch),
    Route(method="POST", path="runs", handler=tracing.post_run),
    Route(method="PATCH", path="runs/{run_id}", handler=tracing.patch_run),
    Route(method="POST", path="otel/v1/traces", body="otlp", stamp=_stamp),
    Route(method="POST", path="runs/query", handler=queries.query, scope="read"),
    Route(method="POST", path="runs/stats", scope="read"),
    Route(method="GET", path="runs/{run_id}", handler=queries.read, scope="read"),
)
_FEEDBACK = (
    Route(method="POST", path="feedback", handler=feedback.create),
    Route(method="GET", path="feedback", handler=feedback.read_many, scope="read"),
    Route(method="POST", path="feedback/tokens", handler=feedback.create_tokens),
    Route(method="GET", path="feedback/tokens", handler=feedback.list_tokens, scope="read"),
    Route(method="POST", path="feedback/tokens/{token_id}", handler=feedback.use_token),
    Route(method="GET", path="feedback/tokens/{token_id}", handler=feedback.use_token),
    Route(method="GET", path="feedback/{feedback_id}", handler=feedback.read, scope="read"),
    Route(method="PATCH", path="feedback/{feedback_id}", handler=feedback.update),
    Route(method="DELETE", path="feedback/{feedback_id}", handler=feedback.delete),
    Route(method="POST", path="annotation-queues", handler=queues.create),
    Route(method="GET", path="annotation-queues", handler=queues.read_many, scope="read"),
    Route(method="GET", path="annotation-queues/{queue_id}", handler=queues.read, scope="read"),
    Route(method="POST", path="annotation-queues/{queue_id}/runs", handler=queues.add_runs),
    Route(method="POST", path="annotation-queues/{queue_id}/runs/by-key", handler=queues.add_runs),
)
_PROMPTS = (
    Route(method="GET", path="settings", handler=prompts.settings, scope="read"),
    Route(method="GET", path="repos", handler=prompts.read_many, scope="read"),
    Route(method="POST", path="repos", handler=prompts.create, scope="write"),
    Route(method="GET", path=_REPO, handler=prompts.read, scope="read"),
    Route(method="PATCH", path=_REPO, handler=prompts.update, scope="write"),
    Route(method="DELETE", path=_REPO, handler=prompts.delete, scope="write"),
    Route(method="GET", path=f"{_REPO}/tags", handler=prompts.read_tags, scope="read"),
    Route(method="POST", path=f"{_REPO}/tags", handler=prompts.create_tag, scope="write"),
    Route(method="PATCH", path=f"{_REPO}/tags/{{tag}}", handler=prompts.move_tag, scope="write"),
    Route(method="DELETE", path=f"{_REPO}/tags/{{tag}}", handler=prompts.delete_tag, scope="write"),
    Route(method="GET", path=_COMMITS, handler=prompts.read_commits, scope="read"),
    Route(method="POST", path=_COMMITS, handler=prompts.commit, scope="write"),
    Route(method="GET", path=f"{_COMMITS}/{{commit}}", handler=prompts.read_commit, scope="read"),
)
_DATASETS = (
    Route(method="POST", path="datasets", handler=datasets.create, scope="write"),
    Route(method="GET", path="datasets", handler=datasets.read_many, scope="read"),
    Route(method="POST", path="datasets/upload", scope="write", body="none"),
    Route(method="POST", path="datasets/comparative", handler=projects.compare, scope="write"),
    Route(method="GET", path="datasets/{dataset_id}", handler=datasets.read, scope="read"),
    Route(method="PATCH", path="datasets/{dataset_id}", handler=datasets.update, scope="write"),
    Route(method="DELETE", path="datasets/{dataset_id}", handler=datasets.delete, scope="write"),
    Route(
        method="GET",
        path="datasets/{dataset_id}/versions",
        handler=datasets.read_versions,
        scope="read",
    ),
    Route(
        method="GET",
        path="datasets/{dataset_id}/version",
        handler=datasets.read_version,
        scope="read",
    ),
    Route(method="PUT", path="datasets/{dataset_id}/tags", handler=datasets.put_tag, scope="write"),
    Route(
        method="GET", path="datasets/{dataset_id}/splits", handler=examples.read_splits,
        scope="read",
    ),
    Route(
        method="PUT", path="datasets/{dataset_id}/splits", handler=examples.put_splits,
        scope="write",
    ),
    Route(
        method="POST", path="datasets/{dataset_id}/runs", handler=queries.query_by_example,
        scope="read",
    ),
    Route(method="GET", path="datasets/{dataset_id}/{rest...}", scope="read"),
    Route(method="POST", path="datasets/{dataset_id}/{rest...}", scope="write"),
    Route(method="PUT", path="datasets/{dataset_id}/{rest...}", scope="write"),
    Route(
        method="POST", path=_EXAMPLES, handler=examples.upload, scope="write", body="multipart"
    ),
    Route(
        method="PATCH", path=_EXAMPLES, handler=examples.change_many, scope="write",
        body="multipart",
    ),
    Route(
        method="PATCH", path=f"{_EXAMPLES}/metadata", handler=examples.change_metadata,
        scope="write",
    ),
    Route(
        method="POST", path="platform/examples/multipart", handler=examples.upsert, scope="write",
        body="multipart",
    ),
    Route(
        method="POST", path="platform/datasets/examples/delete", handler=examples.delete_many,
        scope="write",
    ),
    Route(method="GET", path="examples", handler=examples.read_many, scope="read"),
    Route(method="POST", path="examples", handler=examples.create, scope="write"),
    Route(method="DELETE", path="examples", handler=examples.delete_many, scope="write"),
    Route(method="POST", path="examples/bulk", handler=examples.create_bulk, scope="write"),
    Route(method="PATCH", path="examples/bulk", handler=examples.change_bulk, scope="write"),
    Route(method="GET", path="examples/{example_id}", handler=examples.read, scope="read"),
    Route(method="PATCH", path="examples/{example_id}", handler=examples.change, scope="write"),
    Route(method="DELETE", path="examples/{example_id}", handler=examples.delete, scope="write"),
)  # fmt: skip
_PROJECTS = (
    Route(method="POST", path="sessions", handler=projects.create, scope="write"),
    Route(method="GET", path="sessions", handler=projects.read_many, scope="read"),
    Route(method="GET", path="sessions/{session_id}", handler=projects.read, scope="read"),
    Route(method="PATCH", path="sessions/{session_id}", handler=projects.update, scope="write"),
    Route(method="DELETE", path="sessions/{session_id}", handler=projects.delete, scope="write"),
)
_KNOWN = (
    "feedback-configs", "likes/{rest...}", "public/{rest...}", "v2/{rest...}",
    "workspaces/{rest...}", "hub/{rest...}", "platform/{rest...}",
    "annotation-queues/{queue_id}/{rest...}",
    "sessions/{session_id}/{rest...}", "runs/{run_id}/share",
)  # fmt: skip
"""Addresses that the SDKs know and that need LangSmith's own app."""

_UNSUPPORTED = tuple(
    Route(method=method, path=path, scope="read", body="none")
    for path in _KNOWN
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)

WIRE = Wire(
    name="langsmith",
    product="LangSmith",
    prefixes=("/langsmith",),
    ignored_segments=(("api", "v1"), ("v1",), ("api",)),
    error=answers.error,
    build=build,
    routes=(*_TRACING, *_FEEDBACK, *_PROMPTS, *_DATASETS, *_PROJECTS, *_UNSUPPORTED),
)
