"""
OpenClaw: a JSONL file for each session up to 2026.4, one SQLite file for each agent since 2026.9.

A sub-agent's session is a part of the session that asked for it, where that can be told.  That a
run ended without an error is no success: no outcome is claimed.
"""

from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.databases import has_table, opened
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, present, text
from quarterdeck.receive.transcripts.openclaw import state
from quarterdeck.receive.transcripts.openclaw.events import Events
from quarterdeck.receive.transcripts.openclaw.marks import is_openclaws
from quarterdeck.receive.transcripts.openclaw.relations import Caller, caller_of, known_of
from quarterdeck.receive.transcripts.openclaw.trajectory import Runs, contradictions, runs_of
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import BadLine, Read, Status, Transcript

_STATUS: dict[str, Status] = {
    "failed": "error", "timeout": "error", "killed": "cancelled", "done": "ok",
}  # fmt: skip
_MAIN = "openclaw"
"""An agent whose name is told nowhere."""


_EMPTY = Finding(code="empty_session", message="nobody said anything in it")


def recognizes(source: Source) -> bool:
    return is_openclaws(source) or has_table(source, state.TABLE, *state.COLUMNS)


def belongs(source: Source) -> bool:
    if source.name.endswith(".trajectory.jsonl"):
        head = mapping(source.head[0]) if source.head else {}
        return head.get("traceSchema") == "openclaw-trajectory"
    if source.name == "sessions.json":
        entries = [mapping(one) for one in mapping(source.top).values()]
        return bool(entries) and all("sessionId" in one for one in entries)
    return source.name == "runs.json" and "runs" in mapping(source.top)


def read(source: Source) -> Read:
    if source.head:
        yield from _read_lines(source)
    else:
        yield from _read_state(source)


def _read_lines(source: Source) -> Read:
    events = Events()
    told: list[tuple[str, dict[str, Any]]] = []
    for item in read_records(source):
        if isinstance(item, Record):
            told.append((f"line {item.number}", item.value))
        elif isinstance(item, Finding):
            events.dialogue.note(item)
        else:
            yield item
    events.read(told)
    if events.dialogue.is_empty:
        yield _EMPTY
        return
    session_id = identifier(events.header.get("id")) or source.stem
    known = known_of(source, session_id)
    runs = runs_of(source, session_id)
    agent = known.agent or _agent_in(source)
    yield _transcript(
        source,
        events,
        session_id=session_id,
        agent=agent,
        caller=caller_of(source, known),
        run_status=text(known.entry.get("status")),
        runs=runs,
        about={"session_key": known.key, "label": text(known.entry.get("label"))},
    )


def _agent_in(source: Source) -> str:
    """`agents/<agent>/sessions/<id>.jsonl`, or `agents/<agent>/agent/….sqlite`."""
    parts = source.path.parts
    return parts[-3] if len(parts) > 3 and parts[-4] == "agents" else ""


def _read_state(source: Source) -> Read:
    with opened(source) as database:
        for window in state.windows_of(database):
            events = Events()
            told: list[tuple[str, dict[str, Any]]] = []
            for stored in state.events_of(database, window.session_id):
                if stored.problem:
                    where = f"session {window.session_id}, entry {stored.seq}: "
                    yield BadLine(source.shown, stored.seq, where + stored.problem)
                else:
                    told.append((f"entry {stored.seq}", stored.event))
            events.read(told)
            if events.dialogue.is_empty:
                continue
            pieces = window.key.split(":")
            yield _transcript(
                source,
                events,
                session_id=window.session_id or content_id("openclaw", told[:1]),
                agent=pieces[1] if len(pieces) > 2 else _agent_in(source),
                caller=state.caller_of(source, database, window),
                run_status=text(window.row.get("status")),
                about={
                    "session_key": window.key,
                    "channel": text(window.row.get("channel")),
                    "previous_session": text(window.row.get("previous_session_id")),
                    "reason": text(window.row.get("reason")),
                },
            )


def _transcript(
    source: Source, events: Events, *, session_id: str, agent: str, caller: Caller | None,
    run_status: str, about: dict[str, Any], runs: Runs | None = None,
) -> Transcript:  # fmt: skip
    entries, findings = events.dialogue.close()
    if runs is not None:
        findings = (*findings, *contradictions(runs, entries))
    part = f"subagent:{session_id}" if caller is not None else ""
    return Transcript(
        format="openclaw",
        session_id=caller.session_id if caller is not None else session_id,
        part=part,
        attached_to=caller.entry_id if caller is not None else "",
        agent=agent or _MAIN,
        task="" if part else events.task,
        started_ns=instant_ns(events.header.get("timestamp")),
        entries=entries,
        written_ns=source.written_ns,
        status=_STATUS.get(run_status, "unset"),
        findings=findings,
        metadata=present(
            about
            | {
                "run_status": run_status or (runs.status if runs is not None else ""),
                "cwd": text(events.header.get("cwd")),
                "version": events.header.get("version"),
                "own_session_id": session_id if part else "",
                "other_entries": dict(events.other),
            }
        ),
    )


FORMAT = Format(
    name="openclaw",
    title="OpenClaw",
    recognizes=recognizes,
    read=read,
    belongs=belongs,
    follows=(
        Followed("~/.openclaw", "agents/*/sessions/*.jsonl", "OPENCLAW_STATE_DIR"),
        Followed("~/.openclaw", "agents/*/agent/openclaw-agent.sqlite", "OPENCLAW_STATE_DIR"),
    ),
)
