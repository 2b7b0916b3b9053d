"""
What becomes of memory when an environment is rolled back, in the transaction of the move.

What is taken back is what this workflow wrote in this environment, nobody else's: a rollback of
production leaves staging, and the other workflows that share a namespace, as they are.  It is a
revert like any other, listed with the others and undone like them.

Refused: guessing.  A rollback of a canary takes nothing back unless somebody says so, since what
is stable ran all along and its own memory is good.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.memories.selection import Selection
from quarterdeck.storage.records.memory_reverts import plan_in, revert_in
from quarterdeck.storage.records.memory_rows import checkpoint_in, take_seqs
from quarterdeck.storage.records.workflow_tables import WORKFLOW_VERSIONS


class Choice(NamedTuple):
    """What is taken back, and the words for it."""

    selection: Selection | None
    """None: nothing."""
    checkpoint: str
    """Its name; "" where it is not about one."""
    why: str
    """What was chosen and why, a sentence."""


def choose(
    connection: Connection,
    project_id: str,
    *,
    workflow: str,
    workflow_id: str,
    environment: str,
    restored: int,
    gone: int,
    of_canary: bool,
    memory: str,
) -> Choice:
    """
    `restored` and `gone` are versions.  `memory`: "" is the checkpoint that the restored version
    names, nothing for a canary; "keep" nothing; "pinned" that checkpoint, which has to be there;
    "written" all that the version that goes wrote; anything else a checkpoint's id or name.

    Raises `NotFound` for a checkpoint that was asked for, `Invalid` where none is pinned.
    """
    mine: dict[str, Any] = {"workflow": workflow, "environment": environment}
    match memory:
        case "keep":
            return Choice(None, "", "memory stays as it is")
        case "written":
            return Choice(
                Selection(version=gone, **mine),
                "",
                f"what version {gone} wrote in {environment} is hidden",
            )
        case "" if of_canary:
            return Choice(
                None,
                "",
                "memory stays as it is, also what the candidate wrote (`written` hides it)",
            )
        case "" | "pinned":
            pin = _pinned(connection, project_id, workflow_id, restored)
            if not pin and memory:
                raise Invalid(
                    f"version {restored} of {workflow!r} names no checkpoint of memory",
                    hint="Name one, or roll back with `keep`.",
                )
            if not pin:
                return Choice(None, "", f"version {restored} names no checkpoint: memory stays")
            try:
                found = checkpoint_in(connection, project_id, pin)
            except NotFound:
                if memory:
                    raise
                # What nobody asked for must not stand in the way of a rollback.
                return Choice(
                    None,
                    "",
                    f"version {restored} names the checkpoint {pin!r}, which is not there: memory "
                    "stays as it is",
                )
            why = f"version {restored} names the checkpoint {found.name!r}"
        case _:
            found = checkpoint_in(connection, project_id, memory)
            why = f"the checkpoint {found.name!r} was named"
    return Choice(
        Selection(checkpoint=found.checkpoint_id, **mine),
        found.name,
        f"{why}: what {workflow} wrote in {environment} since then is hidden",
    )


def planned(connection: Connection, project_id: str, choice: Choice) -> dict[str, Any]:
    """What `revert` would do now, in counts."""
    told: dict[str, Any] = {
        "checkpoint": choice.checkpoint, "why": choice.why, "revert_id": "", "writes": 0,
        "entries": 0, "stays": 0, "readers": 0,
    }  # fmt: skip
    if choice.selection is not None:
        plan = plan_in(connection, project_id=project_id, selection=choice.selection, limit=1)
        told |= {
            "writes": plan.hidden,
            "entries": plan.goes_total,
            "stays": plan.stays_total,
            "readers": plan.readers_total,
        }
    return told


def revert(
    connection: Connection,
    project_id: str,
    choice: Choice,
    *,
    reason: str,
    by: str,
    now_ns: int,
) -> dict[str, Any]:
    """As `planned`, and done; `revert_id` stays "" where there was nothing to take back."""
    # Locked first, so that what is told is what is done.
    take_seqs(connection, project_id, 0)
    told = planned(connection, project_id, choice)
    if choice.selection is not None:
        made = revert_in(
            connection,
            project_id=project_id,
            selection=choice.selection,
            reason=reason,
            by=by,
            now_ns=now_ns,
        )
        told["revert_id"] = "" if made is None else made.revert_id
    return told


def _pinned(connection: Connection, project_id: str, workflow_id: str, version: int) -> str:
    content = connection.execute(
        select(WORKFLOW_VERSIONS.c.content).where(
            WORKFLOW_VERSIONS.c.project_id == project_id,
            WORKFLOW_VERSIONS.c.workflow_id == workflow_id,
            WORKFLOW_VERSIONS.c.version == version,
        )
    ).scalar_one()
    return str(content["manifest"].get("memory_checkpoint", ""))
