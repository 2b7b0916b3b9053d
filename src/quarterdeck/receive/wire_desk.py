"""
What handlers of wires may do, for real: keep what was said, read what is stored, ask the records.

One desk for each request; it belongs to the sender's project and can't reach another.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.fragments import gather
from quarterdeck.receive.intake import Intake
from quarterdeck.receive.spool import Spool
from quarterdeck.receive.wire import Fragment, Reading
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.fragments import fragments_of, members_of
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import session_scores
from quarterdeck.storage.events.session_reads import sessions_of_traces
from quarterdeck.storage.events.span_reads import newest_spans, session_spans, stream_stored
from quarterdeck.storage.records.connection import Records

T = TypeVar("T")

_LOOK_AGAIN_S = 0.02
_THREADS = 4
"""Reads at once, of all wires together: each may be large, and the store has other readers."""


class Caller(Protocol):
    """Who calls, as `api.access` made it."""

    @property
    def project_id(self) -> ProjectId: ...

    @property
    def actor(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What every desk of a server stands on."""

    intake: Intake
    spool: Spool
    events: EventConnection
    records: Records
    threads: Executor
    """Of `desk_threads`, for all that desks read; not the event loop's own, in which keys are
    looked up.  Who made it shuts it down, before the stores are closed."""
    scope_of: Callable[[ProjectId], ProjectScope]
    now_ns: Callable[[], int] = time.time_ns


def desk_threads() -> ThreadPoolExecutor:
    """What desks read in, so that no more than some of them read at once."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="desk")


class ServerDesk:
    """`wire.Desk` over the real stores."""

    def __init__(self, back: Back, caller: Caller, *, size: int, found_secrets: bool) -> None:
        self._back = back
        self._caller = caller
        self._size = size
        self._found_secrets = found_secrets

    @property
    def project_id(self) -> ProjectId:
        return self._caller.project_id

    @property
    def actor(self) -> str:
        return self._caller.actor

    def now_ns(self) -> int:
        return self._back.now_ns()

    async def keep(self, reading: Reading) -> None:
        await self._back.intake.keep(
            self._caller, reading, size=self._size, found_secrets=self._found_secrets
        )
        self._size = 0  # a request's bytes count once, however often its handler keeps

    async def settled(self, *, within_s: float = 10.0) -> None:
        wanted = self._back.spool.last_id(self.project_id)
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self._back.spool.is_done(self.project_id, wanted):
                return
            # The pipeline is a thread of its own, which knows of no event loop.
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def objects(self, names: Sequence[str]) -> dict[str, list[Fragment]]:
        return await self._in_thread(self._objects, names)

    async def collection(self, name: str, *, most: int = 10_000) -> dict[str, list[Fragment]]:
        return await self._in_thread(self._collection, name, most)

    async def members(self, name: str, *, most: int = 10_000) -> list[str]:
        return await self._in_thread(self._members, name, most)

    async def trace(self, trace_id: str) -> list[RawSpan]:
        return await self._in_thread(self._trace, trace_id)

    async def newest(
        self,
        *,
        since_ns: int,
        until_ns: int,
        most: int,
        after: int = 0,
        resource_attribute: tuple[str, str] = ("", ""),
    ) -> list[RawSpan]:
        return await self._in_thread(
            newest_spans,
            self._back.events,
            self._scope(),
            since_ns=since_ns,
            until_ns=until_ns,
            limit=most,
            offset=after,
            resource_attribute=resource_attribute,
        )

    async def scores(self, trace_ids: Sequence[str]) -> dict[str, list[Score]]:
        return await self._in_thread(self._scores, trace_ids)

    async def records(self, act: Callable[..., T], *args: Any, **options: Any) -> T:
        return await self._in_thread(act, self._back.records, *args, **options)

    async def _in_thread(self, act: Callable[..., T], *args: Any, **options: Any) -> T:
        work = partial(act, *args, **options)
        return await asyncio.get_running_loop().run_in_executor(self._back.threads, work)

    # --------------------------------------------------------------------------- in a thread

    def _objects(self, names: Sequence[str]) -> dict[str, list[Fragment]]:
        scope = self._scope()
        found = gather(names, lambda homes: fragments_of(self._back.events, scope, homes))
        return by_name(names, found)

    def _collection(self, name: str, most: int) -> dict[str, list[Fragment]]:
        return self._objects(self._members(name, most))

    def _members(self, name: str, most: int) -> list[str]:
        return members_of(self._back.events, self._scope(), name, most=most)

    def _trace(self, trace_id: str) -> list[RawSpan]:
        blocks = stream_stored(self._back.events, self._scope(), [trace_id])
        return [stored.raw for block in blocks for stored in block]

    def _scores(self, trace_ids: Sequence[str]) -> dict[str, list[Score]]:
        db, scope = self._back.events, self._scope()
        found: dict[str, list[Score]] = {trace_id: [] for trace_id in trace_ids}
        for span in session_spans(db, scope, trace_ids):
            found[span.trace_id] += (_on_span(score, span.trace_id, span.span_id)
                                     for score in span.scores)  # fmt: skip
        homes: Mapping[str, str] = sessions_of_traces(db, scope, trace_ids)
        asked = {*(f"trace:{trace_id}" for trace_id in trace_ids), *homes.values()}
        given = session_scores(db, scope, sorted(asked))
        for trace_id in trace_ids:
            found[trace_id] += given.get(f"trace:{trace_id}", ())
            home = homes.get(trace_id, "")
            if home and home != f"trace:{trace_id}":
                found[trace_id] += (
                    score
                    for score in given.get(home, ())
                    if score.target_trace_id in ("", trace_id)
                )
        return found

    def _scope(self) -> ProjectScope:
        return self._back.scope_of(self.project_id)


def by_name(names: Sequence[str], found: Mapping[str, list[Fragment]]) -> dict[str, list[Fragment]]:
    """What was gathered, by the names that were asked for: objects, or parts of others."""
    part_of: dict[str, list[Fragment]] = defaultdict(list)
    if any(name not in found for name in names):
        for fragments in found.values():
            for one in fragments:
                part_of[one.object].append(one)
    return {name: told for name in names if (told := found.get(name) or part_of.get(name))}


def _on_span(score: Score, trace_id: str, span_id: str) -> Score:
    """With the target that a score on a span leaves out: the span itself."""
    if score.target_trace_id or score.target_span_id or score.scope != "span":
        return score
    return msgspec.structs.replace(score, target_trace_id=trace_id, target_span_id=span_id)
