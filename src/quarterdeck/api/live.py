"""
What changes, while one looks: server-sent events of a project's sessions, and of one session.

A stream never waits for its reader, and no other part for a stream: who can't keep up is let go.
"""

from typing import Annotated

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, allow, guarded_router
from quarterdeck.api.answers.live import (
    LiveEnd,
    LiveRecord,
    LiveReset,
    LiveSessions,
    LiveSkeleton,
)
from quarterdeck.api.parts import Who, With
from quarterdeck.api.sessions import find_session

router = guarded_router("live")


class EventStream(Response):
    media_type = "text/event-stream"


@router.get(
    "/live",
    summary="The sessions that change, as server-sent events",
    response_class=EventStream,
    responses={200: {"model": LiveSessions | LiveReset | LiveEnd}},
)
@allow(READ)
async def of_project(request: Request, parts: With, who: Who) -> Response:
    return EventStream(": nothing yet\n\n")


@router.get(
    "/sessions/{session_id}/live",
    summary="What changes in one session, as server-sent events",
    response_class=EventStream,
    responses={200: {"model": LiveSkeleton | LiveRecord | LiveReset | LiveEnd}},
)
@allow(READ)
async def of_session(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    since: Annotated[
        str, Query(max_length=100, description="The revision of the skeleton that one has.")
    ] = "",
) -> Response:
    find_session(parts, who, session_id)
    return EventStream(": nothing yet\n\n")
