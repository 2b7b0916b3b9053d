"""
A list that the server tells in pages: fetched as far as somebody looks, and kept.

It does all that a tuple does; `len` and negative indexes fetch everything first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar, overload

LINES = 20
"""Of a list in a terminal: what fits on a screen with its question."""

Item = TypeVar("Item", covariant=True)


class Page(NamedTuple, Generic[Item]):
    items: Sequence[Item]
    more: bool
    """Whether there are items after these."""


class Paged(Sequence[Item], Generic[Item]):
    """
    `pages` are asked for one by one, until `limit` items, at least one, are there (None: all).

    What was fetched stays, so that looking twice asks once.  Not for several threads at once.
    """

    def __init__(self, pages: Iterator[Page[Item]], *, limit: int | None = None) -> None:
        self._pages = pages
        self._limit = limit
        self._fetched: list[Item] = []
        self._complete = False
        self._cut = False

    def __len__(self) -> int:
        return self._fetch()

    def __bool__(self) -> bool:
        return self._fetch(1) > 0

    def __iter__(self) -> Iterator[Item]:
        at = 0
        while self._fetch(at + 1) > at:
            yield self._fetched[at]
            at += 1

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            self._fetch(_reach(at))
        else:
            self._fetch(at + 1 if at >= 0 else None)
        return self._fetched[at]

    def __repr__(self) -> str:
        """A line an item, of the first ones."""
        if not self:
            return f"<{type(self).__name__}: none>"
        lines = [str(item) for item in self._fetched[:LINES]]
        rest = self.more or len(self._fetched) > LINES
        return "\n".join([*lines, "… and more"] if rest else lines)

    @property
    def fetched(self) -> Sequence[Item]:
        """What is here already: asking costs nothing."""
        return tuple(self._fetched)

    @property
    def more(self) -> bool:
        """Whether there are more than these: not fetched yet, or beyond the limit."""
        return not self._complete or self._cut

    def _fetch(self, wanted: int | None = None) -> int:
        """How many are here, once `wanted` are or there are no more; None: all."""
        while not self._complete and (wanted is None or len(self._fetched) < wanted):
            page = next(self._pages, Page((), more=False))
            self._fetched += page.items
            self._complete = not page.more
            if self._limit is not None and len(self._fetched) >= self._limit:
                self._cut = page.more or len(self._fetched) > self._limit
                del self._fetched[self._limit :]
                self._complete = True
        return len(self._fetched)


def _reach(wanted: slice) -> int | None:
    """How many items a slice needs; None: all."""
    ends = (wanted.start, wanted.stop)
    if wanted.stop is None or any(end is not None and end < 0 for end in ends):
        return None
    return max(int(end) for end in ends if end is not None)
