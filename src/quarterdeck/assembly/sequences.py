"""
Sorted lists that are changed in place, and the facts that hang on neighbors in them.

An entry is `(start_ns, trace_id, span_id, node)`: unique before its last element, so nodes are
never compared.  In the natural order of arrival an insertion is an append.
"""

from bisect import bisect_left, insort
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def insert(line: list[Any], entry: Any) -> tuple[Any, Any]:
    """Put `entry` in its place; returns its neighbors (None at the ends)."""
    if not line or line[-1] < entry:
        before = line[-1] if line else None
        line.append(entry)
        return before, None
    at = bisect_left(line, entry)
    line.insert(at, entry)
    return line[at - 1] if at else None, line[at + 1]


def remove(line: list[Any], entry: Any) -> tuple[Any, Any]:
    """Take `entry` out; returns the neighbors it leaves.  Absent entries are left absent."""
    at = bisect_left(line, entry)
    if at >= len(line) or line[at][:3] != entry[:3]:
        return None, None
    del line[at]
    return line[at - 1] if at else None, line[at] if at < len(line) else None


class Facts(Generic[T]):
    """Facts in time order, each owned by a key that can replace or withdraw it."""

    __slots__ = ("_by_key", "_line")

    def __init__(self) -> None:
        self._line: list[tuple[int, str, str, T]] = []
        self._by_key: dict[Hashable, tuple[int, str, str, T]] = {}

    def __len__(self) -> int:
        return len(self._line)

    def put(self, key: Hashable, at_ns: int, trace_id: str, span_id: str, fact: T) -> T | None:
        """
        Returns the fact that was there before.  `(at_ns, trace_id, span_id)` must be unique
        among the facts: it alone decides their order.
        """
        old = self.drop(key)
        item = (at_ns, trace_id, span_id, fact)
        self._by_key[key] = item
        insort(self._line, item)
        return old

    def drop(self, key: Hashable) -> T | None:
        item = self._by_key.pop(key, None)
        if item is None:
            return None
        remove(self._line, item)
        return item[3]

    def get(self, key: Hashable) -> T | None:
        item = self._by_key.get(key)
        return None if item is None else item[3]

    def first(self, count: int) -> tuple[T, ...]:
        return tuple(item[3] for item in self._line[:count])
