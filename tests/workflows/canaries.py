"""
Canaries at random, many at once: the test of "no difference" written a second time, in numpy.

The tests hold it to the product's own function; `bench/canary.py` makes the figures of the
documentation with it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

SHRINK = 20.0
GROWTH = 1 / 30


class Many(NamedTuple):
    """A row for each run, a column for each session."""

    second: Bools
    success: Bools


def many(
    chance: np.random.Generator, runs: int, sessions: int, *, first: float, second: float,
    share: float,
) -> Many:  # fmt: skip
    """Each session goes to the second side with chance `share`, as an assignment does it."""
    side = chance.random((runs, sessions)) < share
    return Many(side, chance.random((runs, sessions)) < np.where(side, second, first))


class Against:
    """The logarithm of what speaks against "no difference", of each run, session by session."""

    def __init__(self, runs: int) -> None:
        self.evidence = np.zeros(runs)
        self.n, self.m, self.first, self.second = (np.zeros(runs) for _ in range(4))
        self._n, self._m, self._first, self._second = (np.zeros(runs) for _ in range(4))

    def see(self, side: Bools, success: Bools, counts: Bools | None = None) -> None:
        """One session of each run; `counts` False: that run has none."""
        here = np.ones_like(side) if counts is None else counts
        self._m += here & side
        self._second += here & side & success
        self._n += here & ~side
        self._first += here & ~side & success
        size = np.maximum(1, np.floor(np.minimum(self.n, self.m) * GROWTH))
        full = (self._n >= size) & (self._m >= size)
        if full.any():
            self._close(full)

    def _close(self, full: Bools) -> None:
        both = (self.first + self.second + 0.5) / (self.n + self.m + 1)
        a = (self.first + SHRINK * both) / (self.n + SHRINK)
        b = (self.second + SHRINK * both) / (self.m + SHRINK)
        q = (self._n * a + self._m * b) / np.maximum(self._n + self._m, 1)
        gain = (
            self._first * np.log(a / q)
            + (self._n - self._first) * np.log((1 - a) / (1 - q))
            + self._second * np.log(b / q)
            + (self._m - self._second) * np.log((1 - b) / (1 - q))
        )
        self.evidence += np.where(full, gain, 0.0)
        for total, part in (
            (self.n, self._n), (self.m, self._m), (self.first, self._first),
            (self.second, self._second),
        ):  # fmt: skip
            total += np.where(full, part, 0.0)
            part[full] = 0.0


def found_at(canaries: Many, *, level: float) -> Floats:
    """After how many sessions each run's difference was certain; infinite where it never was."""
    runs, sessions = canaries.second.shape
    against = Against(runs)
    at = np.full(runs, np.inf)
    for place in range(sessions):
        against.see(canaries.second[:, place], canaries.success[:, place])
        at[np.isinf(at) & (against.evidence >= -np.log(level))] = place + 1
    return at


def peeked_at(canaries: Many, *, quantile: float, fewest: int = 10) -> Floats:
    """The same of a usual z-test of two rates, looked at after every session."""
    at = np.full(len(canaries.second), np.inf)
    for place, z, small in z_values(canaries):
        at[np.isinf(at) & (np.abs(z) >= quantile) & (small >= fewest)] = place + 1
    return at


def z_values(canaries: Many) -> Iterator[tuple[int, Floats, Floats]]:
    """After each session: its place, each run's z, and the observations of the smaller side."""
    m = np.cumsum(canaries.second, axis=1, dtype=np.float64)
    n = np.arange(1, canaries.second.shape[1] + 1) - m
    won_second = np.cumsum(canaries.second & canaries.success, axis=1, dtype=np.float64)
    won = np.cumsum(canaries.success, axis=1, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = won / (n + m)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        z = np.where(error > 0, (won_second / m - (won - won_second) / n) / error, 0.0)
    for place in range(canaries.second.shape[1]):
        yield place, np.nan_to_num(z[:, place]), np.minimum(n[:, place], m[:, place])
