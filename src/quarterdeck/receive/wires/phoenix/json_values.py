"""
Values of Phoenix's JSON, read without raising, and its pages.

A page's cursor is the number of the first item behind it.
"""

from datetime import UTC, datetime
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.receive.wire import Call

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 1_000_000_000
MAX_PAGE = 1_000


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def instant_ns(value: Any) -> int:
    """An ISO instant; 0 where there is none."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return 0
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    return max(0, (since.days * 86_400 + since.seconds) * _NS + since.microseconds * 1_000)


def instant_text(ns: int) -> str:
    """With microseconds and an offset, as Phoenix's server writes it."""
    seconds, below = divmod(ns, _NS)
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=below // 1_000)
    return at.isoformat()


def page_asked(call: Call, usual: int) -> tuple[int, int]:
    """The first item and how many.  Raises `Invalid`."""
    cursor = call.one("cursor")
    if cursor and not (cursor.isdigit() and len(cursor) < 12):
        raise Invalid(f"this cursor is none of ours: {cursor[:40]!r}")
    return int(cursor or 0), max(1, call.number("limit", usual, most=MAX_PAGE))


def next_cursor(first: int, shown: int, total: int) -> str | None:
    return str(first + shown) if shown and first + shown < total else None
