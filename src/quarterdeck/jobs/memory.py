"""
What goes from memory by the clock: values whose time has come, and who read what in sessions that
the project keeps no longer.

Nothing else of memory has an end: an agent needs what it learned a year ago, and a revert needs
what was there before.
"""

from collections.abc import Callable, Iterable

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_upkeep import forget_reads, sweep_expired


def tidy_memory(
    records: Records,
    projects: Iterable[ProjectId],
    *,
    scope_of: Callable[[ProjectId], ProjectScope],
    now_ns: int,
) -> int:
    """How many values were taken away."""
    for project_id in projects:
        floor_ns = scope_of(project_id).floor_ns
        if floor_ns > 0:
            forget_reads(records, project_id=project_id, before_ns=floor_ns)
    return sweep_expired(records, now_ns=now_ns)
