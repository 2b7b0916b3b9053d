"""
A client's span goes below the framework's model call that it is made for.

Some frameworks tell of a model call by callbacks and leave the current context alone (LangChain
does: a callback can't know that its context is left again), or leave it before a stream is read
(LlamaIndex does).  The client's span then stands somewhere above, in a trace of its own if
nothing is above, and one call looks like two.  Such a framework names its call here, and clients
are instrumented with a provider that looks here.

A call that has ended is never a parent, so a name that nobody takes back does no harm.
"""

from contextvars import ContextVar
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer, TracerProvider


class FrameworkCall(NamedTuple):
    span: Span
    around: Span
    """The current span outside of the call.  Where another is current, somebody opened one
    inside, and a client's span belongs there."""


_CALL: ContextVar[FrameworkCall | None] = ContextVar("quarterdeck_framework_call", default=None)


def name_call(span: Span, around: Span | None = None) -> None:
    """From here on, in this context, clients call on behalf of `span`; until it ends.  `around`
    is the span outside of it, where that is not the current one."""
    _CALL.set(FrameworkCall(span, trace.get_current_span() if around is None else around))


def _parent(context: Context | None) -> Context | None:
    call = _CALL.get()
    if call is None or not call.span.is_recording():
        return context
    current = trace.get_current_span(context)
    if current.get_span_context() != call.around.get_span_context():
        return context
    return trace.set_span_in_context(call.span, context)


class ProviderBeneath(TracerProvider):
    """A tracer provider for instrumentors of clients; in all else the one it is given."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return _TracerBeneath(self._provider.get_tracer(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


class _TracerBeneath(Tracer):
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> Span:
        return self._tracer.start_span(name, _parent(context), *args, **kwargs)

    def start_as_current_span(
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        return self._tracer.start_as_current_span(name, _parent(context), *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracer, name)
