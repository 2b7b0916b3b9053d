"""
Names that strangers chose, as one segment of an address.

A path can't hold some characters: servers and browsers take %2F for "/", and ".." for the segment
before.  So a name is spelled: `~1` is "/", `~2` a backslash, `~3` ".", `~0` "~".
"""

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator

from quarterdeck.api.forms import storable


def read_segment(written: str) -> str:
    """The name that a segment spells.  Any other "~" is itself."""
    return re.sub("~[0-3]", lambda found: "~/\\."[int(found.group()[1])], written)


def _read(written: str) -> str:
    return storable(read_segment(written))


Segment = Annotated[
    str,
    Path(max_length=1600, description="A name; `~1` is a slash, `~0` a tilde."),
    AfterValidator(_read),
]
"""Names of 400 characters fit, however many of them have to be spelled."""
