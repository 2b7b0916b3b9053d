"""
Experiments: runs over the cases of a dataset, with what came of each.

A run's session tells what happened and carries its scores like any other; here is what only the
client knows: which case it was, what it returned, what its evaluators said, verbatim.
"""

import uuid
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, NotFound, TryAgain
from quarterdeck.storage.records import experiment_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.experiment_rows import Experiment
from quarterdeck.storage.records.experiment_runs import ExperimentRun, list_runs, put_runs
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.storable import (
    NAME_LENGTH,
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
from quarterdeck.storage.records.tables import EXPERIMENTS

__all__ = (
    "Experiment",
    "ExperimentRun",
    "create_experiment",
    "delete_experiment",
    "find_experiment",
    "list_experiments",
    "list_runs",
    "put_runs",
    "update_experiment",
)

_TRIES = 5
"""Each loses to another client that took the same free name at the same time."""


def create_experiment(
    records: Records,
    *,
    project_id: str,
    name: str,
    experiment_id: str = "",
    dataset_id: str = "",
    description: str = "",
    metadata: dict[str, Any] | None = None,
    source: str,
    created_by: str,
    now_ns: int,
    exists: Literal["return", "conflict", "rename"] = "return",
) -> Experiment:
    """
    A name is taken within its source and dataset.  What then happens is the client's custom:
    the one that is there is the answer, or `Conflict`, or a name with the next free number
    ("baseline-2").  One of this `experiment_id` is always the answer, but for "conflict".

    Raises `Invalid` for a name or id that can't be kept, `NotFound` for the project.
    """
    values: dict[str, Any] = {
        "project_id": project_id,
        "experiment_id": id_of("experiment id", experiment_id or str(uuid.uuid4())),
        "name": name_of("experiment name", name),
        "dataset_id": id_of("dataset id", dataset_id) if dataset_id else "",
        "description": text_of(description),
        "metadata": json_of(metadata or {}),
        "source": source,
        "started_ns": time_of(now_ns),
        "ended_ns": None,
        "created_by": actor_of(created_by),
    }
    for _ in range(_TRIES):
        try:
            with records.writing() as connection:
                require_project(connection, project_id)
                there = _there(connection, values, same_name=exists != "rename")
                if there is not None and exists == "conflict":
                    raise Conflict(f"experiment {name!r} exists already")
                if there is not None:
                    return experiment_rows.experiment_of(there)
                if exists == "rename":
                    values["name"] = _free_name(connection, {**values, "name": name})
                connection.execute(insert(EXPERIMENTS).values(**values))
        except IntegrityError:
            continue
        return find_experiment(
            records, project_id=project_id, experiment_id=values["experiment_id"]
        )
    raise TryAgain(f"experiments named {name!r} are being made by others")


def find_experiment(
    records: Records,
    *,
    project_id: str,
    name: str = "",
    experiment_id: str = "",
    dataset_id: str = "",
    source: str = "",
) -> Experiment:
    """The newest that all given arguments fit.  Raises `NotFound`, also without name and id."""
    row = None
    if (name or experiment_id) and (not name or is_name(name)) and is_id(experiment_id or "-"):
        query = select(EXPERIMENTS).where(EXPERIMENTS.c.project_id == project_id)
        for column, value in (
            (EXPERIMENTS.c.name, name),
            (EXPERIMENTS.c.experiment_id, experiment_id),
            (EXPERIMENTS.c.dataset_id, text_of(dataset_id)),
            (EXPERIMENTS.c.source, source),
        ):
            if value:
                query = query.where(column == value)
        query = query.order_by(EXPERIMENTS.c.started_ns.desc(), EXPERIMENTS.c.experiment_id)
        with records.reading() as connection:
            row = connection.execute(query.limit(1)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no experiment {name or experiment_id!r}")
    return experiment_rows.experiment_of(row)


def list_experiments(
    records: Records,
    *,
    project_id: str,
    dataset_id: str = "",
    containing: str = "",
    source: str = "",
    limit: int = 100,
    offset: int = 0,
) -> Page[Experiment]:
    """Newest first.  `containing`: somewhere in the name, in any case of ASCII letters."""
    fits = [
        EXPERIMENTS.c.project_id == project_id,
        EXPERIMENTS.c.name.icontains(text_of(containing), autoescape=True),
    ]
    if dataset_id:
        fits.append(EXPERIMENTS.c.dataset_id == text_of(dataset_id))
    if source:
        fits.append(EXPERIMENTS.c.source == source)
    query = (
        select(EXPERIMENTS)
        .where(*fits)
        .order_by(EXPERIMENTS.c.started_ns.desc(), EXPERIMENTS.c.experiment_id)
        .limit(limit)
        .offset(offset)
    )
    with records.reading() as connection:
        total = connection.execute(select(func.count()).select_from(EXPERIMENTS).where(*fits))
        return Page(
            [experiment_rows.experiment_of(row) for row in connection.execute(query).mappings()],
            total.scalar_one(),
        )


def update_experiment(
    records: Records,
    *,
    project_id: str,
    experiment_id: str,
    name: str | None = None,
    dataset_id: str | None = None,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    ended_ns: int | None = None,
) -> Experiment:
    """None leaves what is there.  Raises `NotFound`, and `Conflict` for a name that is taken."""
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = name_of("experiment name", name)
    if dataset_id is not None:
        values["dataset_id"] = id_of("dataset id", dataset_id) if dataset_id else ""
    if description is not None:
        values["description"] = text_of(description)
    if metadata is not None:
        values["metadata"] = json_of(metadata)
    if ended_ns is not None:
        values["ended_ns"] = time_of(ended_ns)
    try:
        with records.writing() as connection:
            experiment_rows.lock(connection, project_id, experiment_id)
            if values:
                connection.execute(
                    update(EXPERIMENTS)
                    .where(experiment_rows.is_experiment(project_id, experiment_id))
                    .values(**values)
                )
    except IntegrityError as error:
        raise Conflict(f"experiment {name!r} exists already") from error
    return find_experiment(records, project_id=project_id, experiment_id=experiment_id)


def delete_experiment(records: Records, *, project_id: str, experiment_id: str) -> None:
    """With its runs; their sessions stay.  Raises `NotFound`."""
    with records.writing() as connection:
        experiment_rows.lock(connection, project_id, experiment_id)
        connection.execute(
            delete(EXPERIMENTS).where(experiment_rows.is_experiment(project_id, experiment_id))
        )


# --------------------------------------------------------------------------------- rows


def _there(connection: Connection, values: dict[str, Any], *, same_name: bool) -> RowMapping | None:
    """The experiment of this id, else, with `same_name`, the one that has the name."""
    found = (
        connection.execute(
            select(EXPERIMENTS).where(
                experiment_rows.is_experiment(values["project_id"], values["experiment_id"])
            )
        )
        .mappings()
        .one_or_none()
    )
    if found is not None or not same_name:
        return found
    return connection.execute(_named(values)).mappings().one_or_none()


def _named(values: dict[str, Any]) -> Select[Any]:
    return select(EXPERIMENTS).where(
        EXPERIMENTS.c.project_id == values["project_id"],
        EXPERIMENTS.c.source == values["source"],
        EXPERIMENTS.c.dataset_id == values["dataset_id"],
        EXPERIMENTS.c.name == values["name"],
    )


def _free_name(connection: Connection, values: dict[str, Any]) -> str:
    name, number = values["name"], 1
    while connection.execute(_named(values)).one_or_none() is not None:
        number += 1
        end = f"-{number}"
        values = {**values, "name": name[: NAME_LENGTH - len(end)] + end}
    return str(values["name"])
