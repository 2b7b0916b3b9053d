"""
A project's own prices: contracts, self-hosted models, private deployments.

They come before every table.  The first row that matches provider, model and the call's
instant wins, in the order in which the project lists them.
"""

from collections.abc import Iterable
from decimal import Decimal
from fnmatch import fnmatchcase

import msgspec

from quarterdeck.cost.rates import Rates


class PriceOverride(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """USD per million tokens.  A price that is left out falls back to `input` or `output`."""

    model: str
    """A name or a glob (`llama-*`), compared in lower case with the served and asked model."""
    provider: str = "*"
    valid_from_ns: int = 0
    """Inclusive."""
    valid_until_ns: int = 2**63 - 1
    """Exclusive."""
    input_usd_per_mtok: Decimal = Decimal(0)
    output_usd_per_mtok: Decimal = Decimal(0)
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    reasoning_usd_per_mtok: Decimal | None = None
    per_call_usd: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)


def find_override(
    overrides: Iterable[PriceOverride], *, provider: str, models: Iterable[str], at_ns: int
) -> PriceOverride | None:
    names = [name.lower() for name in models if name]
    for row in overrides:
        if not row.valid_from_ns <= at_ns < row.valid_until_ns:
            continue
        if not fnmatchcase(provider.lower(), row.provider.lower()):
            continue
        if any(fnmatchcase(name, row.model.lower()) for name in names):
            return row
    return None


def rates_of(row: PriceOverride) -> Rates:
    return Rates(
        input=row.input_usd_per_mtok,
        output=row.output_usd_per_mtok,
        cache_read=row.cache_read_usd_per_mtok,
        cache_write=row.cache_write_usd_per_mtok,
        cache_write_1h=row.cache_write_1h_usd_per_mtok,
        reasoning=row.reasoning_usd_per_mtok,
        per_call=row.per_call_usd,
        factor=(Decimal(100) - row.discount_percent) / 100,
    )
