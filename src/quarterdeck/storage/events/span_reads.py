"""
Reading spans: the facts for assembly and lists, the raw span where payloads are asked for.

A span may have been delivered more than once; every reader here gives the best delivery, as
`span_writes.content_version` orders them, and gives it once.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from quarterdeck.model.ids import SpanId, TraceId
from quarterdeck.model.spans import RawEvent, RawSpan, Resource, Span
from quarterdeck.storage.events.connection import EventConnection, Param, Params, question
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.span_writes import StoredRaw

_IDS_A_QUESTION = 2_000
"""Ids bound in one question: a session has few traces, but one that joins 100,000 must not make
a 4 MB query text."""
_BLOCK_BYTES = 8 << 20
_FIRST_BLOCK, _MAX_BLOCK = 100, 2_000
"""Payloads read at once when streaming.  A trace's spans are stored by id, not by time, so every
block touches all of it: of a trace of 10,000 spans, blocks of 200 cost 46 us a span and blocks of
2,000 cost 13 (measured).  Yet a payload may have megabytes: no block is planned above 8 MiB."""


class SpanKey(NamedTuple):
    trace_id: TraceId
    span_id: SpanId


class SpanPlace(NamedTuple):
    """Where a span stands in its session: the order of the spans, and the cursor of a page."""

    start_ns: int
    trace_id: str
    span_id: str


class StoredSpan(NamedTuple):
    span: Span
    raw: RawSpan
    received_ns: int
    size: int = 0
    """Bytes of the payload, as stored."""


class SpanPage(NamedTuple):
    spans: list[Span]
    """By `SpanPlace`."""
    after: SpanPlace | None
    """Where the next page begins; None = this is the last."""


class SpanHit(NamedTuple):
    trace_id: str
    span_id: str
    start_ns: int
    kind: str
    name: str


class SessionSpansRow(NamedTuple):
    trace_id: str
    span_id: str
    ver: int
    facts: bytes


class SpanKeysRow(NamedTuple):
    trace_id: str
    span_id: str
    start_ns: int
    ver: int


class FindSpansRow(NamedTuple):
    trace_id: str
    span_id: str


class RawSpansRow(NamedTuple):
    trace_id: str
    span_id: str
    parent_span_id: str
    received_ns: int
    ver: int
    facts: bytes
    keys: bytes
    raw: bytes
    resource: bytes


class LiftedEventsRow(NamedTuple):
    trace_id: str
    span_id: str
    event_hash: int
    event: bytes


class SearchSpansRow(NamedTuple):
    trace_id: str
    span_id: str
    start_ns: int
    kind: str
    name: str
    ver: int


_spans = msgspec.json.Decoder(Span)
_raws = msgspec.json.Decoder(StoredRaw)
_keys = msgspec.json.Decoder(tuple[str, ...])
_resources = msgspec.json.Decoder(Resource)
_events = msgspec.json.Decoder(RawEvent)


def session_spans(
    db: EventConnection,
    scope: ProjectScope,
    trace_ids: Sequence[str],
    *,
    received_after_ns: int = 0,
) -> list[Span]:
    """
    The facts of all spans of the traces, by start, trace, span.

    With `received_after_ns`, only those of which a delivery arrived later than that.
    """
    best: dict[tuple[str, str], tuple[int, bytes]] = {}
    for some in _chunks(trace_ids):
        params = scope.params() | {"trace_ids": some, "received_after_ns": received_after_ns}
        _keep_best(best, db.arrow(question("session_spans"), params))
    return _in_order([_spans.decode(facts) for _, facts in best.values()])


def span_page(
    db: EventConnection,
    scope: ProjectScope,
    trace_ids: Sequence[str],
    *,
    limit: int,
    after: SpanPlace | None = None,
) -> SpanPage:
    """At most `limit` spans that stand behind `after`."""
    places = _places(db, scope, trace_ids)
    if after is not None:
        places = [place for place in places if place > after]
    page = places[:limit]
    spans = _at(db, scope, page)
    return SpanPage(spans, page[-1] if len(places) > limit else None)


def stream_stored(
    db: EventConnection, scope: ProjectScope, trace_ids: Sequence[str]
) -> Iterator[list[StoredSpan]]:
    """
    All spans of the traces with payload, in order, in blocks: memory holds the keys and one block.

    A block is as long as the one before lets expect to fit in `_BLOCK_BYTES`.
    """
    keys = [(place.trace_id, place.span_id) for place in _places(db, scope, trace_ids)]
    first, length = 0, _FIRST_BLOCK
    while first < len(keys):
        block = stored_spans(db, scope, keys[first : first + length])
        yield block
        first += length
        size = sum(stored.size for stored in block) // max(1, len(block))
        length = min(_MAX_BLOCK, 4 * length, max(1, _BLOCK_BYTES // max(1, size)))


def stored_spans(
    db: EventConnection, scope: ProjectScope, keys: Sequence[tuple[str, str]]
) -> list[StoredSpan]:
    """Spans with payload, in the order of `keys`; those that do not exist are left out."""
    wanted = set(keys)
    best: dict[tuple[str, str], RawSpansRow] = {}
    for some in _chunks(list(wanted)):
        params = {**scope.params(), **_key_params(some)}
        for row in _rows(db, RawSpansRow, "raw_spans", params):
            key = (row.trace_id, row.span_id)
            if key in wanted and (key not in best or row.ver > best[key].ver):
                best[key] = row
    resources: dict[bytes, Resource] = {}
    return [_stored_span(best[key], resources) for key in keys if key in best]


def raw_spans(
    db: EventConnection, scope: ProjectScope, keys: Sequence[tuple[str, str]]
) -> list[RawSpan]:
    """As sent, in the order of `keys`; those that do not exist are left out."""
    return [stored.raw for stored in stored_spans(db, scope, keys)]


def newest_spans(
    db: EventConnection,
    scope: ProjectScope,
    *,
    since_ns: int,
    until_ns: int,
    limit: int,
    offset: int = 0,
    resource_attribute: tuple[str, str] = ("", ""),
) -> list[RawSpan]:
    """
    As sent, of spans that began in [since, until): roots before all others, then the newest first;
    of those only whose resource has this attribute with this value, where one is given.
    """
    attribute, named = resource_attribute
    params = scope.params() | {
        "since_ns": since_ns,
        "until_ns": until_ns,
        "attribute": attribute,
        "named": named,
        "limit": limit,
        "offset": offset,
    }
    return raw_spans(db, scope, [row[:2] for row in db.rows(question("newest_spans"), params)])


def span_facts(
    db: EventConnection, scope: ProjectScope, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Span]:
    """The facts of those of the spans that exist, without payloads."""
    best: dict[tuple[str, str], tuple[int, bytes]] = {}
    for some in _chunks(list(dict.fromkeys(keys))):
        _keep_best(best, db.arrow(question("span_facts"), {**scope.params(), **_key_params(some)}))
    wanted = set(keys)
    return {key: _spans.decode(facts) for key, (_, facts) in best.items() if key in wanted}


def span(
    db: EventConnection, scope: ProjectScope, trace_id: str, span_id: str
) -> StoredSpan | None:
    found = stored_spans(db, scope, [(trace_id, span_id)])
    return found[0] if found else None


def lifted_events(
    db: EventConnection, scope: ProjectScope, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[RawEvent]]:
    """The log records' events for those of the spans that have any; by time, then by hash."""
    wanted = set(keys)
    found: dict[tuple[str, str], dict[int, RawEvent]] = {}
    for some in _chunks(list(wanted)):
        params = {"project_id": scope.project_id, **_key_params(some)}
        for row in _rows(db, LiftedEventsRow, "lifted_events", params):
            if (key := (row.trace_id, row.span_id)) in wanted:
                found.setdefault(key, {})[row.event_hash] = _events.decode(row.event)
    return {
        key: [event for _, event in sorted(events.items(), key=lambda e: (e[1].time_ns, e[0]))]
        for key, events in found.items()
    }


