"""
What several readers of one thing are told alike: made once, put into each one's queue.

A feed runs in the server's event loop while it has a reader, and asks the store in threads.  It
tells at most four times a second; what changes faster is told together.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from quarterdeck.api.access import Principal
from quarterdeck.api.event_stream import Reader, event
from quarterdeck.api.hub import Changes
from quarterdeck.api.parts import Parts, scope_of
from quarterdeck.api.session_rows import session_row
from quarterdeck.api.stories import Stories, Told
from quarterdeck.assembly.growth import NOTHING, growth
from quarterdeck.assembly.record import to_json
from quarterdeck.assembly.story import Story, drawn
from quarterdeck.errors import NotFound
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.storage.events.session_reads import get_sketched
from quarterdeck.storage.events.stories import ChangedSessionsRow, changed_sessions

_PACE_S = 0.25
_POLL_S = 1.0
"""How often the store is asked where other processes write too."""
_ROWS = 100
"""Sessions in one event: some 300 kB."""
_BEHIND = 1_000
"""More than so many sessions at once: a list is read anew sooner than mended row by row."""
_OVERLAP_NS = 10 * NS_PER_S
"""How far the clocks of processes may lie apart, and a slow write take."""

_log = logging.getLogger(__name__)


class Feed:
    """One project's or one session's.  `over` is called when its last reader has left."""

    def __init__(self, parts: Parts, project_id: ProjectId, *, over: Callable[[], object]) -> None:
        self._parts = parts
        self._hub = parts.hub
        self._project_id = project_id
        self._who = Principal(actor="server", project_id=project_id)
        self._over = over
        self._readers: set[Reader] = set()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None
            self._over()

    def _add(self, reader: Reader) -> None:
        self._readers.add(reader)
        self._woken.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def _tell(self, data: bytes) -> None:
        for reader in self._readers:
            reader.put(data)

    def _end(self, reason: str, told: str, *, code: str) -> None:
        for reader in self._readers:
            reader.end(reason, told, code=code)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._woken.set)

        stop = self._hub.listen(self._project_id, wake)
        try:
            while True:
                self._woken.clear()
                if self._hub.closed:
                    self._end("stopping", "the server is stopping", code="try_again")
                    return
                again_s = await self._produce()
                await asyncio.sleep(_PACE_S)
                try:
                    await asyncio.wait_for(self._woken.wait(), again_s)
                except TimeoutError:
                    continue
        except Exception:  # noqa: BLE001 - the rim of a task
            # The readers connect again, and what fails for good then fails as a request.
            _log.exception("a live stream failed")
            self._end("failed", "it could not be read; connect again", code="try_again")
        finally:
            stop()

    async def _produce(self) -> float | None:
        """Tell what is new.  When to look again though nothing woke it; None = not before."""
        raise NotImplementedError


class ProjectFeed(Feed):
    """The sessions of a project that change."""

    def __init__(self, parts: Parts, project_id: ProjectId, *, over: Callable[[], object]) -> None:
        super().__init__(parts, project_id, over=over)
        self._stamp = 0
        self._pending: OrderedDict[str, None] = OrderedDict()
        self._seen: dict[str, int] = {}
        """While polling: session -> its newest row that was told."""

    async def join(self, reader: Reader, after: int | None) -> None:
        """`after`: the number of the last event that the reader has had."""
        if not self._readers:
            self._stamp = self._hub.open(self._project_id, at_ns=self._parts.now_ns())
        missed: Sequence[str] = ()
        if after is not None:
            changes = self._hub.since(self._project_id, after)
            if changes is not None:
                missed = changes.session_ids
            else:
                rows = await asyncio.to_thread(self._changed_after, after)
                missed = [row.session_id for row in rows]
        if len(missed) > _BEHIND:
            reader.put(event("reset", {"reason": "too much has changed since"}))
        else:
            self._pending.update(dict.fromkeys(missed))
        self._add(reader)

    def _changed_after(self, stamp: int) -> list[ChangedSessionsRow]:
        scope = scope_of(self._parts, self._who)
        after_ver = max(0, stamp - _OVERLAP_NS)
        return changed_sessions(self._parts.events, scope, after_ver=after_ver, limit=_BEHIND + 1)

    async def _produce(self) -> float | None:
        if self._hub.polls:
            await self._poll()
        else:
            self._take(self._hub.since(self._project_id, self._stamp))
        if len(self._pending) > _BEHIND:
            self._pending.clear()
            self._tell(event("reset", {"reason": "too much changes at once"}))
        if self._pending:
            some = list(islice(self._pending, _ROWS))
            for session_id in some:
                del self._pending[session_id]
            told = await asyncio.to_thread(self._rows, some)
            # Going on from an event that left others pending would miss them.
            number = "" if self._pending else str(self._stamp)
            self._tell(event("sessions", told, number=number))
        if self._pending:
            return 0.0
        return _POLL_S if self._hub.polls else None

    def _take(self, changes: Changes | None) -> None:
        if changes is None:
            self._tell(event("reset", {"reason": "too much has changed since"}))
            self._stamp = self._hub.open(self._project_id, at_ns=self._parts.now_ns())
        else:
            self._pending.update(dict.fromkeys(changes.session_ids))
            self._stamp = changes.stamp

    async def _poll(self) -> None:
        rows = await asyncio.to_thread(self._changed_after, self._stamp)
        for row in rows:
            if self._seen.get(row.session_id) != row.newest:
                self._pending[row.session_id] = None
        if rows:
            self._stamp = max(self._stamp, rows[-1].newest)
        self._seen = {row.session_id: row.newest for row in rows}

    def _rows(self, session_ids: Sequence[str]) -> dict[str, Any]:
        found = get_sketched(self._parts.events, scope_of(self._parts, self._who), session_ids)
        there = {one.session.session_id for one in found}
        return {
            "sessions": [session_row(one.session, one.sketch) for one in found],
            "gone": [session_id for session_id in session_ids if session_id not in there],
        }


class Grown(NamedTuple):
    """A session as a feed has told it."""

    story: Story
    revision: str


class SessionFeed(Feed):
    """One session as it grows."""

    def __init__(
        self, parts: Parts, project_id: ProjectId, session_id: str, stories: Stories,
        *, over: Callable[[], object],
    ) -> None:  # fmt: skip
        super().__init__(parts, project_id, over=over)
        self._session_id = session_id
        self._stories = stories
        self._now: Grown | None = None

    async def join(self, reader: Reader, since: str) -> None:
        """`since`: the revision that the reader has; "" = none.  Raises `NotFound`."""
        told = await asyncio.to_thread(self._look)
        if self._now is None:
            self._now = Grown(told.story, told.revision)
        base = _among(told, self._now.story, since)
        if since and base is None:
            reader.end(
                "reset", "that revision is not known any more: read the skeleton", code="conflict"
            )
            return
        reader.put(event("record", {"session": to_json(told.session)}))
        while True:
            goal = self._now.story
            data = await asyncio.to_thread(self._difference, base, goal, told)
            if goal is self._now.story:
                break
        if data:
            reader.put(data)
        self._add(reader)

    async def _produce(self) -> float | None:
        try:
            told = await asyncio.to_thread(self._look)
        except NotFound:
            self._end("gone", "the session is no more", code="not_found")
            return None
        if told.session.session_id != self._session_id:
            self._end("gone", f"it is now part of {told.session.session_id}", code="conflict")
            return None
        before = self._now
        if before is None or before.story.revision != told.story.revision:
            base = before.story if before is not None else told.story
            data = await asyncio.to_thread(self._difference, base, told.story, told)
            self._now = Grown(told.story, told.revision)
            if data:
                self._tell(data)
        if before is None or before.revision != told.current:
            self._tell(event("record", {"session": to_json(told.session)}))
            self._now = Grown(told.story, told.current)
        if told.current != told.revision:
            return max(_PACE_S, (told.until_ns - self._parts.now_ns()) / NS_PER_S)
        return _POLL_S if self._hub.polls else None

    def _look(self) -> Told:
        return self._stories.look(self._parts, self._who, self._session_id)

    def _difference(self, base: Story | None, goal: Story, told: Told) -> bytes:
        """The event that leads from one story to the other; b"" if they are equal."""
        if base is not None and base.revision == goal.revision:
            return b""
        found = growth(NOTHING if base is None else drawn(base), drawn(goal))
        before = base.revision if base is not None else ""
        if found is None:
            found, before = growth(NOTHING, drawn(goal)), ""
        envelope = {
            "before": before,
            "revision": goal.revision,
            "open": told.session.status != "closed",
        }
        return event("skeleton", envelope | (found or {}), number=goal.revision)


def _among(told: Told, now: Story, revision: str) -> Story | None:
    """The story of that revision, if one still has it."""
    known = [now, told.story, *told.earlier]
    return next((story for story in known if story.revision == revision), None)


class Feeds:
    """Those that have readers.  Lives in one event loop."""

    def __init__(self) -> None:
        self._projects: dict[ProjectId, ProjectFeed] = {}
        self._sessions: dict[tuple[ProjectId, str], SessionFeed] = {}

    def of_project(self, parts: Parts, project_id: ProjectId) -> ProjectFeed:
        feed = self._projects.get(project_id)
        if feed is None:
            feed = self._projects[project_id] = ProjectFeed(
                parts, project_id, over=lambda: self._projects.pop(project_id, None)
            )
        return feed

    def of_session(
        self, parts: Parts, project_id: ProjectId, session_id: str, stories: Stories
    ) -> SessionFeed:
        key = (project_id, session_id)
        feed = self._sessions.get(key)
        if feed is None:
            feed = self._sessions[key] = SessionFeed(
                parts, project_id, session_id, stories, over=lambda: self._sessions.pop(key, None)
            )
        return feed
