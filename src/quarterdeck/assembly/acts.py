"""
What a person was asked, what the agent wanted, and what the person made of it.

The call that was asked about is found by its id, else by the tool's name next to the act.  Before
and after are told only as far as both are recorded.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from quarterdeck.assembly.shown import Field, Shown, as_text, bounded, fields_of, texts_of
from quarterdeck.assembly.standing import Standing
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.interventions import HumanDecision, Intervention, InterventionKind
from quarterdeck.model.messages import ToolCallPart
from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Content, Span

NEAR = 24
"""Steps before and after an act among which its call is looked for: the request is the step before
the act or a few more back, where several calls were asked for at once."""


class ReadStep(NamedTuple):
    """A step's span with what it saw and gave back."""

    span: Span
    content: Content


class CallSteps(NamedTuple):
    """Where the call stands that an act is about."""

    asking: int | None
    """The model call that asked for it."""
    running: int | None
    """The tool call."""
    saying: int | None = None
    """Of a correction without a call: the model call whose words were corrected."""


class Changed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    name: str
    before: Shown | None
    after: Shown | None


class ShownAct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    kind: InterventionKind
    decision: HumanDecision
    by: str | None
    at: str
    waited_s: float | None
    pending: bool
    step: int | None
    agent: str | None
    tool: str | None
    wanted: tuple[Field, ...] | None
    question: str | None
    answer: str | None
    changes: tuple[Changed, ...]
    next_step: int | None
    trace_id: str
    span_id: str


def steps_near(story: Standing, act: Intervention) -> list[Step]:
    """Model and tool calls among which the call that an act is about may be; the act's own step."""
    place = story.place_of(act)
    if place is None:
        return []
    near = story.steps[max(0, place - 1 - NEAR) : place + NEAR]
    return [s for s in near if s.kind in ("model", "tool") or s.number == place]


def call_of(story: Standing, act: Intervention, facts: Mapping[tuple[str, str], Span]) -> CallSteps:
    """Where the call of this act was asked for, and where it ran."""
    place = story.place_of(act)
    asking: int | None = None
    runs: list[int] = []
    for step in steps_near(story, act):
        span = facts.get((step.trace_id, step.span_id))
        if span is None:
            continue
        if step.kind == "model" and step.number <= (place or 0) and _asks(span, act):
            asking = step.number  # the last one that asks before the act
        if step.kind == "tool" and _runs(span, act):
            runs.append(step.number)
    here = place or 0
    # By an id the first is the one; a name may come again, and then the nearest is meant.
    running = min(runs, key=lambda n: (0 if act.call_id else abs(n - here), n), default=None)
    if asking is None and running is None:
        asking, running = _only_call(story, act, facts, here)
    saying = None
    if act.kind == "correction" and asking is None and running is None:
        calls = [s for s in steps_near(story, act) if s.kind == "model" and s.number <= here]
        saying = calls[-1].number if calls else None
    return CallSteps(asking, running, saying)


def _only_call(
    story: Standing, act: Intervention, facts: Mapping[tuple[str, str], Span], here: int
) -> tuple[int | None, int | None]:
    """Of a decision that does not say about what: the one call that the agent had just asked for,
    and the run of that tool that follows."""
    if act.call_id or act.tool or act.decision not in ("approved", "rejected", "modified"):
        return None, None
    near = steps_near(story, act)
    calls = [s for s in near if s.kind == "model" and s.number < here]
    span = facts.get((calls[-1].trace_id, calls[-1].span_id)) if calls else None
    if span is None or len(span.requested) != 1:
        return None, None
    name = span.requested[0].name
    runs = (s.number for s in near if s.kind == "tool" and s.number > here and s.tool == name)
    return calls[-1].number, next(runs, None)


def _asks(span: Span, act: Intervention) -> bool:
    if act.call_id:
        return any(request.call_id == act.call_id for request in span.requested)
    return bool(act.tool) and any(request.name == act.tool for request in span.requested)


