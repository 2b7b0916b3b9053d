"""
Which instant does the user mean?

`2026-04-12`, `2026-04-12T08:30:00Z`, or so long ago: `45m`, `24h`, `7d`, `2w`.
"""

from __future__ import annotations

import re

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, from_rfc3339, to_rfc3339

_LENGTH = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def read_instant(text: str | None, *, now_ns: int) -> str | None:
    """RFC 3339, as the API reads it; None for None.  Raises `Invalid`."""
    if text is None:
        return None
    ago = _LENGTH.fullmatch(text.strip())
    if ago is not None:
        return to_rfc3339(now_ns - int(ago[1]) * _SECONDS[ago[2]] * NS_PER_S)
    try:
        return to_rfc3339(from_rfc3339(text))
    except Invalid as error:
        raise Invalid(
            f"not an instant: {text!r}",
            hint="Write it as 2026-04-12, 2026-04-12T08:30:00Z, or how long ago: 45m, 24h, 7d.",
        ) from error


def read_expiry(text: str | None, *, now_ns: int) -> str | None:
    """Like `read_instant`, but a length of time counts from now on: `90d` is in 90 days."""
    if text is None:
        return None
    length = _LENGTH.fullmatch(text.strip())
    if length is None:
        return read_instant(text, now_ns=now_ns)
    return to_rfc3339(now_ns + int(length[1]) * _SECONDS[length[2]] * NS_PER_S)
