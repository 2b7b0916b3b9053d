"""
What people did: requests and answers joined into acts, with the time spent waiting.

* Acts about one tool call (by call id) are one act: request, prompt span, decision log.
* Acts without a call id stand in line by time: a request and the answer that comes next, be it
  in another trace, are one act (an interrupt and its resume).
* Words on a span that is not the person's own (AutoGen's messages) are the answer of that
  person's act before them.
* A decision by rule, hook or classifier (`auto`) is no act; it settles a request, though.
* A request that nobody answered is *pending*: the session waits for a human, until the tool
  runs, its result comes back, or a later trace begins.  A call that was to be approved and ran
  was approved; one that a later run leaves out was rejected.
"""

from bisect import bisect_left
from typing import Any, Protocol

import msgspec

from quarterdeck.assembly.sequences import Facts, insert, remove
from quarterdeck.assembly.tool_use import CallRecord, Tools, plain_name
from quarterdeck.assembly.tree import Linked, Node, duration_ns, is_open
from quarterdeck.model.interventions import (
    HumanAct,
    HumanDecision,
    Intervention,
    InterventionKind,
)
from quarterdeck.model.spans import Span


class Surroundings(Protocol):
    """What a pending request needs to know of the rest of the session."""

    def next_trace_after(self, at_ns: int, trace_id: str) -> int | None:
        """Start of the first other trace that begins at or after `at_ns`."""

    def is_answered(self, call_id: str) -> bool:
        """Has a model seen the result of this call?"""

    def deferred_in(self, trace_id: str) -> tuple[str, ...]:
        """Tools of calls that this trace runs though none of its models asked for them."""

    def left_out_before(self, trace_id: str) -> int | None:
        """End of the last earlier trace that asked for a call which never ran; None = none."""


MAX_WORDS = 8
"""Messages looked at for a person's answer; it is the first or second after the act."""


