"""The list of sessions, its facets, and what deleting answers."""

from quarterdeck.api.answers.answer import Answer, Cursor
from quarterdeck.api.answers.session import SessionRecord


class SessionRow(SessionRecord):
    """A row of the list: the record, and what only a list needs."""


class SessionList(Answer):
    sessions: list[SessionRow]
    next_cursor: Cursor


class FacetValue(Answer):
    value: str
    sessions: int


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
