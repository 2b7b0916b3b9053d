"""
Traces and observations as Langfuse's API shows them, made of the stored spans.

For programs that look at a trace that they have sent, whichever way it came.  Refused: lists over
many traces; those are our own API's, with sessions.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Invalid, NotFound
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
from quarterdeck.receive.wire import Call, Desk, Reply, trace_id_of
from quarterdeck.receive.wires.langfuse.events import observation_object
from quarterdeck.receive.wires.langfuse.pages import page_of, stamp
from quarterdeck.receive.wires.langfuse.score_calls import scores_of_trace
from quarterdeck.receive.wires.langfuse.spans import build, root_span_id

_OBSERVATION = "langfuse.observation."


async def get_trace(call: Call, desk: Desk) -> Reply:
    trace_id = call.path["trace_id"]
    spans = await _spans(desk, trace_id)
    if not spans:
        raise NotFound(f"Trace {trace_id!r} not found within authorized project")
    observations = _observations(spans, trace_id, str(desk.project_id))
    scores = await scores_of_trace(desk, trace_id)
    shown = _trace(trace_id, spans, observations)
    return _json({**shown, "observations": observations, "scores": scores})


async def list_observations(call: Call, desk: Desk) -> Reply:
    """Of one trace."""
    trace_id = call.one("traceId")
    if not trace_id:
        raise Invalid("observations are listed for one trace: give traceId")
    observations = _observations(await _spans(desk, trace_id), trace_id, str(desk.project_id))
    for parameter, field in (("name", "name"), ("type", "type")):
        if wanted := call.one(parameter):
            observations = [found for found in observations if found[field] == wanted]
    page = page_of(call, observations)
    return _json({"data": page.items, "meta": page.meta})


async def get_observation(call: Call, desk: Desk) -> Reply:
    """One that came as an event: of those that came by OpenTelemetry the trace must be asked."""
    observation_id = call.path["observation_id"]
    await desk.settled()
    name = observation_object(observation_id)
    spans = build(name, (await desk.objects([name])).get(name, []))
    if not spans:
        raise NotFound(f"Observation {observation_id!r} not found; ask for its trace")
    trace_id = text(spans[0].attributes.get("langfuse.trace.id"))
    for found in _observations(await _spans(desk, trace_id), trace_id, str(desk.project_id)):
        if found["id"] == observation_id:
            return _json(found)
    raise NotFound(f"Observation {observation_id!r} not found")


def _json(shown: dict[str, Any]) -> Reply:
    """Content of spans may hold integers of any size."""
    return Reply(body=msgspec.json.encode(shown), content_type="application/json")


async def _spans(desk: Desk, trace_id: str) -> list[RawSpan]:
    await desk.settled()
    return sorted(await desk.trace(trace_id_of(trace_id)), key=lambda s: (s.start_ns, s.span_id))


# -- their shape ----------------------------------------------------------------------------------


def _trace(
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
        "name": _first(spans, "langfuse.trace.name") or root.get("name"),
        "input": _either(_first(spans, "langfuse.trace.input"), root.get("input")),
        "output": _either(_first(spans, "langfuse.trace.output"), root.get("output")),
        "sessionId": _first(spans, "session.id", "langfuse.session.id"),
        "userId": _first(spans, "user.id", "langfuse.user.id"),
        "release": _first(spans, "langfuse.release"),
        "version": _first(spans, "langfuse.version"),
        "metadata": _metadata(spans, "langfuse.trace.metadata."),
        "tags": list(told(texts, _first(spans, "langfuse.trace.tags")) or ()),
        "public": _first(spans, "langfuse.trace.public") is True,
        "environment": text(_first(spans, "langfuse.environment")) or "default",
        "htmlPath": f"/trace/{trace_id}",
        "latency": (end_ns - start_ns) / 1e9,
        "totalCost": sum(costs) if costs else 0,
    }


def _first(spans: Iterable[RawSpan], *keys: str) -> Any:
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


def _observations(spans: Iterable[RawSpan], trace_id: str, project_id: str) -> list[dict[str, Any]]:
    """Without the span that the trace itself is."""
    own = [span for span in spans if span.span_id != root_span_id(trace_id)]
    ids = {span.span_id: identifier(span.attributes.get(_OBSERVATION + "id")) or span.span_id
           for span in own}  # fmt: skip
    return [_observation(span, ids, trace_id, project_id) for span in own]


def _observation(
    span: RawSpan, ids: dict[str, str], trace_id: str, project_id: str
) -> dict[str, Any]:
    said = below(span.attributes, _OBSERVATION)
    usage, costs = _counts(said.get("usage_details")), _amounts(said.get("cost_details"))
    end_ns = span.end_ns
    return {
        "id": ids[span.span_id],
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
        "version": _first([span], "langfuse.version"),
        "metadata": _metadata([span], _OBSERVATION + "metadata."),
        "level": text(said.get("level")) or "DEFAULT",
        "statusMessage": said.get("status_message"),
        "parentObservationId": ids.get(span.parent_span_id),
        "isRootObservation": span.parent_span_id not in ids,
        "projectId": project_id,
        "promptId": None,
        "promptName": said.get("prompt.name"),
        "promptVersion": said.get("prompt.version"),
        "usageDetails": usage,
        "costDetails": costs,
        "usage": {"input": usage.get("input", 0), "output": usage.get("output", 0),
                  "total": usage.get("total", sum(usage.values())), "unit": "TOKENS"},
        "calculatedTotalCost": costs.get("total", sum(costs.values()) if costs else None),
        "environment": text(_first([span], "langfuse.environment")) or "default",
        "latency": (end_ns - span.start_ns) / 1e9 if end_ns else None,
    }  # fmt: skip


def _counts(value: Any) -> dict[str, int]:
    given = mapping(object_of(value))
    return {key: found for key, item in given.items() if (found := told(count, item)) is not None}


def _amounts(value: Any) -> dict[str, float]:
    given = mapping(object_of(value))
    return {key: found for key, item in given.items() if (found := told(number, item)) is not None}
