"""
The moves of environments as rows: what is read of them and what is written, in the caller's
transaction.

The newest row of an environment says all of what runs there; the others are its history.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records.workflow_tables import (
    ENVIRONMENT_MOVES,
    RELEASE_CHECKS,
    WORKFLOW_VERSIONS,
    WORKFLOWS,
)
from quarterdeck.workflows.environment import Happened, Kind, State
from quarterdeck.workflows.manifest import StickyBy

_DONE = {
    "release": "released version {stable}",
    "canary": "gave version {candidate} {share:g} %",
    "share": "gave version {candidate} {share:g} %",
    "hold": "held version {candidate} at {share:g} %",
    "resume": "resumed version {candidate} at {share:g} %",
    "promote": "promoted version {stable}",
    "rollback": "rolled back to version {stable}",
}
UNDECIDED = "not_enough_data"
"""The verdict of a watch that can't say yet."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a state, by number."""

    stable: int
    candidate: int | None
    share_bp: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what somebody did, and what ran from then on."""

    workflow_id: str
    workflow: str
    environment: str
    revision: int
    """From 1, without a gap."""
    kind: Kind
    before: Ran | None
    """None: it was the environment's first."""
    stable_version: int
    candidate_version: int | None
    share_bp: int
    sticky_by: StickyBy
    release_id: str
    """Of the canary that it began, changed or ended; "" for none."""
    auto: bool
    rule: dict[str, Any]
    memory: dict[str, Any]
    """What was taken back with it, as `environment_memory.planned` tells; {} for nothing."""
    evidence: dict[str, Any]
    """What the watch had found; {} where it had found nothing."""
    reason: str
    at_ns: int
    by: str

    @property
    def state(self) -> State:
        with_candidate = self.candidate_version is not None
        return State(
            stable=self.stable_version,
            candidate=self.candidate_version,
            share_bp=self.share_bp,
            sticky_by=self.sticky_by,
            release_id=self.release_id if with_candidate else "",
            auto=self.auto,
            rule=self.rule,
            held=self.kind == "hold",
        )

    @property
    def without_evidence(self) -> bool:
        """Whether a candidate was promoted before there was a verdict on it."""
        return self.kind == "promote" and self.evidence.get("verdict", UNDECIDED) == UNDECIDED


