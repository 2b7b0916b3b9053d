"""
Retries and fallbacks: calls that were made again.

Model calls: consecutive ones below the same parent by the same agent with equal inputs are
attempts at one thing.  The earlier failed and the model is the same family: a retry; another
family: a fallback.  Where inputs are not told, the next model call below the same parent after
a failed one is taken for an attempt, if no tool or agent ran between.  Two successes with equal
inputs are a retry only when the first was cut off (sampling twice is not a retry).
Tool calls: the same tool with equal arguments by the same agent, the earlier failed.
Spans that say so themselves (`attempt`, resends, a served model of another family) are believed.
"""

from typing import Any, Literal

from quarterdeck.assembly.outcome import what_failed
from quarterdeck.assembly.sequences import Facts, insert, remove
from quarterdeck.assembly.tree import Node
from quarterdeck.model.sessions import Retry
from quarterdeck.model.spans import Span
from quarterdeck.normalize.models import same_family

CUT_OFF = frozenset({"length", "max_tokens", "content_filter", "error", "malformed_function_call"})
"""Finish reasons of an output that could not be used as it was."""

OUTPUT = "output"
"""The reason of a retry whose earlier call succeeded with an output of no use."""

Key = tuple[str, ...]


class Attempts:
    """Retries and fallbacks of one session.  Each change looks at neighbors only."""

    __slots__ = (
        "_facts", "_lines", "_threw", "changed", "fallbacks", "retries", "steps", "thrown_away",
    )  # fmt: skip

    def __init__(self) -> None:
        self._lines: dict[Key, list[Any]] = {}
        self._facts: Facts[Retry] = Facts()
        self._threw: dict[Node, Node] = {}
        """Retry -> the earlier call whose output it made useless."""
        self.thrown_away: dict[Node, int] = {}
        """Calls that succeeded and whose output was not used."""
        self.changed: dict[Node, None] = {}
        """Calls that came to or left `thrown_away`; emptied by who counts them."""
        self.retries = 0
        self.fallbacks = 0
        self.steps = 0

    def put(self, key: Key, node: Node) -> None:
        """A call takes its place in the line of calls that could be attempts at the same."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = []
        before, after = insert(line, node.entry)
        self.steps += 1
        self._judge(before, node.entry)
        if after is not None:
            self._judge(node.entry, after)

    def take(self, key: Key, node: Node, entry: Any) -> None:
        line = self._lines.get(key)
        if line is None:
            return
        before, after = remove(line, entry)
        self.steps += 1
        self._set(node, None)
        if after is not None:
            self._judge(before, after)
        if not line:
            del self._lines[key]

    def fact(self, node: Node) -> Retry | None:
        return self._facts.get(node)

    def first(self, count: int) -> tuple[Retry, ...]:
        return self._facts.first(count)

    def _judge(self, before: Any, entry: Any) -> None:
        later = entry[3]
        span = later.span
        fact = _attempt(before[3].span, span) if before is not None else None
        if fact is None and (span.kind == "model" or span.attempt is not None):
            fact = _own_word(span)
        self._set(later, fact)
        if fact is not None and fact.reason == OUTPUT and before is not None:
            earlier = self._threw[later] = before[3]
            self.thrown_away[earlier] = self.thrown_away.get(earlier, 0) + 1
            self.changed[earlier] = None

    def _set(self, node: Node, fact: Retry | None) -> None:
        facts = self._facts
        if fact is None and not self._threw and not len(facts):
            return  # nearly always: nothing was ever tried again in this session
        earlier = self._threw.pop(node, None)
        if earlier is not None:
            self.thrown_away[earlier] -= 1
            if not self.thrown_away[earlier]:
                del self.thrown_away[earlier]
            self.changed[earlier] = None
        if fact is None:
            old = facts.drop(node)
        else:
            old = facts.put(node, fact.at_ns, fact.trace_id, fact.span_id, fact)
        for known, sign in ((old, -1), (fact, 1)):
            if known is not None:
                if known.kind == "retry":
                    self.retries += sign * known.count
                else:
                    self.fallbacks += sign * known.count


def _attempt(a: Span, b: Span) -> Retry | None:
    """Is `b` another attempt at what `a` tried?"""
    if a.kind != b.kind or a.agent != b.agent or b.start_ns < (a.end_ns or a.start_ns):
        return None
    failed = a.status == "error"
    if a.kind == "tool":
        if not failed:
            return None
        one, other = "tool:" + (a.tool or a.name), "tool:" + (b.tool or b.name)
        return _retry("retry", one, other, _why(a), b, earlier=a)
    if a.kind != "model":
        return None
    told = _same_input(a, b)
    one, other = a.model_requested or a.model_served, b.model_requested or b.model_served
    if failed and told is not False:
        kind: Literal["retry", "fallback"] = "retry" if same_family(one, other) else "fallback"
        return _retry(kind, one, other, _why(a), b, earlier=a)
    if told and not failed and same_family(one, other) and not CUT_OFF.isdisjoint(a.finish_reasons):
        return _retry("retry", one, other, OUTPUT, b, earlier=a)
    return None


def _same_input(a: Span, b: Span) -> bool | None:
    """None where one side does not tell."""
    if a.input_hash and b.input_hash and a.input_hash == b.input_hash:
        return True
    if a.last_message_hash and b.last_message_hash:
        return a.last_message_hash == b.last_message_hash
    if a.input_hash and b.input_hash:
        return False
    return None


def _own_word(span: Span) -> Retry | None:
    """What a call says about itself, where no earlier attempt is to be seen."""
    model = span.model_served or span.model_requested
    name = model if span.kind == "model" else "tool:" + (span.tool or span.name)
    if span.fallback_from:
        return _retry("fallback", span.fallback_from, model, "reported", span)
    if span.kind == "model" and not same_family(span.model_requested, span.model_served):
        return _retry("fallback", span.model_requested, span.model_served, "served", span)
    again = max(span.resends, (span.attempt or 1) - 1)
    if again > 0:
        return _retry("retry", name, name, "reported", span, count=again)
    return None


def _why(span: Span) -> str:
    return what_failed(span) or "error"


def _retry(
    kind: Literal["retry", "fallback"], source: str, target: str, reason: str, later: Span,
    *, count: int = 1, earlier: Span | None = None,
) -> Retry:  # fmt: skip
    return Retry(
        kind=kind, source=source, target=target, reason=reason, at_ns=later.start_ns,
        trace_id=later.trace_id, span_id=later.span_id, count=count,
        earlier_trace_id=earlier.trace_id if earlier is not None else "",
        earlier_span_id=earlier.span_id if earlier is not None else "",
    )  # fmt: skip
