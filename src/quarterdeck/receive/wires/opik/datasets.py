"""
Opik's datasets: items of free-form data, each change of them a version.

An item is a case.  Its data has no fixed members: what is called `input` and `expected…` is the
case's, the rest its metadata, and all of it is kept as sent, since the client gets it back.  The
client names a version by its hash; both hash and id follow from dataset and number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.opik.answers import (
    MOST_PER_PAGE,
    created,
    id_of,
    new_id,
    page,
    stream,
)
from quarterdeck.receive.wires.opik.filters import fits, read_filters
from quarterdeck.receive.wires.opik.tracing import list_of, text_of
from quarterdeck.storage.records.datasets import (
    Case,
    Dataset,
    create_dataset,
    delete_cases,
    delete_dataset,
    find_case,
    find_dataset,
    list_cases,
    list_datasets,
    put_cases,
    update_dataset,
)

_EXPECTED = ("expected_output", "expected", "reference", "expected_answer")
"""Names that users give to what an answer is compared with; Opik prescribes none."""
_MOST_ITEMS = 100_000
_BESIDE = frozenset({"id", "data", "trace_id", "span_id", "dataset_id"})


# -------------------------------------------------------------------------------- datasets


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    dataset_id = body.get("id")
    more = {key: body[key] for key in ("type", "tags", "visibility") if body.get(key)}
    made = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=text_of(body, "name"),
        dataset_id=dataset_id if isinstance(dataset_id, str) else "",
        description=_text(body.get("description")),
        metadata={"opik": more} if more else {},
        source="opik",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        exists_ok=False,
    )
    return created(call, f"datasets/{made.dataset_id}")


async def retrieve(call: Call, desk: Desk) -> Reply:
    name = text_of(call.object(), "dataset_name")
    return Reply(
        body=shown(await desk.records(find_dataset, project_id=desk.project_id, name=name))
    )


async def one(call: Call, desk: Desk) -> Reply:
    return Reply(body=shown(await _by_id(call, desk)))


async def list_all(call: Call, desk: Desk) -> Reply:
    number = max(1, call.number("page", 1, most=1_000_000))
    size = call.number("size", 10, most=MOST_PER_PAGE)
    found = await desk.records(
        list_datasets,
        project_id=desk.project_id,
        containing=call.one("name"),
        limit=size,
        offset=(number - 1) * size,
    )
    return page(call, [shown(dataset) for dataset in found.items], total=found.total)


async def change(call: Call, desk: Desk) -> Reply:
    body, dataset = call.object(), await _by_id(call, desk)
    told = dataset.metadata.get("opik")
    known = told if isinstance(told, dict) else {}
    more = {key: body[key] for key in ("tags", "visibility") if body.get(key) is not None}
    name, description = body.get("name"), body.get("description")
    await desk.records(
        update_dataset,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        name=name if isinstance(name, str) else None,
        description=description if isinstance(description, str) else None,
        metadata={**dataset.metadata, "opik": {**known, **more}} if more else None,
        now_ns=desk.now_ns(),
    )
    return Reply(status=204)


async def delete(call: Call, desk: Desk) -> Reply:
    await _delete(desk, dataset_id=call.path["id"])
    return Reply(status=204)


async def delete_by_name(call: Call, desk: Desk) -> Reply:
    await _delete(desk, name=text_of(call.object(), "dataset_name"))
    return Reply(status=204)


async def delete_many(call: Call, desk: Desk) -> Reply:
    for dataset_id in _texts(call.object().get("ids"))[:1000]:
        await _delete(desk, dataset_id=dataset_id)
    return Reply(status=204)


async def _delete(desk: Desk, **named: str) -> None:
    try:
        dataset = await desk.records(find_dataset, project_id=desk.project_id, **named)
    except NotFound:
        return  # deleted before: a request that was sent again
    await desk.records(delete_dataset, project_id=desk.project_id, dataset_id=dataset.dataset_id)


async def _by_id(call: Call, desk: Desk) -> Dataset:
    return await desk.records(find_dataset, project_id=desk.project_id, dataset_id=call.path["id"])


async def find_or_make(desk: Desk, *, name: str) -> Dataset:
    """What an item or an experiment names need not be there yet."""
    return await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=name,
        source="opik",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )


# ----------------------------------------------------------------------------------- items


async def put_items(call: Call, desk: Desk) -> Reply:
    body = call.object()
    items = list_of(body, "items")
    wanted = body.get("dataset_id")
    if isinstance(wanted, str) and wanted:
        dataset = await desk.records(find_dataset, project_id=desk.project_id, dataset_id=wanted)
    else:
        dataset = await find_or_make(desk, name=text_of(body, "dataset_name"))
    await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        cases=[case_of(item, new_id(call.received_ns)) for item in items],
        now_ns=desk.now_ns(),
    )
    return Reply(status=204)


def case_of(item: Mapping[str, Any], spare_id: str) -> Case:
    """Raises `Invalid` for an item whose data is no object."""
    data = item.get("data")
    if not isinstance(data, dict):
        raise Invalid("an item's data must be an object")
    expected = next((name for name in _EXPECTED if name in data), "")
    rest = {key: value for key, value in data.items() if key not in ("input", expected)}
    has_input = "input" in data
    return Case(
        case_id=_text(item.get("id")) or spare_id,
        input=data["input"] if has_input else rest,
        expected=data.get(expected) if expected else None,
        metadata=rest if has_input and rest else None,
        source_trace_id=_text(item.get("trace_id")),
        source_span_id=_text(item.get("span_id")),
        source={
            "opik": {
                "data": data,
                **{key: v for key, v in item.items() if key not in _BESIDE and v is not None},
            }
        },
    )


async def stream_items(call: Call, desk: Desk) -> Reply:
    """`steam_limit` is the client's spelling."""
    body = call.object()
    name = text_of(body, "dataset_name")
    dataset = await desk.records(find_dataset, project_id=desk.project_id, name=name)
    limit = body.get("steam_limit")
    found = await _items(
        desk, dataset, version=_text(body.get("dataset_version")), filters=body.get("filters")
    )
    after = body.get("last_retrieved_id")
    if isinstance(after, str) and after:
        places = [place for place, item in enumerate(found) if item["id"] == after]
        found = found[places[0] + 1 :] if places else []
    return stream(found[: limit if isinstance(limit, int) and limit > 0 else 500])


