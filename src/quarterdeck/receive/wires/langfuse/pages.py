"""
Pages of a list and instants, in the spelling of Langfuse's API.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.receive.wire import Call

_USUAL, _MOST = 50, 1000
"""Items of a page: what the API gives unasked, and what no client asks more of."""


class Place(NamedTuple):
    page: int
    """From 1."""
    limit: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


class Page(NamedTuple):
    items: list[Any]
    meta: dict[str, Any]


def place_of(call: Call) -> Place:
    """A cursor is the number of the next page.  Raises `Invalid`."""
    page = call.number("cursor" if call.one("cursor") else "page", 1, most=10**9)
    limit = call.number("limit", _USUAL, most=_MOST)
    if page < 1 or limit < 1:
        raise Invalid("page and limit begin at 1")
    return Place(page, limit)


def meta_of(place: Place, total: int) -> dict[str, Any]:
    pages = -(-total // place.limit)
    return {
        "page": place.page,
        "limit": place.limit,
        "totalItems": total,
        "totalPages": pages,
        "cursor": str(place.page + 1) if place.page < pages else None,
    }


def page_of(call: Call, items: Sequence[Any]) -> Page:
    """The page that was asked for, of all that there is."""
    place = place_of(call)
    shown = items[place.offset : place.offset + place.limit]
    return Page(list(shown), meta_of(place, len(items)))


def stamp(at_ns: int) -> str:
    """Whole microseconds: no client reads more digits."""
    moment = datetime.fromtimestamp(at_ns // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ns % 10**9 // 1000:06d}Z"
