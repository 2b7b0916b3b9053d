"""
Durable ingest: how many spans a second end up in sessions, and how soon, ours beside peers.

    python bench/ingest.py --peer-venvs DIR [--rounds 3] [--secs 8] [--conc 1,4,16]

Closed loop: so many senders post batches of 512 spans (1.8 kB each) as fast as they are
acknowledged; then the spans are counted through the API until all are there.  `durable/s`
divides by the time until then, so what only waits in a queue does not count.  Open loop: at half
of the best durable rate batches are due at fixed times, and beside them a single span of a new
session every half second; its acknowledgement, and the time until the API shows it, are
measured from when it was due.  Rounds of all servers alternate, each on an empty store.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import NamedTuple

import servers
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from servers import NotServed, Report, Row, Server, Watch, driver, load, rekey, split, spread, table

PROBE_EVERY_S = 0.5
LOOK_EVERY_S = 0.02
"""How often a probe is asked for: the time to queryable is told no finer than this."""
SENDERS = 16
LOST_AFTER_S = 30.0


class Probe(NamedTuple):
    body: bytes
    trace_id: str
    session_id: str


def closed_loop(
    server: Server, batches: Sequence[bytes], c: int, *, secs: float, cap: int, have: int, gen: int
) -> Row:
    watch = Watch([server])
    cpu, disk, threads = server.cpu_s(), server.disk(), cpu_by_thread(server)
    sent = load(server.target, batches, 512, c, secs, cap, gen)
    peak = server.pss_mib()
    lag = server.wait_for(have + sent["acc"], at_most_s=300)
    done = time.perf_counter()
    spans = sent["acc"]
    row: Row = {
        "c": c,
        "spans": spans,
        "accepted_s": spans / max(0.001, sent["tl"] - sent["t0"]),
        "durable_s": None if lag is None else spans / (done - sent["t0"]),
        "ack_p50_ms": 1000 * driver.med(sent["lat"]),
        "ack_p99_ms": 1000 * driver.pct(sent["lat"], 0.99),
        "queryable_after_last_ack_s": lag,
        "missing": 0 if lag is not None else have + spans - server.count(),
        "refused": sent["rej"],
        "errors": [str(error) for error in sent["err"]][:2],
        "cpu_s_10k": (server.cpu_s() - cpu) / max(1, spans) * 10_000,
        "pss_peak_mib": max(peak, server.pss_mib()),
        "disk_b_span": (server.disk() - disk) / max(1, spans),
        **watch.told(),
    }
    after = cpu_by_thread(server)
    row["cpu_us_span_by_thread"] = {
        name: (used - threads.get(name, 0.0)) / max(1, spans) * 1e6
        for name, used in sorted(after.items(), key=lambda item: -item[1])
        if used - threads.get(name, 0.0) > 0.01 * max(0.01, server.cpu_s() - cpu)
    }
    return row


def cpu_by_thread(server: Server) -> dict[str, float]:
    """Seconds by the name of the thread, over all threads that live: where the time goes."""
    used: dict[str, float] = {}
    for pid in server.target.pids():
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            try:
                text = stat.read_text()
            except OSError:
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text[text.rindex(")") + 2 :].split()
            used[name] = used.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / 100
    return used


# -- half load ------------------------------------------------------------------------------


def half_load(
    server: Server,
    parts: Sequence[tuple[bytes, list[bytes]]],
    *,
    rate: float,
    secs: float,
    gen: int,
) -> Row:
    """Batches are due every so often, whether the server keeps up or not."""
    due: Queue[tuple[float, bytes] | None] = Queue()
    latencies: list[float] = []
    spans = [0]
    refused = [0]
    lock = threading.Lock()  # protects the three above
    every = len(parts[0][1]) / rate
    begun = time.perf_counter() + 0.2
    end = begun + secs

    def send() -> None:
        connection = server.target.connect()
        while (job := due.get()) is not None:
            at, body = job
            while True:
                connection.request("POST", server.target.c["otlp"], body, dict(server.headers))
                reply = connection.getresponse()
                reply.read()
                if reply.status == 200:
                    break
                with lock:
                    refused[0] += 1
                time.sleep(0.1)
                if time.perf_counter() > end + LOST_AFTER_S:
                    return
            with lock:
                latencies.append(time.perf_counter() - at)
                spans[0] += len(parts[0][1])

    watch = Watch([server])
    cpu, before = server.cpu_s(), server.count()
    threads = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    probing = Probing(server, end=end)
    for thread in (*threads, probing.thread):
        thread.start()
    number = 0
    while (at := begun + number * every) < end:
        body, _ = parts[number % len(parts)]
        body = rekey(body, gen + number // len(parts))
        time.sleep(max(0.0, at - time.perf_counter()))
        due.put((at, body))
        number += 1
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join(LOST_AFTER_S + 10)
    probing.thread.join(2 * LOST_AFTER_S)
    lag = server.wait_for(before + spans[0] + probing.sent, at_most_s=180)
    return {
        "rate_s": rate,
        "batch": len(parts[0][1]),
        "spans": spans[0],
        "ack_p50_ms": 1000 * driver.med(latencies),
        "ack_p99_ms": 1000 * driver.pct(latencies, 0.99),
        "ack_max_ms": 1000 * max(latencies, default=float("nan")),
        "refused": refused[0],
        "probes": probing.sent,
        "probes_lost": probing.lost,
        "probe_ack_p50_ms": 1000 * driver.med(probing.acked),
        "probe_ack_p99_ms": 1000 * driver.pct(probing.acked, 0.99),
        "queryable_p50_s": driver.med(probing.seen),
        "queryable_p99_s": driver.pct(probing.seen, 0.99),
        "queryable_max_s": max(probing.seen, default=None),
        "all_queryable": lag is not None,
        "cpu_s_10k": (server.cpu_s() - cpu) / max(1, spans[0]) * 10_000,
        "pss_mib": server.pss_mib(),
        **watch.told(),
    }


class Probing:
    """Single spans of new sessions beside the load; one after the other, each until it shows."""

    def __init__(self, server: Server, *, end: float) -> None:
        self.acked: list[float] = []
        self.seen: list[float] = []
        self.sent = 0
        self.lost = 0
        self._server = server
        self._end = end
        self._waiting: Queue[tuple[float, Probe]] = Queue()
        self._all_sent = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        connection = self._server.target.connect()
        pick = random.Random()
        due = time.perf_counter()
        while (due := due + PROBE_EVERY_S) < self._end:
            probe = make_probe(pick)
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request(
                "POST", self._server.target.c["otlp"], probe.body, dict(self._server.headers)
            )
            reply = connection.getresponse()
            reply.read()
            if reply.status == 200:
                self.sent += 1
                self.acked.append(time.perf_counter() - due)
                self._waiting.put((due, probe))
        self._all_sent.set()
        looking.join(LOST_AFTER_S + 10)

    def _look(self) -> None:
        waiting: list[tuple[float, Probe]] = []
        while waiting or not self._waiting.empty() or not self._all_sent.is_set():
            try:
                while True:
                    waiting.append(self._waiting.get_nowait())
            except Empty:
                pass
            for due, probe in list(waiting):
                if self._server.sees(probe.trace_id, probe.session_id):
                    self.seen.append(time.perf_counter() - due)
                    waiting.remove((due, probe))
                elif time.perf_counter() - due > LOST_AFTER_S:
                    self.lost += 1
                    waiting.remove((due, probe))
            time.sleep(LOOK_EVERY_S)


def make_probe(pick: random.Random) -> Probe:
    trace_id, span_id = pick.randbytes(16), pick.randbytes(8)
    session_id = f"probe-{trace_id.hex()}"
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    project = resource.resource.attributes.add()
    project.key, project.value.string_value = "openinference.project.name", "bench"
    span = resource.scope_spans.add().spans.add(trace_id=trace_id, span_id=span_id, name="probe")
    span.start_time_unix_nano = time.time_ns()
    span.end_time_unix_nano = span.start_time_unix_nano + 1_000_000
    for key, value in (("session.id", session_id), ("gen_ai.conversation.id", session_id)):
        attribute = span.attributes.add()
        attribute.key, attribute.value.string_value = key, value
    return Probe(request.SerializeToString(), trace_id.hex(), session_id)


# -- the run --------------------------------------------------------------------------------


def main() -> None:
    parser = servers.options(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=8.0)
    parser.add_argument("--conc", default="1,4,16")
    parser.add_argument("--cap", type=int, default=409_600, help="most spans a level, for ours")
    parser.add_argument("--peer-cap", type=int, default=3_072, help="the same for peers")
    parser.add_argument("--half-secs", type=float, default=20.0, help="0 leaves it out")
    given = parser.parse_args()
    report = Report("ingest", given.out)
    report.add(servers.machine())
    made = servers.data(given.work, "std")
    report.add(
        {"kind": "data", "target": "", **{k: made.manifest[k] for k in (
            "spans", "bytes_per_span", "attrs_per_span", "sessions", "traces", "sha256")}}
    )  # fmt: skip
    names = given.targets.split(",")
    away: set[str] = set()
    for number in range(given.rounds):
        for name in names:
            if name in away:
                continue
            try:
                measure(report, given, name, number, made)
            except NotServed as error:
                away.add(name)
                report.add(
                    {"kind": "served", "target": name, "served": False, "evidence": str(error)}
                )
    show(report, [name for name in names if name not in away])
    if servers.OURS in away:
        sys.exit("our own server was not served")


def measure(
    report: Report, given: argparse.Namespace, name: str, number: int, made: servers.Loaded
) -> None:
    server = Server(name, servers.emptied(given.work / "run" / f"ingest_{name}"), given.peer_venvs)
    start_s = server.start()
    try:
        cap = given.cap if name == servers.OURS else given.peer_cap
        gen = number * 1000 + 1
        idle = {"pss_idle_mib": server.pss_mib(), "rss_idle_mib": server.rss_mib()}
        warm = load(server.target, made.batches, 512, 1, 30, 2 * 512, gen)
        have = warm["acc"]
        server.wait_for(have, at_most_s=120)
        who = {"target": name, "version": server.version, "round": number}
        report.add({"kind": "start", **who, "start_s": start_s, **idle})
        best = 0.0
        for c in map(int, given.conc.split(",")):
            gen += 100
            row = closed_loop(server, made.batches, c, secs=given.secs, cap=cap, have=have, gen=gen)
            report.add({"kind": "closed", **who, **row})
            have += row["spans"]
            if row["durable_s"] is None:
                return
            best = max(best, row["durable_s"])
        if given.half_secs:
            rate = best / 2
            # Slow servers get smaller batches, so that there are enough of them to count.
            size = max(16, min(512, int(rate / 4)))
            parts = [part for batch in made.batches[:40] for part in split(batch, size)]
            parts = [part for part in parts if len(part[1]) == size]
            server.settle(at_most_s=20)
            row = half_load(server, parts, rate=rate, secs=given.half_secs, gen=gen + 100)
            report.add({"kind": "half", **who, **row})
        # Long enough for the first merges; files that a merge replaced stay for minutes.
        time.sleep(5)
        spans = server.count()
        report.add(
            {"kind": "after", **who, "spans": spans, "disk_b_span": server.disk() / max(1, spans),
             "pss_mib": server.pss_mib(), "rss_mib": server.rss_mib()}
        )  # fmt: skip
    finally:
        server.stop()


def show(report: Report, names: Sequence[str]) -> None:
    best: dict[str, float] = {}
    lines = []
    for name in names:
        rows = report.of("closed", name)
        for c in dict.fromkeys(row["c"] for row in rows):
            some = [row for row in rows if row["c"] == c]
            rates = [row["durable_s"] for row in some if row["durable_s"]]
            if rates:
                best[name] = max(best.get(name, 0.0), driver.med(rates))
            lines.append(
                (name, c, len(some), spread(rates, 0), spread([r["accepted_s"] for r in some], 0),
                 spread([r["ack_p50_ms"] for r in some]), spread([r["ack_p99_ms"] for r in some]),
                 spread([r["queryable_after_last_ack_s"] for r in some], 2),
                 spread([r["cpu_s_10k"] for r in some], 2),
                 spread([r["pss_peak_mib"] for r in some], 0),
                 sum(r["missing"] for r in some), spread([r["others_busy"] for r in some], 2))
            )  # fmt: skip
    table(
        "Closed loop",
        ("server", "senders", "rounds", "durable spans/s", "accepted/s", "ack p50 ms", "ack p99 ms",
         "queryable after last ack s", "CPU s per 10k", "PSS peak MiB", "missing", "others busy"),
        lines,
    )  # fmt: skip
    table(
        "Half load",
        ("server", "offered spans/s", "ack p50 ms", "ack p99 ms", "probe ack p99 ms",
         "queryable p50 s", "queryable p99 s", "probes", "lost", "others busy"),
        [(name, spread([r["rate_s"] for r in rows], 0), spread([r["ack_p50_ms"] for r in rows]),
          spread([r["ack_p99_ms"] for r in rows]), spread([r["probe_ack_p99_ms"] for r in rows]),
          spread([r["queryable_p50_s"] for r in rows], 2),
          spread([r["queryable_p99_s"] for r in rows], 2), sum(r["probes"] for r in rows),
          sum(r["probes_lost"] for r in rows), spread([r["others_busy"] for r in rows], 2))
         for name in names if (rows := report.of("half", name))],
    )  # fmt: skip
    table(
        "Store and memory after the run",
        ("server", "spans", "disk B/span", "PSS idle MiB", "PSS after MiB", "start s"),
        [(name, spread([r["spans"] for r in rows], 0), spread([r["disk_b_span"] for r in rows], 0),
          spread([r["pss_idle_mib"] for r in report.of("start", name)], 0),
          spread([r["pss_mib"] for r in rows], 0),
          spread([r["start_s"] for r in report.of("start", name)]))
         for name in names if (rows := report.of("after", name))],
    )  # fmt: skip
    for name in names:
        if name != servers.OURS and best.get(name) and best.get(servers.OURS):
            print(f"\nours / {name}, best durable: {best[servers.OURS] / best[name]:.1f}")
    if best.get(servers.OURS):
        for row in report.of("closed", servers.OURS)[-1:]:
            print("\nwhere the time goes, us a span:", json.dumps(
                {k: round(v, 1) for k, v in row["cpu_us_span_by_thread"].items()}))  # fmt: skip


if __name__ == "__main__":
    main()
