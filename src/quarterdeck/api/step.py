"""
One step of a session, as the agent stood there.

Reads the content of a handful of spans: the step's own, the model call before it or the one that
asked for it, the latest of memory, and what a person's act is about.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.step import StepAnswer, StepPart
from quarterdeck.api.bodies import answer
from quarterdeck.api.chains import Chain
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.reading import KeepsSteps, acts_of, keeper_of, read_facts, read_steps
from quarterdeck.assembly import at_step
from quarterdeck.assembly.acts import ReadStep, ShownAct
from quarterdeck.assembly.shown import WHOLE_BYTES, as_text, at_pointer, bounded
from quarterdeck.assembly.standing import Standing
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Span

router = guarded_router("sessions")

Facts = Mapping[tuple[str, str], Span]

_MAX_BACK = 40
"""Model calls looked at for the one that asked for a tool call: it is the last one, or one of
those that ran beside it."""


@router.get(
    "/sessions/{session_id}/steps/{number}",
    summary="One step as the agent stood there",
    responses={200: {"model": StepAnswer | StepPart}},
)
@allow(READ)
async def show(
    request: Request,
    session_id: str,
    number: Annotated[int, Path(ge=1, le=10**9)],
    parts: With,
    who: Who,
    part: Annotated[
        str, Query(max_length=200, description="One text of the step, as `part` names it.")
    ] = "",
    full: Annotated[bool, Query(description="That text whole.")] = False,
) -> Response:
    if full and not part:
        raise Invalid("full=true is for one text", hint="Name it with part=, as the answer does.")
    kept = keeper_of(request)
    work = _part if part else _step
    rest: tuple[Any, ...] = (part, full) if part else ()
    shown = await asyncio.to_thread(work, kept, parts, who, session_id, number, *rest)
    return answer(request, shown)


def _at(
    kept: KeepsSteps, parts: Parts, who: Principal, session_id: str, number: int
) -> tuple[Standing, Step, Chain]:
    stood = kept.stood(parts, who, session_id)
    story = stood.standing
    if number > len(story.steps):
        raise NotFound(
            f"session {session_id!r} has no step {number}",
            hint=f"Its steps are numbered from 1 to {len(story.steps)}.",
        )
    return story, story.step(number), stood.chain


def _part(
    kept: KeepsSteps,
    parts: Parts,
    who: Principal,
    session_id: str,
    number: int,
    part: str,
    full: bool,
) -> dict[str, Any]:
    story, step, chain = _at(kept, parts, who, session_id, number)
    told = read_steps(parts, who, [step], chain=chain, continued=[number])
    try:
        value = at_pointer(msgspec.to_builtins(told[number].content), part)
    except (LookupError, ValueError):
        raise NotFound(f"step {number} has no text at {part!r}") from None
    text = bounded(as_text(value), part, whole_bytes=0 if full else WHOLE_BYTES)
    return {"session_id": story.session.session_id, "number": number, "part": part, "text": text}


def _step(
    kept: KeepsSteps, parts: Parts, who: Principal, session_id: str, number: int
) -> dict[str, Any]:
    story, step, chain = _at(kept, parts, who, session_id, number)
    before = story.previous_call(number) if step.kind == "model" else None
    memories = story.of_kind("memory", until=number)[-2 * at_step.MAX_MEMORIES :]
    latest = [story.step(n) for n in memories]
    calls = _calls_before(story, step)
    # The call right before is nearly always the one that asked: it is read with the step.
    beside = [*latest, *calls[:1], *(story.step(n) for n in (before,) if n is not None)]
    of_calls = [n for n in (number, before) if n is not None]
    told = read_steps(parts, who, [step, *beside], chain=chain, continued=of_calls)
    own = told.get(number)
    asking = None
    if own is not None and calls:
        facts = {_key(one.span): one.span for one in told.values()}
        asking = _asking(step, own.span, calls, facts)
        if asking is None:
            asking = _asking(step, own.span, calls, facts | read_facts(parts, who, calls[1:]))
    if asking is not None and asking not in told:
        told |= read_steps(parts, who, [story.step(asking)], as_sent=True)
    remembered = {s.number: told[s.number] for s in latest if s.number in told}
    shown: dict[str, Any] = {
        "session_id": story.session.session_id,
        "total": len(story.steps),
        "step": _facts(step, own.span if own is not None else None),
        "so_far": story.so_far(number),
        "places": story.places(number),
        "memory": at_step.memory_used(remembered, {s.number: s.name for s in latest}),
        "episode": story.episode_at(number),
        "attempt": _attempt(story, number),
        "handoff": _handoff(story, number),
        "act": _act(parts, who, story, number),
        "asked_by": _asked_by(story, asking),
        **_of_content(parts, step, told, before, asking, remembered),
    }
    if own is None:
        shown["no_content"] = "the step's span is no longer kept"
    elif shown["content"] is None:
        shown["no_content"] = "this step was recorded without content"
    return shown


def _of_content(
    parts: Parts,
    step: Step,
    told: dict[int, ReadStep],
    before: int | None,
    asking: int | None,
    remembered: dict[int, ReadStep],
) -> dict[str, Any]:
    nothing = {"content": None, "saw": None, "context": None, "tools": None, "no_content": None}
    own = told.get(step.number)
    if own is None:
        return nothing
    asked = told[asking].content if asking in told and asking is not None else None
    content = at_step.given(step, own.content, asked=asked, call_id=own.span.tool_call_id)
    found = nothing | {"content": content}
    if step.kind != "model":
        return found
    fits = parts.prices.context_tokens(own.span) if parts.prices is not None else None
    context, each = at_step.window(
        own.span,
        own.content,
        window_tokens=fits,
        memories=at_step.recalled_texts(remembered),
    )
    earlier = told.get(before) if before is not None else None
    saw = at_step.what_it_saw(
        own.content,
        earlier.content if earlier is not None else None,
        compared_with=before,
        tokens=each,
    )
    return found | {
        "saw": saw,
        "context": context,
        "tools": at_step.choice(own.span, own.content),
    }


def _calls_before(story: Standing, step: Step) -> list[Step]:
    """Of a tool call: the model calls that may have asked for it, the last one first."""
    if step.kind != "tool":
        return []
    numbers = story.of_kind("model", until=step.number)[-_MAX_BACK:]
    return [story.step(number) for number in reversed(numbers)]


def _key(one: Step | Span) -> tuple[str, str]:
    return one.trace_id, one.span_id


def _asking(step: Step, own: Span, calls: Sequence[Step], facts: Facts) -> int | None:
    """Which of the calls asked for a tool call: by its id, else by the tool's name."""
    told = [(one, facts[_key(one)]) for one in calls if _key(one) in facts]
    if own.tool_call_id:
        for one, span in told:
            if any(request.call_id == own.tool_call_id for request in span.requested):
                return one.number
        if len(told) < len(calls):
            return None  # a call that was not read may have asked by the id
    for one, span in told:
        if one.agent == step.agent and any(r.name == step.tool for r in span.requested):
            return one.number
    return None


