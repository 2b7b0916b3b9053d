"""
Releases that began with a share: where each stands, and what the watch found of it.

A release is its moves: there is no row that says how it stands and could say otherwise.  Of what
the watch found, the last of each run of equal verdicts is kept: a canary of a week is looked at
forty thousand times.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select

from quarterdeck.errors import NotFound
from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.records import environment_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.environment_rows import Move
from quarterdeck.storage.records.storable import id_of, is_id, json_of, time_of
from quarterdeck.storage.records.workflow_tables import (
    ENVIRONMENT_MOVES,
    RELEASE_CHECKS,
    WORKFLOWS,
)
from quarterdeck.workflows.canary_decision import Canary

ReleaseState = Literal["running", "held", "promoted", "rolled_back", "superseded"]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One canary from its beginning."""

    release_id: str
    workflow: str
    environment: str
    state: ReleaseState
    """`superseded`: another version was released to all while it ran."""
    moves: list[Move]
    """Those that began, changed or ended it, oldest first; never empty."""
    ended_ns: int | None

    @property
    def began(self) -> Move:
        return self.moves[0]

    @property
    def now(self) -> Move:
        """The last move while it ran: its share and its rule."""
        return next(move for move in reversed(self.moves) if move.candidate_version is not None)

    @property
    def canary(self) -> Canary:
        return Canary(
            stable=self.now.stable_version,
            candidate=self.now.candidate_version or 0,
            sticky_by=self.now.sticky_by,
            auto=self.now.auto,
            since_ns=self.began.at_ns,
        )


class Check(NamedTuple):
    at_ns: int
    verdict: str
    evidence: dict[str, Any]


class WithCanary(NamedTuple):
    """An environment in which a candidate has a share."""

    project_id: ProjectId
    release_id: str


# ----------------------------------------------------------------------------- releases


def with_canaries(records: Records) -> list[WithCanary]:
    """Of all projects, held ones too: the watch's question."""
    here = ENVIRONMENT_MOVES.c
    other = ENVIRONMENT_MOVES.alias("other").c
    last = (
        select(func.max(other.revision))
        .where(
            other.project_id == here.project_id,
            other.workflow_id == here.workflow_id,
            other.environment == here.environment,
        )
        .scalar_subquery()
    )
    query = (
        select(here.project_id, here.release_id)
        .where(here.candidate_version.is_not(None), here.revision == last)
        .order_by(here.project_id, here.release_id)
    )
    with records.reading() as connection:
        return [WithCanary(ProjectId(row[0]), row[1]) for row in connection.execute(query)]


def find_release(records: Records, *, project_id: str, release_id: str) -> Release:
    """Raises `NotFound`."""
    with records.reading() as connection:
        found = _releases(connection, project_id, [release_id])
    if not found:
        raise NotFound(f"no release {release_id[:80]!r} in this project")
    return found[0]


def list_releases(
    records: Records,
    *,
    project_id: str,
    workflow: str = "",
    environment: str = "",
    limit: int = 100,
) -> list[Release]:
    """Last begun first; "" is any."""
    here = ENVIRONMENT_MOVES.c
    query = select(here.release_id).where(here.project_id == project_id, here.kind == "canary")
    if workflow:
        named = and_(WORKFLOWS.c.project_id == project_id, WORKFLOWS.c.name == workflow)
        query = query.where(here.workflow_id.in_(select(WORKFLOWS.c.workflow_id).where(named)))
    if environment:
        query = query.where(here.environment == environment)
    query = query.order_by(here.at_ns.desc(), here.release_id).limit(limit)
    with records.reading() as connection:
        ids = [row[0] for row in connection.execute(query)]
        return _releases(connection, project_id, ids)


def _releases(connection: Connection, project_id: str, release_ids: Sequence[str]) -> list[Release]:
    """In the order of the ids; those that don't exist are left out."""
    ids = [one for one in release_ids if is_id(one)]
    if not ids:
        return []
    query = (
        environment_rows.moves(project_id)
        .where(ENVIRONMENT_MOVES.c.release_id.in_(ids))
        .order_by(ENVIRONMENT_MOVES.c.revision)
    )
    by_id: dict[str, list[Move]] = {}
    for row in connection.execute(query).mappings():
        move = environment_rows.move_of(row)
        by_id.setdefault(move.release_id, []).append(move)
    found = [by_id[one] for one in dict.fromkeys(ids) if one in by_id]
    later = _moves_after(connection, project_id, [moves[-1] for moves in found])
    return [_release(moves, after) for moves, after in zip(found, later, strict=True)]


