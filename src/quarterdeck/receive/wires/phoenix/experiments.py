"""
Phoenix's experiments: on a dataset, a run for each example and repetition, evaluations of runs.

An experiment is given a project of its own, by whose name the spans of its tasks are known.  An
evaluation is a score of the session that the task was, and stands in the run.
"""

import hashlib
import uuid
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.scores import Judge, Score
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply
from quarterdeck.receive.wires.phoenix.datasets import every_case, example, find
from quarterdeck.receive.wires.phoenix.json_values import (
    MAX_PAGE,
    instant_ns,
    instant_text,
    items,
    mapping,
    next_cursor,
    number,
    page_asked,
    text,
)
from quarterdeck.receive.wires.phoenix.node_ids import node_id, own_id, own_id_or_none
from quarterdeck.receive.wires.phoenix.trials import run_object
from quarterdeck.storage.records.datasets import Case, find_dataset
from quarterdeck.storage.records.experiments import (
    Experiment,
    ExperimentRun,
    create_experiment,
    delete_experiment,
    find_experiment,
    list_experiments,
    list_runs,
    put_runs,
)

_OWN = "phoenix"
_JUDGES: dict[str, Judge] = {"HUMAN": "human", "LLM": "llm", "CODE": "code"}
_MAX_RUNS = 100_000
_MAX_REPETITIONS = 1_000
_MAX_LABEL = 200


# -------------------------------------------------------------------------- experiments


async def create(call: Call, desk: Desk) -> Reply:
    dataset, body = await find(call, desk), call.object()
    experiment_id = str(uuid.uuid4())
    version = own_id_or_none("DatasetVersion", text(body.get("version_id")))
    repetitions = body.get("repetitions")
    own = {
        "metadata": mapping(body.get("metadata")),
        "project_name": f"Experiment-{uuid.uuid4().hex[:24]}",
        "repetitions": min(max(1, repetitions), _MAX_REPETITIONS)
        if isinstance(repetitions, int)
        else 1,
        "version": int(version) if version and version.isdigit() else dataset.version,
        "splits": [one for one in items(body.get("splits")) if isinstance(one, str)],
    }
    made = await desk.records(
        create_experiment,
        project_id=desk.project_id,
        name=text(body.get("name")).strip() or f"experiment-{experiment_id[:8]}",
        experiment_id=experiment_id,
        dataset_id=dataset.dataset_id,
        description=text(body.get("description")),
        metadata={_OWN: own},
        source="phoenix",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        exists="rename",
    )
    return Reply(body={"data": await _answer(desk, made)})


async def get(call: Call, desk: Desk) -> Reply:
    return Reply(body={"data": await _answer(desk, await _experiment(call, desk))})


async def list_of_dataset(call: Call, desk: Desk) -> Reply:
    dataset = await find(call, desk)
    first, most = page_asked(call, 50)
    found, total = await desk.records(
        list_experiments,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        limit=most,
        offset=first,
    )
    shown = [await _answer(desk, one) for one in found]
    return Reply(body={"data": shown, "next_cursor": next_cursor(first, len(shown), total)})


async def delete(call: Call, desk: Desk) -> Reply:
    """Its sessions stay."""
    found = await _experiment(call, desk)
    await desk.records(
        delete_experiment, project_id=desk.project_id, experiment_id=found.experiment_id
    )
    return Reply(status=204)


# --------------------------------------------------------------------------------- runs


async def put_run(call: Call, desk: Desk) -> Reply:
    experiment, body = await _experiment(call, desk), call.object()
    case_id = own_id("DatasetExample", text(body.get("dataset_example_id")))
    repetition = body.get("repetition_number")
    if not isinstance(repetition, int) or isinstance(repetition, bool) or repetition < 1:
        raise Invalid("repetition_number counts from 1")
    trace_id = text(body.get("trace_id")).lower()
    # Each try is a run: one that failed is tried again when the experiment is resumed.
    tried = trace_id or text(body.get("start_time"))
    run_id = hashlib.sha256(f"{case_id}\n{repetition}\n{tried}".encode()).hexdigest()[:32]
    await desk.records(
        put_runs,
        project_id=desk.project_id,
        experiment_id=experiment.experiment_id,
        runs=[
            ExperimentRun(
                run_id=run_id,
                case_id=case_id,
                trace_id=trace_id,
                trial=repetition - 1,
                output=body.get("output"),
                error=text(body.get("error")),
                started_ns=instant_ns(body.get("start_time")),
                ended_ns=instant_ns(body.get("end_time")),
            )
        ],
    )
    told = {
        **{key: body.get(key) for key in ("trace_id", "start_time", "end_time", "error")},
        "case_id": case_id,
        "trial": repetition - 1,
        "experiment_id": experiment.experiment_id,
        "experiment_name": experiment.name,
    }
    fragment = Fragment(object=run_object(experiment.experiment_id, run_id), kind="run", body=told)
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body={"data": {"id": _run_node(experiment.experiment_id, run_id)}})


