"""
Sessions in memory: the traces that hang together, and an assembly for each session among them.

A *component* is a set of traces that reach each other through nodes (`assembly/identify.py`).
It is complete: whatever the store links to one of its traces is in it.  Usually it is one
session; where traces with different explicit ids hang together, it is several.

Pure bookkeeping: it reads no store and no clock.
"""

from collections.abc import Iterable

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.identify import TraceFacts, group_traces, links_of
from quarterdeck.jobs.sketching import Kept
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import Span

_Rank = tuple[bool, int, str, str]


class TraceNote:
    """What grouping needs of one trace, kept up to date span by span."""

    __slots__ = ("explicit", "first_ns", "nodes")

    def __init__(self) -> None:
        self.explicit: dict[str, _Rank] = {}
        """Explicit session id -> its best witness: roots first, then the earliest span."""
        self.first_ns = 2**63 - 1
        self.nodes: set[str] = set()

    def take(self, span: Span) -> list[str]:
        """Learns from a span; returns the nodes that are new."""
        if span.start_ns < self.first_ns:
            self.first_ns = span.start_ns
        if span.session_key:
            rank = (span.parent_span_id != "", span.start_ns, span.trace_id, span.span_id)
            known = self.explicit.get(span.session_key)
            if known is None or rank < known:
                self.explicit[span.session_key] = rank
        new = [node for node in links_of(span) if node not in self.nodes]
        if new:
            self.nodes.update(new)
        return new

    def explicit_id(self) -> str:
        return min(self.explicit, key=self.explicit.__getitem__) if self.explicit else ""


