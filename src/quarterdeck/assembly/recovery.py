"""
Error episodes: what failed, and whether the same thing worked later.

An episode opens at a failed tool or model call and is recovered when the same operation on the
same target succeeds later in the session, or a fallback does.  A failure stands in line at its
end and a success at its start, so a parallel success is no recovery.  Where the target is not
known nothing is claimed: every such failure is its own episode and stays open.
"""

from bisect import bisect_left, insort
from typing import NamedTuple

from quarterdeck.model.sessions import ErrorEpisode

Target = tuple[str, ...]
"""What must be equal: kind and target, e.g. ("tool", "read_file", "/a")."""


class Attempt(NamedTuple):
    """One call, as far as recovery goes.  Sorts by `at_ns`, then by span."""

    at_ns: int
    trace_id: str
    span_id: str
    operation: str
    """For display: `tool:read_file`, `model:gpt-4o`."""
    target: str


Told = tuple[Target, Attempt, bool]
"""A call's part in a story: the target, the attempt, whether it failed."""


class _Story:
    """All attempts at one target."""

    __slots__ = ("failures", "successes")

    def __init__(self) -> None:
        self.failures: list[Attempt] = []
        self.successes: list[Attempt] = []

    def opens(self, at: int) -> bool:
        """Does failure number `at` open an episode?  It does after a success, or first."""
        if at == 0:
            return True
        return self._successes_between(self.failures[at - 1], self.failures[at])

    def _successes_between(self, one: Attempt, other: Attempt) -> bool:
        after = bisect_left(self.successes, one)
        return after < len(self.successes) and self.successes[after] < other

    def last_is_open(self) -> bool:
        if not self.failures:
            return False
        return not self.successes or self.successes[-1] < self.failures[-1]


class Recovery:
    """Episodes of one session, kept while calls come and go.  Each change costs O(log n)."""

    __slots__ = ("_opened", "_stories", "steps", "unrecovered")

    def __init__(self) -> None:
        self._stories: dict[Target, _Story] = {}
        self._opened: list[tuple[Attempt, Target]] = []
        self.unrecovered = 0
        self.steps = 0
        """Elementary changes made, for the proof that growth is linear."""

    @property
    def opened(self) -> int:
        return len(self._opened)

    @property
    def recovered(self) -> int:
        return len(self._opened) - self.unrecovered

    def tell(self, target: Target, attempt: Attempt, failed: bool) -> None:
        if failed:
            self.fail(target, attempt)
        else:
            self.succeed(target, attempt)

    def succeed(self, target: Target, attempt: Attempt) -> None:
        story = self._stories.get(target)
        if story is None:
            story = self._stories[target] = _Story()
        successes = story.successes
        if not story.failures:
            if not successes or successes[-1] < attempt:
                successes.append(attempt)
            else:
                insort(successes, attempt)
            return
        self._around(target, story, attempt, successes, is_failure=False, add=True)

    def fail(self, target: Target, attempt: Attempt) -> None:
        story = self._stories.setdefault(target, _Story())
        self._around(target, story, attempt, story.failures, is_failure=True, add=True)

    def withdraw(self, target: Target, attempt: Attempt, *, failed: bool) -> None:
        story = self._stories[target]
        line = story.failures if failed else story.successes
        self._around(target, story, attempt, line, is_failure=failed, add=False)
        if not story.failures and not story.successes:
            del self._stories[target]

    def _around(
        self, target: Target, story: _Story, attempt: Attempt, line: list[Attempt],
        *, is_failure: bool, add: bool,
    ) -> None:  # fmt: skip
        """Change `line`, and bring the one failure whose part may change up to date."""
        self.steps += 1
        failures = story.failures
        at = bisect_left(failures, attempt)
        follower = at + 1 if (is_failure and not add) else at
        touched = failures[follower] if follower < len(failures) else None
        opened_before = touched is not None and story.opens(follower)
        self.unrecovered -= story.last_is_open()
        if is_failure and not add and story.opens(at):
            self._close(target, attempt)
        if add:
            insort(line, attempt)
        else:
            del line[bisect_left(line, attempt)]
        if is_failure and add and story.opens(at):
            insort(self._opened, (attempt, target))
        self.unrecovered += story.last_is_open()
        if touched is not None:
            opens_now = story.opens(bisect_left(failures, touched))
            if opened_before and not opens_now:
                self._close(target, touched)
            elif opens_now and not opened_before:
                insort(self._opened, (touched, target))

    def _close(self, target: Target, attempt: Attempt) -> None:
        del self._opened[bisect_left(self._opened, (attempt, target))]

    def episodes(self, count: int) -> tuple[ErrorEpisode, ...]:
        """The first `count` episodes by time."""
        return tuple(self._tell(attempt, target) for attempt, target in self._opened[:count])

    def rescues(self) -> dict[tuple[str, str], tuple[str, str] | None]:
        """(trace, span) of every failure -> of the success after it at the same target."""
        found: dict[tuple[str, str], tuple[str, str] | None] = {}
        for story in self._stories.values():
            for failure in story.failures:
                after = bisect_left(story.successes, failure)
                by = story.successes[after] if after < len(story.successes) else None
                key = (failure.trace_id, failure.span_id)
                found[key] = None if by is None else (by.trace_id, by.span_id)
        return found

    def _tell(self, first: Attempt, target: Target) -> ErrorEpisode:
        story = self._stories[target]
        failures, successes = story.failures, story.successes
        begin = bisect_left(failures, first)
        after = bisect_left(successes, first)
        recovery = successes[after] if after < len(successes) else None
        end = bisect_left(failures, recovery) if recovery is not None else len(failures)
        last = failures[end - 1]
        return ErrorEpisode(
            operation=first.operation,
            target=first.target,
            opened_ns=first.at_ns,
            trace_id=first.trace_id,
            span_id=first.span_id,
            errors=end - begin,
            recovered_ns=recovery.at_ns if recovery is not None else None,
            recovered_by=recovery.span_id if recovery is not None else "",
            by_fallback=recovery is not None and recovery.operation != last.operation,
        )
