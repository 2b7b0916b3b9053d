"""
Who may see what, in one place: every read and every delete of events takes a `ProjectScope` first.

A scope is made from the credential and from the project's retention, never from a payload.
"""

import msgspec

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.storage.events.connection import Param

_NS_PER_DAY = 24 * 3600 * NS_PER_S


class ProjectScope(msgspec.Struct, frozen=True, kw_only=True):
    project_id: ProjectId
    floor_ns: int = 0
    """Nothing older is shown: retention takes effect on reads before the rows are gone."""

    def params(self) -> dict[str, Param]:
        return {"project_id": self.project_id, "floor_ns": self.floor_ns}


def scope_keeping(project_id: ProjectId, *, days: int, now_ns: int) -> ProjectScope:
    """What a retention of so many days leaves of the project; 0 days leave everything."""
    floor_ns = max(0, now_ns - days * _NS_PER_DAY) if days else 0
    return ProjectScope(project_id=project_id, floor_ns=floor_ns)
