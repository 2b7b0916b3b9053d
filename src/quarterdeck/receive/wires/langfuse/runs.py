"""
Runs of a dataset: which item was run in which trace.

A run is our experiment.  The newest SDK says all of this in its spans' attributes; the others link
an item and a trace by `POST /dataset-run-items`, before, while or after the trace is sent.  The
link is a part of the trace, which so becomes a trial of its case and no production.
"""

import hashlib
import uuid
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, span_id_of, trace_id_of
from quarterdeck.receive.wires.langfuse.datasets import SOURCE, case_of, named, with_id
from quarterdeck.receive.wires.langfuse.events import trace_object
from quarterdeck.receive.wires.langfuse.pages import meta_of, page_of, place_of, stamp
from quarterdeck.storage.records import experiment_runs, experiments
from quarterdeck.storage.records.datasets import Dataset
from quarterdeck.storage.records.experiment_runs import ExperimentRun
from quarterdeck.storage.records.experiments import Experiment


async def link_item(call: Call, desk: Desk) -> Reply:
    given = call.object()
    run_name, item_id = text(given.get("runName")), identifier(given.get("datasetItemId"))
    if not run_name or not item_id:
        raise Invalid("a run item needs runName and datasetItemId")
    trace_id = identifier(given.get("traceId"))
    observation = identifier(given.get("observationId"))
    case = await case_of(desk, item_id)
    dataset = await with_id(desk, case.dataset_id)
    run = await _run(desk, dataset, run_name, given)
    link_id = _id_of(run.experiment_id, item_id, trace_id, observation)
    (link,) = await desk.records(
        experiment_runs.put_runs,
        project_id=desk.project_id,
        experiment_id=run.experiment_id,
        runs=[
            ExperimentRun(
                run_id=link_id,
                case_id=item_id,
                trace_id=trace_id_of(trace_id) if trace_id else "",
                span_id=span_id_of(observation) if observation else "",
                started_ns=call.received_ns,
                metadata={"traceId": trace_id or None, "observationId": observation or None},
            )
        ],
    )
    if trace_id:
        await desk.keep(Reading(fragments=(_link(call, run_name, link_id, given),)))
    return Reply(body=_shown_link(link, run))


def _link(call: Call, run_name: str, link_id: str, given: dict[str, Any]) -> Fragment:
    body = {
        "id": link_id,
        "item": given["datasetItemId"],
        "run": run_name,
        "observation": given.get("observationId"),
        "at_ns": call.received_ns,
        "said": given,
    }
    return Fragment(
        object=f"langfuse:run-item:{link_id}",
        kind="run-item",
        body=body,
        about=trace_object(identifier(given["traceId"])),
        at_ns=call.received_ns,
    )


async def _run(desk: Desk, dataset: Dataset, name: str, given: dict[str, Any]) -> Experiment:
    """The run of this name, made if need be.  All items of one run name it."""
    description, metadata = given.get("runDescription"), given.get("metadata")
    told = metadata if isinstance(metadata, dict) else {} if metadata is None else {"": metadata}
    run = await desk.records(
        experiments.create_experiment,
        project_id=desk.project_id,
        name=name,
        experiment_id=_id_of("run", dataset.dataset_id, name),
        dataset_id=dataset.dataset_id,
        description=text(description),
        metadata=told,
        source=SOURCE,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    if (told and told != run.metadata) or (text(description) not in ("", run.description)):
        run = await desk.records(
            experiments.update_experiment,
            project_id=desk.project_id,
            experiment_id=run.experiment_id,
            description=text(description) or None,
            metadata=told or None,
        )
    return run


def _id_of(*parts: str) -> str:
    """The same for the same parts, so a link that is sent again is the same link."""
    told = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return str(uuid.UUID(bytes=hashlib.sha256(told).digest()[:16]))


# -- reading back ---------------------------------------------------------------------------------


async def get_run(call: Call, desk: Desk) -> Reply:
    dataset = await named(desk, call.path["name"])
    run = await _named_run(desk, dataset, call.path["run_name"])
    links = await _links(desk, run)
    items = [_shown_link(link, run) for link in links]
    return Reply(body={**_shown_run(run, dataset), "datasetRunItems": items})


async def list_runs(call: Call, desk: Desk) -> Reply:
    dataset = await named(desk, call.path["name"])
    place = place_of(call)
    found = await desk.records(
        experiments.list_experiments,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        source=SOURCE,
        limit=place.limit,
        offset=place.offset,
    )
    data = [_shown_run(run, dataset) for run in found.items]
    return Reply(body={"data": data, "meta": meta_of(place, found.total)})


async def delete_run(call: Call, desk: Desk) -> Reply:
    """Its sessions stay."""
    dataset = await named(desk, call.path["name"])
    run = await _named_run(desk, dataset, call.path["run_name"])
    await desk.records(
        experiments.delete_experiment, project_id=desk.project_id, experiment_id=run.experiment_id
    )
    return Reply(body={"message": "Dataset run successfully deleted"})


async def list_links(call: Call, desk: Desk) -> Reply:
    dataset = await with_id(desk, call.one("datasetId"))
    run = await _named_run(desk, dataset, call.one("runName"))
    page = page_of(call, [_shown_link(link, run) for link in await _links(desk, run)])
    return Reply(body={"data": page.items, "meta": page.meta})


async def _named_run(desk: Desk, dataset: Dataset, name: str) -> Experiment:
    try:
        return await desk.records(
            experiments.find_experiment,
            project_id=desk.project_id,
            name=name,
            dataset_id=dataset.dataset_id,
            source=SOURCE,
        )
    except NotFound as error:
        raise NotFound(f"Dataset run not found: {name!r}") from error


async def _links(desk: Desk, run: Experiment) -> list[ExperimentRun]:
    return await desk.records(
        experiment_runs.list_runs, project_id=desk.project_id, experiment_id=run.experiment_id
    )


def _shown_run(run: Experiment, dataset: Dataset) -> dict[str, Any]:
    metadata = run.metadata.get("", run.metadata) if set(run.metadata) == {""} else run.metadata
    return {
        "id": run.experiment_id,
        "name": run.name,
        "description": run.description or None,
        "metadata": metadata or None,
        "datasetId": dataset.dataset_id,
        "datasetName": dataset.name,
        "createdAt": stamp(run.started_ns),
        "updatedAt": stamp(run.ended_ns or run.started_ns),
    }


def _shown_link(link: ExperimentRun, run: Experiment) -> dict[str, Any]:
    said = mapping(link.metadata)
    return {
        "id": link.run_id,
        "datasetRunId": run.experiment_id,
        "datasetRunName": run.name,
        "datasetItemId": link.case_id,
        "traceId": said.get("traceId") or link.trace_id,
        "observationId": said.get("observationId"),
        "createdAt": stamp(link.started_ns),
        "updatedAt": stamp(link.started_ns),
    }
