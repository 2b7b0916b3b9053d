"""Amounts of money in a sentence: exact to a ten-thousandth of a cent, without a float's noise."""

from decimal import Decimal

_STEP = Decimal("0.000001")


def shown_usd(usd: Decimal | int) -> str:
    return f"{Decimal(usd).quantize(_STEP).normalize():f}"
