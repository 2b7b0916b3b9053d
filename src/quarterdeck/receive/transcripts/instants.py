"""
Points in time, as recorders write them into files: text with or without a zone, or a number.

A number's unit is told by its size: no recorder has written before 2001, so the ranges of
seconds, milliseconds, microseconds and nanoseconds do not meet.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.instants import NS_PER_S, from_rfc3339

_LAST_NS = 2**63
"""What a column of 64-bit nanoseconds holds: the year 2262."""

_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
"""Below the first number, one is worth so many ns: 10**11 s would be the year 5138."""

_ZONE = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")

TIMEZONE_UNKNOWN = Finding(
    code="timezone_unknown",
    message="the file's times name no time zone: they are read as UTC, so the session may be "
    "placed up to a day off; durations are right",
)

STEPS_UNTIMED = Finding(
    code="step_times_unknown",
    message="the file tells when the session began and ended, and no time of its steps: they are "
    "in order at its beginning, and none has a duration",
)


def instant_ns(value: Any) -> int | None:
    """Nanoseconds since 1970.  None where nothing was told or it is no time.  Never raises."""
    if isinstance(value, str):
        try:
            found = from_rfc3339(value)
        except (Invalid, OverflowError):
            return None
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        found = _of_number(value)
    else:
        return None
    return found if 0 < found < _LAST_NS else None


def _of_number(value: float | Decimal) -> int:
    try:
        exact = Decimal(str(value))
        worth = next((worth for below, worth in _UNITS if exact < below), 1)
        return int(exact * worth)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def names_zone(value: Any) -> bool:
    """Whether a time tells its zone; numbers count from 1970 in UTC and so do."""
    return not isinstance(value, str) or _ZONE.search(value.strip()) is not None


def after(start_ns: int | None, seconds: float | None) -> int | None:
    """The instant that many seconds later, if both are told."""
    if start_ns is None or seconds is None or not 0 <= seconds < 10**9:
        return None
    return start_ns + round(seconds * NS_PER_S)


def span_of(seconds: Any) -> int | None:
    """So many seconds as nanoseconds; None where it is no duration.  Never raises."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return round(seconds * NS_PER_S) if 0 <= seconds < 10**9 else None
