"""
A feedback as a score of the span that it is about.

LangSmith's client calls everything "feedback": a user's thumb, an evaluator's result, a
correction.  `feedback_source` tells which: `model` is what a program gave (an evaluator has
its own run, named in the metadata), `app` a person in a vendor's web app, and `api` whoever
called the client, which is a person only if the call names one.
"""

import json
from collections.abc import Mapping
from typing import Any

from quarterdeck.model.scores import Judge
from quarterdeck.model.spans import RawEvent
from quarterdeck.receive.wires.langsmith.instants import instant_of

Object = dict[str, Any]


def read_score(feedback: Mapping[str, Any], *, scope: str) -> RawEvent:
    """`quarterdeck.score` with what else the client said of it verbatim beside it."""
    value, label = _verdict(feedback)
    comment = feedback.get("comment")
    correction = feedback.get("correction")
    explanation = comment if isinstance(comment, str) else ""
    if not explanation and correction is not None:
        explanation = _spelled(correction)
    told: Object = {
        "name": str(feedback.get("key") or "feedback"),
        "value": value,
        "label": label,
        "explanation": explanation,
        "judge": judge if (judge := _judge(feedback)) != "unknown" else "",
        "scope": scope,
        "author": _author(feedback),
        "identifier": feedback.get("id"),
        "correction": correction,
        "extra": feedback.get("extra"),
        "source": feedback.get("feedback_source"),
        "error": feedback.get("error"),
    }
    return RawEvent(
        name="quarterdeck.score",
        time_ns=instant_of(feedback.get("modified_at")) or instant_of(feedback.get("created_at")),
        attributes={key: item for key, item in told.items() if item not in (None, "", {})},
    )


def _verdict(feedback: Mapping[str, Any]) -> tuple[float | None, str]:
    """The number and the word: `score` is a number or a yes, `value` may be anything."""
    score, value = feedback.get("score"), feedback.get("value")
    number = float(score) if isinstance(score, int | float) else None
    if value is None or isinstance(value, bool):
        return number, ""
    if isinstance(value, int | float) and number is None:
        return float(value), ""
    return number, _spelled(value)


def _judge(feedback: Mapping[str, Any]) -> Judge:
    source = _object(feedback.get("feedback_source"))
    about = _object(source.get("metadata"))
    match source.get("type"):
        case "app":
            return "human"
        case "model" | "auto_eval":
            # A function of the application gave it; whether that asked a model, only its own
            # run tells.
            return "code" if "__run" in about else "llm"
        case _:
            return "human" if _author(feedback) else "unknown"


def _author(feedback: Mapping[str, Any]) -> str:
    source = _object(feedback.get("feedback_source"))
    about = _object(source.get("metadata"))
    named = (
        source.get("user_name"), source.get("user_id"),
        about.get("user_id"), about.get("user"), about.get("user_name"), about.get("email"),
    )  # fmt: skip
    return next((str(name) for name in named if isinstance(name, str | int) and name), "")


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
