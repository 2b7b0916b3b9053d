"""
Helicone's logs -> spans.

A log is one object, named by the request id that its client chose, so that feedback, scores and
properties find it, whichever comes first; without one, by what it says.  Its place in the session
is a path: each part is a span around what lies below it, made of what all those logs tell, with an
id that follows from the session and the path.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.model.instants import NS_PER_MS, NS_PER_S
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.provider_bodies import is_model_request, model_of
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.helicone.said import Said, helicone_headers, read_headers
from quarterdeck.receive.wires.helicone.scores import score_events
from quarterdeck.receive.wires.helicone.streams import TextBody, read_text_body

REQUEST, PATH = "helicone:request:", "helicone:path:"
LOG, WITHIN, PROPERTY = "log", "within", "property"
_MAX_NS = 2**63 - 1
_OPERATIONS = frozenset({"tool", "vector_db", "data"})
_FAILED = frozenset({"error", "failed", "failure"})
_CANCELLED = -3


def log_fragments(
    body: Mapping[str, Any], headers: Mapping[str, str], *, provider: str, received_ns: int
) -> tuple[Fragment, ...]:
    """A log, and for each part of its path what it tells of that part."""
    kept = {**body, "headers": helicone_headers(headers), "provider": provider}
    said = _said(kept)
    name = REQUEST + (said.request_id or digest(kept))
    found = [Fragment(object=name, kind=LOG, body=kept, at_ns=received_ns)]
    if said.session:
        start_ns, end_ns = _times(kept, received_ns)
        for depth, _ in enumerate(_around(said, kept), start=1):
            path = "/".join(said.path[:depth])
            within = {
                "session": said.session,
                "session_name": said.session_name,
                "user": said.user,
                "path": path,
                "start_ns": start_ns,
                "end_ns": end_ns,
            }
            found.append(Fragment(object=f"{PATH}{said.session}:{path}", kind=WITHIN, body=within))
    return tuple(found)


def build_log(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    """Nothing before the log itself came; of a log that was sent again, the last."""
    logs = [f for f in fragments if f.kind == LOG and isinstance(f.body, dict)]
    if not logs:
        return []
    body = logs[-1].body
    said = _said(body)
    start_ns, end_ns = _times(body, min(log.at_ns for log in logs))
    request, text = _request(body), _text_body(body)
    status, failure = _failure(body, text)
    around = _around(said, body) if said.session else ()
    key = name.removeprefix(REQUEST)
    properties = {**said.properties, **_later_properties(fragments)}
    attributes = {
        **said.attributes(),
        "helicone.type": _type(request),
        "helicone.request_id": key,
        "helicone.provider": body.get("provider"),
        "helicone.properties": properties or None,
        "helicone.request": request,
        "helicone.response": _response(body, text),
        "helicone.response_text": text.text or None,
        "helicone.status": _object(body.get("providerResponse")).get("status"),
        "helicone.url": _object(body.get("providerRequest")).get("url"),
        "helicone.meta": _object(body.get("providerRequest")).get("meta") or None,
        "helicone.headers": dict(said.headers) or None,
        "helicone.time_to_first_token_ms": _object(body.get("timing")).get("timeToFirstToken"),
        "quarterdeck.status": status or None,
        **{f"helicone.{name}": value for name, value in body.items() if name not in _READ},
    }
    return [
        RawSpan(
            trace_id=_trace_id(said.session, key),
            span_id=span_id_of("helicone:request:" + key),
            parent_span_id=path_span_id(said.session, around) if around else "",
            name=_name(request),
            start_ns=start_ns,
            end_ns=end_ns,
            status_code=2 if failure is not None else 1,
            status_message=failure or "",
            attributes={k: v for k, v in attributes.items() if v is not None},
            events=score_events(fragments),
        )
    ]


_READ = frozenset({"providerRequest", "providerResponse", "timing", "headers", "provider"})


def build_path(_name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    """A part of a session's path: from the first that began below it to the last that ended."""
    told = [f.body for f in fragments if f.kind == WITHIN and isinstance(f.body, dict)]
    if not told:
        return []
    first = min(told, key=lambda one: (one["start_ns"], one["user"], one["session_name"]))
    session, path = first["session"], tuple(first["path"].split("/"))
    said = Said(
        session=session,
        session_name=next((one["session_name"] for one in told if one["session_name"]), ""),
        user=next((one["user"] for one in told if one["user"]), ""),
        path=path,
    )
    return [
        RawSpan(
            trace_id=_trace_id(session, ""),
            span_id=path_span_id(session, path),
            parent_span_id=path_span_id(session, path[:-1]) if path[:-1] else "",
            name=path[-1],
            start_ns=first["start_ns"],
            end_ns=max(one["end_ns"] for one in told),
            attributes={**said.attributes(), "helicone.type": "path"},
        )
    ]