def _moves_after(
    connection: Connection, project_id: str, moves: Iterable[Move]
) -> list[int | None]:
    """When the next move of each one's environment was made."""
    here = ENVIRONMENT_MOVES.c
    found = []
    for move in moves:
        query = select(here.at_ns).where(
            here.project_id == project_id,
            here.workflow_id == move.workflow_id,
            here.environment == move.environment,
            here.revision == move.revision + 1,
        )
        found.append(connection.execute(query).scalar())
    return found


def _release(moves: list[Move], next_ns: int | None) -> Release:
    last = moves[-1]
    state: ReleaseState
    ended_ns: int | None = last.at_ns
    match last.kind:
        case "promote":
            state = "promoted"
        case "rollback":
            state = "rolled_back"
        case _ if next_ns is not None:
            state, ended_ns = "superseded", next_ns
        case "hold":
            state, ended_ns = "held", None
        case _:
            state, ended_ns = "running", None
    return Release(
        release_id=last.release_id,
        workflow=last.workflow,
        environment=last.environment,
        state=state,
        moves=moves,
        ended_ns=ended_ns,
    )


# ------------------------------------------------------------------------------- checks


def add_check(
    records: Records,
    *,
    project_id: str,
    workflow_id: str,
    release_id: str,
    verdict: str,
    evidence: dict[str, Any],
    at_ns: int,
) -> None:
    """In place of the last one if that had the same verdict; of two at one instant one counts."""
    key = {"project_id": project_id, "release_id": id_of("release", release_id)}
    columns = RELEASE_CHECKS.c
    mine = and_(columns.project_id == project_id, columns.release_id == release_id)
    with records.writing() as connection:
        last = connection.execute(
            select(columns.at_ns, columns.verdict)
            .where(mine)
            .order_by(columns.at_ns.desc())
            .limit(1)
        ).one_or_none()
        if last is not None and last.at_ns > at_ns:
            return  # another replica looked later
        if last is not None and (last.verdict == verdict or last.at_ns == at_ns):
            connection.execute(delete(RELEASE_CHECKS).where(mine, columns.at_ns == last.at_ns))
        connection.execute(
            insert(RELEASE_CHECKS).values(
                **key,
                at_ns=time_of(at_ns),
                workflow_id=workflow_id,
                verdict=verdict,
                evidence=json_of(evidence),
            )
        )


def newest_checks(
    records: Records, *, project_id: str, release_ids: Sequence[str]
) -> dict[str, Check]:
    """Of each release what was found last; those that nobody looked at are left out."""
    columns = RELEASE_CHECKS.c
    other = RELEASE_CHECKS.alias("other").c
    last = (
        select(func.max(other.at_ns))
        .where(other.project_id == columns.project_id, other.release_id == columns.release_id)
        .scalar_subquery()
    )
    query = select(columns.release_id, columns.at_ns, columns.verdict, columns.evidence).where(
        columns.project_id == project_id,
        columns.release_id.in_(release_ids),
        columns.at_ns == last,
    )
    with records.reading() as connection:
        return {row[0]: Check(row[1], row[2], row[3]) for row in connection.execute(query)}


def digests_of(
    records: Records, *, project_id: str, releases: Sequence[Release]
) -> dict[tuple[str, int], str]:
    """Of the versions of these releases, by workflow id and number."""
    wanted: dict[str, set[int | None]] = {}
    for release in releases:
        versions = {release.canary.stable, release.canary.candidate}
        wanted.setdefault(release.began.workflow_id, set()).update(versions)
    with records.reading() as connection:
        return {
            (workflow_id, version): digest
            for workflow_id, versions in wanted.items()
            for version, digest in environment_rows.digests_of(
                connection, project_id, workflow_id=workflow_id, versions=versions
            ).items()
        }