class People:
    """All acts of people in one session."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._line: list[Any] = []
        """Acts without a call id."""
        self._words: list[Any] = []
        """What may have been said by a person: it belongs to the act before it."""
        self._dirty: dict[Node, None] = {}
        self._dirty_records: dict[str, CallRecord] = {}
        self._unanswered: dict[Node, CallRecord | None] = {}
        self._record_of: dict[Node, CallRecord] = {}
        self._facts: Facts[Intervention] = Facts()
        self._asked: dict[str, Node] = {}
        """The unanswered request of a call id."""
        self.kinds: dict[str, int] = {}
        self.waited_ns = 0
        self.steps = 0

    # -- linking ---------------------------------------------------------------------------

    def link(self, node: Node, linked: Linked) -> None:
        act = _act(node)
        call_id = act.call_id or linked.span.tool_call_id or linked.ctx.tool_call_id
        if call_id:
            record = self._tools.record(call_id)
            record.acts.append(node)
            self._record_of[node] = record
            self._dirty_records[call_id] = record
            self._tools.stir(record)
        elif _is_words(linked.span):
            insert(self._words, linked.entry)
            self._stir(self._act_before(linked.entry))
        elif not act.auto:
            before, after = insert(self._line, linked.entry)
            self._stir(before, linked.entry, after)

    def unlink(self, node: Node, linked: Linked) -> None:
        record = self._record_of.pop(node, None)
        if record is not None:
            record.acts.remove(node)
            self._dirty_records[record.call_id] = record
            self._tools.stir(record)
        elif _is_words(linked.span):
            remove(self._words, linked.entry)
            self._stir(self._act_before(linked.entry))
        else:
            self._stir(*remove(self._line, linked.entry))
        self._dirty.pop(node, None)
        self._set(node, None)
        self._unanswered.pop(node, None)

    def stir(self, record: CallRecord) -> None:
        """A tool span of this call came or went."""
        if record.acts or record.call_id in self._asked:
            self._dirty_records[record.call_id] = record

    def _stir(self, *entries: Any) -> None:
        for entry in entries:
            if entry is not None:
                self._dirty[entry[3]] = None

    # -- settling --------------------------------------------------------------------------

    def settle(self) -> None:
        """Before `Tools.settle`: a denial here decides what a tool call was."""
        if self._dirty_records:
            records, self._dirty_records = self._dirty_records, {}
            for record in records.values():
                self._settle_record(record)
        if self._dirty:
            dirty, self._dirty = self._dirty, {}
            for node in dirty:
                if node.linked is not None:
                    self._settle_in_line(node)

    def _settle_record(self, record: CallRecord) -> None:
        self.steps += 1
        for node in record.acts:
            self._set(node, None)
            self._unanswered.pop(node, None)
        self._asked.pop(record.call_id, None)
        acts = sorted(record.acts, key=_order)
        denied = next((n for n in acts if _act(n).decision == "rejected"), None)
        unseen = denied is not None and not record.tools and bool(_tool_of(denied))
        self._tools.count_unseen_denial(
            record, (denied.agent, _tool_of(denied)) if unseen and denied is not None else None
        )
        people = [n for n in acts if not _act(n).auto]
        if not people:
            return
        answers = [n for n in people if _is_answer(n)]
        if answers:
            requests = [n for n in people if not _is_answer(n)]
            self._set(people[0], _joined(requests, answers, record.call_id))
        elif len(people) == len(acts):
            self._unanswered[people[-1]] = record
            self._asked[record.call_id] = people[-1]

    def _settle_in_line(self, node: Node) -> None:
        self.steps += 1
        self._unanswered.pop(node, None)
        at = _index(self._line, node.entry)
        after = self._line[at + 1][3] if at + 1 < len(self._line) else None
        if not _is_answer(node):
            self._set(node, None)
            if after is None or not (_is_answer(after) or _one_trace(node, after)):
                self._unanswered[node] = None
            if after is not None and _is_answer(after):
                self._answer_in_line(after, at + 1)
            return
        self._answer_in_line(node, at)

    def _answer_in_line(self, node: Node, at: int) -> None:
        before = self._line[at - 1][3] if at else None
        requests = [before] if before is not None and not _is_answer(before) else []
        fact = _joined(requests, [node], "")
        if not fact.answer:
            fact = msgspec.structs.replace(fact, answer=self._words_of(node, at))
        self._set(node, fact)

    def _act_before(self, entry: Any) -> Any:
        at = bisect_left(self._line, entry)
        return self._line[at - 1] if at else None

    def _words_of(self, node: Node, at: int) -> str:
        """The first words of the same person between this act and the next; "" if none."""
        speaker = _act(node).by
        if not speaker or not self._words:
            return ""
        until = self._line[at + 1] if at + 1 < len(self._line) else None
        start = bisect_left(self._words, node.entry)
        for entry in self._words[start : start + MAX_WORDS]:
            if until is not None and entry > until:
                break
            said = _act(entry[3])
            if said.by == speaker:
                return said.answer
        return ""

    def _set(self, key: Node, fact: Intervention | None) -> None:
        if fact is None:
            old = self._facts.drop(key)
        else:
            old = self._facts.put(key, fact.at_ns, fact.trace_id, fact.span_id, fact)
        if old is not None:
            self.kinds[old.kind] -= old.decision != "timeout"
            self.waited_ns -= old.waited_ns or 0
        if fact is not None:
            self.kinds[fact.kind] = self.kinds.get(fact.kind, 0) + (fact.decision != "timeout")
            self.waited_ns += fact.waited_ns or 0

    # -- telling ---------------------------------------------------------------------------

    def unanswered(self, around: Surroundings) -> list[Intervention]:
        """Requests without a visible answer, by time: pending, or settled by what followed."""
        nodes = sorted(self._unanswered, key=_order)
        told = (self._follow_up(node, self._unanswered[node], around) for node in nodes)
        return [one for one in told if one is not None]

    def first(self, count: int) -> tuple[Intervention, ...]:
        return self._facts.first(count)

    def __len__(self) -> int:
        return len(self._facts)

    def _follow_up(
        self, node: Node, record: CallRecord | None, around: Surroundings
    ) -> Intervention | None:
        """None: what looked like a request was none."""
        span = node.span
        asked_ns = span.end_ns or span.start_ns
        if record is not None:
            ran = [
                t
                for t in record.tools
                if t.span.status not in ("interrupted", "blocked")
                and t.span.start_ns >= asked_ns
                and (
                    not _tool_of(node)
                    or plain_name(_tool_of(node)) == plain_name(t.span.tool or t.span.name)
                )
            ]
            if ran:
                start_ns = min(t.span.start_ns for t in ran)
                return _tell(node, "approved", start_ns, start_ns - asked_ns, record.call_id)
        if _act(node).tentative:
            return None
        deferred = around.deferred_in(span.trace_id)
        if record is None and _act(node).asked == "approval" and not _is_interrupt(node):
            left_out = around.left_out_before(span.trace_id)
            if deferred or left_out is not None:
                waited = span.start_ns - left_out if left_out is not None else None
                verdict: HumanDecision = "approved" if deferred else "rejected"
                return _tell(
                    node, verdict, span.start_ns, waited, "", tool=deferred[0] if deferred else ""
                )
        next_ns = around.next_trace_after(asked_ns, span.trace_id)
        call_id = record.call_id if record is not None else ""
        if next_ns is not None or (call_id and around.is_answered(call_id)):
            is_refused = bool(call_id) and _act(node).asked == "approval"
            waited = next_ns - asked_ns if next_ns is not None else None
            return _tell(
                node, "rejected" if is_refused else "none", next_ns or asked_ns, waited, call_id
            )
        return _tell(node, "none", span.start_ns, None, call_id, pending=True)


def _is_words(span: Span) -> bool:
    """Perhaps a person's answer, on a span that is not the person's."""
    human = span.human
    return human is not None and human.tentative and span.kind != "tool"


def _act(node: Node) -> HumanAct:
    return node.span.human or HumanAct()


def _tool_of(node: Node) -> str:
    act = _act(node)
    ctx = node.ctx
    return act.tool or node.span.tool or (ctx.tool_name if ctx is not None else "")


def _order(node: Node) -> tuple[int, str, str]:
    return node.entry[:3]


def _index(line: list[Any], entry: Any) -> int:
    return bisect_left(line, entry)


def _one_trace(a: Node, b: Node) -> bool:
    return a.span.trace_id == b.span.trace_id


def _is_interrupt(node: Node) -> bool:
    return node.span.status == "interrupted" or is_open(node.span)


def _is_answer(node: Node) -> bool:
    """
    Does this span tell that a person acted?  By a decision, an answer, a told wait, or, for a
    span of kind human, by having ended after some time without being interrupted.
    """
    act = _act(node)
    if act.decision != "none" or act.answer or act.waited_ns:
        return True
    span = node.span
    return span.kind == "human" and not _is_interrupt(node) and duration_ns(span) > 0


def _joined(requests: list[Node], answers: list[Node], call_id: str) -> Intervention:
    """One act from all the spans that tell of it."""
    decided = [n for n in answers if _act(n).decision != "none"] or answers
    final = max(decided, key=_order)
    waits = [w for w in (_own_wait(n) for n in answers) if w is not None]
    first_ns = min((n.span.end_ns or n.span.start_ns for n in requests), default=None)
    if first_ns is not None and all(_act(n).waited_ns is None for n in answers):
        # The span that brings the answer may last no time: the wait was before it.
        waits.append(max(0, final.span.start_ns - first_ns))
    waited = max(waits) if waits else None
    acted_ns = final.span.end_ns or final.span.start_ns
    everyone = [final, *sorted(answers, key=_order), *sorted(requests, key=_order)]

    def told(field: str) -> str:
        return next((str(v) for v in (getattr(_act(n), field) for n in everyone) if v), "")

    asked = _act(requests[0]).asked if requests else _act(final).asked
    decision = _act(final).decision
    return Intervention(
        kind=_kind(asked, decision),
        at_ns=acted_ns,
        waited_ns=waited,
        decision=decision,
        by=told("by"),
        agent=next((n.agent for n in everyone if n.agent), ""),
        tool=next((t for t in (_tool_of(n) for n in everyone) if t), ""),
        call_id=call_id,
        question=told("question"),
        answer=told("answer"),
        trace_id=final.span.trace_id,
        span_id=final.span.span_id,
    )


def _own_wait(node: Node) -> int | None:
    act = _act(node)
    if act.waited_ns is not None:
        return act.waited_ns
    span = node.span
    if span.kind == "human" and not span.synthetic and duration_ns(span) > 0:
        return duration_ns(span)
    return None


def _tell(
    node: Node, decision: HumanDecision, at_ns: int, waited_ns: int | None, call_id: str,
    *, tool: str = "", pending: bool = False,
) -> Intervention:  # fmt: skip
    act = _act(node)
    return Intervention(
        kind=_kind(act.asked, decision),
        at_ns=at_ns,
        waited_ns=max(0, waited_ns) if waited_ns is not None else None,
        decision=decision,
        by=act.by,
        agent=node.agent,
        tool=tool or _tool_of(node),
        call_id=call_id,
        question=act.question,
        answer=act.answer,
        trace_id=node.span.trace_id,
        span_id=node.span.span_id,
        pending=pending,
    )


def _kind(asked: str, decision: str) -> InterventionKind:
    if asked == "takeover" or asked == "stop":
        return "takeover" if asked == "takeover" else "stop"
    if decision == "rejected":
        return "rejection"
    if decision == "modified":
        return "correction"
    if decision == "cancelled":
        return "stop"
    if asked == "edit":
        return "correction"
    if asked == "question":
        return "answer"
    if asked == "feedback":
        return "approval" if decision == "approved" else "correction"
    return "approval"
