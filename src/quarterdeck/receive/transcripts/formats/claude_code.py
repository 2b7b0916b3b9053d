"""
Claude Code's session files: `~/.claude/projects/<folder>/<session>.jsonl`, all versions since 0.2.

One file is one session; a sub-agent's file is a part of its caller's session.  Lines that say
another session id are that session's, if it has no file of its own.  What a line repeats (by
`uuid`, or a resumed session's copy of the one before) is told once.

What lines mean is read by the folder `claude/`.
"""

import re
from collections.abc import Iterator
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.claude.copies import Copied, copied
from quarterdeck.receive.transcripts.claude.gaps import gaps_in
from quarterdeck.receive.transcripts.claude.session import SessionLines
from quarterdeck.receive.transcripts.claude.subagents import (
    agent_id_of,
    files_of,
    spawned,
    tool_entry_id,
)
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    records,
    text,
)
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import BadLine, Read, Transcript

AGENT = "claude-code"
"""As Claude Code's own telemetry calls its main agent."""

_OWN_TYPES = frozenset(
    {
        "agent-color", "agent-name", "agent-setting", "ai-title", "atis-latch", "cost-state",
        "custom-title", "last-prompt", "mode", "permission-mode", "pr-link", "progress", "tag",
        "tools-used", "worktree-state",
    }
)  # fmt: skip


_SESSION_ID = re.compile(rb'"sessionId"\s*:\s*"([^"\\]+)"')
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def recognizes(source: Source) -> bool:
    if source.head:
        lines = [line for line in source.head if isinstance(line, dict)]
        if any(_is_another_recorders(line) for line in lines):
            return False
        return any(_is_line(line) for line in lines) or _has_loglines(lines[0] if lines else None)
    return _has_loglines(source.top)


def _is_line(line: dict[str, Any]) -> bool:
    match line.get("type"):
        case "user" | "assistant":
            content = mapping(line.get("message")).get("content")
            return "timestamp" in line and isinstance(content, str | list)
        case "summary":
            return "leafUuid" in line
        case "file-history-snapshot":
            return "snapshot" in line
        case "queue-operation":
            return "operation" in line
        case "attachment":
            return isinstance(line.get("attachment"), dict)
        case "system":
            return "subtype" in line and "sessionId" in line
        case kind:
            return text(kind) in _OWN_TYPES and "sessionId" in line


def _is_another_recorders(line: dict[str, Any]) -> bool:
    """iFlow writes the same lines: its session ids begin with a word."""
    return text(line.get("sessionId")).startswith("session-")


def _has_loglines(value: Any) -> bool:
    """Claude Code for the web saves the lines as a list."""
    found = records(mapping(value).get("loglines"))
    return bool(found) and _is_line(found[0])


def belongs(source: Source) -> bool:
    if source.name == "sessions-index.json":
        return source.has_keys("entries")
    return source.name.startswith("agent-") and source.name.endswith(".meta.json")


def read(source: Source) -> Read:
    agent_id = agent_id_of(source)
    main = _session_id(source)
    copy = None if agent_id else copied(source)
    sessions: dict[str, SessionLines] = {}
    own_files: dict[str, bool] = {}
    for record in _records_of(source, copy):
        match record:
            case BadLine():
                yield record
                continue
            case Finding():
                _session(sessions, main).findings.append(record)
                continue
        said_id = text(record.value.get("sessionId")) or main
        if said_id != main and not agent_id:
            has_file = own_files.setdefault(said_id, source.beside(f"{said_id}.jsonl") is not None)
            if has_file:
                _session(sessions, main).elsewhere[said_id] += 1
                continue
        session = _session(sessions, main if agent_id else said_id, flat=bool(agent_id))
        problem = session.take(record)
        if problem:
            yield BadLine(source.shown, record.number, problem)
    for session_id, session in sessions.items():
        if session.is_empty and not session.talk.entries:
            yield from session.findings or [_EMPTY]
            continue
        if agent_id:
            yield _subagent(source, session, session_id, agent_id)
        else:
            yield _transcript(source, session, session_id, main, copy)


_EMPTY = Finding(code="empty_session", message="nobody said anything in it")


def _session(
    sessions: dict[str, SessionLines], session_id: str, *, flat: bool = False
) -> SessionLines:
    if session_id not in sessions:
        sessions[session_id] = SessionLines(flat=flat)
    return sessions[session_id]


