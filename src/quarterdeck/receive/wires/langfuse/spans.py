"""
Spans of a trace and of an observation, from all the events that told of them.

A trace is no observation, but it holds the session, the user and the question: it becomes the
root span.  Observations of these generations have two types, span and generation; what is a tool
or an agent is read from what the application wrote about it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, present, text
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.langfuse.merged import Event, events_of, said, sender_of

SCOPE = "langfuse-sdk"

_TRACE = {
    "sessionId": "session.id",
    "userId": "user.id",
    "name": "langfuse.trace.name",
    "input": "langfuse.trace.input",
    "output": "langfuse.trace.output",
    "tags": "langfuse.trace.tags",
    "public": "langfuse.trace.public",
    "release": "langfuse.release",
    "version": "langfuse.version",
    "environment": "langfuse.environment",
}
_OBSERVATION = {
    "input": "langfuse.observation.input",
    "output": "langfuse.observation.output",
    "level": "langfuse.observation.level",
    "statusMessage": "langfuse.observation.status_message",
    "model": "langfuse.observation.model.name",
    "modelParameters": "langfuse.observation.model.parameters",
    "usageDetails": "langfuse.observation.usage_details",
    "costDetails": "langfuse.observation.cost_details",
    "completionStartTime": "langfuse.observation.completion_start_time",
    "promptName": "langfuse.observation.prompt.name",
    "promptVersion": "langfuse.observation.prompt.version",
    "version": "langfuse.version",
    "environment": "langfuse.environment",
}
_PLACED = frozenset({"id", "traceId", "parentObservationId", "startTime", "endTime", "metadata"})
"""What a span says by other means than an attribute of the same name."""


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The spans of an object.  Empty for scores, which are kept to be read back."""
    kind, _, foreign = name.removeprefix("langfuse:").partition(":")
    if kind == "trace":
        return _trace(foreign, fragments)
    if kind == "observation":
        return _observation(foreign, fragments)
    return ()


def root_span_id(trace_id: str) -> str:
    """Of the span that a trace is; an observation may have the trace's own id."""
    return span_id_of(f"trace:{trace_id}")


# -- what both have in common -----------------------------------------------------------------


