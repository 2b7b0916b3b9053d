"""What a model asked for, before anything ran."""

import msgspec


class ToolRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One tool call in a model's output.  Ids are unique per provider only: also compare names."""

    name: str
    call_id: str = ""
    target: str = ""
    """What the call is to act on, where the tool's own span does not tell it (AutoGen)."""
    arguments_hash: str = ""
    """Likewise."""
