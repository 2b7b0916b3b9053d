"""The event store as the pipeline sees it: what it asks and writes, by project."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.receive.fragments import SPAN_HOME
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.deletes import delete_fragments
from quarterdeck.storage.events.fragments import (
    FragmentRow,
    MemberRow,
    Parts,
    homes_like,
    parts_of,
    traces_of_spans,
    write_fragments,
    write_members,
)
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import ScoreRow, write_scores
from quarterdeck.storage.events.span_reads import has_lifted, lifted_events, raw_spans
from quarterdeck.storage.events.span_writes import (
    LiftedRow,
    SpanRow,
    write_lifted,
    write_spans,
)

_MAX_AWAITED = 100_000
"""Judgements of spans that never come pile up; 16 characters each."""

Key = tuple[str, str]
"""Trace id and span id."""


class EventStore(Protocol):
    """Every method raises `TryAgain` while the store is away."""

    def write_spans(self, rows: Sequence[SpanRow], *, token: str) -> None: ...

    def write_lifted(self, rows: Sequence[LiftedRow]) -> None: ...

    def has_lifted(self, project_id: ProjectId) -> bool: ...

    def lifted_events(
        self, project_id: ProjectId, keys: Sequence[Key]
    ) -> Mapping[Key, Sequence[RawEvent]]: ...

    def raw_spans(self, project_id: ProjectId, keys: Sequence[Key]) -> Sequence[RawSpan]: ...

    def write_fragments(
        self, rows: Sequence[FragmentRow], members: Sequence[MemberRow]
    ) -> None: ...

    def parts_of(self, project_id: ProjectId, homes: Sequence[str]) -> Parts: ...

    def delete_fragments(self, project_id: ProjectId, homes: Sequence[str]) -> None: ...

    def awaited_spans(self, project_id: ProjectId) -> Collection[str]:
        """Ids of spans that judgements were given to before anybody knew their trace."""
        ...

    def traces_of_spans(
        self, project_id: ProjectId, span_ids: Sequence[str]
    ) -> Mapping[str, str]: ...

    def write_scores(self, rows: Sequence[ScoreRow]) -> None: ...


class StoredEvents:
    """`EventStore` over the real one."""

    def __init__(self, db: EventConnection) -> None:
        self._db = db

    def write_spans(self, rows: Sequence[SpanRow], *, token: str) -> None:
        write_spans(self._db, rows, token=token)

    def write_lifted(self, rows: Sequence[LiftedRow]) -> None:
        write_lifted(self._db, rows)

    def has_lifted(self, project_id: ProjectId) -> bool:
        return has_lifted(self._db, ProjectScope(project_id=project_id))

    def lifted_events(
        self, project_id: ProjectId, keys: Sequence[Key]
    ) -> Mapping[Key, Sequence[RawEvent]]:
        return lifted_events(self._db, ProjectScope(project_id=project_id), keys)

    def raw_spans(self, project_id: ProjectId, keys: Sequence[Key]) -> Sequence[RawSpan]:
        return raw_spans(self._db, ProjectScope(project_id=project_id), keys)

    def write_fragments(self, rows: Sequence[FragmentRow], members: Sequence[MemberRow]) -> None:
        write_fragments(self._db, rows)
        write_members(self._db, members)

    def parts_of(self, project_id: ProjectId, homes: Sequence[str]) -> Parts:
        return parts_of(self._db, ProjectScope(project_id=project_id), homes)

    def delete_fragments(self, project_id: ProjectId, homes: Sequence[str]) -> None:
        delete_fragments(self._db, ProjectScope(project_id=project_id), homes)

    def awaited_spans(self, project_id: ProjectId) -> Collection[str]:
        scope = ProjectScope(project_id=project_id)
        names = homes_like(self._db, scope, SPAN_HOME, most=_MAX_AWAITED)
        return {name.removeprefix(SPAN_HOME) for name in names}

    def traces_of_spans(self, project_id: ProjectId, span_ids: Sequence[str]) -> Mapping[str, str]:
        return traces_of_spans(self._db, ProjectScope(project_id=project_id), span_ids)

    def write_scores(self, rows: Sequence[ScoreRow]) -> None:
        write_scores(self._db, rows)
