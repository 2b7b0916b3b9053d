"""
Model calls: which spans are billed, and by whom they were made.

One call can appear as up to five spans with the same tokens.  Only *billing leaves* count:

* A model span is out if a model span below it is the same call (equal response id; or one
  family, contained in time, and equal input tokens, output tokens or output), or if it told no
  tokens and only wraps other model spans.
* Of spans of one trace with one response id, or with equal model and tokens (or none) from two
  libraries over (nearly) the same time or one within the other, one counts: with tokens, not made
  from a log, with cache details, with content.  A price that only a log reports goes to the
  span.  They need not stand below one parent: LangChain tells its runs beside the context that
  a client's span is made in.
* A *carrier* (an agent's, step's or session's total) counts only if nothing below it told
  tokens; a step beside a model call with tokens never does.  Totals made from metrics or logs,
  and counts quoted in messages between agents, count only if the session has nothing else.

A response id that more than 64 spans share is a constant, not an identity.
"""

from bisect import bisect_left
from decimal import Decimal
from operator import add, sub
from typing import Any

from quarterdeck.assembly.attempts import Attempts
from quarterdeck.assembly.recovery import Attempt, Recovery, Told
from quarterdeck.assembly.sequences import insert, remove
from quarterdeck.assembly.sums import PICO
from quarterdeck.assembly.tree import Linked, Node, tells_usage
from quarterdeck.cost.reported import is_unknown_zero
from quarterdeck.model.spans import Span
from quarterdeck.normalize.models import family, same_family

MAX_SHARED_RESPONSE = 64
_SKEW_NS = 1_000_000_000
"""How far a nested span may stick out of its parent: clocks of two hosts."""

# Positions in a use's list of sums.
(
    CALLS, ERRORS, INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING, NO_USAGE, COST, PRICED,
    UNPRICED, REPORTED, REPORTED_N, COMPUTED, COMPUTED_N, WASTED, WASTED_N, BOTH_REPORTED,
    BOTH_COMPUTED, BOTH_N, ZEROS,
) = range(21)  # fmt: skip
"""BOTH: only of calls with a reported and a computed cost.  ZEROS: calls with tokens that are
reported to cost nothing though no table has a price of their model."""

SUMS = 21
MONEY = (
    COST, PRICED, UNPRICED, REPORTED, REPORTED_N, COMPUTED, COMPUTED_N, WASTED, WASTED_N,
    BOTH_REPORTED, BOTH_COMPUTED, BOTH_N,
)  # fmt: skip

UseKey = tuple[str, str, str, str]
"""agent, own role, model, provider"""


class Call:
    """Billing state of one model span or carrier."""

    __slots__ = (
        "active",
        "beside", "edge", "family", "given", "has_usage", "inside", "is_carrier", "line",
        "matched", "models_below", "nested", "recovery", "usage_below", "wrapped",
    )  # fmt: skip

    def __init__(self) -> None:
        self.active = False
        """Linked as a call or carrier now; a span can stop being one."""
        self.is_carrier = False
        self.has_usage = False
        self.family = ""
        self.inside: Node | None = None
        """The model span above, as linked."""
        self.edge = False
        """Whether it is the same call as `inside`."""
        self.nested: dict[Node, None] | None = None
        self.matched = 0
        """How many of `nested` are this same call."""
        self.wrapped = 0
        """How many of `nested` are model calls, not carriers."""
        self.usage_below = 0
        self.models_below = 0
        self.beside: tuple[Any, ...] | None = None
        """Key of the model spans of its trace with equal tokens."""
        self.line: tuple[str, ...] | None = None
        """Where it stands among possible attempts; None if it does not."""
        self.given: tuple[list[int], UseKey, tuple[int, ...]] | None = None
        """What it added to the sums, to be taken back."""
        self.recovery: Told | None = None


