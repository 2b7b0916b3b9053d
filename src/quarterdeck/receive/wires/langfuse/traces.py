"""
Reading traces and observations back: one, those of a trace, the newest of all.

For programs that look at what they have sent, and for those that judge what others sent.  A list
looks at the newest spans only (`_MOST`), of the last 30 days unless a time is asked for: what goes
further is our own API's, by session.  A filter that is not known here is refused, never ignored.
"""

from typing import Any

import msgspec

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, text
from quarterdeck.receive.wire import Call, Desk, Reply, trace_id_of
from quarterdeck.receive.wires.langfuse.events import observation_object
from quarterdeck.receive.wires.langfuse.pages import page_of
from quarterdeck.receive.wires.langfuse.score_calls import scores_of_trace
from quarterdeck.receive.wires.langfuse.spans import build
from quarterdeck.receive.wires.langfuse.trace_shapes import (
    shown_observations,
    shown_trace,
    trace_id_as_sent,
)

_MOST = 5_000
"""Spans that a list is made of: some hundred traces, read in a second."""
_LOOK_BACK_NS = 30 * 24 * 3600 * NS_PER_S
_SHAPING = frozenset(
    {"page", "limit", "cursor", "fields", "expandMetadata", "parseIoAsJson", "orderBy"}
)
"""Parameters that say how much to show, not what."""
_OF_TRACES = {
    "name": "name",
    "userId": "userId",
    "sessionId": "sessionId",
    "version": "version",
    "release": "release",
    "environment": "environment",
}
_OF_OBSERVATIONS = {
    "traceId": "traceId",
    "name": "name",
    "type": "type",
    "level": "level",
    "userId": "userId",
    "sessionId": "sessionId",
    "version": "version",
    "environment": "environment",
    "parentObservationId": "parentObservationId",
}


async def get_trace(call: Call, desk: Desk) -> Reply:
    trace_id = call.path["trace_id"]
    await desk.settled()
    spans = await _spans(desk, trace_id)
    if not spans:
        raise NotFound(f"Trace {trace_id!r} not found within authorized project")
    observations = shown_observations(spans, trace_id, str(desk.project_id))
    scores = await scores_of_trace(desk, trace_id)
    shown = shown_trace(trace_id, spans, observations)
    return _json({**shown, "observations": observations, "scores": scores})


async def list_traces(call: Call, desk: Desk) -> Reply:
    """Newest first."""
    _refuse_unknown(call, {*_OF_TRACES, "fromTimestamp", "toTimestamp"})
    await desk.settled()
    traces: dict[str, list[RawSpan]] = {}
    for span in await _newest(call, desk, "fromTimestamp", "toTimestamp"):
        traces.setdefault(span.trace_id, []).append(span)
    shown = []
    for spans in traces.values():
        trace_id = trace_id_as_sent(spans)
        observations = shown_observations(spans[::-1], trace_id, str(desk.project_id))
        ids = [found["id"] for found in observations]
        trace = shown_trace(trace_id, spans[::-1], observations)
        shown.append({**trace, "observations": ids, "scores": []})
    page = page_of(call, [trace for trace in shown if _is_asked_for(trace, call, _OF_TRACES)])
    return _json({"data": page.items, "meta": page.meta})


async def list_observations(call: Call, desk: Desk) -> Reply:
    """In order of time those of a trace, else the newest first."""
    _refuse_unknown(call, {*_OF_OBSERVATIONS, "isRootObservation", "fromStartTime", "toStartTime"})
    await desk.settled()
    project_id = str(desk.project_id)
    if trace_id := call.one("traceId"):
        found = shown_observations(await _spans(desk, trace_id), trace_id, project_id)
    else:
        found = [
            shown
            for span in await _newest(call, desk, "fromStartTime", "toStartTime")
            for shown in shown_observations([span], trace_id_as_sent([span]), project_id)
        ]
    found = [one for one in found if _is_asked_for(one, call, _OF_OBSERVATIONS)]
    if is_root := call.one("isRootObservation"):
        found = [one for one in found if one["isRootObservation"] is (is_root == "true")]
    page = page_of(call, found)
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
    (shown,) = shown_observations(spans, trace_id, str(desk.project_id))
    return _json(shown)


def _json(shown: dict[str, Any]) -> Reply:
    """Content of spans may hold integers of any size."""
    return Reply(body=msgspec.json.encode(shown), content_type="application/json")


async def _spans(desk: Desk, trace_id: str) -> list[RawSpan]:
    return sorted(await desk.trace(trace_id_of(trace_id)), key=lambda s: (s.start_ns, s.span_id))


async def _newest(call: Call, desk: Desk, since: str, until: str) -> list[RawSpan]:
    until_ns = _instant(call, until) or call.received_ns + 1
    since_ns = _instant(call, since) or until_ns - _LOOK_BACK_NS
    return await desk.newest(since_ns=since_ns, until_ns=until_ns, most=_MOST)


def _instant(call: Call, name: str) -> int | None:
    given = call.one(name)
    found = instant_ns(given)
    if given and found is None:
        raise Invalid(f"{name} is not an instant: {given[:40]!r}")
    return found


def _refuse_unknown(call: Call, known: set[str]) -> None:
    unknown = set(call.query) - known - _SHAPING
    if unknown:
        raise Invalid(f"can't be listed by {', '.join(sorted(unknown))[:200]}")


def _is_asked_for(shown: dict[str, Any], call: Call, fields: dict[str, str]) -> bool:
    return all(
        identifier(shown.get(field)) in wanted
        for parameter, field in fields.items()
        if (wanted := call.query.get(parameter))
    )
