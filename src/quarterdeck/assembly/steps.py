"""
The steps of a session: what a viewer can stop at, numbered from 1.

Agents, model calls, tool calls, people's acts, retrievals, guardrails, evaluations, memory,
handoffs, and what its sender calls a step are steps.  Duplicate spans of one call, framework
wrappers, workflow bookkeeping and infrastructure are folded into the step around them.  The order
is by start, and a step never comes before the step that it is part of: clocks of two hosts may
disagree, parents do not.
"""

from collections.abc import Iterable
from typing import NamedTuple

from quarterdeck.assembly.assemble import Assembly, is_other_step
from quarterdeck.assembly.tool_use import failure_of, is_denied, only_asked
from quarterdeck.assembly.tree import Node
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sessions import Retry, Step, StepKind
from quarterdeck.model.spans import Span, usd

SpanKey = tuple[str, str]
"""trace, span"""

_KINDS: dict[str, StepKind] = {
    "agent": "agent", "model": "model", "tool": "tool", "human": "human",
    "retrieval": "retrieval", "guardrail": "guardrail", "evaluation": "evaluation",
    "memory": "memory", "step": "step", "session": "step",
}  # fmt: skip


class Place(NamedTuple):
    """Where a span stands among all others."""

    shown_ns: int
    """Its start, not before its parent's."""
    depth: int
    trace_id: str
    span_id: str


def in_order(nodes: Iterable[Node]) -> list[tuple[Place, Node]]:
    """All spans by start, parents before children."""
    places: dict[Node, Place] = {}
    for node in nodes:
        chain = []
        above: Node | None = node
        while above is not None and above not in places:
            chain.append(above)
            above = above.parent
        floor, depth = (-1, -1) if above is None else places[above][:2]
        for member in reversed(chain):
            span = member.span
            floor, depth = max(floor, span.start_ns), depth + 1
            places[member] = Place(floor, depth, span.trace_id, span.span_id)
    return sorted(
        ((places[node], node) for node in places if not node.span.ghost), key=lambda item: item[0]
    )


def is_step(node: Node) -> bool:
    return node.step or is_other_step(node.span, wraps=node.wraps)


def list_steps(assembly: Assembly) -> tuple[Step, ...]:
    """Every step, numbered from 1; as many as `Session.step_count`."""
    ordered = [node for _, node in in_order(assembly.nodes()) if is_step(node)]
    numbers = {node: number for number, node in enumerate(ordered, 1)}
    by_span = {(n.span.trace_id, n.span.span_id): number for n, number in numbers.items()}
    acts = {(act.trace_id, act.span_id): act for act in assembly.all_interventions()}
    depths: dict[Node, int] = {}
    steps = []
    for node in ordered:
        around = step_around(node)
        depths[node] = depths[around] + 1 if around is not None and around in depths else 0
        span = node.span
        note = _note(
            node, assembly.retry_of(node), by_span, acts.get((span.trace_id, span.span_id))
        )
        steps.append(_step(node, numbers[node], depths[node], around, note))
    return tuple(steps)


def steps_of(spans: Iterable[Span]) -> tuple[Step, ...]:
    assembly = Assembly()
    assembly.add(spans)
    return list_steps(assembly)


def step_around(node: Node) -> Node | None:
    """The nearest step that this one is part of."""
    above = node.parent
    while above is not None and not (is_step(above) and not above.span.ghost):
        above = above.parent
    return above


def _step(node: Node, number: int, depth: int, around: Node | None, note: str) -> Step:
    span = node.span
    usage = span.usage
    is_call = span.kind == "model"
    failure = failure_of(node) or (span if span.status == "error" else None)
    return Step(
        number=number,
        kind=step_kind(node),
        name=step_name(node),
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=around.span.span_id if around is not None else "",
        agent=node.agent,
        depth=depth,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status=_status(node, failure),
        error=_error(failure) if failure is not None else "",
        model=span.model_served or span.model_requested if is_call else "",
        tool=(span.tool or span.name) if span.kind == "tool" else "",
        input_tokens=usage.input_tokens if usage is not None and is_call else None,
        output_tokens=usage.output_tokens if usage is not None and is_call else None,
        cost_usd=usd(span) if is_call else None,
        note=note,
    )


def _error(failure: Span) -> str:
    """Type and message; the message alone where it begins with the type."""
    kind, message = failure.error_type, failure.error_message
    return (
        f"{kind}: {message}"
        if kind and message and not message.startswith(kind)
        else (message or kind)
    )


def _status(node: Node, failure: Span | None) -> str:
    """A tool call's own span may not know that it was refused, or failed further in."""
    if is_denied(node):
        return "blocked"
    return "error" if failure is not None else node.span.status


def step_kind(node: Node) -> StepKind:
    span = node.span
    kind = "handoff" if span.handoff is not None and span.kind == "step" else _KINDS[span.kind]
    if span.human is not None and (kind == "step" or only_asked(node)):
        kind = "human"
    return kind


def step_name(node: Node) -> str:
    """What was called: the agent, the model, the tool."""
    span = node.span
    if span.kind == "agent":
        return node.agent
    if span.kind == "tool":
        return span.tool or span.name
    if span.kind == "model":
        return span.model_served or span.model_requested or span.name
    return span.name or span.span_name


def _note(
    node: Node, retry: Retry | None, numbers: dict[SpanKey, int], act: Intervention | None
) -> str:
    notes = []
    span = node.span
    if retry is not None:
        earlier = numbers.get((retry.earlier_trace_id, retry.earlier_span_id))
        if retry.kind == "fallback":
            notes.append(f"fallback from {retry.source}")
        elif earlier is not None:
            notes.append(f"retry of step {earlier}")
        else:
            notes.append(f"retried {retry.count} times" if retry.count > 1 else "retried once")
        if retry.reason not in ("reported", "served"):
            notes[-1] += f" ({retry.reason})"
    if act is not None:
        if act.pending:
            notes.append("waits for a human")
        elif act.decision != "none":
            notes.append(act.decision + (f" by {act.by}" if act.by else ""))
        elif act.kind == "answer":
            notes.append("answered" + (f" by {act.by}" if act.by else ""))
    if span.handoff is not None and span.handoff.target:
        notes.append(f"hands off to {span.handoff.target}")
    if span.status in ("blocked", "interrupted", "cancelled"):
        notes.append(span.status)
    return ", ".join(notes)
