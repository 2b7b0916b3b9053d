"""
Judgements given through the API: feedback, corrected outcomes, evaluators' results.

Scores that spans carry stay in the spans.  (session, scope, target, name, identifier) is one
score, and the last given wins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.scores import Score
from quarterdeck.storage.events.columns import encode, instants, labels, texts
from quarterdeck.storage.events.connection import EventConnection, question
from quarterdeck.storage.events.scope import ProjectScope


class ScoreRow(NamedTuple):
    project_id: ProjectId
    session_id: SessionId
    score: Score
    ver: int
    """Nanoseconds when it was given."""
    is_deleted: bool = False
    """Takes the score back."""


class ScoresRow(NamedTuple):
    session_id: str
    score: str


_scores = msgspec.json.Decoder(Score)


def write_scores(db: EventConnection, rows: Sequence[ScoreRow]) -> None:
    """Returns when all are on disk."""
    if not rows:
        return
    scores = [row.score for row in rows]
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([row.project_id for row in rows]),
            "session_id": texts([row.session_id for row in rows]),
            "scope": labels([score.scope for score in scores]),
            "trace_id": texts([score.target_trace_id for score in scores]),
            "span_id": texts([score.target_span_id for score in scores]),
            "name": labels([score.name for score in scores]),
            # Without an identifier the author tells two people's judgements apart.
            "identifier": texts([score.identifier or score.author for score in scores]),
            "value": pa.array([score.value for score in scores], pa.float64()),
            "label": texts([score.label for score in scores]),
            "judge": labels([score.judge for score in scores]),
            "author": texts([score.author for score in scores]),
            "at_ns": instants([score.at_ns for score in scores]),
            "score": pa.array([encode(score) for score in scores], pa.binary()),
            "ver": pa.array([row.ver for row in rows], pa.uint64()),
            "is_deleted": pa.array([int(row.is_deleted) for row in rows], pa.uint8()),
        }
    )
    db.insert("scores", batch)


def session_scores(
    db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]
) -> dict[str, list[Score]]:
    """
    By session id, oldest first; sessions without scores are left out.

    Scores stay with the id that they were given to: ask for a session's earlier ids
    (`trace:<id>` of its traces) as well.
    """
    found: dict[str, list[Score]] = {}
    params = {"project_id": scope.project_id, "session_ids": list(session_ids)}
    for row in db.rows(question("scores"), params):
        found.setdefault(row[0], []).append(_scores.decode(row[1]))
    return found


def has_scores(db: EventConnection, scope: ProjectScope) -> bool:
    """Whether `session_scores` could find anything at all; costs a few milliseconds."""
    return bool(db.rows(question("has_scores"), {"project_id": scope.project_id}))
