"""
Functions that are called only as the workflow version allows.

What comes out is of the kind that went in: a function, a coroutine, a generator, an async
generator, a method.  Each call is decided when it is made, by the version of the session around it.
The permitted call is the span that `qd.tool` makes, with the decision on it.

Where the arguments do not fit the schema the function is not called, and what it returns instead
is a text for the model that says what to correct.  A denied call raises, or with `refused="text"`
returns a text too.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast

from quarterdeck.errors import Invalid
from quarterdeck.sdk.verbs.wrapping import is_function, wrapped
from quarterdeck.sdk.workflow.arguments import Call, called, given, signature_of
from quarterdeck.sdk.workflow.parts import Permit
from quarterdeck.sdk.workflow.permitting import (
    GuardedTool,
    InvalidArguments,
    Steps,
    finish,
    finish_async,
    permit_steps,
    refuse_unfit,
    told_of,
)
from quarterdeck.sdk.workflow.refusals import BudgetExceeded, ToolDenied

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.rules import Rules
    from quarterdeck.sdk.workflow.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")

Refused = Literal["raise", "text"]

_PASSED_ON = (ToolDenied, BudgetExceeded)


class Guard:
    """What is known of a guarded function before it is called."""

    def __init__(
        self,
        flow: Workflow,
        function: Callable[..., Any],
        *,
        name: str,
        agent: str,
        server: str,
        refused: Refused,
        call_id: str = "",
    ) -> None:
        self._flow = flow
        self._call_id = call_id
        self.function = function
        self._name = name or str(getattr(function, "__name__", "") or type(function).__name__)
        self._agent = agent
        self._server = server
        self._refused = refused
        self._signature = signature_of(function)

    def steps(self, positional: tuple[Any, ...], named: dict[str, Any]) -> Steps[Ready]:
        rules = self._flow.rules
        schema = rules.parameters_of(self._name)
        known = frozenset(schema.get("properties", ())) if schema else frozenset[str]()
        try:
            call = called(self._signature, positional, named, known=known)
        except TypeError as error:
            if not positional:
                # By name, as models call: the model is told, and what is denied stays denied.
                refuse_unfit(
                    rules, self._name, given(named, known=known),
                    agent=self._agent, server=self._server, call_id=self._call_id,
                    why=str(error) if self._refused == "text" else "",
                )  # fmt: skip
            raise
        permit = yield from permit_steps(
            rules, self._name, call.arguments,
            agent=self._agent, server=self._server, call_id=self._call_id,
        )  # fmt: skip
        return Ready(self, rules, call, permit)

    def instead(self, error: Exception) -> str:
        """What the model is told where the function was not called; raises what is not for it."""
        if isinstance(error, InvalidArguments) or self._refused == "text":
            return str(error)
        raise error


class Ready:
    """A call that may be made."""

    def __init__(self, guard: Guard, rules: Rules, call: Call, permit: Permit) -> None:
        self._guard = guard
        self._permit = permit
        self.positional, self.named = call.positional, call.named
        if permit.is_changed:
            self.positional, self.named = call.changed(permit.arguments)
        tool = rules.manifest.tools.get(permit.tool)
        self.tries = 1 + (0 if tool is None else tool.retries)
        timeout_s = None if tool is None else tool.timeout_s
        self.timeout_s = timeout_s if isinstance(timeout_s, int | float) else None

    def function(self, attempt: int = 1) -> Callable[..., Any]:
        """The function, recorded as this call of the tool."""
        permit = self._permit
        told: dict[str, Any] = told_of(permit.decision)
        if permit.by:
            told["quarterdeck.permission.by"] = permit.by[:300]
        if attempt > 1:
            told["quarterdeck.attempt"] = attempt
        tool = GuardedTool(
            permit.tool, arguments=permit.arguments, call_id=permit.call_id, told=told
        )
        return wrapped(self._guard.function, tool)


def guarded(
    flow: Workflow,
    function: Callable[P, R],
    *,
    name: str = "",
    agent: str = "",
    server: str = "",
    refused: Refused = "raise",
    call_id: str = "",
) -> Callable[P, R]:
    """`call_id` is the model's own, of the one call that is then made.  Raises `Invalid` for what
    is no function."""
    given: Any = function
    if isinstance(given, staticmethod | classmethod):
        inner = guarded(
            flow, given.__func__, name=name, agent=agent, server=server, refused=refused,
            call_id=call_id,
        )  # fmt: skip
        return cast("Callable[P, R]", type(given)(inner))
    if isinstance(given, type) or not is_function(given):
        raise Invalid(f"guard takes a function, and {function!r:.80} is none")
    guard = Guard(
        flow, function, name=name, agent=agent, server=server, refused=refused, call_id=call_id
    )
    if inspect.isasyncgenfunction(function):
        made: Any = _async_generator(guard)
    elif inspect.iscoroutinefunction(function):
        made = _coroutine(guard)
    elif inspect.isgeneratorfunction(function):
        made = _generator(guard)
    else:
        made = _plain(guard)
    return cast("Callable[P, R]", made)


def _plain(guard: Guard) -> Callable[..., Any]:
    @functools.wraps(guard.function)
    def run(*positional: Any, **named: Any) -> Any:
        try:
            ready = finish(guard.steps(positional, named))
        except (*_PASSED_ON, InvalidArguments) as error:
            return guard.instead(error)
        for attempt in range(1, ready.tries):
            try:
                return ready.function(attempt)(*ready.positional, **ready.named)
            except _PASSED_ON:
                raise
            except Exception:  # noqa: BLE001, S110 - the manifest says: try again
                pass
        return ready.function(ready.tries)(*ready.positional, **ready.named)

    return run


def _coroutine(guard: Guard) -> Callable[..., Any]:
    @functools.wraps(guard.function)
    async def run(*positional: Any, **named: Any) -> Any:
        try:
            ready = await finish_async(guard.steps(positional, named))
        except (*_PASSED_ON, InvalidArguments) as error:
            return guard.instead(error)
        for attempt in range(1, ready.tries):
            try:
                return await _in_time(ready, attempt)
            except _PASSED_ON:
                raise
            except Exception:  # noqa: BLE001, S110 - as above
                pass
        return await _in_time(ready, ready.tries)

    return run


async def _in_time(ready: Ready, attempt: int) -> Any:
    made = ready.function(attempt)(*ready.positional, **ready.named)
    return await (made if ready.timeout_s is None else asyncio.wait_for(made, ready.timeout_s))


def _generator(guard: Guard) -> Callable[..., Any]:
    @functools.wraps(guard.function)
    def run(*positional: Any, **named: Any) -> Generator[Any, Any, Any]:
        try:
            ready = finish(guard.steps(positional, named))
        except (*_PASSED_ON, InvalidArguments) as error:
            yield guard.instead(error)
            return None
        return (yield from ready.function()(*ready.positional, **ready.named))

    return run


def _async_generator(guard: Guard) -> Callable[..., Any]:
    @functools.wraps(guard.function)
    async def run(*positional: Any, **named: Any) -> AsyncGenerator[Any, None]:
        try:
            ready = await finish_async(guard.steps(positional, named))
        except (*_PASSED_ON, InvalidArguments) as error:
            yield guard.instead(error)
            return
        async with aclosing(ready.function()(*ready.positional, **ready.named)) as items:
            async for item in items:
                yield item

    return run