async def list_items(call: Call, desk: Desk) -> Reply:
    found = await _items(
        desk,
        await _by_id(call, desk),
        version=call.one("version"),
        filters=call.one("filters"),
    )
    return page(call, found, columns=[])


async def _items(
    desk: Desk, dataset: Dataset, *, version: str, filters: Any
) -> list[dict[str, Any]]:
    wanted = read_filters(filters)
    number = _number_of(dataset, version) if version and version != "latest" else None
    found = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        as_of_version=number,
        limit=_MOST_ITEMS,
    )
    items = [shown_item(case) for case in found.items]
    return [item for item in items if fits(item, wanted)] if wanted else items


async def one_item(call: Call, desk: Desk) -> Reply:
    case = await desk.records(find_case, project_id=desk.project_id, case_id=call.path["item_id"])
    return Reply(body=shown_item(case))


async def delete_items(call: Call, desk: Desk) -> Reply:
    body = call.object()
    ids = _texts(body.get("item_ids"))
    if not ids:
        raise Invalid("items are deleted by item_ids")
    by_dataset: dict[str, list[str]] = {}
    for case_id in ids:
        try:
            case = await desk.records(find_case, project_id=desk.project_id, case_id=case_id)
        except NotFound:
            continue  # deleted before: a request that was sent again
        by_dataset.setdefault(case.dataset_id, []).append(case_id)
    for dataset_id, case_ids in by_dataset.items():
        await desk.records(
            delete_cases,
            project_id=desk.project_id,
            dataset_id=dataset_id,
            case_ids=case_ids,
            now_ns=desk.now_ns(),
        )
    return Reply(status=204)


def data_of(case: Case) -> dict[str, Any]:
    """As the client sent it; of a case that came otherwise, under the names that it would use."""
    told = case.source.get("opik")
    if isinstance(told, dict) and isinstance(told.get("data"), dict):
        return dict(told["data"])
    data = dict(case.metadata) if isinstance(case.metadata, dict) else {}
    data["input"] = case.input
    if case.expected is not None:
        data["expected_output"] = case.expected
    return data


