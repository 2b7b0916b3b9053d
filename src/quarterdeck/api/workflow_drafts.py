"""
Drafts: a workflow's folder made of what agents were seen to do, for a team that has none yet.

Nothing is kept: who asks gets files, changes them, and pushes them.  Where no agent was seen
there are no files, which is an answer and no error.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.workflow_drafts import WorkflowDraft
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.reading import KeepsSteps, keeper_of, story_of
from quarterdeck.api.selection import read_instant
from quarterdeck.api.spans import read_spans, whole
from quarterdeck.assembly.observed import Observing, ReadCall, calls_to_read
from quarterdeck.assembly.standing import Standing
from quarterdeck.errors import NotFound
from quarterdeck.normalize.normalize import read_content
from quarterdeck.storage.events import session_reads
from quarterdeck.storage.events.session_reads import SessionFilter
from quarterdeck.workflows.draft import Draft, draft

router = guarded_router("workflows")

Word = Annotated[str, Query(max_length=500)]


@router.get(
    "/workflows/drafts",
    summary="A workflow's files made of observed sessions",
    responses={200: {"model": WorkflowDraft}},
)
@allow(READ)
async def make_draft(
    request: Request,
    parts: With,
    who: Who,
    name: Annotated[Word, Query(description="Of the workflow that the draft is for.")] = "",
    since: Annotated[str, Query(max_length=64, description="Sessions that began then.")] = "",
    agent: Annotated[Word, Query(description="Sessions in which this agent took part.")] = "",
    task_type: Word = "",
    limit: Annotated[
        int, Query(ge=1, le=50, description="Sessions that are read, the newest.")
    ] = 20,
) -> Response:
    wanted = SessionFilter(
        since_ns=read_instant(since, now_ns=parts.now_ns(), name="since") if since else 0,
        agent=(agent,) if agent else (),
        task_type=(task_type,) if task_type else (),
    )
    kept = keeper_of(request)
    made = await asyncio.to_thread(
        _draft, kept, parts, who, wanted, name=name or agent or task_type, limit=limit
    )
    return answer(request, made)


def _draft(
    kept: KeepsSteps,
    parts: Parts,
    who: Principal,
    wanted: SessionFilter,
    *,
    name: str,
    limit: int,
) -> dict[str, Any]:
    page = session_reads.session_page(parts.events, scope_of(parts, who), wanted, limit=limit)
    observing = Observing()
    for session in page.sessions:
        try:
            standing = story_of(kept, parts, who, session.session_id)
        except NotFound:
            continue  # It expired, or merged into another, since the page was read.
        observing.take(standing.session, standing.steps, _calls(parts, who, standing))
    observed = observing.observed()
    # No agent, no draft: one made of nothing would look like something that was seen.
    made = draft(observed, name=name) if observed.agents else Draft(files={}, notes=())
    models = {model.model for agent in observed.agents for model in agent.models}
    return {
        "files": made.files,
        "observed": {
            "sessions": observed.sessions,
            "agents": len(observed.agents),
            "tools": len(observed.tools),
            "models": len(models),
        },
        "notes": list(made.notes),
    }


def _calls(parts: Parts, who: Principal, standing: Standing) -> list[ReadCall]:
    steps = {(step.trace_id, step.span_id): step for step in calls_to_read(standing.steps)}
    if not steps:
        return []
    scope = scope_of(parts, who)
    stored = read_spans(parts, scope, list(steps))
    return [
        ReadCall(steps[one.span.trace_id, one.span.span_id], one.span, read_content(raw), raw)
        for one, raw in zip(stored, whole(parts, scope, stored), strict=True)
    ]
