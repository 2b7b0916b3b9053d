"""
What Inspect's scorers said of a sample: scores, and the outcome where a grade is a verdict.

Grades are letters (C correct, P partial, I incorrect, N no answer) or numbers.  A number is a
verdict only where it is 0 or 1: 0.7 of an arbitrary metric is no success and no failure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.model.outcomes import Outcome, OutcomeLabel
from quarterdeck.model.scores import Judge, Score
from quarterdeck.normalize.attributes import number
from quarterdeck.receive.transcripts.members import mapping, text, told

_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""As Inspect itself turns letters into numbers."""

_LABELS: dict[float, OutcomeLabel] = {1.0: "success", 0.5: "success_partial", 0.0: "failure"}


def scores_of(scores: Mapping[str, Any], judges: Mapping[str, Judge]) -> list[Score]:
    """Each scorer's; one that gives several values has a score for each."""
    return [
        score
        for scorer, value in scores.items()
        for score in _of_scorer(scorer, mapping(value), judges.get(scorer, "unknown"))
    ]


def _of_scorer(scorer: str, score: Mapping[str, Any], judge: Judge) -> Iterator[Score]:
    value = score.get("value")
    explanation = text(score.get("explanation")) or text(score.get("answer"))
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _one(f"{scorer}/{name}", part, explanation, judge)
    else:
        yield from _one(scorer, value, explanation, judge)


def _one(name: str, value: Any, explanation: str, judge: Judge) -> Iterator[Score]:
    letter = text(value)
    graded = _GRADES.get(letter)
    amount = graded if graded is not None else _amount(value)
    if amount is None and not letter and not explanation:
        return
    yield Score(
        name=name,
        scope="session",
        value=amount,
        label=letter,
        explanation=explanation,
        judge=judge,
        identifier=name,
    )


def _amount(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return told(number, value) if isinstance(value, int | float) else None


def outcome_of(scores: Mapping[str, Any]) -> Outcome | None:
    """
    What all scorers with a verdict agree on; partial success where they differ.

    None where no scorer gave a verdict.
    """
    verdicts = {
        scorer: verdict
        for scorer, score in scores.items()
        if (verdict := _verdict(mapping(score).get("value"))) is not None
    }
    if not verdicts:
        return None
    labels = {*verdicts.values()}
    said = ", ".join(f"{scorer} = {mapping(scores[scorer]).get('value')}" for scorer in verdicts)
    label: OutcomeLabel = labels.pop() if len(labels) == 1 else "success_partial"
    return Outcome(label=label, source="evaluator", reason=said)


def _verdict(value: Any) -> OutcomeLabel | None:
    graded = _GRADES.get(text(value))
    amount = graded if graded is not None else _amount(value)
    if amount is None or (graded is None and amount not in (0.0, 1.0)):
        return None
    return _LABELS[amount]
