"""
The pipeline, on one page: from acknowledged bytes to stored spans.

    spool rows -> decode -> interpret -> build -> lift -> normalize -> price
               -> store -> tell -> forget

One thread takes rows in the order they came, a few thousand items at a time.  A row leaves the
spool only when the store has its spans and whoever keeps sessions has been told, so a crash at
any point repeats work and loses none; the store recognizes the repetition.

What can go wrong is told apart.  The store is away (`TryAgain`, a broken connection): the
batch waits and is tried again, for as long as it takes.  The batch is poison (anything else):
it is halved until the one bad row stands alone, and that row is quarantined with its error,
counted, and holds nobody up.
"""

import functools
import logging
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from quarterdeck.errors import Misconfigured, TryAgain
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawEvent, RawLog, RawMetric, RawSpan, Span
from quarterdeck.normalize.dialect import Counted, Ignored, Lifted, NormalizeSettings, Synthesized
from quarterdeck.normalize.logs import interpret_log
from quarterdeck.normalize.metrics import interpret_metric
from quarterdeck.normalize.normalize import lift, normalize_span
from quarterdeck.receive.accounting import Accounting, Outcome
from quarterdeck.receive.fragments import Build
from quarterdeck.receive.judgements import Given, Judgements
from quarterdeck.receive.objects import Item, Objects, Told
from quarterdeck.receive.otlp_decode import logs_of, metrics_of, spans_of
from quarterdeck.receive.spool import Spool, SpoolRow
from quarterdeck.receive.stored_events import EventStore, Key
from quarterdeck.receive.wire import Reading
from quarterdeck.storage.events.columns import encode
from quarterdeck.storage.events.span_writes import LiftedRow, SpanRow, batch_token

MAX_BATCH_ITEMS = 4096
"""Inserts of the store cost about 20 ms each whatever their size, so 4,096 rows are 37 % faster
than 512 (measured); twice as many bring nothing and hold 35 to 75 MB more."""
_MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Compressed; about 100 MiB of bodies."""
LINGER_S = 0.2
"""How long the first row of a batch waits for company.  Data is to be readable within 1 s."""
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between tries while the store is away; the last one repeats."""
_POISON_TRIES = 2
_REMEMBERED_KEYS = 65_536
"""Two generations of so many keys tell duplicates, for counting only; about 70 bytes each."""

_AWAY = (TryAgain, Misconfigured, OSError, sqlite3.Error, MemoryError)
_log = logging.getLogger(__name__)
_readings = msgspec.json.Decoder(Reading)


class Rules(NamedTuple):
    """What a project wants to be done with its spans."""

    normalize: NormalizeSettings
    price: Callable[[Span], Span]
    """The span with its charge.  Must not raise."""
    unwanted: Callable[[RawSpan], bool] | None = None
    """Whether a span belongs to what was deleted: then it is not stored, and counted so."""
    forgotten: Callable[[str], bool] | None = None
    """Whether a trace was deleted: then no score of it is stored."""


class Progress(NamedTuple):
    """For /readyz: a pipeline that lives and does not advance is not healthy."""

    pending_items: int
    oldest_age_s: float
    """Age of the oldest acknowledged item that is not processed; 0.0 for none."""
    running: bool
    last_error: str
    """Why the last attempt failed; "" after one that succeeded."""


class _Content(NamedTuple):
    """A row, read: spans as sent or made from records, and events that belong to spans."""

    row: SpoolRow
    spans: Sequence[RawSpan]
    lifted: Sequence[LiftedRow]
    items: Sequence[tuple[Key | bytes, ...]]
    """Of each item that is not ignored: what it became, to tell a repetition."""
    ignored: Mapping[str, int]
    said: Reading = Reading()
    """What a foreign SDK said beside spans: fragments of objects, and judgements."""

    @property
    def told(self) -> Told:
        return Told(ProjectId(self.row.project_id), self.row.received_ns, self.said)


