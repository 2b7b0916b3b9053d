"""
What Portkey's SDK posts to /logs -> spans: three forms of one object, alone or in a list.

* A log that an application writes of a call of its own: request, response, and ids in `metadata`.
  It has no time but `response_time`; so it is an object, whose first arrival tells when it was.
* What the LangChain callback gathered of a run: ids and `start_time` beside request and response.
* A span of OpenTelemetry that `instrumentation=True` packs as a log: unpacked, it is that span.

An item without a trace belongs to that of the header `x-portkey-trace-id`; without one it is a
trace of its own.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_MS, NS_PER_S, from_rfc3339
from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource
from quarterdeck.normalize.provider_bodies import error_of, is_model_request, model_of
from quarterdeck.receive.wire import Fragment, Reading, span_id_of, trace_id_of

_LOG = "portkey:log:"
_MAX_NS = 2**63 - 1
_MAX_ITEMS = 10_000
_TRACE_NAMES = ("trace_id", "traceId")


def read_logs(payload: Any, headers: Mapping[str, str], *, received_ns: int) -> Reading:
    """Raises `Invalid` where there is no log at all; an odd log among others is kept as it can."""
    items = payload if isinstance(payload, list) else [payload]
    if not items or not all(isinstance(item, dict) for item in items) or len(items) > _MAX_ITEMS:
        raise Invalid("a log is an object, or a list of at most 10,000 objects")
    spans, fragments = [], []
    for item in items:
        if _metadata(item).get("_logType") == "opentelemetry":
            spans.append(_otel_span(item))
        elif _instant(item.get("start_time"), NS_PER_S):
            spans.append(_timed_span(item, headers))
        else:
            said = {"item": item, "headers": _said_in(headers)}
            trace, span = _ids(item, said["headers"])
            fragments.append(
                Fragment(object=f"{_LOG}{trace}:{span}", kind="log", body=said, at_ns=received_ns)
            )
    return Reading(spans=tuple(spans), fragments=tuple(fragments))


def build(_name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    """
    A log by hand: sent again it stays where it first was.  Of several that share their ids the
    last is taken, since that one corrects the others.
    """
    logs = [f for f in fragments if isinstance(f.body, dict)]
    if not logs:
        return []
    said = logs[-1].body
    item = said.get("item")
    if not isinstance(item, dict):
        return []
    headers = said.get("headers")
    end_ns = min(log.at_ns for log in logs)
    took_ns = _milliseconds(_object(item.get("response")).get("response_time"))
    start_ns = max(end_ns - took_ns, 0)
    return [_span(item, headers if isinstance(headers, dict) else {}, start_ns, end_ns)]


_STAMPED = (("session.id", ("session_id", "sessionId", "_session")), ("user.id", ("_user",)))


def otlp_stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Session and user of spans that come by OTLP, where only the metadata header names them."""
    metadata = _object(_said_in(headers).get("metadata"))
    found = {}
    for attribute, names in _STAMPED:
        told = (metadata.get(name) for name in names)
        value = next((one for one in told if isinstance(one, str) and one), "")
        if value:
            found[attribute] = value
    return found


def _said_in(headers: Mapping[str, str]) -> dict[str, Any]:
    """What Portkey's headers say of a log that does not say it itself."""
    try:
        metadata = json.loads(headers.get("x-portkey-metadata") or "{}")
    except ValueError:
        metadata = {}
    found = {
        "metadata": metadata if isinstance(metadata, dict) else {},
        "trace_id": headers.get("x-portkey-trace-id", ""),
        "provider": headers.get("x-portkey-provider", ""),
    }
    return {name: value for name, value in found.items() if value}


# ----------------------------------------------------------------------- logs, timed or not


def _timed_span(item: Mapping[str, Any], headers: Mapping[str, str]) -> RawSpan:
    start_ns = _instant(item.get("start_time"), NS_PER_S)
    end_ns = _instant(item.get("end_time"), NS_PER_S)
    if not end_ns:
        response = _object(item.get("response"))
        end_ns = start_ns + _milliseconds(response.get("response_time"))
    return _span(item, _said_in(headers), start_ns, max(end_ns, start_ns))


def _span(
    item: Mapping[str, Any], headers: Mapping[str, Any], start_ns: int, end_ns: int
) -> RawSpan:
    trace, span = _ids(item, headers)
    metadata = {**_object(headers.get("metadata")), **_metadata(item)}
    request, response = _object(item.get("request")), _object(item.get("response"))
    asked = request.get("body")
    kind = _kind(request, metadata)
    status = response.get("status")
    failure = _failure(response, status)
    attributes = {
        "portkey.kind": kind,
        "portkey.trace_id": trace,
        "portkey.span_id": span,
        "portkey.metadata": metadata,
        "portkey.request": asked,
        "portkey.request.provider": request.get("provider") or headers.get("provider"),
        "portkey.response": response.get("body"),
        "portkey.response.status": status,
        **{
            f"portkey.{holder}.{name}": value
            for holder, said in (("request", request), ("response", response))
            for name, value in said.items()
            if name not in ("body", "provider", "status")
        },
        **{f"portkey.{name}": value for name, value in item.items() if name not in _READ},
    }
    return RawSpan(
        trace_id=trace_id_of(trace),
        span_id=span_id_of(span),
        parent_span_id=_parent(item, metadata),
        name=_name(item, request, metadata, kind),
        start_ns=start_ns,
        end_ns=end_ns,
        status_code=2 if failure is not None else 1,
        status_message=failure or "",
        attributes={name: value for name, value in attributes.items() if value is not None},
    )


_READ = frozenset({
    "request", "response", "metadata", "trace_id", "span_id", "parent_span_id", "start_time",
    "end_time",
})  # fmt: skip


