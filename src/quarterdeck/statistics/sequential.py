"""
How far apart are two means in [0, 1], for who looks after every observation and stops at will?

A usual interval holds for one look at a number of observations that was fixed before.  Who looks
again and again until it excludes 0 will see it exclude 0.  What is here holds at all looks at once:
`level` bounds the chance that the true difference is *ever* left out.  It is exact, for any number
of observations, for successes and failures and for any quantity between 0 and 1.

How.  Observations of both sides are cut into blocks, in their order: a block ends as soon as it has
some of each.  Suppose that second - first is `delta`.  From the blocks before, each side's mean is
guessed, a and b.  Of all pairs (q, q + delta) that the supposition allows, the one that is nearest
to the guesses (n * KL(a, q) + m * KL(b, q + delta) is least, n and m the block's counts) is the
supposition's best case.  The block's factor is how much likelier the guesses make what was seen
than that best case does.  If the supposition is true a factor is at most 1 on average, whatever q
is: with y the outcome, (a/q)^y ((1-a)/(1-q))^(1-y) is convex in y, so its mean is at most
A(p) = p a/q + (1-p)(1-a)/(1-q) where p is y's mean, and likewise B(p + delta).  n log A + m log B
is concave in p, is 0 at p = q, and its slope there is the slope of the distances that q minimizes,
0; so it is never above 0.  Means may change, as long as in each block the averages of the two
sides' means differ by delta.  The product of the factors is then the fortune of a gambler in a game
that is not in his favor; it ever reaches 1 / level in at most `level` of all games (Ville).  Every
delta whose fortune did is excluded, for good.

The factor is the one of Turner, Ly and Grunwald (2021) for comparing groups; the guesses, the
blocks and what is done where the differences run out are ours.

What it asks for: that the sides' sequence does not depend on what will be seen, and that an
observation comes in its order once.  Cost: 0.1 s for 5,000 observations (the number of blocks
grows with the logarithm of the observations, and each excluded delta is never computed again).
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import acos, cos, inf, log, pi, sqrt
from typing import NamedTuple

_STEP = 0.01
"""Between the differences that are tried first."""
_FINEST = 0.0005
"""Ends are found this well, and told on the excluded side: half of a tenth of a point."""
_FEW = 6
"""Fewer differences than this left: some between them are tried."""
_GROWTH = 1 / 30
"""A block is that part of the smaller side so far, so that 5,000 observations are 190 blocks."""
_SHRINK = 20.0
"""Guesses are pulled to the common mean as if this many observations had it.  By simulation: a fall
from 85 to 75 % is seen in 522 sessions (median); with 1 in 660, with 80 in 570."""


class Observed(NamedTuple):
    """One outcome, in [0, 1]."""

    second: bool
    """Of which side."""
    value: float


class Look(NamedTuple):
    """What was known when a block was full."""

    place: int
    """How many observations had come."""
    first_n: int
    second_n: int
    difference: float
    """second - first, of all observations so far."""
    low: float | None
    high: float | None
    """None where no difference is left, as in `Sequential`."""


class Sequential(NamedTuple):
    """
    What all observations say.  low and high are excluded themselves, except -1 and 1.

    Both are None where every difference was excluded and nothing else can be said: no one
    difference fits the whole time.
    """

    first_n: int
    second_n: int
    difference: float | None
    low: float | None
    high: float | None
    evidence: float
    """Natural logarithm of the greatest fortune against "no difference"; 3 is 1 in 20."""
    changed: bool
    """Each difference was excluded at some time: the interval is that of the end alone."""
    looks: list[Look]


class _Block(NamedTuple):
    n: int
    first: float
    m: int
    second: float
    """Sums of the outcomes."""
    a: float
    b: float
    """The guesses, made before."""


def sequential_difference(observed: Iterable[Observed], *, level: float) -> Sequential:
    """second - first, from observations in their order; `level` is above 0 and at most 0.5."""
    blocks = _Blocks()
    standing = _Standing(log(1 / level))
    looks: list[Look] = []
    place = 0
    for second, value in observed:
        place += 1
        block = blocks.take(second, value)
        if block is None:
            continue
        standing.see(block)
        low, high = standing.hull() or (None, None)
        looks.append(Look(place, blocks.n, blocks.m, blocks.difference() or 0.0, low, high))
    interval = standing.ends()
    if looks and interval is not None:
        looks[-1] = looks[-1]._replace(low=interval[0], high=interval[1])
    return Sequential(
        blocks.n + blocks.waiting_n,
        blocks.m + blocks.waiting_m,
        blocks.difference(),
        interval[0] if interval else None,
        interval[1] if interval else None,
        standing.evidence,
        standing.changed,
        looks,
    )


class _Blocks:
    """Cuts the observations, and guesses each block's means from those before."""

    def __init__(self) -> None:
        self.n = self.m = 0
        """Of the blocks that are full."""
        self.first = self.second = 0.0
        self.waiting_n = self.waiting_m = 0
        self.waiting_first = self.waiting_second = 0.0

    def take(self, second: bool, value: float) -> _Block | None:
        if not 0 <= value <= 1:
            raise ValueError(f"not between 0 and 1: {value!r}")
        if second:
            self.waiting_m += 1
            self.waiting_second += value
        else:
            self.waiting_n += 1
            self.waiting_first += value
        size = max(1, int(min(self.n, self.m) * _GROWTH))
        if self.waiting_n < size or self.waiting_m < size:
            return None
        a, b = self._guesses()
        block = _Block(
            self.waiting_n, self.waiting_first, self.waiting_m, self.waiting_second, a, b
        )
        self.n += self.waiting_n
        self.m += self.waiting_m
        self.first += self.waiting_first
        self.second += self.waiting_second
        self.waiting_n = self.waiting_m = 0
        self.waiting_first = self.waiting_second = 0.0
        return block

    def _guesses(self) -> tuple[float, float]:
        both = (self.first + self.second + 0.5) / (self.n + self.m + 1)
        return (
            (self.first + _SHRINK * both) / (self.n + _SHRINK),
            (self.second + _SHRINK * both) / (self.m + _SHRINK),
        )

    def difference(self) -> float | None:
        n, m = self.n + self.waiting_n, self.m + self.waiting_m
        if not n or not m:
            return None
        return (self.second + self.waiting_second) / m - (self.first + self.waiting_first) / n


