"""
What became of a key, and what a session read and wrote: the log, looked at from two sides.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from quarterdeck.memories.addresses import Address, entry_id_of, is_possible
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_rows import (
    ENTRY_COLUMNS,
    Entry,
    Provenance,
    W,
    address_of,
    chunks,
    entries_of_seqs,
    entry_of,
    hidden_at,
    provenance_of,
)
from quarterdeck.storage.records.memory_tables import (
    MEMORY_HIDES,
    MEMORY_READS,
    MEMORY_REVERTS,
    MEMORY_WRITES,
)
from quarterdeck.storage.records.storable import is_name

READERS = 50
"""Of one write that are told one by one; their number counts all."""


class Hiding(msgspec.Struct, frozen=True, kw_only=True):
    """That a revert hid the write, and until when."""

    revert_id: str
    from_ns: int
    until_ns: int | None
    """None: it hides it now.  The revert's undoing, or another one's way back to a checkpoint."""
    by: str
    reason: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A session that read the write."""

    session_id: str
    reads: int
    first_ns: int
    last_ns: int


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the log: an entry as it was written, and what became of it."""

    entry: Entry
    """Its value is None where it deleted the key, and where its time had come."""
    deleted: bool
    swept: bool
    """Its time had come, and the value was taken away."""
    current: bool
    """It decides what is found now, if its time has not come."""
    hidden: bool
    hidings: tuple[Hiding, ...]
    """Oldest first."""
    readings: tuple[Reading, ...]
    """The first `READERS` of them."""
    readers: int


class WritePage(msgspec.Struct, frozen=True, kw_only=True):
    writes: list[Write]
    total: int


class SessionWrite(msgspec.Struct, frozen=True, kw_only=True):
    write: Write
    before: Entry | None
    """What was found there before, TTL aside; None where nothing was."""


class SessionRead(msgspec.Struct, frozen=True, kw_only=True):
    address: Address
    seq: int
    at_ns: int
    reader: Provenance
    """The span that read."""
    writer: Provenance
    hidden: bool
    """A revert hides now what was read then."""
    current: bool


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True):
    reads: list[SessionRead]
    """Oldest first, one page."""
    reads_total: int
    writes: list[SessionWrite]
    """Oldest first, one page."""
    writes_total: int


_COLUMNS = (*ENTRY_COLUMNS, W.deleted, W.swept, W.current, W.hidden_by, W.entry_id)


def history_of(
    records: Records, *, project_id: str, address: Address, limit: int = 100, offset: int = 0
) -> WritePage:
    """Every write of the key, newest first; none for an address at which nothing ever was."""
    if not is_possible(address):
        return WritePage(writes=[], total=0)
    of_key = and_(W.project_id == project_id, W.entry_id == entry_id_of(address))
    with records.reading() as connection:
        rows = connection.execute(
            select(*_COLUMNS).where(of_key).order_by(W.seq.desc()).limit(limit).offset(offset)
        ).mappings()
        return WritePage(
            writes=_writes(connection, project_id, rows.all()), total=_count(connection, of_key)
        )


def memory_of_session(
    records: Records, *, project_id: str, session_id: str, limit: int = 200, offset: int = 0
) -> SessionMemory:
    """What the session read and wrote; `offset` is where both lists go on."""
    if not is_name(session_id, longest=500):
        return SessionMemory(reads=[], reads_total=0, writes=[], writes_total=0)
    by_session = and_(W.project_id == project_id, W.session_id == session_id)
    with records.reading() as connection:
        rows = connection.execute(
            select(*_COLUMNS).where(by_session).order_by(W.seq).limit(limit).offset(offset)
        ).mappings()
        writes = _writes(connection, project_id, rows.all())
        before = _before(connection, project_id, [write.entry.seq for write in writes])
        return SessionMemory(
            reads=_reads(connection, project_id, session_id, limit=limit, offset=offset),
            reads_total=connection.execute(
                select(func.count())
                .select_from(MEMORY_READS)
                .where(
                    MEMORY_READS.c.project_id == project_id,
                    MEMORY_READS.c.session_id == session_id,
                )
            ).scalar_one(),
            writes=[
                SessionWrite(write=write, before=before.get(write.entry.seq)) for write in writes
            ],
            writes_total=_count(connection, by_session),
        )


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    return int(
        connection.execute(
            select(func.count()).select_from(MEMORY_WRITES).where(where)
        ).scalar_one()
    )


def _writes(connection: Connection, project_id: str, rows: Sequence[RowMapping]) -> list[Write]:
    seqs = [row["seq"] for row in rows]
    hidings = _hidings(connection, project_id, seqs)
    readings = _readings(connection, project_id, seqs)
    return [
        Write(
            entry=entry_of(row),
            deleted=row["deleted"],
            swept=row["swept"],
            current=row["current"],
            hidden=row["hidden_by"] != "",
            hidings=tuple(hidings.get(row["seq"], ())),
            readings=tuple(readings.get(row["seq"], ())[:READERS]),
            readers=len(readings.get(row["seq"], ())),
        )
        for row in rows
    ]


def _hidings(
    connection: Connection, project_id: str, seqs: Sequence[int]
) -> dict[int, list[Hiding]]:
    hides, reverts = MEMORY_HIDES, MEMORY_REVERTS
    ending = MEMORY_REVERTS.alias("ending")
    found: dict[int, list[Hiding]] = {}
    for some in chunks(seqs):
        query = (
            select(
                hides,
                reverts.c.at_ns,
                reverts.c.by,
                reverts.c.reason,
                reverts.c.undone_ns,
                ending.c.at_ns.label("ended_ns"),
            )
            .join(
                reverts,
                and_(
                    reverts.c.project_id == hides.c.project_id,
                    reverts.c.revert_id == hides.c.revert_id,
                ),
            )
            .outerjoin(
                ending,
                and_(
                    ending.c.project_id == hides.c.project_id,
                    ending.c.revert_id == hides.c.ended_by,
                ),
            )
            .where(hides.c.project_id == project_id, hides.c.write_seq.in_(some))
            .order_by(hides.c.from_seq, hides.c.revert_id)
        )
        for row in connection.execute(query).mappings():
            ended_ns = row["ended_ns"] if row["ended_by"] else row["undone_ns"]
            found.setdefault(row["write_seq"], []).append(
                Hiding(
                    revert_id=row["revert_id"],
                    from_ns=row["at_ns"],
                    until_ns=None if row["until_seq"] is None else ended_ns,
                    by=row["by"],
                    reason=row["reason"],
                )
            )
    return found


def _readings(
    connection: Connection, project_id: str, seqs: Sequence[int]
) -> dict[int, list[Reading]]:
    reads = MEMORY_READS.c
    found: dict[int, list[Reading]] = {}
    for some in chunks(seqs):
        query = (
            select(
                reads.write_seq,
                reads.session_id,
                func.count().label("reads"),
                func.min(reads.at_ns).label("first_ns"),
                func.max(reads.at_ns).label("last_ns"),
            )
            .where(reads.project_id == project_id, reads.write_seq.in_(some))
            .group_by(reads.write_seq, reads.session_id)
        )
        rows = connection.execute(query).mappings().all()
        for row in sorted(rows, key=lambda row: (row["first_ns"], row["session_id"])):
            values = {name: row[name] for name in Reading.__struct_fields__}
            found.setdefault(row["write_seq"], []).append(Reading(**values))
    return found


def _before(connection: Connection, project_id: str, seqs: Sequence[int]) -> dict[int, Entry]:
    """What each of these writes replaced: the newest write that was visible when it came."""
    earlier = MEMORY_WRITES.alias("earlier")
    previous = (
        select(func.max(earlier.c.seq))
        .where(
            earlier.c.project_id == W.project_id,
            earlier.c.entry_id == W.entry_id,
            earlier.c.seq < W.seq,
            ~hidden_at(earlier, MEMORY_WRITES.c.seq),
        )
        .correlate(MEMORY_WRITES)
        .scalar_subquery()
    )
    pairs: dict[int, int] = {}
    for some in chunks(seqs):
        query = select(W.seq, previous).where(W.project_id == project_id, W.seq.in_(some))
        pairs |= {row[0]: row[1] for row in connection.execute(query) if row[1] is not None}
    rows = entries_of_seqs(connection, project_id, pairs.values())
    return {seq: entry_of(rows[old]) for seq, old in pairs.items() if not rows[old]["deleted"]}


def _reads(
    connection: Connection, project_id: str, session_id: str, *, limit: int, offset: int
) -> list[SessionRead]:
    reads = MEMORY_READS.c
    found = (
        connection.execute(
            select(MEMORY_READS)
            .where(reads.project_id == project_id, reads.session_id == session_id)
            .order_by(reads.read_id)
            .limit(limit)
            .offset(offset)
        )
        .mappings()
        .all()
    )
    rows = entries_of_seqs(connection, project_id, (read["write_seq"] for read in found))
    return [
        SessionRead(
            address=address_of(rows[read["write_seq"]]),
            seq=read["write_seq"],
            at_ns=read["at_ns"],
            reader=Provenance(
                session_id=read["session_id"],
                trace_id=read["trace_id"],
                span_id=read["span_id"],
                agent=read["agent"],
                workflow=read["workflow"],
                version=read["version"],
            ),
            writer=provenance_of(rows[read["write_seq"]]),
            hidden=rows[read["write_seq"]]["hidden_by"] != "",
            current=rows[read["write_seq"]]["current"],
        )
        for read in found
    ]
