"""
Spans of a trace and of an observation, from all the events that told of them.

An event names only what it adds or changes: later words win, what was left out stays, metadata
and tags are united.  Langfuse's clients send what is here for a trace's beginning, so times may
be equal and an update may come first: a creation is older than an update of the same instant.

A trace is no observation, but it holds the session, the user and the question: it becomes the
root span.  Observations of these generations have two types, span and generation; what is a tool
or an agent is read from what the application wrote about it.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.normalize.attributes import as_json
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, present, text
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of

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


# -- what the events said together ----------------------------------------------------------------


def _in_order(fragments: Iterable[Fragment]) -> list[Fragment]:
    """By time; the rest of the order depends on what they say and never on their arrival."""
    found = sorted(fragments, key=_when)
    if all(_when(one) != _when(other) for one, other in pairwise(found)):
        return found  # writing every body as JSON would be most of the work
    return sorted(found, key=lambda fragment: (*_when(fragment), as_json(fragment.body)))


def _when(fragment: Fragment) -> tuple[int, bool]:
    return fragment.at_ns, fragment.kind.endswith("-update")


def _said(fragments: Iterable[Fragment]) -> dict[str, Any]:
    """The body that all events make; their times are in `_in_order`."""
    whole: dict[str, Any] = {}
    for fragment in fragments:
        body = mapping(mapping(mapping(fragment.body).get("event")).get("body"))
        for key, value in body.items():
            if value is None:
                continue
            known = whole.get(key)
            if isinstance(known, dict) and isinstance(value, dict) and key == "metadata":
                value = _united(known, value)
            elif key == "tags" and isinstance(known, list) and isinstance(value, list):
                value = [*known, *(tag for tag in value if tag not in known)]
            whole[key] = value
    return whole


def _united(known: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return {
        **known,
        **{
            key: _united(known[key], value)
            if isinstance(known.get(key), dict) and isinstance(value, dict)
            else value
            for key, value in added.items()
        },
    }


def _metadata(prefix: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{prefix}.{key}": item for key, item in value.items() if item is not None}
    return {} if value is None else {prefix: value}


def _attributes(said: dict[str, Any], names: dict[str, str], rest: str) -> dict[str, Any]:
    """In OpenTelemetry's spelling where there is one, else below `rest`."""
    return {names.get(key, rest + key): value for key, value in said.items() if key not in _PLACED}


def _resource(fragments: Sequence[Fragment]) -> Resource:
    """Who sent it.  Several SDKs may: the words of one, the same whatever came first."""
    senders = [mapping(mapping(fragment.body).get("sender")) for fragment in fragments]
    sender = senders[0] if senders else {}
    if any(other != sender for other in senders):
        sender = min((other for other in senders if other), key=as_json)
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
    ordered = _in_order(fragments)
    created = [f for f in ordered if f.kind == "trace-create"]
    seen = [mapping(f.body) for f in ordered if f.kind == "seen"]
    items = [mapping(f.body) for f in ordered if f.kind == "run-item"]
    said = _said(created)
    starts = [_instants(f, "timestamp") or f.at_ns for f in created]
    starts += [_whole(s.get("from_ns")) for s in seen]
    ends = [f.at_ns for f in created] + [_whole(s.get("until_ns")) for s in seen]
    if not created and not seen:
        # Its spans came by OpenTelemetry: this one only says that they are of an experiment.
        starts = ends = [_whole(item.get("at_ns")) for item in items]
    start_ns = min((at for at in starts if at > 0), default=0)
    if not start_ns:
        return []
    attributes = _attributes(said, _TRACE, "langfuse.body.")
    attributes |= _metadata("langfuse.trace.metadata", said.get("metadata"))
    attributes |= {"langfuse.trace.id": foreign} | _experiment(items)
    return [
        RawSpan(
            trace_id=trace_id_of(foreign),
            span_id=root_span_id(foreign),
            parent_span_id="" if created or seen else _linked_parent(items),
            name=text(said.get("name")) or _run_name(items) or "trace",
            start_ns=start_ns,
            end_ns=max(start_ns, *ends),
            attributes=attributes,
            resource=_resource(ordered),
        )
    ]


