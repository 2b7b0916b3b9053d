"""
Two sessions side by side: aligned steps, where they part, and what differed in the input there.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant, Usd


class AlignedStep(Answer):
    number: int
    kind: str
    label: str
    agent: str | None
    status: str | None
    error: str | None
    started_at: Instant
    duration_s: float | None
    cost_usd: Usd | None


class AlignedRun(Answer):
    """
    Steps next to each other in both sessions.

    `equal`: the same decisions one after the other, told by their ends and number only, with `a`
    and `b` empty.  `changed`: different steps at one place.  `only_a`, `only_b`: the other session
    did nothing here.
    """

    kind: Literal["equal", "changed", "only_a", "only_b"]
    a_from: int | None
    """Step numbers, both ends inclusive; null = none of this session."""
    a_to: int | None
    b_from: int | None
    b_to: int | None
    a_steps: int
    b_steps: int
    labels: list[str]
    """Of an equal run: its first decisions, at most 5."""
    a: list[AlignedStep]
    b: list[AlignedStep]
    """At most 50 of each; `a_steps` and `b_steps` are complete."""


class ComparedMessage(Answer):
    role: str
    preview: str
    characters: int


class ChangedMessage(Answer):
    position: int
    role: str
    a: str
    b: str
    """The surroundings of the first place where the two differ."""
    differs_at: int
    """Characters from the beginning."""


class InputDifference(Answer):
    """What the two model calls before the parting saw."""

    a_step: int | None
    b_step: int | None
    """null = no model call before it, or its content is not kept."""
    known: bool
    equal: bool
    same_messages: int
    """At the beginning of both."""
    only_a: list[ComparedMessage]
    only_b: list[ComparedMessage]
    changed: list[ChangedMessage]
    system_prompt: ChangedMessage | None
    """null = the same in both."""
    tools_only_a: list[str]
    tools_only_b: list[str]
    tools_changed: list[str]
    """Offered in both, with different definitions."""
    model_a: str | None
    model_b: str | None


class Parting(Answer):
    """The first place where the sessions did different things."""

    a_step: int | None
    b_step: int | None
    """null = that session had ended."""
    a: AlignedStep | None
    b: AlignedStep | None
    same_before: int
    """Steps that are equal before it."""
    input: InputDifference


class ComparedTotals(Answer):
    session_id: str
    task: str | None
    task_type: str | None
    outcome: str
    outcome_reason: str | None
    workflow: str | None
    version: str | None
    started_at: Instant
    duration_s: float
    waited_s: float
    steps: int
    model_calls: int
    tool_calls: int
    tool_errors: int
    interventions: int
    error_episodes: int
    recovered: int
    input_tokens: int
    output_tokens: int
    cost_usd: Usd | None
    unpriced_calls: int
    models: list[str]


class OtherTarget(Answer):
    """The first decision that is the same in both and was about another thing."""

    a_step: int
    b_step: int
    label: str
    a: str
    b: str
    """What each acted on: a path, a command, an id."""


class Rejoin(Answer):
    a_step: int
    b_step: int
    equal_steps: int


class SessionComparison(Answer):
    a: ComparedTotals
    b: ComparedTotals
    equal_steps: int
    similarity: float | None
    """2 x equal steps / all steps of both; null if neither has any."""
    is_exact: bool
    """False: the sessions are so different that parts of them were aligned by landmarks only."""
    other_target: OtherTarget | None
    """null = none before the parting."""
    parting: Parting | None
    """null = they did the same."""
    rejoins: list[Rejoin]
    """Where equal decisions begin again, at most 100."""
    runs: list[AlignedRun]
    """In order; they cover every step of both.  At most 1,000, see `runs_left_out`."""
    runs_left_out: int
