"""
Requests that are answered when something else happens: a person's decision.

One that waits is a future in the event loop: no thread, no connection to a database.  A decision
taken in this process wakes its waiters at once; for those of other replicas one question a second
is asked for all that wait together.  More than the bound are refused, not queued.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Set
from typing import Generic, TypeVar

from quarterdeck.errors import TryAgain

PER_SERVER = 256
"""A quarter of the connections that a server takes by default, as live streams have."""
PER_PROJECT = 128
"""One project's agents leave others half."""

K = TypeVar("K", bound=Hashable)


class Waits(Generic[K]):
    """
    Who waits for which key.  Lives in one event loop.

    `over` is asked which of some keys are not to be waited for any longer.
    """

    def __init__(
        self,
        *,
        per_server: int = PER_SERVER,
        per_project: int = PER_PROJECT,
        every_s: float = 1.0,
    ) -> None:
        self._per_server, self._per_project = per_server, per_project
        self._every_s = every_s
        self._waiting: dict[K, set[asyncio.Event]] = {}
        self._of: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        return self._of.total()

    def told(self, key: K) -> None:
        """It has been decided in this process."""
        for event in self._waiting.get(key, ()):
            event.set()

    async def until_over(
        self,
        key: K,
        *,
        project_id: str,
        seconds: float,
        over: Callable[[Set[K]], Awaitable[Set[K]]],
        gone: Callable[[], Awaitable[bool]],
    ) -> None:
        """
        Returns once `key` is over, after `seconds`, or when `gone` says that nobody listens.

        Raises `TryAgain` where too many wait already.
        """
        if self.count >= self._per_server or self._of[project_id] >= self._per_project:
            raise TryAgain(
                f"{self.count} requests wait for decisions, more are not held",
                hint="Ask again later, or without `wait_s`.",
                retry_after_s=5,
            )
        event = asyncio.Event()
        self._of[project_id] += 1
        self._waiting.setdefault(key, set()).add(event)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(over))
        try:
            await self._wait(event, seconds, gone)
        finally:
            self._leave(key, event, project_id)

    async def _wait(
        self, event: asyncio.Event, seconds: float, gone: Callable[[], Awaitable[bool]]
    ) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            try:
                await asyncio.wait_for(event.wait(), min(left, self._every_s))
            except TimeoutError:
                if not await gone():
                    continue
            return

    def _leave(self, key: K, event: asyncio.Event, project_id: str) -> None:
        events = self._waiting[key]
        events.discard(event)
        if not events:
            del self._waiting[key]
        self._of[project_id] -= 1
        if not self._of[project_id]:
            del self._of[project_id]

    async def _look(self, over: Callable[[Set[K]], Awaitable[Set[K]]]) -> None:
        """Ends when nobody waits.  A look that fails is made again: who waits has an end."""
        while self._waiting:
            await asyncio.sleep(self._every_s)
            try:
                found = await over(set(self._waiting))
            except Exception:  # noqa: BLE001, S112 - the store's trouble is told to who reads next
                continue
            for key in found:
                self.told(key)
