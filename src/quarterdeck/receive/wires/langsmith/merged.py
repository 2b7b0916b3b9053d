"""
All fragments of one run, or of one feedback, as one object: what the client would have sent
had it said everything at once.

What was posted comes first and what was patched on top, whatever came first over the wire.  Of a
run a null takes nothing back (the client fills fields that it does not know with null), and
neither does an empty object: a run is posted with `outputs: {}`.  A feedback's patch holds only
what changes, and a null in it empties the field.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from quarterdeck.receive.wire import Fragment

Object = dict[str, Any]

_NESTED = ("extra", "metadata")
"""Objects that are added to, member by member; all others are replaced as a whole."""

_FIRST = {"post": 0, "feedback": 0}


def object_of(fragments: Sequence[Fragment]) -> Object:
    """The run or feedback, without its attachments; {} if none of them tells of one."""
    found: Object = {}
    # Stable: within a kind the given order counts.
    for fragment in sorted(fragments, key=lambda one: _FIRST.get(one.kind, 1)):
        if fragment.kind in ("attachment", "delete") or not isinstance(fragment.body, dict):
            continue
        for key, value in fragment.body.items():
            _put(found, key, value)
    return found


def feedback_of(fragments: Sequence[Fragment]) -> Object:
    """The feedback; {} if it was deleted."""
    found: Object = {}
    for fragment in sorted(fragments, key=lambda one: _FIRST.get(one.kind, 1)):
        if fragment.kind == "delete":
            return {}
        if isinstance(fragment.body, dict):
            found.update(fragment.body)
    return {key: value for key, value in found.items() if value is not None}


def attachments_of(fragments: Iterable[Fragment]) -> list[Object]:
    return [
        fragment.body
        for fragment in fragments
        if fragment.kind == "attachment" and isinstance(fragment.body, dict)
    ]


def _put(found: Object, key: str, value: Any) -> None:
    if value is None:
        return
    known = found.get(key)
    if known == value:  # most of a patch repeats its post
        return
    if key == "events" and isinstance(known, list) and isinstance(value, list):
        found[key] = known + [event for event in value if event not in known]
    elif isinstance(known, dict) and isinstance(value, dict) and key in _NESTED:
        inner = dict(known)
        for name, item in value.items():
            _put(inner, name, item)
        found[key] = inner
    elif key not in found or value not in ({}, []):
        found[key] = value
