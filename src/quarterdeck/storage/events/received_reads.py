"""
What arrived lately, and whether we understood it: for who asks why nothing shows up.

Deliveries are counted, not spans: one that is sent twice arrived twice.
"""

from typing import NamedTuple

from quarterdeck.storage.events.connection import EventConnection, question
from quarterdeck.storage.events.scope import ProjectScope

_MAX_SCOPES = 200
"""An agent uses some ten libraries that report; more rows than this nobody reads."""


MOST = 500_000
"""Deliveries that are looked at.  A JSON of facts takes some 3 us: an hour of a busy server would
take a minute, and a part of it tells the same libraries."""


class ReceivedRow(NamedTuple):
    scope: str
    """The instrumentation scope: which library's tracer made the spans; "" = it did not say."""
    dialects: list[str]
    """Which of our readers recognized any of them, at most 20."""
    spans: int
    recognized: int
    """How many of the spans some dialect recognized: the others are plain steps."""
    traces: int
    dropped: int
    """Attributes, events and links that the sender's SDK dropped."""
    with_problems: int
    """Spans of which something could not be read."""
    last_received_ns: int


def received(
    db: EventConnection, scope: ProjectScope, *, since_ns: int, most: int = MOST
) -> list[ReceivedRow]:
    """What arrived at or after `since_ns`, by scope, most first; of more than `most`, some."""
    params = scope.params() | {"since_ns": since_ns, "limit": _MAX_SCOPES, "most": most}
    return [ReceivedRow(*row) for row in db.rows(question("received"), params)]
