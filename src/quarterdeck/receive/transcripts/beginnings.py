"""
How a file begins, for one that is cut short: as JSON it says nothing, yet its first words tell
what it was to be.
"""

import re
import zlib
from contextlib import suppress

from quarterdeck.receive.transcripts.source import Source

_LOOKED_AT = 256
"""Bytes: the first two or three members of an object."""

_OBJECT = re.compile(rb"\s*\{")


def begins_an_object(source: Source) -> bool:
    """Whether it may be one JSON object at all: a text file of any length is not read to see."""
    return begins_like(source, _OBJECT)


def begins_like(source: Source, pattern: re.Pattern[bytes]) -> bool:
    """Whether its first bytes, unpacked, match `pattern` from the beginning.  Never raises."""
    with suppress(OSError, EOFError, zlib.error), source.open() as file:
        return pattern.match(file.read(_LOOKED_AT)) is not None
    return False
