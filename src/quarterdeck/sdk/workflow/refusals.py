"""
What the agent's workflow version, or a person, does not let through.

Both are `Forbidden`: who calls can't change it by trying again.  The message is written for the
model: it says what was not done and why, so an agent may hand it on as the tool's result.
"""

from __future__ import annotations

from quarterdeck.errors import Forbidden


class ToolDenied(Forbidden):
    """A tool call that was not made: denied by the version, by a person, or by nobody's answer."""

    code = "tool_denied"

    def __init__(
        self, message: str, *, tool: str, rule: str = "", by: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.tool = tool
        self.rule = rule
        """What decided, as the manifest writes it; "" where no rule did."""
        self.by = by
        """Who refused; "" where no person did."""


class BudgetExceeded(Forbidden):
    """A call that was not made because the session has spent what it may."""

    code = "budget_exceeded"

    def __init__(self, message: str, *, limit: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.limit = limit
        """usd, tokens, model_calls, tool_calls or duration_s."""
