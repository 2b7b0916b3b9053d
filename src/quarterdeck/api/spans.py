"""
Spans: pages of a session's tree without payloads, and one span with everything that was sent.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.spans import SpanPage, SpanShown
from quarterdeck.api.bodies import answer
from quarterdeck.api.pages import next_cursor, read_cursor
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.sessions import check_id, find_session
from quarterdeck.errors import NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.deltas import with_whole_inputs
from quarterdeck.normalize.normalize import explain, lift, read_content
from quarterdeck.storage.events import span_reads
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.span_reads import SpanPlace, StoredSpan

router = guarded_router("sessions")

_HASHES = ("input_hash", "last_message_hash", "output_hash", "arguments_hash")
_SAFE_INTEGER = 2**53  # what JavaScript's numbers hold exactly


@router.get(
    "/sessions/{session_id}/spans",
    summary="The session's spans, without payloads",
    responses={200: {"model": SpanPage}},
)
@allow(READ)
async def of_session(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=50_000)] = 1000,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    return answer(request, await asyncio.to_thread(_page, parts, who, session_id, limit, cursor))


def _page(parts: Parts, who: Principal, session_id: str, limit: int, cursor: str) -> dict[str, Any]:
    session = find_session(parts, who, session_id)
    belongs_to = f"{who.project_id}/{session.session_id}"
    place = read_cursor(cursor, "spans", belongs_to, kinds=(int, str, str))
    page = span_reads.span_page(
        parts.events,
        scope_of(parts, who),
        session.trace_ids,
        limit=limit,
        after=SpanPlace(*place) if place else None,
    )
    return {
        "session_id": session.session_id,
        "total": session.span_count,
        "spans": [_row(span) for span in page.spans],
        "next_cursor": next_cursor("spans", belongs_to, *page.after) if page.after else None,
    }


@router.get(
    "/spans/{trace_id}/{span_id}",
    summary="One span with its payload, as sent and as read",
    responses={200: {"model": SpanShown}},
)
@allow(READ)
async def show(request: Request, trace_id: str, span_id: str, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_span, parts, who, trace_id, span_id))


def _span(parts: Parts, who: Principal, trace_id: str, span_id: str) -> dict[str, Any]:
    check_id(trace_id)
    check_id(span_id)
    scope = scope_of(parts, who)
    found = read_spans(parts, scope, [(trace_id, span_id)])
    if not found or found[0].raw.start_ns < scope.floor_ns:
        raise NotFound(f"no span {span_id!r} in trace {trace_id!r} in this project")
    stored = found[0]
    return {
        "span": facts_of(stored.span),
        "content": plain(msgspec.to_builtins(read_content(whole(parts, scope, found)[0]))),
        "raw": raw_of(stored.raw),
        "explain": explain(stored.raw),
        "received_at": to_rfc3339(stored.received_ns),
    }


def read_spans(
    parts: Parts, scope: ProjectScope, keys: Sequence[tuple[str, str]]
) -> list[StoredSpan]:
    """With the log records that belong to them, whichever came first."""
    return with_lifted(parts, scope, span_reads.stored_spans(parts.events, scope, keys))


def with_lifted(
    parts: Parts, scope: ProjectScope, stored: Sequence[StoredSpan]
) -> list[StoredSpan]:
    if not span_reads.has_lifted(parts.events, scope):
        return list(stored)
    keys = [(one.span.trace_id, one.span.span_id) for one in stored]
    lifted = span_reads.lifted_events(parts.events, scope, keys)
    return [
        one._replace(raw=lift(one.raw, events))
        if (events := lifted.get((one.span.trace_id, one.span.span_id)))
        else one
        for one in stored
    ]


def whole(parts: Parts, scope: ProjectScope, stored: Sequence[StoredSpan]) -> list[RawSpan]:
    """Their raw spans for reading content: inputs that were sent as changes are made whole."""
    return with_whole_inputs(
        [one.raw for one in stored],
        lambda keys: (one.raw for one in read_spans(parts, scope, keys)),
    )


def _row(span: Span) -> dict[str, Any]:
    """A line of the tree: what tells a span from its neighbors.  Written out by hand, since a
    page has up to 50,000."""
    row: dict[str, Any] = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name or span.span_name,
        "kind": span.kind,
        "status": span.status,
        "start_ns": str(span.start_ns),
        "end_ns": None if span.end_ns is None else str(span.end_ns),
    }
    if span.agent:
        row["agent"] = span.agent
    if span.tool:
        row["tool"] = span.tool
    if span.model_served or span.model_requested:
        row["model"] = span.model_served or span.model_requested
    if span.usage is not None:
        row["input_tokens"] = span.usage.input_tokens
        row["output_tokens"] = span.usage.output_tokens
    if span.charge is not None and span.charge.usd is not None:
        row["cost_usd"] = f"{span.charge.usd:f}"
    if span.error_type or span.error_message:
        row["error"] = span.error_type or span.error_message
    if span.partial:
        row["partial"] = True
    return row


def facts_of(span: Span) -> dict[str, Any]:
    """The span in our words.  Fields that nobody told are left out."""
    facts: dict[str, Any] = plain_of(span)
    for name in _HASHES:
        facts.pop(name, None)
    facts.setdefault("kind", span.kind)
    facts.setdefault("status", span.status)
    facts["started_at"] = to_rfc3339(span.start_ns)
    facts["ended_at"] = None if span.end_ns is None else to_rfc3339(span.end_ns)
    facts["cost_usd"] = (
        None if span.charge is None or span.charge.usd is None else f"{span.charge.usd:f}"
    )
    return facts


def raw_of(raw: RawSpan) -> dict[str, Any]:
    """As sent, in OTLP's words."""
    sent: dict[str, Any] = plain(msgspec.to_builtins(raw))
    return sent


def plain_of(value: msgspec.Struct) -> Any:
    """`plain` of all its fields, money without an exponent: `str` of a tenth of a microdollar is
    `1E-7`."""
    return plain(msgspec.to_builtins(value, builtin_types=(Decimal,)))


def plain(value: Any, *, name: str = "") -> Any:
    """
    JSON that every reader reads alike: nanoseconds, and integers that JavaScript would round,
    as digits in a string.
    """
    match value:
        case bool() | None | float() | str():
            return value
        case int():
            is_instant = name.endswith("_ns")
            return str(value) if is_instant or abs(value) >= _SAFE_INTEGER else value
        case Decimal():
            return f"{value:f}"
        case dict():
            return {key: plain(inner, name=key) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value
