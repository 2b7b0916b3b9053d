"""
Two sequences of decisions laid beside each other: what is equal, where they part, where they meet.

Exact as long as the sessions have much in common: the fewest steps are left without a partner
(Myers 1986, O(ND)).  Sessions that have little in common would cost the product of their lengths;
from a budget on they are aligned by landmarks only: runs of steps that occur once in both.  The
result says which it was.

It compares keys and knows nothing of steps: the same code lays messages beside each other.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

WORK = 800_000
"""Elementary comparisons for one alignment, about half a second at the most: sessions of 10,000
steps of which 600 differ stay below."""
_LANDMARKS = (12, 6, 3, 1)
"""Lengths of runs that are looked for, the surest first."""

RunKind = Literal["equal", "changed", "only_a", "only_b"]


class Block(NamedTuple):
    """`length` equal keys from `a` and from `b`; places from 0."""

    a: int
    b: int
    length: int


class Run(NamedTuple):
    """A stretch of both; places from 0, ends exclusive."""

    kind: RunKind
    a_from: int
    a_to: int
    b_from: int
    b_to: int


class Alignment(NamedTuple):
    runs: list[Run]
    """They cover both sequences, in order."""
    equal: int
    is_exact: bool


def align(a: Sequence[Hashable], b: Sequence[Hashable], *, work: int = WORK) -> Alignment:
    numbers: dict[Hashable, int] = {}
    one = [numbers.setdefault(key, len(numbers)) for key in a]
    other = [numbers.setdefault(key, len(numbers)) for key in b]
    aligner = _Aligner(one, other, work)
    aligner.range(0, len(one), 0, len(other), 0)
    blocks = _joined(aligner.blocks)
    runs = _runs(blocks, len(one), len(other))
    return Alignment(runs, sum(block.length for block in blocks), aligner.is_exact)


class _Aligner:
    def __init__(self, a: list[int], b: list[int], work: int) -> None:
        self._a = a
        self._b = b
        self._work = work
        self.blocks: list[Block] = []
        self.is_exact = True

    def range(self, a_from: int, a_to: int, b_from: int, b_to: int, level: int) -> None:
        """Adds the equal blocks of two stretches, in order."""
        a, b = self._a, self._b
        first = a_from
        while a_from < a_to and b_from < b_to and a[a_from] == b[b_from]:
            a_from, b_from = a_from + 1, b_from + 1
        if a_from > first:
            self.blocks.append(Block(first, b_from - (a_from - first), a_from - first))
        same = 0
        while a_from < a_to - same and b_from < b_to - same and (
            a[a_to - same - 1] == b[b_to - same - 1]
        ):  # fmt: skip
            same += 1
        if a_from < a_to - same and b_from < b_to - same:
            self._inner(a_from, a_to - same, b_from, b_to - same, level)
        if same:
            self.blocks.append(Block(a_to - same, b_to - same, same))

    def _inner(self, a_from: int, a_to: int, b_from: int, b_to: int, level: int) -> None:
        if level == 0 or self._work > 0:
            found = self._fewest(a_from, a_to, b_from, b_to)
            if found is not None:
                self.blocks.extend(found)
                return
        self.is_exact = False
        for at in range(level, len(_LANDMARKS)):
            marks = self._landmarks(a_from, a_to, b_from, b_to, _LANDMARKS[at])
            if marks:
                self._between(marks, a_to, b_to, a_from, b_from, at + 1)
                return

    def _between(
        self, marks: list[Block], a_to: int, b_to: int, a_from: int, b_from: int, level: int
    ) -> None:
        for mark in marks:
            if mark.a < a_from or mark.b < b_from:
                continue  # the stretch before has grown over it
            self.range(a_from, mark.a, b_from, mark.b, level)
            self.blocks.append(mark)
            a_from, b_from = mark.a + mark.length, mark.b + mark.length
        self.range(a_from, a_to, b_from, b_to, level)

    def _landmarks(self, a_from: int, a_to: int, b_from: int, b_to: int, size: int) -> list[Block]:
        """Runs of `size` keys that occur once in each, in an order that both have."""
        ours = _once(self._a, a_from, a_to, size)
        theirs = _once(self._b, b_from, b_to, size)
        pairs = sorted((at, theirs[run]) for run, at in ours.items() if run in theirs)
        self._work -= (a_to - a_from + b_to - b_from) * size
        line = _longest_rising(pairs)
        marks: list[Block] = []
        for at, bt in line:
            if not marks or (at >= marks[-1].a + size and bt >= marks[-1].b + size):
                marks.append(Block(at, bt, size))
        return marks

    def _fewest(self, a_from: int, a_to: int, b_from: int, b_to: int) -> list[Block] | None:
        """Myers' greedy algorithm; None if the budget ends before it."""
        a, b = self._a, self._b
        n, m = a_to - a_from, b_to - b_from
        furthest = {1: 0}
        trail: list[dict[int, int]] = []
        for edits in range(n + m + 1):
            self._work -= edits + 1
            if self._work < 0:
                return None
            reached: dict[int, int] = {}
            for k in range(-edits, edits + 1, 2):
                if k < -m or k > n:
                    continue
                down = k == -edits or (
                    k != edits and furthest.get(k - 1, -1) < furthest.get(k + 1, -1)
                )
                x = furthest.get(k + 1, 0) if down else furthest.get(k - 1, -1) + 1
                y = x - k
                while x < n and y < m and a[a_from + x] == b[b_from + y]:
                    x, y = x + 1, y + 1
                reached[k] = x
                if x >= n and y >= m:
                    trail.append(reached)
                    return _trace(trail, n, m, a_from, b_from)
            trail.append(reached)
            furthest = reached
        return None


