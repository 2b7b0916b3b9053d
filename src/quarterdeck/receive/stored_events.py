"""The event store as the pipeline sees it: what it asks and writes, by project."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.span_reads import has_lifted, lifted_events, raw_spans
from quarterdeck.storage.events.span_writes import (
    LiftedRow,
    SpanRow,
    write_lifted,
    write_spans,
)

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