class Calls:
    """All model calls of one session, as running sums per agent, role, model and provider."""

    def __init__(self, attempts: Attempts, recovery: Recovery) -> None:
        self.uses: dict[UseKey, list[int]] = {}
        self.last_resort: dict[UseKey, list[int]] = {}
        self._attempts = attempts
        self._recovery = recovery
        self._by_response: dict[str, dict[Node, None]] = {}
        self._beside: dict[tuple[Any, ...], list[Any]] = {}
        self._told_beside: dict[tuple[str, str], int] = {}
        """Model spans with tokens, by parent."""
        self._carriers_beside: dict[tuple[str, str], dict[Node, None]] = {}
        self._edges: dict[Node, None] = {}
        self._dirty: dict[Node, None] = {}
        self.counted = 0
        """Model spans that count as calls."""
        self.steps = 0

    # -- linking: a span takes its place beside the others --------------------------------

    def link(self, node: Node, linked: Linked) -> None:
        span = linked.span
        call = _call_of(node)
        call.active, call.is_carrier = True, False
        model = span.model_served or span.model_requested
        call.family = family(model) if model else ""
        call.has_usage = tells_usage(span.usage)
        if span.response_id:
            peers = self._by_response.setdefault(span.response_id, {})
            peers[node] = None
            if len(peers) > 1:
                self._peers_dirty(peers)
        self._link_above(node, call, linked)
        if call.nested:
            self._edges.update(call.nested)
        self._link_beside(call, linked)
        self._dirty[node] = None

    def _link_above(self, node: Node, call: Call, linked: Linked) -> None:
        above = linked.ctx.model
        if above is not None and above is not node:
            call.inside = above
            outer = _call_of(above)
            if outer.nested is None:
                outer.nested = {}
            outer.nested[node] = None
            outer.wrapped += not call.is_carrier
            self._edges[node] = None
            self._stir(above)
        carrier = linked.ctx.carrier
        if carrier is not None and carrier is not node:
            total = _call_of(carrier)
            total.usage_below += call.has_usage
            total.models_below += not call.is_carrier
            self._dirty[carrier] = None

    def _link_beside(self, call: Call, linked: Linked) -> None:
        span = linked.span
        usage = span.usage
        tokens: tuple[int | None, int | None] = (None, None)
        if call.has_usage and usage is not None:
            tokens = (usage.input_tokens, usage.output_tokens)
            parent = (span.trace_id, span.parent_span_id)
            told = self._told_beside.get(parent, 0)
            self._told_beside[parent] = told + 1
            if told == 0 and parent in self._carriers_beside:
                self._dirty.update(self._carriers_beside[parent])
        key = call.beside = (span.trace_id, call.family, *tokens)
        line = self._beside.get(key)
        if line is None:
            self._beside[key] = [linked.entry]
        else:
            insert(line, linked.entry)
            self._dirty.update(_touched(line, linked.entry))

    def link_carrier(self, node: Node, linked: Linked) -> None:
        call = _call_of(node)
        call.active = call.is_carrier = True
        call.has_usage = True
        span = linked.span
        call.family = family(span.model_served or span.model_requested)
        self._link_above(node, call, linked)
        if span.kind == "step":
            parent = (span.trace_id, span.parent_span_id)
            self._carriers_beside.setdefault(parent, {})[node] = None
        self._dirty[node] = None

    def unlink(self, node: Node, linked: Linked) -> None:
        call: Call = node.call
        span = linked.span
        self.detach(node, linked)
        self._stand(node, call, None, linked)
        self._set_recovery(call, None)
        if not call.is_carrier and span.response_id:
            peers = self._by_response[span.response_id]
            del peers[node]
            self._peers_dirty(peers)
        parent = (span.trace_id, span.parent_span_id)
        if call.is_carrier:
            beside = self._carriers_beside.get(parent)
            if beside is not None:
                beside.pop(node, None)
        elif call.beside is not None:
            if call.has_usage:
                self._told_beside[parent] -= 1
                if not self._told_beside[parent] and parent in self._carriers_beside:
                    self._dirty.update(self._carriers_beside[parent])
            line = self._beside[call.beside]
            self._dirty.update(_touched(line, linked.entry))
            remove(line, linked.entry)
            call.beside = None
        if call.nested:
            self._edges.update(call.nested)
        call.active = False

    def detach(self, node: Node, linked: Linked) -> None:
        """Its ancestors are others now, the span is the same: take back what they decide."""
        call: Call = node.call
        self._retract(node, call)
        inside = call.inside
        if inside is not None:
            above = inside.call
            above.nested.pop(node, None)
            if call.edge and above.matched <= 2:
                self._dirty.update(above.nested)
            above.matched -= call.edge
            above.wrapped -= not call.is_carrier
            self._stir(inside)
            call.inside, call.edge = None, False
        carrier = linked.ctx.carrier
        if carrier is not None and carrier is not node:
            carrier.call.usage_below -= call.has_usage
            carrier.call.models_below -= not call.is_carrier
            self._dirty[carrier] = None

    def attach(self, node: Node, linked: Linked) -> None:
        """The other half of `detach`."""
        self._link_above(node, node.call, linked)
        self._stir(node)

    def _stir(self, node: Node) -> None:
        """Judge again a span and those that may be the same call."""
        self._dirty[node] = None
        linked = node.linked
        if linked is None:
            return
        if linked.span.response_id:
            self._peers_dirty(self._by_response.get(linked.span.response_id, {}))
        if node.call.beside is not None:
            self._dirty.update(_touched(self._beside[node.call.beside], linked.entry))

    def _peers_dirty(self, peers: dict[Node, None]) -> None:
        """One more than the cap, so that all are judged again when an id becomes a constant."""
        if len(peers) <= MAX_SHARED_RESPONSE + 1:
            self._dirty.update(peers)

    # -- settling: what counts -------------------------------------------------------------

    def settle(self) -> None:
        """Judge again every call whose surroundings changed."""
        if self._edges:
            edges, self._edges = self._edges, {}
            for node in edges:
                self._settle_edge(node)
        dirty, self._dirty = self._dirty, {}
        self._judge(dirty)
        # Counting puts calls in line, and so shows which outputs were of no use.
        wasted = self._attempts.changed
        if wasted:
            self._judge(dict(wasted))
            wasted.clear()

    def _judge(self, nodes: dict[Node, None]) -> None:
        for node in nodes:
            linked = node.linked
            call = node.call
            if linked is None or not isinstance(call, Call) or not call.active:
                continue
            self.steps += 1
            self._retract(node, call)
            if call.is_carrier:
                self._count_carrier(call, linked)
            else:
                self._count(node, call, linked)

    def _settle_edge(self, node: Node) -> None:
        self.steps += 1
        call = node.call
        if node.linked is None or not isinstance(call, Call) or not call.active:
            return
        above = call.inside
        if above is None:
            return
        edge = (
            above.linked is not None
            and not call.is_carrier
            and above.call.has_usage == call.has_usage
            and _is_same_call(above.linked.span, above.call, node.linked.span, call)
        )
        if edge != call.edge:
            if above.call.matched <= 2:
                self._dirty.update(above.call.nested)
            above.call.matched += 1 if edge else -1
            call.edge = edge
        self._stir(above)
        self._stir(node)

    def _is_wrapper(self, node: Node) -> bool:
        """The same call, or other calls, are told by spans below it."""
        call = node.call
        if call.matched or (call.wrapped and not call.has_usage):
            return True
        above = call.inside
        return (
            above is not None
            and above.linked is not None
            and above.call.has_usage
            and not call.has_usage
            and _one_family(above.call, call)
        )

    def _peers(self, node: Node, call: Call, linked: Linked) -> list[Node]:
        """Spans beside or elsewhere that are this same call and no wrappers."""
        found: list[Node] = []
        if linked.span.response_id:
            peers = self._by_response[linked.span.response_id]
            if 1 < len(peers) <= MAX_SHARED_RESPONSE:
                found = [p for p in peers if p is not node and _one_response(linked.span, p)]
        if call.beside is not None:
            line = self._beside[call.beside]
            if len(line) > 1:
                found.extend(_twins(node, line))
        if not found:
            return found
        return [p for p in dict.fromkeys(found) if not self._is_wrapper(p)]

    def _count(self, node: Node, call: Call, linked: Linked) -> None:
        span = linked.span
        is_wrapper = self._is_wrapper(node)
        peers: list[Node] = []
        if not is_wrapper:
            peers = self._peers(node, call, linked)
            mine = _preference(node)
            if any(_preference(peer) < mine for peer in peers):
                self._stand(node, call, None, linked)
                self._set_recovery(call, None)
                return
            node.step = True
            self.counted += 1
        parent = span.parent_span_id
        self._stand(node, call, (span.trace_id, parent) if parent else ("",), linked)
        if is_wrapper:
            self._set_recovery(call, None)
            return
        agent = linked.agent or next(
            (p.agent for p in sorted(peers, key=_preference) if p.agent), ""
        )
        cost, reported, computed = self._money(node, call, peers)
        failed = span.status == "error"
        usage = span.usage
        use = (agent, span.agent_role, span.model_served or span.model_requested, span.provider)
        sums = self.uses.get(use)
        if sums is None:
            sums = self.uses[use] = [0] * SUMS
        is_wasted = failed or node in self._attempts.thrown_away
        is_unpriced = cost is None and (call.has_usage or not failed)
        numbers = (
            1,
            failed,
            (usage.input_tokens or 0) if usage else 0,
            (usage.output_tokens or 0) if usage else 0,
            (usage.cache_read_tokens or 0) if usage else 0,
            (usage.cache_write_tokens or 0) if usage else 0,
            (usage.reasoning_tokens or 0) if usage else 0,
            not call.has_usage,
            cost or 0,
            cost is not None,
            is_unpriced,
            reported or 0,
            reported is not None,
            computed or 0,
            computed is not None,
            cost if is_wasted and cost else 0,
            is_wasted and cost is not None,
            *_compared(span, reported, computed),
        )
        _add(sums, numbers)
        call.given = (sums, use, numbers)
        self._set_recovery(call, _recovery_of(call, span, failed=failed))

    def _stand(self, node: Node, call: Call, line: tuple[str, ...] | None, linked: Linked) -> None:
        """Take a place among the attempts, or leave it (None)."""
        if call.line == line:
            return
        if call.line is not None:
            self._attempts.take(call.line, node, linked.entry)
        if line is not None:
            self._attempts.put(line, node)
        call.line = line

    def _set_recovery(self, call: Call, told: Told | None) -> None:
        if call.recovery == told:
            return
        if call.recovery is not None:
            target, attempt, failed = call.recovery
            self._recovery.withdraw(target, attempt, failed=failed)
        if told is not None:
            self._recovery.tell(*told)
        call.recovery = told

    def _count_carrier(self, call: Call, linked: Linked) -> None:
        span = linked.span
        if call.usage_below:
            return
        parent = (span.trace_id, span.parent_span_id)
        if span.kind == "step" and self._told_beside.get(parent):
            return
        above = call.inside
        if above is not None and above.linked is not None and above.call.has_usage:
            return
        is_hearsay = span.synthetic or span.subkind == "messaging"
        where = self.last_resort if is_hearsay else self.uses
        use = (
            linked.agent,
            span.agent_role,
            span.model_served or span.model_requested,
            span.provider,
        )
        sums = where.setdefault(use, [0] * SUMS)
        cost, reported, computed = _charged(span)
        usage = span.usage
        told = tells_usage(usage)
        # A metric's point and a recorder's total are sums over calls that nobody counted.
        is_point = span.subkind in ("metric", "total")
        numbers = (
            0 if call.models_below or call.inside is not None or is_point else 1,
            0,
            (usage.input_tokens or 0) if usage else 0,
            (usage.output_tokens or 0) if usage else 0,
            (usage.cache_read_tokens or 0) if usage else 0,
            (usage.cache_write_tokens or 0) if usage else 0,
            (usage.reasoning_tokens or 0) if usage else 0,
            0 if told or is_point else 1,
            cost or 0,
            cost is not None,
            cost is None,
            reported or 0,
            reported is not None,
            computed or 0,
            computed is not None,
            0,
            0,
            *(_NOT_COMPARED if is_point else _compared(span, reported, computed)),
        )
        _add(sums, numbers)
        call.given = (sums, use, numbers)

    def _money(
        self, node: Node, call: Call, peers: list[Node]
    ) -> tuple[int | None, int | None, int | None]:
        """Cost, reported, computed in pico-dollars.  A log's reported cost beats our sum."""
        own = _charged(node.span)
        if peers:
            for peer in sorted(peers, key=_preference):
                other = _charged(peer.span)
                if other[1] is not None and own[1] is None:
                    cost = other[0] if other[0] is not None else own[0]
                    own = (cost, other[1], own[2] if own[2] is not None else other[2])
                elif own[0] is None and other[0] is not None:
                    own = other
        above = call.inside
        if own[0] is None and above is not None and call.edge and above.call.matched == 1:
            return _charged(above.span)
        return own

    def _retract(self, node: Node, call: Call) -> None:
        if call.given is not None:
            sums, use, numbers = call.given
            sums[:] = map(sub, sums, numbers)
            if not sums[CALLS] and not any(sums):
                for where in (self.uses, self.last_resort):
                    if where.get(use) is sums:
                        del where[use]
            call.given = None
        self.counted -= node.step
        node.step = False


