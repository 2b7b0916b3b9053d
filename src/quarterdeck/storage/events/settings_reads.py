"""
What a project's settings would do and lack: sessions past an age, models without a price.
"""

from typing import NamedTuple

from quarterdeck.storage.events.connection import EventConnection, Params, question
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import (
    SessionFilter,
    filter_params,
    filtered_question,
)

MAX_MODELS = 200
"""A project uses some ten; more rows than this nobody prices by hand."""


class UnpricedModelsRow(NamedTuple):
    model: str
    calls: int
    """Without a price."""
    all_calls: int
    sessions: int
    first_ns: int
    """Began of the first session with such a call."""
    last_ns: int


class RetentionPreviewRow(NamedTuple):
    sessions: int
    spans: int
    kept_sessions: int
    oldest_ns: int
    """When the oldest that goes was last heard of; 0 if none goes."""


def unpriced_models(
    db: EventConnection, scope: ProjectScope, where: SessionFilter
) -> list[UnpricedModelsRow]:
    """Most calls without a price first, at most 200."""
    params = {**filter_params(scope, where), "limit": MAX_MODELS}
    sql = filtered_question("unpriced_models", where)
    return [UnpricedModelsRow(*row) for row in db.rows(sql, params)]


def retention_preview(
    db: EventConnection, scope: ProjectScope, *, before_ns: int
) -> RetentionPreviewRow:
    """Of sessions last heard of before `before_ns`, as `deletes.delete_older` takes them.  What
    a shorter retention hides already is counted: it may not be deleted yet."""
    params: Params = {"project_id": scope.project_id, "before_ns": before_ns}
    return RetentionPreviewRow(*db.rows(question("retention_preview"), params)[0])
