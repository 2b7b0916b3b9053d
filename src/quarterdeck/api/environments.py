"""
Environments: what runs where, and moving it: release, share, promote, hold, roll back.

A move is planned and made here; what it may be is in `workflows/environment.py`, and that it is one
step in `storage/records/environments.py`.  A version is read before anything points at it: one that
was tampered with is never released.
"""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from msgspec import UNSET
from pydantic import Field

from quarterdeck.api.access import READ, WRITE, Principal, allow, guarded_router
from quarterdeck.api.answers.environments import (
    EnvironmentList,
    EnvironmentMoved,
    EnvironmentShown,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Long, Short
from quarterdeck.api.pages import next_cursor, read_cursor
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.resolve import Resolver
from quarterdeck.api.segments import Segment
from quarterdeck.errors import Misconfigured, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import environments, workflows
from quarterdeck.storage.records.environments import EnvironmentState, Move, Plan
from quarterdeck.workflows.assign import WHOLE_BP
from quarterdeck.workflows.canary import rule_of
from quarterdeck.workflows.environment import Asked, Kind, State
from quarterdeck.workflows.manifest import Version
from quarterdeck.workflows.pins import not_moved

router = guarded_router("environments")

MOVES = 50
_SESSIONS = "Sessions in progress keep the version that they began with."


class MoveForm(Form):
    kind: Kind
    version: int | Short | None = Field(
        default=None, description="For release and canary: a number, a tag or a digest."
    )
    share: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="For canary and share: of the candidate, above 0 and below 1.",
    )
    sticky_by: Literal["session", "user", "task"] | None = None
    auto: bool | None = Field(
        default=None, description="Whether the watch may promote and roll back by the rule."
    )
    rule: dict[str, Any] | None = Field(
        default=None, description="When the watch decides; what is left out is as usual."
    )
    reason: Long = Field(default="", description="Needed, but in a dry run.")
    expected_revision: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Of what the caller saw; 0 where nothing ran. Any other now is a conflict.",
    )
    memory: Short = Field(
        default="",
        description="For rollback: `keep`, `pinned`, `written`, or a checkpoint's id or name.",
    )
    dry_run: bool = False


@router.get(
    "/workflows/{name}/environments",
    summary="What a workflow runs where",
    responses={200: {"model": EnvironmentList}},
)
@allow(READ)
async def list_some(request: Request, name: Segment, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(
        environments.list_environments, parts.records, project_id=who.project_id, name=name
    )
    return answer(request, {"environments": [_row(one) for one in found]})


@router.get(
    "/workflows/{name}/environments/{environment}",
    summary="One environment and its moves, newest first",
    responses={200: {"model": EnvironmentShown}},
)
@allow(READ)
async def show(
    request: Request,
    name: Segment,
    environment: Segment,
    parts: With,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=200)] = MOVES,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    belongs_to = f"{who.project_id}/{name}/{environment}"
    position = read_cursor(cursor, "moves", belongs_to, kinds=(int,))
    before = min(max(0, position[0]), 2**31 - 1) if position else None
    found = await asyncio.to_thread(
        _environment, parts, who, name, environment, limit=limit, before=before
    )
    if found is None:
        raise NotFound(
            f"nothing of workflow {name!r} was released to {environment!r}",
            hint="GET /api/v1/workflows/{name}/environments lists where it runs.",
        )
    return answer(request, found)


def _environment(
    parts: Parts,
    who: Principal,
    name: str,
    environment: str,
    *,
    limit: int = MOVES,
    before: int | None = None,
) -> dict[str, Any] | None:
    if not environments.is_environment(environment):
        return None
    here: dict[str, Any] = {
        "project_id": who.project_id, "name": name, "environment": environment,
    }  # fmt: skip
    found = environments.state_of(parts.records, **here)
    if found is None:
        return None
    moves = environments.list_moves(parts.records, **here, limit=limit, before_revision=before)
    belongs_to = f"{who.project_id}/{name}/{environment}"
    more = bool(moves) and moves[-1].revision > 1
    return {
        **_row(found),
        "moves": [move_shown(move) for move in moves],
        "next_cursor": next_cursor("moves", belongs_to, moves[-1].revision) if more else None,
    }


@router.post(
    "/workflows/{name}/environments/{environment}/moves",
    summary="Release, change or end a share, roll back; or, with `dry_run`, what that would do",
    responses={200: {"model": EnvironmentMoved}},
)
@allow(WRITE)
async def move(
    request: Request, name: Segment, environment: Segment, form: MoveForm, parts: With, who: Who
) -> Response:
    resolver: Resolver = request.app.state.resolver
    return answer(
        request, await asyncio.to_thread(_move, parts, who, resolver, name, environment, form)
    )


