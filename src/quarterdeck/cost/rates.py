"""
Rates of one model, and what a usage costs at them.

Counts are our nested ones (`model/usage.py`): what has a rate of its own is taken out of the
count that includes it, what has none is paid at the including rate.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from quarterdeck.model.usage import Usage

MILLION = Decimal(1_000_000)


class Tier(NamedTuple):
    above_input_tokens: int
    """Exclusive: the tier begins at one token more."""
    usd_per_mtok: Decimal


class Tiered(msgspec.Struct, frozen=True, kw_only=True):
    """The highest tier whose bound the call's total input exceeds prices the whole call."""

    base: Decimal
    tiers: tuple[Tier, ...]
    """Ascending."""


Price = Decimal | Tiered


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """USD per million tokens; None = no rate of its own."""

    input: Price | None = None
    output: Price | None = None
    cache_read: Price | None = None
    cache_write: Price | None = None
    cache_write_1h: Price | None = None
    reasoning: Price | None = None
    per_call: Decimal = Decimal(0)
    factor: Decimal = Decimal(1)


def price_at(price: Price, total_input_tokens: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    for tier in reversed(price.tiers):
        if total_input_tokens > tier.above_input_tokens:
            return tier.usd_per_mtok
    return price.base


def cost_of(usage: Usage, rates: Rates, *, has_output: bool = True) -> Decimal | None:
    """
    USD for one call; None when a count that has a price was not told.

    Half a bill is worse than none: a call with known input and unknown output is unpriced.
    `has_output` False is for calls that have none by nature (embeddings).
    """
    total_input, total_output = usage.input_tokens, usage.output_tokens
    if total_input is None and total_output is None:
        return None
    if total_input is None and rates.input is not None:
        return None
    if total_output is None and has_output and not _is_free(rates.output):
        return None
    context = total_input or 0
    total = _part(
        context,
        rates.input,
        context,
        (
            (usage.cache_read_tokens or 0, rates.cache_read),
            *_cache_writes(usage, rates),
        ),
    )
    total += _part(
        total_output or 0,
        rates.output,
        context,
        ((usage.reasoning_tokens or 0, rates.reasoning),),
    )
    return (total / MILLION + rates.per_call) * rates.factor


def _cache_writes(usage: Usage, rates: Rates) -> tuple[tuple[int, Price | None], ...]:
    written = usage.cache_write_tokens or 0
    for_an_hour = min(usage.cache_write_1h_tokens or 0, written) if rates.cache_write_1h else 0
    return (written - for_an_hour, rates.cache_write), (for_an_hour, rates.cache_write_1h)


def _part(
    count: int, price: Price | None, context: int, inner: Sequence[tuple[int, Price | None]]
) -> Decimal:
    """Micro-dollars of one direction, its parts with own rates taken out of the whole."""
    total = Decimal(0)
    rest = count
    for inner_count, inner_price in inner:
        if inner_count and inner_price is not None:
            total += inner_count * price_at(inner_price, context)
            rest -= inner_count
    if price is not None and rest > 0:
        total += rest * price_at(price, context)
    return total


def _is_free(price: Price | None) -> bool:
    return price is None or price == 0
