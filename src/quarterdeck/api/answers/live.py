"""
The data of the events that the two live streams send, each as one line of JSON.

A stream's schema is a union: the event's name says which one it is.
"""

from quarterdeck.api.answers.answer import Answer, Digits
from quarterdeck.api.answers.session import SessionRecord
from quarterdeck.api.answers.sessions import SessionRow
from quarterdeck.api.answers.steps import ActMark, SkeletonKind


class LiveSessions(Answer):
    """`sessions`: rows of the list as they are now; each replaces the one with its id."""

    sessions: list[SessionRow]
    gone: list[str]
    """Ids of sessions that are no more: deleted, or merged into another."""


class LiveReset(Answer):
    """`reset`: more has changed than is told one by one; read anew what is shown."""

    reason: str


class LiveEnd(Answer):
    """`end`: the last event.  Unless the credential ended, connect again after a second."""

    reason: str
    code: str


class NewTexts(Answer):
    """To be put behind the texts that are known: theirs keep their positions."""

    names: list[str]
    kinds: list[SkeletonKind]
    agents: list[str]
    traces: list[str]


class ChangedRows(Answer):
    """Rows below `since` that are told again, as columns; `row` says which."""

    row: list[int]
    name: list[int]
    agent: list[int]
    duration_us: list[int]
    error: list[int]
    cost_nano: list[int | None]
    episode: list[int]
    retry: list[int]


class LiveSkeleton(Answer):
    """
    `skeleton`: what has changed since `before`.  Forget the rows from `since` on, put these in
    their place (columns as in the skeleton), and replace the values of the rows in `changed`.
    """

    before: str
    """The revision that it goes on from; "": forget all rows and all texts."""
    revision: str
    open: bool
    started_ns: Digits
    since: int
    count: int
    total: int
    steps: int
    new: NewTexts
    changed: ChangedRows
    parent: list[int]
    name: list[int]
    kind: list[int]
    agent: list[int]
    start_us: list[int]
    """From the row before; of the first one here from the session's start."""
    duration_us: list[int]
    error: list[int]
    cost_nano: list[int | None]
    step: list[int]
    depth: list[int]
    episode: list[int]
    retry: list[int]
    trace: list[int]
    span: list[str]
    acts: list[ActMark]
    """All of the session's, in place of those that are known."""


class LiveRecord(Answer):
    """`record`: the session's record as it is now."""

    session: SessionRecord