def _move(
    parts: Parts,
    who: Principal,
    resolver: Resolver,
    name: str,
    environment: str,
    form: MoveForm,
) -> dict[str, Any]:
    here: dict[str, Any] = {
        "project_id": who.project_id, "name": name, "environment": environment,
        "asked": _asked(parts, who, name, form), "memory": form.memory,
    }  # fmt: skip
    plan = environments.plan_move(parts.records, expected_revision=form.expected_revision, **here)
    left = _not_moved(parts, who, name, plan)
    for version in (plan.after.stable, plan.after.candidate):
        if version is not None:
            resolver.load(who.project_id, name, version)
    made = None
    if not form.dry_run:
        moved = environments.move(
            parts.records,
            expected_revision=0 if plan.before is None else plan.before.revision,
            reason=parts.redactor_of(who.project_id).redact_text(form.reason),
            by=who.actor,
            now_ns=parts.now_ns(),
            **here,
        )
        made, plan = moved.move, moved.plan
    return {
        "move": None if made is None else move_shown(made),
        "environment": _environment(parts, who, name, environment),
        "plan": {
            "from": None if plan.before is None else _runs(plan.before.state, plan.digests),
            "to": _runs(plan.after, plan.digests),
            "memory": plan.memory,
            "not_moved": left,
            "sessions": _SESSIONS,
        },
    }


def _asked(parts: Parts, who: Principal, name: str, form: MoveForm) -> Asked:
    """Raises `NotFound` for a version, `Invalid` for a rule that could never decide."""
    version = form.version
    if isinstance(version, str):
        version = workflows.find_version(
            parts.records,
            project_id=who.project_id,
            name=name,
            **workflows.version_called(version),
        ).version
    rule: Any = UNSET
    if form.rule is not None or form.kind == "canary":
        # Whole, so that another release of ours with other defaults leaves it as it was stated.
        rule = msgspec.to_builtins(rule_of(form.rule or {}))
    return Asked(
        kind=form.kind,
        version=version,
        share_bp=None if form.share is None else round(form.share * WHOLE_BP),
        sticky_by=form.sticky_by,
        auto=form.auto,
        rule=rule,
    )


def _not_moved(parts: Parts, who: Principal, name: str, plan: Plan) -> list[str]:
    """Of what the versions were taught elsewhere, what has to be moved by hand."""
    if plan.before is None:
        return []
    was, will = plan.before.state, plan.after
    gone = was.stable if was.candidate is None or will.stable != was.stable else was.candidate
    comes = will.stable if will.candidate is None else will.candidate
    if gone == comes:
        return []
    after = _version(parts, who, name, comes)
    try:
        before = _version(parts, who, name, gone)
    except Misconfigured as error:
        # It must be possible to get away from it.
        return [f"What version {gone} was taught elsewhere can't be told: {error.message}"]
    return not_moved(before, after)


def _version(parts: Parts, who: Principal, name: str, number: int) -> Version:
    """Raises `Misconfigured` for one that was tampered with."""
    return workflows.read_version(
        parts.records, project_id=who.project_id, name=name, version=number
    ).content


def _row(found: EnvironmentState) -> dict[str, Any]:
    state, newest = found.state, found.newest
    return {
        "workflow": found.workflow,
        "environment": found.environment,
        "revision": found.revision,
        **_runs(state, found.digests),
        "sticky_by": state.sticky_by,
        "release_id": state.release_id,
        "auto": state.auto,
        "held": state.held,
        "rule": state.rule,
        "since": to_rfc3339(newest.at_ns),
        "by": newest.by,
        "reason": newest.reason,
    }


def _runs(state: State, digests: dict[int, str]) -> dict[str, Any]:
    def version(number: int) -> dict[str, Any]:
        return {"version": number, "digest": digests[number]}

    return {
        "stable": version(state.stable),
        "candidate": None if state.candidate is None else version(state.candidate),
        "share": state.share_bp / WHOLE_BP,
    }


def move_shown(move: Move) -> dict[str, Any]:
    before = move.before
    return {
        "revision": move.revision,
        "kind": move.kind,
        "before": None
        if before is None
        else {
            "stable": before.stable,
            "candidate": before.candidate,
            "share": before.share_bp / WHOLE_BP,
        },
        "stable": move.stable_version,
        "candidate": move.candidate_version,
        "share": move.share_bp / WHOLE_BP,
        "sticky_by": move.sticky_by,
        "release_id": move.release_id,
        "auto": move.auto,
        "rule": move.rule,
        "reason": move.reason,
        "at": to_rfc3339(move.at_ns),
        "by": move.by,
        "evidence": move.evidence,
        "without_evidence": move.without_evidence,
        "memory": move.memory,
    }
