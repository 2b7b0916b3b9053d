"""
What was said of a call after it was reported -> scores.

OpenPipe has no feedback: an application adds tags or metadata to a logged call.  A number, a yes
or no and a remark judge the call and become scores under the tag's name; other words are only
tags.  Nothing tells who judged.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.model.spans import RawEvent

_YES = frozenset({"true", "yes", "up", "thumbs_up", "good", "positive", "pass", "passed",
                  "approved"})  # fmt: skip
_NO = frozenset({"false", "no", "down", "thumbs_down", "bad", "negative", "fail", "failed",
                 "rejected"})  # fmt: skip
_REMARKS = ("comment", "feedback", "reason", "explanation")
_MAX_SCORES = 50


def score_events(updates: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[RawEvent, ...]:
    """`updates`: (instant, its body) in order; of one name the last counts."""
    found: dict[str, RawEvent] = {}
    for at_ns, body in updates:
        for holder in ("tags", "metadata"):
            values = body.get(holder)
            for name, value in values.items() if isinstance(values, dict) else ():
                told = None if name.startswith("$") else _judged(name, value)
                if told is not None:
                    found[name] = RawEvent(
                        name="quarterdeck.score",
                        time_ns=at_ns,
                        attributes={"name": name, "identifier": name, **told},
                    )
                elif name in found:
                    del found[name]
    return tuple(found.values())[:_MAX_SCORES]


def _judged(name: str, value: object) -> dict[str, Any] | None:
    if isinstance(value, bool):
        return {"value": float(value), "label": str(value).lower()}
    if isinstance(value, int | float):
        return {"value": float(value)} if math.isfinite(value) else None
    if not isinstance(value, str) or not value.strip():
        return None
    spelled = value.strip().lower()
    if spelled in _YES or spelled in _NO:
        return {"value": float(spelled in _YES), "label": spelled}
    if any(word in name.lower() for word in _REMARKS):
        return {"explanation": value.strip()[:500]}
    try:
        number = float(spelled)
    except ValueError:
        return None
    return {"value": number} if math.isfinite(number) else None
