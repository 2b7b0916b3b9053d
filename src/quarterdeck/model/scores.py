"""
Scores: what a person, a program or a model thought of a span, a trace or a session.

Scores of different names are never averaged, and have no direction of their own: both
OpenTelemetry and OpenInference leave them unbounded.
"""

from typing import Literal

import msgspec

ScoreScope = Literal["span", "trace", "session"]
Judge = Literal["human", "llm", "code", "unknown"]


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One judgement.  At least one of `value`, `label`, `explanation` is present."""

    name: str
    scope: ScoreScope = "span"
    target_trace_id: str = ""
    target_span_id: str = ""
    """Empty = the span that carries the score (or its parent, where the dialect says so)."""
    target_response_id: str = ""
    target_session_id: str = ""
    value: float | None = None
    label: str = ""
    explanation: str = ""
    judge: Judge = "unknown"
    identifier: str = ""
    """The evaluator's own id; (scope, target, name, identifier) is one score, the last wins."""
    author: str = ""
    """Who, when a person judged."""
    at_ns: int = 0
