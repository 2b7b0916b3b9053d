"""Who changed what."""

from typing import Any

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class AuditEntry(Answer):
    at: Instant
    actor: str
    """`account:<address>`, `key:<key id>`, `local` or `cli`."""
    action: str
    """A noun and a verb: `session.delete`."""
    target: str
    details: dict[str, Any]


class AuditPage(Answer):
    audit: list[AuditEntry]
    next_cursor: Cursor