async def list_all_runs(call: Call, desk: Desk) -> Reply:
    experiment = await _experiment(call, desk)
    first, most = page_asked(call, MAX_PAGE)
    found = await _runs(desk, experiment)
    shown = [_run(experiment, run) for run in found[first : first + most]]
    return Reply(body={"data": shown, "next_cursor": next_cursor(first, len(shown), len(found))})


async def whole(call: Call, desk: Desk) -> Reply:
    """All runs with their examples and evaluations, as one list."""
    experiment = await _experiment(call, desk)
    cases = {case.case_id: case for case in await _cases(desk, experiment)}
    shown = []
    for run in await _runs(desk, experiment):
        case = cases.get(run.case_id)
        shown.append(
            {
                "example_id": node_id("DatasetExample", run.case_id),
                "repetition_number": run.trial + 1,
                "input": case.input if case is not None else {},
                "reference_output": case.expected if case is not None else {},
                "output": run.output,
                "error": run.error or None,
                "latency_ms": (run.ended_ns - run.started_ns) / 1_000_000,
                "start_time": instant_text(run.started_ns),
                "end_time": instant_text(run.ended_ns),
                "trace_id": run.trace_id or None,
                "annotations": [_annotation(name, told) for name, told in run.scores.items()],
            }
        )
    return Reply(body=shown)


async def incomplete_runs(call: Call, desk: Desk) -> Reply:
    """Examples with the repetitions that have no run, or one that failed."""
    experiment = await _experiment(call, desk)
    first, most = page_asked(call, 50)
    done = {(run.case_id, run.trial) for run in await _runs(desk, experiment) if not run.error}
    wanted = range(_own(experiment).get("repetitions", 1))
    found = []
    for case in await _cases(desk, experiment):
        missing = [trial + 1 for trial in wanted if (case.case_id, trial) not in done]
        if missing:
            found.append({"dataset_example": example(case), "repetition_numbers": missing})
    page = found[first : first + most]
    return Reply(body={"data": page, "next_cursor": next_cursor(first, len(page), len(found))})


async def incomplete_evaluations(call: Call, desk: Desk) -> Reply:
    """Runs that some of the named evaluators have not judged, or failed at."""
    experiment = await _experiment(call, desk)
    names = list(call.query.get("evaluation_name", ()))
    if not names:
        raise Invalid("evaluation_name names at least one evaluator")
    first, most = page_asked(call, 50)
    cases = {case.case_id: case for case in await _cases(desk, experiment)}
    found = []
    for run in await _runs(desk, experiment):
        missing = [name for name in names if mapping(run.scores.get(name)).get("result") is None]
        if missing and not run.error and run.case_id in cases:
            found.append(
                {
                    "experiment_run": _run(experiment, run),
                    "dataset_example": example(cases[run.case_id]),
                    "evaluation_names": missing,
                }
            )
    page = found[first : first + most]
    return Reply(body={"data": page, "next_cursor": next_cursor(first, len(page), len(found))})


# -------------------------------------------------------------------------- evaluations


