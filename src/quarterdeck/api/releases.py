"""
Releases that began with a share: where each stands, and what the watch found of it.

They are made and ended by moves of an environment; here they are only read.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.releases import ReleaseList, ReleaseShown
from quarterdeck.api.bodies import answer
from quarterdeck.api.environments import move_shown
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.segments import Segment
from quarterdeck.api.selection import check_storable
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events.outcome_reads import canary_sessions
from quarterdeck.storage.records import release_checks
from quarterdeck.storage.records.release_checks import Check, Release
from quarterdeck.workflows.canary import rule_of
from quarterdeck.workflows.canary_decision import watch, watch_json

router = guarded_router("releases")

Word = Annotated[str, Query(max_length=100)]
_UNDECIDED = "not_enough_data"


@router.get(
    "/releases",
    summary="Releases that began with a share, last begun first",
    responses={200: {"model": ReleaseList}},
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    workflow: Word = "",
    environment: Word = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    check_storable(workflow)
    check_storable(environment)
    found = await asyncio.to_thread(_releases, parts, who, workflow, environment, limit)
    return answer(request, {"releases": found})


def _releases(
    parts: Parts, who: Principal, workflow: str, environment: str, limit: int
) -> list[dict[str, Any]]:
    found = release_checks.list_releases(
        parts.records,
        project_id=who.project_id,
        workflow=workflow,
        environment=environment,
        limit=limit,
    )
    checks = release_checks.newest_checks(
        parts.records,
        project_id=who.project_id,
        release_ids=[release.release_id for release in found],
    )
    digests = release_checks.digests_of(parts.records, project_id=who.project_id, releases=found)
    return [_row(one, checks.get(one.release_id), digests) for one in found]


@router.get(
    "/releases/{release_id}",
    summary="One release, with its moves and what the watch found last",
    responses={200: {"model": ReleaseShown}},
)
@allow(READ)
async def show(request: Request, release_id: Segment, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_release, parts, who, release_id))


def _release(parts: Parts, who: Principal, release_id: str) -> dict[str, Any]:
    release = release_checks.find_release(
        parts.records, project_id=who.project_id, release_id=release_id
    )
    ids = [release.release_id]
    check = release_checks.newest_checks(
        parts.records, project_id=who.project_id, release_ids=ids
    ).get(release_id)
    watched = check.evidence if check is not None else None
    if watched is None and release.state in ("running", "held"):
        watched = _look(parts, who, release)
    digests = release_checks.digests_of(
        parts.records, project_id=who.project_id, releases=[release]
    )
    return {
        **_row(release, check, digests),
        "moves": [move_shown(move) for move in reversed(release.moves)],
        "watch": watched,
    }


def _look(parts: Parts, who: Principal, release: Release) -> dict[str, Any]:
    """As the watch would, which has not come to it yet; nothing is kept and nothing done."""
    now_ns = parts.now_ns()
    rule, canary = rule_of(release.now.rule), release.canary
    sessions = canary_sessions(
        parts.events,
        scope_of(parts, who),
        canary,
        workflow=release.workflow,
        environment=release.environment,
        until_ns=now_ns,
    )
    return watch_json(rule, canary, watch(rule, canary, sessions, now_ns=now_ns))


def _row(
    release: Release, check: Check | None, digests: dict[tuple[str, int], str]
) -> dict[str, Any]:
    now, workflow_id = release.now, release.began.workflow_id
    stable, candidate = now.stable_version, release.canary.candidate
    return {
        "release_id": release.release_id,
        "workflow": release.workflow,
        "environment": release.environment,
        "stable": {"version": stable, "digest": digests.get((workflow_id, stable), "")},
        "candidate": {"version": candidate, "digest": digests.get((workflow_id, candidate), "")},
        "share": now.share_bp / 10_000,
        "sticky_by": now.sticky_by,
        "state": release.state,
        "auto": now.auto,
        "rule": now.rule,
        "started_at": to_rfc3339(release.began.at_ns),
        "ended_at": None if release.ended_ns is None else to_rfc3339(release.ended_ns),
        "verdict": _UNDECIDED if check is None else check.verdict,
    }