def path_span_id(session: str, path: Sequence[str]) -> str:
    return span_id_of(f"helicone:path:{session}:{'/'.join(path)}")


def _trace_id(session: str, key: str) -> str:
    return trace_id_of(f"helicone:session:{session}" if session else f"helicone:request:{key}")


def _around(said: Said, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts that lie around a log: all of its path, but for a tool that names itself there."""
    request = _request(body)
    named = request.get("toolName") or request.get("name")
    if said.path and _type(request) in _OPERATIONS and said.path[-1] == named:
        return said.path[:-1]
    return said.path


# ------------------------------------------------------------------------------- reading


def _said(body: Mapping[str, Any]) -> Said:
    return read_headers(
        _object(body.get("headers")),
        _object(_object(body.get("providerRequest")).get("meta")),
        _object(_object(body.get("providerResponse")).get("headers")),
    )


def _request(body: Mapping[str, Any]) -> dict[str, Any]:
    return _object(_object(body.get("providerRequest")).get("json"))


def _text_body(body: Mapping[str, Any]) -> TextBody:
    text = _object(body.get("providerResponse")).get("textBody")
    return read_text_body(text) if isinstance(text, str) and text else TextBody()


def _response(body: Mapping[str, Any], text: TextBody) -> Any:
    given = _object(body.get("providerResponse")).get("json")
    return given or text.response


def _type(request: Mapping[str, Any]) -> str:
    told = request.get("_type")
    if isinstance(told, str) and told in _OPERATIONS:
        return told
    return "llm" if is_model_request(request) or model_of(request) else "call"


def _name(request: Mapping[str, Any]) -> str:
    match _type(request):
        case "tool":
            named = request.get("toolName")
        case "vector_db":
            named = f"vector_db {request.get('operation') or ''}".strip()
        case "data":
            named = request.get("name")
        case "llm":
            named = f"chat {model_of(request) or ''}".strip()
        case _:
            named = None
    return str(named)[:200] if named else "log"


def _failure(body: Mapping[str, Any], text: TextBody) -> tuple[str, str | None]:
    """(our word for how it ended where it was not an error, what went wrong or None)."""
    response = _object(body.get("providerResponse"))
    status = response.get("status")
    if status == _CANCELLED:
        return "cancelled", None
    if text.error:
        return "", text.error
    answer = _object(response.get("json"))
    error = answer.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    message = message if isinstance(message, str) else answer.get("message")
    said = message if isinstance(message, str) else ""
    if isinstance(status, int | float) and not isinstance(status, bool) and not 0 <= status < 400:
        return "", said or text.text[:500] or f"HTTP {int(status)}"
    is_operation = _type(_request(body)) in _OPERATIONS
    if is_operation and str(answer.get("status") or "").lower() in _FAILED:
        return "", said
    return "", None


def _later_properties(fragments: Sequence[Fragment]) -> dict[str, Any]:
    found = {}
    for fragment in fragments:
        body = fragment.body
        if fragment.kind == PROPERTY and isinstance(body, dict):
            key = body.get("key")
            if isinstance(key, str) and key:
                found[key.lower()] = body.get("value")
    return found


def _times(body: Mapping[str, Any], received_ns: int) -> tuple[int, int]:
    timing = _object(body.get("timing"))
    start_ns, end_ns = _instant(timing.get("startTime")), _instant(timing.get("endTime"))
    start_ns = start_ns or end_ns or received_ns
    return start_ns, max(end_ns or start_ns, start_ns)


def _instant(told: object) -> int:
    parts = _object(told)
    found = (
        _number(parts.get("seconds")) * NS_PER_S + _number(parts.get("milliseconds")) * NS_PER_MS
    )
    return int(found) if 0 < found <= _MAX_NS else 0


def _number(value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return value if math.isfinite(value) else 0


def digest(said: object) -> str:
    canonical = msgspec.json.encode(said, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:32]


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
