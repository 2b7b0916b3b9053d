"""
Ratings and scores of a request -> scores of its span, and of a session -> a judgement of it.

A rating is yes or no, a score a whole number or yes or no: yes is 1.  Who asks for a rating is a
person; who sends scores is a program, as far as Helicone's documentation goes.
"""

import math
from collections.abc import Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent
from quarterdeck.receive.wire import Fragment, Judgement

FEEDBACK, SCORE, NAMED = "feedback", "score", "named"
_MAX_SCORES = 100


def score_events(fragments: Sequence[Fragment]) -> tuple[RawEvent, ...]:
    """Of one name and one kind the last counts."""
    found: dict[tuple[str, str], RawEvent] = {}
    for fragment in fragments:
        if isinstance(fragment.body, dict):
            for name, value, judge in _told(fragment.kind, fragment.body):
                judged = _judged(value)
                if judged:
                    found[name, fragment.kind] = RawEvent(
                        name="quarterdeck.score",
                        time_ns=fragment.at_ns,
                        attributes={
                            "name": name,
                            "judge": judge,
                            "identifier": f"{fragment.kind}:{name}",
                            **judged,
                        },
                    )
    return tuple(found.values())[:_MAX_SCORES]


def session_rating(session: str, body: dict[str, Any], *, received_ns: int) -> Judgement:
    """Raises `Invalid`."""
    judged = _judged(body.get("rating"))
    if not judged:
        raise Invalid("'rating' must be true or false")
    return Judgement(
        score=Score(
            name="rating",
            scope="session",
            target_session_id=session,
            value=judged.get("value"),
            label=str(judged.get("label", "")),
            judge="human",
            identifier="feedback:rating",
            at_ns=received_ns,
        ),
        given_ns=received_ns,
    )


def _told(kind: str, body: dict[str, Any]) -> list[tuple[str, Any, str]]:
    if kind == FEEDBACK:
        return [("rating", body.get("rating"), "human")]
    if kind == SCORE:
        scores = body.get("scores")
        return [(k, v, "code") for k, v in scores.items()] if isinstance(scores, dict) else []
    if kind == NAMED and isinstance(body.get("name"), str):
        return [(body["name"], body.get("value"), "human")]
    return []


def _judged(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"value": float(value), "label": str(value).lower()}
    if isinstance(value, int | float):
        return {"value": float(value)} if math.isfinite(value) and abs(value) < 1e15 else {}
    return {"label": value.strip()[:200]} if isinstance(value, str) and value.strip() else {}
