"""How the sessions of a workflow's versions ended, version by version."""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.releases import WorkflowOutcomes
from quarterdeck.api.bodies import answer
from quarterdeck.api.measures import FIGURES, shown
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.segments import Segment
from quarterdeck.api.selection import check_storable, read_instant
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events.figures_reads import FiguresRow, figures
from quarterdeck.storage.events.outcome_reads import versions_seen
from quarterdeck.storage.events.session_reads import SessionFilter

router = guarded_router("workflows")

_FIGURES = {
    "completion": "task_completion_rate",
    "intervention": "human_intervention_rate",
    "cost_per_success": "cost_per_success",
    "recovery": "error_recovery_rate",
    "quality": "quality",
}


@router.get(
    "/workflows/{name}/outcomes",
    summary="How the sessions of each version ended",
    responses={200: {"model": WorkflowOutcomes}},
)
@allow(READ)
async def show(
    request: Request,
    name: Segment,
    parts: With,
    who: Who,
    since: Annotated[
        str,
        Query(max_length=40, description="Began at or after: RFC 3339, or so long ago: `24h`."),
    ] = "",
    environment: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    check_storable(name)
    check_storable(environment)
    where = SessionFilter(
        since_ns=read_instant(since, now_ns=parts.now_ns(), name="since") if since else 0,
        workflow=(name,),
        environment=(environment,) if environment else (),
        experiment=False,
    )
    return answer(request, await asyncio.to_thread(_outcomes, parts, who, where))


def _outcomes(parts: Parts, who: Principal, where: SessionFilter) -> dict[str, Any]:
    scope = scope_of(parts, who)
    rows = {row.value_1: row for row in figures(parts.events, scope, where, by=("version",))}
    # A version that was first seen between the two questions is told the next time.
    return {
        "versions": [
            {
                "version": seen.version or None,
                "environments": seen.environments,
                **_estimates(rows[seen.version]),
                "first_at": to_rfc3339(seen.first_ns),
                "last_at": to_rfc3339(seen.last_ns),
            }
            for seen in versions_seen(parts.events, scope, where)
            if seen.version in rows
        ]
    }


def _estimates(row: FiguresRow) -> dict[str, Any]:
    told = {name: shown(FIGURES[figure].measure(row)) for name, figure in _FIGURES.items()}
    return {"sessions": row.sessions, "known": row.known_outcomes, **told}
