"""
What became of the spans of this process: the books that `qd.stats()` shows.

`sent` + `rejected` + what was dropped, is spooled or still waits = spans that ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Counts since this process began, or forked."""

    sent: int = 0
    """Spans that the server took, those that waited on disk included."""
    rejected: int = 0
    """Spans that the server took delivery of and refused one by one."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Spans given up, by reason; the reasons are in docs/reference/sdk.md."""
    queued: int = 0
    """Spans that wait in memory now."""
    spooled: int = 0
    """Spans written to disk because the server did not answer."""
    spool_bytes: int = 0
    """On disk now, for this server and key, by any process."""
    resent: int = 0
    """Spans sent from disk, also those that an earlier process left."""
    retried: int = 0
    """Requests that had to be repeated."""
    partial: int = 0
    """Snapshots of open spans sent."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """Errors of ours that were kept from the agent, by `verb: ErrorType`."""
    last_problem: str = ""
    """Why the last request failed, if any did."""


class Counts:
    """The same while they change.  The sender's thread writes all but `dropped`."""

    def __init__(self) -> None:
        self.sent = 0
        self.rejected = 0
        self.spooled = 0
        self.resent = 0
        self.retried = 0
        self.partial = 0
        self.last_problem = ""
        self._lock = Lock()
        """Protects `dropped`, which any thread may write."""
        self._dropped: dict[str, int] = {}

    def drop(self, reason: str, spans: int = 1) -> None:
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + spans

    def dropped(self) -> dict[str, int]:
        with self._lock:
            return dict(self._dropped)
