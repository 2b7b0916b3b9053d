"""
Phoenix's datasets: uploaded whole, as JSON or as a table; examples are cases of ours.

An upload that updates makes the dataset equal to what is sent: the examples that are not in it go.
An example is known by the id that its sender gave, else by what it says, so that the same upload
twice is one.
"""

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Part, Reply
from quarterdeck.receive.wires.phoenix.json_values import (
    instant_text,
    mapping,
    next_cursor,
    page_asked,
    text,
)
from quarterdeck.receive.wires.phoenix.node_ids import node_id, own_id, own_id_or_none
from quarterdeck.storage.records.datasets import (
    Case,
    Dataset,
    create_dataset,
    delete_cases,
    delete_dataset,
    find_dataset,
    list_cases,
    list_datasets,
    put_cases,
)

_MAX_EXAMPLES = 50_000
_MAX_TABLE_BYTES = 64_000_000
"""Of a table that came compressed."""
_PAGE = 1_000


class _Upload(NamedTuple):
    name: str
    action: str
    description: str
    examples: list[Case]


async def upload(call: Call, desk: Desk) -> Reply:
    told = _of_form(call.parts) if call.parts else _of_json(call.object())
    if not told.name:
        raise Invalid("a dataset needs a name")
    if len(told.examples) > _MAX_EXAMPLES:
        raise Invalid(f"an upload holds at most {_MAX_EXAMPLES} examples")
    dataset = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=told.name,
        description=told.description,
        source="phoenix",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    before = {case.case_id for case in await every_case(desk, dataset.dataset_id)}
    put = await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=dataset.dataset_id,
        cases=told.examples,
        now_ns=desk.now_ns(),
    )
    sent = {case.case_id for case in told.examples}
    gone = sorted(before - sent) if told.action == "update" else []
    if gone:
        await desk.records(
            delete_cases,
            project_id=desk.project_id,
            dataset_id=dataset.dataset_id,
            case_ids=gone,
            now_ns=desk.now_ns(),
        )
    now = await desk.records(
        find_dataset, project_id=desk.project_id, dataset_id=dataset.dataset_id
    )
    return Reply(
        body={
            "data": {
                "dataset_id": node_id("Dataset", now.dataset_id),
                "version_id": node_id("DatasetVersion", now.version),
                "num_created_examples": len(sent - before),
                "num_updated_examples": sum(
                    case.case_id in before and case.version == now.version for case in put
                ),
                "num_deleted_examples": len(gone),
            }
        }
    )


async def get(call: Call, desk: Desk) -> Reply:
    return Reply(body={"data": answer(await find(call, desk))})


async def delete(call: Call, desk: Desk) -> Reply:
    found = await find(call, desk)
    await desk.records(delete_dataset, project_id=desk.project_id, dataset_id=found.dataset_id)
    return Reply(status=204)


async def list_all(call: Call, desk: Desk) -> Reply:
    first, most = page_asked(call, 10)
    name = call.one("name")
    if name:
        try:
            found = await desk.records(find_dataset, project_id=desk.project_id, name=name)
        except NotFound:
            return Reply(body={"data": [], "next_cursor": None})
        return Reply(body={"data": [answer(found)], "next_cursor": None})
    listed, total = await desk.records(
        list_datasets, project_id=desk.project_id, limit=most, offset=first
    )
    shown = [answer(one) for one in listed]
    return Reply(body={"data": shown, "next_cursor": next_cursor(first, len(shown), total)})


async def list_versions(call: Call, desk: Desk) -> Reply:
    """The newest alone: what a version said is kept, when it was made is not."""
    found = await find(call, desk)
    shown: dict[str, Any] = {
        "version_id": node_id("DatasetVersion", found.version),
        "description": None,
        "metadata": {},
        "created_at": instant_text(found.updated_ns),
    }
    return Reply(body={"data": [shown], "next_cursor": None})


async def list_examples(call: Call, desk: Desk) -> Reply:
    found = await find(call, desk)
    version = _version_asked(call) or found.version
    splits = list(call.query.get("split", ()))
    cases = [
        case
        for case in await every_case(desk, found.dataset_id, as_of_version=version)
        if not splits or case.split in splits
    ]
    return Reply(
        body={
            "data": {
                "dataset_id": node_id("Dataset", found.dataset_id),
                "version_id": node_id("DatasetVersion", version),
                "filtered_splits": splits,
                "examples": [example(case) for case in cases],
            }
        }
    )


# --------------------------------------------------------------------------------- shared


async def find(call: Call, desk: Desk) -> Dataset:
    """By id; a name will do too."""
    given = call.path["dataset"]
    wanted = own_id_or_none("Dataset", given)
    key = {"dataset_id": wanted} if wanted else {"name": given}
    return await desk.records(find_dataset, project_id=desk.project_id, **key)


async def every_case(
    desk: Desk, dataset_id: str, *, as_of_version: int | None = None
) -> list[Case]:
    found: list[Case] = []
    while True:
        cases, total = await desk.records(
            list_cases,
            project_id=desk.project_id,
            dataset_id=dataset_id,
            as_of_version=as_of_version,
            limit=_PAGE,
            offset=len(found),
        )
        found += cases
        if not cases or len(found) >= total:
            return found


