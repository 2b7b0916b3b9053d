"""
Environments: what runs where, and the moves that made it so.

What runs is the newest move and nothing else.  A release, a rollback, any change is one inserted
row, so a crash at any point leaves the old state or the new one; what belongs to it (the revert of
memory, the audit row) is in the same transaction.  The revision is unique: of two moves at once one
counts, and the other is told which.

Refused: a move on anything but the state that its caller saw, and one that changes nothing
(`workflows/environment.py` has the rules).
"""

import re
import uuid
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.storage.records import audit, environment_memory, environment_rows, workflow_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.environment_rows import EnvironmentState, Move, Ran
from quarterdeck.storage.records.storable import actor_of, json_of, text_of, time_of
from quarterdeck.storage.records.workflow_tables import ENVIRONMENT_MOVES
from quarterdeck.workflows.environment import (
    INPUT_FAULTS,
    Asked,
    Refusal,
    State,
    next_state,
)

__all__ = (
    "EnvironmentState",
    "Move",
    "Moved",
    "Plan",
    "Ran",
    "list_environments",
    "list_moves",
    "move",
    "plan_move",
    "state_of",
)

WATCH = "watch"
"""The actor of what the watch of releases does by itself."""

_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REASON_LENGTH = 2_000


class Plan(NamedTuple):
    """What a move does."""

    workflow_id: str
    before: EnvironmentState | None
    """None: it is the environment's first."""
    after: State
    digests: dict[int, str]
    """Of the versions before and after."""
    memory: dict[str, Any] | None
    """What becomes of memory with a rollback, in counts; None for every other move."""


class Moved(NamedTuple):
    move: Move
    environment: EnvironmentState
    plan: Plan


def is_environment(name: str) -> bool:
    return _ENVIRONMENT.fullmatch(name) is not None


# ------------------------------------------------------------------------------ reading


def state_of(
    records: Records, *, project_id: str, name: str, environment: str
) -> EnvironmentState | None:
    """What the workflow runs there; None where nothing was ever released.  Raises `NotFound` if
    there is no such workflow."""
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        newest = _newest(connection, workflow, environment)
        if newest is None:
            return None
        return environment_rows.with_digests(connection, project_id, newest)


def list_environments(
    records: Records, *, project_id: str, name: str = ""
) -> list[EnvironmentState]:
    """By workflow and environment; all of the project without a name.  Raises `NotFound` if no
    workflow has the name."""
    with records.reading() as connection:
        query = environment_rows.newest(project_id)
        if name:
            workflow = workflow_rows.must_find(connection, project_id, name)
            query = query.where(ENVIRONMENT_MOVES.c.workflow_id == workflow["workflow_id"])
        moves = [environment_rows.move_of(row) for row in connection.execute(query).mappings()]
        return [
            environment_rows.with_digests(connection, project_id, one)
            for one in sorted(moves, key=lambda move: (move.workflow, move.environment))
        ]


def list_moves(
    records: Records,
    *,
    project_id: str,
    name: str,
    environment: str,
    limit: int = 100,
    before_revision: int | None = None,
) -> list[Move]:
    """Newest first, those before `before_revision` (exclusive).  Raises `NotFound` if there is no
    such workflow."""
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        query = environment_rows.of_environment(
            environment_rows.moves(project_id), workflow["workflow_id"], environment
        )
        if before_revision is not None:
            query = query.where(ENVIRONMENT_MOVES.c.revision < before_revision)
        query = query.order_by(ENVIRONMENT_MOVES.c.revision.desc()).limit(limit)
        return [environment_rows.move_of(row) for row in connection.execute(query).mappings()]


# ------------------------------------------------------------------------------- moving


def plan_move(
    records: Records,
    *,
    project_id: str,
    name: str,
    environment: str,
    asked: Asked,
    expected_revision: int | None = None,
    memory: str = "",
) -> Plan:
    """What `move` would do now.  Raises as it does."""
    _check_words(environment, asked, memory)
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        newest = _newest(connection, workflow, environment)
        _check_revision(newest, expected_revision, environment)
        plan = _plan(connection, workflow, newest, environment, asked)
        choice = _memory_choice(connection, workflow, environment, plan, memory, kind=asked.kind)
        if choice is None:
            return plan
        return plan._replace(memory=environment_memory.planned(connection, project_id, choice))


