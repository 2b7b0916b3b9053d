"""
Transaction numbers: what Braintrust's clients take for versions of prompts and of datasets.

They compare them as text (the greatest is the newest), so all of ours have as many digits.
"""

_FIRST = 1_000_000_000_000_000
"""Sixteen digits, as Braintrust's own; version 1 is the number after it."""


def transaction(version: int) -> str:
    return str(_FIRST + max(0, version))


def number_of(spelled: str) -> int | None:
    """The version; None for what is no number of ours."""
    if not (spelled.isascii() and spelled.isdigit()) or len(spelled) > 16:
        return None
    number = int(spelled)
    return number - _FIRST if number > _FIRST else None
