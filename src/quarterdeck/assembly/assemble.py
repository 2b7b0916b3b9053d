"""
Spans become a session.

`Assembly` is incremental: `add` takes spans in any order, any number of times, and `session`
tells the session so far.  The result is a pure function of the set of winning span versions
(`versions.py`), the scores and the time.  Cost is linear in the spans added: each fact hangs on
a span, on two neighbors in a sorted list or on a small group of spans that are one call, and
only what a new span touches is computed again (`steps` counts it; a test holds it).

It refuses to know content, to read a clock, and to fetch anything.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import structs

from quarterdeck.assembly import calls as billing
from quarterdeck.assembly import closing
from quarterdeck.assembly.attempts import Attempts
from quarterdeck.assembly.calls import Calls
from quarterdeck.assembly.findings import MAX_FINDINGS, session_findings
from quarterdeck.assembly.handoffs import Handoffs
from quarterdeck.assembly.identify import asked_node, name_session, ran_node
from quarterdeck.assembly.outcome import decide, what_failed
from quarterdeck.assembly.people import People, Surroundings
from quarterdeck.assembly.recovery import Recovery
from quarterdeck.assembly.reported import reported_acts
from quarterdeck.assembly.sequences import insert, remove
from quarterdeck.assembly.sums import Sums, score_identity
from quarterdeck.assembly.tool_use import ToolKey, Tools, plain_name
from quarterdeck.assembly.tree import (
    NOWHERE,
    Linked,
    Node,
    is_call,
    is_carrier,
    is_open,
    place,
    runs_an_agent,
)
from quarterdeck.assembly.unseen_calls import UnseenCalls
from quarterdeck.assembly.versions import supersedes
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import (
    AgentUse,
    ErrorEpisode,
    ModelUse,
    Retry,
    Session,
    SessionCost,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.model.spans import Span

MAX_LISTED = 500
"""Entries of each list in a session (handoffs, interventions, episodes, retries, scores); the
counts beside them are complete.  A usual session has some dozens."""

MAX_LOOKED_BACK = 100
"""Roots looked at for the last that tells how a session ended; an AutoGen team run ends with
some ten roots that are messages."""

INFRASTRUCTURE = frozenset({"messaging", "http", "db", "metric"})

STEP_KINDS = frozenset({"agent", "human", "retrieval", "guardrail", "evaluation", "memory"})
"""Kinds of which every span is a step.  Model and tool spans are where they count as calls;
plain steps only where they hand off or say how it ended."""


class Trace:
    """What is known of one trace."""

    __slots__ = ("asked", "extra", "first", "left_out", "ran")

    def __init__(self) -> None:
        self.first: tuple[int, str] = (0, "")
        self.asked: dict[str, list[Node]] = {}
        """Call id -> spans that asked for it."""
        self.ran: dict[str, list[Node]] = {}
        """Call id -> tool spans."""
        self.left_out: set[str] = set()
        """Calls that were asked for and not run here."""
        self.extra: set[str] = set()
        """Calls that ran here though no model here asked for them."""

    def note(self, calls: dict[str, list[Node]], call_id: str, node: Node) -> None:
        calls.setdefault(call_id, []).append(node)
        self._balance(call_id)

    def drop(self, calls: dict[str, list[Node]], call_id: str, node: Node) -> None:
        calls[call_id].remove(node)
        if not calls[call_id]:
            del calls[call_id]
        self._balance(call_id)

    def _balance(self, call_id: str) -> None:
        asked, ran = call_id in self.asked, call_id in self.ran
        if asked and not ran:
            self.left_out.add(call_id)
        else:
            self.left_out.discard(call_id)
        if ran and not asked:
            self.extra.add(call_id)
        else:
            self.extra.discard(call_id)


class Uses(NamedTuple):
    """Who used what, as sums of `calls.py`."""

    models: dict[tuple[str, str, str], list[int]]
    """By model, provider and role."""
    agents: tuple[AgentUse, ...]
    total: list[int]
    """Of all of them; only the positions of `billing.MONEY`."""


class Billed(NamedTuple):
    """One call, or a total that counts in the place of calls that nobody told."""

    node: Node
    agent: str
    role: str
    model: str
    provider: str
    numbers: tuple[int, ...]
    """As `calls.py` sums them up."""


class Assembly(Surroundings):
    """One session while its spans arrive.  Not safe for two threads at once."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], Node] = {}
        self._orphans: dict[tuple[str, str], list[Node]] = {}
        """Children of spans that have not arrived, by the missing parent."""
        self._fresh: list[Node] = []
        self._traces: dict[str, Trace] = {}
        self._trace_line: list[tuple[int, str]] = []
        self._sums = Sums()
        self._attempts = Attempts()
        self._recovery = Recovery()
        self._calls = Calls(self._attempts, self._recovery)
        self._tools = Tools(self._attempts, self._recovery)
        self._unseen = UnseenCalls()
        self._people = People(self._tools)
        self._handoffs = Handoffs()
        self._roots: list[Any] = []
        self._models: list[Any] = []
        self._top_agents: list[Any] = []
        """Agents that no other agent ran, in time order."""
        self._agents: dict[str, list[int]] = {}
        """Agent -> invocations, failed ones, and those that are more than a node of a graph."""
        self._roles: dict[str, dict[str, int]] = {}
        self._answered: set[str] = set()
        self._is_answered_stale = False
        self._other_steps = 0
        self._steps = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def release(self) -> None:
        """
        Let go of what it holds, when nobody will ask it anything again.

        Every node is reachable from itself, and the server looks for such circles rarely: without
        this a dropped session would stay in memory, 2 kB a span.
        """
        for node in self._nodes.values():
            node.release()
        self._nodes.clear()

    def spans(self) -> Iterator[Span]:
        """The winning versions, in no order."""
        return (node.span for node in self._nodes.values())

    def nodes(self) -> list[Node]:
        """Every span but ghosts with its place in the tree, up to date, in no order."""
        self._resolve()
        return [node for node in self._nodes.values() if not node.span.ghost]

    def all_interventions(self) -> tuple[Intervention, ...]:
        """Without the limit of a session's list."""
        self._resolve()
        people = self._people
        return (*people.first(len(people)), *people.unanswered(self))

    def retry_of(self, node: Node) -> Retry | None:
        """Why this span is another attempt, if it is one."""
        return self._attempts.fact(node)

    def rescues(self) -> dict[tuple[str, str], tuple[str, str] | None]:
        """Every failed call -> the call that recovered from it, None if none did."""
        self._resolve()
        return self._recovery.rescues()

    def billed(self) -> Iterator[Billed]:
        """What each call, or total of calls, adds to the sums of `session`; in no order."""
        self._resolve()
        uses = self._calls.uses or self._calls.last_resort
        for node in self._nodes.values():
            given = node.call.given if isinstance(node.call, billing.Call) else None
            if given is not None and uses.get(given[1]) is given[0]:
                agent, own_role, model, provider = given[1]
                role = own_role or self._role_of(agent) or agent
                yield Billed(node, agent, role, model, provider, given[2])

    def recorded_usd(self) -> Decimal | None:
        """What the source says the whole session cost; then that is its cost."""
        recorded = self._sums.recorded_pico()
        return _usd(recorded, 1) if recorded else None

    @property
    def steps(self) -> int:
        """Elementary computations made so far: the proof that growth is linear."""
        return (
            self._steps + self._calls.steps + self._tools.steps + self._people.steps
            + self._handoffs.steps + self._attempts.steps + self._recovery.steps
        )  # fmt: skip

    # -- adding ------------------------------------------------------------------------------

    def add(self, spans: Iterable[Span]) -> int:
        """Take spans in any order; returns how many were new or better than what was known."""
        nodes, fresh = self._nodes, self._fresh
        changed = 0
        for span in spans:
            key = (span.trace_id, span.span_id)
            node = nodes.get(key)
            if node is None:
                node = nodes[key] = Node(span)
                self._attach(node, span, key)
                self._meet_trace(span.trace_id, span.start_ns)
                if not span.ghost:
                    self._sums.add(span)
            elif span == node.span or not supersedes(span, node.span):
                continue
            else:
                self._replace(node, span, key)
            fresh.append(node)
            changed += 1
        return changed

    def _attach(self, node: Node, span: Span, key: tuple[str, str]) -> None:
        parent_id = span.parent_span_id
        if parent_id and parent_id != span.span_id:
            parent_key = (key[0], parent_id)
            parent = self._nodes.get(parent_key)
            if parent is None:
                self._orphans.setdefault(parent_key, []).append(node)
            else:
                node.parent = parent
                if parent.children is None:
                    parent.children = [node]
                else:
                    parent.children.append(node)
        children = self._orphans.pop(key, None)
        if children is not None:
            node.children = children if node.children is None else node.children + children
            for child in children:
                child.parent = node
        if node.parent is not None and node.children:
            self._cut_loop(node)

    def _cut_loop(self, node: Node) -> None:
        """If its parents lead back to `node`, none of them has a parent."""
        loop = [node]
        above = node.parent
        while above is not None and above is not node:
            loop.append(above)
            above = above.parent
        self._steps += len(loop)
        if above is None:
            return
        for member in loop:
            if member.parent is not None and member.parent.children is not None:
                member.parent.children.remove(member)
            member.parent, member.loop = None, loop
        self._fresh.extend(loop)

    def _meet_trace(self, trace_id: str, start_ns: int) -> None:
        """A span of this trace starts at `start_ns`."""
        trace = self._traces.get(trace_id)
        first = (start_ns, trace_id)
        if trace is None:
            trace = self._traces[trace_id] = Trace()
        elif first < trace.first:
            del self._trace_line[bisect_left(self._trace_line, trace.first)]
        else:
            return
        trace.first = first
        line = self._trace_line
        line.insert(bisect_left(line, first), first)

    def _detach(self, node: Node, span: Span) -> None:
        if node.loop is not None:
            loop, node.loop = node.loop, None
            for member in loop:
                if member is not node:
                    member.loop = None
                    self._attach(member, member.span, (span.trace_id, member.span.span_id))
                    self._fresh.append(member)
            return
        parent = node.parent
        if parent is not None and parent.children is not None:
            parent.children.remove(node)
        elif span.parent_span_id:
            missing = (span.trace_id, span.parent_span_id)
            waiting = self._orphans.get(missing)
            if waiting is not None and node in waiting:
                waiting.remove(node)
                if not waiting:
                    del self._orphans[missing]
        node.parent = None

    def _replace(self, node: Node, span: Span, key: tuple[str, str]) -> None:
        old = node.span
        node.span = span
        node.entry = (span.start_ns, *key, node)
        if span.parent_span_id != old.parent_span_id:
            self._detach(node, old)
            self._attach(node, span, key)
        if span.start_ns != old.start_ns:
            self._move_trace(key[0], span.start_ns, old.start_ns)
        if old.ghost:
            if not span.ghost:
                self._sums.add(span)
        elif span.ghost:
            self._sums.replace(old, span)
            self._sums.forget(span)
        else:
            self._sums.replace(old, span)
        if old.answered and (span.ghost or not set(old.answered) <= set(span.answered)):
            self._is_answered_stale = True

    def _move_trace(self, trace_id: str, start_ns: int, old_start_ns: int) -> None:
        trace = self._traces[trace_id]
        if start_ns >= trace.first[0] and old_start_ns > trace.first[0]:
            return
        del self._trace_line[bisect_left(self._trace_line, trace.first)]
        if start_ns < trace.first[0]:
            first_ns = start_ns
        else:
            self._steps += len(self._nodes)
            first_ns = min(n.span.start_ns for k, n in self._nodes.items() if k[0] == trace_id)
        trace.first = (first_ns, trace_id)
        self._trace_line.insert(bisect_left(self._trace_line, trace.first), trace.first)

    # -- resolving ---------------------------------------------------------------------------

    def _resolve(self) -> None:
        """Bring every fact up to date with the spans added since the last time."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, []
        touched: list[Node] = []
        self._steps += place(fresh, touched.append)
        # First everything stale is taken back, then everything is put: no fact ever sees half.
        anew: dict[Node, None] = {}
        moved: dict[Node, None] = {}
        for node in touched:
            linked = node.linked
            if linked is not None and linked.span is node.span and _only_hangs(node.span):
                moved[node] = None
            else:
                anew[node] = None
        for node in anew:
            if node.linked is not None:
                self._unlink(node, node.linked)
        for node in moved:
            self._take_down(node)
        for node in anew:
            self._link(node)
        for node in moved:
            self._hang(node)
        if self._is_answered_stale:
            self._is_answered_stale = False
            self._steps += len(self._nodes)
            before = self._answered
            self._answered = {i for span in self._counted_spans() for i in span.answered}
            self._unseen.set_answered(self._answered, before ^ self._answered)
        self._people.settle()
        self._calls.settle()
        self._tools.settle()
        self._handoffs.settle()
        self._steps += self._sums.refill(self._counted_spans)

    def _counted_spans(self) -> Iterator[Span]:
        return (node.span for node in self._nodes.values() if not node.span.ghost)

    def _link(self, node: Node) -> None:
        span = node.span
        if span.ghost:
            return
        ctx = node.ctx or NOWHERE
        linked = node.linked = Linked(span, ctx, node.agent, node.entry, node.wraps)
        kind = span.kind
        if kind == "model":
            self._link_model(node, linked)
        elif kind == "tool":
            self._unseen.link_tool(span)
            record = self._tools.link(node, linked)
            if record is not None:
                self._people.stir(record)
                trace = self._traces[span.trace_id]
                trace.note(trace.ran, record.call_id, node)
        elif kind == "agent" and runs_an_agent(span):
            if not node.wraps:
                self._count_agent(linked, 1)
                if ctx.agent is None:
                    insert(self._top_agents, linked.entry)
            self._handoffs.link(node, linked)
        if span.handoff is not None and (kind != "agent" or not runs_an_agent(span)):
            self._handoffs.link(node, linked)
        if span.requested:
            self._tools.ask(linked, 1)
        if span.human is not None:
            self._people.link(node, linked)
        if (span.usage is not None or span.charge is not None) and is_carrier(span):
            self._calls.link_carrier(node, linked)
        if span.agent_role and node.agent:
            roles = self._roles.setdefault(node.agent, {})
            roles[span.agent_role] = roles.get(span.agent_role, 0) + 1
        if span.answered:
            # Each call has seen nearly all that the one before it saw: only the news costs.
            news = set(span.answered) - self._answered
            if news:
                self._answered |= news
                self._unseen.set_answered(self._answered, news)
        if not span.parent_span_id:
            insert(self._roots, node.entry)
        self._other_steps += is_other_step(span, wraps=node.wraps)

    def _take_down(self, node: Node) -> None:
        """The span is the same, its ancestors are not: take back what they decide."""
        linked = node.linked
        if linked is None:
            return
        if node.span.requested and node.span.kind == "model":
            self._unseen.unlink_model(linked)
        if node.span.kind == "tool":
            self._tools.detach(node, linked)
        elif is_call(node.span) or is_carrier(node.span):
            self._calls.detach(node, linked)

    def _hang(self, node: Node) -> None:
        """The other half of `_take_down`."""
        span, ctx = node.span, node.ctx
        if ctx is None:
            return
        linked = node.linked = Linked(span, ctx, node.agent, node.entry, node.wraps)
        if span.requested and span.kind == "model":
            self._unseen.link_model(linked)
        if span.kind == "tool":
            self._tools.attach(node, linked)
        elif is_call(span) or is_carrier(span):
            self._calls.attach(node, linked)

    def _link_model(self, node: Node, linked: Linked) -> None:
        span = linked.span
        if span.requested:
            self._unseen.link_model(linked)
        if not span.usage_is_aggregate and span.subkind != "fetch":
            self._calls.link(node, linked)
            insert(self._models, linked.entry)
        if span.requested:
            trace = self._traces[span.trace_id]
            for request in span.requested:
                if request.call_id:
                    trace.note(trace.asked, request.call_id, node)

    def _unlink(self, node: Node, linked: Linked) -> None:
        node.linked = None
        span = linked.span
        kind = span.kind
        if kind == "model":
            self._unlink_model(node, linked)
        elif kind == "tool":
            self._unseen.unlink_tool(span)
            record = self._tools.unlink(node, linked)
            if record is not None:
                self._people.stir(record)
                trace = self._traces[span.trace_id]
                trace.drop(trace.ran, record.call_id, node)
        elif kind == "agent" and runs_an_agent(span):
            if not linked.wraps:
                self._count_agent(linked, -1)
                if linked.ctx.agent is None:
                    remove(self._top_agents, linked.entry)
            self._handoffs.unlink(node, linked)
        if span.handoff is not None and (kind != "agent" or not runs_an_agent(span)):
            self._handoffs.unlink(node, linked)
        if span.requested:
            self._tools.ask(linked, -1)
        if span.human is not None:
            self._people.unlink(node, linked)
        if (span.usage is not None or span.charge is not None) and is_carrier(span):
            self._calls.unlink(node, linked)
        if span.agent_role and linked.agent:
            roles = self._roles[linked.agent]
            roles[span.agent_role] -= 1
            if not roles[span.agent_role]:
                del roles[span.agent_role]
        if not span.parent_span_id:
            remove(self._roots, linked.entry)
        self._other_steps -= is_other_step(span, wraps=linked.wraps)

    def _unlink_model(self, node: Node, linked: Linked) -> None:
        span = linked.span
        self._unseen.unlink_model(linked)
        if not span.usage_is_aggregate and span.subkind != "fetch":
            self._calls.unlink(node, linked)
            remove(self._models, linked.entry)
        trace = self._traces[span.trace_id]
        for request in span.requested:
            if request.call_id:
                trace.drop(trace.asked, request.call_id, node)

    def _count_agent(self, linked: Linked, sign: int) -> None:
        sums = self._agents.setdefault(linked.agent, [0, 0, 0])
        sums[0] += sign
        sums[1] += sign * (linked.span.status == "error")
        sums[2] += sign * (linked.span.subkind != "node")
        if not sums[0]:
            del self._agents[linked.agent]

    # -- what pending requests ask -------------------------------------------------------------

    def next_trace_after(self, at_ns: int, trace_id: str) -> int | None:
        at = bisect_left(self._trace_line, (at_ns, ""))
        for start_ns, other in self._trace_line[at : at + 2]:
            if other != trace_id:
                return start_ns
        return None

    def is_answered(self, call_id: str) -> bool:
        return call_id in self._answered

    def deferred_in(self, trace_id: str) -> tuple[str, ...]:
        trace = self._traces[trace_id]
        ran = sorted((n for i in trace.extra for n in trace.ran[i]), key=lambda n: n.entry[:3])
        return tuple(n.span.tool or n.span.name for n in ran)

    def left_out_before(self, trace_id: str) -> int | None:
        at = bisect_left(self._trace_line, self._traces[trace_id].first)
        for _, earlier in reversed(self._trace_line[max(0, at - 16) : at]):
            trace = self._traces[earlier]
            if trace.left_out:
                return max(
                    n.span.end_ns or n.span.start_ns
                    for call_id in trace.left_out
                    for n in trace.asked[call_id]
                )
        return None

    # -- telling -------------------------------------------------------------------------------

    def deferred_nodes(self, trace_id: str) -> tuple[str, ...]:
        """
        Join nodes for tool calls that were asked for in one trace and run in another.

        Empty until a root of the trace has ended: before that, the tool span may still come.
        """
        trace = self._traces.get(trace_id)
        if trace is None:
            return ()
        self._resolve()
        roots = [e for e in self._roots if e[1] == trace_id]
        if not roots or any(is_open(e[3].span) for e in roots):
            return ()
        nodes = {
            asked_node(request.name, call_id)
            for call_id in trace.left_out
            for node in trace.asked[call_id]
            for request in node.span.requested
            if request.call_id == call_id
        }
        for call_id in trace.extra:
            nodes.update(ran_node(n.span.tool or n.span.name, call_id) for n in trace.ran[call_id])
        return tuple(sorted(nodes))

    def session(
        self,
        *,
        now_ns: int,
        scores: Sequence[Score] = (),
        idle_after_ns: int = closing.IDLE_AFTER_NS,
    ) -> Session:
        """The session as far as the spans tell; `scores` are what people and programs judged."""
        self._resolve()
        sums = self._sums
        unanswered = self._people.unanswered(self)
        acts, kinds, pending, waited_ns = self._acts([*unanswered, *reported_acts(scores)])
        said = sums.scores()
        for score in scores:
            known = said.get(score_identity(score))
            if known is None or known.at_ns <= score.at_ns:
                said[score_identity(score)] = score
        last_root = self._last_root()
        outcome = decide(
            sums.best_outcome(),
            said.values(),
            last_root=last_root,
            last_agent=self._top_agents[-1][3].span if self._top_agents else None,
            last_model=self._models[-1][3].span if self._models else None,
            pending=pending > 0,
        )
        last_seen_ns = sums.last_seen_ns
        status = closing.status(
            now_ns=now_ns, last_seen_ns=last_seen_ns, open_spans=sums.open_spans,
            missing_parents=len(self._orphans), pending=pending > 0,
            ended_by_sender=bool(sums.session_spans)
            and sums.session_spans[-1][0] >= last_seen_ns and not sums.open_spans,
            idle_after_ns=idle_after_ns,
        )  # fmt: skip
        trace_ids = tuple(trace_id for _, trace_id in self._trace_line)
        name = name_session(sums.explicit_ids(), trace_ids[0] if trace_ids else "")
        uses = self._uses()
        recorded = sums.recorded_pico()
        cost = _cost(uses.total, recorded, wasted_all=outcome.label == "failure")
        findings = session_findings(uses.models, uses.total, recorded, sums.findings())
        trial = sums.trial()
        fields = sums.fields
        listed = sorted(said.items(), key=lambda item: (item[1].at_ns, item[0]))
        return Session(
            session_id=name.session_id,
            derived=name.derived,
            external_id=name.external_id,
            trace_ids=trace_ids,
            sub_sessions=name.sub_sessions,
            task=fields["task"].value,
            task_type=fields["task_type"].value,
            user=fields["user"].value,
            workflow=WorkflowRef(
                name=fields["workflow"].value,
                version=fields["workflow_version"].value,
                digest=fields["workflow_digest"].value,
                environment=fields["environment"].value,
            ),
            tags=tuple(sorted(sums.tags)) if sums.tags else (),
            started_ns=sums.started_ns or 0,
            last_seen_ns=last_seen_ns,
            ended_ns=last_seen_ns if status == "closed" else None,
            status=status,
            outcome=outcome,
            span_count=sums.span_count,
            step_count=self._other_steps + self._calls.counted + self._tools.counted,
            open_spans=sums.open_spans,
            missing_parents=len(self._orphans),
            error_spans=sums.error_spans,
            models=tuple(_model_use(key, uses.models[key]) for key in sorted(uses.models)),
            tools=self._tool_uses(),
            agents=uses.agents,
            handoffs=self._handoffs.first(MAX_LISTED),
            handoff_count=len(self._handoffs),
            interventions=acts,
            intervention_kinds=kinds,
            pending_interventions=pending,
            waited_ns=waited_ns,
            episodes=self._episodes(),
            episode_count=self._recovery.opened,
            recovered_count=self._recovery.recovered,
            retries=self._attempts.first(MAX_LISTED),
            retry_count=self._attempts.retries,
            fallback_count=self._attempts.fallbacks,
            cost=cost,
            units={name: float(total) for name, (total, _) in sorted(sums.units.items())},
            scores=tuple(score for _, score in listed[:MAX_LISTED]),
            experiment=sums.experiments > 0,
            case=fields["case"].value,
            trial=trial.number,
            expected_calls=trial.expected_calls,
            matched_calls=trial.matched_calls,
            findings=tuple(findings[:MAX_FINDINGS]),
            finding_count=len(findings),
            dialects=tuple(sorted({d for ds in sums.dialects for d in ds})),
            frameworks=tuple(sorted(sums.frameworks)),
            problems=sums.problems(),
            problem_count=sums.problem_count,
            dropped=sums.dropped,
        )

    def _last_root(self) -> Span | None:
        """
        The latest root that is an application's own: no message, request or total.  What was told
        beside a trace (a synthetic session) says nothing of how it ended, unless it is alone.
        """
        beside: Span | None = None
        for entry in reversed(self._roots[-MAX_LOOKED_BACK:]):
            span: Span = entry[3].span
            if span.subkind in INFRASTRUCTURE:
                continue
            if not (span.synthetic and span.kind == "session"):
                return span
            beside = beside or span
        return beside

    def _acts(
        self, beside: list[Intervention]
    ) -> tuple[tuple[Intervention, ...], dict[str, int], int, int]:
        """Acts in time order, counts by kind, pending requests, time waited; `beside` are those
        that no answered request shows."""
        people = self._people
        kinds = {kind: count for kind, count in sorted(people.kinds.items()) if count}
        if not beside:
            return people.first(MAX_LISTED), kinds, 0, people.waited_ns
        acts = sorted(
            (*people.first(MAX_LISTED), *beside), key=lambda a: (a.at_ns, a.trace_id, a.span_id)
        )
        for act in beside:
            if not act.pending:
                kinds[act.kind] = kinds.get(act.kind, 0) + 1
        waited_ns = people.waited_ns + sum(act.waited_ns or 0 for act in beside)
        pending = sum(act.pending for act in beside)
        return tuple(acts[:MAX_LISTED]), dict(sorted(kinds.items())), pending, waited_ns

    def _episodes(self) -> tuple[ErrorEpisode, ...]:
        """The first by time, each with what its first failure said."""
        return tuple(
            structs.replace(episode, reason=what_failed(node.span))
            if (node := self._nodes.get((episode.trace_id, episode.span_id))) is not None
            else episode
            for episode in self._recovery.episodes(MAX_LISTED)
        )

    def _role_of(self, agent: str) -> str:
        roles = self._roles.get(agent)
        if not roles:
            return ""
        return min(roles, key=lambda role: (-roles[role], role))

    def _uses(self) -> Uses:
        uses = self._calls.uses or self._calls.last_resort
        models: dict[tuple[str, str, str], list[int]] = {}
        agents: dict[str, list[int]] = {
            agent: [counts[0], 0, 0, counts[1], 0, 0]
            for agent, counts in self._agents.items()
            if agent
        }
        # A graph's node may be called an agent for its name alone: one without a call is a step.
        nodes = {agent for agent, counts in self._agents.items() if not counts[2]}
        total = [0] * billing.SUMS
        for (agent, own_role, model, provider), sums in uses.items():
            role = own_role or self._role_of(agent) or agent
            line = models.get((model, provider, role))
            if line is None:
                models[model, provider, role] = list(sums)
            else:
                for at, number in enumerate(sums):
                    line[at] += number
            for at in billing.MONEY:
                total[at] += sums[at]
            if agent:
                mine = agents.setdefault(agent, [0] * 6)
                mine[1] += sums[billing.CALLS]
                mine[3] += sums[billing.ERRORS]
                mine[4] += sums[billing.COST]
                mine[5] += sums[billing.PRICED]
        for (agent, _), runs in self._tool_counts():
            if agent:
                mine = agents.setdefault(agent, [0] * 6)
                mine[2] += runs[0]
                mine[3] += runs[1]
        real = [agent for agent in sorted(agents) if agent not in nodes or agents[agent][1]]
        return Uses(models, tuple(self._agent_use(agent, agents[agent]) for agent in real), total)

    def _agent_use(self, agent: str, sums: list[int]) -> AgentUse:
        return AgentUse(
            agent=agent, role=self._role_of(agent), invocations=sums[0], model_calls=sums[1],
            tool_calls=sums[2], errors=sums[3], cost_usd=_usd(sums[4], sums[5]),
        )  # fmt: skip

    def _tool_counts(self) -> Iterator[tuple[ToolKey, list[int]]]:
        """Tool calls by agent and tool: calls, failures, denials."""
        yield from self._tools.uses.items()
        seen = {plain_name(tool) for _, tool in self._tools.uses}
        for use, count in self._unseen.uses(seen).items():
            yield use, [count, 0, 0]

    def _tool_uses(self) -> tuple[ToolUse, ...]:
        tools: dict[str, list[int]] = {}
        for (_, tool), sums in self._tool_counts():
            line = tools.setdefault(tool, [0, 0, 0])
            for at, number in enumerate(sums):
                line[at] += number
        return tuple(
            ToolUse(tool=tool, calls=tools[tool][0], errors=tools[tool][1], denied=tools[tool][2])
            for tool in sorted(tools)
        )


def assemble(
    spans: Iterable[Span],
    *,
    scores: Sequence[Score] = (),
    now_ns: int,
    idle_after_ns: int = closing.IDLE_AFTER_NS,
) -> Session:
    """The session of these spans: `Assembly` in one call."""
    assembly = Assembly()
    assembly.add(spans)
    return assembly.session(now_ns=now_ns, scores=scores, idle_after_ns=idle_after_ns)


def _only_hangs(span: Span) -> bool:
    """Do its ancestors decide nothing of it but who ran it and what call it belongs to?"""
    return (
        span.kind in ("model", "tool", "step")
        and span.human is None
        and span.handoff is None
        and not span.agent_role
        and not span.ghost
    )


def is_other_step(span: Span, *, wraps: bool) -> bool:
    """Is this span a step that is no model or tool call?  Calls are steps where they count."""
    kind = span.kind
    if kind == "model" or kind == "tool":
        return False
    if span.human is not None:
        return not (span.human.auto or span.human.tentative)
    if kind in STEP_KINDS:
        return not wraps
    return span.handoff is not None or span.subkind == "stated"


def _usd(pico: int, priced: int) -> Decimal | None:
    """None if nothing was priced: an unknown sum is not 0."""
    if not priced:
        return None
    usd = Decimal(pico).scaleb(-12)
    whole = usd.to_integral_value()
    return whole if usd == whole else usd.normalize()


def _cost(total: list[int], recorded: int | None, *, wasted_all: bool) -> SessionCost:
    """
    `recorded`: what the source says the whole session cost.  As with a call, it is the cost, and
    the computed one stands beside it; a recorded 0 decides nothing: it may be a price unknown.
    """
    spent = _usd(recorded, 1) if recorded else _usd(total[billing.COST], total[billing.PRICED])
    reported = _usd(total[billing.REPORTED], total[billing.REPORTED_N])
    wasted = _usd(total[billing.WASTED], total[billing.PRICED])
    return SessionCost(
        total_usd=spent,
        reported_usd=reported if recorded is None else _usd(recorded, 1),
        computed_usd=_usd(total[billing.COMPUTED], total[billing.COMPUTED_N]),
        priced_calls=total[billing.PRICED],
        unpriced_calls=total[billing.UNPRICED],
        wasted_usd=spent if wasted_all else wasted,
    )


def _model_use(key: tuple[str, str, str], sums: list[int]) -> ModelUse:
    return ModelUse(
        model=key[0],
        provider=key[1],
        role=key[2],
        calls=sums[billing.CALLS],
        errors=sums[billing.ERRORS],
        input_tokens=sums[billing.INPUT],
        output_tokens=sums[billing.OUTPUT],
        cache_read_tokens=sums[billing.CACHE_READ],
        cache_write_tokens=sums[billing.CACHE_WRITE],
        reasoning_tokens=sums[billing.REASONING],
        calls_without_usage=sums[billing.NO_USAGE],
        cost_usd=_usd(sums[billing.COST], sums[billing.PRICED]),
        unpriced_calls=sums[billing.UNPRICED],
    )
