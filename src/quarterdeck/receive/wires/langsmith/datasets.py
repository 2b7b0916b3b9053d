"""
Datasets, as LangSmith's client makes and reads them.

A version of a dataset is an instant to its client; ours are numbers, so a dataset is read as it
is now or, as of an earlier instant, without the examples that were made later.
"""

from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.langsmith.answers import page_of, tenant_of, text_or_none
from quarterdeck.receive.wires.langsmith.bodies import identity
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell
from quarterdeck.receive.wires.langsmith.results import SOURCE
from quarterdeck.storage.records.datasets import (
    Dataset,
    create_dataset,
    delete_dataset,
    find_dataset,
    list_datasets,
    update_dataset,
)
from quarterdeck.storage.records.experiments import list_experiments

Object = dict[str, Any]

_MOST = 10_000
_OWN = "langsmith"
"""Member of a dataset's metadata with what only this client knows of it."""
_TAGS = "version_tags"


async def create(call: Call, desk: Desk) -> Reply:
    """Raises `Conflict` for a name that is taken: the client tells its user."""
    body = call.object()
    own = {key: value for key, value in body.items() if key not in ("name", "description", "id")}
    metadata = _object(_object(body.get("extra")).get("metadata"))
    dataset = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=str(body.get("name") or ""),
        dataset_id=identity(body["id"], what="dataset") if body.get("id") else "",
        description=str(body.get("description") or ""),
        metadata={**metadata, _OWN: own},
        source=SOURCE,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        exists_ok=False,
    )
    return Reply(body=_shown(desk, dataset, 0))


async def read(call: Call, desk: Desk) -> Reply:
    dataset = await find(desk, call.path["dataset_id"])
    return Reply(body=_shown(desk, dataset, await _sessions_of(desk, dataset)))


async def read_many(call: Call, desk: Desk) -> Reply:
    """By name, by ids, or all whose name contains something."""
    name, wanted_ids = call.one("name"), call.query.get("id", ())
    if name:
        try:
            found = [await desk.records(find_dataset, project_id=desk.project_id, name=name)]
        except NotFound:
            found = []
    else:
        listed, _ = await desk.records(
            list_datasets,
            project_id=desk.project_id,
            containing=call.one("name_contains"),
            limit=_MOST,
        )
        found = [one for one in listed if not wanted_ids or one.dataset_id in wanted_ids]
    page = page_of(call, found)
    return Reply(body=[_shown(desk, one, await _sessions_of(desk, one)) for one in page])


async def update(call: Call, desk: Desk) -> Reply:
    body = call.object()
    known = await find(desk, call.path["dataset_id"])
    metadata = body.get("metadata")
    dataset = await desk.records(
        update_dataset,
        project_id=desk.project_id,
        dataset_id=known.dataset_id,
        name=text_or_none(body.get("name")),
        description=text_or_none(body.get("description")),
        metadata={**known.metadata, **metadata} if isinstance(metadata, dict) else None,
        now_ns=desk.now_ns(),
    )
    return Reply(body=_shown(desk, dataset, 0))


async def delete(call: Call, desk: Desk) -> Reply:
    dataset = await find(desk, call.path["dataset_id"])
    await desk.records(delete_dataset, project_id=desk.project_id, dataset_id=dataset.dataset_id)
    return Reply(body={"message": "Dataset deleted"})


# ------------------------------------------------------------------------------ versions


async def read_versions(call: Call, desk: Desk) -> Reply:
    """The newest, and those that somebody tagged."""
    dataset = await find(desk, call.path["dataset_id"])
    tags = _tags_of(dataset)
    newest = spell(dataset.updated_ns)
    instants = dict.fromkeys((newest, *sorted(tags.values(), reverse=True)))
    shown = [{"as_of": as_of, "tags": _tags_at(tags, as_of, newest)} for as_of in instants if as_of]
    return Reply(body=page_of(call, shown))


async def read_version(call: Call, desk: Desk) -> Reply:
    dataset = await find(desk, call.path["dataset_id"])
    tags, newest = _tags_of(dataset), spell(dataset.updated_ns)
    tag, asked = call.one("tag"), instant_of(call.one("as_of").replace(" ", "T", 1))
    if tag and tag != "latest":
        if tag not in tags:
            raise NotFound(f"dataset {dataset.name!r} has no version tagged {tag!r}")
        as_of: str | None = tags[tag]
    elif asked and asked < dataset.created_ns // 1000 * 1000:
        raise NotFound(f"dataset {dataset.name!r} is younger than {call.one('as_of')!r}")
    else:
        as_of = newest if not asked else spell(min(asked, dataset.updated_ns))
    return Reply(body={"as_of": as_of, "tags": _tags_at(tags, as_of, newest)})


async def put_tag(call: Call, desk: Desk) -> Reply:
    body = call.object()
    dataset = await find(desk, call.path["dataset_id"])
    as_of, tag = spell(instant_of(body.get("as_of"))), str(body.get("tag") or "")
    own = {**_object(dataset.metadata.get(_OWN)), _TAGS: {**_tags_of(dataset), tag: as_of}}
    await desk.records(
        update_dataset,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        metadata={**dataset.metadata, _OWN: own},
        now_ns=dataset.updated_ns,
    )
    return Reply(body={"as_of": as_of, "tags": [tag]})


def as_of_instant(dataset: Dataset, spelled: str) -> int:
    """The instant that a tag or a time names; 0 = now, and for what was the newest anyway."""
    if not spelled or spelled == "latest":
        return 0
    asked = instant_of(_tags_of(dataset).get(spelled, spelled.replace(" ", "+")))
    return asked if asked and asked < dataset.updated_ns // 1000 * 1000 else 0


def _tags_of(dataset: Dataset) -> dict[str, str]:
    return _object(_object(dataset.metadata.get(_OWN)).get(_TAGS))


def _tags_at(tags: dict[str, str], as_of: str | None, newest: str | None) -> list[str]:
    return [
        *(["latest"] if as_of == newest else []),
        *(tag for tag, at in tags.items() if at == as_of),
    ]


# ------------------------------------------------------------------------------- shared


async def find(desk: Desk, dataset_id: str) -> Dataset:
    return await desk.records(
        find_dataset, project_id=desk.project_id, dataset_id=identity(dataset_id, what="dataset")
    )


async def _sessions_of(desk: Desk, dataset: Dataset) -> int:
    page = await desk.records(
        list_experiments, project_id=desk.project_id, dataset_id=dataset.dataset_id, limit=1
    )
    return page[1]


def _shown(desk: Desk, dataset: Dataset, sessions: int) -> Object:
    own = _object(dataset.metadata.get(_OWN))
    return {
        "id": dataset.dataset_id,
        "tenant_id": tenant_of(desk),
        "name": dataset.name,
        "description": dataset.description or None,
        "data_type": own.get("data_type") or "kv",
        "created_at": spell(dataset.created_ns),
        "modified_at": spell(dataset.updated_ns),
        "example_count": dataset.items,
        "session_count": sessions,
        "last_session_start_time": None,
        "inputs_schema_definition": own.get("inputs_schema_definition"),
        "outputs_schema_definition": own.get("outputs_schema_definition"),
        "transformations": own.get("transformations"),
        "metadata": {key: item for key, item in dataset.metadata.items() if key != _OWN},
    }


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
