"""
LangChain's runs as the places where something happens, not only as spans beside it.

OpenInference's tracer makes a span for each run from callbacks and attaches none of them to the
current context, because a callback can't be sure to leave it again.  So what happens inside a
run (a client's call, a `qd.agent` in a graph's node) would stand beside the run, and a model call
inside `qd.agent` would stand outside of it.

LangChain itself has the safe place: it runs each step in a copy of the context that it throws
away (`set_config_context`).  There the run's span is made current.  A run that begins in that
copy takes the current span as its parent: the run's, or what was opened inside.  The span of a
model run is not made current but only named to the clients below (`beneath.py`), because a
stream's body runs in the context of whoever reads it.

All this leans on names that are not LangChain's public API.  Where one is missing, spans stand
as OpenInference places them, and nothing else is lost.
"""

import logging
import sys
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context, attach
from opentelemetry.trace import Span

from quarterdeck.sdk.instrumentors.beneath import name_call
from quarterdeck.sdk.instrumentors.imports import ImportWatch

_LOG = logging.getLogger(__name__)

_RUN: ContextVar[UUID | None] = ContextVar("quarterdeck_langchain_run", default=None)
"""The run in whose copy of the context we are."""

_PARENT_IS_CURRENT: ContextVar[bool] = ContextVar("quarterdeck_langchain_parent", default=False)

_STEPS = ("langchain_core.runnables.config", "langgraph._internal._runnable")
"""The modules with a `_set_config_context`: it runs inside the copy, before the step does."""


def nest(instrumentor: Any, watch: ImportWatch) -> None:
    """Give the runs of OpenInference's instrumentor their places.  Another's are left alone."""
    tracer = getattr(instrumentor, "_tracer", None)
    if not all(hasattr(tracer, name) for name in ("_start_trace", "_tracer", "get_span")):
        return
    _make_parents_current(tracer)
    for module in _STEPS:
        watch.when_imported(module, partial(_enter_steps, module, tracer))


def _make_parents_current(tracer: Any) -> None:
    start = tracer._start_trace  # noqa: SLF001  # of another library, see above

    def start_trace(run: Any) -> None:
        inside = run.parent_run_id is not None and _RUN.get() == run.parent_run_id
        token = _PARENT_IS_CURRENT.set(inside)
        try:
            start(run)
        finally:
            _PARENT_IS_CURRENT.reset(token)
        if run.run_type in ("llm", "chat_model"):
            span = tracer.get_span(run.id)
            if span is not None:
                name_call(span)

    tracer._start_trace = start_trace  # noqa: SLF001
    tracer._tracer = _Tracer(tracer._tracer)  # noqa: SLF001
    # As LangChain's own tracer: otherwise an async run's start is told in another context.
    tracer.run_inline = True


class _Tracer:
    """Starts a run's span in the current context where that is inside its parent run."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    def start_span(self, name: str, context: Context | None = None, **options: Any) -> Span:
        where = None if _PARENT_IS_CURRENT.get() else context
        span: Span = self._tracer.start_span(name=name, context=where, **options)
        return span

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracer, name)


def _enter_steps(name: str, tracer: Any) -> None:
    module: ModuleType = sys.modules[name]
    set_context = getattr(module, "_set_config_context", None)
    if set_context is None:
        return

    def set_config_context(config: Any, *args: Any, **kwargs: Any) -> Any:
        done = set_context(config, *args, **kwargs)
        try:
            _enter(config, tracer)
        except Exception:  # noqa: BLE001  # the rim: the step runs without a place
            _LOG.debug("a step of LangChain was not entered", exc_info=True)
        return done

    module._set_config_context = set_config_context  # type: ignore[attr-defined]  # noqa: SLF001


def _enter(config: Any, tracer: Any) -> None:
    run_id = getattr(config.get("callbacks"), "parent_run_id", None)
    if run_id is None or _RUN.get() == run_id:
        return  # the same run again: what was opened inside stays current
    span = tracer.get_span(run_id)
    if span is not None and span.is_recording():
        _RUN.set(run_id)
        attach(trace.set_span_in_context(span))
