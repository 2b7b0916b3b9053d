"""A session to be read: who said, thought, called and decided what; and its outline."""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant, Usd
from quarterdeck.api.answers.people import PersonsAct
from quarterdeck.api.answers.step import StepHandoff
from quarterdeck.api.answers.texts import BoundedText, NamedValue, OmittedData
from quarterdeck.model.sessions import StepKind
from quarterdeck.model.spans import SpanStatus

EntryKind = Literal[
    "agent_begins", "agent_ends", "asked", "thought", "said", "tool", "person", "handoff",
    "model_failed", "retrieval", "guardrail", "evaluation", "memory", "step",
    "episode_opened", "episode_recovered",
]  # fmt: skip


class EpisodeMark(Answer):
    operation: str
    target: str | None
    reason: str | None
    opened_at_step: int | None
    recovered_at_step: int | None
    recovered: bool
    errors: int


class TranscriptEntry(Answer):
    kind: EntryKind
    step: int
    """Several entries may stand for one step; the attempts of one call are one entry."""
    at: Instant
    duration_s: float | None
    agent: str | None
    depth: int
    """How many agents it is within."""
    name: str | None
    """The tool, the agent that begins or ends, the model, the speaker."""
    text: BoundedText | None
    """What was asked, said or thought; an agent's task or answer; a result."""
    fields: list[NamedValue] | None
    """Arguments."""
    status: SpanStatus | None
    error: str | None
    attempts: list[int]
    """Steps of all attempts at this call, itself included; empty: there was one."""
    cost_usd: Usd | None
    media: list[OmittedData]
    act: PersonsAct | None
    handoff: StepHandoff | None
    episode: EpisodeMark | None
    ends_at_step: int | None
    """Of an agent that begins: its last step."""
    began_at_step: int | None
    """Of an agent that ends."""


class Transcript(Answer):
    session_id: str
    total: int
    """Steps."""
    entries: list[TranscriptEntry]
    next_from: int | None


class OutlineEntry(Answer):
    kind: Literal["turn", "agent", "phase", "error", "person", "handoff", "outcome"]
    title: str
    agent: str | None
    from_step: int
    to_step: int
    """Inclusive."""
    step_kind: StepKind | None
    status: Literal["ok", "error", "recovered", "waiting", "open"]
    at: Instant
    count: int
    """Of errors: how many failures; of a phase or agent: its steps."""
    cost_usd: Usd | None
    left_out: int
    """Entries below it that are not in the answer."""
    children: list["OutlineEntry"]


class Outline(Answer):
    session_id: str
    total: int
    """Steps."""
    entries: list[OutlineEntry]
    shown: int
    """Entries in the answer, at most 500."""
    left_out: int
