"""
Scores that a client gave by themselves: to a session, to a trace, to a span of somebody's trace.

They are kept like those that people give through the API, under the id that they were given to,
so they may come before what they judge.
"""

import msgspec

from quarterdeck.model.ids import ProjectId, SessionId, public_id
from quarterdeck.receive.wire import Judgement
from quarterdeck.storage.events.scores import ScoreRow


def needs_trace(judgement: Judgement) -> bool:
    """Whether it names a span and nothing else."""
    score = judgement.score
    return bool(score.target_span_id and not score.target_trace_id and not score.target_session_id)


def in_trace(judgement: Judgement, trace_id: str) -> Judgement:
    score = msgspec.structs.replace(judgement.score, target_trace_id=trace_id)
    return msgspec.structs.replace(judgement, score=score)


def score_row(project_id: ProjectId, judgement: Judgement, *, arrived_ns: int) -> ScoreRow:
    score = judgement.score
    given_ns = judgement.given_ns or arrived_ns
    session_id = (
        public_id(score.target_session_id)
        if score.target_session_id
        else f"trace:{score.target_trace_id}"
    )
    return ScoreRow(
        project_id=project_id,
        session_id=SessionId(session_id),
        score=score if score.at_ns else msgspec.structs.replace(score, at_ns=given_ns),
        ver=given_ns,
        is_deleted=judgement.taken_back,
    )
