"""
Which writes a revert is about.

All that is said must hold of a write: `session_id` and `since_ns` together mean what that session
wrote since then.  A checkpoint alone (with or without an environment and a namespace) means more:
back to it, so that memory is as it was then.  With anybody or any time beside it, it only means
what was written after it.

Refused: a selection that names neither who, nor when, nor a checkpoint.  Everything that was ever
learned is not gone by leaving a field out.
"""

import msgspec

from quarterdeck.errors import Invalid


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    session_id: str = ""
    workflow: str = ""
    version: int | None = None
    """Of `workflow`."""
    user: str = ""
    """Whose task it was, as the writer told."""
    since_ns: int | None = None
    until_ns: int | None = None
    """Written in [since, until)."""
    checkpoint: str = ""
    """Id or name."""
    environment: str | None = None
    """None: all; "" is an environment of its own."""
    namespace: str = ""
    """ "" means all."""

    @property
    def is_back_to(self) -> bool:
        """Whether memory becomes what the checkpoint shows, and not only loses writes."""
        return bool(self.checkpoint) and not self.says_who_or_when

    @property
    def says_who_or_when(self) -> bool:
        return bool(
            self.session_id
            or self.workflow
            or self.user
            or self.since_ns is not None
            or self.until_ns is not None
        )


def checked(selection: Selection) -> Selection:
    """The selection itself.  Raises `Invalid` for one that says too little or nothing sensible."""
    if selection.version is not None and not selection.workflow:
        raise Invalid(f"version {selection.version} of which workflow?", hint="Say `workflow` too.")
    if not selection.says_who_or_when and not selection.checkpoint:
        raise Invalid(
            "nothing says whose writes to revert",
            hint="Say at least one of session, workflow, user, since, until and checkpoint.",
        )
    since_ns, until_ns = selection.since_ns, selection.until_ns
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        raise Invalid("nothing is written between since and until", hint="`until` is exclusive.")
    return selection
