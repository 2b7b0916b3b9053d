"""
Traces read back: in the JSON of MLflow's TraceInfo, and spans as OTLP in protobuf's JSON.
"""

import base64
from collections.abc import Sequence
from typing import Any

from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.receive.wires.mlflow.proto_json import (
    duration_text,
    instant_text,
    pair_list,
)
from quarterdeck.receive.wires.mlflow.spans import session_span_id
from quarterdeck.receive.wires.mlflow.trace_state import TraceState

SPANS_LOCATION = "mlflow.trace.spansLocation"
"""Without this tag in the answer, a client sends all spans a second time, as a file."""
_MS = 1_000_000


def artifact_location(experiment_id: str, trace_id: str) -> str:
    return f"mlflow-artifacts:/{experiment_id or '0'}/traces/{trace_id}/artifacts"


def trace_info(trace: TraceState) -> dict[str, Any]:
    experiment_id = trace.experiment_id or "0"
    found: dict[str, Any] = {
        "trace_id": trace.trace_id,
        "trace_location": trace.location
        or {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment_id},
        },
        "request_time": instant_text(trace.started_ns),
        "state": trace.state or "STATE_UNSPECIFIED",
        "trace_metadata": {"mlflow.trace_schema.version": "3"} | trace.metadata,
        "tags": {
            "mlflow.artifactLocation": artifact_location(experiment_id, trace.trace_id),
            **trace.tags,
            SPANS_LOCATION: "TRACKING_STORE",
        },
    }
    if trace.ended_ns is not None:
        found["execution_duration"] = duration_text(max(0, trace.ended_ns - trace.started_ns))
    if trace.client_request_id:
        found["client_request_id"] = trace.client_request_id
    if trace.request_preview:
        found["request_preview"] = trace.request_preview
    if trace.response_preview:
        found["response_preview"] = trace.response_preview
    if trace.assessments:
        found["assessments"] = list(trace.assessments.values())
    return found


def old_trace_info(trace: TraceState) -> dict[str, Any]:
    """In the shape of MLflow 2, whose clients look for the place of their file in the tags."""
    experiment_id = trace.experiment_id or "0"
    found: dict[str, Any] = {
        "request_id": trace.trace_id,
        "experiment_id": experiment_id,
        "timestamp_ms": trace.started_ns // _MS,
        "status": trace.state or "IN_PROGRESS",
        "request_metadata": pair_list(trace.metadata),
        "tags": pair_list(
            {"mlflow.artifactLocation": artifact_location(experiment_id, trace.trace_id)}
            | trace.tags
        ),
    }
    if trace.ended_ns is not None:
        found["execution_time_ms"] = max(0, trace.ended_ns - trace.started_ns) // _MS
    return found


def from_spans(trace_id: str, spans: Sequence[RawSpan]) -> TraceState:
    """What the spans of a trace tell of it, where no client told more."""
    root = next((span for span in spans if not span.parent_span_id), spans[0])
    return TraceState(
        trace_id=trace_id,
        experiment_id=str(root.resource.attributes.get("mlflow.experimentId") or ""),
        state="ERROR" if root.status_code == 2 else "OK" if root.end_ns else "IN_PROGRESS",
        started_ns=root.start_ns,
        ended_ns=root.end_ns or None,
        tags={"mlflow.traceName": root.name},
    )


def own_spans(trace_id: str, spans: Sequence[RawSpan]) -> list[RawSpan]:
    """Without the one that was made of what was said of the trace."""
    made = session_span_id(trace_id)
    return [span for span in spans if span.span_id != made]


def otlp_span(span: RawSpan) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trace_id": _base64(span.trace_id),
        "span_id": _base64(span.span_id),
        "name": span.name,
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "attributes": _key_values(span.attributes),
    }
    if span.parent_span_id:
        found["parent_span_id"] = _base64(span.parent_span_id)
    if span.events:
        found["events"] = [_event(event) for event in span.events]
    if span.links:
        found["links"] = [
            {"trace_id": _base64(link.trace_id), "span_id": _base64(link.span_id)}
            for link in span.links
        ]
    status: dict[str, Any] = {}
    if span.status_message:
        status["message"] = span.status_message
    if span.status_code in (1, 2):
        status["code"] = ("STATUS_CODE_OK", "STATUS_CODE_ERROR")[span.status_code - 1]
    found["status"] = status
    return found


def _event(event: RawEvent) -> dict[str, Any]:
    return {
        "time_unix_nano": event.time_ns,
        "name": event.name,
        "attributes": _key_values(event.attributes),
    }


def _key_values(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": _any_value(value)}
        for key, value in attributes.items()
        if not key.startswith("quarterdeck.")
    ]


def _any_value(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, dict):
        values = [{"key": str(key), "value": _any_value(one)} for key, one in value.items()]
        return {"kvlist_value": {"values": values}}
    if isinstance(value, list | tuple):
        return {"array_value": {"values": [_any_value(one) for one in value]}}
    return {"string_value": str(value)}


def _base64(digits: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(digits)).decode()
    except ValueError:
        return ""