class Pipeline:
    """
    `start` begins the thread; `stop` lets the batch in hand finish and ends it.

    `stop` before `start`, or twice, does nothing.  `rules_of` is asked once per batch and
    project.  `became` is told, by project, what the accounting counts.  `on_stored` gets the spans
    that were stored, by project, and the same ones as they were sent; it returns when they are
    taken care of, and may raise `TryAgain` to be called again.  `builders`: by wire, what makes
    spans of its objects.  `on_scored` gets the sessions, or `trace:<id>`, that were given scores,
    when both are stored.  With `exclusive` False other
    replicas write the same store: what they stored meanwhile is looked for again after writing.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        store: EventStore,
        rules_of: Callable[[ProjectId], Rules],
        on_stored: Callable[
            [Mapping[ProjectId, Sequence[Span]], Mapping[ProjectId, Mapping[Key, RawSpan]]], None
        ],
        accounting: Accounting,
        became: Callable[[ProjectId, Outcome, int], None] = lambda *_: None,
        builders: Mapping[str, Build] = MappingProxyType({}),
        on_scored: Callable[[ProjectId, Sequence[str]], None] = lambda *_: None,
        exclusive: bool = True,
        max_batch_items: int = MAX_BATCH_ITEMS,
        linger_s: float = LINGER_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._spool = spool
        self._store = store
        self._rules_of = rules_of
        self._on_stored = on_stored
        self._accounting = accounting
        self._became = became
        self._objects = Objects(store, builders=builders, unbuilt=accounting.unbuilt)
        self._on_scored = on_scored
        self._judgements = Judgements(store, exclusive=exclusive)
        self._exclusive = exclusive
        self._max_batch_items = max_batch_items
        self._linger_s = linger_s
        self._now_ns = now_ns
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._after_id = 0
        self._last_error = self._error_after_storing = ""
        self._lifting: dict[ProjectId, bool] = {}
        """Whether a project has log records that belong to spans: else nothing is looked up."""
        self._seen = _Seen(_REMEMBERED_KEYS)
        for signal, items in spool.state().recovered_items.items():
            accounting.recovered(signal, items)

    # ------------------------------------------------------------------------------ life cycle

    def start(self) -> None:
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Rows that are not done stay in the spool for the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def progress(self) -> Progress:
        state = self._spool.state()
        oldest = state.oldest_received_ns
        return Progress(
            pending_items=state.items,
            oldest_age_s=max(0.0, (self._now_ns() - oldest) / 1e9) if oldest else 0.0,
            running=self._thread is not None and self._thread.is_alive(),
            last_error=self._last_error or self._error_after_storing,
        )

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                if self._spool.wait(self._after_id, 0.5):
                    self.process(self._gather())
                failures = 0
            except Exception as error:  # noqa: BLE001 - the rim: the thread outlives whatever happened
                failures += 1
                self._note(error)
                _log.exception("the pipeline goes on after an error")
                self._stopping.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])

    def run_until_empty(self) -> None:
        """Process everything that is spooled now, in this thread."""
        while rows := self._spool.read(
            self._after_id, max_items=self._max_batch_items, max_bytes=_MAX_BATCH_BYTES
        ):
            self.process(rows)

    def _gather(self) -> list[SpoolRow]:
        """A batch: what is there, and what comes while the first row lingers."""
        rows, items, size = list[SpoolRow](), 0, 0
        until = time.monotonic() + self._linger_s
        while items < self._max_batch_items and size < _MAX_BATCH_BYTES:
            more = self._spool.read(
                rows[-1].id if rows else self._after_id,
                max_items=self._max_batch_items - items,
                max_bytes=_MAX_BATCH_BYTES - size,
            )
            rows += more
            items += sum(row.items for row in more)
            size += sum(len(row.packed) for row in more)
            left_s = until - time.monotonic()
            if left_s <= 0 or self._stopping.is_set():
                break
            if not more and not self._spool.wait(rows[-1].id if rows else self._after_id, left_s):
                break
        return rows

    # ------------------------------------------------------------------------------- the stages

    def process(self, rows: Sequence[SpoolRow]) -> None:
        """Store these rows, or quarantine those that can't be.  Returns early when stopping."""
        if not rows:
            return
        contents = [content for row in rows if (content := self._read(row)) is not None]
        if contents and not self._store_or_split(contents):
            return  # stopping: the rows stay spooled
        self._after_id = max(self._after_id, rows[-1].id)

    def _read(self, row: SpoolRow) -> _Content | None:
        """Decode and interpret one row; None when that failed and it was set aside."""
        try:
            return _read_row(row)
        except Exception as error:  # noqa: BLE001 - any failure to read is the row's own
            self._quarantine(row, error)
            return None

    def _store_or_split(self, contents: Sequence[_Content]) -> bool:
        """True when nothing of it is left to do; False when the server is stopping."""
        tries = strikes = 0
        while True:
            try:
                self._store_batch(contents)
            except _AWAY as error:
                self._note(error)
                self._accounting.pipeline_retried()
                delay_s = _BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)]
                tries += 1
                if self._stopping.wait(delay_s):
                    return False
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the rest
                self._note(error)
                if len(contents) > 1:
                    _log.warning(
                        "a batch of %d rows failed and is halved: %r", len(contents), error
                    )
                    half = len(contents) // 2
                    return self._store_or_split(contents[:half]) and self._store_or_split(
                        contents[half:]
                    )
                strikes = strikes + 1 if self._store_answers(contents[0].row) else 0
                if strikes >= _POISON_TRIES:
                    self._quarantine(contents[0].row, error)
                    return True
                if self._stopping.wait(_BACKOFF_S[0]):
                    return False
            else:
                self._last_error = ""
                return True

    def _store_answers(self, row: SpoolRow) -> bool:
        """The control: a row is only called poison while the store is well."""
        try:
            self._store.has_lifted(ProjectId(row.project_id))
        except Exception as error:  # noqa: BLE001 - any failure says no
            self._note(error)
            return False
        return True

    def _store_batch(self, contents: Sequence[_Content]) -> None:
        lifted = [row for content in contents for row in content.lifted]
        self._store.write_lifted(lifted)
        said = [content.told for content in contents if content.told.reading.items]
        built = self._objects.store(said)
        dropped = self._objects.drop_deleted(said) | self._forgotten(said)
        wanted, unwanted = self._without_deleted(_by_project(contents, built))
        raws = self._with_lifted(wanted, lifted)
        scored = self._store_scores(said, raws, dropped)
        self._store_spans(raws, token=self._token(contents))
        if not self._exclusive:
            # A replica that stored a span's records in this moment did not see the span: after
            # both have written, at least one of the two finds what the other wrote.
            late = {project_id: self._changed(project_id, raws[project_id]) for project_id in raws}
            for project_id, spans in self._objects.build(said).items():
                known = built.get(project_id, ())
                late.setdefault(project_id, []).extend(s for s in spans if s not in known)
            self._store_spans(late, token=self._token(contents, "late"))
        for project_id, targets in scored.items():
            self._follow(functools.partial(self._on_scored, project_id, sorted(targets)))
        self._spool.delete([content.row.id for content in contents])
        self._objects.done()
        self._count(contents, unwanted | dropped)

    def _forgotten(self, said: Sequence[Told]) -> set[Item]:
        """Scores of traces that were deleted."""
        found: set[Item] = set()
        for project_id, _, reading in said:
            forgotten = self._rules_of(project_id).forgotten
            if forgotten is not None:
                found |= {
                    (project_id, encode(one))
                    for one in reading.judgements
                    if forgotten(one.score.target_trace_id)
                }
        return found

    def _store_scores(
        self,
        said: Sequence[Told],
        raws: Mapping[ProjectId, Sequence[RawSpan]],
        dropped: set[Item],
    ) -> Mapping[ProjectId, set[str]]:
        """The sessions and traces that were given scores, by project."""
        given: dict[ProjectId, list[Given]] = defaultdict(list)
        for project_id, arrived_ns, reading in said:
            given[project_id] += (
                Given(one, arrived_ns)
                for one in reading.judgements
                if not dropped or (project_id, encode(one)) not in dropped
            )
        return self._judgements.store(given, raws)

    def _without_deleted(
        self, raws: dict[ProjectId, dict[Key, list[RawSpan]]]
    ) -> tuple[dict[ProjectId, dict[Key, list[RawSpan]]], set[Item]]:
        """What is to be stored, and the keys of what is not."""
        gone: set[tuple[str, Key]] = set()
        for project_id, spans in raws.items():
            unwanted = self._rules_of(project_id).unwanted
            if unwanted is not None:
                gone |= {(project_id, key) for key, raw in spans.items() if unwanted(raw[0])}
        for name, key in gone:
            del raws[ProjectId(name)][key]
        return raws, set(gone)

    def _store_spans(self, raws: Mapping[ProjectId, Sequence[RawSpan]], *, token: str) -> None:
        now_ns = self._now_ns()
        rows, spans = list[SpanRow](), dict[ProjectId, list[Span]]()
        for project_id, its_raws in raws.items():
            rules = self._rules_of(project_id)
            stored = spans.setdefault(project_id, [])
            for raw in its_raws:
                span = rules.price(normalize_span(raw, settings=rules.normalize))
                stored.append(span)
                rows.append(SpanRow(project_id, span, raw, now_ns))
        if rows:
            self._store.write_spans(rows, token=token)
            self._tell(spans, raws)

    def _changed(self, project_id: ProjectId, spans: list[RawSpan]) -> list[RawSpan]:
        lifted_again = self._lift(project_id, spans)
        return [now for now, then in zip(lifted_again, spans, strict=True) if now != then]

    def _with_lifted(
        self, raws: Mapping[ProjectId, Mapping[Key, list[RawSpan]]], lifted: Sequence[LiftedRow]
    ) -> dict[ProjectId, list[RawSpan]]:
        """Spans with the events that log records told of them, whichever came first; and with
        the stored spans that records of this batch belong to, to be written again."""
        owners: dict[ProjectId, set[Key]] = defaultdict(set)
        for row in lifted:
            owners[row.project_id].add((row.trace_id, row.span_id))
            self._lifting[row.project_id] = True
        complete: dict[ProjectId, list[RawSpan]] = {}
        for project_id in raws.keys() | owners.keys():
            here = raws.get(project_id, {})
            elsewhere = [key for key in owners[project_id] if key not in here]
            spans = [raw for versions in here.values() for raw in versions]
            if elsewhere:
                spans += self._store.raw_spans(project_id, elsewhere)
            if spans:
                complete[project_id] = self._lift(project_id, spans)
        return complete

    def _lift(self, project_id: ProjectId, spans: list[RawSpan]) -> list[RawSpan]:
        if project_id not in self._lifting or not self._exclusive:
            # An earlier run, or another replica, may have stored such records.
            self._lifting[project_id] = self._store.has_lifted(project_id)
        if not self._lifting[project_id]:
            return spans
        events = self._store.lifted_events(
            project_id, list({(raw.trace_id, raw.span_id) for raw in spans})
        )
        return [_lifted(raw, events.get((raw.trace_id, raw.span_id))) for raw in spans]

    def _tell(
        self,
        spans: Mapping[ProjectId, Sequence[Span]],
        raws: Mapping[ProjectId, Sequence[RawSpan]],
    ) -> None:
        sent = {
            project_id: {(raw.trace_id, raw.span_id): raw for raw in some}
            for project_id, some in raws.items()
        }
        self._follow(lambda: self._on_stored(spans, sent))

    def _follow(self, act: Callable[[], None]) -> None:
        """What follows storing.  Its failure is not the data's, but where the store is away."""
        try:
            act()
            self._error_after_storing = ""
        except _AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - what follows is not the data's fault
            # The data is stored; to try again would only fail again.
            self._accounting.pipeline_failed()
            self._error_after_storing = _told(error)
            _log.exception("what follows storing failed")

    def _token(self, contents: Sequence[_Content], part: str = "") -> str:
        ids = ",".join(str(content.row.id) for content in contents)
        return batch_token(self._spool.identity.encode(), ids.encode(), part.encode())

    # -------------------------------------------------------------------------------- accounting

    def _count(self, contents: Sequence[_Content], unwanted: set[Item]) -> None:
        for content in contents:
            signal, project_id = content.row.signal, content.row.project_id
            tell = functools.partial(self._became, ProjectId(project_id))
            items = content.items
            if unwanted:
                items = [item for item in items if (project_id, item[0]) not in unwanted]
                deleted = len(content.items) - len(items)
                self._accounting.became(signal, "ignored", deleted, reason="deleted")
                tell("ignored", deleted)
            fresh = sum(self._seen.add(project_id, item) for item in items)
            self._accounting.became(signal, "stored", fresh)
            self._accounting.became(
                signal, "duplicate", len(items) - fresh, reason="delivered before"
            )
            tell("stored", fresh)
            tell("duplicate", len(items) - fresh)
            for reason, number in content.ignored.items():
                self._accounting.became(signal, "ignored", number, reason=reason)
                tell("ignored", number)

    def _quarantine(self, row: SpoolRow, error: Exception) -> None:
        reason = type(error).__name__
        _log.error("spool row %d is quarantined: %r", row.id, error)
        try:
            self._spool.quarantine([row.id], f"{reason}: {error}")
        except TryAgain as failure:
            # The row stays where it is and comes again after a restart: nothing is lost.
            self._note(failure)
            return
        self._accounting.became(row.signal, "quarantined", row.items, reason=reason)
        self._became(ProjectId(row.project_id), "quarantined", row.items)

    def _note(self, error: Exception) -> None:
        self._last_error = _told(error)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


