"""
Datasets: rows of `/logs3` that name one become its cases.

The parts of a row are kept like those of any other, so that a merge may come first; a case is what
its parts say together, written again whenever one of them comes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Fragment, Reply
from quarterdeck.receive.wires.braintrust.projects import (
    id_of,
    name_in,
    project_by_id,
    project_in,
)
from quarterdeck.receive.wires.braintrust.rows import Row, read_row
from quarterdeck.receive.wires.braintrust.transactions import number_of, transaction
from quarterdeck.storage.records.datasets import (
    Case,
    Dataset,
    create_dataset,
    delete_cases,
    find_dataset,
    list_cases,
    put_cases,
)

SOURCE = "braintrust"
_MOST_ROWS = 1000
"""Of one page, as the clients ask for."""
_TRIES = 4
"""Looks at what a row says; more than that many at once change it, and the last of them looks."""
_OF_A_CASE = frozenset({"input", "expected", "metadata", "id", "dataset_id", "_is_merge"})


# -- making and finding -----------------------------------------------------------------------


async def make_dataset(call: Call, desk: Desk) -> Reply:
    """`/v1/dataset`: get or create by project and name."""
    body = call.object()
    project = await project_in(body, desk)
    return Reply(body=await _ensure(desk, project, name_in(body, "name"), body))


async def register_dataset(call: Call, desk: Desk) -> Reply:
    """The same for clients of the older API."""
    body = call.object()
    project = await project_in(body, desk)
    name = body.get("dataset_name")
    made = await _ensure(desk, project, name if isinstance(name, str) and name else "logs", body)
    return Reply(body={"project": project, "dataset": made})


async def find_datasets(call: Call, desk: Desk) -> Reply:
    """`GET /v1/dataset`: those of a name."""
    name = call.one("dataset_name")
    try:
        found = await desk.records(find_dataset, project_id=desk.project_id, name=name)
    except NotFound:
        return Reply(body={"objects": []})
    return Reply(body={"objects": [_shown(found)]})


async def show_dataset(call: Call, desk: Desk) -> Reply:
    return Reply(body=_shown(await _find(desk, call.path["dataset_id"])))


async def _find(desk: Desk, dataset_id: str) -> Dataset:
    return await desk.records(find_dataset, project_id=desk.project_id, dataset_id=dataset_id)


async def _ensure(
    desk: Desk, project: Mapping[str, Any], name: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """
    The dataset of this name in this project of Braintrust's.

    One that another product's SDK made is taken as it is; one of another project of Braintrust's
    keeps the name, and this one gets the project's before it.
    """
    dataset_id = id_of(desk, "dataset", str(project["id"]), name)
    try:
        return _shown(await _find(desk, dataset_id), name=name)
    except NotFound:
        pass
    kept_as = name
    try:
        there = await desk.records(find_dataset, project_id=desk.project_id, name=name)
        if there.source != SOURCE:
            return _shown(there, name=name, project_id=str(project["id"]))
        kept_as = f"{project['name']}/{name}"
    except NotFound:
        pass
    description, metadata = body.get("description"), body.get("metadata")
    made = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=kept_as,
        dataset_id=dataset_id,
        description=description if isinstance(description, str) else "",
        metadata={
            **(metadata if isinstance(metadata, dict) else {}),
            SOURCE: {"project_id": project["id"], "name": name},
        },
        source=SOURCE,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return _shown(made, name=name)


def _shown(dataset: Dataset, *, name: str = "", project_id: str = "") -> dict[str, Any]:
    own = dataset.metadata.get(SOURCE)
    own = own if isinstance(own, dict) else {}
    return {
        "id": dataset.dataset_id,
        "project_id": project_id or own.get("project_id") or "",
        "name": name or own.get("name") or dataset.name,
        "description": dataset.description or None,
        "created": to_rfc3339(dataset.created_ns),
        "deleted_at": None,
        "user_id": None,
        "metadata": {k: v for k, v in dataset.metadata.items() if k != SOURCE} or None,
        "url_slug": dataset.name,
    }


# -- rows into cases --------------------------------------------------------------------------


async def write_cases(desk: Desk, fragments: Iterable[Fragment]) -> None:
    """
    Writes the cases of the rows that these parts belong to; call it when they are kept.

    Raises `NotFound` for a dataset that is not there: the client hears that its row went nowhere.
    """
    here: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        if _dataset_of(fragment):
            here.setdefault(fragment.object, []).append(fragment)
    written: dict[str, list[Fragment]] = {}
    # Two requests may change one row at once, and each write what it saw: who finds more
    # afterwards writes again.
    for _ in range(_TRIES if here else 0):
        await desk.settled()
        known = await desk.objects(list(here))
        parts = {
            # What is slow to be stored counts all the same.
            name: [*known.get(name, ()), *(one for one in mine if one not in known.get(name, ()))]
            for name, mine in here.items()
        }
        if parts == written:
            break
        by_dataset: dict[str, list[Row]] = {}
        for name, mine in here.items():
            by_dataset.setdefault(_dataset_of(mine[0]), []).append(read_row(name, parts[name]))
        for dataset_id, rows in by_dataset.items():
            await _write(desk, dataset_id, rows)
        written = parts


def _dataset_of(fragment: Fragment) -> str:
    dataset_id = fragment.body.get("dataset_id")
    return dataset_id if isinstance(dataset_id, str) else ""


async def _write(desk: Desk, dataset_id: str, rows: Iterable[Row]) -> None:
    of = {"project_id": desk.project_id, "dataset_id": dataset_id, "now_ns": desk.now_ns()}
    gone = [row.id for row in rows if row.deleted]
    kept = [_case(row) for row in rows if not row.deleted]
    if kept:
        await desk.records(put_cases, cases=kept, **of)
    if gone:
        await desk.records(delete_cases, case_ids=gone, **of)


def _case(row: Row) -> Case:
    body = row.body
    expected = body.get("expected")
    return Case(
        case_id=row.id,
        input=body.get("input"),
        # Before 2024 the client called it `output`.
        expected=body.get("output") if expected is None else expected,
        metadata=body.get("metadata"),
        source={SOURCE: {name: body[name] for name in body if name not in _OF_A_CASE}},
    )


# -- reading ----------------------------------------------------------------------------------


async def fetch_rows(call: Call, desk: Desk) -> Reply:
    """`/v1/dataset/{id}/fetch`: a page of rows, oldest first."""
    told = call.object() if call.payload is not None else {}
    rows, cursor = await page_of_rows(
        desk,
        call.path["dataset_id"],
        limit=told.get("limit"),
        cursor=told.get("cursor"),
        version=told.get("version"),
    )
    return Reply(body={"events": rows, "cursor": cursor})


async def page_of_rows(
    desk: Desk, dataset_id: str, *, limit: Any = None, cursor: Any = None, version: Any = None
) -> tuple[list[dict[str, Any]], str | None]:
    """
    Rows as the clients know them, and where the next page begins, if there is one.

    Raises `NotFound` for the dataset, `Invalid` for a version that is none.
    """
    most = limit if type(limit) is int and 0 < limit < _MOST_ROWS else _MOST_ROWS
    as_of: dict[str, Any] = {}
    if version is not None and str(version) != "0":
        number = number_of(str(version))
        if number is None:
            raise Invalid(f"not a version of a dataset: {str(version)[:40]!r}")
        as_of["as_of_version"] = number
    await desk.settled()
    dataset = await _find(desk, dataset_id)
    page = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=dataset_id,
        after_case_id=cursor if isinstance(cursor, str) else "",
        limit=most,
        **as_of,
    )
    cases, _ = page
    following = cases[-1].case_id if len(cases) == most else None
    return [_row(dataset, case) for case in cases], following


def _row(dataset: Dataset, case: Case) -> dict[str, Any]:
    own = case.source.get(SOURCE)
    shown = _shown(dataset)
    return {
        "span_id": case.case_id,
        "root_span_id": case.case_id,
        "tags": None,
        "origin": None,
        "created": to_rfc3339(case.created_ns),
        **(own if isinstance(own, dict) else {}),
        "id": case.case_id,
        "_xact_id": transaction(case.version),
        "project_id": shown["project_id"],
        "dataset_id": dataset.dataset_id,
        "input": case.input,
        "expected": case.expected,
        "metadata": case.metadata,
        "is_root": True,
    }


async def summarize_dataset(call: Call, desk: Desk) -> Reply:
    """`/v1/dataset/{id}/summarize`: how many rows there are."""
    await desk.settled()
    dataset = await _find(desk, call.path["dataset_id"])
    shown = _shown(dataset)
    summary = {"total_records": dataset.items} if call.one("summarize_data") == "true" else None
    try:
        project = str((await project_by_id(desk, shown["project_id"]))["name"])
    except NotFound:
        project = ""
    return Reply(
        body={
            "project_name": project,
            "dataset_name": shown["name"],
            "project_url": call.base_url,
            "dataset_url": call.base_url,
            "data_summary": summary,
        }
    )


async def count_rows(call: Call, desk: Desk) -> Reply:
    """`/dataset-summary`, of the older API."""
    await desk.settled()
    dataset = await _find(desk, call.one("dataset_id"))
    return Reply(body={"total_records": dataset.items})
