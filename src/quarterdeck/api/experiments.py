"""
Experiments, and their runs with the sessions that tell what happened.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.experiments import ExperimentList, ExperimentRuns
from quarterdeck.api.bodies import answer
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.segments import Segment
from quarterdeck.model.ids import SessionId
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events import session_reads
from quarterdeck.storage.records import experiments
from quarterdeck.storage.records.experiments import Experiment, ExperimentRun

router = guarded_router("experiments")

Limit = Annotated[int, Query(ge=1, le=200)]
RunsLimit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str, Query(max_length=200)]
Word = Annotated[str, Query(max_length=400)]


@router.get(
    "/experiments", summary="Experiments, newest first", responses={200: {"model": ExperimentList}}
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    dataset: Annotated[Word, Query(description="Only those on this dataset, by its id.")] = "",
    containing: Annotated[Word, Query(description="A part of the name.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}?{dataset}\x00{containing}"
    offset = read_offset(cursor, "experiments", belongs_to)
    found = await asyncio.to_thread(
        experiments.list_experiments,
        parts.records,
        project_id=who.project_id,
        dataset_id=dataset,
        containing=containing,
        limit=limit,
        offset=offset,
    )
    end = offset + len(found.items)
    return answer(
        request,
        {
            "experiments": [_shown(experiment) for experiment in found.items],
            "total": found.total,
            "next_cursor": next_offset("experiments", belongs_to, end if end < found.total else 0),
        },
    )


@router.get(
    "/experiments/{experiment_id}",
    summary="One experiment with its runs: case, session, output and scores of each",
    responses={200: {"model": ExperimentRuns}},
)
@allow(READ)
async def show(
    request: Request,
    experiment_id: Segment,
    parts: With,
    who: Who,
    limit: RunsLimit = 200,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}/{experiment_id}"
    offset = read_offset(cursor, "runs", belongs_to)
    page = await asyncio.to_thread(_page, parts, who, experiment_id, limit, offset)
    more = len(page["runs"]) > limit
    page["runs"] = page["runs"][:limit]
    page["next_cursor"] = next_offset("runs", belongs_to, offset + limit if more else 0)
    return answer(request, page)


def _page(
    parts: Parts, who: Principal, experiment_id: str, limit: int, offset: int
) -> dict[str, Any]:
    """One run more than `limit` where there is one."""
    found = experiments.find_experiment(
        parts.records, project_id=who.project_id, experiment_id=experiment_id
    )
    runs = experiments.list_runs(
        parts.records,
        project_id=who.project_id,
        experiment_id=experiment_id,
        limit=limit + 1,
        offset=offset,
    )
    traces = {run.trace_id for run in runs if run.trace_id}
    sessions = (
        session_reads.sessions_of_traces(parts.events, scope_of(parts, who), sorted(traces))
        if traces
        else {}
    )
    return {**_shown(found), "runs": [_run(run, sessions.get(run.trace_id)) for run in runs]}


def _shown(experiment: Experiment) -> dict[str, Any]:
    return {
        "experiment_id": experiment.experiment_id,
        "name": experiment.name,
        "dataset_id": experiment.dataset_id,
        "description": experiment.description,
        "metadata": experiment.metadata,
        "source": experiment.source,
        "started_at": to_rfc3339(experiment.started_ns),
        "ended_at": None if experiment.ended_ns is None else to_rfc3339(experiment.ended_ns),
        "created_by": experiment.created_by,
    }


def _run(run: ExperimentRun, session_id: SessionId | None) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "case_id": run.case_id,
        "trial": run.trial,
        "trace_id": run.trace_id,
        "span_id": run.span_id,
        "session_id": session_id,
        "output": run.output,
        "error": run.error,
        "started_at": to_rfc3339(run.started_ns) if run.started_ns else None,
        "ended_at": to_rfc3339(run.ended_ns) if run.ended_ns else None,
        "metadata": run.metadata,
        "scores": run.scores,
    }
