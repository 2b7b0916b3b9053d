"""
Deletes what is older than its project keeps.

Reads hide it from the first moment (`ProjectScope.floor_ns`); this job takes it off the disk,
with the store's next merges.
"""

from collections.abc import Callable, Iterable

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.deletes import delete_older
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.records.approvals import delete_older as delete_older_approvals
from quarterdeck.storage.records.connection import Records


def delete_expired(
    events: EventConnection,
    projects: Iterable[ProjectId],
    *,
    scope_of: Callable[[ProjectId], ProjectScope],
) -> int:
    """How many sessions went."""
    gone = 0
    for project_id in projects:
        scope = scope_of(project_id)
        if scope.floor_ns > 0:
            gone += delete_older(events, scope, before_ns=scope.floor_ns)
    return gone


def forget_approvals(
    records: Records,
    projects: Iterable[ProjectId],
    *,
    scope_of: Callable[[ProjectId], ProjectScope],
) -> int:
    """How many requests went that were over before what their project keeps."""
    return sum(
        delete_older_approvals(records, project_id=project_id, before_ns=floor_ns)
        for project_id in projects
        if (floor_ns := scope_of(project_id).floor_ns) > 0
    )
