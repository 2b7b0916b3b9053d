"""
The agent's side of sending: a span processor that costs the agent as little as it can.

`on_start` writes the session's id on spans of others (a framework's, a client's) and puts the
span into a table; `on_end` takes it out and puts it into a queue.  No lock, no signal and no
encoding: the queue is a deque, which is safe to append to from any thread, and the sender looks
at it every second, or is woken when it fills.

The queue is bounded in spans and in bytes.  When it is full the span that comes is dropped and
counted: the ones before it are about to be sent, and to push them out would need a lock.
"""

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.runtime import SCOPE_NAME, SESSION_KEY
from quarterdeck.sdk.sending.stats import Counts
from quarterdeck.sdk.verbs.blocks import put

WAKE_AT = 2_048
WAKE_AT_BYTES = 8 * 1024 * 1024
"""What wakes the sender before its second is over.  Not less: encoding in the middle of a burst
makes the agent wait for Python's lock, and after the burst there is time."""

_SPAN_BYTES = 2_800
"""A span without its texts, in memory, measured: OpenTelemetry's objects with their locks."""
_EVENT_BYTES = 600


class Outbox(SpanProcessor):
    """Attached to a provider once and for good; it takes spans while it is `open_to` a sender."""

    def __init__(self) -> None:
        self.open: dict[int, Span] = {}
        """Spans that have begun, by id: the live view looks here."""
        self.late: dict[int, dict[str, Any]] = {}
        """Attributes that will be put on them before they end, by id."""
        self.queue: deque[ReadableSpan] = deque()
        self.queued_bytes = 0
        """About; several threads add to it without a lock, so the sender sets it right when the
        queue is empty."""
        self.is_woken = False
        self.is_alone = False
        """After a fork: there is no sender yet, and the first span has to start it."""
        self.is_closed = True
        self.counts = Counts()
        self.root_attributes: dict[str, str] = {}
        """Workflow and environment, where the provider is the application's own and its resource
        does not name them."""
        self.counters: WeakValueDictionary[str, Any] = WeakValueDictionary()
        """What counts the spending of a session, by its id: of sessions with a workflow only."""
        self.is_counting = False
        """Whether there ever was one: asked at the end of each span."""
        self._inherited: frozenset[int] = frozenset()
        self._max_spans = 0
        self._max_bytes = 0
        self._wake: Callable[[], None] = lambda: None
        self._flush: Callable[[float], bool] = lambda _: True
        self._stop: Callable[[], None] = lambda: None

    def open_to(
        self,
        *,
        counts: Counts,
        max_spans: int,
        max_bytes: int,
        wake: Callable[[], None],
        flush: Callable[[float], bool],
        stop: Callable[[], None],
    ) -> None:
        self.counts = counts
        self._max_spans, self._max_bytes = max_spans, max_bytes
        self._wake, self._flush, self._stop = wake, flush, stop
        self.is_closed = False

    def close(self) -> None:
        """Take nothing more; what waits stays for the sender."""
        self.is_closed = True

    # -- what OpenTelemetry calls ----------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self.is_closed:
            return
        try:
            scope = span.instrumentation_scope
            if scope is None or scope.name != SCOPE_NAME:
                self._stamp(span, parent_context)
            self.open[span.context.span_id] = span
            if self.is_alone:
                self.is_alone = False
                self._wake()
        except Exception as error:  # noqa: BLE001 - the rim: a framework's span goes on without us
            swallow("on_start", error)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            span_id = span.context.span_id
            began_here = self.open.pop(span_id, None)
            if self.is_closed:
                if began_here is not None:
                    self.counts.drop("after_shutdown")
                return
            if began_here is None and span_id in self._inherited:
                return  # the parent process began it and will send it
            if self.is_counting:
                self._count(span)
            size = size_of(span)
            queue = self.queue
            if len(queue) >= self._max_spans or self.queued_bytes + size > self._max_bytes:
                self.counts.drop("queue_full")
                return
            self.queued_bytes += size
            queue.append(span)
            if not self.is_woken and (len(queue) >= WAKE_AT or self.queued_bytes >= WAKE_AT_BYTES):
                self.is_woken = True
                self._wake()
        except Exception as error:  # noqa: BLE001 - the same rim
            swallow("on_end", error)

    def shutdown(self) -> None:
        self._stop()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._flush(timeout_millis / 1000)

    # -- the sender's side -----------------------------------------------------------------

    def take(self, *, max_spans: int, max_bytes: int) -> list[ReadableSpan]:
        """The oldest, at least one if any waits."""
        taken: list[ReadableSpan] = []
        size = 0
        queue = self.queue
        while queue and len(taken) < max_spans and (not taken or size < max_bytes):
            span = queue.popleft()
            taken.append(span)
            size += size_of(span)
        self.queued_bytes = self.queued_bytes - size if queue else 0
        return taken

    def forget(self) -> None:
        """In a forked child: spans that wait or are open are the parent's to send."""
        self._inherited = frozenset(self._inherited | self.open.keys())
        self.open = {}
        self.late = {}
        self.queue = deque()
        self.queued_bytes = 0
        self.is_woken = False
        self.is_alone = True

    def _count(self, span: ReadableSpan) -> None:
        known: Any = getattr(span, "_attributes", None) or {}
        counter = self.counters.get(known.get("session.id", ""))
        if counter is not None:
            counter.ended(span)

    def _stamp(self, span: Span, parent_context: Context | None) -> None:
        context = get_current() if parent_context is None else parent_context
        session: Any = context.get(SESSION_KEY)
        if session is not None:
            # Not `span.attributes`, which makes a copy on the agent's time.
            known: Any = getattr(span, "_attributes", None) or {}
            if "session.id" not in known:
                put(span, session.stamp)
        if self.root_attributes and span.parent is None:
            put(span, self.root_attributes)


def size_of(span: Any) -> int:
    """
    About how many bytes it holds: the text of its attributes and events.

    Through the fields of OpenTelemetry's classes where they are there: the public properties
    make copies, which takes ten times as long, on the agent's time.
    """
    attributes = getattr(span, "_attributes", None)
    size = _SPAN_BYTES
    for value in getattr(attributes, "_dict", attributes or {}).values():
        if type(value) is str:
            size += len(value)
        elif type(value) is tuple:
            size += 64 * len(value)
    if getattr(span, "_events", True):
        for event in span.events:
            size += _EVENT_BYTES
            for value in (event.attributes or {}).values():
                if type(value) is str:
                    size += len(value)
    return size