def answer(found: Dataset) -> dict[str, Any]:
    return {
        "id": node_id("Dataset", found.dataset_id),
        "name": found.name,
        "description": found.description,
        "metadata": found.metadata,
        "created_at": instant_text(found.created_ns),
        "updated_at": instant_text(found.updated_ns),
        "example_count": found.items,
    }


def example(case: Case) -> dict[str, Any]:
    shown = node_id("DatasetExample", case.case_id)
    return {
        "id": shown,
        "node_id": shown,
        "input": _object(case.input, "input"),
        "output": _object(case.expected, "output"),
        "metadata": mapping(case.metadata),
        "updated_at": instant_text(case.updated_ns),
        "source": {
            "span_id": case.source_span_id,
            "span_node_id": node_id("Span", case.source_span_id),
        }
        if case.source_span_id
        else None,
    }


def _object(value: Any, name: str) -> dict[str, Any]:
    """Phoenix's examples are objects; another client's may be anything."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {name: value}


def _version_asked(call: Call) -> int | None:
    given = call.one("version_id")
    if not given:
        return None
    number = own_id("DatasetVersion", given)
    if not number.isdigit():
        raise NotFound(f"no dataset version {given[:80]!r}")
    return int(number)


# ---------------------------------------------------------------------- reading uploads


def _of_json(body: dict[str, Any]) -> _Upload:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        raise Invalid("inputs is a list of objects")
    columns = {
        name: _column(body.get(name), name, len(inputs))
        for name in ("outputs", "metadata", "splits", "span_ids", "example_ids")
    }
    return _Upload(
        name=text(body.get("name")),
        action=text(body.get("action")) or "create",
        description=text(body.get("description")),
        examples=_examples(inputs, **columns),
    )


def _column(value: Any, name: str, length: int) -> list[Any]:
    if value is None:
        return [None] * length
    if not isinstance(value, list) or len(value) != length:
        raise Invalid(f"{name} is a list as long as inputs: {length}")
    return value


def _examples(
    inputs: Sequence[Any],
    *,
    outputs: Sequence[Any],
    metadata: Sequence[Any],
    splits: Sequence[Any],
    span_ids: Sequence[Any],
    example_ids: Sequence[Any],
) -> list[Case]:
    seen: Counter[str] = Counter()
    found = []
    for told, output, about, split, span_id, given in zip(
        inputs, outputs, metadata, splits, span_ids, example_ids, strict=True
    ):
        plain = json.dumps([told, output, about], sort_keys=True, default=str)
        digest = hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:32]
        # Two equal examples in one upload are two.
        seen[digest] += 1
        case_id = text(given) or (digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
        splits_told = split if isinstance(split, list) else [split]
        found.append(
            Case(
                case_id=case_id,
                input=told,
                expected=output,
                metadata=mapping(about),
                split=next((one for one in splits_told if isinstance(one, str)), ""),
                source_span_id=text(span_id),
            )
        )
    return found


def _of_form(parts: Sequence[Part]) -> _Upload:
    """A table: a CSV file, and which of its columns are what."""
    fields: dict[str, list[str]] = {}
    for part in parts:
        if part.name != "file":
            name = part.name.removesuffix("[]")
            fields.setdefault(name, []).append(part.data.decode("utf-8", "replace"))
    file = next((part for part in parts if part.name == "file"), None)
    if file is None:
        raise Invalid("the form holds no file")
    rows = _rows(file.data)

    def of(name: str) -> list[dict[str, Any]]:
        keys = fields.get(f"{name}_keys", [])
        return [{key: _cell(row.get(key)) for key in keys} for row in rows]

    def column(name: str) -> list[Any]:
        key = (fields.get(f"{name}_key") or [""])[0]
        return [row.get(key) or None for row in rows]

    return _Upload(
        name=(fields.get("name") or [""])[0],
        action=(fields.get("action") or ["create"])[0],
        description=(fields.get("description") or [""])[0],
        examples=_examples(
            of("input"),
            outputs=of("output"),
            metadata=of("metadata"),
            splits=column("split"),
            span_ids=column("span_id"),
            example_ids=column("example_id"),
        ),
    )


def _rows(content: bytes) -> list[dict[str, str]]:
    if content[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(content)) as opened:
            try:
                content = opened.read(_MAX_TABLE_BYTES + 1)
            except (OSError, EOFError) as error:
                raise Invalid("the file is no gzip") from error
    if len(content) > _MAX_TABLE_BYTES:
        raise Invalid(f"a table has at most {_MAX_TABLE_BYTES} bytes")
    try:
        return list(csv.DictReader(io.StringIO(content.decode("utf-8", "replace"), newline="")))
    except csv.Error as error:
        raise Invalid(f"the file is no CSV table: {error}") from error


def _cell(value: Any) -> Any:
    """Cells with JSON in them are what they say."""
    if not isinstance(value, str) or value[:1] not in '{["0123456789-tfn':
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
