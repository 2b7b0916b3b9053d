"""
The stories of sessions: the skeleton and the steps of those that were looked at, worked out once.

Steps are numbered over the whole session, so a page of them needs all its spans' facts.  A story
is made from the assembly that the keeper holds where it does, else from the store; that of a
large session is kept in the store once the session is quiet, before anybody asks.  One that is
slow to make may lag behind a session that grows, by four times what making it took and 10 s at
most; any other is of the session's last revision.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fastapi import Response

from quarterdeck.api.access import Principal
from quarterdeck.api.chains import Chain
from quarterdeck.api.parts import Parts, scope_of
from quarterdeck.assembly import story as telling
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.skeleton import NO_TEXTS, Texts, draw
from quarterdeck.assembly.standing import Standing
from quarterdeck.assembly.steps import list_steps
from quarterdeck.assembly.story import Story
from quarterdeck.errors import NotFound
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.sessions import Session, Step
from quarterdeck.storage.events import span_reads
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.stories import (
    Revised,
    delete_stories,
    get_revised,
    read_story,
    stories_of,
    write_story,
)

STORED_FROM = 2_000
"""Spans; assembling fewer takes less than 0.2 s (measured: 65 us a span, all together)."""

_KEPT_SESSIONS = 256
_KEPT_BYTES = 96 << 20
"""A compressed story has about 60 bytes a span: 6 MB for 100,000."""
_KEPT_STEPS = 200_000
"""Decoded ones, of some 600 bytes: 120 MB at the very most."""
_KEPT_STANDING = 12
"""Sessions whose steps are looked at one by one; each keeps up to 8 MB of what calls continue."""
_PACKED_BYTES = 64 << 20
"""Answers as they were sent, for who asks again."""
_EARLIER = 8
"""Stories of one session from which a live stream can go on."""
_EARLIER_BYTES = 16 << 20
_QUIET_NS = 3 * NS_PER_S
_PATIENCE = 4
_MOST_PATIENT_NS = 10 * NS_PER_S
_SLOW_NS = NS_PER_S // 10
_EXPIRING_NS = 15 * NS_PER_S
"""How long the story of a session counts of which retention takes one span after the other."""
_REMEMBERED = 10_000
_A_RUN = 8

Key = tuple[ProjectId, str]


class Told(NamedTuple):
    session: Session
    """As it was when it was asked for; the story may lag behind."""
    revision: str
    story: Story
    until_ns: int
    """Until then it counts though the session went on."""
    earlier: tuple[Story, ...] = ()
    """Newest first."""
    is_stored: bool = False
    current: str = ""
    """The session's revision when it was asked for: another than `revision` if that lags."""
    is_whole: bool = True
    """None of its spans had expired when it was asked for."""


class Stood(NamedTuple):
    """A session with its steps, and what was worked out of them for whoever asks next."""

    standing: Standing
    chain: Chain
    revision: str
    """Of the session and its story together: equal revisions tell the same."""
    is_whole: bool
    """Nothing of it has expired: what is told of it now may be told again."""


