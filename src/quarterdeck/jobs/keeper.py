"""
Keeps every session's record true to its spans.

After each stored batch `stored` finds the sessions that the batch touches, across traces and
across what other batches brought before, assembles them and writes their rows.  It returns
when the rows are written, so that the pipeline may forget the batch: after a crash the batch
comes again, and writing a session again changes nothing.

Recently active sessions stay in memory, so that a growing session costs its new spans and not
its whole length each time; what is evicted is read back from the store when it is touched
again.  With `exclusive` False other replicas write the same store: then nothing in memory is
believed to be complete, and each touched session first catches up from the store.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.identify import (
    MAX_TRACES_PER_NODE,
    is_strong,
    lookup_node,
    session_node,
    trace_node,
)
from quarterdeck.errors import Misconfigured, TryAgain
from quarterdeck.jobs.components import Component
from quarterdeck.jobs.sketching import Kept, sketched
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import Sketch
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import has_scores, session_scores
from quarterdeck.storage.events.session_links import has_nodes, linked, write_links
from quarterdeck.storage.events.session_reads import (
    get_sessions,
    get_sketches,
    sessions_of_traces,
)
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_reads import raw_spans, session_spans

T = TypeVar("T")

MAX_RESIDENT_SPANS = 20_000
"""A span takes 0.9 kB for its facts and 1.9 kB for its place in a session (measured): some
55 MB, or 500 sessions of 40 spans that go on at once.  The component that is being touched stays
however large it is."""

_CATCH_UP_NS = 120 * 1_000_000_000
"""How far replicas' clocks and slow inserts may lie apart."""
_MAX_WAVES = 64
"""Links are followed so many steps; a session whose traces form a longer chain is joined as its
spans arrive, since each arrival walks again."""
_TRACE = "trace:"
_NOBODY: Mapping[int, Component] = {}
_NO_RAWS: Mapping[ProjectId, Mapping[tuple[str, str], RawSpan]] = {}
_QUIET_NS = 10 * 1_000_000_000
"""A session that got nothing for so long is sketched once more: exporters send every 5 s."""
_ALONE = "key:alone:"
"""The node of a trace that has none, so that the store knows the trace at all."""


