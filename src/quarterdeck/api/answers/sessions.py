"""The list of sessions, its facets, and what deleting answers."""

from quarterdeck.api.answers.answer import Answer, Cursor
from quarterdeck.api.answers.session import SessionRecord
from quarterdeck.api.answers.shapes import Estimate


class SessionRow(SessionRecord):
    """A row of the list: the record, and what only a list needs."""

    asked: str | None
    """What was asked, its first 300 characters; null = not told, or not read yet."""
    answered: str | None
    """What came back last."""
    error: str | None
    """The last error that nothing recovered from, else the last error."""
    shape: str
    """One mark for each of at most 120 slices of its steps, the loudest of the slice: `x` an error,
    `r` one that was recovered, `h` a person, `>` a handoff, `a` agent, `m` model, `t` tool,
    `k` retrieval, `g` guardrail, `e` evaluation, `y` memory, `s` step; "" = not read yet."""


class SessionList(Answer):
    sessions: list[SessionRow]
    next_cursor: Cursor


class FacetValue(Answer):
    value: str
    sessions: int
    known: int
    """Sessions of it whose outcome is known."""
    failures: int
    failure: Estimate
    """Failures / known outcomes."""


class Facets(Answer):
    total: int
    facets: dict[str, list[FacetValue]]
    """By field, each one's most frequent values first; fields without any are left out."""


class SessionDeleted(Answer):
    session_id: str
    traces: int


class UserDeleted(Answer):
    user: str
    sessions: int
