"""
The rim: where an error of ours ends, so that it never reaches the agent.

Every public verb catches what goes wrong inside itself and hands it here.  Each is counted; the
first of a kind is logged, the rest only counted, because a verb may run a thousand times a
second.  What the user's own code raises does not come here: it passes through.

The counts are of the process, like the verbs: a global, on purpose.
"""

import logging
from threading import Lock

log = logging.getLogger("quarterdeck")

_MAX_KINDS = 100
"""Kinds of error told apart; a usual process has none.  The rest are counted as `other`."""


class _Swallowed:
    def __init__(self) -> None:
        self.lock = Lock()
        self.counts: dict[str, int] = {}

    def add(self, kind: str) -> bool:
        """Whether this is the first of its kind."""
        with self.lock:
            if kind not in self.counts and len(self.counts) >= _MAX_KINDS:
                kind = "other"
            self.counts[kind] = self.counts.get(kind, 0) + 1
            return self.counts[kind] == 1


_swallowed = _Swallowed()


def swallow(where: str, error: BaseException) -> None:
    """Count an error of ours and log the first of its kind.  Never raises."""
    try:
        if _swallowed.add(f"{where}: {type(error).__name__}"):
            log.warning(
                "%s went wrong inside Quarterdeck and was passed over (%s: %s); more of this kind "
                "are only counted, see quarterdeck.stats()",
                where,
                type(error).__name__,
                str(error)[:300],
                exc_info=error if log.isEnabledFor(logging.DEBUG) else None,
            )
    except Exception:  # noqa: BLE001, S110 - an error that can't even be shown: counted above
        pass


def notice(where: str, message: str) -> None:
    """A verb was used in a way that does nothing: counted, and logged once."""
    if _swallowed.add(f"{where}: unused"):
        log.warning("%s: %s", where, message)


def swallowed() -> dict[str, int]:
    """Counts by `verb: ErrorType`, since the process began or forked."""
    with _swallowed.lock:
        return dict(_swallowed.counts)


def forget() -> None:
    """Begin again, in a forked child: it tells of itself only, and the lock may be held."""
    _swallowed.__init__()  # type: ignore[misc]