def _instants(fragment: Fragment, name: str) -> int | None:
    body = mapping(mapping(mapping(fragment.body).get("event")).get("body"))
    return instant_ns(body.get(name))


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
    ordered = _in_order(fragments)
    said = _said(ordered)
    trace_id = identifier(said.get("traceId")) or foreign
    start_ns = instant_ns(said.get("startTime")) or min((f.at_ns for f in ordered), default=0)
    if start_ns <= 0:
        return []
    kind = _kind(ordered, said)
    end_ns = start_ns if kind == "event" else instant_ns(said.get("endTime")) or 0
    parent = identifier(said.get("parentObservationId"))
    failed = text(said.get("level")).upper() == "ERROR"
    attributes = _attributes(_with_counts(said), _OBSERVATION, "langfuse.body.")
    attributes |= _metadata("langfuse.observation.metadata", said.get("metadata"))
    attributes |= {"langfuse.observation.id": foreign, "langfuse.trace.id": trace_id}
    if parent:
        attributes["langfuse.observation.parent_id"] = parent
    attributes |= _meant(kind, said, ordered)
    if not end_ns:
        attributes["quarterdeck.partial"] = True
    return [
        RawSpan(
            trace_id=trace_id_of(trace_id),
            span_id=span_id_of(foreign),
            parent_span_id=span_id_of(parent) if parent else root_span_id(trace_id),
            name=text(said.get("name")) or kind,
            start_ns=start_ns,
            end_ns=max(start_ns, end_ns) if end_ns else 0,
            status_code=2 if failed else 0,
            status_message=text(said.get("statusMessage")) if failed else "",
            attributes=attributes,
            resource=_resource(ordered),
        )
    ]


def _kind(fragments: Iterable[Fragment], said: dict[str, Any]) -> str:
    """A generation stays one whatever an update calls it; `observation` events name it inside."""
    told = {fragment.kind.rpartition("-")[0] for fragment in fragments} - {"observation"}
    told |= {text(said.get("type")).lower()} - {""}
    specific = sorted(told - {"span"})
    return specific[0] if specific else "span"


_AGENT = re.compile(r"(?:(?:^|[\W_]|sub)agent|[a-z]Agent)$|^AgentExecutor$")
_TOOL = re.compile(r"^(?:tool[:.] ?|execute_tool )(.+)$", re.DOTALL)


def _meant(kind: str, said: dict[str, Any], fragments: Sequence[Fragment]) -> dict[str, Any]:
    """The type, and what only these generations of SDKs leave to be guessed."""
    name, metadata = text(said.get("name")), mapping(said.get("metadata"))
    if kind == "span":
        named = _TOOL.match(name)
        if named or metadata.get("tool_call_id"):
            tool = named[1] if named else name
            return {"langfuse.observation.type": "tool", "gen_ai.tool.name": tool}
        if metadata.get("agent_role") or metadata.get("agent_name") or _AGENT.search(name):
            return {"langfuse.observation.type": "agent"}
    models = [
        model
        for fragment in fragments
        if (model := text(mapping(mapping(mapping(fragment.body).get("event")).get("body"))
                          .get("model")))
    ]  # fmt: skip
    asked: dict[str, Any] = {}
    if models and models[0] != models[-1]:
        # The wrapper of OpenAI's client writes the served model over the one asked for.
        asked = {"gen_ai.request.model": models[0], "gen_ai.response.model": models[-1]}
    return {"langfuse.observation.type": kind} | asked


_PARTS = ("input", "output", "total")
_OTHER_NAMES = {"promptTokens": "input", "completionTokens": "output", "totalTokens": "total"}
_COSTS = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}


def _with_counts(said: dict[str, Any]) -> dict[str, Any]:
    """`usage` is the older spelling of counts and costs; the newer ones win where both are."""
    usage = mapping(said.get("usage"))
    if not usage:
        return said
    added: dict[str, Any] = {}
    counted = {_OTHER_NAMES.get(key, key): value for key, value in usage.items()}
    counts = {part: counted[part] for part in _PARTS if counted.get(part) is not None}
    if counts and not said.get("usageDetails") and text(usage.get("unit")) in ("", "TOKENS"):
        added["usageDetails"] = counts
    costs = {to: usage[key] for key, to in _COSTS.items() if usage.get(key) is not None}
    if costs and not said.get("costDetails"):
        added["costDetails"] = costs
    return said | added
