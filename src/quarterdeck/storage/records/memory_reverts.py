"""
Taking back what was learned: plan, revert, undo.

A revert hides writes and deletes none.  What is found at a key afterwards is the newest write that
is not hidden, so what somebody else wrote later stays, and what was there before comes back.  To
undo it ends the hiding; the same rule holds then: later writes stay.

Inside somebody else's transaction (a rollback of an environment that takes memory along):

    revert_in(connection, project_id=…, selection=Selection(checkpoint=…), reason=…, by=…,
              now_ns=…, plan_id="") -> Revert | None

`connection` is that of `records.writing()`; None: there was nothing to take back, and nothing was
written.  The connection holds the lock on the project's memory from then on until it commits: lock
what else is needed before, and always in that order.
"""

import uuid
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    ScalarSelect,
    Select,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from quarterdeck.errors import Conflict, NotFound
from quarterdeck.memories.plan import Touched, digest_of, divide
from quarterdeck.memories.selection import Selection
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_choice import (
    Choice,
    ReaderRow,
    choose,
    readers_of_choice,
    tainted_total,
    touched_by,
)
from quarterdeck.storage.records.memory_rows import W, among, entries_of_seqs, take_seqs
from quarterdeck.storage.records.memory_tables import MEMORY_HIDES, MEMORY_REVERTS, MEMORY_WRITES
from quarterdeck.storage.records.storable import Page, actor_of, is_id, text_of, time_of

PAGE = 200
"""Entries of each list of a plan; its totals count all."""

H = MEMORY_HIDES.c


class Revert(msgspec.Struct, frozen=True, kw_only=True):
    revert_id: str
    seq: int
    selection: Selection
    hidden: int
    """Writes."""
    shown: int
    """Writes that were hidden and are seen again: only of a way back to a checkpoint."""
    reason: str
    by: str
    at_ns: int
    undone_ns: int | None
    """When it was taken back; None while it holds."""
    undone_by: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a plan: the write that decides now and the one that would, as rows."""

    touched: Touched
    now: RowMapping | None
    after: RowMapping | None

    @property
    def deciding(self) -> RowMapping:
        """The write that decides now, or afterwards where all are hidden now."""
        return next(row for row in (self.now, self.after) if row is not None)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    plan_id: str
    """Digest of what would happen; the revert that names it does exactly that or is refused."""
    hidden: int
    shown: int
    goes: list[Change]
    """Entries of which something else, or nothing, is found afterwards; newest first, one page."""
    goes_total: int
    stays: list[Change]
    """Entries that somebody wrote later; newest first, one page."""
    stays_total: int
    readers: list[ReaderRow]
    readers_total: int
    tainted: int
    """Writes of those readers after they first read, which stay."""


def plan_revert(
    records: Records,
    *,
    project_id: str,
    selection: Selection,
    limit: int = PAGE,
    offset: int = 0,
) -> Plan:
    """
    What a revert would do now; nothing is changed.  `offset` is where the lists go on.

    Raises `Invalid` for a selection that says too little, `NotFound` for its checkpoint.
    """
    with records.reading() as connection:
        return plan_in(
            connection, project_id=project_id, selection=selection, limit=limit, offset=offset
        )


def plan_in(
    connection: Connection,
    *,
    project_id: str,
    selection: Selection,
    limit: int = PAGE,
    offset: int = 0,
) -> Plan:
    """As `plan_revert`, inside a transaction."""
    choice = choose(connection, project_id, selection)
    touched = touched_by(connection, choice)
    goes, stays = divide(touched)
    readers = readers_of_choice(connection, choice, limit=limit)
    return Plan(
        plan_id=digest_of(touched),
        hidden=sum(one.hidden for one in touched),
        shown=sum(one.shown for one in touched),
        goes=_changes(connection, project_id, goes[offset : offset + limit]),
        goes_total=len(goes),
        stays=_changes(connection, project_id, stays[offset : offset + limit]),
        stays_total=len(stays),
        readers=readers.readers,
        readers_total=readers.total,
        tainted=tainted_total(connection, choice) if readers.total else 0,
    )


def _changes(connection: Connection, project_id: str, page: list[Touched]) -> list[Change]:
    seqs = [seq for one in page for seq in (one.now_seq, one.after_seq) if seq is not None]
    rows = entries_of_seqs(connection, project_id, seqs)
    return [
        Change(
            touched=one,
            now=None if one.now_seq is None else rows[one.now_seq],
            after=None if one.after_seq is None else rows[one.after_seq],
        )
        for one in page
    ]


def revert_memory(
    records: Records,
    *,
    project_id: str,
    selection: Selection,
    reason: str,
    by: str,
    now_ns: int,
    plan_id: str = "",
) -> Revert:
    """
    Hides what the selection means, in one transaction.

    Raises as `plan_revert`, and `Conflict` where nothing is left to revert, and where `plan_id` is
    given and memory has changed since that plan.
    """
    with records.writing() as connection:
        made = revert_in(
            connection,
            project_id=project_id,
            selection=selection,
            reason=reason,
            by=by,
            now_ns=now_ns,
            plan_id=plan_id,
        )
    if made is None:
        raise Conflict(
            "nothing of it is left to revert",
            hint="The plan shows what a selection means: POST /api/v1/memory/reverts/plan.",
        )
    return made


def revert_in(
    connection: Connection,
    *,
    project_id: str,
    selection: Selection,
    reason: str,
    by: str,
    now_ns: int,
    plan_id: str = "",
) -> Revert | None:
    """As `revert_memory`, as a part of the connection's transaction.  None: nothing to revert."""
    # The lock comes first: nobody writes between the look and the act.
    take_seqs(connection, project_id, 0)
    choice = choose(connection, project_id, selection)
    touched = touched_by(connection, choice)
    if plan_id and plan_id != digest_of(touched):
        raise Conflict(
            "memory has changed since you looked",
            hint="Look at the plan again, and act on that one.",
            code="changed_meanwhile",
        )
    if not touched:
        return None
    revert = Revert(
        revert_id=uuid.uuid4().hex,
        seq=take_seqs(connection, project_id, 1),
        selection=selection,
        hidden=sum(one.hidden for one in touched),
        shown=sum(one.shown for one in touched),
        reason=text_of(reason),
        by=actor_of(by),
        at_ns=time_of(now_ns),
        undone_ns=None,
        undone_by="",
    )
    values = {name: getattr(revert, name) for name in revert.__struct_fields__}
    values["selection"] = msgspec.to_builtins(selection)
    connection.execute(insert(MEMORY_REVERTS).values(project_id=project_id, **values))
    _hide(connection, choice, revert)
    _settle(connection, project_id, revert.revert_id)
    return revert