class EnvironmentState(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment runs."""

    workflow_id: str
    workflow: str
    environment: str
    revision: int
    state: State
    digests: dict[int, str]
    """Of the versions that run."""
    newest: Move
    """What made it so: since when, by whom and why."""


_BEFORE = ENVIRONMENT_MOVES.alias("before")


def moves(project_id: str) -> Select[Any]:
    """The rows that `move_of` reads, each with what ran before it."""
    here = ENVIRONMENT_MOVES.c
    return (
        select(
            ENVIRONMENT_MOVES,
            WORKFLOWS.c.name.label("workflow"),
            _BEFORE.c.stable_version.label("before_stable"),
            _BEFORE.c.candidate_version.label("before_candidate"),
            _BEFORE.c.share_bp.label("before_share_bp"),
        )
        .join(WORKFLOWS, _same(here, WORKFLOWS.c, "project_id", "workflow_id"))
        .outerjoin(
            _BEFORE,
            and_(
                _same(here, _BEFORE.c, "project_id", "workflow_id", "environment"),
                _BEFORE.c.revision == here.revision - 1,
            ),
        )
        .where(here.project_id == project_id)
    )


def newest(project_id: str) -> Select[Any]:
    """As `moves`, of each environment the newest alone."""
    here = ENVIRONMENT_MOVES.c
    other = ENVIRONMENT_MOVES.alias("other").c
    last = (
        select(func.max(other.revision))
        .where(_same(here, other, "project_id", "workflow_id", "environment"))
        .scalar_subquery()
    )
    return moves(project_id).where(here.revision == last)


def of_environment(query: Select[Any], workflow_id: str, environment: str) -> Select[Any]:
    return query.where(
        ENVIRONMENT_MOVES.c.workflow_id == workflow_id,
        ENVIRONMENT_MOVES.c.environment == environment,
    )


def newest_of(
    connection: Connection, project_id: str, *, workflow_id: str, environment: str
) -> Move | None:
    query = of_environment(moves(project_id), workflow_id, environment)
    row = (
        connection.execute(query.order_by(ENVIRONMENT_MOVES.c.revision.desc()).limit(1))
        .mappings()
        .one_or_none()
    )
    return None if row is None else move_of(row)


def history_of(
    connection: Connection, project_id: str, *, workflow_id: str, environment: str
) -> list[Happened]:
    """All of it, oldest first."""
    rows = connection.execute(
        select(ENVIRONMENT_MOVES.c.kind, ENVIRONMENT_MOVES.c.stable_version)
        .where(
            ENVIRONMENT_MOVES.c.project_id == project_id,
            ENVIRONMENT_MOVES.c.workflow_id == workflow_id,
            ENVIRONMENT_MOVES.c.environment == environment,
        )
        .order_by(ENVIRONMENT_MOVES.c.revision)
    )
    return [Happened(kind=kind, stable=stable) for kind, stable in rows]


def write(connection: Connection, project_id: str, move: Move) -> None:
    """Raises `IntegrityError` where the revision is taken."""
    told = {
        name: getattr(move, name)
        for name in Move.__struct_fields__
        if name not in ("workflow", "before")
    }
    connection.execute(insert(ENVIRONMENT_MOVES).values(project_id=project_id, **told))


def move_of(row: RowMapping) -> Move:
    told = {name: row[name] for name in Move.__struct_fields__ if name != "before"}
    before = None
    if row["before_stable"] is not None:
        before = Ran(
            stable=row["before_stable"],
            candidate=row["before_candidate"],
            share_bp=row["before_share_bp"],
        )
    return msgspec.convert({**told, "before": before}, Move)


def environment_of(move: Move, digests: dict[int, str]) -> EnvironmentState:
    return EnvironmentState(
        workflow_id=move.workflow_id,
        workflow=move.workflow,
        environment=move.environment,
        revision=move.revision,
        state=move.state,
        digests={
            version: digests[version]
            for version in (move.stable_version, move.candidate_version)
            if version is not None and version in digests
        },
        newest=move,
    )


def digests_of(
    connection: Connection, project_id: str, *, workflow_id: str, versions: Iterable[int | None]
) -> dict[int, str]:
    """By version; those that are not there are left out."""
    columns = WORKFLOW_VERSIONS.c
    rows = connection.execute(
        select(columns.version, columns.digest).where(
            columns.project_id == project_id,
            columns.workflow_id == workflow_id,
            columns.version.in_([version for version in versions if version is not None]),
        )
    )
    return {row.version: row.digest for row in rows}


def with_digests(connection: Connection, project_id: str, move: Move) -> EnvironmentState:
    """What the newest move of an environment made of it."""
    digests = digests_of(
        connection,
        project_id,
        workflow_id=move.workflow_id,
        versions=(move.stable_version, move.candidate_version),
    )
    return environment_of(move, digests)


def told_of(move: Move) -> str:
    """Who did what, when and why, in words."""
    done = _DONE[move.kind].format(
        stable=move.stable_version, candidate=move.candidate_version, share=move.share_bp / 100
    )
    at = to_rfc3339(move.at_ns // 1_000_000_000 * 1_000_000_000)
    return f"{move.by} {done} at {at}, revision {move.revision} ({move.reason[:200]!r})"


def evidence_of(connection: Connection, project_id: str, release_id: str) -> dict[str, Any]:
    """What the watch of a release found last; {} for nothing."""
    if not release_id:
        return {}
    columns = RELEASE_CHECKS.c
    row = connection.execute(
        select(columns.verdict, columns.evidence, columns.at_ns)
        .where(columns.project_id == project_id, columns.release_id == release_id)
        .order_by(columns.at_ns.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return {}
    # The curve is the release's, and 20 kB.
    found = {name: value for name, value in row.evidence.items() if name != "curve"}
    return {**found, "verdict": row.verdict, "checked_ns": str(row.at_ns)}


def _same(
    one: ReadOnlyColumnCollection[str, Any],
    other: ReadOnlyColumnCollection[str, Any],
    *names: str,
) -> Any:
    return and_(*(one[name] == other[name] for name in names))