def _tried() -> list[tuple[float, float]]:
    """(difference, logarithm of its fortune), ascending."""
    steps = round(1 / _STEP)
    return [(step * _STEP, 0.0) for step in range(1 - steps, steps)]


class _Standing:
    """The differences that are not excluded yet, with what speaks against each."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._blocks: list[_Block] = []
        self._left = _tried()
        self._all: list[tuple[float, float]] = []
        """The same of every difference, once none is left."""
        self.low, self.high = -1.0, 1.0
        """The nearest excluded ones outside."""
        self.evidence = 0.0
        self.changed = False
        self._against_none = 0.0

    def see(self, block: _Block) -> None:
        self._blocks.append(block)
        self._against_none += _gain(block, 0.0)
        self.evidence = max(self.evidence, self._against_none)
        if self.changed:
            self._all = [(delta, total + _gain(block, delta)) for delta, total in self._all]
            self._take_latest()
            return
        self._exclude([(delta, sum_ + _gain(block, delta)) for delta, sum_ in self._left])
        while len(self._left) < _FEW and self.high - self.low > 2 * _FINEST:
            if not self._look_between():
                break
        if not self._left and not self._search():
            self._start_anew()

    def _exclude(self, points: Sequence[tuple[float, float]]) -> None:
        """Those in between that fall are forgotten: what is told is the hull."""
        left = [point for point in points if point[1] < self._threshold]
        if left:
            self.low = max((d for d, _ in points if d < left[0][0]), default=self.low)
            self.high = min((d for d, _ in points if d > left[-1][0]), default=self.high)
        self._left = left

    def _look_between(self) -> bool:
        """Differences between those that are left; False where that would be too fine."""
        if not self._left:
            return False
        known = [self.low, *(delta for delta, _ in self._left), self.high]
        between = [(one + other) / 2 for one, other in pairwise(known) if other - one > _FINEST]
        if not between:
            return False
        fresh = [(delta, self._against(delta)) for delta in between]
        self._exclude(sorted(self._left + fresh))
        return True

    def _search(self) -> bool:
        """None is left of those that were tried: is there any in between?"""
        parts = 32
        width = (self.high - self.low) / parts
        fresh = [self.low + part * width for part in range(1, parts)]
        self._exclude([(delta, self._against(delta)) for delta in fresh])
        return bool(self._left)

    def _against(self, delta: float) -> float:
        """As if it had been there from the start; infinite if it was ever excluded."""
        total = 0.0
        for block in self._blocks:
            total += _gain(block, delta)
            if total >= self._threshold:
                return inf
        return total

    def _start_anew(self) -> None:
        """From now on the differences that are not excluded at this moment, which are more than
        those that never were."""
        self.changed = True
        self._left = []
        self._all = [(delta, self._sum(delta)) for delta, _ in _tried()]
        self._take_latest()

    def _take_latest(self) -> None:
        left = [delta for delta, total in self._all if total < self._threshold]
        self.low, self.high = (left[0] - _STEP, left[-1] + _STEP) if left else (0.0, 0.0)

    def _sum(self, delta: float) -> float:
        return sum(_gain(block, delta) for block in self._blocks)

    def hull(self) -> tuple[float, float] | None:
        """low < high, as well as was looked for."""
        return (self.low, self.high) if self.low < self.high else None

    def ends(self) -> tuple[float, float] | None:
        """low < high, found to `_FINEST`."""
        if self.changed:
            return self.hull()
        return (
            self._between(self.low, self._left[0][0]),
            self._between(self.high, self._left[-1][0]),
        )

    def _between(self, out: float, within: float) -> float:
        """The excluded side of the border between an excluded difference and one that is left."""
        while abs(out - within) > _FINEST:
            middle = (out + within) / 2
            if self._against(middle) < self._threshold:
                within = middle
            else:
                out = middle
        return out


def _gain(block: _Block, delta: float) -> float:
    """The logarithm of the block's factor against `delta`, which is above -1 and below 1."""
    n, first, m, second, a, b = block
    q = _nearest(n, a, m, b, delta)
    r = q + delta
    return (
        first * log(a / q)
        + (n - first) * log((1 - a) / (1 - q))
        + second * log(b / r)
        + (m - second) * log((1 - b) / (1 - r))
    )


