"""
The audit: who changed what, newest first.  Read only; nothing here can be taken back.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import ADMIN, OWNER, allow, guarded_router
from quarterdeck.api.answers.audit import AuditPage
from quarterdeck.api.bodies import answer
from quarterdeck.api.pages import next_cursor, read_cursor
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import audit

router = guarded_router("access")

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str, Query(max_length=200)]


@router.get(
    "/audit", summary="Changes in this project, newest first", responses={200: {"model": AuditPage}}
)
@allow(ADMIN)
async def of_project(
    request: Request, parts: With, who: Who, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    page = await asyncio.to_thread(_page, parts, who.project_id, limit, cursor)
    return answer(request, page)


@router.get(
    "/server/audit",
    summary="Logins and changes of accounts and projects",
    responses={200: {"model": AuditPage}},
)
@allow(OWNER)
async def of_server(
    request: Request, parts: With, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return answer(request, await asyncio.to_thread(_page, parts, "", limit, cursor))


def _page(parts: Parts, project_id: str, limit: int, cursor: str) -> dict[str, Any]:
    before = read_cursor(cursor, "audit", project_id, kinds=(int,))
    rows = audit.list_audit(
        parts.records, project_id, before_id=before[0] if before else None, limit=limit + 1
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return {
        "audit": [
            {
                "at": to_rfc3339(row.at_ns),
                "actor": row.actor,
                "action": row.action,
                "target": row.target,
                "details": row.details,
            }
            for row in rows
        ],
        "next_cursor": next_cursor("audit", project_id, rows[-1].audit_id) if more else None,
    }
