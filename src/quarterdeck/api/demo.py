"""
The example: its state, starting it, and taking its sessions away again.

Starting it runs one fixed command of ours beside the server (`jobs/example.py`); nothing of the
request reaches it.  Its sessions are ordinary ones, told apart by their workflow, environment
and tag, and only what carries all three is taken away.
"""

import asyncio
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import ADMIN, OWNER, READ, Principal, allow, guarded_router
from quarterdeck.api.answers.demo import DemoAnswer, DemoDeletedAnswer
from quarterdeck.api.behind import View, is_in
from quarterdeck.api.bodies import answer
from quarterdeck.api.filters import render
from quarterdeck.api.parts import Parts, Who, With, note, scope_of
from quarterdeck.api.sessions import batches, delete_for_good
from quarterdeck.errors import Misconfigured
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.storage.events import session_reads
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.records import keys

router = guarded_router("demo")

ITS_SESSIONS = (is_in("workflow", "day-notes"), is_in("environment", "demo"), is_in("tag", "demo"))
_KEY_S = 3600
"""The key of a run ends by itself: six sessions take a minute, on a busy machine ten."""


@router.get("/demo", summary="The example: whether it runs", responses={200: {"model": DemoAnswer}})
@allow(READ)
async def show(request: Request, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_shown, parts, who))


@router.post(
    "/demo",
    status_code=202,
    summary="Run the example against this server",
    responses={202: {"model": DemoAnswer}},
)
@allow(OWNER)
async def start(request: Request, parts: With, who: Who) -> Response:
    await asyncio.to_thread(_start, parts, who)
    return answer(request, await asyncio.to_thread(_shown, parts, who), status=202)


def _start(parts: Parts, who: Principal) -> None:
    if parts.example is None:
        raise Misconfigured("this server does not run the example", hint="Run `quarterdeck demo`.")
    parts.example.start(project_id=who.project_id, key=lambda: _key(parts, who))
    note(parts, who, "example.start", who.project_id)


def _key(parts: Parts, who: Principal) -> str:
    """Needed also in local mode: it says which project the sessions are for."""
    now_ns = parts.now_ns()
    made = keys.create_key(
        parts.records,
        project_id=who.project_id,
        name="example",
        scopes=("ingest", "read"),
        created_by=who.actor,
        now_ns=now_ns,
        expires_ns=now_ns + _KEY_S * NS_PER_S,
    )
    return made.secret


@router.delete(
    "/demo",
    summary="Delete the example's sessions from this project",
    responses={200: {"model": DemoDeletedAnswer}},
)
@allow(ADMIN)
async def delete(request: Request, parts: With, who: Who) -> Response:
    return answer(request, {"sessions": await asyncio.to_thread(_delete, parts, who)})


def _delete(parts: Parts, who: Principal) -> int:
    everything = ProjectScope(project_id=who.project_id)
    where = View(ITS_SESSIONS).where()
    gone = 0
    for some in batches(session_reads.stream_sessions(parts.events, everything, where), 100):
        delete_for_good(parts, who, some)
        gone += len(some)
    note(parts, who, "example.delete", who.project_id, sessions=gone)
    return gone


def _shown(parts: Parts, who: Principal) -> dict[str, Any]:
    where = View(ITS_SESSIONS).where()
    install = parts.example.missing() if parts.example is not None else []
    return {
        "installed": parts.example is not None and not install,
        "install": install,
        "command": "quarterdeck demo --yes",
        **_progress(parts, who),
        "sessions": session_reads.count_sessions(parts.events, scope_of(parts, who), where),
        "q": render(ITS_SESSIONS),
    }


def _progress(parts: Parts, who: Principal) -> dict[str, Any]:
    """Of a run for this project: another one's people could read its sessions' names from it."""
    told = parts.example.progress() if parts.example is not None else None
    if told is None or told.project_id != who.project_id:
        return {"state": "never", "started_at": None, "ended_at": None, "lines": []}
    return {
        "state": told.state,
        "started_at": to_rfc3339(told.started_ns) if told.started_ns is not None else None,
        "ended_at": to_rfc3339(told.ended_ns) if told.ended_ns is not None else None,
        "lines": told.lines,
    }