def _hide(connection: Connection, choice: Choice, revert: Revert) -> None:
    chosen = MEMORY_WRITES.alias("chosen")
    if revert.shown:
        shown = select(chosen.c.seq).where(choice.shows(chosen))
        connection.execute(
            update(MEMORY_HIDES)
            .where(
                H.project_id == choice.project_id, H.until_seq.is_(None), among(H.write_seq, shown)
            )
            .values(until_seq=revert.seq, ended_by=revert.revert_id)
        )
    meant = select(
        chosen.c.project_id,
        chosen.c.seq,
        literal(revert.seq, BigInteger),
        literal(revert.revert_id),
        literal(""),
    ).where(choice.meant(chosen))
    connection.execute(
        insert(MEMORY_HIDES).from_select(
            ["project_id", "write_seq", "from_seq", "revert_id", "ended_by"], meant
        )
    )


def undo_revert(
    records: Records, *, project_id: str, revert_id: str, by: str, now_ns: int
) -> Revert:
    """
    What it hid is seen again, unless another revert hides it too or somebody wrote later; what it
    showed again on the way back to a checkpoint is hidden again, by the revert that had hidden it.

    Raises `NotFound`, and `Conflict` for one that was undone already.
    """
    with records.writing() as connection:
        take_seqs(connection, project_id, 0)
        row = _row(connection, project_id, revert_id)
        if row["undone_seq"] is not None:
            raise Conflict(f"the revert was undone already, by {row['undone_by']}")
        seq = take_seqs(connection, project_id, 1)
        connection.execute(
            update(MEMORY_REVERTS)
            .where(
                MEMORY_REVERTS.c.project_id == project_id,
                MEMORY_REVERTS.c.revert_id == revert_id,
            )
            .values(undone_seq=seq, undone_ns=time_of(now_ns), undone_by=actor_of(by))
        )
        connection.execute(
            update(MEMORY_HIDES)
            .where(H.project_id == project_id, H.revert_id == revert_id, H.until_seq.is_(None))
            .values(until_seq=seq)
        )
        _hide_again(connection, project_id, revert_id, seq)
        _settle(connection, project_id, revert_id)
        return _revert(_row(connection, project_id, revert_id))


