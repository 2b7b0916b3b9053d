"""
When a session is over.

Closed: everything ended and it has been quiet for a minute; or the sender ended it (a span of
kind `session` ended and nothing came after); or nothing came for the idle time.  New data opens
it again, since the status is computed, never stored.  A session that waits for a person is not
idle: it stays `waiting_for_human` for 30 days.
"""

from quarterdeck.model.sessions import SessionStatus

IDLE_AFTER_NS = 30 * 60 * 1_000_000_000
SETTLE_AFTER_NS = 60 * 1_000_000_000
"""Batch exporters send every 5 s and retry for up to a minute: later spans are still likely."""
WAIT_AT_MOST_NS = 30 * 24 * 3600 * 1_000_000_000
"""Longer than a person who means to answer takes; a later answer opens the session again."""


def status(
    *,
    now_ns: int,
    last_seen_ns: int,
    open_spans: int,
    missing_parents: int,
    pending: bool,
    ended_by_sender: bool,
    idle_after_ns: int = IDLE_AFTER_NS,
) -> SessionStatus:
    quiet_ns = now_ns - last_seen_ns
    if pending:
        return "waiting_for_human" if quiet_ns < WAIT_AT_MOST_NS else "closed"
    if ended_by_sender or quiet_ns >= idle_after_ns:
        return "closed"
    if open_spans or missing_parents:
        return "open"
    return "closed" if quiet_ns >= min(SETTLE_AFTER_NS, idle_after_ns) else "open"
