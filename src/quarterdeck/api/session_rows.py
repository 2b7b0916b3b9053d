"""
A row of a list of sessions: the record, and the sketch that only a list shows.
"""

from collections.abc import Sequence
from typing import Any

from quarterdeck.assembly.record import to_json
from quarterdeck.assembly.sketch import last_error
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import Sketch


def session_rows(sessions: Sequence[Session], sketches: Sequence[Sketch]) -> list[dict[str, Any]]:
    return [session_row(one, its) for one, its in zip(sessions, sketches, strict=True)]


def session_row(session: Session, sketch: Sketch) -> dict[str, Any]:
    return {
        **to_json(session),
        "asked": sketch.asked or None,
        "answered": sketch.answered or None,
        "error": (sketch.error or last_error(session)) or None,
        "shape": sketch.shape,
    }
