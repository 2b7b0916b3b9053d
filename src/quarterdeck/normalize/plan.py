"""
Plans: for one shape of span, which sources of which dialects apply.

A shape is the scope's name, the span name's known prefix and the attribute keys.  Working out
which of some thousand sources apply costs about 100 microseconds; a process has few shapes
and many spans, so plans are kept.  Two caches: by the exact keys (one tuple lookup), and by
the keys with list indices folded together, since a conversation that grows by two messages a
call has a new set of exact keys each time and the same folded one.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.normalize.attributes import session_id, text
from quarterdeck.normalize.dialect import (
    UNION_FIELDS,
    ContentField,
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Parser,
    Source,
    UsageFamily,
)

_MAX_PLANS = 4096
"""Shapes kept; usual processes show 10 to 200.  A cache that is full is emptied: rare and cheap."""

_MAX_KEYS_KEPT = 600
"""Shapes of more keys are planned each time, so that 4,096 plans stay below about 20 MB."""

_INDEX = re.compile(r"\.\d+(?=\.|$)")


class Candidate(NamedTuple):
    key: str
    parse: Parser
    group: bool


class FieldPlan(NamedTuple):
    field: str
    union: bool
    candidates: tuple[Candidate, ...]
    text_key: str
    """The best source where it is plain text, read without a call; else ""."""


class KindPlan(NamedTuple):
    key: str
    source: KindSource


class UsagePlan(NamedTuple):
    family: UsageFamily
    keys: tuple[tuple[str, tuple[str, ...]], ...]
    """Count -> keys that are present."""
    detailed: bool
    """Does it (perhaps) tell of cached or reasoning tokens?"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Valid for all spans of one folded shape."""

    dialects: tuple[str, ...]
    framework: str
    fields: tuple[FieldPlan, ...]
    kinds: tuple[KindPlan, ...]
    usages: tuple[UsagePlan, ...]
    contents: dict[ContentField, tuple[ContentSource, ...]]
    adjusts: tuple[Callable[[Draft], None], ...]
    on_event: dict[str, tuple[Callable[[Draft, RawEvent], None], ...]]
    suggestion: Kind | None
    """The kind that the keys alone suggest (rank 11)."""
    names_tool: bool
    """Is there a key that only tools have?"""
    may_be_model: bool
    """Are there usage or messages, so that a model's name makes it a model call?"""


class Layout(NamedTuple):
    """Where the last message of a flattened list is, by full key; made once for exact keys."""

    before: tuple[str, ...]
    last: tuple[str, ...]
    before_names: str
    last_names: str
    roles: tuple[str, ...]
    answers: tuple[str, ...]
    """Keys of the call ids that messages answer, oldest first."""
    tools: bool
    """Does a key tell of a tool call?"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and, for this exact set of keys, what is below each group prefix."""

    plan: Plan
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layouts: dict[str, Layout] = field(default_factory=dict)
    """Of groups that hold messages, filled when first needed."""


_TOOL_MARKS = frozenset({"gen_ai.tool.name", "gen_ai.tool.call.id", "tool.name"})
_SUGGESTIONS = (
    (("gen_ai.guardrail.",), Kind("guardrail")),
    (("gen_ai.evaluation.name",), Kind("evaluation")),
    (("gen_ai.memory.",), Kind("memory")),
    (("retrieval.documents.", "gen_ai.retrieval."), Kind("retrieval")),
)


def _suggested(folded: frozenset[str]) -> Kind | None:
    for prefixes, kind in _SUGGESTIONS:
        if any(key.startswith(prefixes) for key in folded):
            return kind
    return None


TOTALS = ("input_tokens", "output_tokens", "total_tokens")


def _is_detailed(family: UsageFamily, keys: tuple[tuple[str, tuple[str, ...]], ...]) -> bool:
    return family.read is not None or any(count not in TOTALS for count, _ in keys)


def base_size(prefix: str) -> int:
    """Where the suffix of a group's keys begins: `gen_ai.prompt.#.` groups keep the index."""
    return len(prefix) - 2 if prefix.endswith("#.") else len(prefix)


