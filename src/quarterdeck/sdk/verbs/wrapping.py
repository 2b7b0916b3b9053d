"""
Verbs as decorators: functions, coroutines, generators and async generators.

What comes out is of the kind that went in, so that frameworks which look at a function still see
an async one, or a generator.  A generator's span is current while the generator runs, and not
between its items, when its caller does something else; it ends with the generator.

The wrapped function is called once, with what it was given, whatever goes wrong on our side.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

from opentelemetry.context import Context, attach, detach

from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.verbs.blocks import Block

P = ParamSpec("P")
R = TypeVar("R")

_MAX_ITEMS = 100
"""Of what a generator gave: kept as its result.  A stream of tokens is joined to one text."""


class Decorating(Block):
    """A block that can also be put before a function: each call is a block of its own."""

    __slots__ = ()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        try:
            return wrapped(function, self)
        except Exception as error:  # noqa: BLE001 - the rim: undecorated is better than broken
            swallow(type(self).__name__, error)
            return function

    def _again(self, name: str) -> Decorating:
        """A block for one call of the function called `name`."""
        raise NotImplementedError

    def _called(self, arguments: Mapping[str, Any]) -> None:
        """The function is called with these; before the span starts."""

    def _returned(self, result: object) -> None:
        """The function returned this; before the span ends."""


def is_function(given: object) -> bool:
    """Whether a verb stands bare before a function: `@qd.tool`."""
    return callable(given) or isinstance(given, staticmethod | classmethod)


def wrapped(function: Callable[P, R], verb: Decorating) -> Callable[P, R]:
    given: Any = function
    if isinstance(given, staticmethod | classmethod):
        inner = wrapped(given.__func__, verb)
        return cast("Callable[P, R]", type(given)(inner))
    if isinstance(given, type) or not is_function(given):
        notice(type(verb).__name__, f"decorates functions, and {given!r:.80} is none")
        return function
    begin = functools.partial(_begun, verb, _name_of(function), _parameters(function))
    if inspect.isasyncgenfunction(function):
        made: Any = _async_generator(function, begin)
    elif inspect.iscoroutinefunction(function):
        made = _coroutine(function, begin)
    elif inspect.isgeneratorfunction(function):
        made = _generator(function, begin)
    else:
        made = _plain(function, begin)
    return cast("Callable[P, R]", made)


_Begin = Callable[[tuple[Any, ...], dict[str, Any]], "Decorating | None"]


def _begun(
    verb: Decorating,
    name: str,
    parameters: tuple[str, ...],
    positional: tuple[Any, ...],
    named: dict[str, Any],
) -> Decorating | None:
    """A block for one call; None where nothing runs, or something of ours went wrong."""
    if runtime.running is None:
        return None
    try:
        block = verb._again(name)  # noqa: SLF001 - the decorator's own half
        block._called(_arguments(parameters, positional, named))  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - the rim
        swallow(type(verb).__name__, error)
        return None
    return block


def _told(block: Decorating, result: object) -> None:
    try:
        block._returned(result)  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - the rim
        swallow(type(block).__name__, error)


def _plain(function: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*positional: Any, **named: Any) -> Any:
        block = begin(positional, named)
        if block is None:
            return function(*positional, **named)
        with block:
            result = function(*positional, **named)
            _told(block, result)
            return result

    return run


def _coroutine(function: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def run(*positional: Any, **named: Any) -> Any:
        block = begin(positional, named)
        if block is None:
            return await function(*positional, **named)
        with block:
            result = await function(*positional, **named)
            _told(block, result)
            return result

    return run


class _Steps:
    """A block that is current only while its generator runs; None does nothing."""

    def __init__(self, block: Decorating | None) -> None:
        self._block = block
        self._context: Context | None = None
        self._items: list[Any] = []
        running = runtime.running
        if block is not None and running is not None:
            try:
                self._context = block._start(running)  # noqa: SLF001
            except Exception as error:  # noqa: BLE001 - the rim
                swallow(type(block).__name__, error)

    @contextmanager
    def running(self) -> Iterator[None]:
        if self._context is None:
            yield
            return
        token = attach(self._context)
        try:
            yield
        finally:
            detach(token)

    def gave(self, item: object) -> None:
        if self._block is not None and (len(self._items) < _MAX_ITEMS or isinstance(item, str)):
            self._items.append(item)

    def end(self, error: BaseException | None) -> None:
        if self._block is None:
            return
        if self._items:
            all_text = all(isinstance(item, str) for item in self._items)
            _told(self._block, "".join(self._items) if all_text else self._items[:_MAX_ITEMS])
        self._block._close(error)  # noqa: SLF001


def _generator(function: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*positional: Any, **named: Any) -> Generator[Any, Any, Any]:
        steps = _Steps(begin(positional, named))
        try:
            result = yield from _stepped(function(*positional, **named), steps)
        except BaseException as error:
            steps.end(error)
            raise
        steps.end(None)
        return result

    return run


def _stepped(inner: Generator[Any, Any, Any], steps: _Steps) -> Generator[Any, Any, Any]:
    """`yield from inner`, with the span current whenever `inner` runs."""
    resume: Callable[[Any], Any] = inner.send
    given: Any = None
    while True:
        try:
            with steps.running():
                item = resume(given)
        except StopIteration as stop:
            return stop.value
        steps.gave(item)
        try:
            given, resume = (yield item), inner.send
        except GeneratorExit:
            with steps.running():
                inner.close()
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the generator: it is its own
            given, resume = error, inner.throw


def _async_generator(function: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def run(*positional: Any, **named: Any) -> AsyncGenerator[Any, Any]:
        steps = _Steps(begin(positional, named))
        try:
            inner = function(*positional, **named)
            resume: Callable[[Any], Any] = inner.asend
            given: Any = None
            while True:
                try:
                    with steps.running():
                        item = await resume(given)
                except StopAsyncIteration:
                    break
                steps.gave(item)
                try:
                    given, resume = (yield item), inner.asend
                except GeneratorExit:
                    with steps.running():
                        await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - as above
                    given, resume = error, inner.athrow
        except BaseException as error:
            steps.end(error)
            raise
        steps.end(None)

    return run


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "") or type(function).__name__)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of what can be given by position; () where the function does not say."""
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return ()
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in found if parameter.kind in by_position)


def _arguments(
    parameters: tuple[str, ...], positional: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any]:
    """By name, as given: defaults are not shown, nor the object of a method."""
    found = dict(zip(parameters, positional, strict=False))
    if parameters and parameters[0] in ("self", "cls"):
        found.pop(parameters[0], None)
    if len(positional) > len(parameters):
        found["args"] = list(positional[len(parameters) :])
    found.update(named)
    return found
