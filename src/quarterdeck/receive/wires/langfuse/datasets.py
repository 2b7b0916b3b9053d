"""
Datasets and their items, which are our cases.

Sending a dataset or an item again changes what it names and leaves the rest, as the SDKs expect
that archive an item by its id alone.  Refused: a dataset as it was at some instant; versions are
kept here by number.
"""

import uuid
from typing import Any

import msgspec

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.langfuse.pages import meta_of, place_of, stamp
from quarterdeck.storage.records import cases, datasets
from quarterdeck.storage.records.cases import Case
from quarterdeck.storage.records.datasets import Dataset

SOURCE = "langfuse"
_BESIDE = "langfuse"
"""Below it stands what our datasets have no place for, in their metadata."""


async def create_dataset(call: Call, desk: Desk) -> Reply:
    given = call.object()
    name = text(given.get("name"))
    if not name:
        raise Invalid("a dataset needs a name")
    metadata = _metadata(given)
    dataset = await desk.records(
        datasets.create_dataset,
        project_id=desk.project_id,
        name=name,
        description=text(given.get("description")),
        metadata=metadata,
        source=SOURCE,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    changed = {
        "description": given["description"]
        if isinstance(given.get("description"), str) and given["description"] != dataset.description
        else None,
        "metadata": metadata if metadata and metadata != dataset.metadata else None,
    }
    if any(value is not None for value in changed.values()):
        dataset = await desk.records(
            datasets.update_dataset,
            project_id=desk.project_id,
            dataset_id=dataset.dataset_id,
            now_ns=desk.now_ns(),
            **changed,
        )
    return Reply(body=shown_dataset(dataset, desk))


async def get_dataset(call: Call, desk: Desk) -> Reply:
    return Reply(body=shown_dataset(await named(desk, call.path["name"]), desk))


async def list_datasets(call: Call, desk: Desk) -> Reply:
    place = place_of(call)
    found = await desk.records(
        datasets.list_datasets,
        project_id=desk.project_id,
        limit=place.limit,
        offset=place.offset,
    )
    data = [shown_dataset(dataset, desk) for dataset in found.items]
    return Reply(body={"data": data, "meta": meta_of(place, found.total)})


async def named(desk: Desk, name: str) -> Dataset:
    try:
        return await desk.records(datasets.find_dataset, project_id=desk.project_id, name=name)
    except NotFound as error:
        raise NotFound(f"Dataset not found: {name!r}") from error


async def with_id(desk: Desk, dataset_id: str) -> Dataset:
    return await desk.records(
        datasets.find_dataset, project_id=desk.project_id, dataset_id=dataset_id
    )


def _metadata(given: dict[str, Any]) -> dict[str, Any]:
    beside = {
        key: given[key]
        for key in ("inputSchema", "expectedOutputSchema")
        if given.get(key) is not None
    }
    metadata = given.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        beside["metadata"] = metadata
    return {**mapping(metadata), **({_BESIDE: beside} if beside else {})}


def shown_dataset(dataset: Dataset, desk: Desk) -> dict[str, Any]:
    beside = mapping(dataset.metadata.get(_BESIDE))
    own = {key: value for key, value in dataset.metadata.items() if key != _BESIDE}
    return {
        "id": dataset.dataset_id,
        "name": dataset.name,
        "description": dataset.description or None,
        "metadata": beside.get("metadata", own or None),
        "inputSchema": beside.get("inputSchema"),
        "expectedOutputSchema": beside.get("expectedOutputSchema"),
        "projectId": str(desk.project_id),
        "createdAt": stamp(dataset.created_ns),
        "updatedAt": stamp(dataset.updated_ns),
    }


# -- items ----------------------------------------------------------------------------------------


async def create_item(call: Call, desk: Desk) -> Reply:
    """Makes an item, or changes the one of this id: what is null stays as it was."""
    given = call.object()
    if identifier(given.get("datasetName")):
        dataset = await named(desk, identifier(given["datasetName"]))
    else:
        dataset = await with_id(desk, identifier(given.get("datasetId")))
    case_id = identifier(given.get("id")) or str(uuid.uuid4())
    try:
        before = await desk.records(
            cases.find_case,
            project_id=desk.project_id,
            case_id=case_id,
            dataset_id=dataset.dataset_id,
        )
    except NotFound:
        before = Case(case_id=case_id)
    told: dict[str, Any] = {
        ours: given[theirs]
        for theirs, ours in (("input", "input"), ("expectedOutput", "expected"),
                             ("metadata", "metadata"))
        if given.get(theirs) is not None
    }  # fmt: skip
    told |= {
        ours: identifier(given[theirs])
        for theirs, ours in (("sourceTraceId", "source_trace_id"),
                             ("sourceObservationId", "source_span_id"))
        if identifier(given.get(theirs))
    }  # fmt: skip
    if text(given.get("status")):
        told["archived"] = given["status"] == "ARCHIVED"
    (kept,) = await desk.records(
        cases.put_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        cases=[msgspec.structs.replace(before, **told)],
        now_ns=desk.now_ns(),
    )
    return Reply(body=_shown_item(kept, dataset))


async def list_items(call: Call, desk: Desk) -> Reply:
    """Those that are not archived, in the order in which they were made."""
    if call.one("version"):
        return Reply(
            status=501,
            body={
                "message": "A dataset can't be read as it was at some instant; leave out version.",
                "error": "NotImplementedError",
            },
        )
    dataset = await named(desk, call.one("datasetName"))
    place = place_of(call)
    found = await desk.records(
        cases.list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        limit=place.limit,
        offset=place.offset,
    )
    data = [_shown_item(case, dataset) for case in found.items]
    return Reply(body={"data": data, "meta": meta_of(place, found.total)})


async def get_item(call: Call, desk: Desk) -> Reply:
    case = await case_of(desk, call.path["item_id"])
    return Reply(body=_shown_item(case, await with_id(desk, case.dataset_id)))


async def delete_item(call: Call, desk: Desk) -> Reply:
    case = await case_of(desk, call.path["item_id"])
    await desk.records(
        cases.delete_cases,
        project_id=desk.project_id,
        dataset_id=case.dataset_id,
        case_ids=[case.case_id],
        now_ns=desk.now_ns(),
    )
    return Reply(body={"message": "Dataset item successfully deleted"})


async def case_of(desk: Desk, case_id: str) -> Case:
    try:
        return await desk.records(cases.find_case, project_id=desk.project_id, case_id=case_id)
    except NotFound as error:
        raise NotFound(f"Dataset item not found: {case_id!r}") from error


def _shown_item(case: Case, dataset: Dataset) -> dict[str, Any]:
    return {
        "id": case.case_id,
        "datasetId": dataset.dataset_id,
        "datasetName": dataset.name,
        "input": case.input,
        "expectedOutput": case.expected,
        "metadata": case.metadata,
        "sourceTraceId": case.source_trace_id or None,
        "sourceObservationId": case.source_span_id or None,
        "status": "ARCHIVED" if case.archived else "ACTIVE",
        "mediaReferences": [],
        "createdAt": stamp(case.created_ns),
        "updatedAt": stamp(case.updated_ns),
    }
