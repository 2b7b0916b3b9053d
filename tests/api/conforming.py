"""
Every answer that a test asks for, held to what its route declares in /openapi.json.

The server declares its answers and does not validate them, so this is what makes the declarations
true: a JSON answer that lacks a key, has one too many or another type fails the test that asked.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, get_args

import httpx
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.api.answers.answer import Answer
from quarterdeck.api.answers.problem import ErrorAnswer

_SHOWN = 5
"""Of the differences: a list of 200 rows repeats each 200 times."""


class NotAsDeclaredError(AssertionError):
    """The answer is not what /openapi.json says."""


class ConformingTransport(httpx.AsyncBaseTransport):
    """Asks the app in this process, as `httpx.ASGITransport` does, and judges what comes."""

    def __init__(self, *, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        matched: list[object] = []

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            caller = _Caller(receive, send)
            try:
                await self._app(scope, caller.receive, caller.send)
                await caller.leave()
            finally:
                matched.append(scope.get("route"))

        # The rim answers for exceptions; what it lets through is a broken stream.
        inner = httpx.ASGITransport(app=noting, raise_app_exceptions=False)
        answered = await inner.handle_async_request(request)
        raw = b"".join([part async for part in answered.aiter_raw()])
        status, headers = answered.status_code, answered.headers
        if headers.get("content-type", "").startswith("application/json"):
            unpacked = httpx.Response(status, headers=headers, content=raw).content
            judge(matched[0], status, unpacked, at=request.url.path)
        return httpx.Response(status, headers=headers, stream=_Again(raw))


class _Caller:
    """A caller that goes away once an endless stream has begun: its status was the question."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._asked = False
        self._ended = False
        self._left = asyncio.Event()

    async def receive(self) -> Message:
        if self._asked:
            await self._left.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._asked = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        await self._send(message)
        self._ended = message["type"] == "http.response.body" and not message.get("more_body")
        headers = dict(message.get("headers", ()))
        if headers.get(b"content-type", b"").startswith(b"text/event-stream"):
            self._left.set()

    async def leave(self) -> None:
        if self._left.is_set() and not self._ended:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class _Again(httpx.AsyncByteStream):
    """Bytes that were read already, for who reads them now; packed as they came."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._raw


def declared(route: object, status: int) -> Any:
    """The model of a JSON answer, or a union of some; None where the route declares none."""
    if status >= 400:
        return ErrorAnswer
    if not isinstance(route, APIRoute):
        return None
    return route.responses.get(status, {}).get("model")


def are_answers(model: Any) -> bool:
    """Whether it is an `Answer`, or a union of nothing else."""
    if isinstance(model, type):
        return issubclass(model, Answer)
    return bool(get_args(model)) and all(are_answers(one) for one in get_args(model))


def judge(route: object, status: int, body: bytes, *, at: str) -> None:
    """Raises `NotAsDeclaredError`."""
    if at == "/openapi.json" and status == 200:
        return
    model = declared(route, status)
    if model is None:
        raise NotAsDeclaredError(f"{at} answers {status}, which its route declares no model for")
    try:
        _reader(model).validate_json(body)
    except ValidationError as error:
        shown = error.errors(include_url=False, include_input=False)[:_SHOWN]
        raise NotAsDeclaredError(f"{at} does not answer {model}: {shown}") from None


@cache
def _reader(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)
