"""
Who may see what, in one place: every read and every delete of events takes a `ProjectScope` first.

A scope is made from the credential and from the project's retention, never from a payload.
"""

import msgspec

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.connection import Param


class ProjectScope(msgspec.Struct, frozen=True, kw_only=True):
    project_id: ProjectId
    floor_ns: int = 0
    """Nothing older is shown: retention takes effect on reads before the rows are gone."""

    def params(self) -> dict[str, Param]:
        return {"project_id": self.project_id, "floor_ns": self.floor_ns}
