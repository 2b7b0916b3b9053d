"""
What the API works with: the collaborators that `server.py` builds and passes in.

Nothing in `api/` opens a store, reads a clock or starts a job by itself.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Protocol, TypeVar, cast

from fastapi import Depends, Request

from quarterdeck.api.access import Access, Principal, principal_of
from quarterdeck.api.hub import Hub
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.model.ids import ProjectId
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.recent import Recent
from quarterdeck.settings import Settings
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope, scope_keeping
from quarterdeck.storage.records import audit, projects
from quarterdeck.storage.records.connection import Records

T = TypeVar("T")


class ExampleProgress(Protocol):
    @property
    def state(self) -> str: ...
    @property
    def started_ns(self) -> int | None: ...
    @property
    def ended_ns(self) -> int | None: ...
    @property
    def lines(self) -> list[str]: ...
    @property
    def project_id(self) -> str:
        """Whose sessions it makes: its lines are for nobody else."""


class RunsExample(Protocol):
    """`start` raises `Misconfigured` where something is missing, `Conflict` while it runs."""

    def start(self, *, project_id: str, key: Callable[[], str]) -> None: ...
    def progress(self) -> ExampleProgress: ...
    def missing(self) -> list[str]:
        """The commands that install what it lacks."""


class Resident(Protocol):
    """Asks the assembly of exactly these traces; None if nobody holds one."""

    def __call__(
        self, project_id: ProjectId, trace_ids: Sequence[str], ask: Callable[[Assembly], T]
    ) -> T | None: ...


def not_resident(
    project_id: ProjectId,  # noqa: ARG001 - as `Resident` has it
    trace_ids: Sequence[str],  # noqa: ARG001
    ask: Callable[[Assembly], T],  # noqa: ARG001
) -> T | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    settings: Settings
    records: Records
    events: EventConnection
    access: Access
    now_ns: Callable[[], int]
    refresh: Callable[[ProjectId, str], None]
    """Makes a session's record again from its spans and scores, at once.  Blocks."""
    forget: Callable[[ProjectId, Sequence[str]], None]
    """These traces were deleted: whoever holds their spans in memory drops them, and those that
    began before now are not stored again.  Blocks."""
    held: Callable[[], AbstractContextManager[None]]
    """While it is held nobody writes sessions, so that none is written back while it goes.
    `forget` may be called inside."""
    project_changed: Callable[[ProjectId], None]
    """Settings changed, or the project is gone: whoever remembers it forgets it."""
    oldest_unprocessed_s: Callable[[], float]
    """Age of the oldest acknowledged item that is not stored yet, in seconds; 0 if none."""
    why_unable: Callable[[], str]
    """Why this process should get no traffic (it is stopping, its pipeline stands); "" if able."""
    metrics: Callable[[], str]
    """Prometheus' text format, without any project's data."""
    resident: Resident = not_resident
    """Asks a session's assembly, if one is held in memory with all its spans.  Blocks."""
    hub: Hub = field(default_factory=Hub)
    """Tells who looks that sessions' rows were written."""
    recent: Recent = field(default_factory=lambda: Recent(now_ns=time.time_ns))
    """What the intake received and refused lately."""
    example: RunsExample | None = None
    """Runs the example beside the server; None = not in this process."""
    redactor_of: Callable[[ProjectId], Redactor] = lambda _project_id: Redactor()
    """What hides secrets in all that is kept of a project.  Blocks."""
    prices: PriceBook | None = None
    """What fits into a model's window, and what its cache saves; None = nothing is known."""


def parts_of(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


With = Annotated[Parts, Depends(parts_of)]
Who = Annotated[Principal, Depends(principal_of)]


def scope_of(parts: Parts, principal: Principal) -> ProjectScope:
    """What this caller may see: its project, from the retention's edge on.  Blocks."""
    project = projects.best_project(parts.records, principal.project_id)
    days = project.settings.retention_days if project is not None else None
    if days is None:
        days = parts.settings.retention_days
    return scope_keeping(principal.project_id, days=days, now_ns=parts.now_ns())


def note(
    parts: Parts,
    principal: Principal,
    action: str,
    target: str,
    *,
    server_wide: bool = False,
    **details: object,
) -> None:
    """The audit row of a change that has just been made.  Blocks."""
    audit.write_audit(
        parts.records,
        project_id="" if server_wide else principal.project_id,
        actor=principal.actor,
        action=action,
        target=target,
        now_ns=parts.now_ns(),
        details=details,
    )
