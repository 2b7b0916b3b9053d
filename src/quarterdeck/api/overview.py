"""
How the project's agents do, against before, and what needs somebody: the overview in one call.

Few questions to the store, whatever the number of workflows: one for the figures of everything
by every dimension, now and before, one for the time series, three for what is open, usual and
wrong.  What is shown of them, and how, is in `overview_figures.py` and `attention.py`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.overview import OverviewAnswer
from quarterdeck.api.attention import Seen, needs
from quarterdeck.api.behind import View, is_in, view_of
from quarterdeck.api.bodies import answer
from quarterdeck.api.filters import render
from quarterdeck.api.intake import projects_seen
from quarterdeck.api.measures import Bucket
from quarterdeck.api.overview_figures import (
    MAX_POINTS,
    shown_figures,
    shown_rows,
    shown_series,
)
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import Selected, check_storable
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.storage.events.figures_reads import FiguresRow
from quarterdeck.storage.events.overview_reads import (
    EVERYTHING,
    Groups,
    OpenSessionsRow,
    SignsRow,
    UsualDurationsRow,
    no_sessions,
    open_sessions,
    overview_figures,
    overview_points,
    signs,
    usual_durations,
)
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import SessionFilter
from quarterdeck.storage.records.approvals import Waiting, waiting

router = guarded_router("overview")

_HOUR_NS = 3600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
_USUAL_NS = 7 * _DAY_NS
"""What is looked at where no `since` is told."""
_BUCKETS: Mapping[Bucket, int] = {"hour": _HOUR_NS, "day": _DAY_NS, "week": 7 * _DAY_NS}
_MAX_HOURS = 48

T = TypeVar("T")

Compare = Literal["previous", "version"]


class Compared(NamedTuple):
    """The two sides, and what they are called."""

    by: Compare
    now: View
    before: View
    version: str | None
    """Of before, where versions are compared."""


class Found(NamedTuple):
    """What the store told."""

    now: Groups
    before: Groups
    points: Mapping[int, FiguresRow]
    opened: list[OpenSessionsRow]
    usual: Mapping[str, UsualDurationsRow]
    signs: list[SignsRow]
    refused: int
    approvals: Waiting | None


@router.get(
    "/overview",
    summary="How the agents do, against before, and what needs somebody",
    responses={200: {"model": OverviewAnswer}},
)
@allow(READ)
async def show(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    compare: Annotated[
        str,
        Query(
            max_length=220,
            description="`previous`: the time before, equally long. `version:14`: that version.",
        ),
    ] = "previous",
) -> Response:
    now_ns = parts.now_ns()
    since_ns = where.since_ns if "since" in request.query_params else now_ns - _USUAL_NS
    view = view_of(where).during(since_ns, min(where.until_ns, now_ns + 1))
    if view.until_ns <= view.since_ns:
        raise Invalid("`until` is not after `since`")
    compared = _compared(view, compare)
    return answer(request, await _overview(parts, who, compared))


def _compared(view: View, compare: str) -> Compared:
    if compare == "previous":
        long_ns = view.until_ns - view.since_ns
        before = view.during(max(0, view.since_ns - long_ns), view.since_ns)
        return Compared("previous", view, before, None)
    what, _, version = compare.partition(":")
    if what != "version" or not version:
        raise Invalid(f"can't compare with {compare!r}", hint="Write previous, or version:14.")
    check_storable(version)
    others = View(
        tuple(one for one in view.conditions if not _is_version(one)), view.since_ns, view.until_ns
    )
    before = others.that(is_in("version", version))
    # The two sides must not share sessions: their difference would be of other sessions than
    # the interval takes for granted.
    now = view if others != view else view.that(is_in("version", version, negated=True))
    return Compared("version", now, before, version)


def _is_version(condition: object) -> bool:
    return (
        isinstance(condition, WordCondition)
        and condition.field == "version"
        and not condition.negated
    )


async def _overview(parts: Parts, who: Principal, compared: Compared) -> dict[str, Any]:
    scope = await asyncio.to_thread(scope_of, parts, who)
    bucket = _bucket_of(compared.now)
    # Side by side: the engine plans each for longer than it runs, on one core.
    (now, before), points, opened, usual, signed, approvals = await asyncio.gather(
        asyncio.to_thread(_groups, parts, scope, compared),
        _ask(overview_points, parts, scope, compared.now.where(), bucket_ns=_BUCKETS[bucket]),
        _ask(open_sessions, parts, scope, compared.now.always().where()),
        _ask(usual_durations, parts, scope, _both(compared)),
        _ask(signs, parts, scope, _both(compared), split_ns=compared.now.since_ns),
        asyncio.to_thread(waiting, parts.records, project_id=who.project_id, now_ns=parts.now_ns()),
    )
    refused = _refused(parts, who)
    found = Found(now, before, points, opened, usual, signed, refused, approvals)
    return _shown(found, compared, scope, bucket, now_ns=parts.now_ns())


async def _ask(
    question: Callable[..., T], parts: Parts, scope: ProjectScope, where: SessionFilter, **more: int
) -> T:
    return await asyncio.to_thread(question, parts.events, scope, where, **more)


def _shown(
    found: Found, compared: Compared, scope: ProjectScope, bucket: Bucket, *, now_ns: int
) -> dict[str, Any]:
    by_time = compared.by == "previous"
    total = found.now.get(EVERYTHING) or no_sessions()
    total_before = found.before.get(EVERYTHING) or no_sessions()
    seen = Seen(
        now=found.now,
        before=found.before,
        view=compared.now,
        compares_periods=by_time,
        opened=found.opened,
        usual=found.usual,
        signs=found.signs,
        refused=found.refused,
        approvals=found.approvals,
    )
    return {
        "as_of": to_rfc3339(now_ns),
        "now": _period(compared.now, total, None, scope),
        "before": _period(compared.before, total_before, compared.version, scope),
        "compare": compared.by,
        "filter": render(compared.now.conditions),
        "outcome_known": {"sessions": total.sessions, "known": total.known_outcomes},
        "figures": shown_figures(compared.now, total, compared.before, total_before),
        "series": shown_series(compared.now, found.points, bucket, _BUCKETS[bucket]),
        "workflows": shown_rows(
            "workflow", compared.now, found.now, found.before if by_time else None
        ),
        "task_types": shown_rows("task_type", compared.now, found.now, found.before),
        "models": shown_rows("model", compared.now, found.now, found.before),
        "attention": needs(seen),
        "running": _running(compared.now.always(), found.opened, found.usual, now_ns),
    }


def _groups(parts: Parts, scope: ProjectScope, compared: Compared) -> tuple[Groups, Groups]:
    """Of now and of before."""
    db, split_ns = parts.events, compared.now.since_ns
    if compared.by == "previous":
        sides = overview_figures(db, scope, _both(compared), split_ns=split_ns)
        return sides["now"], sides["before"]
    now, before = (
        overview_figures(db, scope, view.where(), split_ns=split_ns)["now"]
        for view in (compared.now, compared.before)
    )
    return now, before


def _both(compared: Compared) -> SessionFilter:
    """The sessions of now, and of the time before where that is the other side."""
    if compared.by == "version":
        return compared.now.where()
    return compared.now.during(compared.before.since_ns, compared.now.until_ns).where()


def _bucket_of(view: View) -> Bucket:
    long_ns = view.until_ns - view.since_ns
    if long_ns <= _MAX_HOURS * _HOUR_NS + 1:
        return "hour"
    return "day" if long_ns <= (MAX_POINTS - 1) * _DAY_NS else "week"


def _period(
    view: View, row: FiguresRow, version: str | None, scope: ProjectScope
) -> dict[str, Any]:
    return {
        "since": to_rfc3339(view.since_ns),
        "until": to_rfc3339(view.until_ns),
        "version": version,
        "complete": scope.floor_ns <= view.since_ns,
        "behind": view.behind(row.sessions),
    }


def _running(
    always: View,
    opened: list[OpenSessionsRow],
    usual: Mapping[str, UsualDurationsRow],
    now_ns: int,
) -> dict[str, Any]:
    counts = {
        state: sum(row.sessions for row in opened if row.state == state)
        for state in ("open", "waiting_for_human")
    }
    first = min(opened, key=lambda row: (row.first_ns, row.first_id), default=None)
    of_all = usual.get("")
    return {
        "open": always.that(is_in("status", "open")).behind(counts["open"]),
        "waiting": always.that(is_in("status", "waiting_for_human")).behind(
            counts["waiting_for_human"]
        ),
        "longest_s": max(0, now_ns - first.first_ns) / NS_PER_S if first else None,
        "longest_session_id": first.first_id if first else None,
        "usual_s": of_all.half_ns / NS_PER_S if of_all else None,
        "long_s": of_all.most_ns / NS_PER_S if of_all else None,
        "closed": of_all.sessions if of_all else 0,
    }


def _refused(parts: Parts, who: Principal) -> int:
    return parts.recent.counts(projects_seen(who)).refused
