"""
A resumed session that repeats another: Claude Code before 2.0 (and `--fork-session` since) begins a
new file with the old one's lines, under a new session id.

Their model calls were billed once.  They count in the session they were made in; the copy begins
where it goes on by itself.  A copy shows by its first model call, that another file of the folder
has too.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import mapping, text
from quarterdeck.receive.transcripts.source import Source

_MAX_FILES = 5_000
"""Files of a folder whose beginning is looked at; a busy project has some hundreds."""

_MAX_HEAD_BYTES = 4 * 1024 * 1024
"""Where a file's first model call is looked for: prompts and attachments come before it."""


class Copied(NamedTuple):
    session_id: str
    """That of the original."""
    message_ids: frozenset[str]
    """Of the model calls that both have."""


class _Call(NamedTuple):
    message_id: str
    session_id: str
    at_ns: int


def copied(source: Source) -> Copied | None:
    """What `source` repeats of another file beside it.  None = nothing.  Never raises."""
    try:
        mine = _first_call(*_identity(source.path))
        if mine is None:
            return None
        others = [path for path in _beside(source.path) if _is_peer(path, mine)]
        if not others:
            return None
        return _compared(source.path, others)
    except OSError:
        return None


def _compared(path: Path, others: list[Path]) -> Copied | None:
    calls = _calls(path)
    shared: set[str] = set()
    original = ""
    for other in others:
        theirs = _calls(other)
        if _is_original(calls, theirs):
            continue
        common = calls.keys() & theirs.keys()
        if common - shared:
            shared |= common
            original = next(iter(theirs.values())).session_id
    return Copied(original, frozenset(shared)) if shared else None


def _is_original(mine: dict[str, _Call], theirs: dict[str, _Call]) -> bool:
    """
    Whether the shared calls are mine: nothing was added to the original, or only after the copy
    had begun to go its own way.
    """
    my_own = [call.at_ns for key, call in mine.items() if key not in theirs]
    their_own = [call.at_ns for key, call in theirs.items() if key not in mine]
    if my_own and their_own:
        return min(my_own) > min(their_own)
    if my_own or their_own:
        return not my_own
    return next(iter(mine.values())).session_id < next(iter(theirs.values())).session_id


def _is_peer(path: Path, mine: _Call) -> bool:
    first = _first_call(*_identity(path))
    return (
        first is not None
        and first.message_id == mine.message_id
        and first.session_id != mine.session_id
    )


def _beside(path: Path) -> list[Path]:
    found = [
        other
        for other in sorted(path.parent.glob("*.jsonl*"))
        if other != path and not other.name.startswith("agent-")
    ]
    return found[:_MAX_FILES]


def _identity(path: Path) -> tuple[Path, int, int]:
    told = path.stat()
    return path, told.st_mtime_ns, told.st_size


@lru_cache(maxsize=2 * _MAX_FILES)
def _first_call(path: Path, _written_ns: int, _size: int) -> _Call | None:
    """Of a file as it is now: its time and size are part of the question."""
    return next(_read(path, _MAX_HEAD_BYTES), None)


def _calls(path: Path) -> dict[str, _Call]:
    found: dict[str, _Call] = {}
    for call in _read(path, 2**63):
        found.setdefault(call.message_id, call)
    return found


def _read(path: Path, limit: int) -> Iterator[_Call]:
    read = 0
    try:
        for line in Source(path).lines():
            read += len(line.text)
            if b'"assistant"' in line.text:
                call = _call_in(line.text)
                if call is not None:
                    yield call
            if read > limit:
                return
    except (EOFError, OSError):
        return


def _call_in(line: bytes) -> _Call | None:
    try:
        record = mapping(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    message = mapping(record.get("message"))
    message_id, session_id = text(message.get("id")), text(record.get("sessionId"))
    if record.get("type") != "assistant" or not message_id or message.get("model") == "<synthetic>":
        return None
    return _Call(message_id, session_id, instant_ns(record.get("timestamp")) or 0)