def _ids(item: Mapping[str, Any], headers: Mapping[str, Any]) -> tuple[str, str]:
    """As the client spells them; made of the log's content where it has none."""
    metadata = _metadata(item)
    own = _digest(item)
    trace = _first_text(item, metadata, *_TRACE_NAMES) or str(headers.get("trace_id") or "")
    span = _first_text(item, metadata, "span_id", "spanId")
    return trace or f"portkey:{own}", span or own


def _parent(item: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    parent = _first_text(item, metadata, "parent_span_id", "parentSpanId")
    return span_id_of(parent) if parent and parent != "None" else ""


def _kind(request: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """In the words of `source_metadata`, which the LangChain callback writes."""
    told = metadata.get("source_metadata")
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            told = None
    if isinstance(told, dict) and isinstance(told.get("type"), str):
        return str(told["type"])
    if str(request.get("provider") or "").lower() in ("tool", "tools", "function"):
        return "tool"
    asked = request.get("body")
    return "llm" if is_model_request(asked) else "call"


def _name(
    item: Mapping[str, Any], request: Mapping[str, Any], metadata: Mapping[str, Any], kind: str
) -> str:
    named = _first_text(item, metadata, "span_name", "spanName")
    if not named and kind == "llm":
        named = f"chat {model_of(request.get('body')) or ''}".strip()
    if not named:
        url = request.get("url")
        named = url.rstrip("/").rsplit("/", 1)[-1] if isinstance(url, str) else ""
    return named or "log"


def _failure(response: Mapping[str, Any], status: object) -> str | None:
    """What went wrong, "" if only that something did, None if nothing did."""
    if not isinstance(status, int | float) or 200 <= status < 400:
        output = response.get("output")
        if isinstance(output, dict) and output.get("status") == "error":
            content = output.get("content")
            return content if isinstance(content, str) else ""
        return None
    return error_of(response.get("body"))[1] or f"HTTP {int(status)}"


# ------------------------------------------------------------------- packed OpenTelemetry

_OTLP_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_OTLP_STATUS = {"UNSET": 0, "OK": 1, "ERROR": 2}


def _otel_span(item: Mapping[str, Any]) -> RawSpan:
    """The span under its own ids: Portkey's trace id is a hash of it, which nobody else knows."""
    metadata = _metadata(item)
    packed = _object(_object(item.get("request")).get("body"))
    context = _object(packed.get("context"))
    trace = _hex(context.get("trace_id")) or str(metadata.get("traceId") or _digest(item))
    span = _hex(context.get("span_id")) or _number_id(metadata.get("spanId")) or _digest(item)
    parent = _hex(packed.get("parent_id")) or _number_id(metadata.get("parentSpanId"))
    status = _object(packed.get("status"))
    resource = _object(packed.get("resource"))
    start_ns = _whole(metadata.get("startTime")) or _iso(packed.get("start_time"))
    end_ns = _whole(metadata.get("endTime")) or _iso(packed.get("end_time"))
    return RawSpan(
        trace_id=trace_id_of(trace),
        span_id=span_id_of(span),
        parent_span_id=span_id_of(parent) if parent else "",
        name=str(packed.get("name") or metadata.get("spanName") or ""),
        otlp_kind=_OTLP_KINDS.get(str(packed.get("kind") or "").rpartition(".")[2], 0),
        start_ns=start_ns,
        end_ns=max(end_ns, start_ns),
        status_code=_OTLP_STATUS.get(str(status.get("status_code") or ""), 0),
        status_message=str(status.get("description") or ""),
        attributes={**_object(packed.get("attributes")), "portkey.metadata": metadata},
        events=tuple(
            RawEvent(
                name=str(event.get("name") or ""),
                time_ns=_iso(event.get("timestamp")),
                attributes=_object(event.get("attributes")),
            )
            for event in _objects(packed.get("events"))
        ),
        links=tuple(
            RawLink(
                trace_id=trace_id_of(_hex(_object(link.get("context")).get("trace_id"))),
                span_id=_hex(_object(link.get("context")).get("span_id")),
                attributes=_object(link.get("attributes")),
            )
            for link in _objects(packed.get("links"))
            if _hex(_object(link.get("context")).get("trace_id"))
        ),
        resource=Resource(attributes=_object(resource.get("attributes"))),
    )


def _hex(value: object) -> str:
    """`0x1f…` without its prefix; "" for what is none."""
    spelled = value.removeprefix("0x").lower() if isinstance(value, str) else ""
    return spelled if spelled and all(c in "0123456789abcdef" for c in spelled) else ""


def _number_id(value: object) -> str:
    return f"{value:016x}" if isinstance(value, int) and 0 < value < 2**64 else ""


# ------------------------------------------------------------------------------- reading


def _metadata(item: Mapping[str, Any]) -> dict[str, Any]:
    return _object(item.get("metadata"))


def _first_text(item: Mapping[str, Any], metadata: Mapping[str, Any], *names: str) -> str:
    for holder in (item, metadata):
        for name in names:
            value = holder.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


def _instant(value: object, unit_ns: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if not math.isfinite(value) or not 0 < value < _MAX_NS / unit_ns:
        return 0
    return int(value * unit_ns)


def _milliseconds(value: object) -> int:
    """A duration; the LangChain callback writes "0137"."""
    if isinstance(value, str):
        value = float(value) if value.strip().isdigit() and len(value) < 12 else 0
    return _instant(value, NS_PER_MS)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 < value <= _MAX_NS else 0


def _iso(value: object) -> int:
    try:
        return from_rfc3339(value) if isinstance(value, str) else 0
    except Invalid:
        return 0


def _digest(said: object) -> str:
    canonical = msgspec.json.encode(said, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:32]


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
