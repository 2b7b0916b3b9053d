"""
Fragments: what foreign SDKs said of their objects, kept a part at a time.

An object's spans are made from all its parts, again after each arrival, so parts are never
replaced.  Refuses nothing that a sender can cause; the same part twice is one.  Keys and bodies
are opaque here: `receive` knows what they mean.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.columns import instants, labels, texts
from quarterdeck.storage.events.connection import EventConnection, Params, question
from quarterdeck.storage.events.scope import ProjectScope

OBJECT_ATTRIBUTE = "quarterdeck.object"
"""Of a span that was made from fragments: the object."""
COUNT_ATTRIBUTE = "quarterdeck.fragments"
"""From how many: spans of more fragments replace spans of fewer (`span_writes`)."""

_NEWEST = (1 << 63) - 1
_IDS_A_QUESTION = 2_000


class FragmentRow(NamedTuple):
    project_id: ProjectId
    home: str
    """The object whose spans it is a part of."""
    object: str
    """The object that it says something of: mostly the same."""
    body: bytes
    arrived_ns: int


class MemberRow(NamedTuple):
    project_id: ProjectId
    collection: str
    object: str
    arrived_ns: int


class FragmentsRow(NamedTuple):
    home: str
    object: str
    part: int
    """A hash of the body."""
    arrived_ns: int
    fragment: bytes


class TracesOfSpanRow(NamedTuple):
    span_id: str
    trace_id: str


def write_fragments(db: EventConnection, rows: Sequence[FragmentRow]) -> None:
    """Returns when all are on disk."""
    if not rows:
        return
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([row.project_id for row in rows]),
            "home": texts([row.home for row in rows]),
            "object": texts([row.object for row in rows]),
            "part": pa.array([_part(row.body) for row in rows], pa.uint64()),
            "arrived_ns": instants([row.arrived_ns for row in rows]),
            "fragment": pa.array([row.body for row in rows], pa.binary()),
            # The greatest stays: of equal parts the one that came first.
            "ver": pa.array([_NEWEST - row.arrived_ns for row in rows], pa.uint64()),
        }
    )
    db.insert("fragments", batch)


def mark_deleted(
    db: EventConnection, project_id: ProjectId, names: Iterable[str], *, at_ns: int
) -> None:
    """
    Objects of which nothing is kept from now on: senders repeat what they were not sure of.

    A row without a body, which no deleting of fragments takes away.
    """
    write_fragments(db, [FragmentRow(project_id, name, name, b"", at_ns) for name in names])


def write_members(db: EventConnection, rows: Sequence[MemberRow]) -> None:
    """Returns when all are on disk."""
    if not rows:
        return
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([row.project_id for row in rows]),
            "collection": texts([row.collection for row in rows]),
            "object": texts([row.object for row in rows]),
            "arrived_ns": instants([row.arrived_ns for row in rows]),
            "ver": pa.array([_NEWEST - row.arrived_ns for row in rows], pa.uint64()),
        }
    )
    db.insert("members", batch)


class Parts(NamedTuple):
    rows: list[FragmentsRow]
    deleted: set[str]
    """Homes of which nothing is kept."""


def parts_of(db: EventConnection, scope: ProjectScope, homes: Sequence[str]) -> Parts:
    """All parts that are at home there, in no order; none of those that were deleted."""
    rows = [
        FragmentsRow(*row)
        for some in _chunks(homes)
        for row in db.rows(question("fragments"), {"project_id": scope.project_id, "homes": some})
    ]
    deleted = {row.home for row in rows if not row.fragment}
    return Parts([row for row in rows if row.home not in deleted], deleted)


def fragments_of(
    db: EventConnection, scope: ProjectScope, homes: Sequence[str]
) -> list[FragmentsRow]:
    """`parts_of` without those that were deleted."""
    return parts_of(db, scope, homes).rows


def members_of(
    db: EventConnection, scope: ProjectScope, collection: str, *, most: int
) -> list[str]:
    """The newest `most` objects, in the order that they were first heard of."""
    params: Params = {"project_id": scope.project_id, "collection": collection, "most": most}
    return [row[0] for row in db.rows(question("members"), params)]


def homes_like(db: EventConnection, scope: ProjectScope, beginning: str, *, most: int) -> list[str]:
    """Objects whose name begins so, in no order."""
    params: Params = {"project_id": scope.project_id, "beginning": beginning, "most": most}
    return [row[0] for row in db.rows(question("homes_like"), params)]


def objects_of_traces(
    db: EventConnection, scope: ProjectScope, trace_ids: Sequence[str], *, attribute: str
) -> list[str]:
    """What the spans of these traces were made from, told by an attribute of theirs."""
    params: Params = {
        "project_id": scope.project_id,
        "trace_ids": list(trace_ids),
        "attribute": attribute,
    }
    return [row[0] for row in db.rows(question("objects_of_traces"), params) if row[0]]


def traces_of_spans(
    db: EventConnection, scope: ProjectScope, span_ids: Sequence[str]
) -> dict[str, str]:
    """Trace by span id, of those that are stored; reads the whole column of ids."""
    found = dict[str, str]()
    for some in _chunks(span_ids):
        params = {"project_id": scope.project_id, "span_ids": some}
        for row in db.rows(question("traces_of_span"), params):
            hit = TracesOfSpanRow(*row)
            # A span id that two traces have: the smaller trace, whatever came first.
            found[hit.span_id] = min(found.get(hit.span_id, hit.trace_id), hit.trace_id)
    return found


def _part(body: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(body, digest_size=8).digest())


def _chunks(names: Iterable[str]) -> Iterable[list[str]]:
    all_names = list(dict.fromkeys(names))
    for first in range(0, len(all_names), _IDS_A_QUESTION):
        yield all_names[first : first + _IDS_A_QUESTION]
