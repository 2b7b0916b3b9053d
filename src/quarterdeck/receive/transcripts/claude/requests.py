"""
When a request to the model went out: newer versions write a line for each one, to which its answer
refers.  A failure refers to none: it answers the latest.
"""

from typing import Any

from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import text


class Requests:
    def __init__(self) -> None:
        self._sent_ns: dict[str, int] = {}
        self._latest_ns = 0

    def add(self, record: dict[str, Any]) -> None:
        """An `api-request` line."""
        at_ns = instant_ns(record.get("timestamp"))
        if at_ns is not None:
            self._sent_ns[text(record.get("id"))] = self._latest_ns = at_ns

    def sent_ns(
        self, answer: dict[str, Any], *, heard_ns: int | None, at_ns: int | None
    ) -> int | None:
        """As told, else `heard_ns`, when what it answers was there; never after `at_ns`."""
        sent = self._sent_ns.get(text(answer.get("requestRef")), heard_ns)
        if sent is None or at_ns is None:
            return at_ns
        if answer.get("isApiErrorMessage") is True and self._latest_ns <= at_ns:
            sent = max(sent, self._latest_ns)
        return min(sent, at_ns)
