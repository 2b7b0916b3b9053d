"""
Examples of a dataset: sent as forms or JSON, kept as cases, read back as the client wrote them.

Refused: files.  An example with attachments is not taken in part, since nobody would miss what
is gone until an experiment needs it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Part, Reply
from quarterdeck.receive.wires.langsmith.answers import PAGE, page_of, unsupported
from quarterdeck.receive.wires.langsmith.bodies import identity
from quarterdeck.receive.wires.langsmith.datasets import as_of_instant, find
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell
from quarterdeck.storage.records.datasets import (
    Case,
    delete_cases,
    find_case,
    list_cases,
    put_cases,
)

Object = dict[str, Any]

_BASE = "base"
"""The split of examples that name none."""
_OWN = ("source_run_id", "created_at", "name", "use_source_run_io")
_FILES = "examples with attachments"


# -------------------------------------------------------------------------------- written


async def upload(call: Call, desk: Desk) -> Reply:
    """`POST …/datasets/{id}/examples`, a form with parts `<id>`, `<id>.inputs`, `<id>.outputs`."""
    told = examples_of(call.parts)
    if told is None:
        return unsupported(_FILES)
    return await _upload(desk, call.path["dataset_id"], told)


async def upsert(call: Call, desk: Desk) -> Reply:
    """The same of examples that name their dataset themselves."""
    told = examples_of(call.parts)
    if told is None:
        return unsupported(_FILES)
    by_dataset: dict[str, list[Object]] = {}
    for example in told:
        by_dataset.setdefault(str(example.get("dataset_id")), []).append(example)
    kept = [one for dataset_id, mine in by_dataset.items()
            for one in await _put(desk, dataset_id, mine)]  # fmt: skip
    return Reply(body=_counted(desk, kept))


async def change_many(call: Call, desk: Desk) -> Reply:
    """`PATCH …/datasets/{id}/examples`: what is not told stays."""
    told = examples_of(call.parts)
    if told is None:
        return unsupported(_FILES)
    return await _upload(desk, call.path["dataset_id"], told)


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    if body.get("attachments"):
        return unsupported(_FILES)
    example = {"id": str(uuid.uuid4()), **body}
    kept = await _put(desk, str(body.get("dataset_id")), [example])
    return Reply(body=shown_case(kept[0]))


async def create_bulk(call: Call, desk: Desk) -> Reply:
    """A list of whole examples."""
    kept = await _bulk(call, desk)
    return Reply(body=[shown_case(case) for case in kept])


async def change_bulk(call: Call, desk: Desk) -> Reply:
    kept = await _bulk(call, desk)
    return Reply(body={"message": f"{len(kept)} examples updated", "count": len(kept)})


async def _bulk(call: Call, desk: Desk) -> list[Case]:
    if not isinstance(call.payload, list):
        raise Invalid("expected a list of examples")
    by_dataset: dict[str, list[Object]] = {}
    for body in call.payload:
        if not isinstance(body, dict):
            raise Invalid(f"expected an example, got {type(body).__name__}")
        dataset_id = body.get("dataset_id") or (await _case(desk, str(body.get("id")))).dataset_id
        example = {"id": str(uuid.uuid4()), **body}
        by_dataset.setdefault(str(dataset_id), []).append(example)
    return [one for dataset_id, mine in by_dataset.items()
            for one in await _put(desk, dataset_id, mine)]  # fmt: skip


async def change(call: Call, desk: Desk) -> Reply:
    known = await _case(desk, call.path["example_id"])
    body = {**call.object(), "id": known.case_id}
    kept = await _put(desk, str(body.get("dataset_id") or known.dataset_id), [body])
    return Reply(body={"message": "Example updated", **shown_case(kept[0])})


async def put_splits(call: Call, desk: Desk) -> Reply:
    """`PUT …/splits`: adds examples to a split or takes them out of it."""
    body = call.object()
    named = str(body.get("split_name") or _BASE)
    await _move(
        desk, call.path["dataset_id"], body.get("examples"), [named],
        remove=body.get("remove") is True,
    )  # fmt: skip
    return Reply(body={"message": "Splits updated"})


async def change_metadata(call: Call, desk: Desk) -> Reply:
    """The newer form of the same; of its operations, those of splits."""
    body = call.object()
    operations = body.get("operations")
    for operation in operations if isinstance(operations, list) else ():
        if not isinstance(operation, dict) or operation.get("key") != "dataset_split":
            return unsupported("changing other metadata of many examples")
        values = operation.get("values")
        await _move(
            desk, call.path["dataset_id"], body.get("example_ids"),
            values if isinstance(values, list) else [],
            remove=str(operation.get("operation")).lower() == "array_remove",
        )  # fmt: skip
    return Reply(body={"message": "Examples updated"})


async def _move(
    desk: Desk, dataset_id: str, examples: Any, splits: Sequence[str], *, remove: bool
) -> None:
    dataset = await find(desk, dataset_id)
    ids = [identity(one, what="example") for one in examples] if isinstance(examples, list) else []
    cases, _ = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        case_ids=ids,
        limit=len(ids) or 1,
    )
    changed = []
    for case in cases:
        before = splits_of(case)
        after = [one for one in before if one not in splits]
        changed.append({"id": case.case_id, "split": after if remove else [*after, *splits]})
    await _put(desk, dataset.dataset_id, changed)


async def delete(call: Call, desk: Desk) -> Reply:
    return await _delete(desk, [call.path["example_id"]])


async def delete_many(call: Call, desk: Desk) -> Reply:
    """Ids in the query, or in the body where they are to be gone for good."""
    body = call.payload if isinstance(call.payload, dict) else {}
    told = body.get("example_ids") or call.query.get("example_ids") or ()
    return await _delete(desk, [str(one) for one in told] if isinstance(told, list) else [])


async def _delete(desk: Desk, example_ids: Iterable[str]) -> Reply:
    count = 0
    for example_id in example_ids:
        case = await _case(desk, example_id)
        count += await desk.records(
            delete_cases,
            project_id=desk.project_id,
            dataset_id=case.dataset_id,
            case_ids=[case.case_id],
            now_ns=desk.now_ns(),
        )
    return Reply(body={"message": f"{count} examples deleted", "count": count})


async def _upload(desk: Desk, dataset_id: str, told: Sequence[Object]) -> Reply:
    return Reply(body=_counted(desk, await _put(desk, dataset_id, told)))


def _counted(desk: Desk, kept: Sequence[Case]) -> Object:
    return {
        "count": len(kept),
        "example_ids": [case.case_id for case in kept],
        "as_of": spell(max((case.updated_ns for case in kept), default=desk.now_ns())),
    }


async def _put(desk: Desk, dataset_id: str, told: Sequence[Object]) -> list[Case]:
    dataset = await find(desk, dataset_id)
    ids = [identity(example.get("id"), what="example") for example in told]
    if not ids:
        return []
    known, _ = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        case_ids=ids,
        archived=True,
        limit=len(ids),
    )
    before = {case.case_id: case for case in known}
    cases = [
        case_of(example, before.get(case_id) or Case(case_id=case_id))
        for case_id, example in zip(ids, told, strict=True)
    ]
    return await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        cases=cases,
        now_ns=desk.now_ns(),
    )


# ----------------------------------------------------------------------------------- read


async def read(call: Call, desk: Desk) -> Reply:
    return Reply(body=shown_case(await _case(desk, call.path["example_id"])))


async def read_many(call: Call, desk: Desk) -> Reply:
    """Of a dataset, or by ids; some splits, some metadata, as of some instant."""
    if call.one("filter"):
        return unsupported("'filter' of examples (the filter language)")
    wanted_ids = [identity(one, what="example") for one in call.query.get("id", ())]
    if not call.one("dataset"):
        if not wanted_ids:
            raise Invalid("examples are listed by their dataset or by their ids")
        return Reply(
            body=page_of(call, [shown_case(one) for one in await _by_id(desk, wanted_ids)])
        )
    dataset = await find(desk, call.one("dataset"))
    splits, as_of = call.query.get("splits", ()), as_of_instant(dataset, call.one("as_of"))
    metadata = _json(call.one("metadata"))
    plain = not (splits or as_of or metadata)
    cases, _ = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        case_ids=wanted_ids or None,
        limit=call.number("limit", PAGE, most=1000) if plain else 1_000_000,
        offset=call.number("offset", 0, most=10_000_000) if plain else 0,
    )
    fitting = [
        case
        for case in cases
        if (not splits or set(splits) & set(splits_of(case)))
        and (not as_of or case.created_ns // 1000 * 1000 <= as_of)
        and metadata.items() <= _object(case.metadata).items()
    ]
    shown = [shown_case(case) for case in fitting]
    return Reply(body=shown if plain else page_of(call, shown))


async def read_splits(call: Call, desk: Desk) -> Reply:
    dataset = await find(desk, call.path["dataset_id"])
    cases, _ = await desk.records(
        list_cases, project_id=desk.project_id, dataset_id=dataset.dataset_id, limit=1_000_000
    )
    return Reply(body=sorted({split for case in cases for split in splits_of(case)}))


async def _by_id(desk: Desk, wanted: Iterable[str]) -> list[Case]:
    found = []
    for example_id in wanted:
        try:
            found.append(await _case(desk, example_id))
        except NotFound:
            continue
    return found


async def _case(desk: Desk, example_id: str) -> Case:
    return await desk.records(
        find_case, project_id=desk.project_id, case_id=identity(example_id, what="example")
    )


# ----------------------------------------------------------------------------------- pure


def examples_of(parts: Sequence[Part]) -> list[Object] | None:
    """The examples of a form, in order; None if one of them has a file."""
    found: dict[str, Object] = {}
    for part in parts:
        example_id, _, member = part.name.partition(".")
        example = found.setdefault(example_id, {"id": example_id})
        if member.startswith("attachment."):
            return None
        if member == "attachments_operations":
            continue
        if member:
            example[member] = part.json
        elif isinstance(part.json, dict):
            example.update({**part.json, "id": example_id})
    return list(found.values())


def case_of(example: Mapping[str, Any], known: Case) -> Case:
    """The case with what this example says of it; what it does not say stays."""
    metadata = example.get("metadata")
    # An example that was read says its splits among its metadata.
    split = example.get("split") or _object(metadata).get("dataset_split")
    splits = [split] if isinstance(split, str) else split if isinstance(split, list) else None
    source = {**known.source, **{key: example[key] for key in _OWN if example.get(key)}}
    if splits is not None:
        source["splits"] = [str(one) for one in splits]
    if isinstance(metadata, dict):
        metadata = {key: item for key, item in metadata.items() if key != "dataset_split"}
    run_id = source.get("source_run_id")
    return msgspec.structs.replace(
        known,
        input=example["inputs"] if example.get("inputs") is not None else known.input,
        expected=example["outputs"] if example.get("outputs") is not None else known.expected,
        metadata=metadata if metadata is not None else known.metadata,
        split=(splits or [known.split or _BASE])[0],
        source=source,
        source_span_id=known.source_span_id,
        source_trace_id=run_id.replace("-", "") if isinstance(run_id, str) else "",
        archived=False,
    )


def splits_of(case: Case) -> list[str]:
    told = case.source.get("splits")
    return [str(one) for one in told] if isinstance(told, list) and told else [case.split or _BASE]


def shown_case(case: Case) -> Object:
    """As the client's model of an example wants it."""
    return {
        "id": case.case_id,
        "dataset_id": case.dataset_id,
        "inputs": case.input if isinstance(case.input, dict) else {"input": case.input},
        "outputs": _outputs(case.expected),
        "metadata": {**_object(case.metadata), "dataset_split": splits_of(case)},
        "created_at": spell(instant_of(case.source.get("created_at")) or case.created_ns),
        "modified_at": spell(case.updated_ns),
        "source_run_id": case.source.get("source_run_id"),
        "name": case.source.get("name") or f"#{case.case_id[:4]}",
        "attachment_urls": None,
    }


def _outputs(expected: Any) -> Object | None:
    if expected is None or isinstance(expected, dict):
        return expected
    return {"output": expected}


def _json(spelled: str) -> Object:
    try:
        found = msgspec.json.decode(spelled) if spelled else {}
    except msgspec.DecodeError as error:
        raise Invalid(f"metadata is not JSON: {spelled[:60]!r}") from error
    return _object(found)


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
