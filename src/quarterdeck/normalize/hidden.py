"""
Where redaction replaced something, in places of the text as it was.

Redaction works in passes, and each sees what the one before left.  For a person who tries a
pattern the places have to be those of the text that they pasted.
"""

from collections.abc import Iterable
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


class Hidden:
    """Follows replacements through the passes; all positions in bytes."""

    def __init__(self) -> None:
        self._known: list[_Replaced] = []

    def replaced(self, found: Iterable[tuple[int, int, str, int]]) -> None:
        """
        One pass: [start, end) of the text before this pass, the kind, and the new length.

        In order and without overlaps.
        """
        before = self._known
        fresh: list[_Replaced] = []
        taken: set[_Replaced] = set()
        for start, end, kind, now_long in found:
            touched, was_start, was_end, extra = _back(before, start, end)
            taken.update(touched)
            fresh.append(_Replaced(was_start, was_end, now_long + extra, kind))
        kept = [one for one in before if one not in taken]
        self._known = sorted((*kept, *fresh))

    def places(self, text: bytes) -> list[Place]:
        """In characters of the text as it was, by start."""
        found = []
        done = characters = 0
        for one in self._known:
            characters += _characters(text[done : one.start])
            inside = _characters(text[one.start : one.end])
            found.append(Place(characters, characters + inside, one.kind))
            characters += inside
            done = max(done, one.end)
        return found


def _back(known: list[_Replaced], start: int, end: int) -> tuple[list[_Replaced], int, int, int]:
    """
    Which earlier replacements [start, end) of the present text touches, the stretch of the text
    as it was, and how much of theirs is left beside it.
    """
    shift = 0
    touched: list[_Replaced] = []
    was_start = was_end = -1
    extra = 0
    for one in known:
        now_start = one.start + shift
        now_end = now_start + one.now_long
        if was_start < 0 and start <= now_start:
            was_start = start - shift
        if now_start < end and start < now_end:
            touched.append(one)
            if start > now_start:
                was_start = one.start
                extra += start - now_start
            if end < now_end:
                was_end = one.end
                extra += now_end - end
        if was_end < 0 and end <= now_start:
            was_end = end - shift
        shift += one.now_long - (one.end - one.start)
    was_start = start - shift if was_start < 0 else was_start
    was_end = end - shift if was_end < 0 else was_end
    return touched, was_start, was_end, extra


def _characters(raw: bytes) -> int:
    return len(raw.decode("utf-8", "surrogatepass"))
