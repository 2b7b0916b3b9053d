"""
Datasets: named collections of cases, each an input and what is expected of it.

Every change of cases makes one more version of the dataset, and each state of a case is kept with
the versions between which it held, so an experiment's dataset can be read as it was.  Cases keep
the id and the extras that their client gave them; sending a case again changes nothing.

A dataset's name is unique in a project, whichever client made it: two products that are used side
by side mean the same thing by it.
"""

import uuid
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, NotFound
from quarterdeck.storage.records import dataset_rows
from quarterdeck.storage.records.cases import (
    Case,
    delete_cases,
    find_case,
    list_cases,
    put_cases,
)
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.dataset_rows import Dataset
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.storable import (
    Page,
    actor_of,
    id_of,
    is_id,
    is_name,
    json_of,
    name_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.tables import DATASETS

__all__ = (
    "Case",
    "Dataset",
    "create_dataset",
    "delete_cases",
    "delete_dataset",
    "find_case",
    "find_dataset",
    "list_cases",
    "list_datasets",
    "put_cases",
    "update_dataset",
)


def create_dataset(
    records: Records,
    *,
    project_id: str,
    name: str,
    dataset_id: str = "",
    description: str = "",
    metadata: dict[str, Any] | None = None,
    source: str,
    created_by: str,
    now_ns: int,
    exists_ok: bool = True,
) -> Dataset:
    """
    With `exists_ok`, one of this id, else of this name, is the answer as it is.

    Raises `Conflict` without it, `Invalid` for a name or id that can't be kept, `NotFound` for the
    project.
    """
    values = {
        "project_id": project_id,
        "dataset_id": id_of("dataset id", dataset_id or str(uuid.uuid4())),
        "name": name_of("dataset name", name),
        "description": text_of(description),
        "metadata": json_of(metadata or {}),
        "source": source,
        "version": 0,
        "placed": 0,
        "created_ns": time_of(now_ns),
        "created_by": actor_of(created_by),
        "updated_ns": time_of(now_ns),
    }
    try:
        with records.writing() as connection:
            require_project(connection, project_id)
            connection.execute(insert(DATASETS).values(**values))
    except IntegrityError as error:
        if not exists_ok:
            raise Conflict(f"dataset {name!r} exists already") from error
    for sought in ({"dataset_id": values["dataset_id"]}, {"name": name}):
        try:
            return find_dataset(records, project_id=project_id, **sought)
        except NotFound:
            continue
    raise Conflict(f"dataset {name!r} was deleted meanwhile")


def find_dataset(
    records: Records, *, project_id: str, name: str = "", dataset_id: str = ""
) -> Dataset:
    """The one that both fit, where both are given.  Raises `NotFound`."""
    row = None
    if (name or dataset_id) and (not name or is_name(name)) and is_id(dataset_id or "-"):
        query = dataset_rows.datasets(project_id)
        if name:
            query = query.where(DATASETS.c.name == name)
        if dataset_id:
            query = query.where(DATASETS.c.dataset_id == dataset_id)
        with records.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no dataset {name or dataset_id!r}")
    return dataset_rows.dataset_of(row)


def list_datasets(
    records: Records,
    *,
    project_id: str,
    containing: str = "",
    limit: int = 100,
    offset: int = 0,
) -> Page[Dataset]:
    """Newest first.  `containing`: somewhere in the name, in any case of ASCII letters."""
    fits = and_(
        DATASETS.c.project_id == project_id,
        DATASETS.c.name.icontains(text_of(containing), autoescape=True),
    )
    query = (
        dataset_rows.datasets(project_id)
        .where(fits)
        .order_by(DATASETS.c.created_ns.desc(), DATASETS.c.dataset_id)
        .limit(limit)
        .offset(offset)
    )
    with records.reading() as connection:
        total = connection.execute(select(func.count()).select_from(DATASETS).where(fits))
        return Page(
            [dataset_rows.dataset_of(row) for row in connection.execute(query).mappings()],
            total.scalar_one(),
        )


def update_dataset(
    records: Records,
    *,
    project_id: str,
    dataset_id: str,
    name: str | None = None,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    now_ns: int,
) -> Dataset:
    """None leaves what is there.  Raises `NotFound`, and `Conflict` for a name that is taken."""
    values: dict[str, Any] = {"updated_ns": time_of(now_ns)}
    if name is not None:
        values["name"] = name_of("dataset name", name)
    if description is not None:
        values["description"] = text_of(description)
    if metadata is not None:
        values["metadata"] = json_of(metadata)
    try:
        with records.writing() as connection:
            dataset_rows.lock(connection, project_id, dataset_id)
            connection.execute(
                update(DATASETS)
                .where(*dataset_rows.is_dataset(project_id, dataset_id))
                .values(**values)
            )
    except IntegrityError as error:
        raise Conflict(f"dataset {name!r} exists already") from error
    return find_dataset(records, project_id=project_id, dataset_id=dataset_id)


def delete_dataset(records: Records, *, project_id: str, dataset_id: str) -> None:
    """With its cases; experiments on it stay.  Raises `NotFound`."""
    with records.writing() as connection:
        dataset_rows.lock(connection, project_id, dataset_id)
        connection.execute(delete(DATASETS).where(*dataset_rows.is_dataset(project_id, dataset_id)))
