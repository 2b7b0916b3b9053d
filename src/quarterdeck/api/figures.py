"""
Rates and sums over many sessions, each with its count, its interval and its definition.

What a figure is stands in `measures.py`; here are the questions and the form of the answer.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.figures import Figures, Tasks
from quarterdeck.api.bodies import answer
from quarterdeck.api.measures import (
    FIGURES,
    MAX_K,
    USUAL,
    Bucket,
    PassFigure,
    pass_figure,
    shown,
    usual_ks,
)
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import Selected
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.statistics.trials import CaseTrials
from quarterdeck.storage.events.figures_reads import (
    DIMENSIONS,
    Dimension,
    FiguresRow,
    case_trials,
    figures,
)
from quarterdeck.storage.events.session_reads import SessionFilter

router = guarded_router("figures")

_BUCKETS_S: Mapping[Bucket, int] = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}

Group = tuple[int, str, str]
"""Bucket and values."""


class Asked(NamedTuple):
    """What a request wants to know."""

    names: list[str]
    """Of `FIGURES`."""
    passes: list[PassFigure]
    """pass^k and pass@k of the k that were named."""
    with_usual_ks: bool
    """Also of the usual k, where there are trials."""
    by: tuple[Dimension, ...]
    bucket_ns: int


class Told(NamedTuple):
    rows: list[FiguresRow]
    passes: list[PassFigure]
    trials: dict[Group, list[CaseTrials]]


@router.get(
    "/figures",
    summary="Rates and sums, by time and by up to two dimensions",
    responses={200: {"model": Figures}},
)
@allow(READ)
async def show(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    figure: Annotated[
        list[str], Query(max_length=50, description="Names; the usual ones if left out.")
    ] = [],  # noqa: B006  # FastAPI copies it
    by: Annotated[
        list[str], Query(max_length=2, description=f"At most two of {', '.join(DIMENSIONS)}.")
    ] = [],  # noqa: B006  # FastAPI copies it
    bucket: Bucket | None = None,
    k: Annotated[
        list[Annotated[int, Query(ge=1, le=MAX_K)]],
        Query(max_length=20, description="pass^k and pass@k of these k; 1, 2, 4, … if left out."),
    ] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    asked = _asked(figure, k, by, bucket)
    told = await asyncio.to_thread(_tell, parts, who, where, asked)
    return answer(
        request,
        {
            "definitions": {
                **{name: _definition(name) for name in asked.names},
                **{one.name: _pass_definition(one) for one in told.passes},
            },
            "by": asked.by,
            "bucket": bucket,
            "rows": [_row(row, asked, told, bucketed=bool(bucket)) for row in told.rows],
        },
    )


def _asked(figure: list[str], ks: list[int], by: list[str], bucket: Bucket | None) -> Asked:
    names: list[str] = []
    passes: list[PassFigure] = []
    for name in figure or USUAL:
        if name in FIGURES:
            names.append(name)
        elif one := pass_figure(name):
            passes.append(one)
        else:
            raise Invalid(
                f"no figure is called {name!r}",
                hint=f"There are: {', '.join(FIGURES)}, pass_hat_<k>, pass_at_<k>.",
            )
    return Asked(
        names,
        list({one.name: one for one in (*passes, *_passes(ks))}.values()),
        with_usual_ks=not figure and not ks,
        by=_dimensions(by),
        bucket_ns=_BUCKETS_S[bucket] * NS_PER_S if bucket else 0,
    )


def _passes(ks: Sequence[int]) -> list[PassFigure]:
    """pass^k of every k, then pass@k: two questions, not one after the other for each k."""
    found = (pass_figure(f"pass_{which}_{k}") for which in ("hat", "at") for k in ks)
    return [one for one in found if one is not None]


def _dimensions(by: list[str]) -> tuple[Dimension, ...]:
    known: dict[str, Dimension] = {name: name for name in DIMENSIONS}
    for name in by:
        if name not in known:
            raise Invalid(
                f"can't split by {name!r}", hint=f"At most two of {', '.join(DIMENSIONS)}."
            )
    return tuple(known[name] for name in by)


def _tell(parts: Parts, who: Principal, where: SessionFilter, asked: Asked) -> Told:
    scope, by, bucket_ns = scope_of(parts, who), asked.by, asked.bucket_ns
    rows = figures(parts.events, scope, where, by=by, bucket_ns=bucket_ns)
    trials: dict[Group, list[CaseTrials]] = {}
    passes = asked.passes
    if any(row.cases for row in rows) and (passes or asked.with_usual_ks):
        for one in case_trials(parts.events, scope, where, by=by, bucket_ns=bucket_ns):
            group = trials.setdefault((one.bucket_ns, one.value_1, one.value_2), [])
            group.append(CaseTrials(one.trials, one.successes, one.cases))
        if asked.with_usual_ks:
            passes = _passes(usual_ks([case for group in trials.values() for case in group]))
    return Told(rows, passes, trials)


def _definition(name: str) -> dict[str, str]:
    figure = FIGURES[name]
    return {
        "title": figure.title,
        "definition": figure.definition,
        "unit": figure.unit,
        "kind": figure.kind,
    }


def _pass_definition(one: PassFigure) -> dict[str, str]:
    return {"title": one.title, "definition": one.definition, "unit": "rate", "kind": "rate"}


def _row(row: FiguresRow, asked: Asked, told: Told, *, bucketed: bool) -> dict[str, Any]:
    values = (row.value_1, row.value_2)
    cases = told.trials.get((row.bucket_ns, *values), [])
    return {
        "bucket": to_rfc3339(row.bucket_ns) if bucketed else None,
        "by": {name: value or None for name, value in zip(asked.by, values, strict=False)},
        "sessions": row.sessions,
        "cases": row.cases,
        "figures": {
            **{name: shown(FIGURES[name].measure(row)) for name in asked.names},
            **{one.name: shown(one.measure(cases)) for one in told.passes},
        },
    }


@router.get(
    "/tasks",
    summary="Task types, with how many sessions and how they ended",
    responses={200: {"model": Tasks}},
)
@allow(READ)
async def tasks(request: Request, parts: With, who: Who, where: Selected) -> Response:
    scope = scope_of(parts, who)
    rows = await asyncio.to_thread(figures, parts.events, scope, where, by=("task_type",))
    return answer(
        request,
        {
            "tasks": [
                {
                    "task_type": row.value_1 or None,
                    "sessions": row.sessions,
                    "outcomes": {
                        "success": row.successes,
                        "success_partial": row.partial_successes,
                        "failure": row.failures,
                        "abandoned": row.abandoned,
                        "interrupted": row.interrupted,
                        "unknown": row.sessions - row.known_outcomes,
                    },
                    "figures": {
                        name: shown(FIGURES[name].measure(row))
                        for name in (
                            "task_completion_rate",
                            "human_intervention_rate",
                            "cost_per_task",
                            "cost_per_success",
                        )
                    },
                }
                for row in rows
            ]
        },
    )
