"""
Tool calls: which spans are one call, and which were refused.

* A tool span below a tool span is the same call if the ids are equal, or the names are (an MCP
  prefix aside), or the inner one is the protocol's (`mcp`): framework, client and server spans of
  one MCP call are one call, and the innermost failure or refusal is what became of it.
* Spans with one call id and one name are one call if one of them is made from a log, if they
  overlap, or if one only stopped for approval.
* A call that a person or a policy rejected was denied: not an error, whatever its span says.

Call ids are unique per provider only: names must be equal too, and an id that more than 64
spans share is a constant, not an identity.
"""

from typing import Any

from quarterdeck.assembly.attempts import Attempts
from quarterdeck.assembly.recovery import Attempt, Recovery, Told
from quarterdeck.assembly.tree import Linked, Node
from quarterdeck.model.spans import Span
from quarterdeck.model.tool_calls import ToolRequest

MAX_SHARED_CALL = 64

ToolKey = tuple[str, str]
"""agent, tool"""

RUNS, FAILURES, DENIALS = range(3)

_BAD_ENDS = ("error", "blocked")


class Run:
    """State of one tool span."""

    __slots__ = ("active", "asked", "failure", "given", "inner", "inside", "line", "recovery")

    def __init__(self) -> None:
        self.active = False
        """Linked as a tool call now; a span can stop being one."""
        self.asked = False
        """It is no call but the asking for one that ran later: a step of its own."""
        self.failure: Span | None = None
        """The span that tells why it failed: its own, one of the same call below, or a log's."""
        self.inside: Node | None = None
        """The tool span above, as linked."""
        self.inner: dict[Node, None] | None = None
        self.given: tuple[ToolKey, bool, bool] | None = None
        self.line: tuple[str, ...] | None = None
        self.recovery: Told | None = None


class CallRecord:
    """What is known of one call id: the tool spans and the acts of people about it."""

    __slots__ = ("acts", "asked", "call_id", "given", "tools")

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.asked: list[tuple[tuple[int, str, str], ToolRequest]] = []
        """Requests that tell what the call is to act on, where no tool span does."""
        self.tools: list[Node] = []
        self.acts: list[Node] = []
        self.given: ToolKey | None = None
        """The denial that was counted though no span shows the call."""

    def request(self) -> ToolRequest | None:
        return min(self.asked, key=lambda asked: asked[0])[1] if self.asked else None

    def is_rejected(self, tool: str) -> bool:
        for act in self.acts:
            human = act.span.human
            if human is None or human.decision != "rejected":
                continue
            if not human.tool or not tool or plain_name(human.tool) == tool:
                return True
        return False


