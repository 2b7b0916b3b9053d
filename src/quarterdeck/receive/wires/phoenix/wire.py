"""
Phoenix: what its own clients call beside OTLP, at the root of the server.

Spans come by OTLP, over HTTP or gRPC, where everybody's do.
"""

from collections.abc import Iterator

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.wire import Call, Desk, Handler, KeyScope, Reply, Route, Wire
from quarterdeck.receive.wires.phoenix import annotations, datasets, experiments, prompts, spans
from quarterdeck.receive.wires.phoenix.node_ids import node_id
from quarterdeck.receive.wires.phoenix.trials import build

VERSION = "20.26.1"
"""What is answered for: the client asks for it before it uses what older servers lack."""


async def _version(_call: Call, _desk: Desk) -> Reply:
    return Reply(body=VERSION, content_type="text/plain")


async def _project(call: Call, _desk: Desk) -> Reply:
    """Any that is asked for is there: its name is a word in what is sent."""
    name = spans.project_name(call.path["project"])
    return Reply(body={"data": {"id": node_id("Project", name), "name": name, "description": ""}})


async def _new_project(call: Call, _desk: Desk) -> Reply:
    body = call.object()
    name = str(body.get("name") or "default")
    told = {"name": name, "description": body.get("description") or ""}
    return Reply(body={"data": {"id": node_id("Project", name), **told}})


def error(problem: QuarterdeckError, status: int) -> Reply:
    hint = f"  {problem.hint}" if problem.hint else ""
    return Reply(status=status, body={"detail": problem.message + hint})


def _sending() -> Iterator[Route]:
    for path, handler in (
        ("v1/span_annotations", annotations.of_spans),
        ("v1/trace_annotations", annotations.of_traces),
        ("v1/session_annotations", annotations.of_sessions),
        ("v1/document_annotations", annotations.of_documents),
        ("v1/span_notes", annotations.note_on_span),
        ("v1/trace_notes", annotations.note_on_trace),
        ("v1/session_notes", annotations.note_on_session),
        ("v1/experiment_evaluations", experiments.put_evaluation),
        ("v1/experiments/{experiment}/runs", experiments.put_run),
        ("v1/projects/{project}/spans", spans.put),
    ):
        yield Route(method="POST", path=path, handler=handler)


def _of(method: str, scope: KeyScope, *pairs: tuple[str, Handler | None]) -> Iterator[Route]:
    for path, handler in pairs:
        yield Route(method=method, path=path, handler=handler, scope=scope)


ROUTES: tuple[Route, ...] = (
    *_sending(),
    Route(method="GET", path="arize_phoenix_version", handler=_version, scope=None, body="none"),
    Route(method="POST", path="v1/datasets/upload", handler=datasets.upload, scope="write",
          body="multipart"),
    *_of(
        "GET", "read",
        ("v1/projects/{project}/spans", spans.list_spans),
        ("v1/projects/{project}/span_annotations", annotations.list_of_spans),
        ("v1/projects/{project}/trace_annotations", annotations.list_of_traces),
        ("v1/projects/{project}/session_annotations", annotations.list_of_sessions),
        ("v1/projects/{project}/traces", None),
        ("v1/projects/{project}/sessions", None),
        ("v1/sessions/{session}", None),
        ("v1/prompts", prompts.list_all),
        ("v1/prompts/{prompt}/latest", prompts.get_latest),
        ("v1/prompts/{prompt}/versions", prompts.list_all_versions),
        ("v1/prompts/{prompt}/tags/{tag}", prompts.get_by_tag),
        ("v1/prompt_versions/{version_id}", prompts.get_version),
        ("v1/prompt_versions/{version_id}/tags", prompts.list_tags),
        ("v1/datasets", datasets.list_all),
        ("v1/datasets/{dataset}", datasets.get),
        ("v1/datasets/{dataset}/versions", datasets.list_versions),
        ("v1/datasets/{dataset}/examples", datasets.list_examples),
        ("v1/datasets/{dataset}/experiments", experiments.list_of_dataset),
        ("v1/experiments/{experiment}", experiments.get),
        ("v1/experiments/{experiment}/runs", experiments.list_all_runs),
        ("v1/experiments/{experiment}/json", experiments.whole),
        ("v1/experiments/{experiment}/incomplete-runs", experiments.incomplete_runs),
        ("v1/experiments/{experiment}/incomplete-evaluations",
         experiments.incomplete_evaluations),
    ),
    *_of("GET", "ingest", ("v1/projects/{project}", _project)),
    *_of("POST", "ingest", ("v1/projects", _new_project)),
    *_of(
        "POST", "write",
        ("v1/prompts", prompts.create),
        ("v1/prompts/{prompt}/versions", prompts.create_version),
        ("v1/prompt_versions/{version_id}/tags", prompts.tag_version),
        ("v1/datasets/{dataset}/experiments", experiments.create),
        ("v1/spans", None),
        ("v1/sessions/delete", None),
    ),
    *_of("PATCH", "write", ("v1/prompts/{prompt}", prompts.change)),
    *_of(
        "DELETE", "write",
        ("v1/prompts/{prompt}", prompts.delete),
        ("v1/datasets/{dataset}", datasets.delete),
        ("v1/experiments/{experiment}", experiments.delete),
        # What was received is deleted by who owns the project, not by who sends.
        ("v1/spans/{span}", None),
        ("v1/traces/{trace}", None),
        ("v1/sessions/{session}", None),
        ("v1/projects/{project}", None),
    ),
    *_of("PUT", "write", ("v1/projects/{project}", None)),
)  # fmt: skip

WIRE = Wire(
    name="phoenix",
    product="Phoenix",
    prefixes=("",),
    routes=ROUTES,
    error=error,
    build=build,
)