class _Entry(NamedTuple):
    rank: int
    order: int
    place: int
    dialect: str
    source: Source


class Planner:
    """All dialects, indexed.  Its caches are a memory of pure results: they change no answer."""

    def __init__(self, dialects: tuple[Dialect, ...]) -> None:
        self._dialects = dialects
        self._name_prefixes = tuple(
            sorted({n for d in dialects for n in d.recognizes.names}, key=len, reverse=True)
        )
        self._by_key: dict[str, list[_Entry]] = {}
        self._groups: list[_Entry] = []
        self._group_prefixes = tuple(
            {s.key for d in dialects for s in d.sources if s.group}
            | {c.key for d in dialects for c in d.contents if c.group}
        )
        self.lifts = frozenset(name for d in dialects for name in d.lifts)
        for order, dialect in enumerate(dialects):
            for place, source in enumerate(dialect.sources):
                entry = _Entry(source.rank, order, place, dialect.name, source)
                if source.group:
                    self._groups.append(entry)
                else:
                    self._by_key.setdefault(source.key, []).append(entry)
        self._exact: dict[tuple[str, ...], Planned] = {}
        self._folded: dict[tuple[str, str, frozenset[str]], Plan] = {}
        self._fold: dict[str, str] = {}

    def plan(self, scope_name: str, name: str, attributes: dict[str, Value]) -> Planned:
        name_class = self._name_class(name)
        shape = (scope_name, name_class, *attributes)
        planned = self._exact.get(shape)
        if planned is None:
            planned = self._plan(scope_name, name_class, attributes)
            if len(shape) <= _MAX_KEYS_KEPT:
                if len(self._exact) >= _MAX_PLANS:
                    self._exact.clear()
                self._exact[shape] = planned
        return planned

    def _name_class(self, name: str) -> str:
        if name.startswith(self._name_prefixes):
            for prefix in self._name_prefixes:
                if name.startswith(prefix):
                    return prefix
        return ""

    def _plan(self, scope_name: str, name_class: str, attributes: Iterable[str]) -> Planned:
        folded = frozenset(self._folded_key(key) for key in attributes)
        plan = self._folded.get((scope_name, name_class, folded))
        if plan is None:
            plan = self._compile(scope_name, name_class, folded)
            if len(folded) <= _MAX_KEYS_KEPT:
                if len(self._folded) >= _MAX_PLANS:
                    self._folded.clear()
                self._folded[(scope_name, name_class, folded)] = plan
        groups: dict[str, list[str]] = {}
        for key in attributes:
            folded_key = self._folded_key(key)
            if folded_key.startswith(self._group_prefixes):
                for prefix in self._group_prefixes:
                    if folded_key.startswith(prefix):
                        groups.setdefault(prefix, []).append(key)
        return Planned(plan, {prefix: tuple(keys) for prefix, keys in groups.items()})

    def _folded_key(self, key: str) -> str:
        folded = self._fold.get(key)
        if folded is None:
            if len(self._fold) >= 50_000:
                self._fold.clear()
            folded = self._fold[key] = _INDEX.sub(".#", key)
        return folded

    def recognized(self, scope: str, name_class: str, keys: Iterable[str]) -> list[Dialect]:
        found = []
        for dialect in self._dialects:
            marks = dialect.recognizes
            if (
                (marks.scopes and scope.startswith(marks.scopes))
                or scope in marks.scope_names
                or (name_class and name_class.startswith(marks.names or "\0"))
                or (marks.keys and any(key.startswith(marks.keys) for key in keys))
            ):
                found.append(dialect)
        return found

    def _compile(self, scope: str, name_class: str, folded: frozenset[str]) -> Plan:
        spoken = self.recognized(scope, name_class, folded)
        names = {dialect.name for dialect in spoken}
        events: dict[str, list[Callable[[Draft, RawEvent], None]]] = {}
        for dialect in self._dialects:
            for event_name, react in dialect.on_event.items():
                # A dotted name is a convention's own: an evaluation may judge any span.
                if "." in event_name or dialect.name in names:
                    events.setdefault(event_name, []).append(react)
        return Plan(
            dialects=tuple(dialect.name for dialect in spoken if dialect.name),
            framework=next((d.framework for d in spoken if d.framework), ""),
            fields=self._fields(names, folded),
            kinds=self._kinds(names, folded),
            usages=self._usages(names, folded),
            contents=self._contents(names, folded),
            adjusts=tuple(
                d.adjust
                for d in reversed(spoken)
                if d.adjust is not None
                and (not d.adjusts_with or any(key.startswith(d.adjusts_with) for key in folded))
            ),
            on_event={name: tuple(reactions) for name, reactions in events.items()},
            suggestion=_suggested(folded),
            names_tool=not folded.isdisjoint(_TOOL_MARKS),
            may_be_model=self._may_be_model(names, folded),
        )

    def _may_be_model(self, names: set[str], folded: frozenset[str]) -> bool:
        return bool(self._usages(names, folded)) or any(
            not source.events for source in self._contents(names, folded).get("input_messages", ())
        )

    def _fields(self, names: set[str], folded: frozenset[str]) -> tuple[FieldPlan, ...]:
        found = [entry for key in folded for entry in self._by_key.get(key, ())]
        found += [
            entry for entry in self._groups if any(k.startswith(entry.source.key) for k in folded)
        ]
        by_field: dict[str, list[_Entry]] = {}
        for entry in sorted(found, key=lambda entry: entry[:3]):
            if not entry.source.gated or entry.dialect in names:
                by_field.setdefault(entry.source.field, []).append(entry)
        plans = []
        for field_name in sorted(by_field):
            # Two dialects may name the same key with the same parser: once is enough.
            candidates = dict.fromkeys(
                Candidate(s.key, s.parse, s.group) for *_, s in by_field[field_name]
            )
            best = next(iter(candidates))
            plain = best.parse in (text, session_id) and not best.group
            union = field_name in UNION_FIELDS
            plans.append(
                FieldPlan(
                    field_name, union, tuple(candidates), best.key if plain and not union else ""
                )
            )
        return tuple(plans)

    def _kinds(self, names: set[str], folded: frozenset[str]) -> tuple[KindPlan, ...]:
        found = [
            (source.rank, order, source)
            for order, dialect in enumerate(self._dialects)
            for source in dialect.kinds
            if (source.key in folded or (not source.key and dialect.name in names))
            and (not source.gated or dialect.name in names)
        ]
        found.sort(key=lambda entry: entry[:2])
        return tuple(KindPlan(source.key, source) for *_, source in found)

    def _usages(self, names: set[str], folded: frozenset[str]) -> tuple[UsagePlan, ...]:
        found: list[tuple[int, int, UsagePlan]] = []
        for order, dialect in enumerate(self._dialects):
            for family in dialect.usages:
                if family.gated and dialect.name not in names:
                    continue
                keys: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
                    (count, present)
                    for count, spelled in family.keys.items()
                    if (present := tuple(key for key in spelled if key in folded))
                )
                if keys or (family.key and family.key in folded):
                    found.append(
                        (family.rank, order, UsagePlan(family, keys, _is_detailed(family, keys)))
                    )
        found.sort(key=lambda entry: entry[:2])
        return tuple(plan for *_, plan in found)

    def _contents(
        self, names: set[str], folded: frozenset[str]
    ) -> dict[ContentField, tuple[ContentSource, ...]]:
        found: dict[ContentField, list[tuple[int, int, ContentSource]]] = {}
        for order, dialect in enumerate(self._dialects):
            for source in dialect.contents:
                there = (
                    bool(source.events)
                    or (source.key in folded)
                    or (source.group and any(k.startswith(source.key) for k in folded))
                )
                if there and (not source.gated or dialect.name in names):
                    found.setdefault(source.field, []).append((source.rank, order, source))
        return {
            name: tuple(s for *_, s in sorted(entries, key=lambda e: e[:2]))
            for name, entries in found.items()
        }
