"""
Experiments as rows, for what changes them and for what changes their runs.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, and_, select

from quarterdeck.errors import NotFound
from quarterdeck.storage.records.storable import is_id
from quarterdeck.storage.records.tables import EXPERIMENTS


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    experiment_id: str
    name: str
    dataset_id: str
    """"" = on no dataset of ours.  It may have been deleted since."""
    description: str
    metadata: dict[str, Any]
    source: str
    """The wire that made it."""
    started_ns: int
    ended_ns: int | None
    created_by: str


def is_experiment(project_id: str, experiment_id: str) -> Any:
    return and_(
        EXPERIMENTS.c.project_id == project_id, EXPERIMENTS.c.experiment_id == experiment_id
    )


def lock(connection: Connection, project_id: str, experiment_id: str) -> None:
    """Nobody else changes the experiment or its runs until this transaction ends."""
    query = (
        select(EXPERIMENTS.c.name).where(is_experiment(project_id, experiment_id)).with_for_update()
    )
    if not is_id(experiment_id) or connection.execute(query).one_or_none() is None:
        raise NotFound(f"no experiment {experiment_id!r}")


def require(connection: Connection, project_id: str, experiment_id: str) -> None:
    query = select(EXPERIMENTS.c.name).where(is_experiment(project_id, experiment_id))
    if not is_id(experiment_id) or connection.execute(query).one_or_none() is None:
        raise NotFound(f"no experiment {experiment_id!r}")


def experiment_of(row: RowMapping) -> Experiment:
    return msgspec.convert({name: row[name] for name in Experiment.__struct_fields__}, Experiment)