def _recovery_of(call: Call, span: Span, *, failed: bool) -> Told | None:
    """What this call says about errors and recovery; None if it says nothing."""
    if not failed and span.status in ("cancelled", "interrupted", "blocked"):
        return None
    tried = span.input_hash or span.last_message_hash
    if tried:
        target: tuple[str, ...] = ("model", tried)
    elif span.parent_span_id:
        target = ("model", span.trace_id, span.parent_span_id)
    else:
        target = ("model", span.trace_id, "", span.span_id)
    at_ns = (span.end_ns or span.start_ns) if failed else span.start_ns
    return target, Attempt(at_ns, span.trace_id, span.span_id, "model:" + call.family, ""), failed


def _call_of(node: Node) -> Call:
    call = node.call
    if not isinstance(call, Call):
        call = node.call = Call()
    return call


def _add(sums: list[int], numbers: tuple[int, ...]) -> None:
    sums[:] = map(add, sums, numbers)


def _charged(span: Span) -> tuple[int | None, int | None, int | None]:
    charge = span.charge
    if charge is None:
        return None, None, None
    reported, computed = _pico(charge.reported_usd), _pico(charge.computed_usd)
    # The cost is one of the two, or of another table: nearly always the same object.
    if charge.usd is charge.reported_usd:
        return reported, reported, computed
    if charge.usd is charge.computed_usd:
        return computed, reported, computed
    return _pico(charge.usd), reported, computed


