"""
Sketches of sessions, made while their rows are written.

A row is written after every batch that touches its session, and a sketch is linear in the whole
session: made each time it would make a growing session quadratic.  So it is made anew while the
session is short, later each time it has grown by a quarter, and once more when it has been quiet
(`is_behind` tells for which).  Each of its words is read once, from the span as it arrives; the
store is asked only for sessions of which nothing was kept.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.sketch import (
    SpanKey,
    WordKeys,
    answered_in,
    asked_in,
    last_error,
    make_sketch,
)
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import NO_SKETCH, Sketch
from quarterdeck.model.spans import Content, RawSpan
from quarterdeck.normalize.normalize import read_content

SHORT = 12
"""Spans: up to here a sketch costs some 0.1 ms, each time."""
_GROWTH = 4
"""A quarter: the sketches of a session that grows to n spans cost as much as sketching some 5 n.
Measured: 12 microseconds a span and time, of some 250 that taking one in costs."""

_NO_KEYS = WordKeys(None, None)


class Kept(NamedTuple):
    """A sketch, and the spans that its words were read from."""

    sketch: Sketch = NO_SKETCH
    keys: WordKeys | None = None
    """None = not known: it comes from the store."""
    work: int = 0
    """What assembling had cost when it was made (`Assembly.steps`): it grows with every change,
    also where a span is completed and none is new."""

    def is_behind(self, assembly: Assembly) -> bool:
        return self.work != assembly.steps


def sketched(
    kept: Kept,
    assembly: Assembly,
    session: Session,
    *,
    at_hand: Mapping[SpanKey, RawSpan],
    fetch: Callable[[SpanKey], RawSpan | None],
    finishing: bool,
) -> Kept:
    """The session's sketch as far as it is worth while now."""
    known = kept.sketch.spans
    work = assembly.steps
    changed = work - kept.work
    due = changed and (finishing or session.span_count <= SHORT or changed * _GROWTH >= kept.work)
    if not due:
        error = last_error(session)
        if error == kept.sketch.error:
            return kept
        return kept._replace(sketch=msgspec.structs.replace(kept.sketch, error=error))
    made, keys = make_sketch(assembly, session)

    def words(key: SpanKey | None, before: SpanKey | None, text: str,
              read: Callable[[Content], str]) -> str:  # fmt: skip
        if key is None:
            return ""
        raw = at_hand.get(key)
        if raw is None and (key == before or (kept.keys is None and known)):
            return text
        raw = raw or fetch(key)
        return read(read_content(raw)) if raw is not None else text

    old = kept.keys or _NO_KEYS
    sketch = msgspec.structs.replace(
        made,
        asked=words(keys.asked, old.asked, kept.sketch.asked, asked_in),
        answered=words(keys.answered, old.answered, kept.sketch.answered, answered_in),
        spans=session.span_count,
    )
    return Kept(sketch, keys, assembly.steps)