def has_lifted(db: EventConnection, scope: ProjectScope) -> bool:
    """Whether `lifted_events` could find anything at all; costs a few milliseconds."""
    return bool(db.rows(question("has_lifted"), {"project_id": scope.project_id}))


def spans_that_may_hold(
    db: EventConnection,
    scope: ProjectScope,
    trace_ids: Sequence[str],
    text: str,
    *,
    since_ns: int,
    until_ns: int,
) -> set[tuple[str, str]]:
    """
    Of the spans that began in [since, until], and of those with log records whenever they began,
    the ones that hold the text in some spelling.  Too many rather than too few: what is found is
    read before it is told.
    """
    params: Params = {
        "project_id": scope.project_id,
        "since_ns": max(since_ns, scope.floor_ns),
        "until_ns": until_ns,
        "spellings": _spelled(text),
    }
    found: set[tuple[str, str]] = set()
    lifted = has_lifted(db, scope)
    for some in _chunks(trace_ids):
        bound = {**params, "trace_ids": some}
        found.update((row[0], row[1]) for row in db.rows(question("find_spans"), bound))
        if lifted:
            found.update((row[0], row[1]) for row in db.rows(question("find_lifted"), bound))
    return found


def _spelled(text: str) -> list[str]:
    """As it stands in JSON, in JSON within JSON, and in that once more; other scripts as
    themselves and as escapes, whose case the engine can't fold."""
    found: dict[str, None] = {}
    for form in (text, text.lower(), text.upper()):
        for ascii_only in (False, True):
            spelled = form
            for _ in range(3):
                spelled = json.dumps(spelled, ensure_ascii=ascii_only)[1:-1]
                found[spelled.encode("utf-8", "replace").decode()] = None
    return list(found)


