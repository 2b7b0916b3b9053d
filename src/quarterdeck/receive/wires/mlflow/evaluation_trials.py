"""
Which traces are trials of an evaluation, of which case, and what was made of them.

`mlflow.genai.evaluate` calls the application once for each item and marks the trace with a request
id of its own, or makes a trace of a given answer inside its run.  A trace of production that is
evaluated later is linked to the run too and stays what it was: production.
"""

import hashlib
import json
from typing import Any

from quarterdeck.receive.wires.mlflow.proto_json import field, mapping, text
from quarterdeck.receive.wires.mlflow.trace_state import TraceState

_EVALUATION_REQUEST = "mlflow.eval.requestId"
_JUDGES_OWN = "mlflow.trace.sourceScorer"
_MADE_IN_RUN = "mlflow.sourceRun"
_JUDGED_IN_RUN = "mlflow.assessment.sourceRunId"


def is_trial(trace: TraceState) -> bool:
    """Made by an evaluation, or a judge's own trace: not production."""
    if _EVALUATION_REQUEST in trace.tags or _JUDGES_OWN in trace.tags:
        return True
    run_id = trace.metadata.get(_MADE_IN_RUN, "")
    return bool(run_id) and run_id in judging_runs(trace)


def runs_of(trace: TraceState) -> list[str]:
    """The runs that it was made in, linked to or judged in."""
    made_in = trace.metadata.get(_MADE_IN_RUN, "")
    made = [made_in] if made_in and is_trial(trace) else []
    return [run for run in dict.fromkeys((*made, *trace.links, *judging_runs(trace))) if run]


def judging_runs(trace: TraceState) -> list[str]:
    found = (mapping(one.get("metadata")).get(_JUDGED_IN_RUN) for one in trace.assessments.values())
    return list(dict.fromkeys(run for one in found if (run := text(one))))


def run_names(trace: TraceState) -> list[str]:
    return [name for link in trace.links.values() if (name := text(link.get("run_name")))]


def case_of(trace: TraceState) -> str:
    return next((case for link in trace.links.values() if (case := text(link.get("case_id")))), "")


def case_id_of(inputs: Any) -> str:
    """Equal inputs are one case, in a data set as in an evaluation without one."""
    plain = json.dumps(inputs, sort_keys=True, ensure_ascii=False, default=str)
    return "dr-" + hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:32]


def expectations_of(trace: TraceState) -> dict[str, Any]:
    """What would have been right, by name."""
    return {
        text(field(one, "assessment_name")): expectation_value(one)
        for one in trace.assessments.values()
        if one.get("expectation") is not None
    }


def expectation_value(assessment: dict[str, Any]) -> Any:
    expectation = mapping(assessment.get("expectation"))
    written = mapping(field(expectation, "serialized_value"))
    if written:
        try:
            return json.loads(text(written.get("value")))
        except ValueError:
            return written.get("value")
    return expectation.get("value")


def verdicts_of(trace: TraceState, run_id: str) -> dict[str, Any]:
    """What the run's scorers said of it, by name: value, rationale and error, verbatim."""
    found = {}
    for one in trace.assessments.values():
        judged_in = text(mapping(one.get("metadata")).get(_JUDGED_IN_RUN))
        if one.get("feedback") is None or judged_in != run_id:
            continue
        found[text(field(one, "assessment_name"))] = {
            **mapping(one["feedback"]),
            **{key: one[key] for key in ("rationale", "source") if one.get(key)},
        }
    return found
