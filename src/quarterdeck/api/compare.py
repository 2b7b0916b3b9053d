"""
Two sessions side by side: where they part, and what differed in the input at that point.

Steps are laid beside each other by what was decided (the tool, the class of its target, how it
went), not by their words: two runs of one task never say the same.  The words are compared once,
at the parting: what the two model calls before it saw.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.compare import SessionComparison
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.reading import KeepsSteps, keeper_of, read_steps
from quarterdeck.api.sessions import find_session
from quarterdeck.assembly.diff import Alignment, Run, align
from quarterdeck.assembly.record import to_json
from quarterdeck.assembly.seen_differently import seen_differently
from quarterdeck.assembly.target_class import target_class
from quarterdeck.assembly.tool_use import plain_name
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.sessions import Session, Step
from quarterdeck.model.spans import Content
from quarterdeck.storage.events.span_reads import session_spans

router = guarded_router("sessions")

MAX_RUNS = 1_000
MAX_STEPS = 50
"""Of one side of a run."""
MAX_REJOINS = 100
_LABELS = 5
_MET_AGAIN = 2
"""Equal decisions in a row that count as meeting again: one alone is chance."""


class Story(NamedTuple):
    session: Session
    steps: Sequence[Step]
    targets: dict[tuple[str, str], str]
    """What tool calls acted on, by trace and span."""

    def target(self, step: Step) -> str:
        return self.targets.get((step.trace_id, step.span_id), "")


@router.get(
    "/sessions/{first}/compare/{second}",
    summary="Two sessions aligned: where they part, and what differed in the input there",
    responses={200: {"model": SessionComparison}},
)
@allow(READ)
async def compare(request: Request, first: str, second: str, parts: With, who: Who) -> Response:
    kept = keeper_of(request)
    return answer(request, await asyncio.to_thread(_compare, kept, parts, who, first, second))


def _compare(
    kept: KeepsSteps, parts: Parts, who: Principal, first: str, second: str
) -> dict[str, Any]:
    a, b = (_story(kept, parts, who, session_id) for session_id in (first, second))
    aligned = align([_decided(a, step) for step in a.steps], [_decided(b, s) for s in b.steps])
    part = next((run for run in aligned.runs if run.kind != "equal"), None)
    steps = len(a.steps) + len(b.steps)
    return {
        "a": _totals(a.session),
        "b": _totals(b.session),
        "equal_steps": aligned.equal,
        "similarity": 2 * aligned.equal / steps if steps else None,
        "is_exact": aligned.is_exact,
        "other_target": _other_target(a, b, aligned),
        "parting": None if part is None else _parting(parts, who, a, b, part),
        "rejoins": _rejoins(aligned),
        "runs": [_run(a, b, run) for run in aligned.runs[:MAX_RUNS]],
        "runs_left_out": max(0, len(aligned.runs) - MAX_RUNS),
    }


def _story(kept: KeepsSteps, parts: Parts, who: Principal, session_id: str) -> Story:
    session = find_session(parts, who, session_id)
    spans = session_spans(parts.events, scope_of(parts, who), session.trace_ids)
    targets = {(span.trace_id, span.span_id): span.target for span in spans if span.target}
    return Story(session, kept.steps(parts, who, session), targets)


def _decided(story: Story, step: Step) -> tuple[str, ...]:
    """What makes two steps the same decision.  Not the model: another one may decide alike."""
    went = step.status if step.status in ("error", "blocked", "cancelled") else ""
    if step.kind == "tool":
        tool = plain_name(step.tool or step.name)
        return ("tool", tool, target_class(tool, story.target(step)), went)
    if step.kind == "model":
        return ("model", step.agent, "", went)
    if step.kind == "human":
        return ("human", step.tool or step.name, step.note.partition(" by ")[0], went)
    return (step.kind, step.name, "", went)


def _label(story: Story, step: Step) -> str:
    if step.kind == "tool":
        tool = plain_name(step.tool or step.name)
        kind = target_class(tool, story.target(step))
        return f"{tool}: {kind}" if kind else tool
    return step.name or step.kind


def _step(story: Story, step: Step) -> dict[str, Any]:
    ended = step.end_ns
    return {
        "number": step.number,
        "kind": step.kind,
        "label": _label(story, step),
        "agent": step.agent or None,
        "status": step.status or None,
        "error": step.error or None,
        "started_at": to_rfc3339(step.start_ns),
        "duration_s": None if ended is None else max(0, ended - step.start_ns) / NS_PER_S,
        "cost_usd": None if step.cost_usd is None else f"{step.cost_usd:f}",
    }


def _run(a: Story, b: Story, run: Run) -> dict[str, Any]:
    ours, theirs = a.steps[run.a_from : run.a_to], b.steps[run.b_from : run.b_to]
    is_equal = run.kind == "equal"
    return {
        "kind": run.kind,
        "a_from": ours[0].number if ours else None,
        "a_to": ours[-1].number if ours else None,
        "b_from": theirs[0].number if theirs else None,
        "b_to": theirs[-1].number if theirs else None,
        "a_steps": len(ours),
        "b_steps": len(theirs),
        "labels": [_label(a, step) for step in ours[:_LABELS]] if is_equal else [],
        "a": [] if is_equal else [_step(a, step) for step in ours[:MAX_STEPS]],
        "b": [] if is_equal else [_step(b, step) for step in theirs[:MAX_STEPS]],
    }


def _parting(parts: Parts, who: Principal, a: Story, b: Story, run: Run) -> dict[str, Any]:
    ours = a.steps[run.a_from] if run.a_from < len(a.steps) else None
    theirs = b.steps[run.b_from] if run.b_from < len(b.steps) else None
    return {
        "a_step": ours.number if ours is not None else None,
        "b_step": theirs.number if theirs is not None else None,
        "a": _step(a, ours) if ours is not None else None,
        "b": _step(b, theirs) if theirs is not None else None,
        "same_before": run.a_from,
        "input": _input(parts, who, *_callers(a, run.a_from, b, run.b_from)),
    }


def _callers(a: Story, a_at: int, b: Story, b_at: int) -> tuple[Step | None, Step | None]:
    """
    The model calls that decided the steps at these places: themselves, or the last before them.

    Of one agent where that can be: what two different ones saw says nothing.
    """
    last = _last_call(a, a_at, None), _last_call(b, b_at, None)
    for one in last:
        if one is not None:
            pair = _last_call(a, a_at, one.agent), _last_call(b, b_at, one.agent)
            if None not in pair:
                return pair
    return last


def _last_call(story: Story, at: int, agent: str | None) -> Step | None:
    before = reversed(story.steps[: at + 1])
    return next(
        (step for step in before if step.kind == "model" and agent in (None, step.agent)), None
    )


def _input(parts: Parts, who: Principal, a: Step | None, b: Step | None) -> dict[str, Any]:
    contents: list[Content | None] = []
    for step in (a, b):
        read = read_steps(parts, who, [step]) if step is not None else {}
        contents.append(next((one.content for one in read.values()), None))
    return {
        "a_step": a.number if a is not None else None,
        "b_step": b.number if b is not None else None,
        "model_a": (a.model or None) if a is not None else None,
        "model_b": (b.model or None) if b is not None else None,
        **seen_differently(*contents),
    }


def _other_target(a: Story, b: Story, aligned: Alignment) -> dict[str, Any] | None:
    """Before the parting: later every second step is about another thing."""
    if not aligned.runs or aligned.runs[0].kind != "equal":
        return None
    first = aligned.runs[0]
    pairs = zip(a.steps[: first.a_to], b.steps[: first.b_to], strict=True)
    for ours, theirs in pairs:
        if ours.kind == "tool" and (mine := a.target(ours)) != (other := b.target(theirs)):
            return {
                "a_step": ours.number,
                "b_step": theirs.number,
                "label": _label(a, ours),
                "a": mine,
                "b": other,
            }
    return None


def _rejoins(aligned: Alignment) -> list[dict[str, int]]:
    again = [
        run for at, run in enumerate(aligned.runs)
        if at and run.kind == "equal" and run.a_to - run.a_from >= _MET_AGAIN
    ]  # fmt: skip
    return [
        {"a_step": run.a_from + 1, "b_step": run.b_from + 1, "equal_steps": run.a_to - run.a_from}
        for run in again[:MAX_REJOINS]
    ]


def _totals(session: Session) -> dict[str, Any]:
    record = to_json(session)
    cost = record["cost"]
    return {
        "session_id": session.session_id,
        "task": record["task"],
        "task_type": record["task_type"],
        "outcome": session.outcome.label,
        "outcome_reason": record["outcome"]["reason"],
        "workflow": record["workflow"]["name"],
        "version": session.workflow.version or None,
        "started_at": record["started_at"],
        "duration_s": record["duration_s"],
        "waited_s": session.waited_ns / NS_PER_S,
        "steps": session.step_count,
        "model_calls": sum(use.calls for use in session.models),
        "tool_calls": sum(use.calls for use in session.tools),
        "tool_errors": sum(use.errors for use in session.tools),
        "interventions": sum(session.intervention_kinds.values()),
        "error_episodes": session.episode_count,
        "recovered": session.recovered_count,
        "input_tokens": sum(use.input_tokens for use in session.models),
        "output_tokens": sum(use.output_tokens for use in session.models),
        "cost_usd": cost["total_usd"],
        "unpriced_calls": cost["unpriced_calls"],
        "models": sorted({use.model for use in session.models}),
    }
