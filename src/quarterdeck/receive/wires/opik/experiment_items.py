"""
The items of Opik's experiments: each an item of a dataset, and the trace that answers it.

A trace is told of the experiment and the item that it belongs to, so its session is one of an
evaluation, of that case.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.opik import known, tracing
from quarterdeck.receive.wires.opik.answers import new_id, page, stream
from quarterdeck.receive.wires.opik.datasets import data_of, shown_item
from quarterdeck.receive.wires.opik.experiments import make
from quarterdeck.receive.wires.opik.reads import shown_object
from quarterdeck.receive.wires.opik.runs import (
    MOST,
    add_runs,
    experiment_of,
    name_of,
    told_runs,
    trace_of,
)
from quarterdeck.receive.wires.opik.spans import TRACE
from quarterdeck.receive.wires.opik.tracing import list_of, text_of
from quarterdeck.storage.records.datasets import find_dataset, list_cases
from quarterdeck.storage.records.experiments import Experiment, list_experiments


async def put_items(call: Call, desk: Desk) -> Reply:
    await _put(desk, list_of(call.object(), "experiment_items"), call.received_ns)
    return Reply(status=204)


async def put_bulk(call: Call, desk: Desk) -> Reply:
    """Items with the traces, spans and scores that they are of, in one request."""
    body = call.object()
    wanted = body.get("experiment_id")
    spare = new_id(call.received_ns)
    told = {"dataset_name": body.get("dataset_name"), "name": body.get("experiment_name")}
    experiment = await make(desk, told, wanted if isinstance(wanted, str) and wanted else spare)
    project = body.get("project_name")
    items: list[dict[str, Any]] = []
    fragments: list[Fragment] = []
    for item in list_of(body, "items"):
        trace = _bulk_trace(item, project, call.received_ns)
        spans = item.get("spans")
        named = [
            {**span, "trace_id": trace["id"], "id": span.get("id") or new_id(call.received_ns)}
            for span in (spans if isinstance(spans, list) else [])
            if isinstance(span, dict)
        ]
        scores = item.get("feedback_scores")
        given = [{**one, "id": trace["id"]} for one in scores or [] if isinstance(one, dict)]
        fragments += tracing.versions("traces", [trace])
        fragments += tracing.versions("spans", named)
        fragments += tracing.scores("traces", given, at_ns=call.received_ns)
        items.append(
            {
                "id": _bulk_item_id(experiment.experiment_id, trace["id"]),
                "experiment_id": experiment.experiment_id,
                "dataset_item_id": text_of(item, "dataset_item_id"),
                "trace_id": trace["id"],
                "project_name": project,
            }
        )
    await desk.keep(Reading(fragments=tuple(fragments)))
    await _put(desk, items, call.received_ns)
    return Reply(status=204)


def _bulk_trace(item: Mapping[str, Any], project: Any, now_ns: int) -> dict[str, Any]:
    told = item.get("trace")
    if isinstance(told, dict):
        base = {**told, "id": told.get("id") or new_id(now_ns), "source": "experiment"}
    else:
        at = to_rfc3339(now_ns)
        base = {
            "id": new_id(now_ns),
            "name": "evaluation_task",
            "start_time": at,
            "end_time": at,
            "output": item.get("evaluate_task_result"),
            "source": "experiment",
        }
    return {**base, "project_name": base.get("project_name") or project}


def _bulk_item_id(experiment_id: str, trace: str) -> str:
    """Of an item that its sender gave no id: the same whenever it is sent."""
    return f"{experiment_id}:{trace}"[:200]


async def _put(desk: Desk, items: Sequence[dict[str, Any]], now_ns: int) -> None:
    """First on disk, then in the experiments: a request that breaks off is sent again."""
    experiments: dict[str, Experiment | None] = {}
    for item in items:
        wanted = text_of(item, "experiment_id")
        if wanted not in experiments:
            experiments[wanted] = await _if_there(desk, wanted)
    fragments = [_fragment(item, experiments[item["experiment_id"]], now_ns) for item in items]
    await desk.keep(Reading(fragments=tuple(fragments)))
    for experiment in experiments.values():
        if experiment is not None:
            mine = [one for one in items if one["experiment_id"] == experiment.experiment_id]
            await add_runs(desk, experiment, mine, now_ns)


async def _if_there(desk: Desk, experiment_id: str) -> Experiment | None:
    try:
        return await experiment_of(experiment_id, desk)
    except NotFound:
        return None


def _fragment(item: Mapping[str, Any], experiment: Experiment | None, now_ns: int) -> Fragment:
    named = {"experiment_name": name_of(experiment)} if experiment is not None else {}
    return Fragment(
        object=TRACE + text_of(dict(item), "trace_id"),
        kind=known.ITEM,
        body={**item, "id": item.get("id") or new_id(now_ns), **named},
    )


# --------------------------------------------------------------------------------- reading


async def stream_items(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name = text_of(body, "experiment_name")
    found = await desk.records(
        list_experiments, project_id=desk.project_id, containing=name, source="opik", limit=100
    )
    shown: list[dict[str, Any]] = []
    for experiment in found.items:
        if name_of(experiment) == name:
            shown += await _shown_items(desk, experiment)
    after = body.get("last_retrieved_id")
    places = [place for place, item in enumerate(shown) if item["id"] == after]
    behind = shown[places[0] + 1 :] if places else ([] if after else shown)
    limit = body.get("limit")
    return stream(behind[: limit if isinstance(limit, int) and limit > 0 else 500])


async def compare(call: Call, desk: Desk) -> Reply:
    """A dataset's items, each with what experiments answered to it."""
    dataset = await desk.records(
        find_dataset, project_id=desk.project_id, dataset_id=call.path["id"]
    )
    answers: dict[str, list[dict[str, Any]]] = {}
    for experiment_id in _ids_in(call.one("experiment_ids")):
        experiment = await experiment_of(experiment_id, desk)
        for item in await _shown_items(desk, experiment):
            answers.setdefault(item["dataset_item_id"], []).append(item)
    cases = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        case_ids=list(answers),
        limit=MOST,
    )
    rows = [
        {**shown_item(case), "experiment_items": answers.get(case.case_id, [])}
        for case in cases.items
    ]
    return page(call, rows, columns=[])


def _ids_in(spelled: str) -> list[str]:
    """Of a JSON list, as the client writes it."""
    inner = spelled.strip().strip("[]")
    return [part.strip().strip('"') for part in inner.split(",") if part.strip()][:100]


async def _shown_items(desk: Desk, experiment: Experiment) -> list[dict[str, Any]]:
    runs = await told_runs(desk, experiment)
    traces = await desk.objects([TRACE + trace_of(run) for run in runs])
    inputs: dict[str, Any] = {}
    if experiment.dataset_id:
        cases = await desk.records(
            list_cases,
            project_id=desk.project_id,
            dataset_id=experiment.dataset_id,
            case_ids=list({run.case_id for run in runs}),
            limit=MOST,
        )
        inputs = {case.case_id: data_of(case) for case in cases.items}
    shown = []
    for run in runs:
        trace = shown_object(trace_of(run), traces.get(TRACE + trace_of(run), [])) or {}
        shown.append(
            {
                "id": run.run_id,
                "experiment_id": experiment.experiment_id,
                "dataset_item_id": run.case_id,
                "trace_id": trace_of(run),
                "input": inputs.get(run.case_id) or trace.get("input"),
                "output": run.output,
                "feedback_scores": trace.get("feedback_scores", []),
                "comments": trace.get("comments", []),
            }
        )
    return shown