def _trace(trail: list[dict[int, int]], n: int, m: int, a_from: int, b_from: int) -> list[Block]:
    """From the end back through the furthest reaching paths."""
    blocks: list[Block] = []
    x, y = n, m
    for edits in range(len(trail) - 1, 0, -1):
        before = trail[edits - 1]
        k = x - y
        down = k == -edits or (k != edits and before.get(k - 1, -1) < before.get(k + 1, -1))
        k_before = k + 1 if down else k - 1
        x_before = before.get(k_before, 0)
        y_before = x_before - k_before
        x_after = x_before if down else x_before + 1
        if x > x_after:
            length = x - x_after
            blocks.append(Block(a_from + x_after, b_from + x_after - k, length))
        x, y = x_before, y_before
    if x > 0:
        blocks.append(Block(a_from, b_from, x))
    return blocks[::-1]


def _once(keys: list[int], first: int, last: int, size: int) -> dict[tuple[int, ...], int]:
    runs = [tuple(keys[at : at + size]) for at in range(first, last - size + 1)]
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs, first) if counts[run] == 1}


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of it in which the second rises too."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for at, (_, second) in enumerate(pairs):
        place = bisect_left(ends, second)
        before.append(places[place - 1] if place else -1)
        if place == len(ends):
            ends.append(second)
            places.append(at)
        else:
            ends[place], places[place] = second, at
    line: list[tuple[int, int]] = []
    at = places[-1] if places else -1
    while at >= 0:
        line.append(pairs[at])
        at = before[at]
    return line[::-1]


def _joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last is not None and last.a + last.length == block.a and (
            last.b + last.length == block.b
        ):  # fmt: skip
            joined[-1] = Block(last.a, last.b, last.length + block.length)
        else:
            joined.append(block)
    return joined


def _runs(blocks: list[Block], n: int, m: int) -> list[Run]:
    runs: list[Run] = []
    a = b = 0
    for block in (*blocks, Block(n, m, 0)):
        if block.a > a and block.b > b:
            runs.append(Run("changed", a, block.a, b, block.b))
        elif block.a > a:
            runs.append(Run("only_a", a, block.a, b, b))
        elif block.b > b:
            runs.append(Run("only_b", a, a, b, block.b))
        a, b = block.a + block.length, block.b + block.length
        if block.length:
            runs.append(Run("equal", block.a, a, block.b, b))
    return runs