class Tools:
    """All tool calls of one session, as running sums per agent and tool."""

    def __init__(self, attempts: Attempts, recovery: Recovery) -> None:
        self.uses: dict[ToolKey, list[int]] = {}
        self.records: dict[str, CallRecord] = {}
        self._attempts = attempts
        self._recovery = recovery
        self._dirty: dict[Node, None] = {}
        self.counted = 0
        """Tool spans that count as calls."""
        self.steps = 0

    def record(self, call_id: str) -> CallRecord:
        record = self.records.get(call_id)
        if record is None:
            record = self.records[call_id] = CallRecord(call_id)
        return record

    def stir(self, record: CallRecord) -> None:
        """Something about a call id changed: judge its spans again."""
        if len(record.tools) <= MAX_SHARED_CALL + 1:
            self._dirty.update(dict.fromkeys(record.tools))

    def ask(self, linked: Linked, sign: int) -> None:
        """A span with requests came (1) or went (-1)."""
        for request in linked.span.requested:
            if request.arguments_hash and request.call_id:
                record = self.record(request.call_id)
                entry = (linked.entry[:3], request)
                if sign > 0:
                    record.asked.append(entry)
                else:
                    record.asked.remove(entry)
                self.stir(record)

    def link(self, node: Node, linked: Linked) -> CallRecord | None:
        """Returns the record of its call id, if it has one."""
        run = node.call
        if not isinstance(run, Run):
            run = node.call = Run()
        run.active = True
        self.attach(node, linked)
        if run.inner:
            self._dirty.update(run.inner)
        if not linked.span.tool_call_id:
            return None
        record = self.record(linked.span.tool_call_id)
        record.tools.append(node)
        if len(record.tools) > 1:
            self.stir(record)
        return record

    def unlink(self, node: Node, linked: Linked) -> CallRecord | None:
        run: Run = node.call
        self.detach(node, linked)
        self._stand(node, run, None, linked)
        self._set_recovery(run, None)
        if run.inner:
            self._dirty.update(run.inner)
        run.active = False
        if not linked.span.tool_call_id:
            return None
        record = self.records[linked.span.tool_call_id]
        record.tools.remove(node)
        self.stir(record)
        return record

    def attach(self, node: Node, linked: Linked) -> None:
        """Find the tool call around it."""
        above = linked.ctx.tool
        if above is not None and above is not node:
            if not isinstance(above.call, Run):
                above.call = Run()
            node.call.inside = above
            if above.call.inner is None:
                above.call.inner = {}
            above.call.inner[node] = None
            self._stir_up(above)
        self._stir(node, linked)

    def detach(self, node: Node, linked: Linked) -> None:
        """Its ancestors are others now, the span is the same: take back what they decide."""
        run: Run = node.call
        self._retract(node, run)
        self._stir(node, linked)
        if run.inside is not None:
            run.inside.call.inner.pop(node, None)
            self._stir_up(run.inside)
            run.inside = None

    def _stir(self, node: Node, linked: Linked | None) -> None:
        """Judge again a span and those with its call id."""
        self._dirty[node] = None
        if linked is not None and linked.span.tool_call_id:
            record = self.records.get(linked.span.tool_call_id)
            if record is not None and len(record.tools) > 1:
                self.stir(record)

    def _stir_up(self, node: Node) -> None:
        """A span inside changed: all the calls around it may be other ones."""
        seen = 0
        above: Node | None = node
        while above is not None and seen < 16:
            self._stir(above, above.linked)
            above = above.call.inside if isinstance(above.call, Run) else None
            seen += 1

    def settle(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for node in dirty:
            linked = node.linked
            if linked is None or not isinstance(node.call, Run) or not node.call.active:
                continue
            self.steps += 1
            self._retract(node, node.call)
            if not self._count(node, node.call, linked):
                self._stand(node, node.call, None, linked)
                self._set_recovery(node.call, None)

    def _count(self, node: Node, run: Run, linked: Linked) -> bool:
        """False if another span tells this call."""
        span = linked.span
        above = run.inside
        if above is not None and above.linked is not None and _is_inner(above.linked.span, span):
            return False
        tool = plain_name(span.tool or span.name)
        record = self.records.get(span.tool_call_id) if span.tool_call_id else None
        inside = _ended_inside(node)
        failure = span if span.status == "error" else inside
        denied = span.status == "blocked"
        if failure is not None and failure.status == "blocked":
            failure, denied = None, True
        agent = linked.agent
        logged: Span | None = None
        if record is not None:
            denied = denied or (bool(record.acts) and record.is_rejected(tool))
            if 1 < len(record.tools) <= MAX_SHARED_CALL:
                mine = _preference(node)
                for peer in sorted(record.tools, key=_preference):
                    if peer is not node and _is_one_run(span, peer.span):
                        if _preference(peer) < mine and not _is_inside(peer):
                            if _may_only_ask(span):
                                run.asked = node.step = True
                                self.counted += 1
                            return False
                        if failure is None and peer.span.synthetic:
                            failure = peer.span if peer.span.status == "error" else None
                        if logged is None and peer.span.synthetic:
                            logged = peer.span
                        agent = agent or peer.agent
        failed = failure is not None and not denied
        run.failure = failure if failed else None
        use = (agent, span.tool or span.name)
        sums = self.uses.get(use)
        if sums is None:
            sums = self.uses[use] = [0, 0, 0]
        sums[RUNS] += 1
        sums[FAILURES] += failed
        sums[DENIALS] += denied
        run.given = (use, failed, denied)
        node.step = True
        self.counted += 1
        line: tuple[str, ...] | None = None
        told: Told | None = None
        if not denied and span.status not in ("interrupted", "cancelled"):
            request = record.request() if record is not None else None
            asked = logged if logged is not None and logged.arguments_hash else request
            hashed = span.arguments_hash or (asked.arguments_hash if asked else "")
            aim = span.target or (asked.target if asked else "")
            if hashed:
                line = ("tool", agent, tool, hashed)
            elif span.attempt is not None or span.resends:
                line = ("tool", agent, tool, span.trace_id, span.span_id)
            told = _recovery_of(span, tool, aim or hashed, failed=failed)
        self._stand(node, run, line, linked)
        self._set_recovery(run, told)
        return True

    def _stand(self, node: Node, run: Run, line: tuple[str, ...] | None, linked: Linked) -> None:
        """Take a place among the attempts, or leave it (None)."""
        if run.line == line:
            return
        if run.line is not None:
            self._attempts.take(run.line, node, linked.entry)
        if line is not None:
            self._attempts.put(line, node)
        run.line = line

    def _set_recovery(self, run: Run, told: Told | None) -> None:
        if run.recovery == told:
            return
        if run.recovery is not None:
            target, attempt, failed = run.recovery
            self._recovery.withdraw(target, attempt, failed=failed)
        if told is not None:
            self._recovery.tell(*told)
        run.recovery = told

    def _retract(self, node: Node, run: Run) -> None:
        run.asked = False
        if run.given is not None:
            use, failed, denied = run.given
            sums = self.uses[use]
            sums[RUNS] -= 1
            sums[FAILURES] -= failed
            sums[DENIALS] -= denied
            if not sums[RUNS]:
                del self.uses[use]
            run.given = None
        self.counted -= node.step
        node.step = False

    def count_unseen_denial(self, record: CallRecord, use: ToolKey | None) -> None:
        """A call that was refused and that no span shows: one call, denied."""
        if record.given == use:
            return
        for key, sign in ((record.given, -1), (use, 1)):
            if key is not None:
                sums = self.uses.setdefault(key, [0, 0, 0])
                sums[RUNS] += sign
                sums[DENIALS] += sign
                if not sums[RUNS]:
                    del self.uses[key]
        record.given = use


def _recovery_of(span: Span, tool: str, aim: str, *, failed: bool) -> Told | None:
    """What this call says about errors and recovery.  A success at nothing known says nothing."""
    if not aim and not failed:
        return None
    target = ("tool", tool, aim) if aim else ("tool", tool, "", span.trace_id, span.span_id)
    at_ns = (span.end_ns or span.start_ns) if failed else span.start_ns
    attempt = Attempt(at_ns, span.trace_id, span.span_id, "tool:" + tool, span.target)
    return target, attempt, failed


def plain_name(tool: str) -> str:
    """Without the prefix that clients put before an MCP server's tool: `mcp__git__log` is `log`."""
    if tool.startswith("mcp__"):
        return tool.rsplit("__", 1)[-1]
    return tool


def _is_inner(outer: Span, inner: Span) -> bool:
    if inner.subkind == "mcp":
        return True
    if _is_told(inner.tool_call_id) and _is_told(outer.tool_call_id):
        return inner.tool_call_id == outer.tool_call_id
    return plain_name(inner.tool or inner.name) == plain_name(outer.tool or outer.name)


def _is_told(call_id: str) -> bool:
    """By the sender; one that a dialect made of arguments (`args:…`) is no other span's."""
    return bool(call_id) and not call_id.startswith("args:")


def _is_inside(node: Node) -> bool:
    run = node.call
    return (
        isinstance(run, Run)
        and run.inside is not None
        and run.inside.linked is not None
        and _is_inner(run.inside.linked.span, node.span)
    )


def failure_of(node: Node) -> Span | None:
    """The span that tells why a tool call failed; None if it did not, or is no tool call."""
    return node.call.failure if isinstance(node.call, Run) and node.step else None


def only_asked(node: Node) -> bool:
    """Is this tool span the asking for a call that ran later?"""
    return isinstance(node.call, Run) and node.call.asked


def is_denied(node: Node) -> bool:
    """Was this tool call refused, by a person or a policy?"""
    run = node.call
    return isinstance(run, Run) and run.given is not None and run.given[2]


def _ended_inside(node: Node, depth: int = 0) -> Span | None:
    """The latest span of the same call below, if it failed or was refused: a framework may swallow
    that."""
    run = node.call
    if not isinstance(run, Run) or not run.inner or depth > 8:
        return None
    same = [n for n in run.inner if n.linked is not None and _is_inner(node.span, n.span)]
    if not same:
        return None
    last = max(same, key=_end)
    return last.span if last.span.status in _BAD_ENDS else _ended_inside(last, depth + 1)


def _end(node: Node) -> tuple[Any, ...]:
    return (node.span.end_ns or node.span.start_ns, *node.entry[:3])


def _is_one_run(a: Span, b: Span) -> bool:
    if plain_name(a.tool or a.name) != plain_name(b.tool or b.name):
        return False
    if a.synthetic != b.synthetic or "interrupted" in (a.status, b.status):
        return True
    if "blocked" in (a.status, b.status) or _may_only_ask(a) != _may_only_ask(b):
        return True
    return min(a.end_ns or a.start_ns, b.end_ns or b.start_ns) >= max(a.start_ns, b.start_ns)


def _preference(node: Node) -> tuple[Any, ...]:
    """Smaller counts: a real span that ran, then the earlier."""
    span = node.span
    stopped = span.status in ("interrupted", "blocked") or _may_only_ask(span)
    return span.synthetic, stopped, *node.entry[:3]


def _may_only_ask(span: Span) -> bool:
    """No result: it asked for approval if the same call ran later, else it gave none."""
    return span.human is not None and span.human.tentative
