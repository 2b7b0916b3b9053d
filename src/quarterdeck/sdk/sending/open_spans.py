"""
What is going on now: snapshots of spans that have not ended.

A session's root is told of when it begins, any other span when it has been open for a second.  Both
again when their attributes changed, and a root also as a sign of life: every tenth of its age, but
not more often than every 5 seconds nor less than every 30.  So a session of hours shows while it
runs, and one whose process was killed says when it was last seen.  A snapshot is the span as it is,
marked `quarterdeck.partial`, with the time of the snapshot as its end; the whole span replaces it
later.

Runs in the sender's thread.  The agent's part is one entry in a table of open spans.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from opentelemetry.sdk.trace import ReadableSpan, Span

from quarterdeck.sdk.rim import swallow

TOLD_AFTER_NS = 1_000_000_000
"""Most tool and model calls are shorter than this, and are told once, whole."""
FIRST_HEARTBEAT_NS = 5_000_000_000
HEARTBEAT_NS = 30_000_000_000
MAX_AT_ONCE = 512
"""Snapshots in one request; the rest follow a second later."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class OpenSpans:
    """Which open spans were told of, and how they looked then."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[int, int]] = {}
        """Span id -> fingerprint, and when it was told."""

    def due(
        self,
        open_spans: Mapping[int, Span],
        late: Mapping[int, Mapping[str, Any]],
        *,
        now_ns: int,
        everything: bool = False,
    ) -> list[tuple[int, int, ReadableSpan]]:
        """
        Span id, fingerprint and snapshot of each span that should be told of, oldest first.

        `late` are attributes that are not yet on their spans.  With `everything` also of those
        that began just now.
        """
        table = _copied(open_spans)
        for span_id in [span_id for span_id in self._told if span_id not in table]:
            del self._told[span_id]
        found: list[tuple[int, int, ReadableSpan]] = []
        for span_id, span in table.items():
            if len(found) >= MAX_AT_ONCE:
                break
            age_ns = now_ns - (span.start_time or now_ns)
            try:
                if age_ns < TOLD_AFTER_NS and not everything and not _is_session(span):
                    continue
                attributes = {**(span.attributes or {}), **_copied(late.get(span_id, {}))}
                print_of = _fingerprint(span, attributes)
                told = self._told.get(span_id)
                if told is not None and not everything:
                    quiet_ns = now_ns - told[1]
                    pause_ns = min(HEARTBEAT_NS, max(FIRST_HEARTBEAT_NS, age_ns // 10))
                    beats = _is_root(span) and quiet_ns >= pause_ns
                    if told[0] == print_of and not beats:
                        continue
                found.append((span_id, print_of, _snapshot(span, attributes, now_ns)))
            except Exception as error:  # noqa: BLE001 - one odd span must not hide the others
                swallow("partial span", error)
        return found

    def tell(self, told: list[tuple[int, int, ReadableSpan]], *, now_ns: int) -> None:
        """These have arrived."""
        for span_id, print_of, _ in told:
            self._told[span_id] = (print_of, now_ns)

    def forget(self) -> None:
        self._told = {}


def _copied(shared: Mapping[Key, Value]) -> dict[Key, Value]:
    for _ in range(10):
        try:
            return dict(shared)
        except RuntimeError:  # the agent wrote to it meanwhile
            continue
    return {}


def _fingerprint(span: Span, attributes: dict[str, Any]) -> int:
    parts: Any = (tuple(attributes.items()), span.name, len(span.events), span.status.status_code)
    try:
        return hash(parts)
    except TypeError:  # a map among the values
        return hash(repr(parts))


def _is_root(span: Span) -> bool:
    """First of its trace in this process."""
    return span.parent is None or span.parent.is_remote


def _is_session(span: Span) -> bool:
    held: Any = getattr(span, "_attributes", None)
    return held is not None and held.get("quarterdeck.kind") == "session"


def _snapshot(span: Span, attributes: dict[str, Any], now_ns: int) -> ReadableSpan:
    attributes["quarterdeck.partial"] = True
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=tuple(span.events),
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=now_ns,
        instrumentation_scope=span.instrumentation_scope,
    )
