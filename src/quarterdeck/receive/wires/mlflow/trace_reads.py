"""
Traces found again: by id, or by what they were searched for.

A trace that only came by OTLP, from whatever library, is found too: its spans tell enough.
"""

from functools import partial
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.mlflow.assessments import otel_trace_id
from quarterdeck.receive.wires.mlflow.filters import Test, Value, holds, parse
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, text, whole
from quarterdeck.receive.wires.mlflow.trace_answers import (
    from_spans,
    old_trace_info,
    own_spans,
    trace_info,
)
from quarterdeck.receive.wires.mlflow.trace_state import TRACE, TraceState, fold_trace

_MAX_RESULTS = 500
_MS = 1_000_000
_PLAIN = {
    "name": "mlflow.traceName",
    "trace.name": "mlflow.traceName",
}
_ATTRIBUTE = ("attributes.", "attribute.", "trace.")
_METADATA = ("request_metadata.", "metadata.")


async def find_trace(desk: Desk, trace_id: str) -> TraceState:
    """Raises `NotFound`."""
    name = TRACE + trace_id
    fragments = (await desk.objects([name])).get(name, [])
    trace = fold_trace(name, fragments)
    if trace.is_told:
        return trace
    spans = own_spans(trace_id, await desk.trace(trace.otel_trace_id or otel_trace_id(trace_id)))
    if not spans:
        raise NotFound(f"Trace with ID {trace_id!r} not found")
    seen = from_spans(trace_id, spans)
    seen.tags |= trace.tags
    seen.assessments = trace.assessments
    seen.links = trace.links
    return seen


async def find_spans(desk: Desk, trace: TraceState) -> list[RawSpan]:
    return await desk.trace(trace.otel_trace_id or otel_trace_id(trace.trace_id))


async def search(call: Call, desk: Desk) -> Reply:
    """Of MLflow 3: of some experiments, or of a run where the filter asks for one."""
    body = call.object()
    experiments = [
        text(field(mapping(field(mapping(one), "mlflow_experiment")), "experiment_id"))
        for one in items(body.get("locations"))
    ]
    found, following = await _search(
        desk,
        experiments or [text(one) for one in items(field(body, "experiment_ids"))],
        text(body.get("filter")),
        [text(one) for one in items(field(body, "order_by"))],
        most=whole(field(body, "max_results")) or 100,
        token=text(field(body, "page_token")),
    )
    answer: dict[str, Any] = {"traces": [trace_info(trace) for trace in found]}
    return Reply(body=answer | ({"next_page_token": following} if following else {}))


async def search_old(call: Call, desk: Desk) -> Reply:
    """Of MLflow 2, whose clients ask by GET."""
    found, following = await _search(
        desk,
        list(call.query.get("experiment_ids", ())),
        call.one("filter"),
        list(call.query.get("order_by", ())),
        most=call.number("max_results", 100, most=_MAX_RESULTS),
        token=call.one("page_token"),
    )
    answer: dict[str, Any] = {"traces": [old_trace_info(trace) for trace in found]}
    return Reply(body=answer | ({"next_page_token": following} if following else {}))


async def _search(
    desk: Desk, experiments: list[str], filtered: str, order: list[str], *, most: int, token: str
) -> tuple[list[TraceState], str]:
    tests = parse(filtered)
    await desk.settled()
    run_id = next((str(test.value) for test in tests if _is_run(test)), "")
    names = (
        [f"mlflow:run-traces:{run_id}"]
        if run_id
        else [f"mlflow:traces:{one or '0'}" for one in dict.fromkeys(experiments)]
    )
    rest = [test for test in tests if not _is_run(test)]
    found: list[TraceState] = []
    for name in names:
        for trace_name, fragments in (await desk.collection(name)).items():
            trace = fold_trace(trace_name, fragments)
            if trace.is_told and holds(rest, partial(_look, trace)):
                found.append(trace)
    if run_id and any(experiments):
        found = [trace for trace in found if (trace.experiment_id or "0") in experiments]
    ordered = sorted_by(found, order or ["timestamp_ms DESC"], _look)
    return page_of(ordered, token, min(max(1, most), _MAX_RESULTS))


def _is_run(test: Test) -> bool:
    return test.compare == "=" and test.key in (
        "run_id", "attribute.run_id", "attributes.run_id", "trace.run_id",
        "metadata.mlflow.sourceRun", "request_metadata.mlflow.sourceRun",
    )  # fmt: skip


def _look(trace: TraceState, key: str) -> Value:
    if key in _PLAIN:
        return trace.tags.get(_PLAIN[key])
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return trace.tags.get(key.removeprefix(prefix))
    for prefix in _METADATA:
        if key.startswith(prefix):
            return trace.metadata.get(key.removeprefix(prefix))
    for prefix in ("feedback.", "expectation.", "assessment."):
        if key.startswith(prefix):
            return _assessed(trace, key.removeprefix(prefix))
    for prefix in _ATTRIBUTE:
        key = key.removeprefix(prefix)
    match key:
        case "status" | "state":
            return trace.state
        case "timestamp_ms" | "timestamp" | "request_time":
            return float(trace.started_ns // _MS)
        case "execution_time_ms" | "execution_time" | "execution_duration":
            if trace.ended_ns is None:
                return None
            return float((trace.ended_ns - trace.started_ns) // _MS)
        case "end_time_ms" | "end_time":
            return float(trace.ended_ns // _MS) if trace.ended_ns is not None else None
        case "client_request_id":
            return trace.client_request_id or None
        case "request_id" | "trace_id" | "id":
            return trace.trace_id
        case "experiment_id":
            return trace.experiment_id or "0"
        case "name":
            return trace.tags.get("mlflow.traceName")
        case "session":
            return trace.metadata.get("mlflow.trace.session")
        case "user":
            return trace.metadata.get("mlflow.trace.user")
    raise Invalid(f"traces can't be searched by {key!r}")


def _assessed(trace: TraceState, key: str) -> Value:
    name = key.removesuffix(".value")
    for one in trace.assessments.values():
        if text(field(one, "assessment_name")) == name:
            said = mapping(one.get("feedback") or one.get("expectation")).get("value")
            return ("true" if said else "false") if isinstance(said, bool) else text(said)
    return None