_NOT_COMPARED = (0, 0, 0, 0)


def _compared(
    span: Span, reported: int | None, computed: int | None
) -> tuple[int, int, int, bool | int]:
    """BOTH_REPORTED, BOTH_COMPUTED, BOTH_N and ZEROS of one call."""
    if reported is None:
        return _NOT_COMPARED
    if computed is not None:
        return reported, computed, 1, 0
    return 0, 0, 0, is_unknown_zero(span, reported, computed)


def _pico(usd: Decimal | None) -> int | None:
    if usd is None or not usd.is_finite():
        return None
    return round(usd * PICO)


def _one_family(a: Call, b: Call) -> bool:
    return not a.family or not b.family or a.family == b.family


def _is_same_call(outer: Span, outer_call: Call, inner: Span, inner_call: Call) -> bool:
    """`inner` lies below `outer`, and both told tokens or neither did."""
    if inner.response_id and inner.response_id == outer.response_id:
        return True
    if not _one_family(outer_call, inner_call):
        return False
    if inner.start_ns < outer.start_ns - _SKEW_NS:
        return False
    if (inner.end_ns or 0) > (outer.end_ns or inner.end_ns or 0) + _SKEW_NS:
        return False
    one, other = outer.usage, inner.usage
    if one is None or other is None or not inner_call.has_usage:
        return True
    return (
        (one.input_tokens is not None and one.input_tokens == other.input_tokens)
        or (one.output_tokens is not None and one.output_tokens == other.output_tokens)
        or (inner.output_hash != "" and inner.output_hash == outer.output_hash)
    )


