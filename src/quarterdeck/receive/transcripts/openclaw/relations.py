"""
Which session asked for a sub-agent's, by what stands beside its file.

`sessions.json` of an agent names its sessions' keys (`agent:coder:subagent:<uuid>`) and who spawned
them; the caller's own file holds the call whose result names that key.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.transcripts.openclaw.events import calls_in, tool_entry_id
from quarterdeck.receive.transcripts.source import Source

_MAX_FILES = 2_000
"""Sessions of an agent that are looked through for a sub-agent's caller."""


class Caller(NamedTuple):
    session_id: str
    entry_id: str
    """The tool call's; "" = it was not found."""


class Known(NamedTuple):
    """What `sessions.json` or the trajectory beside a session says of it."""

    key: str
    """`agent:<agent>:<scope>:<id>`; "" = not told."""
    entry: dict[str, Any]
    """Its entry of `sessions.json`."""

    @property
    def agent(self) -> str:
        pieces = self.key.split(":")
        return pieces[1] if len(pieces) > 2 and pieces[0] == "agent" else ""

    @property
    def spawned_by(self) -> str:
        return text(self.entry.get("spawnedBy"))

    @property
    def is_subagent(self) -> bool:
        return bool(self.spawned_by) or ":subagent:" in self.key


def known_of(source: Source, session_id: str) -> Known:
    """Never raises; empty where nothing stands beside."""
    index = source.beside("sessions.json")
    for key, entry in mapping(index.top if index is not None else None).items():
        if mapping(entry).get("sessionId") == session_id:
            return Known(key, mapping(entry))
    trajectory = source.beside(f"{session_id}.trajectory.jsonl")
    first = mapping(trajectory.head[0]) if trajectory is not None and trajectory.head else {}
    key = text(first.get("sessionKey"))
    return Known(key, {"spawnedBy": _requester_of(source, key)})


def _requester_of(source: Source, key: str) -> str:
    """As `subagents/runs.json` of the state folder tells it; "" = it does not."""
    registry = source.beside("../../../subagents/runs.json") if key else None
    runs = mapping(mapping(registry.top if registry is not None else None).get("runs"))
    return next(
        (
            text(mapping(run).get("requesterSessionKey"))
            for run in runs.values()
            if mapping(run).get("childSessionKey") == key
        ),
        "",
    )


def caller_of(source: Source, known: Known) -> Caller | None:
    """The session whose tool call asked for it.  None = not told here.  Never raises."""
    if not known.key or not known.is_subagent:
        return None
    for path in _candidates(source, known):
        try:
            found = _calls(Source(path), known.key)
        except (OSError, EOFError):
            continue
        if found is not None:
            return found
    return None


def _candidates(source: Source, known: Known) -> Iterator[Path]:
    """Files of sessions in its own folder and, if it is another, in the caller's agent's."""
    caller = known.spawned_by.split(":")
    folders = [source.path.parent]
    if len(caller) > 1:
        folders.append(source.path.parent / "../.." / caller[1] / "sessions")
    for folder in folders:
        for path in sorted(folder.glob("*.jsonl"))[:_MAX_FILES]:
            if not path.name.endswith(".trajectory.jsonl") and path.name != source.path.name:
                yield path


def _calls(caller: Source, key: str) -> Caller | None:
    """The first line tells the session, a result with the key the call that it answers."""
    if key.encode() not in caller.path.read_bytes():
        return None
    events = (_decoded(line.text) for line in caller.lines())
    return find_call(events, key)


def find_call(events: Iterator[dict[str, Any]], key: str) -> Caller | None:
    """Among one session's entries: the call whose result names the sub-agent's key."""
    session_id = ""
    entries: dict[str, str] = {}
    for event in events:
        if event.get("type") == "session":
            session_id = text(event.get("id"))
        message = mapping(event.get("message"))
        for number, call_id in enumerate(calls_in(event), start=1):
            entries[call_id] = tool_entry_id(identifier(event.get("id")), number)
        if mapping(message.get("details")).get("childSessionKey") == key:
            return Caller(session_id, entries.get(identifier(message.get("toolCallId")), ""))
    return None


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        return mapping(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
