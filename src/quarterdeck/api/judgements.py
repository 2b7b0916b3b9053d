"""
What people say about a session afterwards: its outcome, feedback, and acts that no span shows.

Each is kept as a score with its author; the session's record follows at once.  The same author
saying the same thing again replaces what was said before; others' words stay beside it.
"""

import asyncio
import uuid
from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import Field, model_validator

from quarterdeck.api.access import WRITE, Principal, allow, guarded_router
from quarterdeck.api.answers.session import SessionRecord
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Label, Long, Short
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.api.sessions import find_session
from quarterdeck.assembly.outcome import OUTCOME_SCORE
from quarterdeck.assembly.record import to_json
from quarterdeck.assembly.reported import INTERVENTION_SCORE
from quarterdeck.errors import Invalid
from quarterdeck.model.ids import SessionId
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.model.interventions import InterventionKind
from quarterdeck.model.outcomes import OutcomeLabel
from quarterdeck.model.scores import Judge, Score
from quarterdeck.model.sessions import Session
from quarterdeck.storage.events.scores import ScoreRow, write_scores

router = guarded_router("judgements")

_RESERVED = frozenset({OUTCOME_SCORE, INTERVENTION_SCORE})

By = Annotated[Short, Field(description="Who says so, where a key can't tell. Not for accounts.")]


class OutcomeForm(Form):
    label: OutcomeLabel
    reason: Long = ""
    by: By = ""
    judge: Literal["human", "llm", "code"] = "human"


class FeedbackForm(Form):
    """At least one of value, label and comment."""

    name: Label = "feedback"
    value: float | None = Field(default=None, allow_inf_nan=False)
    label: Short = ""
    comment: Long = ""
    trace_id: Short = ""
    span_id: Short = ""
    by: By = ""
    judge: Literal["human", "llm", "code"] = "human"

    @model_validator(mode="after")
    def says_something(self) -> "FeedbackForm":
        if self.value is None and not self.label and not self.comment:
            raise ValueError("at least one of value, label and comment is needed")
        return self


class InterventionForm(Form):
    kind: InterventionKind
    at: Short = Field(default="", description="RFC 3339; now if left out.")
    waited_s: float | None = Field(default=None, ge=0, le=10**9, allow_inf_nan=False)
    comment: Long = ""
    by: By = ""


@router.post(
    "/sessions/{session_id}/outcome",
    summary="Say how a session ended",
    responses={200: {"model": SessionRecord}},
)
@allow(WRITE)
async def outcome(
    request: Request, session_id: str, form: OutcomeForm, parts: With, who: Who
) -> Response:
    author, judge = _speaker(who, form.by, form.judge)
    score = Score(
        name=OUTCOME_SCORE,
        scope="session",
        label=form.label,
        explanation=form.reason,
        judge=judge,
        author=author,
        identifier=author,
        at_ns=parts.now_ns(),
    )
    found = await asyncio.to_thread(_judge, parts, who, session_id, score, "session.outcome")
    return answer(request, to_json(found))


@router.post(
    "/sessions/{session_id}/feedback",
    status_code=201,
    summary="Judge a session or one of its spans",
    responses={201: {"model": SessionRecord}},
)
@allow(WRITE)
async def feedback(
    request: Request, session_id: str, form: FeedbackForm, parts: With, who: Who
) -> Response:
    if form.name in _RESERVED:
        raise Invalid(
            f"feedback can't be called {form.name!r}",
            hint=f"Outcomes and interventions have their own address: POST …/{form.name}.",
        )
    author, judge = _speaker(who, form.by, form.judge)
    score = Score(
        name=form.name,
        scope="span" if form.span_id else "trace" if form.trace_id else "session",
        target_trace_id=form.trace_id,
        target_span_id=form.span_id,
        value=form.value,
        label=form.label,
        explanation=form.comment,
        judge=judge,
        author=author,
        identifier=author,
        at_ns=parts.now_ns(),
    )
    found = await asyncio.to_thread(_judge, parts, who, session_id, score, "session.feedback")
    return answer(request, to_json(found), status=201)


@router.post(
    "/sessions/{session_id}/interventions",
    status_code=201,
    summary="Report a person's act in a session",
    responses={201: {"model": SessionRecord}},
)
@allow(WRITE)
async def intervention(
    request: Request, session_id: str, form: InterventionForm, parts: With, who: Who
) -> Response:
    author, _ = _speaker(who, form.by, "human")
    score = Score(
        name=INTERVENTION_SCORE,
        scope="session",
        label=form.kind,
        value=form.waited_s,
        explanation=form.comment,
        judge="human",
        author=author,
        # Every act counts: a second approval by the same person is another one.
        identifier=uuid.uuid4().hex,
        at_ns=from_rfc3339(form.at) if form.at else parts.now_ns(),
    )
    found = await asyncio.to_thread(_judge, parts, who, session_id, score, "session.intervention")
    return answer(request, to_json(found), status=201)


def _speaker(who: Principal, by: str, judge: Judge) -> tuple[str, Judge]:
    """An account speaks for itself; a key for whom its holder names."""
    if who.account_id:
        if by or judge != "human":
            raise Invalid("an account speaks for itself", hint="Leave `by` and `judge` out.")
        return who.actor.removeprefix("account:"), "human"
    return by or who.actor, judge


def _judge(parts: Parts, who: Principal, session_id: str, score: Score, action: str) -> Session:
    session = find_session(parts, who, session_id)
    if score.target_trace_id and score.target_trace_id not in session.trace_ids:
        raise Invalid(f"trace {score.target_trace_id!r} is not of this session")
    row = ScoreRow(
        project_id=who.project_id,
        session_id=SessionId(session.session_id),
        score=score,
        ver=parts.now_ns(),
    )
    write_scores(parts.events, [row])
    note(parts, who, action, session.session_id, name=score.name, label=score.label)
    parts.refresh(who.project_id, session.session_id)
    return find_session(parts, who, session.session_id)
