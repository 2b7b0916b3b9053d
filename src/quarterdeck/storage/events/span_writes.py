"""
Writing spans: the facts and the raw span, in one insert per batch.

Refuses nothing that a sender can cause: times are clamped to what the store can hold, text that
is not Unicode is replaced.  What it costs is in docs/explanation/performance.md; columns are
built from lists because a row at a time costs four times as much.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple
from zlib import crc32

import pyarrow as pa

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Span, Value
from quarterdeck.storage.events.columns import encode, instants, labels, texts
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.fragments import COUNT_ATTRIBUTE


class SpanRow(NamedTuple):
    project_id: ProjectId
    span: Span
    raw: RawSpan
    received_ns: int


class LiftedRow(NamedTuple):
    """A log record's event that belongs to a span, whether that has arrived or not."""

    project_id: ProjectId
    trace_id: str
    span_id: str
    event: RawEvent


_FINE_MS = 1 << 26
"""18.6 hours: half of the ranks."""

StoredNumbers = tuple[int, int, int, int, int, int, int]
"""OTLP kind, start, end, status code, dropped attributes, dropped events, dropped links."""

StoredRaw = tuple[
    str, tuple[Value, ...], tuple[RawEvent, ...], tuple[RawLink, ...], str, StoredNumbers
]
"""
Column `raw`: name, attributes' values, events, links, status message, numbers.

A raw span without its ids and resource, which are columns of their own, and without the
attributes' keys, which are in column `keys`: they are a third of its bytes and few sets of them
exist, so they are kept once per set; and a word that is in every span's keys ("model") then does
not match every search.
"""


def write_spans(db: EventConnection, rows: Sequence[SpanRow], *, token: str = "") -> None:
    """
    Returns when all are on disk.  A batch sent again with its `token` is dropped whole; spans sent
    again in another batch are seen once, the most complete of them.
    """
    if rows:
        db.insert("spans", span_batch(rows), token=token)


def span_batch(rows: Sequence[SpanRow]) -> pa.RecordBatch:
    """The batch of `write_spans`, apart for measuring."""
    spans = [row.span for row in rows]
    raws = [row.raw for row in rows]
    shapes: dict[tuple[str, ...], bytes] = {}
    resources: dict[int, bytes] = {}
    keys: list[bytes] = []
    stored: list[bytes] = []
    versions: list[int] = []
    for span, raw in zip(spans, raws, strict=True):
        shape = tuple(raw.attributes)
        if shape not in shapes:
            shapes[shape] = encode(shape)
        keys.append(shapes[shape])
        if id(raw.resource) not in resources:
            resources[id(raw.resource)] = encode(raw.resource)
        body = encode(stored_raw(raw))
        stored.append(body)
        versions.append(content_version(span, raw, body))
    columns: dict[str, Any] = {
        "project_id": labels([row.project_id for row in rows]),
        "trace_id": texts([span.trace_id for span in spans]),
        "span_id": texts([span.span_id for span in spans]),
        "parent_span_id": texts([span.parent_span_id for span in spans]),
        "start_ns": instants([span.start_ns for span in spans]),
        "end_ns": instants([span.end_ns or 0 for span in spans]),
        "name": labels([span.name for span in spans]),
        "kind": labels([span.kind for span in spans]),
        "status": labels([span.status for span in spans]),
        "facts": pa.array([encode(span) for span in spans], pa.binary()),
        "keys": labels(keys),
        "raw": pa.array(stored, pa.binary()),
        "resource": labels([resources[id(raw.resource)] for raw in raws]),
        "received_ns": instants([row.received_ns for row in rows]),
        "ver": pa.array(versions, pa.uint64()),
    }
    return pa.RecordBatch.from_pydict(columns)


def stored_raw(raw: RawSpan) -> StoredRaw:
    return (
        raw.name,
        tuple(raw.attributes.values()),
        raw.events,
        raw.links,
        raw.status_message,
        (
            raw.otlp_kind, raw.start_ns, raw.end_ns, raw.status_code,
            raw.dropped_attributes, raw.dropped_events, raw.dropped_links,
        ),
    )  # fmt: skip


def content_version(span: Span, raw: RawSpan, body: bytes) -> int:
    """
    Which of two deliveries of one span wins: the complete one; of those the one with more
    attributes and events; then the longer (of partial ones, the one sent later); then a hash of
    the content decides.

    So the winner depends on what was sent and not on when.  1 + 12 + 27 + 24 bits.  A span that
    was made from fragments weighs as many as it was made from: each arrival makes it anew.
    """
    fragments = raw.attributes.get(COUNT_ATTRIBUTE)
    weight = (
        fragments
        if type(fragments) is int and fragments > 0
        else len(raw.attributes) + len(raw.events) + len(raw.links)
    )
    ver = (min(weight, 0xFFF) << 51) | (crc32(body) & 0xFF_FFFF)
    until_ns = span.end_ns or span.seen_ns
    if until_ns is None:
        return ver
    ver |= _duration_rank((until_ns - span.start_ns) // 1_000_000) << 24
    return ver if span.partial else ver | 1 << 63


def _duration_rank(took_ms: int) -> int:
    """
    27 bits that grow with the duration: milliseconds up to 18 hours, seconds from there.

    Milliseconds alone end after 37 hours, and the signs of life of a longer session would be
    equal: it would look dead.  Seconds reach two years; signs of life are 30 apart.
    """
    if took_ms <= _FINE_MS:
        return max(0, took_ms)
    return min(_FINE_MS + (took_ms - _FINE_MS + 999) // 1000, 0x7FF_FFFF)


def write_lifted(db: EventConnection, rows: Sequence[LiftedRow]) -> None:
    """Returns when all are on disk; the same event of the same span is one, however often sent."""
    if not rows:
        return
    events = [encode(row.event) for row in rows]
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([row.project_id for row in rows]),
            "trace_id": texts([row.trace_id for row in rows]),
            "span_id": texts([row.span_id for row in rows]),
            "event_hash": pa.array([_hash64(event) for event in events], pa.uint64()),
            "time_ns": instants([row.event.time_ns for row in rows]),
            "event": pa.array(events, pa.binary()),
        }
    )
    db.insert("lifted", batch)


def batch_token(*parts: bytes) -> str:
    """A token for `write_spans` from what identifies the batch, e.g. its spool row numbers."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _hash64(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