def move(
    records: Records,
    *,
    project_id: str,
    name: str,
    environment: str,
    asked: Asked,
    reason: str,
    by: str,
    now_ns: int,
    expected_revision: int | None = None,
    memory: str = "",
    evidence: dict[str, Any] | None = None,
) -> Moved:
    """
    One move.  `expected_revision` is that of the state that the caller saw, 0 for none; None means
    the one that is there when the call begins.  A canary without a `release_id` is given one.

    `memory`, of rollbacks, is as `environment_memory.choose` has it.  `evidence` None is what the
    watch found last.

    Raises `NotFound` for the workflow, the version or the checkpoint, `Invalid` for what no state
    would allow, `Conflict` for what this one does not, code `changed_meanwhile` where another move
    was first.
    """
    _check_words(environment, asked, memory)
    if not reason.strip() or len(reason) > _REASON_LENGTH:
        raise Invalid(
            "a move needs a reason", hint=f"Say why, in at most {_REASON_LENGTH} characters."
        )
    if asked.kind == "canary" and not asked.release_id:
        asked = msgspec.structs.replace(asked, release_id=f"rel_{uuid.uuid4().hex}")
    seen = expected_revision
    if seen is None:
        seen = _revision_now(records, project_id, name, environment)
    try:
        with records.writing() as connection:
            workflow = workflow_rows.must_lock(connection, project_id, name)
            newest = _newest(connection, workflow, environment)
            _check_revision(newest, seen, environment)
            plan = _plan(connection, workflow, newest, environment, asked)
            choice = _memory_choice(
                connection, workflow, environment, plan, memory, kind=asked.kind
            )
            if choice is not None:
                told = environment_memory.revert(
                    connection, project_id, choice, reason=reason, by=by, now_ns=now_ns
                )
                plan = plan._replace(memory=told)
            made = _made(
                connection, workflow, plan, environment, asked,
                evidence=evidence, reason=reason, by=by, now_ns=now_ns,
            )  # fmt: skip
            environment_rows.write(connection, project_id, made)
            _audit(connection, project_id, made)
    except IntegrityError as error:
        # The lock lets nobody by; the unique revision stands behind it all the same.
        newest = _look_again(records, project_id, name, environment)
        if newest is None or newest.revision == seen:
            raise
        raise _too_late(newest) from error
    records.moved = object()
    return Moved(made, environment_rows.environment_of(made, plan.digests), plan)


def _check_words(environment: str, asked: Asked, memory: str) -> None:
    if not is_environment(environment):
        raise Invalid(
            f"not an environment: {environment[:80]!r}",
            hint="Use 1 to 100 letters, digits and `_.-`, beginning with a letter or a digit.",
        )
    if memory and asked.kind != "rollback":
        raise Invalid(f"a {asked.kind} leaves memory as it is", hint="A rollback can restore it.")


def _check_revision(newest: Move | None, expected: int | None, environment: str) -> None:
    now = 0 if newest is None else newest.revision
    if expected is None or expected == now:
        return
    if newest is None or expected > now:
        raise Invalid(
            f"there is no revision {expected} of {environment!r}",
            hint=f"The newest is {now}." if now else "Nothing was released there yet: 0.",
        )
    raise _too_late(newest)


def _too_late(newest: Move) -> Conflict:
    return Conflict(
        f"{newest.environment!r} has moved on: {environment_rows.told_of(newest)}",
        hint="Look at what runs there now; what was asked for has not been done.",
        code="changed_meanwhile",
    )


