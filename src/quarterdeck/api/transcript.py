"""
A session to be read, a page of steps at a time, and its outline.

The outline reads what was asked at the first turns only; later ones have a name and no words.
"""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.transcript import Outline, Transcript
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.reading import (
    KeepsSteps,
    acts_of,
    answered,
    keeper_of,
    read_facts,
    read_steps,
    story_of,
)
from quarterdeck.assembly.acts import ShownAct
from quarterdeck.assembly.outline import outline as outline_of
from quarterdeck.assembly.standing import Standing
from quarterdeck.assembly.transcript import AHEAD, asked_in, entries, page_of, ran_of
from quarterdeck.model.sessions import Step

router = guarded_router("sessions")

_TURNS_READ = 200
"""Beginnings of turns whose words are read: 50 ms at the most.  Talks have some dozens."""
_NEAR = 10


@router.get(
    "/sessions/{session_id}/transcript",
    summary="The session as a transcript, a page of entries",
    responses={200: {"model": Transcript}},
)
@allow(READ)
async def transcript(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    first: Annotated[
        int, Query(alias="from", ge=1, le=10**9, description="The number of the first step.")
    ] = 1,
    limit: Annotated[int, Query(ge=1, le=200, description="Steps.")] = 50,
) -> Response:
    kept = keeper_of(request)
    page = await asyncio.to_thread(_transcript, kept, parts, who, session_id, first, limit)
    return answer(request, page)


def _transcript(
    kept: KeepsSteps, parts: Parts, who: Principal, session_id: str, first: int, limit: int
) -> dict[str, Any]:
    standing = story_of(kept, parts, who, session_id)
    page = page_of(standing, first=first, limit=limit)
    steps = standing.steps
    # As sent: a transcript tells what was new at each step, and that is what was sent.
    read = read_steps(parts, who, [standing.step(n) for n in page.needed()], as_sent=True)
    ahead = [s for s in steps[page.end - 1 : page.end - 1 + AHEAD] if s.kind == "tool"]
    later = read_facts(parts, who, ahead)
    facts = [*(one.span for one in read.values()), *later.values()]
    return {
        "session_id": standing.session.session_id,
        "total": len(steps),
        "entries": entries(
            standing,
            page,
            read=read,
            ran=ran_of(facts),
            acts=_acts(parts, who, standing, page.first, page.end),
        ),
        "next_from": page.end if page.end <= len(steps) else None,
    }


def _acts(
    parts: Parts, who: Principal, standing: Standing, first: int, end: int
) -> dict[int, list[ShownAct]]:
    here = [
        act
        for act in standing.session.interventions
        if (place := standing.place_of(act)) is not None and first <= place < end
    ]
    found: dict[int, list[ShownAct]] = {}
    for act in acts_of(parts, who, standing, here):
        found.setdefault(act.step or 0, []).append(act)
    return found


@router.get(
    "/sessions/{session_id}/outline",
    summary="Turns, agents and notable events, each with its steps",
    responses={200: {"model": Outline}},
)
@allow(READ)
async def outline(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return await asyncio.to_thread(answered, request, parts, who, session_id, _outline)


def _outline(parts: Parts, who: Principal, standing: Standing) -> dict[str, Any]:
    begun = [standing.step(number) for number in standing.turns()[:_TURNS_READ]]
    first_calls = {step.number: _first_call(standing, step) for step in begun}
    calls = [call for call in first_calls.values() if call is not None]
    read = read_steps(
        parts, who, {step.number: step for step in (*begun, *calls)}.values(), as_sent=True
    )

    def words(step: Step | None) -> str:
        told = read.get(step.number) if step is not None else None
        return asked_in(told.content, is_agent=step.kind == "agent") if step and told else ""

    asked = {
        step.number: words(step) or words(first_calls[step.number])
        for step in begun
        if step.number in read
    }
    made = outline_of(standing, asked=asked)
    return {
        "session_id": standing.session.session_id,
        "total": len(standing.steps),
        **msgspec.structs.asdict(made),
    }


def _first_call(standing: Standing, step: Step) -> Step | None:
    """Of an agent's turn: an agent may keep to itself what it was asked."""
    if step.kind != "agent":
        return None
    within = standing.steps[step.number : standing.last_within[step.number - 1]]
    return next((one for one in within[:_NEAR] if one.kind == "model"), None)
