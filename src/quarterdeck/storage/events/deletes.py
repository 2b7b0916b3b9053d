"""
Taking data out: a session, a person's data, a project, what is older than its retention.

Rows are gone from every read when a call returns; their bytes leave with the next merges.  Refuses
nothing: deleting what is not there is fine, so a job that was killed half-way is run again.  What
is written again is there again: that nobody does is the pipeline's business, which asks
`storage/records/deletions.py`.
"""

import time
from collections.abc import Iterable, Sequence

from quarterdeck.storage.events.connection import EventConnection, Params, question
from quarterdeck.storage.events.fragments import (
    OBJECT_ATTRIBUTE,
    fragments_of,
    mark_deleted,
    objects_of_traces,
)
from quarterdeck.storage.events.migrate import render
from quarterdeck.storage.events.scope import ProjectScope

TABLES = (
    "spans", "lifted", "session_links", "sessions", "scores", "stories", "fragments", "members",
)  # fmt: skip
"""Everything that holds a project's events; a test compares it with the migrations."""

_IDS_A_QUESTION = 1_000


def delete_sessions(
    db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]
) -> list[str]:
    """
    The sessions with all their traces' spans, events, links, scores and stories.  The trace ids,
    for collaborators that keep something by trace.
    """
    trace_ids = _traces(db, scope, session_ids)
    delete_traces(db, scope, trace_ids)
    # Scores may still carry the ids that the traces had before they joined a session.
    ids = sorted({*session_ids, *(f"trace:{trace_id}" for trace_id in trace_ids)})
    for some in _chunks(ids):
        params: Params = {"project_id": scope.project_id, "session_ids": some}
        _delete(db, "delete_scores", params)
        _delete(db, "delete_sessions", params)
        _delete(db, "delete_stories", params)
    return trace_ids


def delete_traces(db: EventConnection, scope: ProjectScope, trace_ids: Sequence[str]) -> None:
    """Spans, events and links of traces; their sessions' rows are the caller's to write anew."""
    for some in _chunks(trace_ids):
        params: Params = {"project_id": scope.project_id, "trace_ids": some}
        nodes = [f"trace:{trace_id}" for trace_id in some]
        _delete_objects(db, scope, some)
        _delete(db, "delete_spans", params)
        _delete(db, "delete_lifted", params)
        _delete(db, "delete_session_links", {"project_id": scope.project_id, "nodes": nodes})


def _delete_objects(db: EventConnection, scope: ProjectScope, trace_ids: list[str]) -> None:
    """What foreign SDKs said of the objects that these traces were made from."""
    objects = objects_of_traces(db, scope, trace_ids, attribute=OBJECT_ATTRIBUTE)
    for some in _chunks(objects):
        parts = {row.object for row in fragments_of(db, scope, some)}
        names = sorted({*some, *parts})
        mark_deleted(db, scope.project_id, names, at_ns=time.time_ns())
        _delete(db, "delete_fragments", {"project_id": scope.project_id, "homes": names})
        _delete(db, "delete_members", {"project_id": scope.project_id, "objects": names})


def delete_project(db: EventConnection, scope: ProjectScope) -> None:
    for table in TABLES:
        _delete(db, "delete_project", {"project_id": scope.project_id}, table=table)


def delete_older(db: EventConnection, scope: ProjectScope, *, before_ns: int) -> int:
    """
    Sessions last heard of before `before_ns`, and spans, events, links and scores as old.  How
    many sessions went.  A session that goes on keeps what is younger.
    """
    params: Params = {"project_id": scope.project_id, "before_ns": before_ns}
    gone = db.rows(question("count_older_sessions"), params)[0][0]
    for name in (
        "delete_older_spans",
        "delete_older_lifted",
        "delete_older_session_links",
        "delete_older_scores",
        "delete_older_stories",
        "delete_older_fragments",
        "delete_older_members",
        "delete_older_sessions",
    ):
        _delete(db, name, params)
    return int(gone)


def _delete(db: EventConnection, name: str, params: Params, *, table: str = "") -> None:
    sql = question(name).replace("{table}", table)
    db.execute(render(sql, cluster=db.cluster), params)


def _traces(db: EventConnection, scope: ProjectScope, session_ids: Sequence[str]) -> list[str]:
    found = {
        trace_id.removeprefix("trace:") for trace_id in session_ids if trace_id.startswith("trace:")
    }
    for some in _chunks(session_ids):
        params: Params = {"project_id": scope.project_id, "session_ids": some}
        found.update(
            trace for row in db.rows(question("traces_of_sessions"), params) for trace in row[0]
        )
    return sorted(found)


def _chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    for first in range(0, len(ids), _IDS_A_QUESTION):
        yield list(ids[first : first + _IDS_A_QUESTION])


def delete_fragments(db: EventConnection, scope: ProjectScope, homes: Sequence[str]) -> None:
    """What was said of objects; their spans stay."""
    for some in _chunks(homes):
        _delete(db, "delete_fragments", {"project_id": scope.project_id, "homes": some})
