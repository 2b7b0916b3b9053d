"""
How Langfuse's API shows a trace and an observation, made of spans, whichever way they came.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.attributes import (
    below,
    count,
    decode_json,
    number,
    object_of,
    texts,
)
from quarterdeck.receive.transcripts.members import identifier, mapping, text, told
from quarterdeck.receive.wires.langfuse.pages import stamp
from quarterdeck.receive.wires.langfuse.spans import root_span_id

_OBSERVATION = "langfuse.observation."


def shown_trace(
    trace_id: str, spans: Sequence[RawSpan], observations: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    start_ns = min(span.start_ns for span in spans)
    end_ns = max(max(span.end_ns, span.start_ns) for span in spans)
    roots = [found for found in observations if found["parentObservationId"] is None]
    root = roots[0] if roots else {}
    costs = [cost for found in observations if (cost := found["calculatedTotalCost"]) is not None]
    return {
        "id": trace_id,
        "timestamp": stamp(start_ns),
        "name": first_of(spans, "langfuse.trace.name") or root.get("name"),
        "input": _either(first_of(spans, "langfuse.trace.input"), root.get("input")),
        "output": _either(first_of(spans, "langfuse.trace.output"), root.get("output")),
        "sessionId": first_of(spans, "session.id", "langfuse.session.id"),
        "userId": first_of(spans, "user.id", "langfuse.user.id"),
        "release": first_of(spans, "langfuse.release"),
        "version": first_of(spans, "langfuse.version"),
        "metadata": _metadata(spans, "langfuse.trace.metadata."),
        "tags": list(told(texts, first_of(spans, "langfuse.trace.tags")) or ()),
        "public": first_of(spans, "langfuse.trace.public") is True,
        "environment": text(first_of(spans, "langfuse.environment")) or "default",
        "htmlPath": f"/trace/{trace_id}",
        "latency": (end_ns - start_ns) / 1e9,
        "totalCost": sum(costs) if costs else 0,
    }


def first_of(spans: Iterable[RawSpan], *keys: str) -> Any:
    """Of the earliest span that says it; its resource's word counts where no span has one."""
    for span in spans:
        for told_by in (span.attributes, span.resource.attributes):
            for key in keys:
                if told_by.get(key) is not None:
                    return decode_json(told_by[key])
    return None


def _either(one: Any, other: Any) -> Any:
    return other if one is None else one


def _metadata(spans: Iterable[RawSpan], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for span in spans:
        for key, value in below(span.attributes, prefix).items():
            found.setdefault(key, decode_json(value))
    return found


def shown_observations(
    spans: Iterable[RawSpan], trace_id: str, project_id: str
) -> list[dict[str, Any]]:
    """Without the span that the trace itself is."""
    root = root_span_id(trace_id)
    return [
        _observation(span, root, trace_id, project_id) for span in spans if span.span_id != root
    ]


def trace_id_as_sent(spans: Iterable[RawSpan]) -> str:
    """Of the spans of one trace, of which there is at least one."""
    found = ""
    for span in spans:
        found = text(span.attributes.get("langfuse.trace.id")) or found or span.trace_id
    return found


def _parent(span: RawSpan, root: str) -> str | None:
    own = identifier(span.attributes.get(_OBSERVATION + "parent_id"))
    return own or (span.parent_span_id if span.parent_span_id not in ("", root) else None)


def _observation(span: RawSpan, root: str, trace_id: str, project_id: str) -> dict[str, Any]:
    said = below(span.attributes, _OBSERVATION)
    usage, costs = _counts(said.get("usage_details")), _amounts(said.get("cost_details"))
    end_ns = span.end_ns
    return {
        "id": identifier(said.get("id")) or span.span_id,
        "traceId": trace_id,
        "type": (text(said.get("type")) or "span").upper(),
        "name": span.name,
        "startTime": stamp(span.start_ns),
        "endTime": stamp(end_ns) if end_ns else None,
        "completionStartTime": decode_json(said.get("completion_start_time")),
        "model": said.get("model.name"),
        "modelParameters": decode_json(said.get("model.parameters")) or {},
        "input": decode_json(said.get("input")),
        "output": decode_json(said.get("output")),
        "version": first_of([span], "langfuse.version"),
        "metadata": _metadata([span], _OBSERVATION + "metadata."),
        "level": text(said.get("level")) or "DEFAULT",
        "statusMessage": said.get("status_message"),
        "parentObservationId": _parent(span, root),
        "isRootObservation": _parent(span, root) is None,
        "projectId": project_id,
        "promptId": None,
        "promptName": said.get("prompt.name"),
        "promptVersion": said.get("prompt.version"),
        "usageDetails": usage,
        "costDetails": costs,
        "usage": {"input": usage.get("input", 0), "output": usage.get("output", 0),
                  "total": usage.get("total", sum(usage.values())), "unit": "TOKENS"},
        "calculatedTotalCost": costs.get("total", sum(costs.values()) if costs else None),
        "environment": text(first_of([span], "langfuse.environment")) or "default",
        "userId": first_of([span], "user.id", "langfuse.user.id"),
        "sessionId": first_of([span], "session.id", "langfuse.session.id"),
        "latency": (end_ns - span.start_ns) / 1e9 if end_ns else None,
    }  # fmt: skip


def _counts(value: Any) -> dict[str, int]:
    given = mapping(object_of(value))
    return {key: found for key, item in given.items() if (found := told(count, item)) is not None}


def _amounts(value: Any) -> dict[str, float]:
    given = mapping(object_of(value))
    return {key: found for key, item in given.items() if (found := told(number, item)) is not None}
