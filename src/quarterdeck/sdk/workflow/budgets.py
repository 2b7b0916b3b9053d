"""A session's limits, as an agent asks about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from quarterdeck.workflows.budget import Ceiling, Limit, Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """At the moment of asking."""

    ceilings: tuple[Ceiling, ...]
    """All that hold, the session's before its task type's; () = no limit."""
    spent: Spent | None
    """As far as this process sees it; None outside a session."""

    def left(self, limit: Limit) -> Decimal | None:
        """What is left of `usd`, `tokens`, `model_calls`, `tool_calls` or `duration_s`; never below
        0.  None = no limit, or no session."""
        if self.spent is None:
            return None
        spent = Decimal(str(getattr(self.spent, limit)))
        amounts = [one.amount for one in self.ceilings if one.limit == limit]
        return max(Decimal(0), min(amounts) - spent) if amounts else None
