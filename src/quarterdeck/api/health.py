"""
Whether the server lives, can work, and what it counts.
"""

import asyncio

from fastapi import Request, Response
from sqlalchemy import text

from quarterdeck.api.access import METRICS, PUBLIC, allow, guarded_router
from quarterdeck.api.answers.health import Alive, Ready
from quarterdeck.api.bodies import answer, packed
from quarterdeck.api.parts import Parts, With
from quarterdeck.errors import QuarterdeckError, TryAgain

router = guarded_router("health", prefix="")

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz", summary="Alive: the process answers", responses={200: {"model": Alive}})
@allow(PUBLIC)
async def healthz(request: Request) -> Response:
    return answer(request, {"status": "ok"})


@router.get(
    "/readyz",
    summary="Able to work, with the age of the oldest unprocessed item",
    responses={200: {"model": Ready}},
)
@allow(PUBLIC)
async def readyz(request: Request, parts: With) -> Response:
    if why := parts.why_unable():
        raise TryAgain(why)
    await asyncio.to_thread(_ask_stores, parts)
    return answer(
        request,
        {"status": "ok", "oldest_unprocessed_s": round(parts.oldest_unprocessed_s(), 3)},
    )


def _ask_stores(parts: Parts) -> None:
    """Why a store fails is for the log and the operator, not for who asks without a key."""
    try:
        parts.events.rows("SELECT 1")
    except QuarterdeckError as error:
        raise TryAgain("the event store does not answer") from error
    try:
        with parts.records.reading() as connection:
            connection.execute(text("SELECT 1"))
    except Exception as error:
        raise TryAgain("the records do not answer") from error


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
@allow(METRICS)
async def metrics(request: Request, parts: With) -> Response:
    body = await asyncio.to_thread(parts.metrics)
    return packed(request, body.encode(), media_type=_PROMETHEUS)