def _metadata(prefix: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{prefix}.{key}": item for key, item in value.items() if item is not None}
    return {} if value is None else {prefix: value}


def _attributes(told: dict[str, Any], names: dict[str, str], rest: str) -> dict[str, Any]:
    """In OpenTelemetry's spelling where there is one, else below `rest`."""
    return {names.get(key, rest + key): value for key, value in told.items() if key not in _PLACED}


def _resource(fragments: Sequence[Fragment]) -> Resource:
    sender = sender_of(fragments)
    told = {
        "langfuse.sdk.name": sender.get("sdk_name"),
        "langfuse.sdk.integration": sender.get("sdk_integration"),
    }
    return Resource(
        attributes=present(told),
        scope_name=SCOPE,
        scope_version=text(sender.get("sdk_version")),
    )


# -- traces ---------------------------------------------------------------------------------------


def _trace(foreign: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    created = events_of(fragments)
    seen = [span for fragment in fragments if (span := _seen(fragment))]
    items = [mapping(fragment.body) for fragment in fragments if fragment.kind == "run-item"]
    told = said(created)
    starts = [instant_ns(event.body.get("timestamp")) or event.at_ns for event in created]
    starts += [span[0] for span in seen]
    ends = [event.at_ns for event in created] + [span[1] for span in seen]
    if not created and not seen:
        # Its spans came by OpenTelemetry: this one only says that they are of an experiment.
        starts = ends = [_whole(item.get("at_ns")) for item in items]
    start_ns = min((at for at in starts if at > 0), default=0)
    if not start_ns:
        return []
    attributes = _attributes(told, _TRACE, "langfuse.body.")
    attributes |= _metadata("langfuse.trace.metadata", told.get("metadata"))
    attributes |= {"langfuse.trace.id": foreign} | _experiment(items)
    return [
        RawSpan(
            trace_id=trace_id_of(foreign),
            span_id=root_span_id(foreign),
            parent_span_id="" if created or seen else _linked_parent(items),
            name=text(told.get("name")) or _run_name(items) or "trace",
            start_ns=start_ns,
            end_ns=max(start_ns, *ends),
            attributes=attributes,
            resource=_resource(fragments),
        )
    ]


def _seen(fragment: Fragment) -> tuple[int, int] | None:
    """When a batch saw something in the trace."""
    match mapping(fragment.body).get("seen"):
        case [int(first), int(last)]:
            return first, last
    return None


def _whole(value: Any) -> int:
    return value if type(value) is int else 0


def _experiment(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What links to dataset items say of a trace: a run of this case, not production."""
    if not items:
        return {}
    names = sorted({f"experiment:{name}" for item in items if (name := text(item.get("run")))})
    return present(
        {
            "quarterdeck.experiment": True,
            "quarterdeck.case": min(identifier(item.get("item")) for item in items),
            "quarterdeck.tags": names,
            "langfuse.run_items": sorted({identifier(item.get("id")) for item in items}),
        }
    )


def _run_name(items: Sequence[dict[str, Any]]) -> str:
    return min((f"dataset run {text(item.get('run'))}".strip() for item in items), default="")


def _linked_parent(items: Sequence[dict[str, Any]]) -> str:
    linked = [found for item in items if (found := identifier(item.get("observation")))]
    return span_id_of(min(linked)) if linked else ""


# -- observations ---------------------------------------------------------------------------------


def _observation(foreign: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    events = events_of(fragments)
    told = said(events)
    trace_id = identifier(told.get("traceId")) or foreign
    start_ns = instant_ns(told.get("startTime")) or min((e.at_ns for e in events), default=0)
    if start_ns <= 0:
        return []
    kind = _kind(events, told)
    end_ns = start_ns if kind == "event" else instant_ns(told.get("endTime")) or 0
    parent = identifier(told.get("parentObservationId"))
    failed = text(told.get("level")).upper() == "ERROR"
    attributes = _attributes(_with_counts(told), _OBSERVATION, "langfuse.body.")
    attributes |= _metadata("langfuse.observation.metadata", told.get("metadata"))
    attributes |= {"langfuse.observation.id": foreign, "langfuse.trace.id": trace_id}
    attributes |= _meant(kind, told, events)
    if parent:
        attributes["langfuse.observation.parent_id"] = parent
    if not end_ns:
        attributes["quarterdeck.partial"] = True
    return [
        RawSpan(
            trace_id=trace_id_of(trace_id),
            span_id=span_id_of(foreign),
            parent_span_id=span_id_of(parent) if parent else root_span_id(trace_id),
            name=text(told.get("name")) or kind,
            start_ns=start_ns,
            end_ns=max(start_ns, end_ns) if end_ns else 0,
            status_code=2 if failed else 0,
            status_message=text(told.get("statusMessage")) if failed else "",
            attributes=attributes,
            resource=_resource(fragments),
        )
    ]


def _kind(events: Iterable[Event], told: dict[str, Any]) -> str:
    """A generation stays one whatever an update calls it; `observation` events name it inside."""
    types = {event.type for event in events} | {text(told.get("type")).lower()}
    specific = sorted(types - {"span", "observation", ""})
    return specific[0] if specific else "span"


_AGENT = re.compile(r"(?:(?:^|[\W_]|sub)agent|[a-z]Agent)$|^AgentExecutor$")
_TOOL = re.compile(r"^(?:tool[:.] ?|execute_tool )(.+)$", re.DOTALL)


def _meant(kind: str, told: dict[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """The type, and what only these generations of SDKs leave to be guessed."""
    name, metadata = text(told.get("name")), mapping(told.get("metadata"))
    if kind == "span":
        named = _TOOL.match(name)
        if named or metadata.get("tool_call_id"):
            tool = named[1] if named else name
            return {"langfuse.observation.type": "tool", "gen_ai.tool.name": tool}
        if metadata.get("agent_role") or metadata.get("agent_name") or _AGENT.search(name):
            return {"langfuse.observation.type": "agent"}
    models = [model for event in events if (model := text(event.body.get("model")))]
    asked: dict[str, Any] = {}
    if models and models[0] != models[-1]:
        # The wrapper of OpenAI's client writes the served model over the one asked for.
        asked = {"gen_ai.request.model": models[0], "gen_ai.response.model": models[-1]}
    return {"langfuse.observation.type": kind} | asked


_PARTS = ("input", "output", "total")
_OTHER_NAMES = {"promptTokens": "input", "completionTokens": "output", "totalTokens": "total"}
_COSTS = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}


def _with_counts(told: dict[str, Any]) -> dict[str, Any]:
    """`usage` is the older spelling of counts and costs; the newer ones win where both are."""
    usage = mapping(told.get("usage"))
    if not usage:
        return told
    added: dict[str, Any] = {}
    counted = {_OTHER_NAMES.get(key, key): value for key, value in usage.items()}
    counts = {part: counted[part] for part in _PARTS if counted.get(part) is not None}
    if counts and not told.get("usageDetails") and text(usage.get("unit")) in ("", "TOKENS"):
        added["usageDetails"] = counts
    costs = {to: usage[key] for key, to in _COSTS.items() if usage.get(key) is not None}
    if costs and not told.get("costDetails"):
        added["costDetails"] = costs
    return told | added