def _overlap(a: Span, b: Span) -> tuple[int, int]:
    """Common time and the longer duration, in ns."""
    a_end, b_end = a.end_ns or a.start_ns, b.end_ns or b.start_ns
    common = min(a_end, b_end) - max(a.start_ns, b.start_ns)
    return common, max(a_end - a.start_ns, b_end - b.start_ns)


def _one_response(span: Span, peer: Node) -> bool:
    """Same response id: one call if one is made from a log or they overlap.  A server that
    answers every call with one constant id must not fold calls that follow each other."""
    other = peer.span
    if span.synthetic != other.synthetic:
        return True
    if not same_family(
        span.model_served or span.model_requested, other.model_served or other.model_requested
    ):
        return False
    return _overlap(span, other)[0] >= 0


def _is_twin(span: Span, other: Span) -> bool:
    """The same call told by two libraries: equal tokens (by the line), over 80 % the same time,
    or one within the other.  Two spans of one library are two calls, e.g. samples in parallel,
    unless it has two names for one call with tokens and puts them below one parent."""
    if span.scope == other.scope and (
        span.span_name == other.span_name
        or span.parent_span_id != other.parent_span_id
        or not tells_usage(span.usage)
    ):
        return False
    if span.response_id and other.response_id and span.response_id != other.response_id:
        return False
    common, longer = _overlap(span, other)
    if common * 5 > longer * 4 or (longer == 0 and common == 0):
        return True
    shorter = min((one.end_ns or one.start_ns) - one.start_ns for one in (span, other))
    return span.scope != other.scope and shorter > 0 and common == shorter


