"""
What is put off while data comes in fast, done when it is quiet: the text index of new parts,
and giving back the memory of the burst.
"""

from collections.abc import Callable

from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.upkeep import index_new_parts


class Tidying:
    """`run` does nothing while anything waits to be processed, or if nothing came since."""

    def __init__(
        self, *, events: EventConnection, pending: Callable[[], int], stored: Callable[[], int]
    ) -> None:
        self._events = events
        self._pending = pending
        self._stored = stored
        self._tidied_at = -1
        self._seen = -1

    def run(self) -> None:
        stored = self._stored()
        is_quiet = stored == self._seen and not self._pending()
        self._seen = stored
        if not is_quiet or stored == self._tidied_at:
            return
        index_new_parts(self._events)
        self._events.release_memory()
        self._tidied_at = stored