# ------------------------------------------------------------------------------------ reading


def _read_row(row: SpoolRow) -> _Content:
    if row.signal == "wire":
        said = _readings.decode(row.body())
        items: list[tuple[Key | bytes, ...]] = [((s.trace_id, s.span_id),) for s in said.spans]
        items += ((encode(one),) for one in (*said.fragments, *said.judgements))
        return _Content(row, said.spans, (), items, {}, said)
    request = row.request()
    if row.signal == "traces":
        spans = spans_of(request)
        return _Content(row, spans, (), [((s.trace_id, s.span_id),) for s in spans], {})
    if row.signal == "logs":
        return _collect(row, map(_log_readings, logs_of(request)))
    return _collect(row, map(_metric_readings, metrics_of(request)))


class _Reading(NamedTuple):
    """What one record gave."""

    spans: Sequence[RawSpan]
    events: Sequence[tuple[Key, RawEvent]]
    ignored: str


def _log_readings(log: RawLog) -> _Reading:
    spans, events, ignored = list[RawSpan](), list[tuple[Key, RawEvent]](), ""
    for reading in interpret_log(log):
        match reading:
            case Lifted(event):
                events.append(((log.trace_id, log.span_id), event))
            case Synthesized(span):
                spans.append(span)
            case Ignored(reason):
                ignored = reason
    return _Reading(spans, events, ignored)