def _plan(
    connection: Connection,
    workflow: Any,
    newest: Move | None,
    environment: str,
    asked: Asked,
) -> Plan:
    project_id, workflow_id = workflow["project_id"], workflow["workflow_id"]
    history = environment_rows.history_of(
        connection, project_id, workflow_id=workflow_id, environment=environment
    )
    after = next_state(newest.state if newest is not None else None, asked, history)
    if isinstance(after, Refusal):
        kind = Invalid if after.name in INPUT_FAULTS else Conflict
        raise kind(f"{environment}: {after.message}", hint=after.hint)
    before = (newest.stable_version, newest.candidate_version) if newest is not None else ()
    wanted = {after.stable, after.candidate, *before} - {None}
    digests = environment_rows.digests_of(
        connection, project_id, workflow_id=workflow_id, versions=wanted
    )
    for version in (after.stable, after.candidate):
        if version is not None and version not in digests:
            raise NotFound(
                f"workflow {workflow['name']!r} has no version {version}",
                hint=f"The newest is {workflow['numbered']}.",
            )
    return Plan(
        workflow_id=workflow_id,
        before=None if newest is None else environment_rows.environment_of(newest, digests),
        after=after,
        digests=digests,
        memory=None,
    )


def _memory_choice(
    connection: Connection, workflow: Any, environment: str, plan: Plan, memory: str, *, kind: str
) -> environment_memory.Choice | None:
    """None for what is no rollback."""
    if kind != "rollback" or plan.before is None:
        return None
    before = plan.before.state
    return environment_memory.choose(
        connection,
        workflow["project_id"],
        workflow=workflow["name"],
        workflow_id=plan.workflow_id,
        environment=environment,
        restored=plan.after.stable,
        gone=before.stable if before.candidate is None else before.candidate,
        of_canary=before.candidate is not None,
        memory=memory,
    )


def _made(
    connection: Connection,
    workflow: Any,
    plan: Plan,
    environment: str,
    asked: Asked,
    *,
    evidence: dict[str, Any] | None,
    reason: str,
    by: str,
    now_ns: int,
) -> Move:
    before, after = plan.before, plan.after
    release_id = after.release_id
    if before is not None and asked.kind in ("promote", "rollback"):
        release_id = before.state.release_id  # which they end
    if evidence is None:
        evidence = environment_rows.evidence_of(connection, workflow["project_id"], release_id)
    ran = None
    if before is not None:
        ran = Ran(
            stable=before.state.stable,
            candidate=before.state.candidate,
            share_bp=before.state.share_bp,
        )
    return Move(
        workflow_id=plan.workflow_id,
        workflow=workflow["name"],
        environment=environment,
        revision=1 if before is None else before.revision + 1,
        kind=asked.kind,
        before=ran,
        stable_version=after.stable,
        candidate_version=after.candidate,
        share_bp=after.share_bp,
        sticky_by=after.sticky_by,
        release_id=release_id,
        auto=after.auto,
        rule=json_of(after.rule),
        memory=plan.memory if plan.memory is not None and plan.memory["revert_id"] else {},
        evidence=json_of(evidence),
        reason=text_of(reason.strip()),
        at_ns=time_of(now_ns),
        by=actor_of(by),
    )


def _audit(connection: Connection, project_id: str, made: Move) -> None:
    details: dict[str, Any] = {
        "workflow": made.workflow,
        "environment": made.environment,
        "revision": made.revision,
        "stable": made.stable_version,
        "candidate": made.candidate_version,
        "share": made.share_bp / 10_000,
        "reason": made.reason,
    }
    if made.without_evidence:
        details["without_evidence"] = True
    if made.memory:
        details["memory"] = made.memory
    audit.add_audit(
        connection,
        project_id=project_id,
        actor=made.by,
        action=f"workflow.{made.kind}",
        target=f"{made.workflow}/{made.environment}",
        now_ns=made.at_ns,
        details=details,
    )


# --------------------------------------------------------------------------------- rows


def _newest(connection: Connection, workflow: Any, environment: str) -> Move | None:
    return environment_rows.newest_of(
        connection,
        workflow["project_id"],
        workflow_id=workflow["workflow_id"],
        environment=environment,
    )


def _look_again(records: Records, project_id: str, name: str, environment: str) -> Move | None:
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        return _newest(connection, workflow, environment)


def _revision_now(records: Records, project_id: str, name: str, environment: str) -> int:
    newest = _look_again(records, project_id, name, environment)
    return 0 if newest is None else newest.revision
