"""
Rows of memory as values, and the words that every question about them is made of.

A write is visible while no revert hides it; the newest visible write of a key decides what is
found there: its value, or nothing if it deleted the key or its time has come.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quarterdeck.errors import NotFound
from quarterdeck.memories.addresses import Address, is_keepable
from quarterdeck.storage.records.memory_tables import (
    MEMORY_CHECKPOINTS,
    MEMORY_CLOCKS,
    MEMORY_HIDES,
    MEMORY_READS,
    MEMORY_WRITES,
)
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.storable import MOST, text_of

CHUNK = 500
"""Values bound in one statement; SQLite's own limit was 999 for long."""

W = MEMORY_WRITES.c


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Which work it was: all "" for a person's own act."""

    session_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    agent: str = ""
    user: str = ""
    """Whose task it was."""
    workflow: str = ""
    version: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is found at an address."""

    address: Address
    value: Any
    seq: int
    """Of the write."""
    at_ns: int
    expires_ns: int | None
    """The first instant at which it is gone."""
    provenance: Provenance
    by: str
    """Who held the key."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Memory as it was when `seq` was given; entries that have expired since are left out."""

    checkpoint_id: str
    name: str
    seq: int
    description: str
    by: str
    at_ns: int


# ------------------------------------------------------------------------------------- the clock


def take_seqs(connection: Connection, project_id: str, count: int) -> int:
    """
    The first of `count` new numbers.  Whoever took them is alone until its transaction ends, so
    that numbers become visible in their order.  Raises `NotFound` for the project.
    """
    taken = _advance(connection, project_id, count)
    if taken is None:
        require_project(connection, project_id)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(
            dialect.insert(MEMORY_CLOCKS)
            .values(project_id=project_id, seq=0)
            .on_conflict_do_nothing()
        )
        taken = _advance(connection, project_id, count)
    if taken is None:
        raise NotFound(f"no project {project_id!r}")
    return taken - count + 1


def _advance(connection: Connection, project_id: str, count: int) -> int | None:
    moved = (
        update(MEMORY_CLOCKS)
        .where(MEMORY_CLOCKS.c.project_id == project_id)
        .values(seq=MEMORY_CLOCKS.c.seq + count)
        .returning(MEMORY_CLOCKS.c.seq)
    )
    found = connection.execute(moved).scalar_one_or_none()
    return None if found is None else int(found)


# ------------------------------------------------------------------------------------ conditions


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True


@compiles(_Among)
def _as_in(element: Any, compiler: Any, **kw: Any) -> str:
    column, found = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} IN {found}"


@compiles(_Among, "postgresql")
def _as_hashed(element: Any, compiler: Any, **kw: Any) -> str:
    column, found = (compiler.process(part, **kw) for part in element.clauses)
    return f"({column} IN {found}) IS TRUE"


def among(column: ColumnElement[Any], found: Select[Any]) -> ColumnElement[bool]:
    """
    `column IN (found)`, with `found` asked once.

    PostgreSQL, which has no figures yet of what was just written, takes `found` for a handful and
    asks it again for each row: a minute for ten thousand.  `IS TRUE` keeps it from making a join of
    it, so that it hashes `found` and reads the project's rows once.
    """
    return _Among(column, found.scalar_subquery())


