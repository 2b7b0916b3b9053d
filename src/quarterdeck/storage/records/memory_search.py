"""
Search: which entries does an agent need now?

By words, by meaning (the writer's and the asker's own embeddings, compared here), or both.  All
that is searched is what a get would find.  Both databases only fetch; what is best is decided by
the same code for each, so that the answer is the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, or_, select

from quarterdeck.errors import Invalid
from quarterdeck.memories import filters
from quarterdeck.memories.matching import asked_words, ranked
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_reads import Which, conditions, holds, note_reads
from quarterdeck.storage.records.memory_rows import (
    Entry,
    Provenance,
    W,
    entries_of_seqs,
    entry_of,
    found_now,
    is_there,
    readers_of,
)
from quarterdeck.storage.records.memory_writes import packed

CANDIDATES = 20_000
"""Writes that one search weighs, the newest.  10,000 texts of a page take some 50 ms; what more a
namespace holds is better divided by scope."""
_FUSED = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): how alike the first ranks are."""


class Found(NamedTuple):
    entry: Entry
    score: float
    """Of words: BM25, above 0.  Of meaning: the cosine, at most 1.  Of both: the sum of reciprocal
    ranks.  0 where nothing was asked for but a filter."""
    readers: int
    """Sessions that read it before."""


class _Scored(NamedTuple):
    seq: int
    score: float


class _Search(msgspec.Struct, frozen=True, kw_only=True):
    project_id: str
    which: Which
    filter: Mapping[str, Any]
    now_ns: int


def search_entries(
    records: Records,
    *,
    project_id: str,
    which: Which,
    query: str = "",
    embedding: Sequence[float] | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - what the field is called everywhere
    limit: int = 10,
    offset: int = 0,
    reader: Provenance | None = None,
    now_ns: int,
) -> list[Found]:
    """
    The best first; newer first among equals, and where neither words nor an embedding are asked.
    With words, what holds none of them is left out; with an embedding, what has none.  What is
    found is noted as read where `reader` names a session.

    Raises `Invalid` for a filter with an unknown operator, and for an embedding of other dimensions
    than those of all that it could be compared with.
    """
    wanted = filter or {}
    filters.check(wanted)
    search = _Search(project_id=project_id, which=which, filter=wanted, now_ns=now_ns)
    words = asked_words(query)
    if query.strip() and not words:
        return []
    vector = None if embedding is None else packed(embedding)
    with records.reading() as connection:
        scored = _scored(connection, search, words, vector)[offset : offset + limit]
        seqs = [one.seq for one in scored]
        rows = entries_of_seqs(connection, project_id, seqs)
        readers = readers_of(connection, project_id, seqs)
    found = [Found(entry_of(rows[one.seq]), one.score, readers.get(one.seq, 0)) for one in scored]
    note_reads(
        records,
        project_id=project_id,
        seqs=seqs,
        reader=reader,
        now_ns=now_ns,
    )
    return found


def _scored(
    connection: Connection, search: _Search, words: list[str], vector: bytes | None
) -> list[_Scored]:
    if words and vector is not None:
        return _fused(_by_words(connection, search, words), _by_meaning(connection, search, vector))
    if words:
        return _by_words(connection, search, words)
    if vector is not None:
        return _by_meaning(connection, search, vector)
    return [_Scored(row[0], 0.0) for row in _rows(connection, search)]


def _by_words(connection: Connection, search: _Search, words: list[str]) -> list[_Scored]:
    rows = _rows(connection, search, W.text, or_(*(holds(word) for word in words)))
    scores = ranked(words, [row[1] for row in rows])
    return _best([_Scored(row[0], score) for row, score in zip(rows, scores, strict=True)])


def _by_meaning(connection: Connection, search: _Search, vector: bytes) -> list[_Scored]:
    # It takes a tenth of a second to import, which no start should wait for.
    import numpy as np

    rows = _rows(connection, search, W.embedding, W.embedding.is_not(None))
    same = [row for row in rows if len(row[1]) == len(vector)]
    if rows and not same:
        raise Invalid(
            f"the embedding has {len(vector) // 4} dimensions, and those of the entries have "
            f"{len(rows[0][1]) // 4}",
            hint="Search with the embedding function that the entries were written with.",
        )
    if not same:
        return []
    asked = np.frombuffer(vector, dtype="<f4")
    kept = np.frombuffer(b"".join(row[1] for row in same), dtype="<f4").reshape(len(same), -1)
    cosines = kept @ asked  # all are of length 1
    return _best(
        [_Scored(row[0], float(cosine)) for row, cosine in zip(same, cosines, strict=True)]
    )


def _rows(connection: Connection, search: _Search, *more: Any) -> Sequence[Any]:
    """`seq`, and the column that `more` begins with, of what passes; newest first."""
    chosen = conditions(search.which)
    if chosen is None:
        return []
    columns, extra = list(more[:1]), list(more[1:])
    filtered = [W.value] if search.filter else []
    rows = connection.execute(
        select(W.seq, *columns, *filtered)
        .where(found_now(search.project_id), is_there(search.now_ns), *chosen, *extra)
        .order_by(W.seq.desc())
        .limit(CANDIDATES)
    ).all()
    if not search.filter:
        return rows
    return [row for row in rows if filters.passes(search.filter, row[-1])]


def _best(scored: list[_Scored]) -> list[_Scored]:
    # Rounded: the last bits of a sum must not decide an order.
    return sorted(scored, key=lambda one: (-round(one.score, 9), -one.seq))


def _fused(*rankings: list[_Scored]) -> list[_Scored]:
    sums: dict[int, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, start=1):
            sums[one.seq] = sums.get(one.seq, 0.0) + 1 / (_FUSED + rank)
    return _best([_Scored(seq, score) for seq, score in sums.items()])
