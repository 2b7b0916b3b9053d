"""
What reading costs with a million spans stored: p50 and p95 of every question, disk and memory.

    python bench/storage_reads.py [--spans 1000000] [--folder /tmp/reads] [--keep]

Sessions of 6 to 20 spans over 25 days, and one of 30,000; made in this process and written as
`receive` writes them, in batches of 8,192.  Merges are waited for, then nothing is cached that a
repeated question could answer from (the query condition cache is off); every run of a question
has other values.  With `--keep` the folder stays and a second run only reads.
"""

import argparse
import collections
import itertools
import random
import resource
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from made_sessions import BASE_NS, MODELS, NEEDLE, TASK_TYPES, TOOLS, Maker, summarize

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.storage.events import (
    figures_reads,
    session_reads,
    session_writes,
    span_reads,
    span_writes,
    upkeep,
)
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import SessionFilter

PROJECT = ProjectId("bench")
BATCH = 8_192
DAY_NS = 86_400_000_000_000
DAYS = 25
BIG = "sess-30000"


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rss_mib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20


def load(db: EventConnection, spans: int) -> None:
    maker = Maker(size=(6, 20))
    gap_ns = DAYS * DAY_NS // max(1, spans // 13)
    sessions: list[Session] = []

    def made() -> Iterator[tuple[RawSpan, Span]]:
        big = maker.session(BASE_NS + DAY_NS, spans=30_000, key=BIG)
        sessions.append(summarize([span for _, span in big]))
        yield from big
        for one in maker.sessions(gap_ns=gap_ns):
            sessions.append(summarize([span for _, span in one]))
            yield from one

    stream = itertools.islice(made(), spans)
    stored, writing_s, writing_cpu_s = 0, 0.0, 0.0
    while batch := [
        span_writes.SpanRow(PROJECT, span, raw, raw.end_ns)
        for raw, span in itertools.islice(stream, BATCH)
    ]:
        begun, begun_cpu = time.perf_counter(), cpu_s()
        span_writes.write_spans(db, batch, token=f"bench {stored}")
        writing_s += time.perf_counter() - begun
        writing_cpu_s += cpu_s() - begun_cpu
        stored += len(batch)
        if len(sessions) > 2_000 or stored == spans:
            rows = [session_writes.SessionRow(PROJECT, one, 1) for one in sessions]
            session_writes.write_sessions(db, rows)
            sessions.clear()
        if stored % (BATCH * 20) == 0:
            print(f"  {stored} spans, {rss_mib()} MiB", flush=True)
    print(
        f"written: {stored} spans, {stored / writing_s:,.0f} spans/s,"
        f" {writing_cpu_s / stored * 1e6:.1f} us CPU a span (merges meanwhile included)"
    )
    begun_cpu, begun = cpu_s(), time.perf_counter()
    time.sleep(1)
    print(f"not indexed yet: {upkeep.unindexed_spans(db)} spans")
    while db.rows("SELECT count() FROM system.merges")[0][0]:
        time.sleep(0.5)
    upkeep.index_new_parts(db)
    print(
        f"merges afterwards: {(cpu_s() - begun_cpu) / stored * 1e6:.1f} us CPU a span,"
        f" {time.perf_counter() - begun:.0f} s; peak RSS"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"
    )


def measure(name: str, ask: Callable[[int], object], *, runs: int = 20) -> None:
    took_ms = []
    for run in range(runs + 2):
        begun = time.perf_counter()
        ask(run)
        took_ms.append((time.perf_counter() - begun) * 1000)
    first, took_ms = took_ms[0], took_ms[2:]
    p95 = statistics.quantiles(took_ms, n=20)[-1]
    p50 = statistics.median(took_ms)
    print(f"{name:44s} first {first:7.1f}  p50 {p50:7.1f}  p95 {p95:7.1f} ms", flush=True)


