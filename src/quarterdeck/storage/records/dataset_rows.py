"""
Datasets as rows, for what changes them and for what changes their cases.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, func, select

from quarterdeck.errors import NotFound
from quarterdeck.storage.records.storable import is_id
from quarterdeck.storage.records.tables import CASES, DATASETS


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    dataset_id: str
    name: str
    description: str
    metadata: dict[str, Any]
    source: str
    """The wire that made it."""
    version: int
    """0 while it is empty and new; one more with each change of cases."""
    items: int
    """Cases that are there and not archived."""
    created_ns: int
    created_by: str
    updated_ns: int


def is_dataset(project_id: str, dataset_id: str) -> tuple[Any, Any]:
    return DATASETS.c.project_id == project_id, DATASETS.c.dataset_id == dataset_id


def lock(connection: Connection, project_id: str, dataset_id: str) -> RowMapping:
    """The dataset's row, which nobody else changes until this transaction ends."""
    row = None
    if is_id(dataset_id):
        query = select(DATASETS).where(*is_dataset(project_id, dataset_id)).with_for_update()
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no dataset {dataset_id!r}")
    return row


def require(connection: Connection, project_id: str, dataset_id: str) -> None:
    query = select(DATASETS.c.name).where(*is_dataset(project_id, dataset_id))
    if not is_id(dataset_id) or connection.execute(query).one_or_none() is None:
        raise NotFound(f"no dataset {dataset_id!r}")


def datasets(project_id: str) -> Select[Any]:
    items = (
        select(func.count())
        .select_from(CASES)
        .where(
            CASES.c.project_id == DATASETS.c.project_id,
            CASES.c.dataset_id == DATASETS.c.dataset_id,
            CASES.c.until_version.is_(None),
            CASES.c.archived.is_(False),
        )
        .scalar_subquery()
    )
    return select(DATASETS, items.label("items")).where(DATASETS.c.project_id == project_id)


def dataset_of(row: RowMapping) -> Dataset:
    return msgspec.convert({name: row[name] for name in Dataset.__struct_fields__}, Dataset)
