"""
OpenPipe's datasets: entries are conversations whose last message is the answer that is wanted.

They are stored as cases; what OpenPipe would train with them (a rejected answer, tools, a split)
is kept with each.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply, Route
from quarterdeck.receive.wires.openpipe.spans import digest
from quarterdeck.storage.records.datasets import (
    Case,
    Dataset,
    create_dataset,
    delete_dataset,
    find_dataset,
    list_datasets,
    put_cases,
)

_MAX_LISTED = 1_000


async def _create(call: Call, desk: Desk) -> Reply:
    name = call.object().get("name")
    if not isinstance(name, str) or not name.strip():
        raise Invalid("a dataset needs a name")
    dataset = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=name.strip(),
        source="openpipe",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body=_told(dataset))


async def _list(_call: Call, desk: Desk) -> Reply:
    datasets, _ = await desk.records(list_datasets, project_id=desk.project_id, limit=_MAX_LISTED)
    return Reply(body={"object": "list", "data": [_told(dataset) for dataset in datasets]})


async def _delete(call: Call, desk: Desk) -> Reply:
    dataset_id = call.path["dataset"]
    await desk.records(delete_dataset, project_id=desk.project_id, dataset_id=dataset_id)
    return Reply(body={"id": dataset_id, "object": "dataset", "deleted": True})


async def _add(call: Call, desk: Desk) -> Reply:
    """Good entries are stored, each bad one is told by its place, as OpenPipe does."""
    entries = call.object().get("entries")
    if not isinstance(entries, list):
        raise Invalid("'entries' must be a list")
    dataset = await desk.records(
        find_dataset, project_id=desk.project_id, dataset_id=call.path["dataset"]
    )
    cases, errors = read_entries(entries, dataset_id=dataset.dataset_id)
    await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        cases=cases,
        now_ns=desk.now_ns(),
    )
    return Reply(
        body={
            "object": "dataset.entries.creation",
            "entries_created": len(cases),
            "errors": {
                "object": "list",
                "data": [
                    {
                        "object": "dataset.entries.creation.error",
                        "entry_index": at,
                        "message": message,
                    }
                    for at, message in errors
                ],
            },
        }
    )


def read_entries(
    entries: Iterable[Any], *, dataset_id: str
) -> tuple[list[Case], list[tuple[int, str]]]:
    """
    The cases, and (index, message) of what is no entry.

    An entry that is sent again is the same case; one that stands twice in a request is two.
    """
    cases: dict[str, Case] = {}
    errors = []
    for at, entry in enumerate(entries):
        case = _case(entry, dataset_id)
        if isinstance(case, str):
            errors.append((at, case))
            continue
        twin = 0
        while (name := f"{case.case_id}-{twin}") in cases:
            twin += 1
        cases[name] = msgspec.structs.replace(case, case_id=name)
    return list(cases.values()), errors


def _case(entry: Any, dataset_id: str) -> Case | str:
    messages = entry.get("messages") if isinstance(entry, dict) else None
    if not isinstance(messages, list) or not messages:
        return "an entry needs messages"
    last = messages[-1]
    answered = isinstance(last, dict) and last.get("role") == "assistant"
    asked = {"messages": messages[:-1] if answered else messages}
    for name in ("tools", "tool_choice", "response_format"):
        if entry.get(name) is not None:
            asked[name] = entry[name]
    split = entry.get("split")
    return Case(
        dataset_id=dataset_id,
        case_id=digest(entry),
        input=asked,
        expected=last if answered else None,
        metadata=entry.get("metadata") or {},
        split=split if isinstance(split, str) else "",
        source={
            name: value
            for name, value in entry.items()
            if name not in ("messages", "metadata", "split", *asked)
        },
    )


def _told(dataset: Dataset) -> dict[str, Any]:
    return {
        "object": "dataset",
        "id": dataset.dataset_id,
        "name": dataset.name,
        "created": to_rfc3339(dataset.created_ns),
        "updated": to_rfc3339(dataset.updated_ns),
        "dataset_entry_count": dataset.items,
        "fine_tune_count": 0,
    }


ROUTES = (
    Route(method="POST", path="datasets", handler=_create, scope="write"),
    Route(method="GET", path="datasets", handler=_list, scope="read"),
    Route(method="DELETE", path="datasets/{dataset}", handler=_delete, scope="write"),
    Route(method="POST", path="datasets/{dataset}/entries", handler=_add, scope="write"),
)
