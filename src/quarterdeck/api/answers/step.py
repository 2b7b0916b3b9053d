"""One step as the agent stood there: what it saw, what had changed, what it had spent."""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant, Usd
from quarterdeck.api.answers.people import PersonsAct
from quarterdeck.api.answers.texts import BoundedText, NamedValue, ShownMessage, ShownPart
from quarterdeck.model.handoffs import HandoffKind
from quarterdeck.model.sessions import StepKind
from quarterdeck.model.spans import SpanStatus

Change = Literal["kept", "added", "removed", "changed"]


class StandingStep(Answer):
    number: int
    kind: StepKind
    name: str
    trace_id: str
    span_id: str
    agent: str | None
    depth: int
    started_at: Instant
    ended_at: Instant | None
    duration_s: float | None
    """Null while it is open."""
    status: SpanStatus | None
    error: str | None
    model: str | None
    provider: str | None
    tool: str | None
    call_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: Usd | None
    time_to_first_token_s: float | None
    finish_reasons: list[str]
    note: str | None


class SeenMessage(Answer):
    """A message of this call's input, or one that the call before had and this one has not."""

    change: Change | None
    """Against the call before; null where there is none to compare with."""
    role: str
    name: str | None
    tokens: int
    """Estimated by length, scaled to the known sum."""
    parts: list[ShownPart]
    before: list[ShownPart] | None
    """Of a changed one: what stood there at the call before."""


class WhatItSaw(Answer):
    compared_with: int | None
    """The step of the model call before, by the same agent; null: this is its first."""
    kept: int
    added: int
    removed: int
    changed: int
    messages: list[SeenMessage]
    """In order.  Removed ones stand where they stood."""
    left_out: int
    """Kept messages that are not in the list, the oldest first: an answer is bounded."""


class ContextPart(Answer):
    what: Literal["system", "history", "tool_results", "memory", "tool_definitions"]
    tokens: int
    share: float
    """Of 1."""
    items: int
    """Messages, parts or definitions."""


class ContextWindow(Answer):
    input_tokens: int | None
    """As the sender told; null: nobody told, and the parts are estimated by length alone."""
    cache_read_tokens: int | None
    window_tokens: int | None
    """What fits, by the price tables; null: not known."""
    estimated: bool
    """The parts are: a sender tells the sum only."""
    parts: list[ContextPart]
    """They sum up to `input_tokens` where that is known."""


class OfferedTool(Answer):
    name: str
    description: str | None


class ToolChoice(Answer):
    offered: list[OfferedTool] | None
    """Null where the sender does not tell what was offered."""
    chosen: list[str]
    """In the order of the calls; a tool called twice stands twice."""


class MemoryUse(Answer):
    step: int
    name: str
    text: BoundedText | None


class MemoryAtStep(Answer):
    read: list[MemoryUse]
    """Latest first, at most 20."""
    written: list[MemoryUse]
    read_count: int
    written_count: int


class SoFar(Answer):
    """From the session's begin to the end of this step."""

    cost_usd: Usd | None
    """Null if nothing could be priced yet."""
    cost_share: float | None
    """Of the cost of all steps."""
    unpriced_calls: int
    elapsed_s: float
    waited_s: float
    """For people, known waits only."""
    model_calls: int
    tool_calls: int
    errors: int
    people: int
    """Acts of people."""


class StepEpisode(Answer):
    """The error episode that this step is part of."""

    operation: str
    target: str | None
    reason: str | None
    opened_at_step: int | None
    recovered_at_step: int | None
    """Null: never recovered, or not by a step."""
    recovered: bool
    by_fallback: bool
    errors: int
    attempts: list[int]
    """Steps: the failures that are known, and the success."""
    attempt: int
    """Which of them this step is, from 1."""


class StepAttempt(Answer):
    kind: Literal["retry", "fallback"]
    of_step: int | None
    reason: str
    source: str
    target: str


class StepHandoff(Answer):
    source: str
    target: str | None
    kind: HandoffKind


class AskingCall(Answer):
    """The model call that asked for this tool call."""

    step: int
    agent: str | None
    model: str | None


class StepPlaces(Answer):
    """Step numbers; null: there is none."""

    previous: int | None
    next: int | None
    previous_of_agent: int | None
    next_of_agent: int | None
    previous_error: int | None
    next_error: int | None
    previous_person: int | None
    next_person: int | None
    previous_turn: int | None
    next_turn: int | None
    previous_model: int | None
    next_model: int | None
    previous_handoff: int | None
    next_handoff: int | None
    around: int | None
    """The step that it is part of."""


class StepContent(Answer):
    """What it was given and what it gave back; a model call's input is in `saw`."""

    fields: list[NamedValue] | None
    """Arguments of a tool call, or another input that has fields."""
    input: BoundedText | None
    """An input without fields."""
    messages_in: list[ShownMessage]
    """Of steps that are no model call."""
    messages_out: list[ShownMessage]
    output: BoundedText | None
    truncated: bool
    """Some JSON was cut by the sender's limits."""


class StepAnswer(Answer):
    session_id: str
    total: int
    step: StandingStep
    content: StepContent | None
    no_content: str | None
    """Why there is none: nothing was recorded, or the span is gone."""
    saw: WhatItSaw | None
    """Of model calls whose input was recorded."""
    context: ContextWindow | None
    tools: ToolChoice | None
    memory: MemoryAtStep
    asked_by: AskingCall | None
    so_far: SoFar
    episode: StepEpisode | None
    attempt: StepAttempt | None
    act: PersonsAct | None
    handoff: StepHandoff | None
    places: StepPlaces


class StepPart(Answer):
    """One text of a step, whole where `full=true` asked for it."""

    session_id: str
    number: int
    part: str
    text: BoundedText
