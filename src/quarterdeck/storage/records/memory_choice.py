"""
Which writes does a selection mean, and what would hiding them change?

Everything is asked of the database in sets: ten thousand writes are one statement, not ten
thousand.  `Choice` is the selection with its checkpoint found; its methods are conditions on any
alias of the log.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
)

from quarterdeck.memories.plan import Touched
from quarterdeck.memories.selection import Selection, checked
from quarterdeck.storage.records.memory_rows import among, checkpoint_in, hidden_at
from quarterdeck.storage.records.memory_tables import MEMORY_READS, MEMORY_WRITES


class Choice(NamedTuple):
    project_id: str
    selection: Selection
    checkpoint_seq: int | None

    def meant(self, writes: FromClause) -> ColumnElement[bool]:
        """The writes that the revert hides, those included that another one hides already: they
        stay hidden when that one is undone."""
        c = writes.c
        asked = self._where(writes)
        if self.checkpoint_seq is None:
            return and_(*asked)
        later = c.seq > self.checkpoint_seq
        if not self.selection.is_back_to:
            return and_(*asked, later)
        # Hidden at the checkpoint, and shown again since by undoing.
        shown_since = and_(c.hidden_by == "", hidden_at(writes, self.checkpoint_seq))
        return and_(*asked, or_(later, shown_since))

    def hides(self, writes: FromClause) -> ColumnElement[bool]:
        """Those of them that are visible now."""
        return and_(self.meant(writes), writes.c.hidden_by == "")

    def shows(self, writes: FromClause) -> ColumnElement[bool]:
        """Hidden now, and visible at the checkpoint that memory goes back to."""
        if not self.selection.is_back_to or self.checkpoint_seq is None:
            return false()
        return and_(
            *self._where(writes),
            writes.c.seq <= self.checkpoint_seq,
            writes.c.hidden_by != "",
            ~hidden_at(writes, self.checkpoint_seq),
        )

    def _where(self, writes: FromClause) -> list[ColumnElement[bool]]:
        selection, c = self.selection, writes.c
        asked = [c.project_id == self.project_id]
        for column, text in (
            (c.session_id, selection.session_id),
            (c.workflow, selection.workflow),
            (c.user_id, selection.user),
            (c.namespace, selection.namespace),
        ):
            if text:
                asked.append(column == text)
        if selection.environment is not None:
            asked.append(c.environment == selection.environment)
        if selection.version is not None:
            # Never null, which `~` would leave null: such a write would be neither hidden nor not.
            asked.append(and_(c.version.is_not(None), c.version == selection.version))
        if selection.since_ns is not None:
            asked.append(c.at_ns >= selection.since_ns)
        if selection.until_ns is not None:
            asked.append(c.at_ns < selection.until_ns)
        return asked


class ReaderRow(NamedTuple):
    """A session that read what goes."""

    session_id: str
    reads: int
    first_ns: int
    later_writes: int
    """Of its own, after it first read: what may have been learned from what goes."""


class ReaderRows(NamedTuple):
    readers: list[ReaderRow]
    """Who read first comes first."""
    total: int


def choose(connection: Connection, project_id: str, selection: Selection) -> Choice:
    """Raises `Invalid` for a selection that says too little, `NotFound` for its checkpoint."""
    checked(selection)
    seq = None
    if selection.checkpoint:
        seq = checkpoint_in(connection, project_id, selection.checkpoint).seq
    return Choice(project_id, selection, seq)


def touched_by(connection: Connection, choice: Choice) -> list[Touched]:
    """Every entry of which something would be hidden or shown, in no order."""
    writes = MEMORY_WRITES.alias("writes")
    chosen = MEMORY_WRITES.alias("chosen")
    entries = select(chosen.c.entry_id).where(or_(choice.hides(chosen), choice.shows(chosen)))
    hidden, shown = choice.hides(writes), choice.shows(writes)
    visible = writes.c.hidden_by == ""
    query = (
        select(
            writes.c.entry_id,
            func.sum(case((hidden, 1), else_=0)),
            func.sum(case((shown, 1), else_=0)),
            func.max(case((visible, writes.c.seq))),
            func.max(case((or_(and_(visible, ~hidden), shown), writes.c.seq))),
        )
        .where(writes.c.project_id == choice.project_id, among(writes.c.entry_id, entries))
        .group_by(writes.c.entry_id)
    )
    return [Touched(*row) for row in connection.execute(query)]


def readers_of_choice(connection: Connection, choice: Choice, *, limit: int) -> ReaderRows:
    """The sessions that read what another one wrote and the revert hides."""
    readers = _readers(choice).subquery("readers")
    total = connection.execute(select(func.count()).select_from(readers)).scalar_one()
    if not total:
        return ReaderRows([], 0)
    first = select(readers).order_by(readers.c.first_ns, readers.c.session_id).limit(limit)
    rows = connection.execute(first).all()
    later = _later_writes(connection, choice, first)
    return ReaderRows(
        [ReaderRow(row[0], row[1], row[2], later.get(row[0], 0)) for row in rows], total
    )


def tainted_total(connection: Connection, choice: Choice) -> int:
    """How many writes of all its readers came after they first read, and stay."""
    return sum(_later_writes(connection, choice, _readers(choice)).values())


def _readers(choice: Choice) -> Select[tuple[str, int, int]]:
    writes, author, reads = MEMORY_WRITES.alias("read"), MEMORY_WRITES.alias("author"), MEMORY_READS
    # Not a join, which PostgreSQL makes row by row while it has no figures of either table.
    hidden = select(writes.c.seq).where(choice.hides(writes))
    written_by = (
        select(author.c.session_id)
        .where(author.c.project_id == reads.c.project_id, author.c.seq == reads.c.write_seq)
        .correlate(reads)
        .scalar_subquery()
    )
    return (
        select(
            reads.c.session_id,
            func.count().label("reads"),
            func.min(reads.c.at_ns).label("first_ns"),
        )
        .where(
            reads.c.project_id == choice.project_id,
            among(reads.c.write_seq, hidden),
            reads.c.session_id != written_by,
        )
        .group_by(reads.c.session_id)
    )


def _later_writes(
    connection: Connection, choice: Choice, readers: Select[tuple[str, int, int]]
) -> dict[str, int]:
    writes, of = MEMORY_WRITES.alias("later"), readers.subquery("of")
    query = (
        select(writes.c.session_id, func.count())
        .join(of, of.c.session_id == writes.c.session_id)
        .where(
            writes.c.project_id == choice.project_id,
            writes.c.at_ns >= of.c.first_ns,
            writes.c.hidden_by == "",
            ~choice.hides(writes),
        )
        .group_by(writes.c.session_id)
    )
    found: Sequence[tuple[str, int]] = [(row[0], row[1]) for row in connection.execute(query)]
    return dict(found)