def read(db: EventConnection) -> None:
    scope = ProjectScope(project_id=PROJECT)
    pick = random.Random(1)
    # Commonest first: the first is in half of all spans, the last in a few.
    counted = collections.Counter(Maker(seed=7).pool.split())
    ranked = [word for word, _ in counted.most_common()]
    some = session_reads.session_page(db, scope, limit=200, sort="cost").sessions

    def page(where: SessionFilter, sort: session_reads.SessionSort = "started") -> Session:
        return session_reads.session_page(db, scope, where, sort=sort).sessions[:1]  # type: ignore[return-value]

    def deep(_: int) -> None:
        cursor = ""
        for _ in range(5):
            cursor = session_reads.session_page(db, scope, cursor=cursor).cursor

    def traces(run: int) -> tuple[str, ...]:
        return some[run].trace_ids

    measure("list: newest 50", lambda r: page(SessionFilter(until_ns=BASE_NS + DAYS * DAY_NS - r)))
    measure("list: newest 50 of one day", lambda r: page(
        SessionFilter(since_ns=BASE_NS + r % DAYS * DAY_NS,
                      until_ns=BASE_NS + (r % DAYS + 1) * DAY_NS)))  # fmt: skip
    measure("list: dearest 50", lambda r: page(SessionFilter(since_ns=r), "cost"))
    measure("list: 5 pages on", deep, runs=8)
    measure(
        "filter: model, tool, outcome",
        lambda r: page(
            SessionFilter(model=(MODELS[r % 3][0],), tool=(TOOLS[r % 8],), outcome=("failure",))
        ),
    )
    measure(
        "filter: user, tag, intervention",
        lambda r: page(SessionFilter(user=(f"user-{r:03d}",), tag=("vip",), has_intervention=True)),
    )
    measure("count", lambda r: session_reads.count_sessions(db, scope, SessionFilter(since_ns=r)))
    measure("facets", lambda r: session_reads.session_facets(db, scope, SessionFilter(since_ns=r)))
    measure("figures: all", lambda r: figures_reads.figures(db, scope, SessionFilter(since_ns=r)))
    measure(
        "figures: model by day",
        lambda r: figures_reads.figures(
            db, scope, SessionFilter(since_ns=r), by=("model",), bucket_ns=DAY_NS
        ),
    )
    measure(
        "figures: task type, version",
        lambda r: figures_reads.figures(
            db, scope, SessionFilter(since_ns=r), by=("task_type", "version")
        ),
    )
    measure(
        "figures: agent, tool, one type",
        lambda r: figures_reads.figures(
            db, scope, SessionFilter(task_type=(TASK_TYPES[r % 4],)), by=("agent", "tool")
        ),
    )
    measure("search: one in 2,000", lambda r: page(SessionFilter(q=NEEDLE, since_ns=r)))
    measure("search: common word", lambda r: page(SessionFilter(q=ranked[r])), runs=12)
    measure("search: middling word", lambda r: page(SessionFilter(q=ranked[len(ranked) // 2 + r])))
    measure("search: two words", lambda r: page(SessionFilter(q=f"{NEEDLE} {ranked[r + 100]}")))
    measure("search: absent word", lambda r: page(SessionFilter(q=f"nowhere{r}")))
    measure("search: a call id", lambda r: page(SessionFilter(q=f"call_{r:012x}")))
    measure("search: part of an absent word", lambda r: page(SessionFilter(q=f"迁移{r}")), runs=5)
    measure(
        "spans that hold the word",
        lambda r: span_reads.search_spans(db, scope, NEEDLE, until_ns=BASE_NS + DAYS * DAY_NS - r),
    )
    measure(
        "one session's record", lambda r: session_reads.get_session(db, scope, some[r].session_id)
    )
    measure(
        "one session by trace",
        lambda r: session_reads.get_session(db, scope, f"trace:{traces(r)[0]}"),
    )
    measure("one session's spans, facts", lambda r: span_reads.session_spans(db, scope, traces(r)))
    measure("one session's spans with payload", lambda r: span_reads.raw_spans(
        db, scope, [(s.trace_id, s.span_id)
                    for s in span_reads.session_spans(db, scope, traces(r))]), runs=10)  # fmt: skip
    big = session_reads.get_session(db, scope, BIG).trace_ids
    measure("30,000 spans, facts", lambda _: span_reads.session_spans(db, scope, big), runs=5)
    first = span_reads.session_spans(db, scope, big)
    measure("30,000 spans: a page of 1,000", lambda r: span_reads.span_page(
        db, scope, big, limit=1_000,
        after=span_reads.SpanPlace(first[r * 900].start_ns, first[r * 900].trace_id,
                                   first[r * 900].span_id)), runs=10)  # fmt: skip
    keys = [(span.trace_id, span.span_id) for span in pick.sample(first, 50)]
    measure("one span with payload", lambda r: span_reads.span(db, scope, *keys[r]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/quarterdeck-storage-reads"))
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    engine = ChdbEngine.open(given.folder)
    db = engine.connect("bench")
    migrate(db)
    if not db.rows("SELECT 1 FROM spans LIMIT 1"):
        load(db, given.spans)
    for row in db.rows(
        "SELECT table, count(), sum(rows), sum(bytes_on_disk) / sum(rows),"
        " sum(secondary_indices_compressed_bytes) / sum(rows) FROM system.parts"
        " WHERE active AND database = currentDatabase() GROUP BY table ORDER BY table"
    ):
        print(
            f"{row[0]}: {row[1]} parts, {row[2]} rows, {row[3]:.0f} B a row, index {row[4]:.0f} B"
        )
    db.execute("SYSTEM DROP MARK CACHE")
    read(db)
    print(f"RSS {rss_mib()} MiB", end=", ")
    db.release_memory()
    print(f"{rss_mib()} MiB once released")
    db.close()
    engine.close()
    if not given.keep:
        shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
