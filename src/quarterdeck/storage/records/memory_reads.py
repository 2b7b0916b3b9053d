"""
Reading memory: one entry, lists, namespaces, and as it was at a checkpoint.

Who reads for a session is noted, since that is what tells whom a poisoned entry reached.  A note
waits for no disk (`Records.noting`): a machine that loses its power may forget who read in its last
second.  People's reads are not noted.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, RowMapping, func, insert, select

from quarterdeck.errors import NotFound
from quarterdeck.memories.addresses import Address, entry_id_of, is_possible
from quarterdeck.memories.matching import asked_words
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_rows import (
    ENTRY_COLUMNS,
    Entry,
    Provenance,
    W,
    checkpoint_in,
    entry_of,
    found_at,
    found_now,
    is_there,
    kept_provenance,
    readers_of,
)
from quarterdeck.storage.records.memory_tables import MEMORY_READS, MEMORY_WRITES
from quarterdeck.storage.records.storable import MOST, is_name, time_of

PAGE_BYTES = 4 * 1024 * 1024
"""Of the values of one page: a page of the largest values would be 50 MB."""


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries.  None means any; "" is a value of its own where it says so."""

    environment: str | None = None
    """ "" is an environment of its own."""
    namespace: str = ""
    """Exactly this one; "" means any."""
    under: str = ""
    """This namespace and those below it: it, and what begins with it and a slash."""
    scope: str | None = None
    """ "" is what belongs to everybody."""
    prefix: str = ""
    """What the key begins with."""
    words: str = ""
    """All of these are in the key or the value."""
    session_id: str = ""
    workflow: str = ""
    version: int | None = None
    user: str = ""
    """Who wrote it: what the entry's provenance says."""


class EntryPage(msgspec.Struct, frozen=True, kw_only=True):
    entries: list[Entry]
    readers: dict[int, int]
    """How many sessions read each, by `seq`; left out where none did."""
    next_seq: int | None
    """The list goes on below this number; None: this was all."""


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    namespace: str
    entries: int
    scopes: int
    last_ns: int
    """The newest write that is found there."""


def get_entry(
    records: Records,
    *,
    project_id: str,
    address: Address,
    reader: Provenance | None = None,
    now_ns: int,
) -> Entry:
    """
    What is there now; the read is noted where `reader` names a session.

    Raises `NotFound` where nothing is, and for what was deleted, reverted or has expired.
    """
    row = None
    if is_possible(address):
        with records.reading() as connection:
            row = (
                connection.execute(
                    select(*ENTRY_COLUMNS).where(
                        found_now(project_id),
                        W.entry_id == entry_id_of(address),
                        is_there(now_ns),
                    )
                )
                .mappings()
                .one_or_none()
            )
    if row is None:
        raise NotFound(f"nothing is at {address.key[:200]!r} of {address.namespace[:200]!r}")
    entry = entry_of(row)
    note_reads(records, project_id=project_id, seqs=[entry.seq], reader=reader, now_ns=now_ns)
    return entry


def count_readers(records: Records, *, project_id: str, seq: int) -> int:
    """How many sessions read this write."""
    with records.reading() as connection:
        return readers_of(connection, project_id, [seq]).get(seq, 0)


def list_entries(
    records: Records,
    *,
    project_id: str,
    which: Which,
    checkpoint: str = "",
    before_seq: int | None = None,
    limit: int = 100,
    now_ns: int,
) -> EntryPage:
    """
    Newest write first, those below `before_seq`; as they are now, or as they were at the checkpoint
    but for what has expired since.  A page ends early after `PAGE_BYTES`.

    Raises `NotFound` for the checkpoint.
    """
    chosen = conditions(which)
    with records.reading() as connection:
        if checkpoint:
            seq = checkpoint_in(connection, project_id, checkpoint).seq
            deciding = found_at(project_id, seq)
        else:
            deciding = found_now(project_id)
        if chosen is None:
            return EntryPage(entries=[], readers={}, next_seq=None)
        query = select(*ENTRY_COLUMNS).where(deciding, is_there(now_ns), *chosen)
        if before_seq is not None:
            query = query.where(W.seq < before_seq)
        rows = connection.execute(query.order_by(W.seq.desc()).limit(limit + 1)).mappings()
        entries, more = _page(rows, limit)
        readers = readers_of(connection, project_id, [entry.seq for entry in entries])
    return EntryPage(entries=entries, readers=readers, next_seq=entries[-1].seq if more else None)


def _page(rows: Iterable[RowMapping], limit: int) -> tuple[list[Entry], bool]:
    entries: list[Entry] = []
    held = 0
    for row in rows:
        if len(entries) == limit or held > PAGE_BYTES:
            return entries, True
        entries.append(entry_of(row))
        held += len(str(row["value"]))
    return entries, False


def list_namespaces(records: Records, *, project_id: str, now_ns: int) -> list[Namespace]:
    """Those in which something is found now, by environment and name."""
    query = (
        select(
            W.environment,
            W.namespace,
            func.count().label("entries"),
            func.count(W.scope.distinct()).label("scopes"),
            func.max(W.at_ns).label("last_ns"),
        )
        .where(found_now(project_id), is_there(now_ns))
        .group_by(W.environment, W.namespace)
    )
    with records.reading() as connection:
        found = [Namespace(**row) for row in connection.execute(query).mappings()]
    # Sorted here: databases differ in what comes first.
    return sorted(found, key=lambda one: (one.environment, one.namespace))


def note_reads(
    records: Records,
    *,
    project_id: str,
    seqs: Sequence[int],
    reader: Provenance | None,
    now_ns: int,
) -> None:
    """That a session read these writes; nothing for nobody's session."""
    if reader is None or not reader.session_id or not seqs:
        return
    kept = kept_provenance(reader)
    del kept["user_id"]
    rows = [
        {"project_id": project_id, "write_seq": seq, "at_ns": time_of(now_ns), **kept}
        for seq in seqs
    ]
    with records.noting() as connection:
        connection.execute(insert(MEMORY_READS), rows)


def conditions(which: Which) -> list[ColumnElement[bool]] | None:
    """What must hold of a write; None where nothing can be so."""
    asked: list[ColumnElement[bool]] = []
    texts = {
        "namespace": which.namespace,
        "session_id": which.session_id,
        "workflow": which.workflow,
        "user_id": which.user,
    }
    exact: dict[str, str | None] = {name: text or None for name, text in texts.items()}
    exact |= {"environment": which.environment, "scope": which.scope}
    for name, text in exact.items():
        if text is None:
            continue
        if text and not is_name(text, longest=500):
            return None
        asked.append(MEMORY_WRITES.c[name] == text)
    if which.version is not None:
        if not 0 <= which.version <= MOST:
            return None
        asked.append(W.version == which.version)
    for text in (which.under, which.prefix):
        if text and not is_name(text):
            return None
    if which.under:
        below = f"{which.under}/"
        asked.append((W.namespace == which.under) | _begins(W.namespace, below))
    if which.prefix:
        asked.append(_begins(W.key, which.prefix))
    if which.words:
        words = asked_words(which.words)
        if not words:
            return None
        asked += [holds(word) for word in words]
    return asked


def holds(word: str) -> ColumnElement[bool]:
    """Whether the searched text has this word, alone or inside another."""
    return W.text.contains(word, autoescape=True)


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    # Not LIKE, which has no case in SQLite.
    return func.substr(column, 1, len(prefix)) == prefix