def _hide_again(connection: Connection, project_id: str, ended_by: str, seq: int) -> None:
    """What the revert had shown, by those that had hidden it and were not undone themselves."""
    hides, reverts = MEMORY_HIDES.alias("ended"), MEMORY_REVERTS
    ended = (
        select(
            hides.c.project_id,
            hides.c.write_seq,
            literal(seq, BigInteger),
            hides.c.revert_id,
            literal(""),
        )
        .join(
            reverts,
            (reverts.c.project_id == hides.c.project_id)
            & (reverts.c.revert_id == hides.c.revert_id),
        )
        .where(
            hides.c.project_id == project_id,
            hides.c.ended_by == ended_by,
            reverts.c.undone_seq.is_(None),
        )
    )
    connection.execute(
        insert(MEMORY_HIDES).from_select(
            ["project_id", "write_seq", "from_seq", "revert_id", "ended_by"], ended
        )
    )


def _settle(connection: Connection, project_id: str, revert_id: str) -> None:
    """
    Makes `hidden_by` and `current` right again for every entry that the revert touches.

    In sets, and the newest visible write of all entries at once: asked for each row, a key that was
    written ten thousand times would be read ten thousand times.
    """
    connection.execute(
        update(MEMORY_WRITES)
        .where(W.project_id == project_id, among(W.seq, _writes_of(project_id, revert_id)))
        .values(hidden_by=func.coalesce(_hider(), ""))
    )
    touched, newest = MEMORY_WRITES.alias("touched"), MEMORY_WRITES.alias("newest")
    entries = select(touched.c.entry_id).where(
        touched.c.project_id == project_id, among(touched.c.seq, _writes_of(project_id, revert_id))
    )
    connection.execute(
        update(MEMORY_WRITES)
        .where(W.project_id == project_id, W.current, among(W.entry_id, entries))
        .values(current=False)
    )
    deciding = (
        select(func.max(newest.c.seq))
        .where(
            newest.c.project_id == project_id,
            among(newest.c.entry_id, entries),
            newest.c.hidden_by == "",
        )
        .group_by(newest.c.entry_id)
    )
    connection.execute(
        update(MEMORY_WRITES)
        .where(W.project_id == project_id, among(W.seq, deciding))
        .values(current=True)
    )


def _writes_of(project_id: str, revert_id: str) -> Select[tuple[int]]:
    return select(H.write_seq).where(
        H.project_id == project_id, or_(H.revert_id == revert_id, H.ended_by == revert_id)
    )


def _hider() -> ScalarSelect[Any]:
    """Of the row that is updated: any revert that hides it now."""
    hides = MEMORY_HIDES.alias("hiding")
    return (
        # Any of them: a `max` makes SQLite read the index of reverts, from its end, for each row.
        select(hides.c.revert_id)
        .where(
            hides.c.project_id == W.project_id,
            hides.c.write_seq == W.seq,
            hides.c.until_seq.is_(null()),
        )
        .limit(1)
        .correlate(MEMORY_WRITES)
        .scalar_subquery()
    )


# --------------------------------------------------------------------------------------- the list


def find_revert(records: Records, *, project_id: str, revert_id: str) -> Revert:
    """Raises `NotFound`."""
    with records.reading() as connection:
        return _revert(_row(connection, project_id, revert_id))


def list_reverts(
    records: Records, *, project_id: str, limit: int = 100, offset: int = 0
) -> Page[Revert]:
    """Newest first."""
    mine = MEMORY_REVERTS.c.project_id == project_id
    with records.reading() as connection:
        total = connection.execute(
            select(func.count()).select_from(MEMORY_REVERTS).where(mine)
        ).scalar_one()
        rows = connection.execute(
            select(MEMORY_REVERTS)
            .where(mine)
            .order_by(MEMORY_REVERTS.c.seq.desc())
            .limit(limit)
            .offset(offset)
        ).mappings()
        return Page([_revert(row) for row in rows], total)


def _row(connection: Connection, project_id: str, revert_id: str) -> RowMapping:
    found = None
    if is_id(revert_id):
        found = (
            connection.execute(
                select(MEMORY_REVERTS).where(
                    MEMORY_REVERTS.c.project_id == project_id,
                    MEMORY_REVERTS.c.revert_id == revert_id,
                )
            )
            .mappings()
            .one_or_none()
        )
    if found is None:
        raise NotFound(f"no revert {revert_id[:200]!r}")
    return found


def _revert(row: RowMapping) -> Revert:
    values = {name: row[name] for name in Revert.__struct_fields__}
    return Revert(**values | {"selection": msgspec.convert(row["selection"], Selection)})