def search_spans(
    db: EventConnection,
    scope: ProjectScope,
    q: str,
    *,
    since_ns: int = 0,
    until_ns: int = (1 << 63) - 1,
    limit: int = 50,
) -> list[SpanHit]:
    """Spans that began in [since, until) and hold all words of `q`, latest first."""
    params: Params = {
        "project_id": scope.project_id,
        "since_ns": max(since_ns, scope.floor_ns),
        "until_ns": until_ns,
        "limit": limit,
        **search_params(q),
    }
    hits: dict[tuple[str, str], SpanHit] = {}
    for row in db.rows(search_question(question("search_spans"), q), params):
        hits.setdefault((row[0], row[1]), SpanHit(*row[:5]))
    return list(hits.values())


def search_params(q: str) -> dict[str, Param]:
    """What a question asked with `search_question` binds."""
    words, parts = _words(q)
    longest = max(parts, key=len, default="")
    others = ["|".join(_spellings(part)) for part in parts if part != longest]
    return {"words": words, "longest": _spellings(longest), "parts": others}


def search_question(sql: str, q: str) -> str:
    """
    The question with the conditions that this search needs in place of `{holds_words}`.

    Whole ASCII words go to the text index.  Anything else is looked for as part of a text, since
    Chinese or Thai has no spaces to split at; that reads the texts, so it is not asked in vain.
    """
    words, parts = _words(q)
    conditions = ["hasAllTokens(words, {words:Array(String)})"] if words else []
    if parts:
        conditions.append("multiSearchAny(words, {longest:Array(String)})")
    if len(parts) > 1:
        conditions.append(
            "arrayAll(part -> arrayExists(spelled -> position(words, spelled) > 0,"
            " splitByChar('|', part)), {parts:Array(String)})"
        )
    return sql.replace("{holds_words}", " AND ".join(conditions) or "1")


def _words(q: str) -> tuple[list[str], list[str]]:
    """ASCII words, and those of other scripts; each once."""
    found = sorted(set(_split(q.lower())))
    return [word for word in found if word.isascii()], [w for w in found if not w.isascii()]


def _spellings(part: str) -> list[str]:
    """As itself, and as JSON within JSON escapes it: there case can't be folded any more."""
    escaped = {_escaped(form) for form in (part, part.upper(), part.capitalize())}
    return [part, *sorted(one for one in escaped if " u" in one)]


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 128 else f" u{code:04x}" for code in codes).lower()


def _split(text: str) -> list[str]:
    """As the index does: only ASCII characters that are no letters or digits part words."""
    return "".join(
        c if not c.isascii() or c.isalnum() else " " for c in text.replace("\0", " ")
    ).split()


