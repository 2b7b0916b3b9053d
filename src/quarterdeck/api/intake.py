"""
Does data arrive, and if not, what was refused and why?

A refused request that came with a known key is shown to that key's project.  One that did not
belongs to nobody, and is shown to who owns the server: another project's people could read
addresses and the ends of keys from it.
"""

import asyncio
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.intake import IntakeAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.errors import answer_framework, error_response, status_of
from quarterdeck.api.parts import Parts, Who, With, parts_of, scope_of
from quarterdeck.errors import Invalid, NotFound, QuarterdeckError
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.receive.recent import NOBODY, Refusal, meant_path
from quarterdeck.receive.wires import WIRES
from quarterdeck.storage.events import received_reads, session_reads
from quarterdeck.storage.events.scope import ProjectScope

router = guarded_router("intake")

_SIGNALS = ("traces", "logs", "metrics")
_PRODUCTS = {wire.name: wire.product for wire in WIRES}
_HOUR_NS = 3600 * NS_PER_S
_LOOK_BACK_NS = (_HOUR_NS, 7 * 24 * _HOUR_NS)
"""First one, then the other, for what arrived from which library: the first run asks often."""
_MOST = 50_000
"""Deliveries that are looked at: 150 ms, and a part of them tells the same libraries."""


@router.get(
    "/intake",
    summary="Whether data arrives, and what was refused",
    responses={200: {"model": IntakeAnswer}},
)
@allow(READ)
async def show(request: Request, parts: With, who: Who) -> Response:
    settings = parts.settings
    is_local = await parts.access.is_local()
    stored = await asyncio.to_thread(_stored, parts, who)
    return answer(
        request,
        {
            "as_of": to_rfc3339(parts.now_ns()),
            "url": settings.public_url or None,
            "endpoints": [{"signal": signal, "path": f"/v1/{signal}"} for signal in _SIGNALS],
            "grpc_port": settings.grpc_port if settings.grpc else None,
            "key_needed": not is_local,
            **stored,
            "books": _books(parts, who),
            "refusals": [_shown(one) for one in parts.recent.refusals(projects_seen(who))],
            "unanswered": [
                {
                    "client": _PRODUCTS.get(one.wire, one.wire),
                    "call": one.call,
                    "status": one.status,
                    "times": one.times,
                    "last_at": to_rfc3339(one.last_ns),
                }
                for one in parts.recent.unanswered(projects_seen(who))
            ],
        },
    )


def projects_seen(who: Principal) -> list[ProjectId]:
    """Whose refused requests this caller may know of."""
    return [who.project_id, NOBODY] if who.owner else [who.project_id]


def _stored(parts: Parts, who: Principal) -> dict[str, Any]:
    scope = scope_of(parts, who)
    libraries = _libraries(parts, scope)
    page = session_reads.session_page(parts.events, scope, descending=False, limit=1)
    first = page.sessions[0] if page.sessions else None
    return {
        "arrived": bool(libraries) or first is not None,
        "first_session": {
            "session_id": first.session_id,
            "started_at": to_rfc3339(first.started_ns),
            "spans": first.span_count,
        }
        if first is not None
        else None,
        "libraries": libraries,
    }


def _libraries(parts: Parts, scope: ProjectScope) -> list[dict[str, Any]]:
    for back_ns in _LOOK_BACK_NS:
        since_ns = parts.now_ns() - back_ns
        rows = received_reads.received(parts.events, scope, since_ns=since_ns, most=_MOST)
        if rows:
            return [
                {
                    "scope": row.scope or None,
                    "spans": row.spans,
                    "recognized": row.recognized,
                    "last_received_at": to_rfc3339(row.last_received_ns),
                }
                for row in rows
            ]
    return []


def _books(parts: Parts, who: Principal) -> dict[str, Any]:
    counts = parts.recent.counts([who.project_id])
    refused = parts.recent.counts(projects_seen(who)).refused
    became = {
        name: counts.outcomes[name] for name in ("stored", "duplicate", "ignored", "rejected")
    }
    known = sum(became.values()) + counts.outcomes["quarantined"]
    return {
        "minutes": counts.minutes,
        "requests": counts.requests,
        "received": counts.received,
        **became,
        "quarantined": counts.outcomes["quarantined"],
        # What an earlier process received, or an earlier hour, may be stored in this one.
        "pending": max(0, counts.received - known),
        "refused": refused,
        "items_per_s": counts.items_per_s,
    }


def _shown(one: Refusal) -> dict[str, Any]:
    return {
        "at": to_rfc3339(one.at_ns),
        "first_at": to_rfc3339(one.first_ns),
        "times": one.times,
        "method": one.method,
        "path": one.path,
        "status": one.status,
        "code": one.code,
        "reason": one.reason,
        "hint": one.hint,
        "key": f"…{one.key_end}" if one.key_end else None,
        "whose": "server" if one.project_id == NOBODY else "project",
    }


async def answer_missing(request: Request, error: Exception) -> Response:
    """What the framework refuses; a POST to nearly an intake path is told the right one, and
    remembered with the other refusals."""
    meant = meant_path(request.url.path)
    # `/metrics` is ours, and close to an intake path; at `/` is a page that takes no POST.
    refused = {404, 405} if request.url.path == "/" else {404}
    is_missing = isinstance(error, HTTPException) and error.status_code in refused
    if not (is_missing and meant and request.method == "POST"):
        return await answer_framework(request, error)
    missing = NotFound("nothing is here", hint=f"Did you mean {meant}?")
    _note(parts_of(request), request.scope, missing)
    return error_response(missing)


def note_confusing(parts: Parts, scope: Scope, error: QuarterdeckError) -> None:
    """A path with two slashes is refused before any route: an address that ended with one."""
    meant = meant_path(scope["path"])
    if meant and scope["method"] == "POST":
        _note(parts, scope, Invalid(error.message, hint=f"Did you mean {meant}?", code=error.code))


def _note(parts: Parts, scope: Scope, error: QuarterdeckError) -> None:
    parts.recent.refused(
        method=scope["method"],
        path=scope["path"],
        status=status_of(error),
        error=error,
        headers=scope["headers"],
    )
