"""
Items of `/traces/ingest` -> spans, spelled as OpenTelemetry's GenAI conventions do.

A span is sent once, when it ended, and stands alone.  The trace is sent when it *begins*, without
times, and alone knows the group (the session), the workflow's name and the metadata: it becomes
one span of kind `session` beside the others, which carries those and is never a step.

Everything of `span_data` stays under `openai_agents.…`; `turn` and `task` repeat the tokens of the
model calls below them, so they are no usage.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.model.spans import RawEvent, RawSpan, Resource
from quarterdeck.receive.wire import Fragment, Reading, span_id_of, trace_id_of

TRACE = "openai_traces:trace:"
OTHER = "openai_traces:other:"

_RESOURCE = Resource(scope_name="openai-agents")
_MAX_ITEMS = 10_000
"""The exporter sends 128 at once."""

_OPERATIONS = {
    "agent": "invoke_agent",
    "function": "execute_tool",
    "generation": "chat",
    "response": "chat",
    "handoff": "agent_handoff",
    "guardrail": "guardrail",
    "transcription": "transcription",
    "speech": "speech_generation",
}
_SPELLED = {
    ("agent", "name"): "gen_ai.agent.name",
    ("function", "name"): "gen_ai.tool.name",
    ("function", "input"): "gen_ai.tool.call.arguments",
    ("function", "output"): "gen_ai.tool.call.result",
    ("generation", "model"): "gen_ai.request.model",
    ("transcription", "model"): "gen_ai.request.model",
    ("speech", "model"): "gen_ai.request.model",
    ("response", "response_id"): "gen_ai.response.id",
    ("handoff", "from_agent"): "gen_ai.handoff.from_agent",
    ("handoff", "to_agent"): "gen_ai.handoff.to_agent",
}
"""(type, field of span_data) -> the attribute that conventions have for it."""


def read_items(items: Any, *, received_ns: int) -> Reading:
    """
    What a request's `data` says.

    A trace's time is the start of its first span in the same request, else when it came: the
    exporter sends it when it begins.  What has no id or no time is kept as it is.  Raises
    `Invalid` if it is no list.
    """
    if not isinstance(items, list) or len(items) > _MAX_ITEMS:
        raise Invalid(f"expected a list of at most {_MAX_ITEMS} traces and spans as `data`")
    spans: list[RawSpan] = []
    others: list[Fragment] = []
    objects = [item for item in items if isinstance(item, dict)]
    for number, item in enumerate(objects):
        if item.get("object") == "trace" and _id(item, "id"):
            continue
        span = _span_of(item) if item.get("object") == "trace.span" else None
        if span is not None:
            spans.append(span)
        else:
            name = OTHER + (_id(item, "id") or str(number))
            others.append(Fragment(object=name, kind="other", body=item))
    first = _first_starts(spans)
    traces = [
        Fragment(
            object=TRACE + item["id"],
            kind="trace",
            body=item,
            at_ns=first.get(openai_trace_id(item["id"]), received_ns),
        )
        for item in objects
        if item.get("object") == "trace" and _id(item, "id")
    ]
    return Reading(spans=tuple(spans), fragments=(*traces, *others))


def openai_trace_id(foreign: str) -> str:
    """`trace_<32 hex digits>` is the id itself."""
    return trace_id_of(foreign.removeprefix("trace_"))


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The span that tells what was said of a trace."""
    if not name.startswith(TRACE):
        return ()
    bodies = [one.body for one in fragments if isinstance(one.body, dict)]
    starts = [one.at_ns for one in fragments if one.at_ns > 0]
    if not bodies or not starts:
        return ()
    body = bodies[-1]
    foreign = name.removeprefix(TRACE)
    attributes: dict[str, Any] = {
        "quarterdeck.kind": "session",
        "quarterdeck.synthetic": True,
        "openai_agents.trace_id": foreign,
    }
    attributes |= {
        f"openai_agents.{key}": value
        for key, value in body.items()
        if key not in ("object", "id") and value is not None
    }
    workflow = body.get("workflow_name")
    return (
        RawSpan(
            trace_id=openai_trace_id(foreign),
            span_id=span_id_of(TRACE + foreign),
            name=workflow if isinstance(workflow, str) else "trace",
            start_ns=min(starts),
            end_ns=min(starts),
            attributes=attributes,
            resource=_RESOURCE,
        ),
    )


def _first_starts(spans: Iterable[RawSpan]) -> dict[str, int]:
    found: dict[str, int] = {}
    for span in spans:
        found[span.trace_id] = min(span.start_ns, found.get(span.trace_id, span.start_ns))
    return found


def _id(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _span_of(item: Mapping[str, Any]) -> RawSpan | None:
    foreign, trace = _id(item, "id"), _id(item, "trace_id")
    start_ns, end_ns = _instant(item.get("started_at")), _instant(item.get("ended_at"))
    start_ns = start_ns or end_ns
    if not foreign or not trace or not start_ns:
        return None
    told = item.get("span_data")
    data: dict[str, Any] = told if isinstance(told, dict) else {}
    parent = _id(item, "parent_id")
    failure, events = _failure_of(item.get("error"), end_ns)
    attributes = _attributes_of(item, data)
    if not end_ns:
        attributes["quarterdeck.partial"] = True
    return RawSpan(
        trace_id=openai_trace_id(trace),
        span_id=span_id_of(foreign),
        parent_span_id=span_id_of(parent) if parent else "",
        name=_name_of(data),
        start_ns=start_ns,
        end_ns=max(start_ns, end_ns) if end_ns else 0,
        status_code=0 if failure is None else 2,
        status_message=failure or "",
        attributes=attributes,
        events=events,
        resource=_RESOURCE,
    )


def _instant(value: Any) -> int:
    if not isinstance(value, str):
        return 0
    try:
        return max(0, from_rfc3339(value))
    except Invalid:
        return 0


def _name_of(data: Mapping[str, Any]) -> str:
    kind, name = _id(data, "type"), _id(data, "name")
    if kind == "handoff":
        return f"handoff to {_id(data, 'to_agent')}".strip()
    return name or kind


def _attributes_of(item: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    kind = _id(data, "type")
    found: dict[str, Any] = {
        "openai_agents.trace_id": item.get("trace_id"),
        "openai_agents.span_id": item.get("id"),
    }
    if kind in _OPERATIONS:
        found["gen_ai.operation.name"] = _OPERATIONS[kind]
    if kind == "response":
        found["gen_ai.provider.name"] = "openai"  # a call to the Responses API names no model
    for name, value in data.items():
        if value is not None:
            found[_SPELLED.get((kind, name), f"openai_agents.{name}")] = value
    metadata = item.get("metadata")
    if metadata is not None:
        found["openai_agents.metadata"] = metadata
    if item.get("error") is not None:
        found["openai_agents.error"] = item["error"]
    return found


def _failure_of(error: Any, end_ns: int) -> tuple[str | None, tuple[RawEvent, ...]]:
    """What failed, None if nothing did; the details of the SDK as an exception's message."""
    if error is None:
        return None, ()
    if not isinstance(error, dict):
        return str(error)[:10_000], ()
    message = _id(error, "message") or "error"
    data = error.get("data")
    detail = data.get("error") if isinstance(data, dict) else None
    if not isinstance(detail, str) or not detail or detail == message:
        return message, ()
    event = RawEvent(
        name="exception", time_ns=end_ns, attributes={"exception.message": f"{message}: {detail}"}
    )
    return f"{message}: {detail}", (event,)