class SessionKeeper:
    """Safe for many threads: one lock protects the components, and is held while writing."""

    def __init__(
        self,
        *,
        events: EventConnection,
        scope_of: Callable[[ProjectId], ProjectScope],
        now_ns: Callable[[], int],
        idle_after_ns: int,
        exclusive: bool = True,
        max_resident_spans: int = MAX_RESIDENT_SPANS,
        on_written: Callable[[Sequence[SessionRow]], None] = lambda _rows: None,
    ) -> None:
        """`on_written` hears of each row that was written; it must be quick and never raise."""
        self._events = events
        self._scope_of = scope_of
        self._now_ns = now_ns
        self._idle_after_ns = idle_after_ns
        self._exclusive = exclusive
        self._max_resident = max_resident_spans
        self._on_written = on_written
        self._lock = threading.RLock()
        self._home: dict[tuple[ProjectId, str], Component] = {}
        """`trace:<id>` -> the resident component that it is in."""
        self._holders: dict[tuple[ProjectId, str], dict[int, Component]] = {}
        """Node -> the resident components with a trace that has it, by id()."""
        self._recent: OrderedDict[int, Component] = OrderedDict()
        """By id(), least recently touched first."""
        self._unlinked: list[tuple[ProjectId, str, str]] = []
        """Links found while reading back, not yet looked up."""
        self._resident = 0
        self._at_hand = _NO_RAWS
        """The spans of the batch that is being stored, as they were sent."""
        self._behind: dict[int, tuple[Component, int]] = {}
        """Resident components whose sketches lack spans, by id(), with when they were touched."""
        self._any_scores: dict[ProjectId, bool] = {}
        self._any_alone: dict[ProjectId, bool] = {}
        self.spans_taken = 0
        """Spans given to `stored` since the start, repetitions included."""

    # -- verbs ------------------------------------------------------------------------------

    def stored(
        self,
        spans: Mapping[ProjectId, Sequence[Span]],
        raws: Mapping[ProjectId, Mapping[tuple[str, str], RawSpan]] = _NO_RAWS,
    ) -> None:
        """
        These spans are in the store: make their sessions' rows anew.  `raws` are the same as they
        were sent, by trace and span, to read a session's words from.

        Raises `TryAgain` while the store is away.  A trace that can't be assembled holds up no
        other: the rest is written, then its error is raised.
        """
        with self._lock:
            failure: Exception | None = None
            self._at_hand = raws
            try:
                for project_id, some in spans.items():
                    if some:
                        failure = self._take_apart(project_id, some) or failure
                        self.spans_taken += len(some)
            finally:
                self._at_hand = _NO_RAWS
            self._evict()
            if failure is not None:
                raise failure

    def finish_sketches(self) -> int:
        """Sketch sessions that have been quiet, and how many components those were."""
        with self._lock:
            until_ns = self._now_ns() - _QUIET_NS
            quiet = [one for one, touched_ns in self._behind.values() if touched_ns <= until_ns]
            for component in quiet:
                self._finish(component)
            return len(quiet)

    def refresh(self, project_id: ProjectId, session_id: str) -> None:
        """Make one session's row anew, with the scores that people gave it meanwhile."""
        with self._lock:
            self._any_scores[project_id] = True
            trace_ids = self._traces_of(project_id, session_id)
            if not trace_ids:
                return
            component = self._gather(project_id, [trace_node(t) for t in trace_ids])
            self._catch_up(component)
            component.dirty.update(
                component.owner_of(t) for t in trace_ids if t in component.traces
            )
            self._write([component], finishing=True)
            self._evict()

    def scored(self, project_id: ProjectId, targets: Iterable[str]) -> None:
        """
        Scores were stored for these sessions, or for traces (`trace:<id>`): their rows follow.

        What is not there yet gets its scores when its spans arrive.
        """
        with self._lock:
            self._any_scores[project_id] = True
            scope, wanted = self._scope_of(project_id), set(targets)
            trace_ids = [one.removeprefix(_TRACE) for one in wanted if one.startswith(_TRACE)]
            if trace_ids:
                wanted = {one for one in wanted if not one.startswith(_TRACE)}
                wanted.update(sessions_of_traces(self._events, scope, trace_ids).values())
            ids = [SessionId(session_id) for session_id in sorted(wanted)]
            traces = [one.trace_ids for one in get_sessions(self._events, scope, ids)]
            for some in traces:
                self._catch_up(self._gather(project_id, [trace_node(t) for t in some]))
            # Only when all are in memory: one that was read may have taken in another.
            changed: dict[int, Component] = {}
            for trace_id in (trace_id for some in traces for trace_id in some):
                component = self._home.get((project_id, trace_node(trace_id)))
                if component is not None and trace_id in component.traces:
                    component.dirty.add(component.owner_of(trace_id))
                    changed[id(component)] = component
            if changed:
                self._write(changed.values(), finishing=True)
                self._evict()

    def forget(self, project_id: ProjectId, trace_ids: Iterable[str] | None = None) -> None:
        """Drop what is in memory of these traces (None: of the project): they were deleted."""
        with self._lock:
            if trace_ids is None:
                gone = [c for c in self._recent.values() if c.project_id == project_id]
            else:
                homes = (self._home.get((project_id, trace_node(t))) for t in trace_ids)
                gone = list({id(c): c for c in homes if c is not None}.values())
            for component in gone:
                self._drop(component)
                component.release()

    def resident(
        self, project_id: ProjectId, trace_ids: Sequence[str], ask: Callable[[Assembly], T]
    ) -> T | None:
        """
        Ask the assembly of exactly these traces, while nothing is written.  None where memory
        has none, or may lack what another replica stored.
        """
        with self._lock:
            if not self._exclusive or not trace_ids:
                return None
            component = self._home.get((project_id, trace_node(trace_ids[0])))
            if component is None or any(t not in component.traces for t in trace_ids):
                return None
            owners = {component.owner_of(trace_id) for trace_id in trace_ids}
            if len(owners) > 1:
                return None
            (owner,) = owners
            others = component.traces.keys() - set(trace_ids)
            if any(component.owner_of(trace_id) == owner for trace_id in others):
                return None
            return ask(component.assembly(owner))

    @contextmanager
    def held(self) -> Iterator[None]:
        """No session is written by others while it is held: for whoever writes rows himself."""
        with self._lock:
            yield

    def write(self, rows: Sequence[SessionRow]) -> None:
        """Rows that somebody else worked out, while `held`."""
        write_sessions(self._events, rows)
        if rows:
            self._on_written(rows)

    # -- finding what hangs together --------------------------------------------------------

    def _take_apart(self, project_id: ProjectId, spans: Sequence[Span]) -> Exception | None:
        """All spans at once; after an error trace by trace, and the last error of those."""
        try:
            self._take_or_forget(project_id, spans)
        except (TryAgain, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one trace's
            failure = error
        else:
            return None
        by_trace: dict[str, list[Span]] = {}
        for span in spans:
            by_trace.setdefault(span.trace_id, []).append(span)
        if len(by_trace) == 1:
            return failure
        found: Exception | None = None
        for some in by_trace.values():
            found = self._take_apart(project_id, some) or found
        return found

    def _take_or_forget(self, project_id: ProjectId, spans: Sequence[Span]) -> None:
        try:
            self._take(project_id, spans)
        except BaseException:
            # Half of it is done: the store knows better than memory what was.
            self._forget_all()
            raise

    def _take(self, project_id: ProjectId, spans: Sequence[Span]) -> None:
        by_trace: dict[str, list[Span]] = {}
        for span in spans:
            by_trace.setdefault(span.trace_id, []).append(span)
        unknown = [t for t in by_trace if (project_id, trace_node(t)) not in self._home]
        if unknown:
            self._make_room_for(project_id, unknown, by_trace)
        touched: dict[int, tuple[Component, list[Span]]] = {}
        for trace_id, some in by_trace.items():
            component = self._home[(project_id, trace_node(trace_id))]
            touched.setdefault(id(component), (component, []))[1].extend(some)
        links: list[tuple[str, str]] = []
        for component, fresh in touched.values():
            before = len(component)
            new = component.add(fresh)
            self._resident += len(component) - before
            self._recent.move_to_end(id(component))
            links.extend((trace_node(t), node) for t, node in new)
        self._settle(project_id, sorted(by_trace), links)

    def _settle(
        self, project_id: ProjectId, trace_ids: Sequence[str], links: list[tuple[str, str]]
    ) -> None:
        """Join what the new nodes join, tell the store of them, and write the sessions."""
        for trace_id in trace_ids:
            component = self._home[(project_id, trace_node(trace_id))]
            assembly = component.assembly(component.owner_of(trace_id))
            new = component.learn(trace_id, assembly.deferred_nodes(trace_id))
            links.extend((trace_node(trace_id), node) for node in new)
        links.extend(
            (trace_name, node)
            for of, trace_name, node in self._unlinked
            if of == project_id and (of, trace_name) in self._home
        )
        self._unlinked = [link for link in self._unlinked if link[0] != project_id]
        if links:
            write_links(self._events, project_id, links, seen_ns=self._now_ns())
            self._join(project_id, links)
        if not self._exclusive:
            # Another replica may have joined traces to these since: to nodes that are not new.
            self._join(project_id, self._known_links(project_id, trace_ids))
        homes = (self._home[(project_id, trace_node(trace_id))] for trace_id in trace_ids)
        changed = list({id(component): component for component in homes}.values())
        for component in changed:
            self._catch_up(component)
        self._write(changed)

    def _known_links(
        self, project_id: ProjectId, trace_ids: Sequence[str]
    ) -> list[tuple[str, str]]:
        """All nodes of the sessions that these traces are in."""
        homes = (self._home[(project_id, trace_node(trace_id))] for trace_id in trace_ids)
        components = {id(component): component for component in homes}
        return [
            (trace_node(trace_id), node)
            for component in components.values()
            for trace_id, note in component.traces.items()
            for node in sorted(note.nodes)
        ]

    def _join(self, project_id: ProjectId, links: Sequence[tuple[str, str]]) -> None:
        """Merge the components that new nodes lead to."""
        fresh = [link for link in links if not link[1].startswith(_ALONE)]
        self._bring_in(project_id, fresh)
        for trace_name, node in fresh:
            component = self._home[(project_id, trace_name)]
            others = self._others(project_id, component, node)
            self._hold(component, node)
            for other in others:
                component = self._merge(self._home[(project_id, trace_name)], other)

    def _others(self, project_id: ProjectId, component: Component, node: str) -> list[Component]:
        """The resident components that this node joins to this one."""
        peers = self._holders.get((project_id, lookup_node(node)), _NOBODY)
        if not peers and not node.startswith(_TRACE):
            return []  # nearly always: a model's answer has an id of its own
        found = [other for other in peers.values() if other is not component]
        if node.startswith(_TRACE):
            linked_to = self._home.get((project_id, node))
            if linked_to is not None and linked_to is not component:
                found.append(linked_to)
        if is_strong(node) or not found:
            return found
        if len(peers) > MAX_TRACES_PER_NODE:
            return []
        settled = component.is_settled()
        return [other for other in found if not (settled and other.is_settled())]

    def _make_room_for(
        self, project_id: ProjectId, unknown: Sequence[str], spans: Mapping[str, list[Span]]
    ) -> None:
        """Give every unknown trace a component: what the store knows of it, or an empty one."""
        nodes = [trace_node(trace_id) for trace_id in unknown]
        known = {node for node, _ in linked(self._events, project_id, nodes)}
        for node in nodes:
            if node in known and (project_id, node) not in self._home:
                self._gather(project_id, [node])
        alone: list[tuple[str, str]] = []
        founded: dict[str, Component] = {}
        for node in nodes:
            if (project_id, node) in self._home:
                continue  # read back, by itself or with another one
            trace_id = node.removeprefix(_TRACE)
            keys = sorted({span.session_key for span in spans[trace_id] if span.session_key})
            if not keys:
                alone.append((node, _ALONE + trace_id))
            self._home[(project_id, node)] = self._found(project_id, keys, founded)
        if alone:
            self._any_alone[project_id] = True
            write_links(self._events, project_id, alone, seen_ns=self._now_ns())

    def _found(
        self, project_id: ProjectId, keys: Sequence[str], founded: dict[str, Component]
    ) -> Component:
        """
        The component for a new trace with these explicit session ids, made if there is none.

        The trace would be joined to it later by the same ids; to begin there saves assembling
        its spans twice.  `founded` are the components of this batch by explicit id.
        """
        component: Component | None = None
        for key in keys:
            holders = self._holders.get((project_id, session_node(key)), _NOBODY)
            component = component or founded.get(key) or next(iter(holders.values()), None)
        if component is None:
            component = Component(project_id)
            self._settle_down(component, ())
        for key in keys:
            founded.setdefault(key, component)
        return component

    def _bring_in(self, project_id: ProjectId, links: Sequence[tuple[str, str]]) -> None:
        """Into memory: the components that the store links to these nodes, and that matter."""
        asking: dict[str, bool] = {}
        settled_of: dict[str, bool] = {}
        all_settled = self._exclusive and not self._has_alone(project_id)
        for trace_name, node in links:
            if trace_name not in settled_of:
                settled_of[trace_name] = self._home[(project_id, trace_name)].is_settled()
            settled = settled_of[trace_name] and not is_strong(node)
            if settled and all_settled:
                continue  # it matters only to traces that named no session
            where = lookup_node(node)
            asking[where] = asking.get(where, True) and settled
        peers: dict[str, set[str]] = {}
        for node, peer in linked(self._events, project_id, sorted(asking)):
            if node.startswith(_TRACE):
                peers.setdefault(node, set()).add(node)  # a linked trace that the store knows
            if peer.startswith(_TRACE):
                peers.setdefault(node, set()).add(peer)
        wanted: set[str] = set()
        for node, some in peers.items():
            if is_strong(node) or len(some) <= MAX_TRACES_PER_NODE:
                strangers = {p for p in some if (project_id, p) not in self._home}
                if asking[node] and strangers:
                    strangers -= self._settled_of(project_id, strangers)
                wanted |= strangers
        for peer in sorted(wanted):
            if (project_id, peer) not in self._home:
                self._gather(project_id, [peer])

    def _has_alone(self, project_id: ProjectId) -> bool:
        """Whether a trace of the project ever came without an explicit session id."""
        known = self._any_alone.get(project_id)
        if known is None:
            known = has_nodes(self._events, project_id, _ALONE)
            self._any_alone[project_id] = known
        return known

    def _settled_of(self, project_id: ProjectId, traces: Iterable[str]) -> set[str]:
        """Those of the traces that the store knows to have an explicit id."""
        rows = linked(self._events, project_id, sorted(traces))
        return {trace_name for trace_name, node in rows if is_strong(node)}

    def _gather(self, project_id: ProjectId, trace_names: Sequence[str]) -> Component:
        """The component of these traces, complete, in memory.  May be empty."""
        if self._exclusive:
            for trace_name in trace_names:
                resident = self._home.get((project_id, trace_name))
                if resident is not None:
                    return resident
        reached = self._reach(project_id, trace_names)
        traces = sorted(trace_name.removeprefix(_TRACE) for trace_name in reached)
        component = Component(project_id)
        component.loaded_ns = self._now_ns()
        scope = self._scope_of(project_id)
        learned = component.add(session_spans(self._events, scope, traces))
        component.dirty.clear()
        component.written.update(sessions_of_traces(self._events, scope, traces).values())
        for trace_id in component.traces:
            assembly = component.assembly(component.owner_of(trace_id))
            new = component.learn(trace_id, assembly.deferred_nodes(trace_id))
            learned.extend((trace_id, node) for node in new)
        held: list[tuple[str, str]] = []
        for trace_id, node in learned:
            trace_name = trace_node(trace_id)
            if node in reached[trace_name]:
                held.append((trace_name, node))
            else:
                # Spans of the batch in hand are in the store already, their links are not.
                self._unlinked.append((project_id, trace_name, node))
        residents = {
            id(home): home
            for trace_name in reached
            if (home := self._home.get((project_id, trace_name))) is not None
        }
        for resident in residents.values():
            held.extend((t, node) for t, node in self._drop(resident))
            component.absorb(resident)
        if component.traces:
            self._settle_down(component, (trace_node(t) for t in component.traces))
            for _, node in held:
                self._hold(component, node)
        return component

    def _reach(self, project_id: ProjectId, trace_names: Iterable[str]) -> dict[str, set[str]]:
        """
        The traces of the component of these, each with the nodes that the store knows of it.

        From a trace with an explicit id, weak nodes lead only to traces without one.
        """
        reached: dict[str, set[str]] = {}
        wave = set(trace_names)
        for _ in range(_MAX_WAVES):
            nodes_of: dict[str, set[str]] = {trace_name: set() for trace_name in wave}
            for trace_name, node in linked(self._events, project_id, sorted(wave)):
                nodes_of[trace_name].add(node)
            reached.update(nodes_of)
            only_for_unsettled: dict[str, bool] = {}
            candidates: dict[str, bool] = {}
            for nodes in nodes_of.values():
                settled = any(is_strong(node) for node in nodes)
                for node in nodes:
                    narrow = settled and not is_strong(node)
                    where = lookup_node(node)
                    only_for_unsettled[where] = only_for_unsettled.get(where, True) and narrow
                    if node.startswith(_TRACE):
                        candidates[node] = candidates.get(node, True) and narrow
            peers: dict[str, set[str]] = {}
            for node, peer in linked(self._events, project_id, sorted(only_for_unsettled)):
                if peer.startswith(_TRACE):
                    peers.setdefault(node, set()).add(peer)
            for node, some in peers.items():
                if is_strong(node) or len(some) <= MAX_TRACES_PER_NODE:
                    for peer in some:
                        candidates[peer] = candidates.get(peer, True) and only_for_unsettled[node]
            new = {peer: narrow for peer, narrow in candidates.items() if peer not in reached}
            maybe = {peer for peer, narrow in new.items() if narrow}
            wave = new.keys() - self._settled_of(project_id, maybe) if maybe else set(new)
            if not wave:
                break
        return reached

    def _catch_up(self, component: Component) -> None:
        """Add what other replicas stored of these traces since we last asked."""
        if self._exclusive or not component.traces:
            return
        since_ns = max(0, component.loaded_ns - _CATCH_UP_NS)
        component.loaded_ns = self._now_ns()
        before = len(component)
        component.add(
            session_spans(
                self._events,
                self._scope_of(component.project_id),
                sorted(component.traces),
                received_after_ns=since_ns,
            )
        )
        self._resident += len(component) - before

    # -- memory -----------------------------------------------------------------------------

    def _settle_down(self, component: Component, trace_names: Iterable[str]) -> None:
        for trace_name in trace_names:
            self._home[(component.project_id, trace_name)] = component
        self._recent[id(component)] = component
        self._resident += len(component)

    def _hold(self, component: Component, node: str) -> None:
        holders = self._holders.setdefault((component.project_id, node), {})
        holders[id(component)] = component

    def _merge(self, one: Component, other: Component) -> Component:
        """The larger takes the smaller."""
        if one is other:
            return one
        keep, gone = (one, other) if len(one) >= len(other) else (other, one)
        trace_ids = list(gone.traces)
        held = self._drop(gone)
        before = len(keep)
        keep.absorb(gone)
        self._resident += len(keep) - before
        for trace_id in trace_ids:
            self._home[(keep.project_id, trace_node(trace_id))] = keep
        for _, node in held:
            self._hold(keep, node)
        return keep

    def _drop(self, component: Component) -> list[tuple[str, str]]:
        """Forget a component; the (trace, node) pairs by which others could find it."""
        if self._recent.pop(id(component), None) is None:
            return []
        self._resident -= len(component)
        self._behind.pop(id(component), None)
        project_id = component.project_id
        held: list[tuple[str, str]] = []
        for trace_id, note in component.traces.items():
            trace_name = trace_node(trace_id)
            if self._home.get((project_id, trace_name)) is component:
                del self._home[(project_id, trace_name)]
            for node in note.nodes:
                holders = self._holders.get((project_id, node))
                if holders is not None and holders.pop(id(component), None) is not None:
                    held.append((trace_name, node))
                    if not holders:
                        del self._holders[(project_id, node)]
        return held

    def _forget_all(self) -> None:
        self._home.clear()
        self._recent.clear()
        self._behind.clear()
        self._holders.clear()
        self._unlinked.clear()
        self._any_scores.clear()
        self._any_alone.clear()
        self._resident = 0

    def _evict(self) -> None:
        while self._resident > self._max_resident and len(self._recent) > 1:
            oldest = next(iter(self._recent.values()))
            self._finish(oldest)
            self._drop(oldest)
            oldest.release()

    def _finish(self, component: Component) -> None:
        """Its sketches know all its spans, and so does the store."""
        if self._behind.pop(id(component), None) is not None:
            component.dirty.update(component.owners())
            self._write([component], finishing=True)

    # -- writing ----------------------------------------------------------------------------

    def _write(self, changed: Iterable[Component], *, finishing: bool = False) -> None:
        now_ns = self._now_ns()
        rows: list[SessionRow] = []
        components = list(changed)
        for component in components:
            rows.extend(self._rows(component, sorted(component.dirty), now_ns, finishing=finishing))
        self.write(rows)
        for component in components:
            component.dirty.clear()

    def _rows(
        self, component: Component, owners: Sequence[str], now_ns: int, *, finishing: bool
    ) -> Iterable[SessionRow]:
        project_id = component.project_id
        sessions = [component.assembly(o).session(now_ns=now_ns, idle_after_ns=self._idle_after_ns)
                    for o in owners]  # fmt: skip
        scores = self._scores(project_id, sessions)
        for owner, plain in zip(owners, sessions, strict=True):
            given = scores.get(plain.session_id, [])
            session = plain
            if given:
                session = component.assembly(owner).session(
                    now_ns=now_ns, idle_after_ns=self._idle_after_ns, scores=given
                )
            component.written.add(session.session_id)
            # Nothing but ghosts is no session that anybody should see.
            is_empty = not session.span_count
            sketch = self._sketch(component, owner, session, now_ns, finishing=finishing)
            yield SessionRow(project_id, session, now_ns, is_deleted=is_empty, sketch=sketch)
        for stale in component.written - self._names(component, now_ns):
            yield SessionRow(project_id, Session(session_id=stale), now_ns, is_deleted=True)
            component.written.discard(stale)

    def _sketch(
        self, component: Component, owner: str, session: Session, now_ns: int, *, finishing: bool
    ) -> Sketch:
        project_id = component.project_id
        kept = component.sketches.get(owner)
        if kept is None:
            # Read back from the store, its row has words of spans that are not at hand.
            came = component.loaded_ns and get_sketches(
                self._events, self._scope_of(project_id), [session.session_id]
            )
            kept = Kept(came[session.session_id]) if came else Kept()

        def fetch(key: tuple[str, str]) -> RawSpan | None:
            found = raw_spans(self._events, self._scope_of(project_id), [key])
            return found[0] if found else None

        now = sketched(
            kept, component.assembly(owner), session, fetch=fetch, finishing=finishing,
            at_hand=self._at_hand.get(project_id, {}),
        )  # fmt: skip
        component.sketches[owner] = now
        if now.is_behind(component.assembly(owner)) and not finishing:
            self._behind[id(component)] = (component, now_ns)
        return now.sketch

    def _names(self, component: Component, now_ns: int) -> set[str]:
        if len(component.written) <= len(component.owners()):
            return component.written
        return {
            component.assembly(owner).session(now_ns=now_ns).session_id
            for owner in component.owners()
        }

    def _scores(self, project_id: ProjectId, sessions: Sequence[Session]) -> dict[str, list[Score]]:
        """What people gave each session, also under the ids it had before it had a real one."""
        if self._exclusive and not self._has_scores(project_id):
            return {}
        asked = {
            name: session.session_id
            for session in sessions
            for name in (session.session_id, *map(trace_node, session.trace_ids))
        }
        found: dict[str, list[Score]] = {}
        given = session_scores(self._events, self._scope_of(project_id), sorted(asked))
        for name, scores in given.items():
            found.setdefault(asked[name], []).extend(scores)
        return found

    def _has_scores(self, project_id: ProjectId) -> bool:
        known = self._any_scores.get(project_id)
        if known is None:
            known = has_scores(self._events, self._scope_of(project_id))
            self._any_scores[project_id] = known
        return known

    def _traces_of(self, project_id: ProjectId, session_id: str) -> tuple[str, ...]:
        found = get_sessions(self._events, self._scope_of(project_id), [SessionId(session_id)])
        return found[0].trace_ids if found else ()