def _runs(span: Span, act: Intervention) -> bool:
    if act.call_id and span.tool_call_id:
        return span.tool_call_id == act.call_id
    return bool(act.tool) and (span.tool or span.name) == act.tool


def shown_act(
    story: Standing, act: Intervention, steps: CallSteps, told: Mapping[int, ReadStep]
) -> ShownAct:
    place = story.place_of(act)
    asked = told.get(steps.asking) if steps.asking is not None else None
    ran = told.get(steps.running) if steps.running is not None else None
    own = told.get(place) if place is not None else None
    said = told.get(steps.saying) if steps.saying is not None else None
    wanted = asked_arguments(asked.content, act.call_id, act.tool) if asked is not None else None
    executed = ran.content.input if ran is not None else None
    if wanted is None and own is not None and own.span.kind == "human":
        wanted = _as_object(own.content.input)
    if wanted is None and act.decision != "modified":
        wanted = executed
    return ShownAct(
        kind=act.kind,
        decision=act.decision,
        by=act.by or None,
        at=to_rfc3339(act.at_ns),
        waited_s=None if act.waited_ns is None else act.waited_ns / NS_PER_S,
        pending=act.pending,
        step=place,
        agent=act.agent or None,
        tool=act.tool or (story.step(steps.running).tool if steps.running else None) or None,
        wanted=_fields(wanted),
        question=act.question or None,
        answer=act.answer or None,
        changes=tuple(changes(act, wanted, executed, said=_words(said.content) if said else "")),
        next_step=_next_step(story, act, place),
        trace_id=act.trace_id,
        span_id=act.span_id,
    )


def asked_arguments(content: Content, call_id: str, tool: str) -> Any:
    """The arguments that a model gave in its output; None if it did not call this."""
    calls = [
        part
        for message in content.output_messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    by_id = [call for call in calls if call_id and call.id == call_id]
    by_name = [call for call in calls if call.name == tool and not (call_id and call.id)]
    found = by_id or by_name or (calls if len(calls) == 1 and not call_id and not tool else [])
    return found[0].arguments if found else None


def changes(act: Intervention, wanted: Any, executed: Any, *, said: str = "") -> Iterator[Changed]:
    """What a correction changed, field by field where there are fields; else against what the
    agent had `said`."""
    if act.kind != "correction" and act.decision != "modified":
        return
    before = _as_object(wanted)
    after = _as_object(act.answer) if act.answer else None
    if after is None and executed is not None and act.decision == "modified":
        after = _as_object(executed)
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before != after:
        yield from _changed_fields(before, after)
    elif act.answer:
        was = as_text(wanted) if wanted is not None else act.question or said
        yield Changed(
            name="arguments" if wanted is not None else "text",
            before=bounded(was) if was else None,
            after=bounded(act.answer),
        )


def _words(content: Content) -> str:
    return "\n".join(texts_of(content.output_messages)) or as_text(content.output)


def _changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Changed]:
    for name in dict.fromkeys((*before, *after)):
        was, is_now = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if was != is_now:
            yield Changed(name=str(name), before=_value(was), after=_value(is_now))


_ABSENT = object()


def _value(value: Any) -> Shown | None:
    if value is _ABSENT:
        return None
    return bounded(json.dumps(value) if not isinstance(value, str) else value)


def _as_object(value: Any) -> Any:
    """A text that is a JSON object as that object; everything else as it is."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _fields(arguments: Any) -> tuple[Field, ...] | None:
    if arguments is None:
        return None
    fields = fields_of(arguments, "")
    if fields or arguments in ({}, ""):
        return fields
    kind: Literal["text", "json"] = "text" if isinstance(arguments, str) else "json"
    return (Field(name="arguments", kind=kind, value=bounded(as_text(arguments))),)


def _next_step(story: Standing, act: Intervention, place: int | None) -> int | None:
    if place is None or act.pending:
        return None
    later = [s for s in story.steps[place : place + 1_000] if s.start_ns >= act.at_ns]
    own = (step.number for step in later if step.agent == act.agent)
    return next(own, later[0].number if later else None)
