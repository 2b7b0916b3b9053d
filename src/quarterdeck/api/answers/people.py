"""What people did in a session, as rows of their own."""

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.api.answers.texts import BoundedText, NamedValue
from quarterdeck.model.interventions import HumanDecision, InterventionKind


class ChangedValue(Answer):
    """A field of what the agent wanted, or said, that a person changed."""

    name: str
    before: BoundedText | None
    """Null: it was not there."""
    after: BoundedText | None


class PersonsAct(Answer):
    kind: InterventionKind
    decision: HumanDecision
    by: str | None
    at: Instant
    waited_s: float | None
    pending: bool
    step: int | None
    """Where it stands in the story: the step itself, or the last one before it."""
    agent: str | None
    tool: str | None
    """What the agent wanted to call."""
    wanted: list[NamedValue] | None
    """With these arguments; null where nobody told."""
    question: str | None
    answer: str | None
    changes: list[ChangedValue]
    """Of a correction, as far as before and after are recorded."""
    next_step: int | None
    """The agent's next step after the act."""
    trace_id: str
    span_id: str


class SessionPeople(Answer):
    session_id: str
    count: int
    """Without the pending ones."""
    pending: int
    waited_s: float | None
    acts: list[PersonsAct]
    """By time; a session's first 500."""
