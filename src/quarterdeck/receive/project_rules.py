"""
What each project wants to be done with its data, ready to use: redaction, reading, prices.

Read from the records, remembered for a second (other replicas and the command line change
them too), and forgotten at once when this process changes them.  Settings that can't be used
(a pattern of an older version) are left out and logged: data must not be refused for them.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from quarterdeck.cost.overrides import PriceOverride
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.errors import Invalid
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.normalize.redact import Pattern, Redactor
from quarterdeck.receive.ingest import Rules
from quarterdeck.storage.events.scope import ProjectScope, scope_keeping
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.deletions import list_deletions
from quarterdeck.storage.records.projects import ProjectSettings, best_project

_FRESH_NS = NS_PER_S
"""How long a deletion or a setting of another replica may go unnoticed here."""
_DELETIONS_KEPT_NS = 7 * 24 * 3600 * NS_PER_S
"""Senders repeat for minutes, spools for days; a longer memory would only grow."""
_log = logging.getLogger(__name__)


class _Known(NamedTuple):
    rules: Rules
    redactor: Redactor
    retention_days: int | None
    until_ns: int


class _Deletions(NamedTuple):
    """The fields of `Rules` that tell what was deleted."""

    unwanted: Callable[[RawSpan], bool] | None
    forgotten: Callable[[str], bool] | None


class ProjectRules:
    """Safe for many threads."""

    def __init__(
        self,
        *,
        records: Records,
        prices: PriceBook,
        now_ns: Callable[[], int],
        retention_days: int,
    ) -> None:
        self._records = records
        self._prices = prices
        self._now_ns = now_ns
        self._retention_days = retention_days
        self._lock = threading.Lock()  # protects the one below
        self._known: dict[ProjectId, _Known] = {}

    def rules_of(self, project_id: ProjectId) -> Rules:
        return self._get(project_id).rules

    def redactor_of(self, project_id: ProjectId) -> Redactor:
        return self._get(project_id).redactor

    def scope_of(self, project_id: ProjectId) -> ProjectScope:
        """What retention leaves of the project at this moment."""
        days = self._get(project_id).retention_days
        if days is None:
            days = self._retention_days
        return scope_keeping(project_id, days=days, now_ns=self._now_ns())

    def forget(self, project_id: ProjectId) -> None:
        """Its settings or deletions changed."""
        with self._lock:
            self._known.pop(project_id, None)

    def _get(self, project_id: ProjectId) -> _Known:
        now_ns = self._now_ns()
        with self._lock:
            known = self._known.get(project_id)
        if known is None or known.until_ns <= now_ns:
            known = self._read(project_id, now_ns)
            with self._lock:
                self._known[project_id] = known
        return known

    def _read(self, project_id: ProjectId, now_ns: int) -> _Known:
        project = best_project(self._records, project_id)
        settings = project.settings if project is not None else ProjectSettings()
        rules = Rules(
            normalize=NormalizeSettings(
                session_key=settings.session_key,
                human_tools=settings.human_tools,
                scripted_humans=settings.scripted_humans,
            ),
            price=self._price(_overrides(project_id, settings)),
            **self._deletions(project_id, now_ns)._asdict(),
        )
        redactor = _redactor(project_id, settings)
        return _Known(rules, redactor, settings.retention_days, now_ns + _FRESH_NS)

    def _price(self, overrides: tuple[PriceOverride, ...]) -> Callable[[Span], Span]:
        charge = self._prices.charge

        def priced(span: Span) -> Span:
            if span.kind != "model" and span.charge is None:
                return span
            cost = charge(span, overrides=overrides)
            return span if cost is None else msgspec.structs.replace(span, charge=cost)

        return priced

    def _deletions(self, project_id: ProjectId, now_ns: int) -> "_Deletions":
        traces: dict[str, int] = {}
        everything_until_ns = 0
        since_ns = max(0, now_ns - _DELETIONS_KEPT_NS)
        for deletion in list_deletions(self._records, since_ns=since_ns):
            if deletion.project_id == project_id and deletion.kind == "trace":
                traces[deletion.target] = deletion.at_ns
            elif deletion.project_id == project_id and deletion.kind == "project":
                everything_until_ns = max(everything_until_ns, deletion.at_ns)
        if not traces and not everything_until_ns:
            return _Deletions(None, None)
        return _Deletions(_deleted(traces, everything_until_ns), traces.__contains__)


def _deleted(traces: Mapping[str, int], everything_until_ns: int) -> Callable[[RawSpan], bool]:
    def unwanted(raw: RawSpan) -> bool:
        return raw.start_ns < traces.get(raw.trace_id, everything_until_ns)

    return unwanted


def _overrides(project_id: ProjectId, settings: ProjectSettings) -> tuple[PriceOverride, ...]:
    rows: list[PriceOverride] = []
    for row in settings.price_overrides:
        try:
            rows.append(msgspec.convert(row, PriceOverride, strict=False))
        except msgspec.ValidationError as error:
            _log.warning("a price override of project %s can't be used: %s", project_id, error)
    return tuple(rows)


def _redactor(project_id: ProjectId, settings: ProjectSettings) -> Redactor:
    usable: list[Pattern] = []
    for regex in settings.redaction_patterns:
        pattern = Pattern(name="project", regex=regex)
        try:
            Redactor([pattern])
        except Invalid as error:
            _log.warning("a redaction pattern of project %s can't be used: %s", project_id, error)
        else:
            usable.append(pattern)
    return Redactor(usable)
