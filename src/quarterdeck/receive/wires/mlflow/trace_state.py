"""
A trace as MLflow's clients told of it: its information, tags, assessments and links, in any order.

MLflow sends a trace's spans by OTLP and what the application said of the whole trace (session,
user, tags) by another call.  Both may come first, and neither waits for the other.

A tag that was set by itself beats what the trace's information says of it, whichever came first:
the information is sent once, at the end, by a client that knows nothing of later tags.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wires.mlflow.proto_json import (
    duration_ns,
    hex_id,
    instant_ns,
    items,
    mapping,
    pairs,
    text,
    whole,
)
from quarterdeck.receive.wires.mlflow.proto_json import field as field_of

TRACE = "mlflow:trace:"
"""Begins the name of a trace's object; MLflow's id of the trace follows."""
ASSESSMENT = "mlflow:assessment:"
_PREFIX = "tr-"
_RUNNING = frozenset({"", "IN_PROGRESS", "STATE_UNSPECIFIED", "TRACE_STATUS_UNSPECIFIED"})
_LINKED = "mlflow.linkedPrompts"
_MS = 1_000_000


@dataclass(slots=True, kw_only=True)
class TraceState:
    trace_id: str
    """MLflow's: `tr-<hex>`."""
    experiment_id: str = ""
    location: dict[str, Any] = field(default_factory=dict)
    """Verbatim."""
    client_request_id: str = ""
    state: str = ""
    """OK, ERROR or IN_PROGRESS; "" = its information has not come."""
    started_ns: int = 0
    ended_ns: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    request_preview: str = ""
    response_preview: str = ""
    assessments: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, as last written, in the order in which they were first heard of."""
    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By run: what the evaluation that it belongs to says of it."""
    spans: list[dict[str, Any]] = field(default_factory=list)
    """Of `traces.json`, for clients that do not send OTLP."""

    @property
    def is_told(self) -> bool:
        return bool(self.state or self.started_ns)

    @property
    def is_running(self) -> bool:
        return self.state in _RUNNING

    @property
    def otel_trace_id(self) -> str:
        """32 hex digits, or "" where neither the id nor a span tells it."""
        for span in self.spans:
            context = mapping(span.get("context"))
            found = hex_id(span.get("trace_id") or context.get("trace_id"))
            if len(found) == 32:
                return found
        plain = self.trace_id.removeprefix(_PREFIX)
        return found if len(found := hex_id(plain)) == 32 else ""


def fold_trace(name: str, fragments: Sequence[Fragment]) -> TraceState:
    """`name`: the object's, `mlflow:trace:<id>`."""
    trace = TraceState(trace_id=name.removeprefix(TRACE))
    told_tags: dict[str, str] = {}
    set_tags: dict[str, str | None] = {}
    linked: list[dict[str, Any]] = []
    for fragment in fragments:
        body = mapping(fragment.body)
        match fragment.kind:
            case "info":
                told_tags |= _take_info(trace, body)
            case "start" | "end":
                told_tags |= _take_old(trace, body)
            case "tag":
                set_tags[text(body.get("key"))] = text(body.get("value"))
            case "untag":
                set_tags[text(body.get("key"))] = None
            case "link":
                trace.links.setdefault(text(body.get("run_id")), {}).update(body)
            case "spans":
                trace.spans = [one for one in items(body.get("spans")) if isinstance(one, dict)]
            case "prompts":
                linked += [one for one in items(body.get("prompts")) if isinstance(one, dict)]
            case "assessment" | "assessment_change" | "assessment_end":
                _take_assessment(trace, fragment.kind, body)
            case _:
                pass
    if linked:
        told_tags[_LINKED] = _all_linked(told_tags.get(_LINKED, ""), linked)
    for one in list(trace.assessments.values()):
        overridden = trace.assessments.get(text(one.get("overrides")))
        if overridden is not None:
            overridden["valid"] = False
    merged: dict[str, str | None] = {**told_tags, **set_tags}
    trace.tags = {key: value for key, value in merged.items() if key and value is not None}
    return trace


def _take_info(trace: TraceState, info: dict[str, Any]) -> dict[str, str]:
    """Of `POST 3.0/mlflow/traces`; returns the tags in it.  A finished state stays finished."""
    location = mapping(field_of(info, "trace_location"))
    experiment = mapping(field_of(location, "mlflow_experiment"))
    trace.location = location or trace.location
    trace.experiment_id = text(field_of(experiment, "experiment_id")) or trace.experiment_id
    trace.client_request_id = text(field_of(info, "client_request_id")) or trace.client_request_id
    trace.request_preview = text(field_of(info, "request_preview")) or trace.request_preview
    trace.response_preview = text(field_of(info, "response_preview")) or trace.response_preview
    state = text(info.get("state")) or "STATE_UNSPECIFIED"
    if trace.is_running or state not in _RUNNING:
        trace.state = state
    trace.started_ns = instant_ns(field_of(info, "request_time")) or trace.started_ns
    took_ns = duration_ns(field_of(info, "execution_duration"))
    if took_ns is not None and trace.started_ns:
        trace.ended_ns = trace.started_ns + max(0, took_ns)
    trace.metadata |= pairs(field_of(info, "trace_metadata"))
    return pairs(info.get("tags"))


def _take_old(trace: TraceState, body: dict[str, Any]) -> dict[str, str]:
    """Of MLflow 2: a trace is started by one call and ended by another."""
    trace.experiment_id = text(body.get("experiment_id")) or trace.experiment_id
    at_ns = (whole(body.get("timestamp_ms")) or 0) * _MS
    state = text(body.get("status"))
    if state:
        trace.ended_ns = at_ns or None
        trace.state = state
    else:
        trace.started_ns = at_ns
        trace.state = trace.state or "IN_PROGRESS"
    trace.metadata |= pairs(body.get("request_metadata"))
    return pairs(body.get("tags"))


def _all_linked(told: str, linked: list[dict[str, Any]]) -> str:
    """A tag whose value is the JSON of [{name, version}], with what was linked later."""
    known = decode_json(told)
    plain = [
        {"name": text(one.get("name")), "version": text(one.get("version"))}
        for one in (*items(known), *linked)
        if isinstance(one, dict)
    ]
    return json.dumps(list({(one["name"], one["version"]): one for one in plain}.values()))


def _take_assessment(trace: TraceState, kind: str, body: dict[str, Any]) -> None:
    found = text(field_of(body, "assessment_id"))
    if kind == "assessment_end":
        trace.assessments.pop(found, None)
    elif found:
        trace.assessments[found] = trace.assessments.get(found, {}) | body
