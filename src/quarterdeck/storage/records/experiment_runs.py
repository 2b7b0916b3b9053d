"""
Runs of experiments: one case, worked on once.

A client tells of one run in several calls, in any order, more than once: what was told before
stays, and the result is the same.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from quarterdeck.storage.records import experiment_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.storable import (
    ID_LENGTH,
    MOST,
    id_of,
    json_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.tables import EXPERIMENT_RUNS

_AT_ONCE = 500
"""Ids in one question: older SQLite takes 999 values."""


class ExperimentRun(msgspec.Struct, frozen=True, kw_only=True):
    experiment_id: str = ""
    """`put_runs` fills it in."""
    run_id: str
    case_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    trial: int = 0
    output: Any = None
    error: str = ""
    started_ns: int = 0
    ended_ns: int = 0
    metadata: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    """As the client told them, by name."""


def put_runs(
    records: Records,
    *,
    project_id: str,
    experiment_id: str,
    runs: Sequence[ExperimentRun],
) -> list[ExperimentRun]:
    """
    Makes the runs that are not there yet and adds to those that are, by `run_id`.

    A field that is empty leaves what was told before; `metadata` and `scores` join by name, the
    later word counts.  The answer is the runs as they are kept, in the order given.  Raises
    `NotFound` for the experiment, `Invalid` for an id that can't be kept.
    """
    told: dict[str, ExperimentRun] = {}
    for run in runs:
        before = told.get(id_of("run id", run.run_id))
        told[run.run_id] = run if before is None else _joined(before, run)
    with records.writing() as connection:
        experiment_rows.lock(connection, project_id, experiment_id)
        known = _known(connection, project_id, experiment_id, list(told))
        made: list[dict[str, Any]] = []
        for run_id, run in told.items():
            before = known.get(run_id)
            kept = run if before is None else _joined(before, run)
            told[run_id] = kept = msgspec.structs.replace(kept, experiment_id=experiment_id)
            if before is None:
                made.append({"project_id": project_id, **_values(kept)})
            elif kept != before:
                connection.execute(
                    update(EXPERIMENT_RUNS)
                    .where(
                        EXPERIMENT_RUNS.c.project_id == project_id,
                        EXPERIMENT_RUNS.c.experiment_id == experiment_id,
                        EXPERIMENT_RUNS.c.run_id == run_id,
                    )
                    .values(**_values(kept))
                )
        if made:
            connection.execute(insert(EXPERIMENT_RUNS), made)
        kept_runs = _known(connection, project_id, experiment_id, list(told))
    return [kept_runs[run_id] for run_id in told]


def list_runs(
    records: Records,
    *,
    project_id: str,
    experiment_id: str,
    limit: int = 10_000,
    offset: int = 0,
) -> list[ExperimentRun]:
    """In the order of their start.  Raises `NotFound` for the experiment."""
    query = (
        select(EXPERIMENT_RUNS)
        .where(
            EXPERIMENT_RUNS.c.project_id == project_id,
            EXPERIMENT_RUNS.c.experiment_id == experiment_id,
        )
        .order_by(EXPERIMENT_RUNS.c.started_ns, EXPERIMENT_RUNS.c.run_id)
        .limit(limit)
        .offset(offset)
    )
    with records.reading() as connection:
        experiment_rows.require(connection, project_id, experiment_id)
        return [_run(row) for row in connection.execute(query).mappings()]


def _known(
    connection: Connection, project_id: str, experiment_id: str, run_ids: Sequence[str]
) -> dict[str, ExperimentRun]:
    found: dict[str, ExperimentRun] = {}
    for start in range(0, len(run_ids), _AT_ONCE):
        rows = connection.execute(
            select(EXPERIMENT_RUNS).where(
                EXPERIMENT_RUNS.c.project_id == project_id,
                EXPERIMENT_RUNS.c.experiment_id == experiment_id,
                EXPERIMENT_RUNS.c.run_id.in_(run_ids[start : start + _AT_ONCE]),
            )
        ).mappings()
        found |= {row["run_id"]: _run(row) for row in rows}
    return found


def _joined(before: ExperimentRun, said: ExperimentRun) -> ExperimentRun:
    told = {
        name: value
        for name in ("case_id", "trace_id", "span_id", "trial", "error", "started_ns", "ended_ns")
        if (value := getattr(said, name))
    }
    if said.output is not None:
        told["output"] = said.output
    return msgspec.structs.replace(
        before,
        **told,
        metadata={**before.metadata, **said.metadata},
        scores={**before.scores, **said.scores},
    )


def _values(run: ExperimentRun) -> dict[str, Any]:
    return {
        "experiment_id": run.experiment_id,
        "run_id": run.run_id,
        "case_id": text_of(run.case_id)[:ID_LENGTH],
        "trace_id": text_of(run.trace_id)[:ID_LENGTH],
        "span_id": text_of(run.span_id)[:ID_LENGTH],
        "trial": min(max(run.trial, 0), MOST),
        "output": json_of(run.output),
        "error": text_of(run.error),
        "started_ns": time_of(run.started_ns),
        "ended_ns": time_of(run.ended_ns),
        "metadata": json_of(run.metadata),
        "scores": json_of(run.scores),
    }


def _run(row: RowMapping) -> ExperimentRun:
    return msgspec.convert(
        {name: row[name] for name in ExperimentRun.__struct_fields__}, ExperimentRun
    )
