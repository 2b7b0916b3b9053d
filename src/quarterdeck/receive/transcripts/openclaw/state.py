"""
OpenClaw's sessions in SQLite (since 2026.9): `agents/<agent>/agent/openclaw-agent.sqlite`.

Large entries are packed with zstd.  Where this Python can't unpack them each is a `BadLine` that
says what to install; the others are read.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.databases import Database, opened
from quarterdeck.receive.transcripts.members import mapping, text
from quarterdeck.receive.transcripts.openclaw.relations import Caller, find_call
from quarterdeck.receive.transcripts.source import Source

TABLE = "transcript_events"
COLUMNS = ("session_id", "seq", "event_json")

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""OpenClaw writes at most 4 MiB; more is a damaged or a hostile file."""


class Window(NamedTuple):
    """A session, as `session_windows` tells it."""

    session_id: str
    row: dict[str, Any]

    @property
    def key(self) -> str:
        return text(self.row.get("session_key"))

    @property
    def spawned_by(self) -> str:
        return text(self.row.get("spawned_by")) or text(self.row.get("parent_session_key"))


class Stored(NamedTuple):
    seq: int
    event: dict[str, Any]
    problem: str
    """What could not be read; "" = nothing."""


def windows_of(database: Database) -> Iterator[Window]:
    """Every session with entries, those that `session_windows` has forgotten too."""
    known: dict[str, dict[str, Any]] = {}
    if database.columns("session_windows") >= {"session_id", "session_key"}:
        known = {
            str(row["session_id"]): row for row in database.rows("SELECT * FROM session_windows")
        }
    for row in database.rows(
        "SELECT session_id, min(created_at) AS began FROM transcript_events "
        "GROUP BY session_id ORDER BY began, session_id"
    ):
        session_id = str(row["session_id"])
        yield Window(session_id, known.get(session_id, {}))


def events_of(database: Database, session_id: str) -> Iterator[Stored]:
    """In the order in which they were written."""
    packed = "event_zstd" if "event_zstd" in database.columns(TABLE) else "NULL AS event_zstd"
    # `packed` is one of two literals; no value of the file is in the text.
    sql = (
        f"SELECT seq, event_json, {packed} FROM transcript_events WHERE session_id = ? ORDER BY seq"
    )
    for row in database.rows(sql, (session_id,)):
        yield _stored(row)


def _stored(row: dict[str, Any]) -> Stored:
    seq = row["seq"] if isinstance(row["seq"], int) else 0
    raw: Any = row["event_json"]
    if raw is None:
        unpack = unpacker()
        if unpack is None:
            return Stored(
                seq, {}, "the entry is packed with zstd, which this Python can't unpack: "
                "install `zstandard` (it is part of `quarterdeck[server]`) and import again",
            )  # fmt: skip
        try:
            raw = unpack(row["event_zstd"])
        except Exception as error:  # noqa: BLE001 - each unpacker has errors of its own
            return Stored(seq, {}, f"the entry can't be unpacked: {error}")
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:
        return Stored(seq, {}, f"not JSON: {error}")
    if not isinstance(value, dict):
        return Stored(seq, {}, f"expected an object, got a {type(value).__name__}")
    return Stored(seq, value, "")


def unpacker() -> Callable[[bytes], bytes] | None:
    """None where zstandard is not installed: it comes with the server, not with the client."""
    try:
        import zstandard
    except ImportError:
        return None
    return lambda data: zstandard.ZstdDecompressor().decompress(
        data, max_output_size=MAX_EVENT_BYTES
    )


def caller_of(source: Source, database: Database, window: Window) -> Caller | None:
    """
    The session whose tool call asked for this one: in this file, or in that of the caller's agent.
    None = it was nobody's sub-agent, or that is not told.  Never raises.
    """
    if not window.spawned_by and ":subagent:" not in window.key:
        return None
    pieces = window.spawned_by.split(":")
    agent = pieces[1] if len(pieces) > 1 else ""
    other = source.beside(f"../../{agent}/agent/{source.path.name}") if agent else None
    try:
        found = _search(database, window.key)
        if found is None and other is not None:
            with opened(other) as theirs:
                found = _search(theirs, window.key)
    except (Invalid, OSError):
        return None
    return found


def _search(database: Database, key: str) -> Caller | None:
    if not key:
        return None
    sessions = database.rows(
        "SELECT DISTINCT session_id FROM transcript_events WHERE instr(event_json, ?) > 0", (key,)
    )
    for row in list(sessions):
        session_id = str(row["session_id"])
        events = (mapping(one.event) for one in events_of(database, session_id))
        found = find_call(events, key)
        if found is not None:
            return found._replace(session_id=session_id)
    return None