class Stories:
    """Safe for many threads.  A story that several ask for at once is made once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects everything but `_making`
        self._told: OrderedDict[Key, Told] = OrderedDict()
        self._steps: OrderedDict[str, tuple[Step, ...]] = OrderedDict()
        self._stood: OrderedDict[Key, Stood] = OrderedDict()
        self._packed: OrderedDict[Hashable, Response] = OrderedDict()
        self._packed_bytes = 0
        self._changed: OrderedDict[Key, int] = OrderedDict()
        self._gone: OrderedDict[Key, None] = OrderedDict()
        self._making = tuple(threading.Lock() for _ in range(64))
        """By the key's hash: who finds it taken waits for the other's story."""

    # -- asking ----------------------------------------------------------------------------

    def look(self, parts: Parts, who: Principal, session_id: str) -> Told:
        """Raises `NotFound`.  Blocks."""
        scope = scope_of(parts, who)
        now = get_revised(parts.events, scope, session_id)
        key = (who.project_id, now.session.session_id)
        found = self._known(key, now, scope, parts.now_ns())
        if found is None:
            with self._making[hash(key) % len(self._making)]:
                found = self._known(key, now, scope, parts.now_ns())
                if found is None:
                    found = self._keep(key, self._make(parts, who, scope, now, self._last(key)))
                    if not found.is_stored and now.session.status == "closed":
                        self._store(parts, who, scope, found)
        return found._replace(
            session=now.session,
            current=now.revision,
            is_whole=now.session.started_ns >= scope.floor_ns,
        )

    def steps(self, parts: Parts, who: Principal, session: Session) -> tuple[Step, ...]:
        """All steps of a session."""
        return self._steps_of(self.look(parts, who, session.session_id).story)

    def stood(self, parts: Parts, who: Principal, session_id: str) -> Stood:
        """The session with its steps.  Raises `NotFound`.  Blocks."""
        told = self.look(parts, who, session_id)
        key = (who.project_id, told.session.session_id)
        revision = f"{told.current}-{told.story.revision}"
        with self._lock:
            known = self._stood.get(key)
            if known is not None and known.revision == revision:
                self._stood.move_to_end(key)
                return known._replace(is_whole=told.is_whole)
        standing = Standing(told.session, self._steps_of(told.story))
        made = Stood(standing, Chain(standing), revision, told.is_whole)
        with self._lock:
            self._stood[key] = made
            self._stood.move_to_end(key)
            while len(self._stood) > 1 and (
                len(self._stood) > _KEPT_STANDING or self._standing_steps() > _KEPT_STEPS
            ):
                self._stood.popitem(last=False)
        return made

    def _standing_steps(self) -> int:
        return sum(len(one.standing.steps) for one in self._stood.values())

    def _steps_of(self, story: Story) -> tuple[Step, ...]:
        with self._lock:
            steps = self._steps.get(story.revision)
        if steps is None:
            steps = telling.all_steps(story)
            with self._lock:
                self._steps[story.revision] = steps
                while len(self._steps) > 1 and sum(map(len, self._steps.values())) > _KEPT_STEPS:
                    self._steps.popitem(last=False)
        return steps

    def packed(self, key: Hashable) -> Response | None:
        """What was given to `keep_packed` under the key, unless it had to make room."""
        with self._lock:
            if (found := self._packed.get(key)) is not None:
                self._packed.move_to_end(key)
            return found

    def keep_packed(self, key: Hashable, made: Response) -> None:
        size = len(made.body)
        with self._lock:
            if key in self._packed or size > _PACKED_BYTES // 4:
                return
            self._packed[key] = made
            self._packed_bytes += size
            while self._packed_bytes > _PACKED_BYTES:
                self._packed_bytes -= len(self._packed.popitem(last=False)[1].body)

    # -- being ready -----------------------------------------------------------------------

    def written(self, project_id: ProjectId, sessions: Iterable[Session], *, now_ns: int) -> None:
        """These sessions' rows were written: the large ones are made ready when they are quiet."""
        with self._lock:
            for session in sessions:
                if session.span_count >= STORED_FROM:
                    self._changed[(project_id, session.session_id)] = now_ns
                    self._changed.move_to_end((project_id, session.session_id))
            while len(self._changed) > _REMEMBERED:
                self._changed.popitem(last=False)

    def gone(self, project_id: ProjectId, session_ids: Iterable[str]) -> None:
        """These sessions are no more: merged into others, or deleted."""
        with self._lock:
            for session_id in session_ids:
                self._told.pop((project_id, session_id), None)
                self._stood.pop((project_id, session_id), None)
                self._changed.pop((project_id, session_id), None)
                self._gone[(project_id, session_id)] = None
            while len(self._gone) > _REMEMBERED:
                self._gone.popitem(last=False)

    def make_ready(self, parts: Parts) -> int:
        """Store the stories of large sessions that have become quiet; how many were."""
        self._clear_away(parts)
        before_ns = parts.now_ns() - _QUIET_NS
        with self._lock:
            quiet = [key for key, at_ns in self._changed.items() if at_ns <= before_ns][:_A_RUN]
            for key in quiet:
                del self._changed[key]
        return sum(self._make_ready(parts, key) for key in quiet)

    def _make_ready(self, parts: Parts, key: Key) -> bool:
        project_id, session_id = key
        who = Principal(actor="server", project_id=project_id)
        scope = scope_of(parts, who)
        try:
            now = get_revised(parts.events, scope, session_id)
        except NotFound:
            return False
        told = self._last(key)
        if told is None or told.revision != now.revision:
            with self._making[hash(key) % len(self._making)]:
                told = self._keep(key, self._make(parts, who, scope, now, told))
        if told.is_stored:
            return False
        return self._store(parts, who, scope, told)

    def _clear_away(self, parts: Parts) -> None:
        with self._lock:
            gone, self._gone = self._gone, OrderedDict()
        by_project: dict[ProjectId, list[str]] = {}
        for project_id, session_id in gone:
            by_project.setdefault(project_id, []).append(session_id)
        for project_id, session_ids in by_project.items():
            if found := stories_of(parts.events, project_id, session_ids):
                delete_stories(parts.events, project_id, found)

    # -- making ----------------------------------------------------------------------------

    def _make(
        self, parts: Parts, who: Principal, scope: ProjectScope, now: Revised, last: Told | None
    ) -> Told:
        session = now.session
        began_ns = parts.now_ns()
        expires = session.started_ns < scope.floor_ns
        is_large = session.span_count >= STORED_FROM and not expires
        if is_large:
            kept = read_story(parts.events, scope, session.session_id, now.revision)
            if (story := telling.read(kept)) is not None:
                return Told(session, now.revision, story, 0, _earlier(last, story), is_stored=True)
        texts = last.story.head.texts() if last is not None and not expires else NO_TEXTS
        story = self._tell(parts, who, session, texts, expires=expires)
        took_ns = parts.now_ns() - began_ns
        patience_ns = min(_PATIENCE * took_ns, _MOST_PATIENT_NS) if took_ns > _SLOW_NS else 0
        until_ns = parts.now_ns() + max(patience_ns, _EXPIRING_NS if expires else 0)
        return Told(session, now.revision, story, until_ns, _earlier(last, story))

    def _tell(
        self, parts: Parts, who: Principal, session: Session, texts: Texts, *, expires: bool
    ) -> Story:
        def tell(assembly: Assembly) -> Story:
            return telling.tell(draw(assembly, texts), list_steps(assembly))

        if not expires:
            try:
                told = parts.resident(who.project_id, session.trace_ids, tell)
            except UnicodeEncodeError:
                told = None  # half a surrogate pair; the store has it mended
            if told is not None:
                return told
        with assembled(parts, who, session) as assembly:
            return tell(assembly)

    def _store(self, parts: Parts, who: Principal, scope: ProjectScope, told: Told) -> bool:
        """Only what is the story of the session's last row: whoever asks later believes it."""
        session, head = told.session, told.story.head
        first_ns = min(session.started_ns, head.started_ns)
        if head.rows != session.span_count or head.rows < STORED_FROM or first_ns < scope.floor_ns:
            return False
        with parts.held():
            try:
                now = get_revised(parts.events, scope, session.session_id)
            except NotFound:
                return False
            if now.revision != told.revision:
                return False
            write_story(
                parts.events,
                who.project_id,
                session.session_id,
                told.revision,
                told.story.parts(),
                first_ns=first_ns,
                ver=parts.now_ns(),
            )
        key = (who.project_id, session.session_id)
        with self._lock:
            known = self._told.get(key)
            if known is not None and known.revision == told.revision:
                self._told[key] = known._replace(is_stored=True)
        return True

    # -- remembering -----------------------------------------------------------------------

    def _last(self, key: Key) -> Told | None:
        with self._lock:
            return self._told.get(key)

    def _known(self, key: Key, now: Revised, scope: ProjectScope, at_ns: int) -> Told | None:
        with self._lock:
            told = self._told.get(key)
            if told is None:
                return None
            counts = told.revision == now.revision
            if now.session.started_ns < scope.floor_ns:
                counts = counts and at_ns < told.until_ns
            elif at_ns < told.until_ns:
                counts = True
            if not counts:
                return None
            self._told.move_to_end(key)
            return told

    def _keep(self, key: Key, told: Told) -> Told:
        with self._lock:
            self._told[key] = told
            self._told.move_to_end(key)
            while len(self._told) > 1 and (
                len(self._told) > _KEPT_SESSIONS or self._bytes() > _KEPT_BYTES
            ):
                self._told.popitem(last=False)
        return told

    def _bytes(self) -> int:
        return sum(
            story.size for told in self._told.values() for story in (told.story, *told.earlier)
        )


def _earlier(last: Told | None, story: Story) -> tuple[Story, ...]:
    if last is None:
        return ()
    kept: list[Story] = []
    size = 0
    for one in (last.story, *last.earlier)[:_EARLIER]:
        size += one.size
        if size > _EARLIER_BYTES:
            break
        if one.revision != story.revision:
            kept.append(one)
    return tuple(kept)


@contextmanager
def assembled(parts: Parts, who: Principal, session: Session) -> Iterator[Assembly]:
    """For as long as it is asked; its memory is free afterwards."""
    assembly = Assembly()
    try:
        scope = scope_of(parts, who)
        assembly.add(span_reads.session_spans(parts.events, scope, session.trace_ids))
        yield assembly
    finally:
        assembly.release()
