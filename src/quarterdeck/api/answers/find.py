"""Which steps of a session hold a text."""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.model.sessions import StepKind

Where = Literal["name", "error", "instructions", "input", "arguments", "output", "result"]


class FindSnippet(Answer):
    where: Where
    text: str
    """Some words around the first hit there; `…` where it was cut."""
    hit_at: int
    """Where the hit begins in `text`, in characters."""
    hit_length: int
    hits: int


class FoundStep(Answer):
    number: int
    kind: StepKind
    name: str
    agent: str | None
    started_at: Instant
    hits: int
    repeated: bool
    """Only in what earlier steps had said already: older messages of a model call's input."""
    snippets: list[FindSnippet]


class SessionFind(Answer):
    session_id: str
    text: str
    steps: list[FoundStep]
    """In order."""
    hits: int
    """In the steps of this answer."""
    searched: int
    """Steps that were looked at, from `from` on."""
    total: int
    partial: bool
    """Not all were looked at: go on with `from=next_from`."""
    next_from: int | None