def _asked_by(story: Standing, asking: int | None) -> dict[str, Any] | None:
    if asking is None:
        return None
    call = story.step(asking)
    return {"step": asking, "agent": call.agent or None, "model": call.model or None}


def _act(parts: Parts, who: Principal, story: Standing, number: int) -> ShownAct | None:
    act = story.act_at(number)
    if act is None:
        return None
    return acts_of(parts, who, story, [act])[0]


def _attempt(story: Standing, number: int) -> dict[str, Any] | None:
    retry = story.retry_at(number)
    if retry is None:
        return None
    earlier = story.number_of.get((retry.earlier_trace_id, retry.earlier_span_id))
    return {
        "kind": retry.kind,
        "of_step": earlier,
        "reason": retry.reason,
        "source": retry.source,
        "target": retry.target,
    }


def _handoff(story: Standing, number: int) -> dict[str, Any] | None:
    handoff = story.handoff_at(number)
    if handoff is None:
        return None
    return {"source": handoff.source, "target": handoff.target or None, "kind": handoff.kind}


def _facts(step: Step, span: Span | None) -> dict[str, Any]:
    usage = span.usage if span is not None and step.kind == "model" else None
    first_ns = span.time_to_first_token_ns if span is not None else None
    took_ns = None if step.end_ns is None else max(0, step.end_ns - step.start_ns)
    return {
        "number": step.number,
        "kind": step.kind,
        "name": step.name,
        "trace_id": step.trace_id,
        "span_id": step.span_id,
        "agent": step.agent or None,
        "depth": step.depth,
        "started_at": to_rfc3339(step.start_ns),
        "ended_at": None if step.end_ns is None else to_rfc3339(step.end_ns),
        "duration_s": None if took_ns is None else took_ns / NS_PER_S,
        "status": step.status or None,
        "error": step.error or None,
        "model": step.model or None,
        "provider": (span.provider or None) if span is not None else None,
        "tool": step.tool or None,
        "call_id": (span.tool_call_id or None) if span is not None else None,
        "input_tokens": step.input_tokens,
        "output_tokens": step.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens if usage is not None else None,
        "cache_write_tokens": usage.cache_write_tokens if usage is not None else None,
        "reasoning_tokens": usage.reasoning_tokens if usage is not None else None,
        "cost_usd": None if step.cost_usd is None else f"{step.cost_usd:f}",
        "time_to_first_token_s": None if first_ns is None else first_ns / NS_PER_S,
        "finish_reasons": list(span.finish_reasons) if span is not None else [],
        "note": step.note or None,
    }
