"""
What a session has spent, as far as this process sees it.

Tool calls are counted by the guard, before they are made.  Model calls, tokens, cost and errors are
read from spans that ended here, of any library; one call that several libraries tell of is counted
once (the innermost span).  Spans are kept as they end and read when somebody asks, so that counting
costs the agent nothing between its calls.

It can't see: other processes, calls that no instrumentation reports, a call that is still running.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from decimal import Decimal
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from quarterdeck.model.spans import RawSpan, Resource, Span
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.sdk.rim import swallow
from quarterdeck.workflows.budget import Call, Ceiling, Excess, Spent, exceeded

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from quarterdeck.cost.litellm_table import LitellmTable

KEPT_SPANS = 64
"""Read at the latest when so many wait: they hold whole prompts."""

MAX_MARKS = 4096
"""Spans above a call that was counted and that have not ended yet: the depth of what is open."""

_MODEL_KEYS = ("gen_ai.", "llm.", "openinference.", "ai.")

_NO_ACT = frozenset({"", "none", "timeout"})


class Counter:
    """One session's.  Used by all its threads; a forked child goes on with a copy."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._pid = os.getpid()
        self._lock = threading.Lock()
        """Protects all that is counted."""
        self._waiting: deque[ReadableSpan] = deque()
        self._told: set[int] = set()
        """Spans with a counted model call below them."""
        self._usd = Decimal(0)
        self._tokens = self._model_calls = self._tool_calls = self._unpriced = 0
        self.errors = 0
        self.interventions = 0
        self.answered: set[int] = set()
        """Escalations that a person has let pass."""
        self.waived: set[str] = set()
        """Limits that a person has let the session go beyond."""
        self.warned: set[str] = set()

    # -- from the span processor ---------------------------------------------------------------

    def ended(self, span: ReadableSpan) -> None:
        """On the agent's time: kept, and read later."""
        self._waiting.append(span)
        if len(self._waiting) >= KEPT_SPANS:
            with self._locked():
                self._read_waiting()

    # -- for the guard -------------------------------------------------------------------------

    def spent(self) -> Spent:
        with self._locked():
            return self._spent()

    def take(self, ceilings: tuple[Ceiling, ...], *, call: Call) -> Excess | None:
        """
        The ceiling that stands in the way of one more call; None = it may be made.

        A tool call is counted by the same look, so that of two at once one is over the limit.
        """
        with self._locked():
            left = tuple(c for c in ceilings if c.limit not in self.waived)
            excess = exceeded(left, self._spent(), call=call)
            if call == "tool" and (excess is None or excess.ceiling.on_exceeded == "warn"):
                self._tool_calls += 1
            return excess

    def give_back(self) -> None:
        """A tool call that was counted is not made."""
        with self._locked():
            self._tool_calls -= 1

    def _locked(self) -> threading.Lock:
        if self._pid != os.getpid():
            # The lock may have been held by a thread that the child does not have.
            self._pid, self._lock = os.getpid(), threading.Lock()
        return self._lock

    def _spent(self) -> Spent:
        self._read_waiting()
        return Spent(
            usd=self._usd,
            tokens=self._tokens,
            model_calls=self._model_calls,
            tool_calls=self._tool_calls,
            duration_s=monotonic() - self._began,
            unpriced_calls=self._unpriced,
        )

    def _read_waiting(self) -> None:
        while self._waiting:
            try:
                self._read(self._waiting.popleft())
            except Exception as error:  # noqa: BLE001 - a span that can't be read is not counted
                swallow("counting", error)

    def _read(self, ended: ReadableSpan) -> None:
        attributes: Any = ended.attributes or {}
        context = ended.get_span_context()
        if context is None:
            return
        is_told = context.span_id in self._told
        self._told.discard(context.span_id)
        decision = str(attributes.get("quarterdeck.human.decision", ""))
        self.interventions += decision not in _NO_ACT
        span = None
        if not is_told and _may_be_a_model_call(attributes):
            span = normalize_span(_raw(ended, attributes))
        if span is not None and span.kind == "model":
            self._add(span)
            is_told = True
        elif ended.status.status_code.value == 2 and "quarterdeck.permission" in attributes:
            self.errors += 1
        if is_told and ended.parent is not None and len(self._told) < MAX_MARKS:
            self._told.add(ended.parent.span_id)

    def _add(self, span: Span) -> None:
        self._model_calls += 1
        self.errors += span.status == "error"
        usage = span.usage
        if usage is None:
            self._unpriced += span.status != "error"
            return
        self._tokens += (usage.input_tokens or 0) + (usage.output_tokens or 0)
        usd = _price(span)
        if usd is None:
            self._unpriced += 1
        else:
            self._usd += usd


def _may_be_a_model_call(attributes: Any) -> bool:
    """A cheap look: normalizing takes a tenth of a millisecond."""
    if "gen_ai.tool.name" in attributes or "quarterdeck.kind" in attributes:
        return False
    return any(key.startswith(_MODEL_KEYS) for key in attributes)


def _raw(span: ReadableSpan, attributes: Any) -> RawSpan:
    context: Any = span.get_span_context()
    scope = span.instrumentation_scope
    return RawSpan(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        status_code=span.status.status_code.value,
        attributes={key: list(v) if isinstance(v, tuple) else v for key, v in attributes.items()},
        resource=Resource(scope_name="" if scope is None else scope.name),
    )


def _price(span: Span) -> Decimal | None:
    """USD of one call, as the sender reports it or by the table that is in the wheel."""
    from quarterdeck.cost.rates import cost_of

    if span.charge is not None and span.charge.reported_usd is not None:
        return span.charge.reported_usd
    if span.usage is None:
        return None
    for model in (span.model_served, span.model_requested):
        listed = _table().rates(span.provider, model, "") if model else None
        if listed is not None:
            return cost_of(span.usage, listed[1])
    return None


@lru_cache(maxsize=1)
def _table() -> LitellmTable:
    """100 ms and some megabytes, for sessions that count money only."""
    from quarterdeck.cost.litellm_table import LitellmTable

    return LitellmTable.load()
