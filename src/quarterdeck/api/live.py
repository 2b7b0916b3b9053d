"""
What changes, while one looks: server-sent events of a project's sessions, and of one session.

A stream never waits for its reader, and no other part for a stream: who can't keep up is let go.
A reader who connects again with the last event's number (`Last-Event-ID`) misses nothing.
"""

from typing import Annotated, cast

from fastapi import Header, Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.live import (
    LiveEnd,
    LiveRecord,
    LiveReset,
    LiveSessions,
    LiveSkeleton,
)
from quarterdeck.api.event_stream import EventStream, Reader
from quarterdeck.api.live_feeds import Feed, Feeds
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.sessions import check_id
from quarterdeck.api.stories import Stories
from quarterdeck.errors import Unauthorized

router = guarded_router("live")

LastEvent = Annotated[
    str, Header(alias="last-event-id", max_length=100, description="Of the last event one had.")
]


@router.get(
    "/live",
    summary="The sessions that change, as server-sent events",
    responses={
        200: {"model": LiveSessions | LiveReset | LiveEnd, "content": {"text/event-stream": {}}}
    },
)
@allow(READ)
async def of_project(
    request: Request, parts: With, who: Who, last_event_id: LastEvent = ""
) -> Response:
    feed = _feeds(request).of_project(parts, who.project_id)
    reader = Reader()
    await feed.join(reader, int(last_event_id) if last_event_id.isdecimal() else None)
    return _stream(request, parts, who, feed, reader)


@router.get(
    "/sessions/{session_id}/live",
    summary="What changes in one session, as server-sent events",
    responses={
        200: {
            "model": LiveSkeleton | LiveRecord | LiveEnd,
            "content": {"text/event-stream": {}},
        }
    },
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
    last_event_id: LastEvent = "",
) -> Response:
    check_id(session_id)
    stories = cast(Stories, request.app.state.stories)
    feed = _feeds(request).of_session(parts, who.project_id, session_id, stories)
    reader = Reader()
    await feed.join(reader, last_event_id or since)
    return _stream(request, parts, who, feed, reader)


def _feeds(request: Request) -> Feeds:
    return cast(Feeds, request.app.state.feeds)


def _stream(
    request: Request, parts: Parts, who: Principal, feed: Feed, reader: Reader
) -> EventStream:
    """Raises `TryAgain` where there are too many."""
    hub = parts.hub
    credential = f"{who.actor} {who.account_id}"
    try:
        hub.connect(credential)
    except BaseException:
        feed.leave(reader)
        raise

    async def check() -> None:
        now = await parts.access.admit(request, READ)
        if now.project_id != who.project_id:
            raise Unauthorized("this credential is of another project now")

    def done(reason: str) -> None:
        feed.leave(reader)
        hub.disconnect(credential, reason=reason)

    return EventStream(
        reader,
        check=check,
        check_every_s=hub.check_every_s,
        heartbeat_s=hub.heartbeat_s,
        done=done,
    )
