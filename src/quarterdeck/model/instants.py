"""
Points in time, as OTLP sends them.

An instant is an `int` of nanoseconds since 1970-01-01T00:00:00Z, in the model and in the
store.  A `float` of seconds keeps only about a quarter of a microsecond and a `datetime` only
whole microseconds, so two tool calls 400 ns apart would swap or merge.  JSON carries an
instant as RFC 3339 text where people read it and as a string of digits where programs
compute with it: JavaScript's numbers end at 2**53.
"""

import re
from datetime import UTC, datetime

from quarterdeck.errors import Invalid

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?"
    r"\s*(Z|z|[+-]\d\d:?\d\d)?"
)


def to_rfc3339(instant_ns: int) -> str:
    """`2026-04-12T08:30:00.123456789Z`; the fraction is left out when it is zero."""
    seconds, fraction = divmod(instant_ns, NS_PER_S)
    try:
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        # Beyond the year 9999; a sender's clock can be anything, and a list must still print.
        return f"{seconds}s"
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


def from_rfc3339(text: str) -> int:
    """Nanoseconds of an RFC 3339 instant or date; no zone means UTC.  Raises `Invalid`."""
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        raise Invalid(f"not an instant: {text!r}", hint="Write it as 2026-04-12T08:30:00Z.")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError as error:
        raise Invalid(f"not an instant: {text!r} ({error})") from error
    offset_s = 0
    if zone and zone not in "Zz":
        digits = zone[1:].replace(":", "")
        offset_s = (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)
    whole = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) - offset_s
    return whole * NS_PER_S + int((fraction or "0").ljust(9, "0"))
