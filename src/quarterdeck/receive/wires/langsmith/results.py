"""
Runs and feedback of an experiment, as its results: which example, what came out, which scores.

The client never says "this is a result": a run that is about an example, in a project that is an
experiment, is one, and a feedback of that run is its score.  Both may come before the
experiment is known, so they are read again when it is made.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.receive.wire import Desk, Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.langsmith.bodies import FEEDBACK, FEEDBACK_OF, RUN, RUNS_OF
from quarterdeck.receive.wires.langsmith.instants import instant_of
from quarterdeck.receive.wires.langsmith.merged import feedback_of, object_of
from quarterdeck.storage.records.experiments import (
    Experiment,
    ExperimentRun,
    find_experiment,
    put_runs,
)

SOURCE = "langsmith"
Object = dict[str, Any]


async def keep_results(desk: Desk, fragments: Iterable[Fragment]) -> None:
    """Adds what these fragments tell to the experiments that they are of, if any."""
    by_project: dict[str, list[Fragment]] = defaultdict(list)
    for fragment in fragments:
        if _may_be_result(fragment):
            by_project[fragment.collection].append(fragment)
    for collection, mine in by_project.items():
        experiment = await _experiment_of(desk, collection)
        if experiment is not None:
            await _put(desk, experiment, mine)


async def keep_earlier_results(desk: Desk, experiment: Experiment) -> None:
    """What came before the experiment was known."""
    collections = (
        RUNS_OF + experiment.name,
        RUNS_OF + experiment.experiment_id,
        FEEDBACK_OF + experiment.experiment_id,
    )
    for collection in collections:
        objects = await desk.collection(collection)
        found = [fragment for parts in objects.values() for fragment in parts]
        await _put(desk, experiment, [one for one in found if _may_be_result(one)])


def _may_be_result(fragment: Fragment) -> bool:
    if not fragment.collection or not isinstance(fragment.body, dict):
        return False
    if fragment.object.startswith(RUN):
        return bool(fragment.body.get("reference_example_id"))
    return fragment.object.startswith(FEEDBACK) and bool(fragment.about)


async def _experiment_of(desk: Desk, collection: str) -> Experiment | None:
    if collection.startswith(RUNS_OF):
        sought = {"name": collection.removeprefix(RUNS_OF)}
    else:
        sought = {"experiment_id": collection.removeprefix(FEEDBACK_OF)}
    try:
        return await desk.records(
            find_experiment, project_id=desk.project_id, source=SOURCE, **sought
        )
    except NotFound:
        return None


async def _put(desk: Desk, experiment: Experiment, fragments: Sequence[Fragment]) -> None:
    runs = results_of(fragments)
    if runs:
        await desk.records(
            put_runs,
            project_id=desk.project_id,
            experiment_id=experiment.experiment_id,
            runs=runs,
        )


def results_of(fragments: Sequence[Fragment]) -> list[ExperimentRun]:
    """One for each run, with what these fragments tell of it."""
    runs: dict[str, list[Fragment]] = defaultdict(list)
    given: dict[str, dict[str, list[Fragment]]] = defaultdict(lambda: defaultdict(list))
    for fragment in fragments:
        if fragment.object.startswith(RUN):
            runs[fragment.object].append(fragment)
        else:
            given[fragment.about][fragment.object].append(fragment)
    return [_result(name, object_of(runs.get(name, ())), given.get(name, {}))
            for name in dict.fromkeys((*runs, *given))]  # fmt: skip


def _result(name: str, run: Object, given: Mapping[str, Sequence[Fragment]]) -> ExperimentRun:
    run_id = name.removeprefix(RUN)
    trace_id = run.get("trace_id") or run_id
    error = run.get("error")
    metadata = (
        (run.get("extra") or {}).get("metadata") if isinstance(run.get("extra"), dict) else {}
    )
    return ExperimentRun(
        run_id=run_id,
        case_id=str(run.get("reference_example_id") or ""),
        trace_id=trace_id_of(str(trace_id)) if run else "",
        span_id=span_id_of(run_id) if run else "",
        output=run.get("outputs"),
        error=error if isinstance(error, str) else "",
        started_ns=instant_of(run.get("start_time")),
        ended_ns=instant_of(run.get("end_time")),
        metadata=metadata if isinstance(metadata, dict) else {},
        scores=scores_of(feedback_of(parts) for parts in given.values()),
    )


def scores_of(feedback: Iterable[Object]) -> Object:
    """Name -> number, or the word where it is none."""
    found: Object = {}
    for one in feedback:
        score, value = one.get("score"), one.get("value")
        told = value if score is None else score
        if one.get("key") and told is not None:
            found[str(one["key"])] = float(told) if isinstance(told, bool) else told
    return found
