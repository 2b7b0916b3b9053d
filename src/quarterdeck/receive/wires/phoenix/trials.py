"""
What an experiment's client says of one run, as a span.

The task's own spans come by OTLP, under a project that the experiment was given.  Which case it
was and which trial only the client's call tells: it becomes one span beside them, of kind
`session`, never a step.
"""

from collections.abc import Sequence
from typing import Any

from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.receive.wire import Fragment, span_id_of
from quarterdeck.receive.wires.phoenix.json_values import instant_ns, mapping, text

RUN = "phoenix:run:"
"""Begins the name of a run's object; the experiment's id and the run's own follow."""


def run_object(experiment_id: str, run_id: str) -> str:
    return f"{RUN}{experiment_id}/{run_id}"


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The span of a run; none of any other object, and none of a run without a trace."""
    if not name.startswith(RUN) or not fragments:
        return ()
    told = mapping(fragments[-1].body)
    trace_id = text(told.get("trace_id")).lower()
    started_ns = instant_ns(told.get("start_time"))
    if not _is_trace_id(trace_id) or not started_ns:
        return ()
    attributes: dict[str, Any] = {
        "quarterdeck.kind": "session",
        "quarterdeck.synthetic": True,
        "quarterdeck.experiment": True,
        "quarterdeck.case": text(told.get("case_id")),
        "quarterdeck.tags": [f"experiment:{text(told.get('experiment_name'))}"],
        "phoenix.experiment_run": {
            key: value for key, value in told.items() if key not in ("output", "experiment_name")
        },
    }
    trial = told.get("trial")
    if isinstance(trial, int) and not isinstance(trial, bool) and trial >= 0:
        attributes["quarterdeck.trial"] = trial
    return (
        RawSpan(
            trace_id=trace_id,
            span_id=span_id_of(name),
            name="experiment run",
            start_ns=started_ns,
            end_ns=max(started_ns, instant_ns(told.get("end_time"))),
            attributes=attributes,
            resource=Resource(scope_name="quarterdeck.phoenix"),
        ),
    )


def _is_trace_id(given: str) -> bool:
    return len(given) == 32 and all(digit in "0123456789abcdef" for digit in given)
