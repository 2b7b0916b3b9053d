"""
How a session ended, and on whose word.

A person's word beats an evaluator's, an evaluator's the agent's own, and any word beats a rule.
Among equals a root's beats an inner span's, then the later wins.  Rules only ever find bad ends:
the absence of errors is no success, it is `unknown`.
"""

from collections.abc import Iterable
from typing import Any

from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome, OutcomeLabel, OutcomeSource
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Span

OUTCOME_SCORE = "outcome"
"""A score of this name, whose label is an outcome, states the session's outcome."""

MAX_REASON = 200
"""Characters of an error that a record repeats; the span has more, the raw span all of it."""

_TRACEBACK = "Traceback (most recent call last)"

_RANK = {"human": 3, "evaluator": 2, "agent": 1, "rule": 0, "": 0}
_STOPPED = {"length": "length", "max_tokens": "length", "content_filter": "content_filter",
            "error": "error"}  # fmt: skip

Statement = tuple[int, bool, int, str, str, Outcome]
"""Sorts by who says it, root or not, when, and which span; the greatest decides."""


def statement(span: Span, outcome: Outcome) -> Statement:
    at_ns = outcome.at_ns or span.end_ns or span.start_ns
    return (
        _RANK[outcome.source], not span.parent_span_id, at_ns, span.trace_id, span.span_id, outcome,
    )  # fmt: skip


def of_score(score: Score) -> Outcome | None:
    """The outcome that a score states, if it states one."""
    if score.name != OUTCOME_SCORE:
        return None
    label = _label(score.label)
    if label is None:
        return None
    source: OutcomeSource = "human" if score.judge == "human" else "evaluator"
    return Outcome(
        label=label, source=source, reason=score.explanation, author=score.author, at_ns=score.at_ns
    )


def _label(text: str) -> OutcomeLabel | None:
    return next((label for label in OUTCOME_LABELS if label == text), None)


def decide(
    best_stated: Statement | None,
    scores: Iterable[Score],
    *,
    last_root: Span | None,
    last_agent: Span | None,
    last_model: Span | None,
    pending: bool,
) -> Outcome:
    """
    `last_root`, `last_agent` and `last_model`: the latest by start, None where there is none;
    of agents, the latest that no other agent ran.
    """
    stated: list[Any] = [best_stated] if best_stated is not None else []
    for score in scores:
        outcome = of_score(score)
        if outcome is not None:
            stated.append(
                (
                    _RANK[outcome.source],
                    True,
                    outcome.at_ns,
                    score.author,
                    score.identifier,
                    outcome,
                )
            )
    if stated:
        best = max(stated, key=lambda s: s[:5])
        if best[0] > 0 or best[5].label != "unknown":
            found: Outcome = best[5]
            return found
    return _by_rule(last_root, last_agent, last_model, pending=pending)


def _by_rule(
    last_root: Span | None, last_agent: Span | None, last_model: Span | None, *, pending: bool
) -> Outcome:
    if last_root is not None and last_root.status == "error":
        return _rule("failure", f"the root span failed: {_why(last_root)}")
    # An application that catches the error leaves its root OK, or without a status.
    if (
        last_agent is not None
        and last_agent.status == "error"
        and (last_root is None or not _follows(last_root, last_agent))
    ):
        return _rule("failure", f"the last agent failed: {_why(last_agent)}")
    if last_model is not None and last_root is not None:
        if (
            last_model.status == "error"
            and last_model.trace_id == last_root.trace_id
            and last_root.status == "unset"
        ):
            return _rule("failure", f"the last model call failed: {_why(last_model)}")
        stops = {_STOPPED.get(reason) for reason in last_model.finish_reasons} - {None}
        if stops:
            return _rule("failure", f"the last model call stopped by {min(filter(None, stops))}")
    if pending:
        return _rule("interrupted", "a request to a person is not answered")
    if last_root is not None and last_root.status == "cancelled":
        return _rule("interrupted", "the root span was cancelled")
    if last_root is not None and last_root.status == "interrupted":
        return _rule("interrupted", "the root span was interrupted")
    return Outcome()


def _follows(root: Span, agent: Span) -> bool:
    """Something new began after the agent: another trace."""
    return root.trace_id != agent.trace_id and root.start_ns > agent.start_ns


def what_failed(span: Span) -> str:
    """
    Type and message of the span's error on one line, at most 200 characters; "" if untold.

    A traceback is left out, and a type that the message begins with is not said twice.
    """
    message = " ".join(span.error_message.partition(_TRACEBACK)[0].split())
    if not message or not span.error_type or message.startswith(span.error_type.split(".")[-1]):
        said = message or span.error_type
    else:
        said = f"{span.error_type}: {message}"
    return said if len(said) <= MAX_REASON else said[: MAX_REASON - 1] + "…"


def _why(span: Span) -> str:
    return what_failed(span) or "no reason told"


def _rule(label: OutcomeLabel, reason: str) -> Outcome:
    return Outcome(label=label, source="rule", reason=reason)