def _places(db: EventConnection, scope: ProjectScope, trace_ids: Sequence[str]) -> list[SpanPlace]:
    """Of every span of the traces, once each, in order."""
    tables = [
        table
        for some in _chunks(trace_ids)
        if (table := db.arrow(question("span_keys"), scope.params() | {"trace_ids": some})).num_rows
    ]
    if not tables:
        return []
    found = pa.concat_tables(tables).sort_by(
        [(name, "ascending") for name in ("start_ns", "trace_id", "span_id")]
    )
    traces, spans, starts, versions = (
        found.column(name).to_pylist() for name in SpanKeysRow._fields
    )
    places = list(map(SpanPlace, starts, traces, spans))
    if len(set(zip(traces, spans, strict=True))) == len(places):
        return places
    best: dict[tuple[str, str], tuple[int, SpanPlace]] = {}
    for place, version in zip(places, versions, strict=True):
        key = (place.trace_id, place.span_id)
        if key not in best or version > best[key][0]:
            best[key] = (version, place)
    return sorted(place for _, place in best.values())


def _at(db: EventConnection, scope: ProjectScope, places: Sequence[SpanPlace]) -> list[Span]:
    """The facts at consecutive places."""
    if not places:
        return []
    best: dict[tuple[str, str], tuple[int, bytes]] = {}
    for some in _chunks(sorted({place.trace_id for place in places})):
        params: dict[str, Any] = {
            "project_id": scope.project_id,
            "trace_ids": some,
            "since_ns": places[0].start_ns,
            "until_ns": places[-1].start_ns,
        }
        _keep_best(best, db.arrow(question("spans_between"), params))
    wanted = [(place.trace_id, place.span_id) for place in places]
    return [_spans.decode(best[key][1]) for key in wanted if key in best]


def _keep_best(best: dict[tuple[str, str], tuple[int, bytes]], table: pa.Table) -> None:
    if table.num_rows == 0:
        return
    facts = table.column("facts").cast(pa.binary()).to_pylist()
    others = [table.column(name).to_pylist() for name in ("trace_id", "span_id", "ver")]
    for trace_id, span_id, ver, fact in zip(*others, facts, strict=True):
        known = best.get((trace_id, span_id))
        if known is None or ver > known[0]:
            best[(trace_id, span_id)] = (ver, fact)


def _rows(db: EventConnection, row_class: Any, name: str, params: Params) -> list[Any]:
    """Rows whose long columns stay bytes: they go to a JSON decoder next."""
    table = db.arrow(question(name), params)
    if table.num_rows == 0:
        return []
    columns = [
        table.column(field).cast(pa.binary()).to_pylist()
        if row_class.__annotations__[field] is bytes
        else table.column(field).to_pylist()
        for field in row_class._fields
    ]
    return [row_class(*values) for values in zip(*columns, strict=True)]


def _stored_span(row: RawSpansRow, resources: dict[bytes, Resource]) -> StoredSpan:
    if row.resource not in resources:
        resources[row.resource] = _resources.decode(row.resource)
    name, values, raw_events, raw_links, message, numbers = _raws.decode(row.raw)
    kind, start_ns, end_ns, status, attributes, events, links = numbers
    raw = RawSpan(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        name=name,
        otlp_kind=kind,
        start_ns=start_ns,
        end_ns=end_ns,
        status_code=status,
        status_message=message,
        attributes=dict(zip(_keys.decode(row.keys), values, strict=True)),
        events=raw_events,
        links=raw_links,
        dropped_attributes=attributes,
        dropped_events=events,
        dropped_links=links,
        resource=resources[row.resource],
    )
    return StoredSpan(_spans.decode(row.facts), raw, row.received_ns, len(row.raw))


def _key_params(keys: Sequence[tuple[str, str]]) -> Params:
    return {
        "trace_ids": sorted({trace_id for trace_id, _ in keys}),
        "span_ids": sorted({span_id for _, span_id in keys}),
    }


def _chunks(ids: Sequence[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(ids), _IDS_A_QUESTION):
        yield list(ids[first : first + _IDS_A_QUESTION])


def _in_order(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.start_ns, span.trace_id, span.span_id))
