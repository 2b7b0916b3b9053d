"""
Portkey's feedback: a number from -10 to 10 on a trace -> a score of that trace.

Its ids are ours: the same feedback, sent again, has the same one.  A weight is kept and not used:
what a value weighs is a question to whoever sums them up.
"""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.scores import Score
from quarterdeck.receive.wire import Fragment, Judgement, Reading, trace_id_of

FEEDBACK = "portkey:feedback:"
_REMARKS = ("comment", "text", "explanation", "reason", "feedback")
_MAX_ITEMS = 1_000
_IDS = uuid.UUID("8f0d2a5e-6d0c-5c7b-9b57-0d9a6a0c5b11")


def read_feedback(payload: Any, *, received_ns: int) -> tuple[Reading, list[str]]:
    """What one or many say, and the id of each.  Raises `Invalid` for what judges no trace."""
    items = payload if isinstance(payload, list) else [payload]
    if not items or len(items) > _MAX_ITEMS:
        raise Invalid("feedback is an object, or a list of at most 1,000 objects")
    fragments, judgements, ids = [], [], []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("trace_id"), str):
            raise Invalid("feedback needs a 'trace_id'")
        feedback_id = _id_of(item)
        fragments.append(
            Fragment(object=FEEDBACK + feedback_id, kind="post", body=item, at_ns=received_ns)
        )
        judgements.append(_judgement(feedback_id, item, received_ns))
        ids.append(feedback_id)
    return Reading(fragments=tuple(fragments), judgements=tuple(judgements)), ids


def read_change(
    feedback_id: str, payload: dict[str, Any], known: Sequence[Fragment], *, received_ns: int
) -> Reading:
    """
    A change of feedback that was given before.  One of an id that nobody knows is kept as it is,
    and judges nothing: no trace is named in it.
    """
    change = Fragment(object=FEEDBACK + feedback_id, kind="put", body=payload, at_ns=received_ns)
    merged: dict[str, Any] = {}
    for fragment in (*known, change):
        if isinstance(fragment.body, dict):
            merged.update({k: v for k, v in fragment.body.items() if v is not None})
    if not isinstance(merged.get("trace_id"), str):
        return Reading(fragments=(change,))
    return Reading(fragments=(change,), judgements=(_judgement(feedback_id, merged, received_ns),))


def _judgement(feedback_id: str, item: dict[str, Any], received_ns: int) -> Judgement:
    value = item.get("value")
    number = None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6:
        number = float(value)
    metadata = item.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    remark = next((text for name in _REMARKS if isinstance(text := said.get(name), str)), "")
    author = said.get("_user")
    return Judgement(
        score=Score(
            name="feedback",
            scope="trace",
            target_trace_id=trace_id_of(item["trace_id"]),
            value=number,
            label=value[:200] if isinstance(value, str) else "",
            explanation=remark[:500],
            judge="human",
            author=author[:200] if isinstance(author, str) else "",
            identifier=feedback_id,
            at_ns=received_ns,
        ),
        given_ns=received_ns,
    )


def _id_of(item: dict[str, Any]) -> str:
    canonical = msgspec.json.encode(item, order="deterministic")
    return str(uuid.uuid5(_IDS, hashlib.sha256(canonical).hexdigest()))
