"""
A piece of work as a span: what every verb with a `with` is.

The block starts an OpenTelemetry span, makes it the current one, and ends it.  An exception of
the user's code passes through untouched and marks the span: an error, or cancelled for Ctrl-C and
a cancelled task.  An error of ours is passed over, and the user's code runs without the span.

No generator-based context manager, no lock and no serialization here: this is what an agent pays
for each span (bench/sdk.py).
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.runtime import SESSION_KEY, Running
from quarterdeck.sdk.verbs.content import as_attribute, word

_CANCELLED = frozenset({"CancelledError", "Cancelled", "KeyboardInterrupt"})
"""By name, as asyncio and trio may not be there: their cancelling is nobody's failure."""

_MAX_MESSAGE = 1_000
"""Characters of an error in a span's status; the exception's event has all of it."""


class Block:
    """One use at a time; it can be used again when it has ended."""

    __slots__ = ("_late", "_running", "_span", "_token")

    def __init__(self) -> None:
        self._span: Span | None = None
        self._token: Any = None
        self._running: Running | None = None
        self._late: dict[str, Any] | None = None
        """Attributes since the start.  They are put on the span in one go before it ends, which
        costs half; until then the live view takes them from here."""

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        """The span's name and first attributes."""
        raise NotImplementedError

    # -- with --------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        running = runtime.running
        if running is not None and self._span is None:
            try:
                self._open(running)
            except Exception as error:  # noqa: BLE001 - the rim
                swallow(type(self).__name__, error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._span is not None:
            self._leave()
            self._close(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    # -- pieces, also for generators -----------------------------------------------------------

    def _open(self, running: Running) -> None:
        self._token = attach(self._start(running))

    def _start(self, running: Running) -> Context:
        """Start the span; the context in which it is current."""
        context = get_current()
        return set_span_in_context(self._begun(running, context), context)

    def _begun(self, running: Running, context: Context) -> Span:
        """The span, started in `context` and not current anywhere."""
        name, attributes = self._begin(running)
        session: Any = context.get(SESSION_KEY)
        if session is not None:
            attributes.update(session.stamp)
        elif running.outbox.root_attributes:
            attributes.update(running.outbox.root_attributes)
        if running.is_ours:
            # Nobody looks at the attributes of a span that starts: no sampler, no processor.
            span = running.tracer.start_span(name, context)
            put(span, attributes)
        else:
            span = running.tracer.start_span(name, context, attributes=attributes)
        self._span = span
        self._running = running
        return span

    def _leave(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            try:
                detach(token)
            except Exception as error:  # noqa: BLE001 - the rim
                swallow(type(self).__name__, error)

    def _close(self, error: BaseException | None) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        try:
            late = self._late
            if late is not None:
                self._late = None
                if self._running is not None:
                    self._running.outbox.late.pop(span.get_span_context().span_id, None)
                put(span, late)
            if error is not None:
                mark(span, error, captures=self._captures)
        except Exception as ours:  # noqa: BLE001 - the rim
            swallow(type(self).__name__, ours)
        try:
            span.end()
        except Exception as ours:  # noqa: BLE001 - the same
            swallow(type(self).__name__, ours)
        self._running = None

    # -- for handles ---------------------------------------------------------------------------

    @property
    def _captures(self) -> bool:
        return self._running is not None and self._running.options.capture_content

    def set(self, key: str, value: object) -> None:
        """Add an attribute of your own.  Nothing happens outside the block."""
        if self._span is not None:
            try:
                kind = type(value)
                if kind is not int and kind is not float:
                    value = as_attribute(value)
                if type(key) is not str or not key:
                    key = word(key)
                late = self._late
                if late is None:
                    self._add({key: value})
                else:
                    late[key] = value
            except Exception as error:  # noqa: BLE001 - the rim
                swallow("set", error)

    def _add(self, attributes: dict[str, Any]) -> None:
        """Attributes in the form that OpenTelemetry takes, of a span that is open."""
        late = self._late
        if late is not None:
            late.update(attributes)
        elif self._span is not None and self._running is not None:
            self._late = attributes
            self._running.outbox.late[self._span.get_span_context().span_id] = attributes


def put(span: Any, attributes: dict[str, Any]) -> None:
    """
    Add attributes that need no cleaning, as all of ours are by now.

    Into the dict inside OpenTelemetry's `BoundedAttributes`, where it is there and has room:
    cleaning them again takes 0.5 us for each, on the agent's time.
    """
    bounded: Any = getattr(span, "_attributes", None)
    inner: Any = getattr(bounded, "_dict", None)
    if (
        type(inner) is dict
        and bounded.max_value_len is None
        and (bounded.maxlen is None or len(inner) + len(attributes) <= bounded.maxlen)
    ):
        inner.update(attributes)
    else:
        span.set_attributes(attributes)


def mark(span: Span, error: BaseException, *, captures: bool) -> None:
    """Say how the work ended that raised `error`."""
    kind = type(error)
    if kind is GeneratorExit or (kind is SystemExit and not getattr(error, "code", None)):
        return
    if kind.__name__ in _CANCELLED:
        spelled = "KeyboardInterrupt" if kind is KeyboardInterrupt else "CancelledError"
        span.set_attribute("error.type", spelled)
        return
    module = kind.__module__
    name = kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
    span.set_attribute("error.type", name)
    if not captures:
        # An error quotes what it choked on: a message, an argument.
        span.set_status(StatusCode.ERROR, name)
        return
    try:
        message = f"{kind.__name__}: {error}"
    except Exception:  # noqa: BLE001 - the user's own __str__ fails
        message = kind.__name__
    span.set_status(StatusCode.ERROR, message[:_MAX_MESSAGE])
    span.record_exception(error, escaped=True)
