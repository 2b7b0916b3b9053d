"""
Cases of datasets: each an input, what is expected of it, and where it comes from.

Each state of a case is a row, with the version of the dataset since which it holds and the first
at which it no longer did.  Rows are ended and added, never changed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update

from quarterdeck.errors import NotFound
from quarterdeck.storage.records import dataset_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.storable import (
    ID_LENGTH,
    Page,
    canonical,
    id_of,
    is_id,
    json_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.tables import CASES, DATASETS

_AT_ONCE = 500
"""Ids in one question: older SQLite takes 999 values."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    dataset_id: str = ""
    """`put_cases` fills it in, as it does the last three."""
    case_id: str
    input: Any = None
    expected: Any = None
    metadata: Any = None
    split: str = ""
    source_trace_id: str = ""
    source_span_id: str = ""
    archived: bool = False
    source: dict[str, Any] = {}
    """What else its client said of it, verbatim."""
    created_ns: int = 0
    updated_ns: int = 0
    version: int = 0
    """Of the dataset, since which the case is so."""


def put_cases(
    records: Records,
    *,
    project_id: str,
    dataset_id: str,
    cases: Sequence[Case],
    now_ns: int,
) -> list[Case]:
    """
    Makes the cases that are not there yet and replaces those that are, by `case_id`; the last of
    several with one id counts.  All of them are one change of the dataset; equal ones are none.

    The answer is the cases as they are kept, in the order given.  Raises `NotFound` for the
    dataset, `Invalid` for an id that can't be kept.
    """
    wanted = {id_of("case id", case.case_id): _values(case) for case in cases}
    with records.writing() as connection:
        dataset = dataset_rows.lock(connection, project_id, dataset_id)
        known = _current(connection, project_id, dataset_id, list(wanted))
        version, placed = dataset["version"] + 1, dataset["placed"]
        rows: list[dict[str, Any]] = []
        for case_id, values in wanted.items():
            before = known.get(case_id)
            if before is not None and _equal(before, values):
                continue
            if before is None:
                placed += 1
            rows.append(
                {
                    **values,
                    "project_id": project_id,
                    "dataset_id": dataset_id,
                    "version": version,
                    "until_version": None,
                    "place": placed if before is None else before["place"],
                    "created_ns": time_of(now_ns) if before is None else before["created_ns"],
                    "updated_ns": time_of(now_ns),
                }
            )
        if rows:
            replaced = [row["case_id"] for row in rows if row["case_id"] in known]
            _end(connection, project_id, dataset_id, replaced, version)
            connection.execute(insert(CASES), rows)
            connection.execute(
                update(DATASETS)
                .where(*dataset_rows.is_dataset(project_id, dataset_id))
                .values(version=version, placed=placed, updated_ns=time_of(now_ns))
            )
        kept = _current(connection, project_id, dataset_id, list(wanted))
    return [_case(kept[case_id]) for case_id in wanted]


def find_case(records: Records, *, project_id: str, case_id: str, dataset_id: str = "") -> Case:
    """Without `dataset_id`, the one changed last of those with this id.  Raises `NotFound`."""
    row = None
    if is_id(case_id) and is_id(dataset_id or "-"):
        query = select(CASES).where(
            CASES.c.project_id == project_id,
            CASES.c.case_id == case_id,
            CASES.c.until_version.is_(None),
        )
        if dataset_id:
            query = query.where(CASES.c.dataset_id == dataset_id)
        query = query.order_by(CASES.c.updated_ns.desc(), CASES.c.dataset_id).limit(1)
        with records.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no case {case_id!r}")
    return _case(row)


