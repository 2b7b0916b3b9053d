"""
What the selected sessions have more or less often than the rest, and when sessions began.

Hundreds of values are compared at once, and one in twenty would stand out by chance.  So the
intervals are made for all of them together (Bonferroni): what is told stands out, and where
nothing does the answer says so.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.differs import DiffersAnswer, StartsAnswer
from quarterdeck.api.bodies import answer
from quarterdeck.api.filters import MAX_LENGTH, WORD_FIELDS, parse
from quarterdeck.api.measures import CONFIDENCE
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.selection import Selected, check_storable
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.outcomes import OUTCOME_LABELS
from quarterdeck.statistics.compare import MIN_OBSERVATIONS, compare_rates
from quarterdeck.statistics.intervals import Interval, wilson_interval
from quarterdeck.storage.events import session_reads
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import FacetCount, SessionFilter

router = guarded_router("sessions")

MAX_VALUES = 1_000
"""Of one field; what few sessions have can't stand out."""
MIN_HOLDERS = 5
"""Sessions of both sides together that have a value, for it to be compared."""
MAX_TOLD = 50
_LEFT_OUT = frozenset({"case"})
"""A case names its sessions: it says nothing of what they have in common."""

MAX_BUCKETS = 120
_BUCKETS_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400)
_END_OF_TIME_NS = (1 << 63) - 1

Facets = Mapping[str, Mapping[str, FacetCount]]


class _Value(NamedTuple):
    field: str
    value: str
    selected: int
    rest: int


@router.get(
    "/sessions/differs",
    summary="What the selected sessions have more or less often than the rest",
    responses={200: {"model": DiffersAnswer}},
)
@allow(READ)
async def differs(
    request: Request,
    parts: With,
    who: Who,
    where: Selected,
    within: Annotated[
        str,
        Query(max_length=MAX_LENGTH, description="The rest is of sessions that pass this filter."),
    ] = "",
) -> Response:
    check_storable(within)
    around = SessionFilter(
        since_ns=where.since_ns, until_ns=where.until_ns, conditions=parse(within)
    )
    return answer(request, await asyncio.to_thread(_differs, parts, who, where, around))


def _differs(
    parts: Parts, who: Principal, where: SessionFilter, around: SessionFilter
) -> dict[str, Any]:
    scope = scope_of(parts, who)
    chosen = msgspec.structs.replace(where, conditions=(*where.conditions, *around.conditions))
    selected = session_reads.count_sessions(parts.events, scope, chosen)
    rest = session_reads.count_sessions(parts.events, scope, around) - selected
    here = session_reads.session_facets(parts.events, scope, chosen, limit=MAX_VALUES)
    everywhere = session_reads.session_facets(parts.events, scope, around, limit=MAX_VALUES)
    named = {one.field for one in where.conditions if isinstance(one, WordCondition)}
    return told_apart(here, everywhere, selected, rest, left_out=named)


def told_apart(
    here: Facets, everywhere: Facets, selected: int, rest: int, *, left_out: set[str]
) -> dict[str, Any]:
    """`left_out` are the fields that the selection was made by: they differ by themselves."""
    values = [
        one for one in _values(here, everywhere) if one.field not in left_out | _LEFT_OUT
    ] if min(selected, rest) >= MIN_OBSERVATIONS else []  # fmt: skip
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(values))
    found = [told for one in values if (told := _told(one, selected, rest, confidence)) is not None]
    found.sort(key=lambda told: (-abs(told["difference"]), told["field"], told["value"]))
    return {
        "selected": selected,
        "rest": rest,
        "compared": len(values),
        "method": (
            f"Newcombe's interval of each difference at {confidence:.4%}, so that all"
            f" {len(values)} together are of 95 % (Bonferroni)."
        ),
        "nothing_stands_out": not found,
        "is_enough": min(selected, rest) >= MIN_OBSERVATIONS,
        "differing": found[:MAX_TOLD],
    }


def _values(here: Facets, everywhere: Facets) -> list[_Value]:
    values = []
    for field, counts in everywhere.items():
        for value, count in counts.items():
            chosen = here.get(field, {}).get(value)
            many = chosen.sessions if chosen is not None else 0
            if count.sessions >= MIN_HOLDERS:
                values.append(_Value(field, value, many, max(0, count.sessions - many)))
    return values


def _told(one: _Value, selected: int, rest: int, confidence: float) -> dict[str, Any] | None:
    found = compare_rates(one.rest, rest, one.selected, selected, confidence=confidence)
    if found.verdict not in ("higher", "lower") or found.interval is None:
        return None
    quoted = one.value.replace("\\", "\\\\").replace('"', '\\"')
    return {
        "field": one.field,
        "value": one.value,
        "selected": _share(one.selected, selected),
        "rest": _share(one.rest, rest),
        "difference": found.difference,
        "interval": _interval(found.interval, confidence),
        "verdict": "more_often" if found.verdict == "higher" else "less_often",
        "q": f'{one.field}:"{quoted}"' if one.field in WORD_FIELDS else "",
    }


def _share(part: int, whole: int) -> dict[str, Any]:
    interval = wilson_interval(part, whole, confidence=CONFIDENCE)
    return {
        "value": part / whole if whole else None,
        "n": whole,
        "interval": _interval(interval, CONFIDENCE) if interval is not None else None,
    }


def _interval(of: Interval, confidence: float) -> dict[str, Any]:
    return {"low": of.low, "high": of.high, "confidence": confidence, "method": "wilson"}


@router.get(
    "/sessions/starts",
    summary="How many sessions began when, by how they ended",
    responses={200: {"model": StartsAnswer}},
)
@allow(READ)
async def starts(request: Request, parts: With, who: Who, where: Selected) -> Response:
    return answer(request, await asyncio.to_thread(_starts, parts, who, where))


def _starts(parts: Parts, who: Principal, where: SessionFilter) -> dict[str, Any]:
    scope = scope_of(parts, who)
    first_ns, last_ns = session_reads.session_range(parts.events, scope, where)
    if not last_ns:
        return {"bucket_s": 3600, "since": None, "until": None, "buckets": []}
    since_ns = where.since_ns or first_ns
    until_ns = last_ns + 1 if where.until_ns >= _END_OF_TIME_NS else where.until_ns
    if where.since_ns:
        until_ns = max(until_ns, min(parts.now_ns(), where.until_ns))
    span_s = (until_ns - since_ns) // NS_PER_S
    bucket_s = next(
        (size for size in _BUCKETS_S if span_s <= size * MAX_BUCKETS),
        -(-span_s // (MAX_BUCKETS * 86_400)) * 86_400,
    )
    bucket_ns = bucket_s * NS_PER_S
    counts: dict[int, dict[str, int]] = {
        at: dict.fromkeys(OUTCOME_LABELS, 0)
        for at in range(since_ns // bucket_ns * bucket_ns, until_ns, bucket_ns)
    }
    for row in session_reads.session_starts(parts.events, scope, where, bucket_ns=bucket_ns):
        counts.setdefault(row.began_ns, dict.fromkeys(OUTCOME_LABELS, 0))
        counts[row.began_ns][row.outcome] += row.sessions
    return {
        "bucket_s": bucket_s,
        "since": to_rfc3339(since_ns),
        "until": to_rfc3339(until_ns),
        "buckets": [
            {"at": to_rfc3339(at), "sessions": sum(of.values()), "outcomes": of}
            for at, of in sorted(counts.items())
        ],
    }
