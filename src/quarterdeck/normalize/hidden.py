"""
Where redaction replaced something, in places of the text as it was.

Redaction works in passes, and each sees what the one before left.  For a person who tries a
pattern the places have to be those of the text that they pasted.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Place(NamedTuple):
    """[start, end) of the text as it was, in the unit of who asked."""

    start: int
    end: int
    kind: str


class _Replaced(NamedTuple):
    """A stretch of the text as it was, and how long what stands for it is now."""

    start: int
    end: int
    now_long: int
    kind: str


class _Piece(NamedTuple):
    """[start, end) of the present text: replaced earlier, or in this pass."""

    start: int
    end: int
    grew: int
    """By how much it is longer than what stood there first; 0 for one of this pass."""
    grows: int
    """By how much this pass makes it longer; 0 for an earlier one."""
    kind: str
    is_new: bool


class Hidden:
    """Follows replacements through the passes; all positions in bytes."""

    def __init__(self) -> None:
        self._known: list[_Replaced] = []

    def replaced(self, found: Iterable[tuple[int, int, str, int]]) -> None:
        """
        One pass: [start, end) of the text before this pass, the kind, and the new length.

        In order and without overlaps.  Takes time in proportion to what is known and found.
        """
        fresh = (_Piece(s, e, 0, long - (e - s), kind, True) for s, e, kind, long in found)
        pieces = heapq.merge(self._pieces(), fresh, key=lambda piece: piece.start)
        known: list[_Replaced] = []
        shift = 0  # how far the present text is ahead of the text as it was
        for group in _touching(pieces):
            start, end = group[0].start, max(piece.end for piece in group)
            was_start = start - shift
            shift += sum(piece.grew for piece in group)
            now_long = end - start + sum(piece.grows for piece in group)
            kind = next((piece.kind for piece in reversed(group) if piece.is_new), group[0].kind)
            known.append(_Replaced(was_start, end - shift, now_long, kind))
        self._known = known

    def _pieces(self) -> Iterator[_Piece]:
        shift = 0
        for one in self._known:
            start = one.start + shift
            grew = one.now_long - (one.end - one.start)
            yield _Piece(start, start + one.now_long, grew, 0, one.kind, False)
            shift += grew

    def places(self, text: bytes) -> list[Place]:
        """In characters of the text as it was, by start."""
        found = []
        done = characters = 0
        for one in self._known:
            characters += _characters(text[done : one.start])
            inside = _characters(text[one.start : one.end])
            found.append(Place(characters, characters + inside, one.kind))
            characters += inside
            done = one.end
        return found


def _touching(pieces: Iterable[_Piece]) -> Iterator[list[_Piece]]:
    """Those that overlap, together; two that only meet stay two."""
    group: list[_Piece] = []
    end = 0
    for piece in pieces:
        if group and piece.start >= end:
            yield group
            group = []
        group.append(piece)
        end = max(end, piece.end)
    if group:
        yield group


def _characters(raw: bytes) -> int:
    return len(raw.decode("utf-8", "surrogatepass"))
