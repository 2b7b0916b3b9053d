"""
Amounts in a sentence: money exact to a ten-thousandth of a cent, without a float's noise; how many
there are of a thing; and which.
"""

from collections.abc import Sequence
from decimal import Decimal

_STEP = Decimal("0.000001")

_SHOWN = 5
"""Ids in a finding: enough to look for them, short enough for one line."""


def shown_usd(usd: Decimal | int) -> str:
    return f"{Decimal(usd).quantize(_STEP).normalize():f}"


def so_many(number: int, what: str) -> str:
    """`1 tool call`, `3 tool calls`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def some(ids: Sequence[str]) -> str:
    """The first of them, and whether there are more."""
    return ", ".join(map(repr, ids[:_SHOWN])) + (", …" if len(ids) > _SHOWN else "")
