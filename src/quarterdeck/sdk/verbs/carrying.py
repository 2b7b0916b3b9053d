"""
A session over threads and processes: `bind`, `carrier` and `join`.

Tasks of asyncio inherit the session by themselves.  A thread does not: `bind` a function before
handing it over.  Another process gets a *carrier*: a small map of text with W3C's `traceparent`
and the session's id, which fits in HTTP headers, a message or a variable.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast
from urllib.parse import quote, unquote

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.context import set_value as with_value
from opentelemetry.trace import INVALID_SPAN, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.runtime import SESSION_KEY
from quarterdeck.sdk.verbs.session import Current

P = ParamSpec("P")
R = TypeVar("R")

SESSION_HEADER = "quarterdeck-session"
USER_HEADER = "quarterdeck-user"

_W3C = TraceContextTextMapPropagator()


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """
    The function, to run in this session wherever it is called: `pool.submit(qd.bind(work), 7)`.

    Async functions stay async.  Bind where the session is current; the result may be called
    often, and by several threads at once.
    """
    if runtime.running is None:
        return function
    try:
        return _bound(function, get_current())
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("bind", error)
        return function


def _bound(function: Callable[P, R], context: Context) -> Callable[P, R]:
    made: Any = function
    if not callable(made):
        notice("bind", f"takes a function, and {function!r:.80} is none")
        return function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*positional: Any, **named: Any) -> Any:
            token = attach(context)
            try:
                return await made(*positional, **named)
            finally:
                detach(token)

        return cast("Callable[P, R]", run_async)

    @functools.wraps(function)
    def run(*positional: Any, **named: Any) -> Any:
        token = attach(context)
        try:
            return made(*positional, **named)
        finally:
            detach(token)

    return cast("Callable[P, R]", run)


def carrier() -> dict[str, str]:
    """What another process needs to go on in this session; {} where nothing runs."""
    if runtime.running is None:
        return {}
    found: dict[str, str] = {}
    try:
        _W3C.inject(found)
        session: Any = get_current().get(SESSION_KEY)
        if isinstance(session, Current):
            found[SESSION_HEADER] = quote(session.id, safe="")
            if session.user:
                found[USER_HEADER] = quote(session.user, safe="")
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("carrier", error)
    return found


class Join:
    """The session of a carrier is current inside.  Made by `join`."""

    __slots__ = ("_carrier", "_token", "id")

    def __init__(self, carrier: object) -> None:
        self._carrier = carrier
        self._token: Any = None
        self.id = ""
        """The session's id, or "" where the carrier has none."""

    def __enter__(self) -> Self:
        if runtime.running is not None:
            try:
                self._token = attach(self._context())
            except Exception as error:  # noqa: BLE001 - the rim
                swallow("join", error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            detach(token)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def _context(self) -> Context:
        # As headers come: in any case, with others among them.
        told: dict[str, str] = {}
        if isinstance(self._carrier, Mapping):
            told = {str(key).lower(): str(value) for key, value in self._carrier.items()}
        context = _W3C.extract(told, set_span_in_context(INVALID_SPAN))
        self.id = unquote(told.get(SESSION_HEADER, ""))[:256]
        if self.id:
            current = Current(self.id, user=unquote(told.get(USER_HEADER, ""))[:256])
            context = with_value(SESSION_KEY, current, context)
        return context


def join(carrier: Mapping[str, str] | None) -> Join:
    """Go on in the session that `carrier()` was called in: `with qd.join(headers):`."""
    return Join(carrier)
