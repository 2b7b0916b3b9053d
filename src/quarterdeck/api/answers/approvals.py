"""Approvals: what waits for a person, and what was decided."""

from typing import Any, Literal

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class ApprovalShown(Answer):
    approval_id: str
    state: Literal["waiting", "approved", "rejected", "changed", "expired", "cancelled"]
    """`changed` is approved, with other arguments; `expired`: nobody decided in time."""
    allowed: bool | None
    """Whether the call may run: what was decided, or the default of one that expired.  Null while
    it waits."""
    session_id: str
    trace_id: str
    span_id: str
    agent: str
    tool: str
    question: str
    arguments: dict[str, Any]
    """As asked about, without secrets."""
    rule: str
    """Why a person is asked, as the manifest says it."""
    workflow: str
    version: int | None
    environment: str
    default: Literal["allow", "deny"]
    """What holds when nobody decides in time."""
    asked_at: Instant
    expires_at: Instant
    """From this instant on it is no longer waited for."""
    waited_s: float
    """Until it was decided, was over, or until now."""
    decided_at: Instant | None
    decided_by: str
    reason: str
    changed_arguments: dict[str, Any] | None
    """With which the call runs where the person changed them; null where they stayed."""


class ApprovalList(Answer):
    approvals: list[ApprovalShown]
    """Newest first."""
    total: int
    next_cursor: Cursor
