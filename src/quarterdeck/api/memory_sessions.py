"""
What one session read of memory and what it wrote there, and who read that later.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.memory import MemoryOfSession
from quarterdeck.api.bodies import answer
from quarterdeck.api.memory import Cursor
from quarterdeck.api.memory_answers import address_shown, in_short, outcomes_of, reading_shown
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.sessions import check_id, find_session
from quarterdeck.model.ids import public_id
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records.memory_history import (
    SessionRead,
    SessionWrite,
    memory_of_session,
)

router = guarded_router("sessions")


@router.get(
    "/sessions/{session_id}/memory",
    summary="What a session read of memory and wrote there",
    responses={200: {"model": MemoryOfSession}},
)
@allow(READ)
async def of_session(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
    cursor: Cursor = "",
) -> Response:
    check_id(session_id)
    belongs_to = f"{who.project_id}/{session_id}"
    offset = read_offset(cursor, "session memory", belongs_to)
    told = await asyncio.to_thread(_of_session, parts, who, session_id, limit, offset)
    end = offset + limit
    more = end < max(told["reads_total"], told["writes_total"])
    told["next_cursor"] = next_offset("session memory", belongs_to, end if more else 0)
    return answer(request, told)


def _of_session(
    parts: Parts, who: Principal, session_id: str, limit: int, offset: int
) -> dict[str, Any]:
    wanted = public_id(session_id)
    found = memory_of_session(
        parts.records, project_id=who.project_id, session_id=wanted, limit=limit, offset=offset
    )
    if not found.reads_total and not found.writes_total:
        # Memory outlives the sessions that wrote it, so only one that left none must be stored.
        find_session(parts, who, session_id)
    readings = (reading for one in found.writes for reading in one.write.readings)
    outcomes = outcomes_of(parts, who, (reading.session_id for reading in readings))
    return {
        "reads": [_read_shown(one) for one in found.reads],
        "reads_total": found.reads_total,
        "writes": [_write_shown(one, wanted, outcomes) for one in found.writes],
        "writes_total": found.writes_total,
    }


def _read_shown(one: SessionRead) -> dict[str, Any]:
    return {
        "address": address_shown(one.address),
        "seq": one.seq,
        "at": to_rfc3339(one.at_ns),
        "trace_id": one.reader.trace_id,
        "span_id": one.reader.span_id,
        "agent": one.reader.agent,
        "written_by_session": one.writer.session_id,
        "current": one.current,
        "hidden": one.hidden,
    }


def _write_shown(one: SessionWrite, session_id: str, outcomes: dict[str, str]) -> dict[str, Any]:
    write, entry = one.write, one.write.entry
    before = in_short(None if one.before is None else one.before.value)
    after = in_short(entry.value)
    return {
        "address": address_shown(entry.address),
        "seq": entry.seq,
        "at": to_rfc3339(entry.at_ns),
        "trace_id": entry.provenance.trace_id,
        "span_id": entry.provenance.span_id,
        "agent": entry.provenance.agent,
        "deleted": write.deleted,
        "before": before.value,
        "after": after.value,
        "cut": before.cut or after.cut,
        "current": write.current,
        "hidden": write.hidden,
        "read_later_by": [
            reading_shown(reading, outcomes)
            for reading in write.readings
            if reading.session_id != session_id
        ],
    }