def list_cases(
    records: Records,
    *,
    project_id: str,
    dataset_id: str,
    case_ids: Sequence[str] | None = None,
    after_case_id: str = "",
    archived: bool = False,
    as_of_version: int | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> Page[Case]:
    """
    In the order in which they were made.

    `case_ids` limits to these; `after_case_id` begins behind that case; `archived` shows those
    too; `as_of_version` reads the dataset as it was at that version.  `total` counts what fits
    all but `limit` and `offset`.  Raises `NotFound` for the dataset and for `after_case_id`.
    """
    fits = [CASES.c.project_id == project_id, CASES.c.dataset_id == dataset_id]
    if as_of_version is None:
        fits.append(CASES.c.until_version.is_(None))
    else:
        later = or_(CASES.c.until_version.is_(None), CASES.c.until_version > as_of_version)
        fits += [CASES.c.version <= as_of_version, later]
    if not archived:
        fits.append(CASES.c.archived.is_(False))
    if case_ids is not None:
        fits.append(CASES.c.case_id.in_([case_id for case_id in case_ids if is_id(case_id)]))
    with records.reading() as connection:
        dataset_rows.require(connection, project_id, dataset_id)
        if after_case_id:
            place = _place(connection, project_id, dataset_id, after_case_id)
            fits.append(CASES.c.place > place)
        total = connection.execute(select(func.count()).select_from(CASES).where(*fits))
        rows = connection.execute(
            select(CASES).where(*fits).order_by(CASES.c.place).limit(limit).offset(offset)
        ).mappings()
        return Page([_case(row) for row in rows], total.scalar_one())


def delete_cases(
    records: Records,
    *,
    project_id: str,
    dataset_id: str,
    case_ids: Sequence[str],
    now_ns: int | None = None,
) -> int:
    """
    How many there were; ids that are not there are no error.  The versions before still show them.

    Raises `NotFound` for the dataset.
    """
    with records.writing() as connection:
        dataset = dataset_rows.lock(connection, project_id, dataset_id)
        known = list(_current(connection, project_id, dataset_id, list(case_ids)))
        if known:
            version = dataset["version"] + 1
            _end(connection, project_id, dataset_id, known, version)
            changed = dataset["updated_ns"] if now_ns is None else time_of(now_ns)
            connection.execute(
                update(DATASETS)
                .where(*dataset_rows.is_dataset(project_id, dataset_id))
                .values(version=version, updated_ns=changed)
            )
    return len(known)


def _current(
    connection: Connection, project_id: str, dataset_id: str, case_ids: Sequence[str]
) -> dict[str, RowMapping]:
    found: dict[str, RowMapping] = {}
    for some in _portions([case_id for case_id in case_ids if is_id(case_id)]):
        rows = connection.execute(
            select(CASES).where(
                CASES.c.project_id == project_id,
                CASES.c.dataset_id == dataset_id,
                CASES.c.case_id.in_(some),
                CASES.c.until_version.is_(None),
            )
        ).mappings()
        found |= {row["case_id"]: row for row in rows}
    return found


def _end(
    connection: Connection,
    project_id: str,
    dataset_id: str,
    case_ids: Sequence[str],
    version: int,
) -> None:
    """These cases, as they are, no longer hold from this version on."""
    for some in _portions(case_ids):
        connection.execute(
            update(CASES)
            .where(
                CASES.c.project_id == project_id,
                CASES.c.dataset_id == dataset_id,
                CASES.c.case_id.in_(some),
                CASES.c.until_version.is_(None),
            )
            .values(until_version=version)
        )


def _place(connection: Connection, project_id: str, dataset_id: str, case_id: str) -> int:
    """Of a case that may have been deleted since."""
    place = None
    if is_id(case_id):
        place = connection.execute(
            select(func.max(CASES.c.place)).where(
                CASES.c.project_id == project_id,
                CASES.c.dataset_id == dataset_id,
                CASES.c.case_id == case_id,
            )
        ).scalar_one_or_none()
    if place is None:
        raise NotFound(f"no case {case_id!r}")
    return int(place)


def _portions(case_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(case_ids), _AT_ONCE):
        yield case_ids[start : start + _AT_ONCE]


def _values(case: Case) -> dict[str, Any]:
    """What a client said of the case."""
    return {
        "case_id": case.case_id,
        "input": json_of(case.input),
        "expected": json_of(case.expected),
        "metadata": json_of(case.metadata),
        "split": text_of(case.split)[:ID_LENGTH],
        "source_trace_id": text_of(case.source_trace_id)[:ID_LENGTH],
        "source_span_id": text_of(case.source_span_id)[:ID_LENGTH],
        "archived": case.archived,
        "source": json_of(case.source),
    }


def _equal(row: RowMapping, values: dict[str, Any]) -> bool:
    return canonical({name: row[name] for name in values}) == canonical(values)


def _case(row: RowMapping) -> Case:
    return msgspec.convert({name: row[name] for name in Case.__struct_fields__}, Case)
