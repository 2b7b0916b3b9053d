"""What this project received lately, by the library that sent it."""

from quarterdeck.api.answers.answer import Answer, Instant


class ReceivedScope(Answer):
    scope: str | None
    """Which library's tracer made the spans; null: it did not say."""
    dialects: list[str]
    spans: int
    recognized: int
    traces: int
    dropped: int
    with_problems: int
    last_received_at: Instant


class Received(Answer):
    since: Instant
    spans: int
    complete: bool
    """False: there were more than were looked at."""
    scopes: list[ReceivedScope]