async def put_evaluation(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name = text(body.get("name"))
    given = own_id("ExperimentRun", text(body.get("experiment_run_id")))
    experiment_id, _, run_id = given.partition("/")
    if not name:
        raise Invalid("an evaluation needs a name")
    if not run_id:
        raise NotFound(f"no experiment run {given!r}")
    result = mapping(body.get("result"))
    told = {
        "value": result.get("score"),
        **{
            key: body.get(key)
            for key in (
                "annotator_kind", "result", "error", "start_time", "end_time", "trace_id",
                "metadata",
            )
        },
    }  # fmt: skip
    [run] = await desk.records(
        put_runs,
        project_id=desk.project_id,
        experiment_id=experiment_id,
        runs=[ExperimentRun(run_id=run_id, scores={name: told})],
    )
    judged = _judgement(name, told, run.trace_id, experiment_id, call.received_ns)
    if judged is not None:
        await desk.keep(Reading(judgements=(judged,)))
    shown = hashlib.sha256(f"{given}\n{name}".encode()).hexdigest()[:32]
    return Reply(body={"data": {"id": node_id("ExperimentEvaluation", shown)}})


def _judgement(
    name: str, told: dict[str, Any], trace_id: str, experiment_id: str, given_ns: int
) -> Judgement | None:
    result = mapping(told.get("result"))
    value, label = number(result.get("score")), text(result.get("label"))
    explanation = text(result.get("explanation"))
    if not trace_id or (value is None and not label and not explanation):
        return None
    at_ns = instant_ns(told.get("end_time")) or given_ns
    return Judgement(
        score=Score(
            name=name[:_MAX_LABEL],
            scope="trace",
            target_trace_id=trace_id,
            value=value,
            label=label[:_MAX_LABEL],
            explanation=explanation,
            judge=_JUDGES.get(text(told.get("annotator_kind")).upper(), "unknown"),
            identifier=experiment_id,
            at_ns=at_ns,
        ),
        given_ns=at_ns,
    )


# --------------------------------------------------------------------------------- shared


async def _experiment(call: Call, desk: Desk) -> Experiment:
    given = call.path["experiment"]
    wanted = own_id("Experiment", given)
    return await desk.records(find_experiment, project_id=desk.project_id, experiment_id=wanted)


async def _runs(desk: Desk, experiment: Experiment) -> list[ExperimentRun]:
    """Of each case and trial the last try that went well, else the last."""
    tries = await desk.records(
        list_runs,
        project_id=desk.project_id,
        experiment_id=experiment.experiment_id,
        limit=_MAX_RUNS,
    )
    best: dict[tuple[str, int], ExperimentRun] = {}
    for run in tries:
        known = best.get((run.case_id, run.trial))
        if known is None or not run.error or known.error:
            best[run.case_id, run.trial] = run
    return list(best.values())


async def _cases(desk: Desk, experiment: Experiment) -> list[Case]:
    """Of the dataset as it was when the experiment was made; none if it was deleted since."""
    own = _own(experiment)
    try:
        cases = await every_case(desk, experiment.dataset_id, as_of_version=own.get("version"))
    except NotFound:
        return []
    splits = items(own.get("splits"))
    return [case for case in cases if not splits or case.split in splits]


def _own(experiment: Experiment) -> dict[str, Any]:
    return mapping(experiment.metadata.get(_OWN))


def _run_node(experiment_id: str, run_id: str) -> str:
    return node_id("ExperimentRun", f"{experiment_id}/{run_id}")


async def _answer(desk: Desk, found: Experiment) -> dict[str, Any]:
    own = _own(found)
    runs = await _runs(desk, found)
    failed = sum(bool(run.error) for run in runs)
    examples = len(await _cases(desk, found))
    repetitions = own.get("repetitions", 1)
    try:
        dataset = await desk.records(
            find_dataset, project_id=desk.project_id, dataset_id=found.dataset_id
        )
        newest = dataset.version
    except NotFound:
        newest = 0
    return {
        "id": node_id("Experiment", found.experiment_id),
        "dataset_id": node_id("Dataset", found.dataset_id),
        "dataset_version_id": node_id("DatasetVersion", own.get("version", newest)),
        "name": found.name,
        "description": found.description or None,
        "repetitions": repetitions,
        "metadata": mapping(own.get("metadata")),
        "project_name": own.get("project_name"),
        "created_at": instant_text(found.started_ns),
        "updated_at": instant_text(found.ended_ns or found.started_ns),
        "example_count": examples,
        "successful_run_count": len(runs) - failed,
        "failed_run_count": failed,
        "missing_run_count": max(0, examples * repetitions - len(runs)),
    }


def _run(experiment: Experiment, run: ExperimentRun) -> dict[str, Any]:
    return {
        "id": _run_node(experiment.experiment_id, run.run_id),
        "experiment_id": node_id("Experiment", experiment.experiment_id),
        "dataset_example_id": node_id("DatasetExample", run.case_id),
        "repetition_number": run.trial + 1,
        "output": run.output,
        "error": run.error or None,
        "start_time": instant_text(run.started_ns),
        "end_time": instant_text(run.ended_ns),
        "trace_id": run.trace_id or None,
    }


def _annotation(name: str, told: Any) -> dict[str, Any]:
    found = mapping(told)
    result = mapping(found.get("result"))
    return {
        "name": name,
        "annotator_kind": found.get("annotator_kind"),
        "label": result.get("label"),
        "score": result.get("score"),
        "explanation": result.get("explanation"),
        "error": found.get("error"),
        "start_time": found.get("start_time"),
        "end_time": found.get("end_time"),
        "trace_id": found.get("trace_id"),
        "metadata": mapping(found.get("metadata")),
    }
