"""
Opik's experiments: a named run of a task over a dataset.

The client runs the task and the metrics itself; the server keeps what came of it.  Names need
not differ in Opik: what was sent is kept beside the name that was free.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.opik.answers import MOST_PER_PAGE, created, new_id, page, stream
from quarterdeck.receive.wires.opik.datasets import find_or_make
from quarterdeck.receive.wires.opik.runs import MOST, experiment_of, name_of, told_of, told_runs
from quarterdeck.receive.wires.opik.tracing import text_of
from quarterdeck.storage.records.datasets import find_dataset
from quarterdeck.storage.records.experiments import (
    Experiment,
    ExperimentRun,
    create_experiment,
    delete_experiment,
    list_experiments,
    update_experiment,
)

_ENDED = frozenset({"completed", "cancelled"})


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    made = await make(desk, body, _text(body.get("id")) or new_id(call.received_ns))
    return created(call, f"experiments/{made.experiment_id}")


async def make(desk: Desk, body: Mapping[str, Any], experiment_id: str) -> Experiment:
    """Names need not differ in Opik: what was sent is kept beside the name that is free."""
    dataset_name = _text(body.get("dataset_name"))
    dataset_id = ""
    if dataset_name:
        dataset_id = (await find_or_make(desk, name=dataset_name)).dataset_id
    told = {key: v for key, v in body.items() if key not in ("id", "metadata") and v is not None}
    metadata = body.get("metadata")
    config = metadata if isinstance(metadata, dict) else {}
    return await desk.records(
        create_experiment,
        project_id=desk.project_id,
        name=_text(body.get("name")) or f"experiment-{experiment_id[:8]}",
        experiment_id=experiment_id,
        dataset_id=dataset_id,
        metadata={**config, "opik": told},
        source="opik",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        exists="rename",
    )


async def one(call: Call, desk: Desk) -> Reply:
    experiment = await experiment_of(call.path["id"], desk)
    runs = await told_runs(desk, experiment)
    return Reply(body=await _shown(desk, experiment, runs))


async def list_all(call: Call, desk: Desk) -> Reply:
    number = max(1, call.number("page", 1, most=1_000_000))
    size = call.number("size", 10, most=MOST_PER_PAGE)
    found = await desk.records(
        list_experiments,
        project_id=desk.project_id,
        dataset_id=call.one("datasetId"),
        containing=call.one("name"),
        source="opik",
        limit=size,
        offset=(number - 1) * size,
    )
    shown = [await _shown(desk, one, await told_runs(desk, one)) for one in found.items]
    return page(call, shown, total=found.total)


async def stream_all(call: Call, desk: Desk) -> Reply:
    """By name, newest first."""
    body = call.object()
    found = await desk.records(
        list_experiments,
        project_id=desk.project_id,
        containing=text_of(body, "name"),
        source="opik",
        limit=MOST,
    )
    wanted = _behind(found.items, body.get("last_retrieved_id"))
    limit = body.get("limit")
    shown = wanted[: limit if isinstance(limit, int) and limit > 0 else 500]
    return stream([await _shown(desk, one, await told_runs(desk, one)) for one in shown])


def _behind(found: Sequence[Experiment], last: Any) -> Sequence[Experiment]:
    places = [place for place, one in enumerate(found) if one.experiment_id == last]
    return found[places[0] + 1 :] if places else ([] if last else found)


async def change(call: Call, desk: Desk) -> Reply:
    body = call.object()
    experiment = await experiment_of(call.path["id"], desk)
    told = told_of(experiment)
    for key in ("tags", "status", "type", "experiment_scores", "name"):
        if body.get(key) is not None:
            told[key] = body[key]
    config = body.get("metadata")
    kept = config if isinstance(config, dict) else _config(experiment)
    await desk.records(
        update_experiment,
        project_id=desk.project_id,
        experiment_id=experiment.experiment_id,
        metadata={**kept, "opik": told},
        ended_ns=desk.now_ns() if body.get("status") in _ENDED else None,
    )
    return Reply(status=204)


async def finish(call: Call, desk: Desk) -> Reply:
    for experiment_id in _texts(call.object().get("ids"))[:100]:
        experiment = await experiment_of(experiment_id, desk)
        await told_runs(desk, experiment)
        await desk.records(
            update_experiment,
            project_id=desk.project_id,
            experiment_id=experiment_id,
            ended_ns=experiment.ended_ns or desk.now_ns(),
        )
    return Reply(status=204)


async def delete(call: Call, desk: Desk) -> Reply:
    for experiment_id in _texts(call.object().get("ids"))[:1000]:
        try:
            await desk.records(
                delete_experiment, project_id=desk.project_id, experiment_id=experiment_id
            )
        except NotFound:
            continue  # deleted before: a request that was sent again
    return Reply(status=204)


async def _shown(
    desk: Desk, experiment: Experiment, runs: Sequence[ExperimentRun]
) -> dict[str, Any]:
    told = told_of(experiment)
    dataset_name = told.get("dataset_name")
    if experiment.dataset_id and not dataset_name:
        dataset = await desk.records(
            find_dataset, project_id=desk.project_id, dataset_id=experiment.dataset_id
        )
        dataset_name = dataset.name
    ended = to_rfc3339(experiment.ended_ns) if experiment.ended_ns else None
    return {
        "type": "regular",
        **told,
        "id": experiment.experiment_id,
        "name": name_of(experiment),
        "dataset_id": experiment.dataset_id or None,
        "dataset_name": dataset_name,
        "metadata": _config(experiment) or None,
        "trace_count": len(runs),
        "dataset_item_count": len({run.case_id for run in runs}),
        "feedback_scores": _means(runs),
        "status": told.get("status") or ("completed" if ended else "running"),
        "finished_at": ended,
        "created_at": to_rfc3339(experiment.started_ns),
        "created_by": experiment.created_by,
    }


def _means(runs: Sequence[ExperimentRun]) -> list[dict[str, Any]]:
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run.scores.items():
            if isinstance(value, int | float):
                values.setdefault(name, []).append(value)
    return [{"name": name, "value": sum(all_) / len(all_)} for name, all_ in values.items()]


def _config(experiment: Experiment) -> dict[str, Any]:
    return {key: value for key, value in experiment.metadata.items() if key != "opik"}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
