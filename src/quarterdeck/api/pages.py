"""
Cursors: where a list goes on.

A cursor is opaque text: the position after the last row, what it belongs to (which list, which
project, which filter and order) and a version.  It carries no rights: a foreign or made-up one
is at worst a wrong position in the caller's own list, so it is checked for shape, not signed.
It is refused when it came from another list, filter or order, since its page would be wrong.
"""

import base64
import binascii
import hashlib
from typing import Any

import orjson

from quarterdeck.errors import Invalid

_VERSION = 1
_DIGEST_LENGTH = 12
_FARTHEST = 2**31 - 1
"""No list is that long, and every database takes it as an offset."""


def next_cursor(list_name: str, belongs_to: str, *position: str | int | None) -> str:
    packed = orjson.dumps([_VERSION, _digest(list_name, belongs_to), *position])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def read_cursor(
    cursor: str, list_name: str, belongs_to: str, *, kinds: tuple[type, ...]
) -> list[Any]:
    """
    The position, one value of each kind in `kinds`, or [] for no cursor.

    Raises `Invalid` for anything that `next_cursor` did not make for this list.
    """
    if not cursor:
        return []
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _refused("it is not one of ours") from None
    if not isinstance(value, list) or len(value) != 2 + len(kinds) or value[0] != _VERSION:
        raise _refused("it is not one of ours")
    if value[1] != _digest(list_name, belongs_to):
        raise _refused("it belongs to another list, filter or order")
    position = value[2:]
    for got, kind in zip(position, kinds, strict=True):
        if type(got) is not kind:
            raise _refused("it is not one of ours")
    return position


def next_offset(list_name: str, belongs_to: str, offset: int) -> str | None:
    """Of a list that is short or kept in order: how many rows were shown; 0 = that was all."""
    return next_cursor(list_name, belongs_to, offset) if offset else None


def read_offset(cursor: str, list_name: str, belongs_to: str) -> int:
    """Raises `Invalid` as `read_cursor` does."""
    position = read_cursor(cursor, list_name, belongs_to, kinds=(int,))
    return min(max(0, position[0]), _FARTHEST) if position else 0


def _digest(list_name: str, belongs_to: str) -> str:
    whole = f"{list_name}\x00{belongs_to}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:_DIGEST_LENGTH]


def _refused(why: str) -> Invalid:
    return Invalid(f"the cursor can't be used: {why}", hint="Begin again without a cursor.")
