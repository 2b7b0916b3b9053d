"""
Checkpoints of memory, and taking back what was learned: look first, then act, and undo.
"""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from quarterdeck.api.access import READ, READ_OR_RUN, WRITE, Principal, allow, guarded_router
from quarterdeck.api.answers.memory import (
    MemoryCheckpoint,
    MemoryCheckpoints,
    MemoryPlan,
    MemoryRevert,
    MemoryReverts,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Label, Long, Short
from quarterdeck.api.memory import Cursor, Limit, Name, Part, SessionText, Version, Word
from quarterdeck.api.memory_answers import (
    address_shown,
    checkpoint_shown,
    in_short,
    outcomes_of,
    provenance_shown,
    revert_shown,
)
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.api.segments import Segment
from quarterdeck.memories.selection import Selection
from quarterdeck.model.ids import public_id
from quarterdeck.model.instants import from_rfc3339, to_rfc3339
from quarterdeck.storage.records import memory_checkpoints, memory_reverts
from quarterdeck.storage.records.memory_reverts import Change, Plan
from quarterdeck.storage.records.memory_rows import address_of, provenance_of

router = guarded_router("memory")

_TAINTED = (
    "These readers wrote {count} entries themselves after they read what goes, and those stay: "
    "look at them, and revert them by their session where they rest on it."
)


class CheckpointForm(Form):
    name: Short = Field(default="", description="Empty: it is called by its id.")
    description: Long = ""


class SelectionForm(Form):
    """All that is said must hold of a write."""

    session_id: SessionText = ""
    workflow: Name = ""
    version: Version | None = None
    user: Word = ""
    since: Short = Field(default="", description="RFC 3339; written at or after.")
    until: Short = Field(default="", description="RFC 3339; written before.")
    checkpoint: Short = Field(
        default="",
        description="Id or name. Alone: back to it; with who or when beside it: what was written "
        "after it.",
    )
    environment: Part | None = Field(default=None, description="null: all.")
    namespace: Part = ""

    def selection(self) -> Selection:
        """Raises `Invalid` for an instant that is none."""
        return Selection(
            session_id=public_id(self.session_id) if self.session_id else "",
            workflow=self.workflow,
            version=self.version,
            user=self.user,
            since_ns=from_rfc3339(self.since) if self.since else None,
            until_ns=from_rfc3339(self.until) if self.until else None,
            checkpoint=self.checkpoint,
            environment=self.environment,
            namespace=self.namespace,
        )


class PlanForm(Form):
    selection: SelectionForm
    limit: int = Field(default=memory_reverts.PAGE, ge=1, le=memory_reverts.PAGE)
    cursor: Annotated[str, StringConstraints(max_length=200)] = ""


class RevertForm(Form):
    selection: SelectionForm
    reason: Label
    plan_id: Short = Field(
        default="", description="Of the plan that was looked at: refused if memory has changed."
    )


# ------------------------------------------------------------------------------------- checkpoints


@router.get(
    "/memory/checkpoints",
    summary="Checkpoints of memory, newest first",
    responses={200: {"model": MemoryCheckpoints}},
)
@allow(READ_OR_RUN)
async def list_checkpoints(
    request: Request, parts: With, who: Who, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    offset = read_offset(cursor, "memory checkpoints", who.project_id)
    page = await asyncio.to_thread(
        memory_checkpoints.list_checkpoints,
        parts.records,
        project_id=who.project_id,
        limit=limit,
        offset=offset,
    )
    end = offset + len(page.items)
    return answer(
        request,
        {
            "checkpoints": [checkpoint_shown(one) for one in page.items],
            "total": page.total,
            "next_cursor": next_offset(
                "memory checkpoints", who.project_id, end if end < page.total else 0
            ),
        },
    )


@router.post(
    "/memory/checkpoints",
    summary="Keep memory as it is now under a name",
    status_code=201,
    responses={201: {"model": MemoryCheckpoint}},
)
@allow(WRITE)
async def make_checkpoint(
    request: Request, form: CheckpointForm, parts: With, who: Who
) -> Response:
    made = await asyncio.to_thread(_make_checkpoint, parts, who, form)
    return answer(request, made, status=201)


def _make_checkpoint(parts: Parts, who: Principal, form: CheckpointForm) -> dict[str, Any]:
    redactor = parts.redactor_of(who.project_id)
    checkpoint = memory_checkpoints.make_checkpoint(
        parts.records,
        project_id=who.project_id,
        name=redactor.redact_text(form.name),
        description=redactor.redact_text(form.description),
        by=who.actor,
        now_ns=parts.now_ns(),
    )
    note(parts, who, "memory.checkpoint", checkpoint.checkpoint_id, name=checkpoint.name)
    return checkpoint_shown(checkpoint)


# ----------------------------------------------------------------------------------------- reverts


@router.post(
    "/memory/reverts/plan",
    summary="What a revert would take back, what stays, and who has read it",
    responses={200: {"model": MemoryPlan}},
)
@allow(READ)
async def plan(request: Request, form: PlanForm, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_plan, parts, who, form))


def _plan(parts: Parts, who: Principal, form: PlanForm) -> dict[str, Any]:
    selection = form.selection.selection()
    belongs_to = f"{who.project_id}?{selection!r}"
    offset = read_offset(form.cursor, "memory plan", belongs_to)
    found = memory_reverts.plan_revert(
        parts.records,
        project_id=who.project_id,
        selection=selection,
        limit=form.limit,
        offset=offset,
    )
    end = offset + form.limit
    more = end < max(found.goes_total, found.stays_total)
    return plan_shown(parts, who, found) | {
        "next_cursor": next_offset("memory plan", belongs_to, end if more else 0)
    }


def plan_shown(parts: Parts, who: Principal, found: Plan) -> dict[str, Any]:
    """Without `next_cursor`.  Blocks: readers' outcomes are read."""
    outcomes = outcomes_of(parts, who, (reader.session_id for reader in found.readers))
    now_ns = parts.now_ns()
    return {
        "plan_id": found.plan_id,
        "writes": found.hidden,
        "shows": found.shown,
        "goes": [_going(change, now_ns=now_ns) for change in found.goes],
        "stays": [_staying(change) for change in found.stays],
        "readers": [
            {
                "session_id": reader.session_id,
                "reads": reader.reads,
                "first_at": to_rfc3339(reader.first_ns),
                "outcome": outcomes.get(reader.session_id, ""),
                "later_writes": reader.later_writes,
            }
            for reader in found.readers
        ],
        "totals": {
            "goes": found.goes_total,
            "stays": found.stays_total,
            "readers": found.readers_total,
            "tainted_writes": found.tainted,
        },
        "hint": _TAINTED.format(count=found.tainted) if found.tainted else "",
    }


def _going(change: Change, *, now_ns: int) -> dict[str, Any]:
    now = _there(change.now, now_ns=now_ns)
    after = _there(change.after, now_ns=now_ns)
    value_now = in_short(None if now is None else now["value"])
    value_after = in_short(None if after is None else after["value"])
    return {
        "address": _address(change),
        "becomes": _becomes(now, after),
        "writes": change.touched.hidden,
        "value_now": value_now.value,
        "value_after": value_after.value,
        "cut": value_now.cut or value_after.cut,
        "written_at": None if now is None else to_rfc3339(now["at_ns"]),
        "written_by": _written_by(now),
        "after_at": None if after is None else to_rfc3339(after["at_ns"]),
        "after_by": _written_by(after),
    }


def _becomes(
    now: RowMapping | None, after: RowMapping | None
) -> Literal["gone", "earlier", "back", "nothing"]:
    if now is None:
        return "nothing" if after is None else "back"
    return "gone" if after is None else "earlier"


def _there(row: RowMapping | None, *, now_ns: int) -> RowMapping | None:
    """The write, if a value is found by it."""
    if row is None or row["deleted"]:
        return None
    expires_ns = row["expires_ns"]
    return None if expires_ns is not None and expires_ns <= now_ns else row


def _staying(change: Change) -> dict[str, Any]:
    row = change.deciding
    return {
        "address": _address(change),
        "writes": change.touched.hidden,
        "because": {
            "seq": row["seq"],
            "session_id": row["session_id"],
            "workflow": row["workflow"],
            "version": row["version"],
            "by": row["by"],
            "at": to_rfc3339(row["at_ns"]),
            "deleted": row["deleted"],
        },
    }


def _address(change: Change) -> dict[str, Any]:
    return address_shown(address_of(change.deciding))


def _written_by(row: RowMapping | None) -> dict[str, Any] | None:
    return None if row is None else provenance_shown(provenance_of(row), row["by"])


@router.get(
    "/memory/reverts",
    summary="Reverts of memory, newest first",
    responses={200: {"model": MemoryReverts}},
)
@allow(READ)
async def list_reverts(
    request: Request,
    parts: With,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    cursor: Cursor = "",
) -> Response:
    offset = read_offset(cursor, "memory reverts", who.project_id)
    page = await asyncio.to_thread(
        memory_reverts.list_reverts,
        parts.records,
        project_id=who.project_id,
        limit=limit,
        offset=offset,
    )
    end = offset + len(page.items)
    return answer(
        request,
        {
            "reverts": [revert_shown(one) for one in page.items],
            "total": page.total,
            "next_cursor": next_offset(
                "memory reverts", who.project_id, end if end < page.total else 0
            ),
        },
    )


@router.post(
    "/memory/reverts",
    summary="Take back what a selection means; it can be undone",
    status_code=201,
    responses={201: {"model": MemoryRevert}},
)
@allow(WRITE)
async def revert(request: Request, form: RevertForm, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_revert, parts, who, form), status=201)


def _revert(parts: Parts, who: Principal, form: RevertForm) -> dict[str, Any]:
    made = memory_reverts.revert_memory(
        parts.records,
        project_id=who.project_id,
        selection=form.selection.selection(),
        reason=parts.redactor_of(who.project_id).redact_text(form.reason),
        by=who.actor,
        now_ns=parts.now_ns(),
        plan_id=form.plan_id,
    )
    note(parts, who, "memory.revert", made.revert_id, writes=made.hidden, reason=made.reason)
    return revert_shown(made)


@router.post(
    "/memory/reverts/{revert_id}/undo",
    summary="Take a revert back; what was written since stays",
    responses={200: {"model": MemoryRevert}},
)
@allow(WRITE)
async def undo(request: Request, revert_id: Segment, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_undo, parts, who, revert_id))


def _undo(parts: Parts, who: Principal, revert_id: str) -> dict[str, Any]:
    undone = memory_reverts.undo_revert(
        parts.records,
        project_id=who.project_id,
        revert_id=revert_id,
        by=who.actor,
        now_ns=parts.now_ns(),
    )
    note(parts, who, "memory.undo", revert_id)
    return revert_shown(undone)