def _metric_readings(metric: RawMetric) -> _Reading:
    match interpret_metric(metric):
        case Counted(span):
            return _Reading([span], (), "")
        case Ignored(reason):
            return _Reading((), (), reason)


def _collect(row: SpoolRow, readings: Iterator[_Reading]) -> _Content:
    spans, lifted, items = list[RawSpan](), list[LiftedRow](), list[tuple[Key | bytes, ...]]()
    ignored: Counter[str] = Counter()
    project_id = ProjectId(row.project_id)
    for reading in readings:
        spans += reading.spans
        lifted += (LiftedRow(project_id, *key, event) for key, event in reading.events)
        if reading.spans or reading.events:
            items.append(
                (
                    *((span.trace_id, span.span_id) for span in reading.spans),
                    *(msgspec.json.encode((key, event)) for key, event in reading.events),
                )
            )
        else:
            ignored[reading.ignored or "nothing in it"] += 1
    return _Content(row, spans, lifted, items, ignored)


def _by_project(
    contents: Sequence[_Content], built: Mapping[ProjectId, Sequence[RawSpan]]
) -> dict[ProjectId, dict[Key, list[RawSpan]]]:
    """All versions of each span that are worth storing, in the order they came."""
    projects: dict[ProjectId, dict[Key, list[RawSpan]]] = {}
    sent = [(ProjectId(content.row.project_id), content.spans) for content in contents]
    for project_id, some in (*sent, *built.items()):
        if not some:
            continue
        spans = projects.setdefault(project_id, {})
        for raw in some:
            versions = spans.setdefault((raw.trace_id, raw.span_id), [])
            # Versions that differ are all written: the store's own rule tells which one wins.
            if raw not in versions:
                versions.append(raw)
    return projects


def _lifted(raw: RawSpan, events: Sequence[RawEvent] | None) -> RawSpan:
    return lift(raw, events) if events else raw


class _Seen:
    """Remembers the last `size` to 2 x `size` items, to count repetitions.  It decides nothing:
    a repetition that it has forgotten is stored again, which changes nothing."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, project_id: str, item: tuple[Key | bytes, ...]) -> bool:
        """True when it is new."""
        mark = hash((project_id, item))
        if mark in self._young or mark in self._old:
            return False
        self._young.add(mark)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return True
