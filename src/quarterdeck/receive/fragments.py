"""
From fragments to spans: which parts belong to an object, in which order, and what its wire makes
of them.

The same whatever came first: all parts that are known are read, ordered by what the client says
of its own time (then by arrival), and given to the wire's `build`.  A wire that fails on an
object leaves its parts stored and the object without spans; the failure is counted and logged.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Fragment, Judgement
from quarterdeck.storage.events.columns import encode
from quarterdeck.storage.events.fragments import (
    COUNT_ATTRIBUTE,
    OBJECT_ATTRIBUTE,
    FragmentRow,
    FragmentsRow,
    MemberRow,
)

_MAX_ROUNDS = 4
"""A feedback that is about a run, and the run's other feedbacks: three, and one to spare."""
_FIRST_FRAGMENTS, _NEWEST_FRAGMENTS = 500, 3_500
"""Of one object: how it began, and what was said last, which has its end.  A row that is merged
into every second reaches this after an hour; what lies between is kept and no longer read.  The
version of a span holds counts up to 4,095 (`span_writes`)."""
SPAN_HOME = "span:"
"""Begins the home of judgements that wait for a span of which only the id is known."""

_log = logging.getLogger(__name__)
_fragments = msgspec.json.Decoder(Fragment)
_judgements = msgspec.json.Decoder(Judgement)

Build = Callable[[str, Sequence[Fragment]], Sequence[RawSpan]]
Load = Callable[[Sequence[str]], Sequence[FragmentsRow]]
"""The parts that are at home in some objects."""


class _Part(NamedTuple):
    """What orders the parts of an object."""

    at_ns: int
    arrived_ns: int
    object: str
    part: int


class Built(NamedTuple):
    spans: list[RawSpan]
    failed: list[str]
    """Names of the wires, one for each object that they failed on."""


def fragment_rows(
    project_id: ProjectId, fragments: Iterable[Fragment], *, arrived_ns: int
) -> list[FragmentRow]:
    """As they are stored: what is about another object is at home in both."""
    rows: list[FragmentRow] = []
    for number, fragment in enumerate(fragments):
        body = encode(fragment)
        homes = dict.fromkeys((fragment.object, fragment.about or fragment.object))
        rows += (
            FragmentRow(project_id, home, fragment.object, body, arrived_ns + number)
            for home in homes
        )
    return rows


def member_rows(
    project_id: ProjectId, fragments: Iterable[Fragment], *, arrived_ns: int
) -> list[MemberRow]:
    return [
        MemberRow(project_id, fragment.collection, fragment.object, arrived_ns + number)
        for number, fragment in enumerate(fragments)
        if fragment.collection
    ]


def waiting_row(project_id: ProjectId, judgement: Judgement, *, arrived_ns: int) -> FragmentRow:
    """A judgement of a span whose trace nobody knows yet."""
    home = SPAN_HOME + judgement.score.target_span_id
    return FragmentRow(project_id, home, home, encode(judgement), arrived_ns)


def waiting_judgements(rows: Iterable[FragmentsRow]) -> list[Judgement]:
    return [_judgements.decode(row.fragment) for row in rows]


def gather(objects: Iterable[str], load: Load) -> dict[str, list[Fragment]]:
    """
    The objects that spans are made of, with all their parts in order.

    `objects` may be parts of others: then those others are given instead.  Unknown ones are
    left out.
    """
    at_home: dict[str, list[FragmentsRow]] = {}
    owner_of: dict[str, str] = {}
    members: dict[str, set[str]] = defaultdict(set)
    frontier = list(dict.fromkeys(objects))
    for _ in range(_MAX_ROUNDS):
        if not frontier:
            break
        for name in frontier:
            at_home[name] = []
        for row in load(frontier):
            at_home[row.home].append(row)
        following: set[str] = set()
        for name in frontier:
            for row in at_home[name]:
                if row.object != name:
                    members[name].add(row.object)
                    following.add(row.object)
                else:
                    about = _fragments.decode(row.fragment).about
                    if about and about != name:
                        owner_of[name] = about
                        following.add(about)
        frontier = sorted(following - at_home.keys())
    found: dict[str, list[Fragment]] = {}
    for name in at_home:
        if name in owner_of or not at_home[name]:
            continue
        rows = {
            (row.object, row.part): row
            for home in (name, *sorted(members[name]))
            for row in at_home.get(home, ())
        }
        found[name] = _in_order(rows.values())
    return found


def _in_order(rows: Iterable[FragmentsRow]) -> list[Fragment]:
    parts: list[tuple[_Part, Fragment]] = []
    for row in rows:
        fragment = _fragments.decode(row.fragment)
        parts.append((_Part(fragment.at_ns, row.arrived_ns, row.object, row.part), fragment))
    parts.sort(key=lambda one: one[0])
    if len(parts) > _FIRST_FRAGMENTS + _NEWEST_FRAGMENTS:
        parts = parts[:_FIRST_FRAGMENTS] + parts[-_NEWEST_FRAGMENTS:]
    return [fragment for _, fragment in parts]


def build_spans(objects: Mapping[str, Sequence[Fragment]], builders: Mapping[str, Build]) -> Built:
    """The spans of these objects, each marked with its object and how many parts told of it."""
    spans: list[RawSpan] = []
    failed: list[str] = []
    for name, fragments in objects.items():
        wire = name.partition(":")[0]
        build = builders.get(wire)
        if build is None:
            continue
        try:
            made = build(name, fragments)
        except Exception:  # noqa: BLE001 - the rim: one odd object must not hold up its batch
            _log.exception("no spans could be made of %s", name)
            failed.append(wire)
            continue
        spans += (_marked(span, name, len(fragments)) for span in made)
    return Built(spans, failed)


def _marked(span: RawSpan, name: str, count: int) -> RawSpan:
    marks = {OBJECT_ATTRIBUTE: name, COUNT_ATTRIBUTE: count}
    return msgspec.structs.replace(span, attributes={**span.attributes, **marks})
