"""
What a revert would do to each entry that it touches, and the digest of it.

The digest is what a person agreed to: whoever acts names it, and is refused if memory has moved
on since, because then it would be another act than the one that was looked at.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Touched(NamedTuple):
    """An entry of which a revert hides, or shows again, at least one write."""

    entry_id: str
    hidden: int
    """Writes of it that would be hidden."""
    shown: int
    """Writes of it that would be shown again: only on the way back to a checkpoint."""
    now_seq: int | None
    """The write that decides now; None: all are hidden."""
    after_seq: int | None
    """The write that would decide afterwards."""

    @property
    def changes(self) -> bool:
        return self.now_seq != self.after_seq


class Division(NamedTuple):
    """What a plan tells of: each touched entry is in exactly one of the two."""

    goes: list[Touched]
    """What is found there changes; newest write first."""
    stays: list[Touched]
    """Somebody wrote later, so what is found there stays; newest write first."""


def divide(touched: Iterable[Touched]) -> Division:
    goes: list[Touched] = []
    stays: list[Touched] = []
    for one in sorted(touched, key=_newest, reverse=True):
        (goes if one.changes else stays).append(one)
    return Division(goes, stays)


def digest_of(touched: Sequence[Touched]) -> str:
    """`sha256:…`; the same for the same act on the same memory, in whatever order it was found."""
    told = hashlib.sha256()
    for one in sorted(touched):
        told.update(
            f"{one.entry_id} {one.hidden} {one.shown} {one.now_seq} {one.after_seq}\n".encode()
        )
    return f"sha256:{told.hexdigest()}"


def _newest(one: Touched) -> int:
    return max(one.now_seq or 0, one.after_seq or 0)
