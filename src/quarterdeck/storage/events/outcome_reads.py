"""
How the sessions of a workflow's versions ended: one by one for a canary, and when each version ran.

Experiments are left out, as of all figures of real work.  Sums by version are those of
`figures_reads`, by the dimension `version`.
"""

from decimal import Decimal
from typing import NamedTuple

from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import (
    SessionFilter,
    filter_params,
    filtered_question,
)
from quarterdeck.workflows.canary_decision import Canary
from quarterdeck.workflows.canary_metrics import CanarySession

MAX_SESSIONS = 100_000
"""Of one canary, the first: 15 MB, and two seconds to compare.  After so many nothing is open."""
_MAX_VERSIONS = 1_000


class CanarySessionsRow(NamedTuple):
    session_id: str
    version: str
    settled_ns: int
    """When it ended; last heard of, where it is only known how it will have ended."""
    user_id: str
    task_type: str
    outcome: str
    interventions: int
    cost_usd: Decimal | None
    episodes: int
    recovered: int
    quality: float | None


class VersionsSeenRow(NamedTuple):
    version: str
    environments: list[str]
    first_ns: int
    last_ns: int


def canary_sessions(
    db: EventConnection,
    scope: ProjectScope,
    canary: Canary,
    *,
    workflow: str,
    environment: str,
    until_ns: int,
) -> list[CanarySession]:
    """
    Of both versions in this environment, of those that began while the canary ran and before
    `until_ns` the ones that are over or whose outcome is known; in the order in which they ended.
    """
    candidate = str(canary.candidate)
    where = SessionFilter(
        workflow=(workflow,),
        environment=(environment,),
        version=(str(canary.stable), candidate),
        since_ns=canary.since_ns,
        until_ns=until_ns,
        experiment=False,
    )
    params = {**filter_params(scope, where), "limit": MAX_SESSIONS}
    rows = db.rows(filtered_question("canary_sessions", where), params)
    return [_session(CanarySessionsRow(*row), candidate) for row in rows]


def _session(row: CanarySessionsRow, candidate: str) -> CanarySession:
    return CanarySession(
        session_id=row.session_id,
        candidate=row.version == candidate,
        ended_ns=row.settled_ns,
        user=row.user_id,
        task=row.task_type,
        outcome=row.outcome,
        interventions=row.interventions,
        cost_usd=row.cost_usd,
        episodes=row.episodes,
        recovered=row.recovered,
        quality=row.quality,
    )


def versions_seen(
    db: EventConnection, scope: ProjectScope, where: SessionFilter
) -> list[VersionsSeenRow]:
    """Last seen first; sessions without a version have "" for it."""
    params = {**filter_params(scope, where), "limit": _MAX_VERSIONS}
    rows = db.rows(filtered_question("versions_seen", where), params)
    return [VersionsSeenRow(*row) for row in rows]
