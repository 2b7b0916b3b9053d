"""
What the overview shows of its figures: each against before, over time, and by workflow version,
task type and model; always with the sessions behind it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from quarterdeck.api.behind import View, is_in, number
from quarterdeck.api.filters import Expression
from quarterdeck.api.measures import FIGURES, Bucket, difference, shown
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events.figures_reads import FiguresRow
from quarterdeck.storage.events.overview_reads import Group, Groups, Kind, no_sessions

MAX_POINTS = 300
"""Of a time series: more than a chart has columns for."""
MAX_ROWS = 50
"""Of a table: who has more workflows narrows the filter."""


class _Part(NamedTuple):
    """Some of the sessions: the terms that find them, and how many they are."""

    terms: Expression
    count: Callable[[FiguresRow], int]


class _Told(NamedTuple):
    """Which sessions a figure is of, and which of them count in its numerator."""

    of: _Part
    counted: _Part | None = None


_ALL = _Part((), lambda row: row.sessions)
_COSTED = _Part((number("cost", ">=", 0),), lambda row: row.costed)
_SUCCEEDED = is_in("outcome", "success")

_FIGURES: dict[str, _Told] = {
    "task_completion_rate": _Told(
        _Part((is_in("outcome", "unknown", negated=True),), lambda row: row.known_outcomes),
        _Part((_SUCCEEDED,), lambda row: row.successes),
    ),
    "human_intervention_rate": _Told(
        _ALL, _Part((is_in("human", "any"),), lambda row: row.intervened)
    ),
    "error_recovery_rate": _Told(_Part((number("errors", ">", 0),), lambda row: row.with_episodes)),
    "cost_per_task": _Told(_COSTED),
    "cost_per_success": _Told(
        _COSTED, _Part((*_COSTED.terms, _SUCCEEDED), lambda row: row.costed_successes)
    ),
    "unknown_outcome_share": _Told(
        _ALL,
        _Part((is_in("outcome", "unknown"),), lambda row: row.sessions - row.known_outcomes),
    ),
    "unpriced_share": _Told(_ALL),
    "sessions": _Told(_ALL),
    "cost_usd": _Told(_COSTED),
    "wasted_usd": _Told(_COSTED),
    "waited_s": _Told(_ALL),
}
"""In the order in which they are shown."""


def shown_figures(
    now: View, row: FiguresRow, before: View, row_before: FiguresRow
) -> list[dict[str, Any]]:
    told = []
    for name, sessions in _FIGURES.items():
        figure = FIGURES[name]
        measured, measured_before = figure.measure(row), figure.measure(row_before)
        of, counted = sessions.of, sessions.counted
        told.append(
            {
                "name": name,
                "title": figure.title,
                "definition": figure.definition,
                "unit": figure.unit,
                "kind": figure.kind,
                "better": figure.better,
                "now": shown(measured),
                "before": shown(measured_before),
                "difference": difference(figure, measured, measured_before),
                "behind": now.that(*of.terms).behind(of.count(row)),
                "counted": now.that(*counted.terms).behind(counted.count(row)) if counted else None,
                "behind_before": before.that(*of.terms).behind(of.count(row_before)),
            }
        )
    return told


def shown_series(
    view: View, found: Mapping[int, FiguresRow], bucket: Bucket, bucket_ns: int
) -> dict[str, Any]:
    """
    A point for each bucket, those without sessions too: a gap is a gap.  Of more than fit, the
    last ones.  The first and the last bucket may be cut by the period.
    """
    last = (view.until_ns - 1) // bucket_ns
    first = max(view.since_ns // bucket_ns, last - MAX_POINTS + 1)
    points = []
    for number_of in range(first, last + 1):
        start_ns = number_of * bucket_ns
        during = view.during(max(view.since_ns, start_ns), min(view.until_ns, start_ns + bucket_ns))
        points.append(_point(during, found.get(start_ns) or no_sessions()))
    return {"bucket": bucket, "points": points}


def _point(view: View, row: FiguresRow) -> dict[str, Any]:
    return {
        "since": to_rfc3339(view.since_ns),
        "until": to_rfc3339(view.until_ns),
        "sessions": row.sessions,
        "outcomes": {
            "success": row.successes,
            "success_partial": row.partial_successes,
            "failure": row.failures,
            "abandoned": row.abandoned,
            "interrupted": row.interrupted,
            "unknown": row.sessions - row.known_outcomes,
        },
        "cost": shown(FIGURES["cost_usd"].measure(row)),
        "unpriced": shown(FIGURES["unpriced_share"].measure(row)),
        "completion": shown(FIGURES["task_completion_rate"].measure(row)),
        "behind": view.behind(row.sessions),
    }


def shown_rows(kind: Kind, view: View, now: Groups, before: Groups | None) -> list[dict[str, Any]]:
    """Most sessions first.  `before` None: there is nothing to compare such rows with."""
    groups = sorted(
        (group for group in now if group.kind == kind),
        key=lambda group: (-now[group].sessions, group),
    )
    return [
        _row(view, group, now[group], before.get(group) if before is not None else None)
        for group in groups[:MAX_ROWS]
    ]


def _row(view: View, group: Group, row: FiguresRow, before: FiguresRow | None) -> dict[str, Any]:
    completion = FIGURES["task_completion_rate"]
    compared = None
    if before is not None:
        compared = difference(completion, completion.measure(row), completion.measure(before))
    return {
        "workflow": (group.name or None) if group.kind == "workflow" else None,
        "version": group.version or None,
        "task_type": (group.name or None) if group.kind == "task_type" else None,
        "model": (group.name or None) if group.kind == "model" else None,
        "sessions": row.sessions,
        "completion": shown(completion.measure(row)),
        "intervention": shown(FIGURES["human_intervention_rate"].measure(row)),
        "cost": shown(FIGURES["cost_usd"].measure(row)),
        "cost_per_success": shown(FIGURES["cost_per_success"].measure(row)),
        "completion_difference": compared,
        "behind": view.that(*terms_of(group)).behind(row.sessions),
    }


def terms_of(group: Group) -> Expression:
    """The terms that find the sessions of a group."""
    if group.kind == "all":
        return ()
    if group.kind == "workflow":
        return is_in("workflow", group.name), is_in("version", group.version)
    return (is_in(group.kind, group.name),)
