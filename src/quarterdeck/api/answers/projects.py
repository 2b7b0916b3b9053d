"""
Answers about a project's settings: a pattern tried, models without a price, what a retention takes.
"""

from quarterdeck.api.answers.answer import Answer, Instant


class Hidden(Answer):
    """One place of the text, [start, end) in characters (Unicode code points)."""

    start: int
    end: int
    kind: str
    """What it is replaced by says so: `[redacted:kind]`.  `pattern` = found by a pattern tried."""


class RedactionTriedAnswer(Answer):
    text: str
    """As it would be stored."""
    hidden: list[Hidden]
    """By start; places of the text as pasted."""


class UnpricedModel(Answer):
    model: str
    calls: int
    """Without a price."""
    all_calls: int
    sessions: int
    first_at: Instant
    """Began of the first session with one."""
    last_at: Instant
    q: str
    """The filter that shows the sessions."""


class UnpricedAnswer(Answer):
    models: list[UnpricedModel]
    """Most calls without a price first, at most 200."""


class RetentionAnswer(Answer):
    """What would be deleted if the project kept so many days."""

    days: int
    before: Instant | None
    """Sessions last heard of before go; null: nothing is deleted."""
    sessions: int
    spans: int
    kept_sessions: int
    oldest_at: Instant | None
    """When the oldest session that would go was last heard of."""
