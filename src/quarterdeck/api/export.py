"""
Exports: sessions, or every span of them with its payload, streamed as NDJSON or Parquet.

Nothing is held but one block.  An export that fails midway breaks the connection: a file that
ends early must not look whole.
"""

import asyncio
import io
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import Query, Response
from starlette.responses import StreamingResponse

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.bodies import to_json as encode
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import Selected
from quarterdeck.api.sessions import check_id
from quarterdeck.api.spans import facts_of, plain, raw_of, with_lifted
from quarterdeck.assembly.record import to_json
from quarterdeck.model.sessions import Session
from quarterdeck.normalize.normalize import read_content
from quarterdeck.storage.events import session_reads, span_reads
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import SessionFilter

router = guarded_router("export")

_SESSIONS_A_BLOCK = 200
_PIECE_BYTES = 65_536
_SPANS_A_BLOCK = 200  # a span's payload may have megabytes

_SESSION_COLUMNS = pa.schema(
    [
        ("session_id", pa.string()),
        ("started_at", pa.timestamp("ns", tz="UTC")),
        ("last_seen_at", pa.timestamp("ns", tz="UTC")),
        ("status", pa.string()),
        ("outcome", pa.string()),
        ("task", pa.string()),
        ("task_type", pa.string()),
        ("user", pa.string()),
        ("workflow", pa.string()),
        ("version", pa.string()),
        ("environment", pa.string()),
        ("cost_usd", pa.decimal128(18, 9)),
        ("spans", pa.int64()),
        ("record", pa.string()),
    ]
)
_SPAN_COLUMNS = pa.schema(
    [
        ("session_id", pa.string()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_span_id", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("start_ns", pa.int64()),
        ("end_ns", pa.int64()),
        ("span", pa.string()),
        ("content", pa.string()),
        ("raw", pa.string()),
    ]
)
_MAX_NS = (1 << 63) - 1

Row = dict[str, Any]
Form = Literal["ndjson", "parquet"]
What = Literal["sessions", "spans"]
_MEDIA_TYPES: dict[Form, str] = {
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@router.get(
    "/export",
    summary="Sessions or spans as NDJSON or Parquet, streamed",
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in _MEDIA_TYPES.values()}}},
)
@allow(READ)
async def export(
    parts: With,
    who: Who,
    where: Selected,
    format: Form = "ndjson",  # noqa: A002  # the parameter's public name
    what: What | None = None,
    session_id: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """`session_id` limits to one session, and then `what` is `spans` unless said."""
    check_id(session_id)
    told = what or ("spans" if session_id else "sessions")
    pieces = await asyncio.to_thread(_begun, parts, who, where, session_id, told, format)
    name = f"quarterdeck-{told}.{format}"
    return StreamingResponse(
        pieces,
        media_type=_MEDIA_TYPES[format],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _begun(
    parts: Parts, who: Principal, where: SessionFilter, session_id: str, told: What, form: Form
) -> Iterator[bytes]:
    """The pieces, the first of them made: what fails at once is still answered as an error."""
    scope = scope_of(parts, who)
    pieces = _pieces(parts, scope, _chosen(parts, scope, where, session_id), told, form)
    first = next(pieces, b"")
    return chain([first], pieces)


def _pieces(
    parts: Parts, scope: ProjectScope, chosen: Iterator[Session], told: What, form: Form
) -> Iterator[bytes]:
    match told, form:
        case "sessions", "ndjson":
            return _lines(to_json(session) for session in chosen)
        case "sessions", _:
            return _parquet(_session_rows(chosen), _SESSION_COLUMNS, _SESSIONS_A_BLOCK)
        case _, "ndjson":
            return _lines(_span_lines(parts, scope, chosen))
        case _:
            rows = _span_rows(_span_lines(parts, scope, chosen))
            return _parquet(rows, _SPAN_COLUMNS, _SPANS_A_BLOCK)


def _lines(rows: Iterator[Row]) -> Iterator[bytes]:
    """JSON lines in pieces of about `_PIECE_BYTES`: a piece costs a change of thread."""
    piece = bytearray()
    for row in rows:
        piece += encode(row)
        piece += b"\n"
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _chosen(
    parts: Parts, scope: ProjectScope, where: SessionFilter, session_id: str
) -> Iterator[Session]:
    if session_id:
        return iter([session_reads.get_session(parts.events, scope, session_id)])
    return session_reads.stream_sessions(parts.events, scope, where)


def _session_rows(sessions: Iterator[Session]) -> Iterator[Row]:
    for session in sessions:
        yield {
            "session_id": session.session_id,
            "started_at": min(session.started_ns, _MAX_NS),
            "last_seen_at": min(session.last_seen_ns, _MAX_NS),
            "status": session.status,
            "outcome": session.outcome.label,
            "task": session.task,
            "task_type": session.task_type,
            "user": session.user,
            "workflow": session.workflow.name,
            "version": session.workflow.version,
            "environment": session.workflow.environment,
            "cost_usd": session.cost.total_usd,
            "spans": session.span_count,
            "record": encode(to_json(session)).decode(),
        }


def _span_lines(parts: Parts, scope: ProjectScope, sessions: Iterator[Session]) -> Iterator[Row]:
    for session in sessions:
        for block in span_reads.stream_stored(parts.events, scope, session.trace_ids):
            for stored in with_lifted(parts, scope, block):
                yield {
                    "session_id": session.session_id,
                    "span": facts_of(stored.span),
                    "content": plain(msgspec.to_builtins(read_content(stored.raw))),
                    "raw": raw_of(stored.raw),
                }


def _span_rows(lines: Iterator[Row]) -> Iterator[Row]:
    for line in lines:
        span, raw = line["span"], line["raw"]
        yield {
            "session_id": line["session_id"],
            "trace_id": span["trace_id"],
            "span_id": span["span_id"],
            "parent_span_id": span.get("parent_span_id", ""),
            "kind": span["kind"],
            "name": span.get("name", ""),
            "start_ns": min(int(raw.get("start_ns", 0)), _MAX_NS),
            "end_ns": min(int(raw["end_ns"]), _MAX_NS) if raw.get("end_ns") else None,
            **{name: encode(line[name]).decode() for name in ("span", "content", "raw")},
        }


def _parquet(rows: Iterator[Row], schema: pa.Schema, rows_a_group: int) -> Iterator[bytes]:
    """The file in pieces, a row group each."""
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        block: list[Row] = []
        for row in rows:
            block.append(row)
            if len(block) == rows_a_group:
                writer.write_table(pa.Table.from_pylist(block, schema))
                block.clear()
                yield sink.taken()
        if block:
            writer.write_table(pa.Table.from_pylist(block, schema))
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that only remembers what was written since it was last asked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole
