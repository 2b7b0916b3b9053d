"""
Evaluations as experiments of ours: items become cases, results runs with their scores.

MLflow has no call that says "this was item 3": an evaluation is a run with traces linked to it,
each with assessments.  So after each of these calls what is known of the trace is put together
again and written down; the same from whatever came last, and nothing changes when it comes twice.
"""

from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Desk, Fragment, Reading
from quarterdeck.receive.wires.mlflow.assessments import otel_trace_id
from quarterdeck.receive.wires.mlflow.evaluation_trials import (
    case_id_of,
    expectations_of,
    runs_of,
    verdicts_of,
)
from quarterdeck.receive.wires.mlflow.proto_json import field, mapping, text
from quarterdeck.receive.wires.mlflow.run_state import RunState, find_run
from quarterdeck.receive.wires.mlflow.trace_answers import own_spans
from quarterdeck.receive.wires.mlflow.trace_reads import find_spans, find_trace
from quarterdeck.receive.wires.mlflow.trace_state import TRACE, TraceState
from quarterdeck.storage.records.datasets import (
    Case,
    create_dataset,
    find_case,
    find_dataset,
    put_cases,
)
from quarterdeck.storage.records.experiments import (
    ExperimentRun,
    create_experiment,
    put_runs,
    update_experiment,
)

_OWN_DATASET = "mlflow-"
"""Begins the id of a data set that exists only as the items of evaluations."""


async def note_trials(desk: Desk, trace_ids: list[str]) -> None:
    """Writes down what is known of these traces as trials of the runs that they belong to."""
    await desk.settled()
    for trace_id in dict.fromkeys(trace_ids):
        try:
            trace = await find_trace(desk, trace_id)
        except NotFound:  # its information comes later, and brings it here again
            continue
        for run_id in runs_of(trace):
            await _note_trial(desk, trace, run_id)


async def end_experiment(desk: Desk, run_id: str, ended_ns: int) -> None:
    """The run has ended.  Most runs are no evaluation: then there is nothing to end."""
    try:
        await desk.records(
            update_experiment,
            project_id=desk.project_id,
            experiment_id=run_id,
            ended_ns=ended_ns,
        )
    except NotFound:
        return


async def _note_trial(desk: Desk, trace: TraceState, run_id: str) -> None:
    run = await find_run(desk, run_id) or RunState(run_id=run_id)
    dataset_id = await _dataset(desk, run)
    experiment = await desk.records(
        create_experiment,
        project_id=desk.project_id,
        name=run.name or run_id,
        experiment_id=run_id,
        dataset_id=dataset_id,
        metadata={"mlflow.experimentId": run.experiment_id, "mlflow.runId": run_id},
        source="mlflow",
        created_by=desk.actor,
        now_ns=run.started_ns or desk.now_ns(),
        exists="rename",
    )
    root = _root(own_spans(trace.trace_id, await find_spans(desk, trace)))
    case_id = ""
    if root is not None:
        inputs = decode_json(root.attributes.get("mlflow.spanInputs"))
        case_id = case_id_of(inputs)
        await _note_case(desk, trace, dataset_id, case_id, inputs)
    await desk.records(
        put_runs,
        project_id=desk.project_id,
        experiment_id=run_id,
        runs=[_trial(trace, run_id, case_id, root)],
    )
    link = {"run_id": run_id, "run_name": experiment.name, "case_id": case_id}
    if trace.links.get(run_id) != link:
        told = Fragment(object=TRACE + trace.trace_id, kind="link", body=link)
        await desk.keep(Reading(fragments=(told,)))


def _trial(trace: TraceState, run_id: str, case_id: str, root: RawSpan | None) -> ExperimentRun:
    output = decode_json(root.attributes.get("mlflow.spanOutputs")) if root is not None else None
    failed = root is not None and root.status_code == 2
    return ExperimentRun(
        run_id=trace.trace_id,
        case_id=case_id,
        trace_id=trace.otel_trace_id or otel_trace_id(trace.trace_id),
        span_id=root.span_id if root is not None else "",
        output=output,
        error=(root.status_message or "the root span failed") if failed and root else "",
        started_ns=trace.started_ns,
        ended_ns=trace.ended_ns or 0,
        scores=verdicts_of(trace, run_id),
    )


def _root(spans: list[RawSpan]) -> RawSpan | None:
    return next((span for span in spans if not span.parent_span_id), None)


async def _dataset(desk: Desk, run: RunState) -> str:
    """The run's data set: one that was made by itself, else one of the items that it was given."""
    told = next((mapping(field(mapping(one), "dataset")) for one in run.inputs), {})
    source = mapping(decode_json(told.get("source")))
    named = text(source.get("dataset_id"))
    if named:
        try:
            return (
                await desk.records(find_dataset, project_id=desk.project_id, dataset_id=named)
            ).dataset_id
        except NotFound:
            pass
    digest = text(told.get("digest"))
    if not digest:
        return ""
    made = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=f"{text(told.get('name')) or 'dataset'} {digest}",
        dataset_id=_OWN_DATASET + digest,
        metadata={"mlflow": told},
        source="mlflow",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return made.dataset_id


async def _note_case(
    desk: Desk, trace: TraceState, dataset_id: str, case_id: str, inputs: Any
) -> None:
    if not dataset_id.startswith(_OWN_DATASET):
        return
    expected: Any = expectations_of(trace) or None
    if expected is None:
        try:
            known = await desk.records(
                find_case, project_id=desk.project_id, case_id=case_id, dataset_id=dataset_id
            )
            expected = known.expected
        except NotFound:
            pass
    await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=dataset_id,
        cases=[Case(case_id=case_id, input=inputs, expected=expected)],
        now_ns=desk.now_ns(),
    )
