"""
From MLflow's traces to spans.

The spans of a trace come by OTLP and are not made here.  What the application said of the trace
becomes one span beside them, of kind `session`: it carries the session, the user and the tags,
and is never a step.  Its id is a hash of the trace's, so it can be made at any time, first or last.

Clients that do not send OTLP put the spans of a whole trace into one file, `traces.json`; those
are made here, with values as OTLP would carry them: in the file each value is dumped to JSON.
"""

from collections.abc import Sequence
from typing import Any

from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.mlflow.evaluation_trials import case_of, is_trial, run_names
from quarterdeck.receive.wires.mlflow.proto_json import (
    field,
    hex_id,
    instant_ns,
    items,
    mapping,
    text,
    whole,
)
from quarterdeck.receive.wires.mlflow.trace_state import TRACE, TraceState, fold_trace

_MAX_SPANS = 10_000
"""Of one `traces.json`; MLflow keeps whole traces in memory before it writes them."""
_MAX_DEPTH = 60
_OTLP_STATUS = {"OK": 1, "ERROR": 2, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
_SESSION = "mlflow.trace.session"
_USER = "mlflow.trace.user"


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The spans of a trace's object; none of any other object, and none before its start."""
    if not name.startswith(TRACE):
        return ()
    trace = fold_trace(name, fragments)
    made = [_span(trace, found) for found in trace.spans[:_MAX_SPANS]]
    told = [_session_span(trace)] if trace.is_told and trace.started_ns else []
    return (*told, *(span for span in made if span is not None))


def session_span_id(trace_id: str) -> str:
    """Of the span that tells what was said of a trace, by MLflow's id of the trace."""
    return span_id_of(TRACE + trace_id)


def _session_span(trace: TraceState) -> RawSpan:
    attributes: dict[str, Any] = {
        "quarterdeck.kind": "session",
        "quarterdeck.synthetic": True,
        "mlflow.traceRequestId": trace.trace_id,
        "mlflow.experimentId": trace.experiment_id,
        "mlflow.state": trace.state,
    }
    if trace.is_running:
        attributes["quarterdeck.partial"] = True
    attributes |= {
        key: value
        for key, value in {
            "session.id": trace.metadata.get(_SESSION, ""),
            "user.id": trace.metadata.get(_USER, ""),
            "mlflow.clientRequestId": trace.client_request_id,
            "mlflow.requestPreview": trace.request_preview,
            "mlflow.responsePreview": trace.response_preview,
        }.items()
        if value
    }
    for key, value in trace.metadata.items():
        attributes[key if key.startswith("mlflow.") else f"mlflow.metadata.{key}"] = value
    for key, value in trace.tags.items():
        # MLflow's own bookkeeping is no tag that anybody would filter by.
        attributes[key if key.startswith("mlflow.") else f"mlflow.traceTag.{key}"] = value
    attributes |= _of_trial(trace)
    return RawSpan(
        trace_id=trace.otel_trace_id or trace_id_of(trace.trace_id),
        span_id=session_span_id(trace.trace_id),
        name=trace.tags.get("mlflow.traceName") or "trace",
        start_ns=trace.started_ns,
        end_ns=0 if trace.is_running else max(trace.started_ns, trace.ended_ns or 0),
        attributes=attributes,
        resource=Resource(scope_name="quarterdeck.mlflow"),
    )


def _of_trial(trace: TraceState) -> dict[str, Any]:
    if not is_trial(trace):
        return {}
    found: dict[str, Any] = {"quarterdeck.experiment": True}
    names = run_names(trace)
    if names:
        found["quarterdeck.tags"] = [f"experiment:{name}" for name in names]
    case = case_of(trace)
    if case:
        found["quarterdeck.case"] = case
    return found


def _span(trace: TraceState, found: dict[str, Any]) -> RawSpan | None:
    """One of `traces.json`, in the spelling of MLflow 3 or of MLflow 2."""
    context = mapping(found.get("context"))
    span_id = hex_id(found.get("span_id") or context.get("span_id"))
    if len(span_id) != 16:
        return None
    status = mapping(found.get("status"))
    code = text(status.get("code") or found.get("status_code"))
    return RawSpan(
        trace_id=trace.otel_trace_id or trace_id_of(trace.trace_id),
        span_id=span_id,
        parent_span_id=hex_id(found.get("parent_span_id") or found.get("parent_id")),
        name=text(found.get("name")),
        start_ns=_instant(found, "start_time"),
        end_ns=_instant(found, "end_time"),
        status_code=_OTLP_STATUS.get(code, 0),
        status_message=text(status.get("message") or found.get("status_message")),
        attributes=_attributes(found.get("attributes")),
        events=tuple(_event(mapping(one)) for one in items(found.get("events"))),
        links=tuple(
            RawLink(trace_id=trace_id, span_id=hex_id(mapping(one).get("span_id")))
            for one in items(found.get("links"))
            if len(trace_id := hex_id(mapping(one).get("trace_id"))) == 32
        ),
        resource=Resource(attributes={"mlflow.experimentId": trace.experiment_id}),
    )


def _attributes(value: Any) -> dict[str, Any]:
    """Dumped to JSON, as in the file; or OTLP's own, as a server gives spans to be read."""
    if isinstance(value, list):
        pairs = (mapping(one) for one in value)
        return {text(pair.get("key")): _any_value(mapping(pair.get("value"))) for pair in pairs}
    return {str(key): decode_json(one) for key, one in mapping(value).items()}


def _any_value(value: dict[str, Any], depth: int = 0) -> Any:
    """None for a value that is none, or that is nested deeper than any that is meant."""
    if depth > _MAX_DEPTH:
        return None
    for kind in ("string_value", "bool_value", "double_value"):
        found = field(value, kind)
        if found is not None:
            return found
    number = field(value, "int_value")
    if number is not None:
        return whole(number)
    inner = field(value, "kvlist_value")
    if isinstance(inner, dict):
        pairs = (mapping(one) for one in items(inner.get("values")))
        return {
            text(pair.get("key")): _any_value(mapping(pair.get("value")), depth + 1)
            for pair in pairs
        }
    inner = field(value, "array_value")
    if isinstance(inner, dict):
        return [_any_value(mapping(one), depth + 1) for one in items(inner.get("values"))]
    return None


def _instant(found: dict[str, Any], name: str) -> int:
    value = found.get(f"{name}_unix_nano", found.get(name))
    return max(0, whole(value) or instant_ns(value))


def _event(found: dict[str, Any]) -> RawEvent:
    at = found.get("time_unix_nano", field(found, "timestamp"))
    return RawEvent(
        name=text(found.get("name")),
        time_ns=max(0, whole(at) or 0),
        attributes=_attributes(attributes)
        if isinstance(attributes := found.get("attributes"), list)
        else mapping(attributes),
    )
