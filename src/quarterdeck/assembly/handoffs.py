"""
Control passing between agents.

Two kinds of evidence are joined.  A *marker* says that control is given away (a transfer tool, a
handoff span); an *arrival* is an agent span that shows where control came from: its own word,
or its place (below a tool of another agent, or directly below another agent: `delegates`).  A
handoff mostly leaves both, and not every one leaves both, so between two agents of one trace
there were as many handoffs as the longer list of evidence has entries.

A marker that names no target points at the next agent span to start in its trace.  Agents that
follow each other without a marker are a sequence: no handoff.
"""

from typing import Any

from quarterdeck.assembly.sequences import Facts, insert, remove
from quarterdeck.assembly.tree import Linked, Node
from quarterdeck.model.handoffs import Handoff, HandoffKind

Pair = tuple[str, str, str]
"""trace, from, to"""


class Handoffs:
    """All handoffs of one session."""

    def __init__(self) -> None:
        self._evidence: dict[Pair, tuple[list[Any], list[Any]]] = {}
        """Markers and arrivals, in time order: (start_ns, trace, span, kind)."""
        self._given: dict[Node, tuple[Pair, bool, Any]] = {}
        self._lines: dict[str, list[Any]] = {}
        """Per trace: agent spans, and markers that name no target."""
        self._dirty_markers: dict[Node, None] = {}
        self._dirty_pairs: dict[Pair, None] = {}
        self._facts: Facts[Handoff] = Facts()
        self._told: dict[Pair, list[tuple[str, str]]] = {}
        self.steps = 0

    def __len__(self) -> int:
        return len(self._facts)

    def first(self, count: int) -> tuple[Handoff, ...]:
        return self._facts.first(count)

    def link(self, node: Node, linked: Linked) -> None:
        span = linked.span
        hint = span.handoff
        is_agent = span.kind == "agent" and not linked.wraps
        if hint is not None and not (is_agent and hint.target in ("", linked.agent)):
            if span.status in ("error", "blocked"):
                return
            source = hint.source or linked.agent
            if hint.target:
                self._give(node, (span.trace_id, source, hint.target), hint.kind, is_marker=True)
            else:
                self._stand(linked)
                self._dirty_markers[node] = None
        elif is_agent and span.subkind != "node":
            # A graph's nodes follow its edges; a command or a transfer tool is a marker.
            self._arrive(node, linked)
        if is_agent:
            self._stand(linked)

    def _arrive(self, node: Node, linked: Linked) -> None:
        hint = linked.span.handoff
        ctx = linked.ctx
        kind: HandoffKind = "delegates"
        source = ctx.agent_name
        if hint is not None:
            source, kind = hint.source or source, hint.kind
        self._give(node, (linked.span.trace_id, source, linked.agent), kind, is_marker=False)

    def _stand(self, linked: Linked) -> None:
        line = self._lines.setdefault(linked.span.trace_id, [])
        before, _ = insert(line, linked.entry)
        self._stir(before)

    def _stir(self, entry: Any) -> None:
        """The marker before a changed place may point elsewhere now."""
        if entry is not None and _is_open_marker(entry[3]):
            self._dirty_markers[entry[3]] = None

    def unlink(self, node: Node, linked: Linked) -> None:
        self._withdraw(node)
        self._dirty_markers.pop(node, None)
        line = self._lines.get(linked.span.trace_id)
        if line is not None:
            before, _ = remove(line, linked.entry)
            self._stir(before)

    def _give(self, node: Node, pair: Pair, kind: HandoffKind, *, is_marker: bool) -> None:
        if not pair[1] or pair[1] == pair[2]:
            return
        evidence = self._evidence.setdefault(pair, ([], []))
        entry = (*node.entry[:3], kind)
        insert(evidence[0 if is_marker else 1], entry)
        self._given[node] = (pair, is_marker, entry)
        self._dirty_pairs[pair] = None

    def _withdraw(self, node: Node) -> None:
        given = self._given.pop(node, None)
        if given is not None:
            pair, is_marker, entry = given
            remove(self._evidence[pair][0 if is_marker else 1], entry)
            self._dirty_pairs[pair] = None

    def settle(self) -> None:
        if self._dirty_markers:
            markers, self._dirty_markers = self._dirty_markers, {}
            for node in markers:
                self._aim(node)
        if self._dirty_pairs:
            pairs, self._dirty_pairs = self._dirty_pairs, {}
            # All old ones go first: a span's evidence may move from one pair to another.
            for pair in pairs:
                self._forget(pair)
            for pair in pairs:
                self._tell(pair)

    def _aim(self, node: Node) -> None:
        """Point a marker without target at the next agent of its trace."""
        self.steps += 1
        linked = node.linked
        if linked is None or linked.span.handoff is None:
            return
        self._withdraw(node)
        line = self._lines[linked.span.trace_id]
        hint = linked.span.handoff
        source = hint.source or linked.agent
        target = ""
        for entry in _after(line, linked.entry):
            if not _is_open_marker(entry[3]):
                target = entry[3].agent
            break
        self._give(node, (linked.span.trace_id, source, target), hint.kind, is_marker=True)

    def _forget(self, pair: Pair) -> None:
        for key in self._told.pop(pair, ()):
            self._facts.drop(key)

    def _tell(self, pair: Pair) -> None:
        markers, arrivals = self._evidence[pair]
        self.steps += 1
        chosen = markers + arrivals[len(markers) :]
        if not chosen:
            del self._evidence[pair]
            return
        self._told[pair] = [entry[1:3] for entry in chosen]
        for at_ns, trace_id, span_id, kind in chosen:
            fact = Handoff(
                source=pair[1], target=pair[2], kind=kind, at_ns=at_ns,
                trace_id=trace_id, span_id=span_id,
            )  # fmt: skip
            self._facts.put((trace_id, span_id), at_ns, trace_id, span_id, fact)


def _is_open_marker(node: Node) -> bool:
    linked = node.linked
    if linked is None or linked.span.handoff is None or linked.span.handoff.target:
        return False
    return linked.span.kind != "agent" or linked.wraps


def _after(line: list[Any], entry: Any) -> list[Any]:
    from bisect import bisect_right

    at = bisect_right(line, entry)
    return line[at : at + 1]