def shown_item(case: Case) -> dict[str, Any]:
    told = case.source.get("opik")
    more = told if isinstance(told, dict) else {}
    return {
        **{key: value for key, value in more.items() if key != "data"},
        "id": case.case_id,
        "dataset_item_id": case.case_id,
        "dataset_id": case.dataset_id,
        "trace_id": case.source_trace_id or None,
        "span_id": case.source_span_id or None,
        "source": more.get("source") or "sdk",
        "data": data_of(case),
        "created_at": to_rfc3339(case.created_ns),
        "last_updated_at": to_rfc3339(case.updated_ns),
    }


# -------------------------------------------------------------------------------- versions


async def versions(call: Call, desk: Desk) -> Reply:
    """Newest first; a dataset that never had an item has none."""
    dataset = await _by_id(call, desk)
    number = max(1, call.number("page", 1, most=1_000_000))
    size = call.number("size", 10, most=MOST_PER_PAGE)
    newest = dataset.version - (number - 1) * size
    numbers = range(newest, max(0, newest - size), -1)
    return page(
        call, [await _shown_version(desk, dataset, each) for each in numbers],
        total=dataset.version,
    )  # fmt: skip


async def retrieve_version(call: Call, desk: Desk) -> Reply:
    dataset = await _by_id(call, desk)
    number = _number_of(dataset, text_of(call.object(), "version_name"))
    return Reply(body=await _shown_version(desk, dataset, number))


async def version_by_hash(call: Call, desk: Desk) -> Reply:
    dataset = await _by_id(call, desk)
    number = _number_of(dataset, call.path["hash"])
    return Reply(body=await _shown_version(desk, dataset, number))


def _number_of(dataset: Dataset, spelled: str) -> int:
    """Of a name ("v2"), a hash, an id or the tag "latest".  Raises `NotFound`."""
    if spelled == "latest" and dataset.version:
        return dataset.version
    for number in range(dataset.version, 0, -1):
        version_id = version_id_of(dataset.dataset_id, number)
        if spelled in (f"v{number}", version_id, _hash_of(version_id)):
            return number
    raise NotFound(f"dataset {dataset.name!r} has no version {spelled!r}")


def version_id_of(dataset_id: str, number: int) -> str:
    return id_of(f"opik:dataset:{dataset_id}:{number}")


def _hash_of(version_id: str) -> str:
    return version_id[-8:]


async def _shown_version(desk: Desk, dataset: Dataset, number: int) -> dict[str, Any]:
    items = dataset.items
    if number != dataset.version:
        earlier = await desk.records(
            list_cases,
            project_id=desk.project_id,
            dataset_id=dataset.dataset_id,
            as_of_version=number,
            limit=1,
        )
        items = earlier.total
    return {
        **_summary(dataset, number),
        "dataset_id": dataset.dataset_id,
        "is_latest": number == dataset.version,
        "items_total": items,
        "created_at": to_rfc3339(dataset.updated_ns),
        "created_by": dataset.created_by,
    }


def _summary(dataset: Dataset, number: int) -> dict[str, Any]:
    version_id = version_id_of(dataset.dataset_id, number)
    return {
        "id": version_id,
        "version_hash": _hash_of(version_id),
        "version_name": f"v{number}",
        "change_description": None,
        "tags": ["latest"] if number == dataset.version else [],
    }


def shown(dataset: Dataset) -> dict[str, Any]:
    told = dataset.metadata.get("opik")
    more = told if isinstance(told, dict) else {}
    return {
        "id": dataset.dataset_id,
        "name": dataset.name,
        "type": more.get("type") or "dataset",
        "visibility": more.get("visibility") or "private",
        "tags": more.get("tags") or [],
        "description": dataset.description or None,
        "dataset_items_count": dataset.items,
        "created_at": to_rfc3339(dataset.created_ns),
        "created_by": dataset.created_by,
        "last_updated_at": to_rfc3339(dataset.updated_ns),
        "latest_version": _summary(dataset, dataset.version) if dataset.version else None,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
