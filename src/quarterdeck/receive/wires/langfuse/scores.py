"""
Scores: of a trace, an observation, a session or a run of a dataset.

A score is kept twice: as a judgement, which finds its target however that was sent and whether or
not it has come yet, and as it was written, to be read back (`score_calls.py`).  A run of a dataset
is no session: its scores are only read back.
"""

import hashlib
from math import isfinite
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.model.scores import Judge, Score
from quarterdeck.normalize.attributes import as_json
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, text
from quarterdeck.receive.wire import Fragment, Judgement, span_id_of, trace_id_of

ALL = "langfuse:scores"
"""The collection of all scores."""
JUDGED_ID = 200
"""Characters of a score's id that its judgement keeps."""

_JUDGES: dict[str, Judge] = {"EVAL": "llm", "ANNOTATION": "human"}
_TARGETS = ("traceId", "sessionId", "datasetRunId", "experimentId")


class ReadScore(NamedTuple):
    id: str
    fragment: Fragment
    judgements: tuple[Judgement, ...]
    """None for a run's score."""


def score_object(score_id: str) -> str:
    return f"langfuse:score:{score_id}"


def read_score(body: Any, *, event_id: str = "", at_ns: int) -> ReadScore:
    """`at_ns`: when its sender wrote it, as far as known.  Raises `Invalid`."""
    if not isinstance(body, dict):
        raise Invalid("expected a score: an object with a name, a value and a target")
    if not text(body.get("name")):
        raise Invalid("a score needs a name")
    if not any(identifier(body.get(target)) for target in _TARGETS):
        raise Invalid("a score needs a traceId, a sessionId or a datasetRunId")
    score_id = identifier(body.get("id")) or _hash_of(body, event_id)
    given_ns = instant_ns(body.get("timestamp")) or at_ns
    score = score_of(body, score_id, given_ns)
    kept = {"id": score_id, "at_ns": given_ns, "score": body}
    return ReadScore(
        score_id,
        Fragment(
            object=score_object(score_id), kind="score", body=kept, collection=ALL, at_ns=given_ns
        ),
        () if score is None else (Judgement(score=score, given_ns=given_ns),),
    )


def _hash_of(body: dict[str, Any], event_id: str) -> str:
    """For a score without an id: sent again, it is the same one."""
    told = event_id.encode("utf-8", "surrogatepass") or as_json(body)
    return hashlib.sha256(told).hexdigest()[:32]


def score_of(body: dict[str, Any], score_id: str, given_ns: int) -> Score | None:
    """None where it judges a run: that is nothing that we show scores of."""
    value, label, explanation = judged(body)
    trace_id, session_id = identifier(body.get("traceId")), identifier(body.get("sessionId"))
    observation = identifier(body.get("observationId"))
    if not trace_id and not session_id:
        return None
    return Score(
        name=text(body["name"])[:200],
        scope="span" if trace_id and observation else "trace" if trace_id else "session",
        target_trace_id=trace_id_of(trace_id) if trace_id else "",
        target_span_id=span_id_of(observation) if trace_id and observation else "",
        target_session_id="" if trace_id else session_id,
        value=value,
        label=label,
        explanation=explanation,
        judge=_JUDGES.get(text(body.get("source")).upper(), "unknown"),
        identifier=score_id[:JUDGED_ID],
        at_ns=given_ns,
    )


class Judged(NamedTuple):
    value: float | None
    label: str
    explanation: str


def judged(body: dict[str, Any]) -> Judged:
    """
    Numbers are values and words are labels; a yes or no is 1.0 or 0.0, as the SDKs write it.

    Words of any length (type TEXT) are an explanation, and a comment comes after them.
    """
    given, kind = body.get("value"), text(body.get("dataType")).upper()
    comment = text(body.get("comment"))
    if isinstance(given, bool):
        return Judged(float(given), "", comment)
    if isinstance(given, int | float) and kind not in ("CATEGORICAL", "TEXT", "CORRECTION"):
        if not isfinite(given):
            raise Invalid(f"the value of a score must be finite, got {given!r}")
        return Judged(float(given), "", comment)
    words = text(given) or ("" if given is None else str(given))
    if kind == "BOOLEAN" and words.lower() in ("true", "false"):
        return Judged(float(words.lower() == "true"), "", comment)
    if kind in ("TEXT", "CORRECTION"):
        label = "corrected" if kind == "CORRECTION" else ""
        return Judged(None, label, "\n\n".join(part for part in (words, comment) if part))
    if not words and not comment:
        raise Invalid("a score needs a value or a comment")
    return Judged(None, words[:200], comment)
