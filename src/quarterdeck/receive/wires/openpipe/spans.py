"""
OpenPipe's reports -> spans.

A call is one object, named by the provider's id of its answer, so that tags which are added to a
`completionId` find it, whichever comes first.  A call without an answer is named by what was
reported of it.  There are no parents and no ids of traces: each call is a trace of its own, and
the session that its metadata or tags name holds the calls together.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.model.instants import NS_PER_MS
from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.normalize.provider_bodies import model_of, response_id_of
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.openpipe.scores import score_events

CALL = "openpipe:call:"
REPORT, UPDATE, INDEX = "report", "update", "index"
_MAX_NS = 2**63 - 1
_INDEXED = ("id", "key", "uuid")
"""Names that end so name something: what updates filter by, and few calls share."""
_MAX_INDEXED = 8


def call_object(completion_id: str) -> str:
    return CALL + completion_id


def report_fragments(body: Mapping[str, Any], *, api: str) -> tuple[Fragment, ...]:
    """A reported call, and by which of its metadata it can be found for an update."""
    said = {**body, "api": api}
    name = call_object(response_id_of(body.get("respPayload")) or digest(said))
    found = [Fragment(object=name, kind=REPORT, body=said)]
    found.extend(
        Fragment(object=name, kind=INDEX, body=None, collection=collection)
        for collection in _collections(said)
    )
    return tuple(found)


def by_field(field: str, value: object) -> str:
    """The collection of the calls that a filter on this field matches."""
    return f"openpipe:by:{field[:100]}={str(value)[:200]}"


def is_indexed(field: str) -> bool:
    holder, _, name = field.partition(".")
    return holder in ("tags", "metadata") and name.lower().endswith(_INDEXED)


def _collections(said: Mapping[str, Any]) -> list[str]:
    holders = (("metadata", _metadata(said)), ("tags", _object(said.get("tags"))))
    found = [
        by_field(f"{holder}.{name}", value)
        for holder, values in holders
        for name, value in values.items()
        if is_indexed(f"{holder}.{name}") and isinstance(value, str | int | float) and value != ""
    ]
    return found[:_MAX_INDEXED]


def build(_name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    """A span for each time that this call was reported, with all that was said of it since."""
    reports: dict[str, Mapping[str, Any]] = {}
    updates = []
    for fragment in fragments:
        body = fragment.body
        if fragment.kind == REPORT and isinstance(body, dict):
            reports.setdefault(digest(body), body)
        elif fragment.kind == UPDATE and isinstance(body, dict):
            updates.append((fragment.at_ns, body))
    return [
        _span(key, body, [said for _, said in updates], score_events(updates))
        for key, body in reports.items()
    ]


def _span(
    key: str,
    body: Mapping[str, Any],
    updates: Sequence[Mapping[str, Any]],
    scores: tuple[RawEvent, ...],
) -> RawSpan:
    request, response = body.get("reqPayload"), body.get("respPayload")
    tags, metadata = dict(_object(body.get("tags"))), dict(_metadata(body))
    for update in updates:
        for holder, name in ((tags, "tags"), (metadata, "metadata")):
            for said, value in _object(update.get(name)).items():
                if value is None or value == "null":
                    holder.pop(said, None)
                else:
                    holder[said] = value
    start_ns, end_ns = _instant(body.get("requestedAt")), _instant(body.get("receivedAt"))
    start_ns = start_ns or end_ns
    status = body.get("statusCode")
    message = body.get("errorMessage")
    failed = bool(message) or _is_failure(status)
    attributes: dict[str, Any] = {
        "openpipe.kind": "llm",
        "openpipe.api": body.get("api"),
        "openpipe.request": request,
        "openpipe.response": response,
        "openpipe.status_code": status,
        "openpipe.tags": tags,
        "openpipe.metadata": metadata,
        **{f"openpipe.{name}": value for name, value in body.items() if name not in _READ},
    }
    if body.get("api") == "anthropic":
        attributes["gen_ai.provider.name"] = "anthropic"
    return RawSpan(
        trace_id=trace_id_of("openpipe:" + key),
        span_id=span_id_of("openpipe:" + key),
        name=f"chat {model_of(request) or model_of(response) or ''}".strip(),
        start_ns=start_ns,
        end_ns=max(end_ns, start_ns),
        status_code=2 if failed else 1,
        status_message=message if isinstance(message, str) else "",
        attributes={name: value for name, value in attributes.items() if value is not None},
        events=scores,
    )


_READ = frozenset({
    "api", "reqPayload", "respPayload", "statusCode", "errorMessage", "tags", "metadata",
    "requestedAt", "receivedAt",
})  # fmt: skip


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    """Of an OpenAI call in its request, of an Anthropic one beside it."""
    return {**_object(_object(body.get("reqPayload")).get("metadata")),
            **_object(body.get("metadata"))}  # fmt: skip


def digest(said: object) -> str:
    """The same for equal JSON, whatever the order of its members."""
    canonical = msgspec.json.encode(said, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:32]


def _instant(milliseconds: object) -> int:
    if not isinstance(milliseconds, int | float) or not 0 < milliseconds < _MAX_NS / NS_PER_MS:
        return 0
    return int(milliseconds * NS_PER_MS)


def _is_failure(status: object) -> bool:
    return isinstance(status, int | float) and not 200 <= status < 400


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
