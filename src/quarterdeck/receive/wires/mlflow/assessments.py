"""
MLflow's assessments as judgements: feedback, and expectations of what would have been right.

An assessment is of a trace, or of a span of it.  Its id is made of what it says and when its author
said it, so that a client that sends it again after a lost answer changes nothing.  A feedback that
only tells that its scorer failed is kept and is no score.
"""

import hashlib
import json
from typing import Any

from quarterdeck.model.scores import Judge, Score
from quarterdeck.receive.wire import Judgement, trace_id_of
from quarterdeck.receive.wires.mlflow.evaluation_trials import expectation_value
from quarterdeck.receive.wires.mlflow.proto_json import (
    field,
    hex_id,
    instant_ns,
    instant_text,
    mapping,
    text,
)

_JUDGES: dict[str, Judge] = {
    "HUMAN": "human",
    "LLM_JUDGE": "llm",
    "AI_JUDGE": "llm",
    "CODE": "code",
}
_MAX_LABEL = 200
_MAX_NAME = 200


def completed(assessment: dict[str, Any], *, trace_id: str, now_ns: int) -> dict[str, Any]:
    """The assessment as it is kept and answered: with an id, its trace and its times."""
    found = dict(assessment)
    for name in ("assessment_id", "assessment_name", "trace_id", "span_id"):
        value = field(assessment, name)
        if value:
            found[name] = value
    found["trace_id"] = trace_id
    found.setdefault("assessment_id", _id_of(found))
    at = instant_text(now_ns)
    found.setdefault("create_time", text(field(assessment, "create_time")) or at)
    found.setdefault("last_update_time", text(field(assessment, "last_update_time")) or at)
    found.setdefault("valid", True)
    return found


def _id_of(assessment: dict[str, Any]) -> str:
    plain = json.dumps(assessment, sort_keys=True, default=str)
    return "a-" + hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:32]


def judgement(assessment: dict[str, Any], *, taken_back: bool = False) -> Judgement | None:
    """None where there is nothing to score: no name, or neither a value nor words."""
    name = text(assessment.get("assessment_name"))
    value, label, explanation = _said(assessment)
    if not name or not (value is not None or label or explanation):
        return None
    source = mapping(assessment.get("source"))
    kind = text(field(source, "source_type"))
    judge = _JUDGES.get(kind, "unknown")
    author = text(field(source, "source_id"))
    trace_id = text(assessment.get("trace_id"))
    span_id = hex_id(assessment.get("span_id"))
    at_ns = instant_ns(assessment.get("last_update_time")) or instant_ns(
        assessment.get("create_time")
    )
    score = Score(
        name=name[:_MAX_NAME],
        scope="span" if span_id else "trace",
        target_trace_id=otel_trace_id(trace_id),
        target_span_id=span_id,
        value=value,
        label=label[:_MAX_LABEL],
        explanation=explanation,
        judge=judge,
        author=author[:_MAX_NAME],
        identifier=text(assessment.get("assessment_id")),
        at_ns=at_ns,
    )
    return Judgement(score=score, given_ns=at_ns, taken_back=taken_back)


def otel_trace_id(trace_id: str) -> str:
    """Of MLflow's id of a trace: `tr-<hex>`, or what another client made up."""
    plain = hex_id(trace_id.removeprefix("tr-"))
    return plain if len(plain) == 32 else trace_id_of(trace_id)


def _said(assessment: dict[str, Any]) -> tuple[float | None, str, str]:
    """Value, label, explanation."""
    rationale = text(assessment.get("rationale"))
    if assessment.get("expectation") is not None:
        return None, _words(expectation_value(assessment)), rationale or "expected"
    feedback = mapping(assessment.get("feedback"))
    said = feedback.get("value")
    if said is None:
        return None, "", "" if feedback.get("error") else rationale
    if isinstance(said, bool):
        return float(said), "true" if said else "false", rationale
    if isinstance(said, int | float):
        return float(said), "", rationale
    return None, _words(said), rationale


def _words(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)
