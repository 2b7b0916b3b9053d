"""A file format: how to tell it from the others, how to read it, and where it is written live."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import Read


class Followed(NamedTuple):
    """Where a running agent writes, for `quarterdeck import --follow`."""

    folder: str
    """With `~`; the variable below wins."""
    pattern: str
    """A glob below it."""
    variable: str = ""
    """The environment variable that moves the folder; "" = none."""


class Format(NamedTuple):
    name: str
    """In snake_case; also `Transcript.format`."""
    title: str
    """What its recorder is called, for people."""
    recognizes: Callable[[Source], bool]
    """Looks at the name, `head` or `top` only, and never raises.  It must be sure: a file that
    two formats take for theirs is a defect of both (the contract kit tries every sample)."""
    read: Callable[[Source], Read]
    """Yields what can be read.  May raise `Invalid` for a file that is broken as a whole."""
    belongs: Callable[[Source], bool] = lambda _: False
    """A file that is read together with another (a `meta.json`): no session of its own, and not
    unknown either."""
    follows: tuple[Followed, ...] = ()


Formats = Mapping[str, Format]
