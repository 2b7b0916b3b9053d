"""
Times as LangSmith's clients write them: ISO text, or milliseconds since 1970 as a number.

The JavaScript client mixes both in one object.  What can't be read is 0, "not told".
"""

from datetime import UTC, datetime
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_MS, from_rfc3339, to_rfc3339

_MAX_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL = frozenset((len("2026-11-23T02:50:24.026773+00:00"), len("2026-11-23T02:50:24.026773Z")))
"""Microseconds and a zone: no digit is lost when a `datetime` reads them."""
_ORDER_TIME = 22
"""Length of the time in a segment of a dotted order: `20261123T025024026773Z`."""


def instant_of(value: Any) -> int:
    """Nanoseconds since 1970; 0 for what is absent or no time."""
    if isinstance(value, str):
        try:
            found = _of_usual(value) if len(value) in _USUAL else from_rfc3339(value)
        except (Invalid, ValueError):
            return 0
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = round(value * NS_PER_MS)
        except (OverflowError, ValueError):
            return 0
    else:
        return 0
    return found if 0 < found <= _MAX_NS else 0


def _of_usual(text: str) -> int:
    """Half of a run's cost was its times: the standard library reads what clients write in C."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def start_in_order(dotted_order: Any) -> int:
    """
    When the run began, by the last segment of its dotted order; 0 where there is none.

    `20261123T025024026773Z<run id>`, segments joined by dots: the run's ancestors, then itself.
    """
    if not isinstance(dotted_order, str):
        return 0
    told = dotted_order.rpartition(".")[2][:_ORDER_TIME]
    if len(told) < _ORDER_TIME or told[8] != "T" or not told.endswith("Z"):
        return 0
    date, clock = told[:8], told[9:-1]
    return instant_of(
        f"{date[:4]}-{date[4:6]}-{date[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}.{clock[6:]}Z"
    )


def spell(instant_ns: int) -> str | None:
    """As its clients read it; None for 0."""
    return to_rfc3339(instant_ns // 1000 * 1000) if instant_ns else None
