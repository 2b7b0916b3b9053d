"""
Spans by Phoenix's REST: written one by one, and read back by their project.

A project of Phoenix is a word in the sender's resource; whose data it is says the key alone.
"""

import json
import re
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawEvent, RawSpan, Resource
from quarterdeck.receive.wire import Call, Desk, Reading, Reply
from quarterdeck.receive.wires.phoenix.json_values import (
    instant_ns,
    instant_text,
    items,
    mapping,
    page_asked,
    text,
)
from quarterdeck.receive.wires.phoenix.node_ids import node_id, own_id_or_none

_PROJECT = "openinference.project.name"
_KIND = "openinference.span.kind"
_MAX_AT_ONCE = 10_000
_LOOKED_AT_ONCE = 200
_MAX_LOOKED_AT = 5_000
"""Spans that a filter may pass over before a page is given back as it is."""
_END_OF_TIME_NS = 2**63 - 1
_STATUSES = {"OK": 1, "ERROR": 2}
_CODES = ("UNSET", "OK", "ERROR")
_ID = re.compile(r"(?:0x)?([0-9a-f]{16}|[0-9a-f]{32})", re.IGNORECASE)


# --------------------------------------------------------------------------- what is said


async def put(call: Call, desk: Desk) -> Reply:
    told = call.object().get("data")
    if not isinstance(told, list) or len(told) > _MAX_AT_ONCE:
        raise Invalid(f"data is a list of at most {_MAX_AT_ONCE} spans")
    project = project_name(call.path["project"])
    spans = tuple(read_span(mapping(one), project) for one in told)
    await desk.keep(Reading(spans=spans))
    return Reply(status=202, body={"total_received": len(spans), "total_queued": len(spans)})


def project_name(given: str) -> str:
    """A project is named by its name or by its id, which holds it."""
    return own_id_or_none("Project", given) or given


def read_span(told: dict[str, Any], project: str) -> RawSpan:
    """Raises `Invalid` for a span without ids."""
    context = mapping(told.get("context"))
    trace_id, span_id = _hex(context.get("trace_id"), 32), _hex(context.get("span_id"), 16)
    if not trace_id or not span_id:
        raise Invalid("a span needs context.trace_id and context.span_id in hex digits")
    attributes = _flat(mapping(told.get("attributes")))
    kind = text(told.get("span_kind"))
    if kind:
        attributes.setdefault(_KIND, kind)
    return RawSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=_hex(told.get("parent_id"), 16),
        name=text(told.get("name")),
        start_ns=instant_ns(told.get("start_time")),
        end_ns=instant_ns(told.get("end_time")),
        status_code=_STATUSES.get(text(told.get("status_code")).upper(), 0),
        status_message=text(told.get("status_message")),
        attributes=attributes,
        events=tuple(_event(mapping(one)) for one in items(told.get("events"))),
        resource=Resource(attributes={_PROJECT: project}),
    )


def _hex(value: Any, length: int) -> str:
    found = _ID.fullmatch(text(value))
    return found[1].lower() if found and len(found[1]) == length else ""


def _flat(attributes: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Dotted keys, as OTLP has them; the client may send them as a tree."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and value and name != "metadata":
            found |= _flat(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            numbered = {str(place): one for place, one in enumerate(value)}
            found |= _flat(numbered, f"{name}.")
        else:
            found[name] = value
    return found


def _event(told: dict[str, Any]) -> RawEvent:
    return RawEvent(
        name=text(told.get("name")),
        time_ns=instant_ns(told.get("timestamp")),
        attributes=mapping(told.get("attributes")),
    )


# --------------------------------------------------------------------------- what is asked


async def list_spans(call: Call, desk: Desk) -> Reply:
    """Roots first, then the newest, filtered as the client asks.  A page may be shorter."""
    first, most = page_asked(call, 100)
    project = project_name(call.path["project"])
    since_ns = instant_ns(call.one("start_time"))
    until_ns = instant_ns(call.one("end_time")) or _END_OF_TIME_NS
    await desk.settled()
    shown: list[RawSpan] = []
    looked = 0
    while len(shown) < most and looked < _MAX_LOOKED_AT:
        found = await desk.newest(
            since_ns=since_ns,
            until_ns=until_ns,
            most=_LOOKED_AT_ONCE,
            after=first + looked,
            resource_attribute=(_PROJECT, "" if project == "default" else project),
        )
        for span in found:
            looked += 1
            if _fits(span, call, project):
                shown.append(span)
                if len(shown) == most:
                    break
        if len(found) < _LOOKED_AT_ONCE:
            break
    more = len(shown) == most or looked >= _MAX_LOOKED_AT
    return Reply(
        body={
            "data": [span_answer(span) for span in shown],
            "next_cursor": str(first + looked) if more else None,
        }
    )


def _fits(span: RawSpan, call: Call, project: str) -> bool:
    told = span.resource.attributes.get(_PROJECT)
    if (told or "default") != project:
        return False
    asked = call.query
    kind = str(span.attributes.get(_KIND) or "UNKNOWN").upper()
    code = _CODES[span.status_code if span.status_code in (1, 2) else 0]
    tests = (
        ("trace_id", span.trace_id),
        ("span_id", span.span_id),
        ("name", span.name),
        ("span_kind", kind),
        ("status_code", code),
    )
    if any(asked.get(name) and value not in asked[name] for name, value in tests):
        return False
    # Asked for the parent "null", the client means roots.
    parent = asked.get("parent_id")
    if parent and span.parent_span_id not in {"" if one == "null" else one for one in parent}:
        return False
    return all(_has(span, one) for one in asked.get("attribute", ()))


def _has(span: RawSpan, asked: str) -> bool:
    """`key:value`, where the value is told as JSON would: a quoted text is a text."""
    key, _, value = asked.partition(":")
    found = span.attributes.get(key)
    try:
        wanted = json.loads(value)
    except ValueError:
        wanted = value
    return bool(found == wanted and isinstance(found, bool) == isinstance(wanted, bool))


def span_answer(span: RawSpan) -> dict[str, Any]:
    kind = str(span.attributes.get(_KIND) or "UNKNOWN").upper()
    return {
        "id": node_id("Span", span.span_id),
        "name": span.name,
        "context": {"trace_id": span.trace_id, "span_id": span.span_id},
        "span_kind": kind,
        "parent_id": span.parent_span_id or None,
        "start_time": instant_text(span.start_ns),
        "end_time": instant_text(span.end_ns or span.start_ns),
        "status_code": _CODES[span.status_code if span.status_code in (1, 2) else 0],
        "status_message": span.status_message,
        "attributes": {
            key: value
            for key, value in span.attributes.items()
            if key != _KIND and not key.startswith("quarterdeck.")
        },
        "events": [
            {
                "name": event.name,
                "timestamp": instant_text(event.time_ns),
                "attributes": event.attributes,
            }
            for event in span.events
        ],
    }
