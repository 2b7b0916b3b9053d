"""
Which traces are one session, and what it is called.

A session is a set of traces.  Traces find each other through *nodes*: strings that two traces
share.  An explicit session id is a strong node; everything else (response ids, links, join
keys, deferred tool calls) is weak, and what a sender said beats what we infer:

* Traces with the same explicit id are one session, always.
* A trace without an explicit id joins the session that it reaches through weak nodes.  Joining
  is transitive (A answers B, B answers C: one session).  If it reaches two sessions with
  different explicit ids, the nearer one wins (fewest weak nodes between), then the smaller id:
  the sessions stay two, and the result does not depend on the order of arrival.
* Traces that reach no explicit id are one *derived* session, `trace:<first trace id>`, which
  merges into a real one when an explicit id arrives.

It refuses to guess from time, user or name.  A node that too many traces share is no
identity but a constant (a fake server's response id, a sender's bug) and is not followed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from quarterdeck.model.ids import public_id as public_id
from quarterdeck.model.spans import Span

MAX_TRACES_PER_NODE = 2_000
"""Weak nodes shared by more traces are ignored.  An AutoGen team run is 11 traces; a bare
provider instrumentation of a long conversation is some hundreds.  The cap keeps one constant
id from folding a project into one session."""

MAX_TRACES_PER_SESSION = 20_000
"""Where transitive joining stops.  Explicit ids have no such cap."""

_SESSION = "key:session:"
_CALL = "key:call:"
_ASKED = _CALL + "asked:"
_RAN = _CALL + "ran:"


def trace_node(trace_id: str) -> str:
    return f"trace:{trace_id}"


def session_node(session_key: str) -> str:
    return _SESSION + session_key


def links_of(span: Span) -> tuple[str, ...]:
    """
    The nodes that this span gives its trace, strong first, without the trace's own.

    Deferred tool calls are not among them: whether a call is deferred is known from its whole
    trace (`Assembly.deferred_nodes`).
    """
    nodes: list[str] = []
    if span.session_key:
        nodes.append(session_node(span.session_key))
    if span.response_id:
        nodes.append("key:response:" + span.response_id)
    if span.previous_response_id:
        nodes.append("key:response:" + span.previous_response_id)
    if span.linked_traces:
        nodes.extend(trace_node(trace_id) for trace_id in span.linked_traces)
    if span.join_keys:
        nodes.extend("key:join:" + key for key in span.join_keys)
    return tuple(dict.fromkeys(nodes)) if len(nodes) > 1 else tuple(nodes)


def asked_node(tool: str, call_id: str) -> str:
    """A model asked for this call and its trace does not run it."""
    return f"{_ASKED}{tool}:{call_id}"


def ran_node(tool: str, call_id: str) -> str:
    """This trace runs a call that none of its models asked for."""
    return f"{_RAN}{tool}:{call_id}"


def lookup_node(node: str) -> str:
    """
    Where to look for the peers of a node: itself, except for deferred calls, where a trace that
    asked looks for traces that ran.  Two traces that both asked for `call_1` share nothing.
    """
    if not node.startswith(_CALL):
        return node
    if node.startswith(_ASKED):
        return _RAN + node[len(_ASKED) :]
    if node.startswith(_RAN):
        return _ASKED + node[len(_RAN) :]
    return node


def is_strong(node: str) -> bool:
    return node.startswith(_SESSION)


class SessionName(NamedTuple):
    session_id: str
    derived: bool
    external_id: str
    """The id as sent, where `session_id` had to differ; else ""."""
    sub_sessions: tuple[str, ...]
    """Other explicit ids, as sent, earliest first."""


def name_session(explicit_ids: Sequence[str], first_trace_id: str) -> SessionName:
    """`explicit_ids`: distinct, the root's first, then by time."""
    if not explicit_ids:
        return SessionName(trace_node(first_trace_id), True, "", ())
    external = explicit_ids[0]
    session_id = public_id(external)
    return SessionName(
        session_id, False, external if session_id != external else "", tuple(explicit_ids[1:])
    )


def explicit_ids(spans: Iterable[Span]) -> tuple[str, ...]:
    """Distinct explicit ids: those of roots first, then by the earliest span that carries them."""
    best: dict[str, tuple[bool, int, str, str]] = {}
    for span in spans:
        if span.session_key:
            rank = (span.parent_span_id != "", span.start_ns, span.trace_id, span.span_id)
            known = best.get(span.session_key)
            if known is None or rank < known:
                best[span.session_key] = rank
    return tuple(sorted(best, key=best.__getitem__))


def choose_session_id(spans: Collection[Span]) -> SessionName:
    """The name of the session that these spans are.  Order and duplicates do not matter."""
    first = min(((s.start_ns, s.trace_id) for s in spans), default=(0, ""))
    return name_session(explicit_ids(spans), first[1])


class TraceFacts(NamedTuple):
    """What grouping needs to know of one trace."""

    explicit_id: str
    """The trace's own choice (`explicit_ids(...)[0]`), or ""."""
    first_ns: int
    nodes: Collection[str]


def group_traces(traces: Mapping[str, TraceFacts]) -> list[tuple[str, ...]]:
    """
    The sessions among these traces: each a tuple of trace ids by first span.

    A pure function of the mapping: neither the order of traces nor of nodes matters.
    """
    sharing: dict[str, list[str]] = {}
    for trace_id, facts in traces.items():
        for node in facts.nodes:
            if not is_strong(node):
                sharing.setdefault(node, []).append(trace_id)
        sharing.setdefault(trace_node(trace_id), []).append(trace_id)

    def neighbors(trace_id: str) -> Iterable[str]:
        for node in (*traces[trace_id].nodes, trace_node(trace_id)):
            if is_strong(node):
                continue
            peers = sharing.get(lookup_node(node), ())
            if len(peers) <= MAX_TRACES_PER_NODE:
                yield from peers

    owner: dict[str, str] = {
        trace_id: "id:" + facts.explicit_id
        for trace_id, facts in traces.items()
        if facts.explicit_id
    }
    _spread(owner, sorted(owner, key=lambda t: (owner[t], t)), neighbors)
    for trace_id in sorted(traces, key=lambda t: (traces[t].first_ns, t)):
        if trace_id not in owner:
            owner[trace_id] = "trace:" + trace_id
            _spread(owner, [trace_id], neighbors)
    groups: dict[str, list[str]] = {}
    for trace_id in sorted(traces, key=lambda t: (traces[t].first_ns, t)):
        groups.setdefault(owner[trace_id], []).append(trace_id)
    return [tuple(group) for group in groups.values()]


def _spread(
    owner: dict[str, str], ring: list[str], neighbors: Callable[[str], Iterable[str]]
) -> None:
    """Breadth first from all of `ring` at once: a trace goes to the nearest owner, ties to the
    smallest owner, whatever the order of the mapping."""
    sizes: dict[str, int] = {}
    while ring:
        found: dict[str, str] = {}
        for trace_id in ring:
            mine = owner[trace_id]
            for peer in neighbors(trace_id):
                if peer not in owner and (peer not in found or mine < found[peer]):
                    found[peer] = mine
        ring = []
        for peer in sorted(found):
            mine = found[peer]
            sizes[mine] = sizes.get(mine, 0) + 1
            if sizes[mine] < MAX_TRACES_PER_SESSION:
                owner[peer] = mine
                ring.append(peer)