class Component:
    """Traces that hang together.  Not safe for two threads at once."""

    __slots__ = (
        "_assemblies", "_choices", "_owner", "dirty", "loaded_ns", "project_id", "sketches",
        "traces", "written",
    )  # fmt: skip

    def __init__(self, project_id: ProjectId) -> None:
        self.project_id = project_id
        self.traces: dict[str, TraceNote] = {}
        self.loaded_ns = 0
        """When the store was last asked for its spans; 0 = everything came through memory."""
        self.written: set[str] = set()
        """Ids under which the store may hold a row for these traces."""
        self.dirty: set[str] = set()
        """Assemblies that changed since whoever writes their sessions cleared this."""
        self.sketches: dict[str, Kept] = {}
        """Of the assemblies whose rows were written."""
        self._choices: dict[str, int] = {}
        """Explicit id -> number of traces that choose it."""
        self._assemblies: dict[str, Assembly] = {}
        """By the trace that founded each."""
        self._owner: dict[str, str] = {}
        """Trace -> the assembly it is in."""

    def __len__(self) -> int:
        """Spans held."""
        return sum(len(assembly) for assembly in self._assemblies.values())

    def add(self, spans: Iterable[Span]) -> list[tuple[str, str]]:
        """Returns the (trace, node) pairs that are new."""
        new_nodes: list[tuple[str, str]] = []
        by_trace: dict[str, list[Span]] = {}
        is_stale = False
        for span in spans:
            trace_id = span.trace_id
            some = by_trace.get(trace_id)
            if some is None:
                some = by_trace[trace_id] = []
            some.append(span)
        for trace_id, some in by_trace.items():
            note = self.traces.get(trace_id)
            if note is None:
                note = self.traces[trace_id] = TraceNote()
                is_stale = True
            chosen = note.explicit_id()
            for span in some:
                for node in note.take(span):
                    new_nodes.append((trace_id, node))
                    is_stale = True
            is_stale |= self._choose(chosen, note.explicit_id())
            if trace_id not in self._owner:
                self._settle_in(trace_id)
            self._assemblies[self._owner[trace_id]].add(some)
        self.dirty.update(self._owner[trace_id] for trace_id in by_trace)
        if is_stale and (len(self._choices) > 1 or len(self._assemblies) > 1):
            self._regroup()
        return new_nodes

    def release(self) -> None:
        """Its memory is free at once; it can't be used again."""
        for assembly in self._assemblies.values():
            assembly.release()

    def learn(self, trace_id: str, nodes: Iterable[str]) -> list[str]:
        """Nodes of a trace that only its assembly can tell (deferred calls); the new ones."""
        note = self.traces[trace_id]
        new = [node for node in nodes if node not in note.nodes]
        note.nodes.update(new)
        return new

    def absorb(self, other: "Component") -> None:
        """Take all of another component, which hangs together with this."""
        self.written |= other.written
        self.sketches.update(other.sketches)
        if self.traces.keys() & other.traces.keys() or set(self._assemblies) & set(other.owners()):
            # The same traces were read twice: span by span, so that none is lost.
            for owner in other.owners():
                self.add(other.assembly(owner).spans())
            for trace_id, note in other.traces.items():
                self.learn(trace_id, note.nodes)
            other.release()
            return
        for trace_id, note in other.traces.items():
            self.traces[trace_id] = note
            self._choose("", note.explicit_id())
        self._assemblies.update({o: other.assembly(o) for o in other.owners()})
        self._owner.update({t: other.owner_of(t) for t in other.traces})
        self.dirty |= other.dirty
        self._regroup()

    def is_settled(self) -> bool:
        """
        Whether every trace has said which session it is of.

        Two settled components that share a weak node stay what they are, so nothing is gained
        by bringing them together: what a sender said beats what is inferred.
        """
        return sum(self._choices.values()) == len(self.traces)

    def assembly(self, owner: str) -> Assembly:
        return self._assemblies[owner]

    def owner_of(self, trace_id: str) -> str:
        return self._owner[trace_id]

    def owners(self) -> list[str]:
        return list(self._assemblies)

    def _settle_in(self, trace_id: str) -> None:
        """A new trace goes to the only assembly there is, or founds one; `_regroup` may move it."""
        if len(self._assemblies) == 1:
            self._owner[trace_id] = next(iter(self._assemblies))
        else:
            self._owner[trace_id] = trace_id
            self._assemblies[trace_id] = Assembly()

    def _choose(self, old: str, new: str) -> bool:
        if old == new:
            return False
        if old:
            self._choices[old] -= 1
            if not self._choices[old]:
                del self._choices[old]
        if new:
            self._choices[new] = self._choices.get(new, 0) + 1
        return True

    def _regroup(self) -> None:
        """Form the sessions anew.  Spans move only where the grouping changed."""
        members: dict[str, set[str]] = {owner: set() for owner in self._assemblies}
        for trace_id, owner in self._owner.items():
            members[owner].add(trace_id)
        assemblies: dict[str, Assembly] = {}
        for group in self._groups():
            wanted = set(group)
            keep = next((owner for owner, mine in members.items() if mine == wanted), None)
            if keep is not None:
                assemblies[keep] = self._assemblies[keep]
                continue
            within = [owner for owner, mine in members.items() if mine and mine <= wanted]
            keep = max(within, key=lambda owner: len(self._assemblies[owner]), default=group[0])
            assembly = self._assemblies[keep] if within else Assembly()
            for owner, mine in members.items():
                if owner != keep and mine & wanted:
                    spans = self._assemblies[owner].spans()
                    assembly.add(span for span in spans if span.trace_id in wanted)
            if keep in assemblies:
                keep = f"{keep}+"
            assemblies[keep] = assembly
            self.dirty.add(keep)
            for trace_id in wanted:
                self._owner[trace_id] = keep
        kept = {id(assembly) for assembly in assemblies.values()}
        for assembly in self._assemblies.values():
            if id(assembly) not in kept:
                assembly.release()
        self._assemblies = assemblies
        self.dirty &= assemblies.keys()

    def _groups(self) -> list[tuple[str, ...]]:
        if len(self._choices) <= 1:
            # They hang together, and nothing that a sender said keeps them apart.
            return [tuple(self.traces)]
        return group_traces(
            {
                trace_id: TraceFacts(note.explicit_id(), note.first_ns, note.nodes)
                for trace_id, note in self.traces.items()
            }
        )