def _nearest(n: float, a: float, m: float, b: float, delta: float) -> float:
    """
    The q in (0, 1), q + delta too, where n * KL(a, q) + m * KL(b, q + delta) is least.

    The slope, times what is above 0 in between, is a cubic whose middle root it is.  Both ends are
    infinitely far from guesses inside (0, 1), so it is never at an end.
    """
    if delta == 0.0:
        return (n * a + m * b) / (n + m)
    lead = -(n + m)
    e = b - delta
    gap = 1 - 2 * delta
    second = (n * (gap + a) + m * (1 + e)) / lead
    third = (n * (delta * (1 - delta) - a * gap) - m * e) / lead
    last = -n * a * delta * (1 - delta) / lead
    shift = second / 3
    spread = shift * shift - third / 3
    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    q = (low + high) / 2
    if spread > 0:
        half = shift * (shift * shift - third / 2) + last / 2
        ratio = min(1.0, max(-1.0, -half / (spread * sqrt(spread))))
        # The three roots are 2 pi / 3 apart; this angle is the middle one.
        q = 2 * sqrt(spread) * cos((acos(ratio) - 2 * pi) / 3) - shift
    return _polished(n, a, m, b, delta, q)


def _polished(n: float, a: float, m: float, b: float, delta: float, q: float) -> float:
    """Newton's steps, kept inside: near the ends the formula loses digits."""
    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    for _ in range(60):
        if not low < q < high:
            q = (low + high) / 2
        r = q + delta
        v, w = q * (1 - q), r * (1 - r)
        if v <= 0 or w <= 0:
            return q
        slope = n * (q - a) / v + m * (r - b) / w
        if slope > 0:
            high = q
        else:
            low = q
        bend = n * ((q - a) * (2 * q - 1) + v) / (v * v) + m * ((r - b) * (2 * r - 1) + w) / (w * w)
        step = slope / bend
        q -= step
        if abs(step) < 1e-9:
            break
    return q
