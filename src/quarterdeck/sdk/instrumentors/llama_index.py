"""
LlamaIndex's streams: the client that reads one is called after the span has left the context.

OpenInference's handler makes a model call's span current while the method runs.  For a stream
that is until the generator is handed out; the client is called by whoever reads it, and its span
would stand beside.  The span itself is ended only when the stream is, so until then it can be
named to the clients below (`beneath.py`).

Leans on names that are not public; where one is missing, spans stand as OpenInference places them.
"""

import logging
from typing import Any

from opentelemetry import trace

from quarterdeck.sdk.instrumentors.beneath import name_call

_LOG = logging.getLogger(__name__)


def nest(instrumentor: Any) -> None:
    """Name the model calls of OpenInference's instrumentor.  Another's are left alone."""
    handler = getattr(instrumentor, "_span_handler", None)
    new_span = getattr(handler, "new_span", None)
    if new_span is None:
        return

    def named_span(id_: str, bound_args: Any, instance: Any = None, *more: Any, **kw: Any) -> Any:
        around = trace.get_current_span()
        span = new_span(id_, bound_args, instance, *more, **kw)
        try:
            if span is not None and _is_model(instance):
                name_call(span._otel_span, around)  # noqa: SLF001  # of another library
        except Exception:  # noqa: BLE001  # the rim: the call goes on without a name
            _LOG.debug("a call of LlamaIndex was not named", exc_info=True)
        return span

    # The handler is a pydantic model, which would keep the name among its fields.
    object.__setattr__(handler, "new_span", named_span)


def _is_model(instance: Any) -> bool:
    return any(base.__name__ == "BaseLLM" for base in type(instance).__mro__)