_WINDOW = 8
"""Positions in a line.  Three libraries tell of one call within two positions; the rest is for
calls that run beside it and happen to have equal tokens, as those of a fake model do."""


def _around(line: list[Any], entry: Any, reach: int = _WINDOW) -> list[Node]:
    """The neighbors of an entry: copies by other libraries start at nearly the same time."""
    at = bisect_left(line, entry)
    near = range(max(0, at - reach), min(len(line), at + reach + 1))
    return [line[i][3] for i in near if line[i][:3] != entry[:3]]


def _touched(line: list[Any], entry: Any) -> dict[Node, None]:
    """Whose twins may be others when `entry` comes or goes: twins of twins, and those that it
    pushes out of a window."""
    return dict.fromkeys(_around(line, entry, 3 * _WINDOW + 1))


def _twins(node: Node, line: list[Any]) -> list[Node]:
    """
    The spans that tell of this same call.  Where two libraries tell of several calls at once
    with equal tokens, the first of the one belongs to the first of the other, and so on.
    """
    return [
        peer
        for peer in _around(line, node.entry)
        if _is_twin(node.span, peer.span)
        and _rank(node, peer.span, _around(line, peer.entry, 2 * _WINDOW))
        == _rank(peer, node.span, _around(line, node.entry, 2 * _WINDOW))
    ]


def _rank(node: Node, twin: Span, near: list[Node]) -> int:
    """How many of `near` are of this node's library, could be that twin, and begin before it."""
    return sum(
        other.entry[:3] < node.entry[:3]
        and other.span.scope == node.span.scope
        and _is_twin(other.span, twin)
        for other in near
    )


def _preference(node: Node) -> tuple[Any, ...]:
    """Smaller counts: with tokens, not from a log, with cache details, with content, earlier."""
    span = node.span
    usage = span.usage
    return (
        not tells_usage(usage),
        span.synthetic,
        usage is None or (usage.cache_read_tokens is None and usage.cache_write_tokens is None),
        not (span.output_hash or span.input_hash),
        *node.entry[:3],
    )
