"""
The runs of an experiment: which trace answers which item, and what that trace says by now.

A run is told of before its trace is, and scores may come at any time after: output, scores and
times are read from what was said of the trace, whenever somebody asks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.receive.wire import Desk, Fragment, trace_id_of
from quarterdeck.receive.wires.opik import known
from quarterdeck.receive.wires.opik.answers import new_id
from quarterdeck.receive.wires.opik.spans import TRACE
from quarterdeck.storage.records.experiments import (
    Experiment,
    ExperimentRun,
    find_experiment,
    list_runs,
    put_runs,
)

MOST = 10_000
"""Runs of one experiment that are read."""


async def experiment_of(experiment_id: str, desk: Desk) -> Experiment:
    """Raises `NotFound`."""
    return await desk.records(
        find_experiment, project_id=desk.project_id, experiment_id=experiment_id
    )


def told_of(experiment: Experiment) -> dict[str, Any]:
    """What its client said of it, but for the configuration."""
    told = experiment.metadata.get("opik")
    return dict(told) if isinstance(told, dict) else {}


def name_of(experiment: Experiment) -> str:
    """As its client calls it: the name that it is kept by may have a number behind."""
    name = told_of(experiment).get("name")
    return name if isinstance(name, str) and name else experiment.name


async def add_runs(
    desk: Desk, experiment: Experiment, items: Sequence[Mapping[str, Any]], now_ns: int
) -> None:
    """Several answers to one item are trials of it, in the order that they are told."""
    there = await _runs(desk, experiment)
    trials: dict[str, int] = {}
    for run in there:
        trials[run.case_id] = trials.get(run.case_id, 0) + 1
    ids = {run.run_id for run in there}
    runs = []
    for item in items:
        run_id, case_id = (
            str(item.get("id") or new_id(now_ns)),
            str(item.get("dataset_item_id") or ""),
        )
        trial = 0
        if run_id not in ids:
            trial = trials.get(case_id, 0)
            trials[case_id] = trial + 1
        runs.append(
            ExperimentRun(
                run_id=run_id,
                case_id=case_id,
                trace_id=trace_id_of(str(item["trace_id"])),
                trial=trial,
                metadata={"opik": {key: v for key, v in item.items() if v is not None}},
            )
        )
    await desk.records(
        put_runs, project_id=desk.project_id, experiment_id=experiment.experiment_id, runs=runs
    )


async def _runs(desk: Desk, experiment: Experiment) -> list[ExperimentRun]:
    return await desk.records(
        list_runs,
        project_id=desk.project_id,
        experiment_id=experiment.experiment_id,
        limit=MOST,
    )


async def told_runs(desk: Desk, experiment: Experiment) -> list[ExperimentRun]:
    """The runs, with what their traces say by now."""
    runs = await _runs(desk, experiment)
    if not runs:
        return runs
    await desk.settled()
    traces = await desk.objects([TRACE + trace_of(run) for run in runs])
    told = []
    for run in runs:
        fragments = traces.get(TRACE + trace_of(run))
        if fragments is not None:
            told.append(_told_run(run, fragments))
    if not told:
        return runs
    await desk.records(
        put_runs, project_id=desk.project_id, experiment_id=experiment.experiment_id, runs=told
    )
    return await _runs(desk, experiment)


def _told_run(run: ExperimentRun, fragments: Sequence[Fragment]) -> ExperimentRun:
    trace = known.know(fragments)
    error = trace.fields.get("error_info")
    message = error.get("message") if isinstance(error, dict) else ""
    return ExperimentRun(
        run_id=run.run_id,
        output=trace.fields.get("output"),
        error=message if isinstance(message, str) else "",
        started_ns=known.instant_or_zero(trace.fields.get("start_time")),
        ended_ns=known.instant_or_zero(trace.fields.get("end_time")),
        scores={str(score.get("name")): score.get("value") for score in trace.scores},
    )


def trace_of(run: ExperimentRun) -> str:
    """The id that the client knows its trace by."""
    told = run.metadata.get("opik")
    return str(told.get("trace_id")) if isinstance(told, dict) else run.trace_id
