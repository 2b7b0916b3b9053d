"""API keys as they may be shown: the secret is in one answer only."""

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.storage.records.keys import Scope


class KeyShown(Answer):
    key_id: str
    name: str
    prefix: str
    """The key's first characters, to recognize it by."""
    scopes: list[Scope]
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None
    """To about a minute."""


class KeyMade(KeyShown):
    secret: str
    """The key itself; nobody can show it again."""


class KeyList(Answer):
    keys: list[KeyShown]
