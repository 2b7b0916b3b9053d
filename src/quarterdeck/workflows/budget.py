"""
What a session may still spend.

Limits are inclusive: a session with `tool_calls: 10` makes ten.  Asked *before* a call, so that
the eleventh is not made.  Beside the session's budget that of its task type counts, so the lower
limit is met first; each says what happens then.

Not here: counting.  What nobody counted is zero, and what could not be priced is told beside.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from quarterdeck.workflows.manifest import Budget, Manifest

Limit = Literal["usd", "tokens", "model_calls", "tool_calls", "duration_s"]
LIMITS: tuple[Limit, ...] = ("usd", "tokens", "model_calls", "tool_calls", "duration_s")
OnExceeded = Literal["stop", "ask", "warn"]
Call = Literal["tool", "model"]

_STRICTNESS: dict[OnExceeded, int] = {"warn": 0, "ask": 1, "stop": 2}


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Of one session until now, as far as it is known."""

    usd: Decimal = Decimal(0)
    tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    duration_s: float = 0.0
    unpriced_calls: int = 0
    """Model calls that nobody knows the price of: `usd` is without them."""


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that holds for one session."""

    limit: Limit
    amount: Decimal
    on_exceeded: OnExceeded
    source: str
    """`session`, or `task TYPE`."""


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """A ceiling that one more call would be above."""

    ceiling: Ceiling
    spent: Decimal

    @property
    def words(self) -> str:
        """For the model and for people, without a period."""
        ceiling = self.ceiling
        spent = f"{self.spent:.9f}".rstrip("0").rstrip(".")
        return (
            f"the {ceiling.source} budget allows {ceiling.limit} {ceiling.amount:f}, "
            f"and {spent} are spent"
        )


def ceilings_of(manifest: Manifest, task_type: str) -> tuple[Ceiling, ...]:
    """All that hold for a session of this task type, the session's before the task's."""
    budgets = manifest.budgets
    known: list[tuple[str, Budget]] = []
    if isinstance(budgets.session, Budget):
        known.append(("session", budgets.session))
    if task_type in budgets.tasks:
        known.append((f"task {task_type}", budgets.tasks[task_type]))
    return tuple(
        Ceiling(
            limit=limit,
            amount=Decimal(str(getattr(budget, limit))),
            on_exceeded=budget.on_exceeded,
            source=source,
        )
        for source, budget in known
        for limit in LIMITS
        if getattr(budget, limit) is not msgspec.UNSET
    )


def exceeded(ceilings: tuple[Ceiling, ...], spent: Spent, *, call: Call) -> Excess | None:
    """
    The strictest ceiling that one more call of this kind would be above; None = it may be made.

    A model call takes at least one token: a session that has spent all of them has none left.
    """
    found = [
        Excess(ceiling=ceiling, spent=Decimal(str(getattr(spent, ceiling.limit))))
        for ceiling in ceilings
        if _is_above(ceiling, spent, call)
    ]
    return max(found, key=lambda one: _STRICTNESS[one.ceiling.on_exceeded], default=None)


def _is_above(ceiling: Ceiling, spent: Spent, call: Call) -> bool:
    now = Decimal(str(getattr(spent, ceiling.limit)))
    match ceiling.limit:
        case "tool_calls":
            return call == "tool" and now + 1 > ceiling.amount
        case "model_calls":
            return call == "model" and now + 1 > ceiling.amount
        case "tokens" | "usd":
            return now >= ceiling.amount if call == "model" else now > ceiling.amount
        case "duration_s":
            return now > ceiling.amount
