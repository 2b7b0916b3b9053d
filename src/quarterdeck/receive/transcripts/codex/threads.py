"""
Whose sub-agent a rollout is.  Its first line names the caller's thread; the tool call is found in
the caller's file, where that is still beside it or in the folder of a day close by.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from quarterdeck.receive.transcripts.codex.outputs import tool_entry_id
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.transcripts.source import Source

_MAX_DEPTH = 8
"""Sub-agents of sub-agents: Codex allows one level unless it is told otherwise."""


class Thread(NamedTuple):
    """What `session_meta` tells."""

    id: str
    parent: str
    """The thread that started it; "" = a person did."""
    agent: str
    role: str
    meta: dict[str, Any]


class Place(NamedTuple):
    session_id: str
    """That of the outermost caller."""
    attached_to: str


def thread_of(meta: dict[str, Any]) -> Thread:
    """Of a `session_meta`'s payload, or of the bare first line of an old file."""
    subagent = mapping(meta.get("source")).get("subagent")
    spawn = mapping(mapping(subagent).get("thread_spawn"))
    role = text(spawn.get("agent_role")) or text(meta.get("agent_role")) or text(subagent)
    name = text(spawn.get("agent_nickname")) or text(meta.get("agent_nickname"))
    return Thread(
        id=identifier(meta.get("id")),
        parent=identifier(spawn.get("parent_thread_id")),
        agent=name,
        role=role,
        meta=meta,
    )


def place_of(source: Source, thread: Thread) -> Place:
    """Where a sub-agent's rollout belongs.  Never raises."""
    session_id, attached_to = thread.parent, ""
    child = thread
    for _ in range(_MAX_DEPTH):
        caller = _file_of(source, child.parent)
        if caller is None:
            break
        above = thread_of(_meta_in(caller))
        if not above.parent:
            if child is thread:
                call_id = _spawning_call(caller, thread.id)
                attached_to = tool_entry_id(call_id) if call_id else ""
            break
        child, session_id = above, above.parent
    return Place(session_id, attached_to)


def _file_of(source: Source, thread_id: str) -> Source | None:
    if not thread_id:
        return None
    for folder in _folders(source.path.parent):
        try:
            found = next(folder.glob(f"*{_escaped(thread_id)}.jsonl*"), None)
        except (OSError, ValueError):
            continue
        if found is not None:
            return Source(found)
    return None


def _escaped(thread_id: str) -> str:
    return "".join(letter for letter in thread_id if letter.isalnum() or letter in "-_")


def _folders(own: Path) -> Iterator[Path]:
    """`sessions/2026/08/01`: its own day's folder, then those of its month and year."""
    yield own
    if own.name.isdigit():
        yield from (day for day in sorted(own.parent.glob("*")) if day != own)


def _meta_in(source: Source) -> dict[str, Any]:
    first = mapping(source.head[0]) if source.head else {}
    return mapping(first.get("payload")) or first


def _spawning_call(caller: Source, thread_id: str) -> str:
    needle = thread_id.encode()
    try:
        for line in caller.lines():
            if needle not in line.text:
                continue
            payload = mapping(mapping(_decoded(line.text)).get("payload"))
            if payload.get("type") in ("function_call_output", "collab_agent_spawn_end"):
                return identifier(payload.get("call_id"))
    except (OSError, EOFError):
        pass
    return ""


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