def hidden_at(writes: FromClause, seq: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a revert hid the write when `seq` was given."""
    hides = MEMORY_HIDES.c
    return exists(
        select(hides.write_seq).where(
            hides.project_id == writes.c.project_id,
            hides.write_seq == writes.c.seq,
            hides.from_seq <= seq,
            or_(hides.until_seq.is_(None), hides.until_seq > seq),
        )
    )


def found_now(project_id: str) -> ColumnElement[bool]:
    """The writes that decide now, deleted and expired ones among them."""
    return and_(W.project_id == project_id, W.current)


def found_at(project_id: str, seq: int) -> ColumnElement[bool]:
    """The writes that decided when `seq` was given, deleted and expired ones among them."""
    earlier = MEMORY_WRITES.alias("earlier")
    newest = (
        select(func.max(earlier.c.seq))
        .where(
            earlier.c.project_id == project_id,
            earlier.c.seq <= seq,
            ~hidden_at(earlier, seq),
        )
        .group_by(earlier.c.entry_id)
    )
    return and_(W.project_id == project_id, among(W.seq, newest))


def is_there(now_ns: int) -> ColumnElement[bool]:
    """Of a write that decides: whether a value is found."""
    return and_(~W.deleted, or_(W.expires_ns.is_(None), W.expires_ns > now_ns))


# ----------------------------------------------------------------------------------- rows, values

ADDRESS = ("environment", "namespace", "scope", "key")

_LENGTHS = {"session_id": 500, "trace_id": 32, "span_id": 16, "agent": 400, "user": 400,
            "workflow": 100}  # fmt: skip


def kept_provenance(provenance: Provenance) -> dict[str, Any]:
    """The columns of it, cut to what they hold."""
    kept: dict[str, Any] = {
        name: text_of(getattr(provenance, name))[:longest] for name, longest in _LENGTHS.items()
    }
    kept["user_id"] = kept.pop("user")
    version = provenance.version
    kept["version"] = version if version is not None and 0 <= version <= MOST else None
    return kept


def address_of(row: RowMapping) -> Address:
    return Address(**{name: row[name] for name in ADDRESS})


def provenance_of(row: RowMapping) -> Provenance:
    return Provenance(
        session_id=row["session_id"],
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        agent=row["agent"],
        user=row["user_id"],
        workflow=row["workflow"],
        version=row["version"],
    )


ENTRY_COLUMNS = (
    W.environment, W.namespace, W.scope, W.key, W.value, W.seq, W.at_ns, W.expires_ns,
    W.session_id, W.trace_id, W.span_id, W.agent, W.user_id, W.workflow, W.version, W.by,
)  # fmt: skip


def entry_of(row: RowMapping) -> Entry:
    """Of a row with `ENTRY_COLUMNS`."""
    return Entry(
        address=address_of(row),
        value=row["value"],
        seq=row["seq"],
        at_ns=row["at_ns"],
        expires_ns=row["expires_ns"],
        provenance=provenance_of(row),
        by=row["by"],
    )


def chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def entries_of_seqs(
    connection: Connection, project_id: str, seqs: Iterable[int]
) -> dict[int, RowMapping]:
    """Whole rows without text and embedding, by their number."""
    wanted = sorted(set(seqs))
    columns = (*ENTRY_COLUMNS, W.deleted, W.swept, W.hidden_by, W.current, W.entry_id)
    found: dict[int, RowMapping] = {}
    for some in chunks(wanted):
        rows = connection.execute(
            select(*columns).where(W.project_id == project_id, W.seq.in_(some))
        ).mappings()
        found.update((row["seq"], row) for row in rows)
    return found


def readers_of(connection: Connection, project_id: str, seqs: Sequence[int]) -> dict[int, int]:
    """How many sessions read each of these writes; those that nobody read are left out."""
    reads = MEMORY_READS.c
    found: dict[int, int] = {}
    for some in chunks(seqs):
        rows = connection.execute(
            select(reads.write_seq, func.count(reads.session_id.distinct()))
            .where(reads.project_id == project_id, reads.write_seq.in_(some))
            .group_by(reads.write_seq)
        )
        found.update((seq, count) for seq, count in rows)
    return found


def checkpoint_in(connection: Connection, project_id: str, which: str) -> Checkpoint:
    """By id or name.  Raises `NotFound`."""
    columns = MEMORY_CHECKPOINTS.c
    rows = []
    if which and is_keepable(which, longest=200):
        rows = list(
            connection.execute(
                select(MEMORY_CHECKPOINTS).where(
                    columns.project_id == project_id,
                    or_(columns.checkpoint_id == which, columns.name == which),
                )
            ).mappings()
        )
    # Somebody may have named one after another's id: the id counts.
    for row in sorted(rows, key=lambda row: row["checkpoint_id"] != which):
        return checkpoint_of(row)
    raise NotFound(
        f"no checkpoint {which[:200]!r}", hint="`quarterdeck memory checkpoints` lists them."
    )


def checkpoint_of(row: RowMapping) -> Checkpoint:
    return Checkpoint(**{name: row[name] for name in Checkpoint.__struct_fields__})
