"""
Whole requests that repeat the one before: only what is new in them is kept.

Some recorders write each request as it was sent, with all that was said before, so an agent of
200 calls holds its first message 200 times.  A call whose input begins with the whole input of the
previous call in its parent continues it; any other one keeps its input.
"""

from collections.abc import Iterable, Sequence

import msgspec

from quarterdeck.model.messages import Message
from quarterdeck.receive.transcripts.transcript import Entry, ModelCall


def only_new(entries: Iterable[Entry]) -> list[Entry]:
    """The same entries; `continues` tells which inputs are no longer whole."""
    whole: dict[str, Sequence[Message]] = {}
    found: list[Entry] = []
    for entry in entries:
        if isinstance(entry, ModelCall) and entry.input and not entry.continues:
            before = whole.get(entry.parent, ())
            whole[entry.parent] = entry.input
            known = len(before)
            if 0 < known < len(entry.input) and tuple(entry.input[:known]) == tuple(before):
                entry = msgspec.structs.replace(entry, input=entry.input[known:], continues=True)
        found.append(entry)
    return found