def _session_id(source: Source) -> str:
    """
    The file's own: its name if a line says so too, else the first that a line says.

    A resumed session may begin with lines of the one before it, and any with lines of none.
    """
    first = ""
    is_named = _UUID.fullmatch(source.stem) is not None
    for line in source.lines():
        found = _SESSION_ID.search(line.text)
        said = found[1].decode(errors="replace") if found else ""
        if said == source.stem or (said and not is_named):
            return said
        first = first or said
    if first or is_named:
        return first or source.stem
    listed = records(mapping(source.top).get("loglines")) if not source.head else []
    return content_id("claude_code", *(source.head or listed)[:1])


def _records_of(source: Source, copy: Copied | None) -> Iterator[Record | BadLine | Finding]:
    found = _lines(source)
    return _without_copy(found, copy, _last_copied(source, copy)) if copy else found


def _lines(source: Source) -> Iterator[Record | BadLine | Finding]:
    if source.head and not _has_loglines(source.head[0]):
        yield from read_records(source)
        return
    for number, value in enumerate(listing(source.document.get("loglines")), start=1):
        if isinstance(value, dict):
            yield Record(number, value)
        else:
            yield BadLine(source.shown, number, f"expected an object, got {value!r:.40}")


def _last_copied(source: Source, copy: Copied) -> int:
    """The number of the last line of a model call that the original has too."""
    return max(
        (
            record.number
            for record in read_records(source)
            if isinstance(record, Record)
            and text(mapping(record.value.get("message")).get("id")) in copy.message_ids
        ),
        default=0,
    )


def _without_copy(
    found: Iterator[Record | BadLine | Finding], copy: Copied, last: int
) -> Iterator[Record | BadLine | Finding]:
    """What was copied ends with the last shared call and the results of its tools."""
    calls: set[str] = set()
    left_out = 0
    for record in found:
        if isinstance(record, Record):
            blocks = records(mapping(record.value.get("message")).get("content"))
            if record.number <= last:
                calls |= {identifier(b.get("id")) for b in blocks if b.get("type") == "tool_use"}
                left_out += 1
                continue
            answered = {identifier(b.get("tool_use_id")) for b in blocks} - {""}
            if answered and answered <= calls:
                left_out += 1
                continue
        yield record
    yield Finding(
        code="duplicate_lines",
        message=f"{left_out} lines with {len(copy.message_ids)} model calls repeat session "
        f"{copy.session_id!r}, which was resumed: they count there and were left out here",
    )


def _transcript(
    source: Source, session: SessionLines, session_id: str, main: str, copy: Copied | None
) -> Transcript:
    talk = session.talk
    is_main = session_id == main
    findings = [*session.findings, *gaps_in(session, files_of(source, session_id))]
    continued = {"continued_from": copy.session_id} if copy and is_main else {}
    return Transcript(
        format="claude_code",
        session_id=session_id,
        part="" if is_main else f"in:{main}",
        agent=AGENT,
        task=talk.task or talk.command,
        tags=tuple(tag for tag in session.tags if tag),
        entries=tuple(talk.entries),
        written_ns=source.written_ns,
        recorded_cost_usd=session.recorded_cost_usd,
        findings=tuple(findings),
        metadata=session.metadata | continued,
    )


def _subagent(source: Source, session: SessionLines, session_id: str, agent_id: str) -> Transcript:
    start = spawned(source, agent_id, session_id)
    findings = [*session.findings, *gaps_in(session, files_of(source, session_id))]
    return Transcript(
        format="claude_code",
        session_id=session_id,
        part=f"agent-{agent_id}",
        attached_to=tool_entry_id(start.call_id) if start.call_id else "",
        agent=start.agent or "sub-agent",
        entries=tuple(session.talk.entries),
        written_ns=source.written_ns,
        findings=tuple(findings),
        metadata=session.metadata | {"agent_id": agent_id},
    )


FORMAT = Format(
    name="claude_code",
    title="Claude Code",
    recognizes=recognizes,
    read=read,
    belongs=belongs,
    follows=(Followed("~/.claude", "projects/**/*.jsonl", "CLAUDE_CONFIG_DIR"),),
)
