"""
Reading through the API with a million spans stored, and large sessions beside peers.

    python bench/reads.py --peer-venvs DIR [--spans 1000000] [--keep]

Ours holds a million spans of `std`, a session of 10,000 spans and one of 30,000; it is started
three times on that store (start time, idle memory), asked 200 mixed questions cold and 200 warm,
each with other values, then for the large sessions.  The peers hold the session of 10,000 and
`--peer-spans` of `std` (Phoenix takes some 110 spans/s): their lists, searches and sums run over
50 times less than ours.  Rounds of the 10,000-span session alternate between the servers.

Two forms of a session are told apart: its tree (a line for each span, no payload), and all of it
with every payload.  MLflow has only the second.
"""

import argparse
import json
import random
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import servers
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from servers import (
    OURS,
    Loaded,
    NotServed,
    Report,
    Row,
    Server,
    Watch,
    driver,
    rekey,
    spread,
    table,
    trace_hex,
)

BIG_GEN = 1_000_000
"""The generator gives both large sessions one id: the larger gets another generation."""
KINDS = ("list", "filter", "search", "aggregate")
PEER_READS = {
    "mlflow": {"list50_traces": "list", "text_search": "search", "agg_cost_tokens": "aggregate"},
    "phoenix": {
        "list50_traces": "list",
        "list50_sessions": "list",
        "text_search": "search",
        "agg_cost_tokens": "aggregate",
    },
}


class Question(NamedTuple):
    kind: str
    path: str


class BigSession(NamedTuple):
    spans: int
    session_id: str
    trace_id: str


# -- questions ------------------------------------------------------------------------------


def questions(count: int, words: Sequence[str], pick: random.Random) -> list[Question]:
    """Equal parts of every kind, in no order, no two alike."""
    makers: dict[str, Callable[[], str]] = {
        "list": lambda: _list(pick),
        "filter": lambda: _filter(pick),
        "search": lambda: _search(pick, words),
        "aggregate": lambda: _aggregate(pick),
    }
    asked: dict[str, Question] = {}
    while len(asked) < count:
        kind = KINDS[len(asked) % len(KINDS)]
        path = makers[kind]()
        asked.setdefault(path, Question(kind, path))
    found = list(asked.values())
    pick.shuffle(found)
    return found


AGENTS = ("support-triage", "coder", "researcher", "billing")
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-3-5-sonnet-20241022")
TOOLS = (
    "search_flights", "get_order", "run_sql", "read_file", "web_search", "update_ticket", "bash",
    "send_email",
)  # fmt: skip
SORTS = ("-started", "started", "-cost", "-duration", "-errors", "-spans", "-tokens")


def _some_time(pick: random.Random) -> str:
    begun = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=pick.randrange(1, 1300))
    return begun.strftime("%Y-%m-%dT%H:%M:%SZ")


def _list(pick: random.Random) -> str:
    return _path("sessions", limit=50, sort=pick.choice(SORTS), until=_some_time(pick))


def _filter(pick: random.Random) -> str:
    match pick.randrange(4):
        case 0:
            return _path(
                "sessions", limit=50, model=pick.choice(MODELS), tool=pick.choice(TOOLS),
                agent=pick.choice(AGENTS), since=_some_time(pick),
            )  # fmt: skip
        case 1:
            return _path("sessions", limit=50, user=f"user-{pick.randrange(211):03d}")
        case 2:
            dear = pick.randrange(1, 200) / 1000
            return _path(
                "sessions", limit=50, q=f"errors:>0 cost:>{dear} tool:{pick.choice(TOOLS)}"
            )
        case _:
            return _path(
                "sessions", limit=50, has_errors="true", agent=pick.choice(AGENTS),
                until=_some_time(pick), sort="-cost",
            )  # fmt: skip


def _search(pick: random.Random, words: Sequence[str]) -> str:
    """From words that are in every tenth span to words that are in none."""
    match pick.randrange(5):
        case 0:
            q = words[min(len(words) - 1, int(pick.expovariate(1 / 60)))]
        case 1:
            q = f"{pick.choice(words)} {pick.choice(words)}"
        case 2:
            q = f"zebrafinch {pick.choice(words)}"
        case 3:
            q = f"call_{pick.getrandbits(48):012x}"
        case _:
            q = f"{pick.choice(words)} agent:{pick.choice(AGENTS)}"
    return _path("sessions", limit=50, q=q)


def _aggregate(pick: random.Random) -> str:
    since = _some_time(pick)
    match pick.randrange(4):
        case 0:
            return _path("figures", since=since, by="model", bucket="hour")
        case 1:
            return _path(
                "figures", since=since, figure=["cost_usd", "input_tokens", "tool_call_accuracy"]
            )
        case 2:
            return _path("figures", since=since, by=["agent", "tool"])
        case _:
            return _path("sessions/facets", since=since, agent=pick.choice(AGENTS))


def _path(of: str, **query: object) -> str:
    return f"/api/v1/{of}?{urllib.parse.urlencode(query, doseq=True)}"


def words_of(made: Loaded) -> list[str]:
    """The texts' vocabulary, commonest first."""
    counts: dict[str, int] = {}
    for batch in made.batches[::10]:
        for resource in ExportTraceServiceRequest.FromString(batch).resource_spans:
            for span in resource.scope_spans[0].spans:
                for attribute in span.attributes:
                    if attribute.key == "output.value":
                        for word in attribute.value.string_value.split():
                            if word.isalpha():
                                counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))


# -- loading --------------------------------------------------------------------------------


def send(server: Server, bodies: Sequence[bytes]) -> None:
    connection = server.target.connect()
    for body in bodies:
        while True:
            connection.request("POST", server.target.c["otlp"], body, dict(server.headers))
            reply = connection.getresponse()
            said = reply.read()
            if reply.status == 200:
                break
            if reply.status == 408:  # this machine is so busy that we seem slow
                connection.close()
            elif reply.status not in (429, 503):
                raise NotServed(f"{server.name} answered {reply.status}: {said[:200]!r}")
            time.sleep(0.2)


def fill(server: Server, report: Report, given: argparse.Namespace, *, spans: int) -> None:
    """`std` in as many generations as it takes, and the large sessions."""
    made, ten = servers.data(given.work, "std"), servers.data(given.work, "one10k")
    watch, cpu, begun = Watch([server]), server.cpu_s(), time.perf_counter()
    send(server, ten.batches)
    total = ten.spans
    if server.name == OURS:
        thirty = servers.data(given.work, "one30k")
        send(server, [rekey(batch, BIG_GEN) for batch in thirty.batches])
        total += thirty.spans
    size = made.manifest["batch"]
    for number in range(max(0, spans - total) // size + 1 if spans > total else 0):
        batch = made.batches[number % len(made.batches)]
        send(server, [rekey(batch, number // len(made.batches))])
        total += size
        if number % 200 == 199:
            print(f"  {server.name}: {total} spans sent", flush=True)
    took = server.wait_for(total, at_most_s=1200)
    elapsed = time.perf_counter() - begun
    server.settle()
    report.add(
        {
            "kind": "load",
            "target": server.name,
            "version": server.version,
            "spans": server.count(),
            "complete": took is not None,
            "load_s": elapsed,
            "spans_s": total / elapsed,
            "cpu_s_10k": (server.cpu_s() - cpu) / total * 10_000,
            "disk_b_span": server.disk() / total,
            "pss_mib": server.pss_mib(),
            "rss_mib": server.rss_mib(),
            **watch.told(),
        }
    )


# -- reading --------------------------------------------------------------------------------


def ask_mixed(
    server: Server, report: Report, asked: Sequence[Question], *, temperature: str, spans: int
) -> None:
    watch, cpu = Watch([server]), server.cpu_s()
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    slowest = (0.0, "")
    empty = 0
    for question in asked:
        begun = time.perf_counter()
        status, body = server.get(question.path)
        elapsed = 1000 * (time.perf_counter() - begun)
        if status != 200:
            raise NotServed(f"{question.path} was answered {status}: {body[:200]!r}")
        took[question.kind].append(elapsed)
        slowest = max(slowest, (elapsed, question.path))
        empty += b'"sessions":[]' in body
    told = watch.told()
    every = [value for values in took.values() for value in values]
    for kind, values in [*took.items(), ("all", every)]:
        report.add(
            {
                "kind": "mixed",
                "target": server.name,
                "asked": kind,
                "temperature": temperature,
                "spans_stored": spans,
                "n": len(values),
                "p50_ms": driver.pct(values, 0.5),
                "p95_ms": driver.pct(values, 0.95),
                "max_ms": max(values),
                **({"slowest": slowest[1], "empty": empty,
                    "cpu_ms_each": 1000 * (server.cpu_s() - cpu) / len(every)}
                   if kind == "all" else {}),
                **told,
            }
        )  # fmt: skip


def ask_peer(server: Server, report: Report, *, spans: int, n: int) -> None:
    """The driver's own typical reads, over what this peer holds."""
    needle = servers.data(Path(server.target.dir).parents[1], "std").manifest["needle"]
    for name, kind in PEER_READS[server.name].items():
        watch = Watch([server])
        took: list[float] = []
        while len(took) < n and sum(took) < 25_000:
            begun = time.perf_counter()
            server.target.c["reads"][name](server.target, {"needle": needle, "trace": ""})
            took.append(1000 * (time.perf_counter() - begun))
        report.add(
            {"kind": "peer read", "target": server.name, "read": name, "asked": kind,
             "spans_stored": spans, "n": len(took), "p50_ms": driver.pct(took, 0.5),
             "p95_ms": driver.pct(took, 0.95), "max_ms": max(took), **watch.told()}
        )  # fmt: skip


def read_tree(server: Server, big: BigSession) -> tuple[int, int]:
    """(spans, bytes): a line for each span, as a tree is drawn from."""
    if server.name == OURS:
        name = urllib.parse.quote(big.session_id, safe="")
        status, body = server.get(f"/api/v1/sessions/{name}/spans?limit=50000")
        return len(json.loads(body)["spans"]) if status == 200 else 0, len(body)
    found, size, after = 0, 0, ""
    project = driver.px_pid(server.target)
    while True:
        page = f'trace(traceId:"{big.trace_id}"){{spans(first:1000{after}){{'
        asked = (
            f'{{node(id:"{project}"){{... on Project{{{page}edges{{node{{spanId parentId name'
            " spanKind statusCode startTime endTime}} pageInfo{hasNextPage endCursor}}}}}}"
        )
        body = server.target.call("POST", "/graphql", {"query": asked})
        spans = json.loads(body)["data"]["node"]["trace"]["spans"]
        found, size = found + len(spans["edges"]), size + len(body)
        if not spans["pageInfo"]["hasNextPage"]:
            return found, size
        after = f',after:"{spans["pageInfo"]["endCursor"]}"'


def read_whole(server: Server, big: BigSession) -> tuple[int, int]:
    """(spans, bytes): every span with every payload."""
    if server.name == OURS:
        name = urllib.parse.quote(big.session_id, safe="")
        _, body = server.get(f"/api/v1/export?what=spans&session_id={name}")
        return sum(1 for line in body.splitlines() if json.loads(line)), len(body)
    context: Row = {"trace": big.trace_id}
    body = server.target.c["reads"]["one_trace"](server.target, context)
    return int(context["rows"]), len(body)


FORMS: dict[str, Callable[[Server, BigSession], tuple[int, int]]] = {
    "tree": read_tree,
    "whole": read_whole,
}


def read_big(
    server: Server, report: Report, big: BigSession, form: str, *, n: int, number: int
) -> None:
    watch, cpu = Watch([server]), server.cpu_s()
    took: list[float] = []
    found, size = 0, 0
    try:
        while len(took) < n:
            begun = time.perf_counter()
            found, size = FORMS[form](server, big)
            took.append(time.perf_counter() - begun)
    except (RuntimeError, OSError, KeyError, TypeError, ValueError) as error:
        report.add(
            {"kind": "served", "target": server.name, "served": False,
             "evidence": f"{form} of {big.spans} spans: {error!r}"[:500]}
        )  # fmt: skip
        server.target.conn = None
        return
    report.add(
        {"kind": "big", "target": server.name, "form": form, "spans": big.spans, "round": number,
         "n": len(took), "first_s": took[0], "p50_s": driver.med(took),
         "p95_s": driver.pct(took, 0.95), "read_spans": found, "complete": found == big.spans,
         "bytes": size, "cpu_s_each": (server.cpu_s() - cpu) / len(took), **watch.told()}
    )  # fmt: skip


# -- the run --------------------------------------------------------------------------------


def main() -> None:
    parser = servers.options(__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000, help="stored in ours")
    parser.add_argument("--peer-spans", type=int, default=15_000, help="stored in each peer")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the stores, use kept ones")
    given = parser.parse_args()
    report = Report("reads", given.out)
    report.add(servers.machine())
    up: dict[str, Server] = {}
    try:
        for name in given.targets.split(","):
            try:
                up[name] = filled(report, given, name)
            except NotServed as error:
                report.add(
                    {"kind": "served", "target": name, "served": False, "evidence": str(error)}
                )
        if OURS in up:
            read_ours(up[OURS], report, given)
        for name, server in up.items():
            if name != OURS:
                ask_peer(server, report, spans=server.count(), n=15)
        read_side_by_side(up, report, given)
        for name, server in up.items():
            report.add(
                {"kind": "after", "target": name, "spans": (spans := server.count()),
                 "disk_b_span": server.disk() / max(1, spans), "pss_mib": server.pss_mib(),
                 "rss_mib": server.rss_mib()}
            )  # fmt: skip
    finally:
        for server in up.values():
            server.stop()
        if not given.keep:
            for name in up:
                servers.emptied(given.work / "run" / f"reads_{name}")
    show(report, list(up))
    if OURS not in up:
        sys.exit("our own server was not served")


def filled(report: Report, given: argparse.Namespace, name: str) -> Server:
    """Running, with everything loaded; ours started anew three times."""
    folder = given.work / "run" / f"reads_{name}"
    kept = given.keep and folder.is_dir()
    server = Server(name, folder if kept else servers.emptied(folder), given.peer_venvs)
    start_s = server.start()
    try:
        if not kept:
            fill(server, report, given, spans=given.spans if name == OURS else given.peer_spans)
        for number in range(3 if name == OURS else 0):
            server.stop()
            noise = driver.noise()
            start_s = server.start()
            ready = {"pss_mib": server.pss_mib(), "rss_mib": server.rss_mib()}
            report.add(
                {"kind": "start", "target": name, "round": number, "start_s": start_s, **ready,
                 "noise": noise}
            )  # fmt: skip
        if name == OURS:
            server.settle()
            report.add(
                {"kind": "idle", "target": name, "pss_mib": server.pss_mib(),
                 "rss_mib": server.rss_mib(), "spans": (spans := server.count()),
                 "disk_b_span": server.disk() / max(1, spans)}
            )  # fmt: skip
        else:
            report.add({"kind": "start", "target": name, "round": 0, "start_s": start_s,
                        "pss_mib": server.pss_mib(), "rss_mib": server.rss_mib(),
                        "noise": driver.noise()})  # fmt: skip
    except BaseException:
        server.stop()
        raise
    return server


def read_ours(server: Server, report: Report, given: argparse.Namespace) -> None:
    spans = server.count()
    words = words_of(servers.data(given.work, "std"))
    pick = random.Random(3)
    for temperature in ("cold", "warm"):
        asked = questions(given.questions, words, pick)
        ask_mixed(server, report, asked, temperature=temperature, spans=spans)
    _, thirty = big_sessions(given)
    for form, n in (("tree", 20), ("whole", 3)):
        read_big(server, report, thirty, form, n=n, number=0)


def read_side_by_side(up: dict[str, Server], report: Report, given: argparse.Namespace) -> None:
    ten, _ = big_sessions(given)
    for number in range(given.rounds):
        for name, server in up.items():
            n = 5 if name == OURS else 1
            if name != "mlflow":
                read_big(server, report, ten, "tree", n=n, number=number)
            read_big(server, report, ten, "whole", n=n, number=number)


def big_sessions(given: argparse.Namespace) -> tuple[BigSession, BigSession]:
    found = []
    for name, gen in (("one10k", 0), ("one30k", BIG_GEN)):
        made = servers.data(given.work, name)
        trace_id = next(iter(made.manifest["trace_sample"]))
        found.append(
            BigSession(made.spans, f"sess-g{gen & 0x3FFFFF:07x}-single00", trace_hex(trace_id, gen))
        )
    return found[0], found[1]


def show(report: Report, names: Sequence[str]) -> None:
    table(
        "Mixed questions, ours",
        ("kind", "temperature", "spans stored", "n", "p50 ms", "p95 ms", "max ms", "others busy"),
        [(r["asked"], r["temperature"], f"{r['spans_stored']:,}", r["n"], f"{r['p50_ms']:.1f}",
          f"{r['p95_ms']:.1f}", f"{r['max_ms']:.1f}", f"{r['others_busy']:.2f}")
         for r in report.of("mixed", OURS)],
    )  # fmt: skip
    table(
        "The peers' typical reads",
        ("server", "read", "spans stored", "n", "p50 ms", "p95 ms", "others busy"),
        [(name, r["read"], f"{r['spans_stored']:,}", r["n"], f"{r['p50_ms']:.1f}",
          f"{r['p95_ms']:.1f}", f"{r['others_busy']:.2f}")
         for name in names for r in report.of("peer read", name)],
    )  # fmt: skip
    lines = []
    for name in names:
        rows = report.of("big", name)
        for spans, form in dict.fromkeys((r["spans"], r["form"]) for r in rows):
            some = [r for r in rows if (r["spans"], r["form"]) == (spans, form)]
            lines.append(
                (name, f"{spans:,}", form, len(some), sum(r["n"] for r in some),
                 spread([r["p50_s"] for r in some], 3), spread([r["p95_s"] for r in some], 3),
                 f"{some[-1]['bytes'] / 1e6:.1f}", all(r["complete"] for r in some),
                 spread([r["others_busy"] for r in some], 2))
            )  # fmt: skip
    table(
        "Large sessions",
        ("server", "spans", "form", "rounds", "reads", "p50 s", "p95 s", "MB", "complete",
         "others busy"),
        lines,
    )  # fmt: skip
    table(
        "Start, memory, disk",
        ("server", "spans", "start s", "PSS idle MiB", "PSS after MiB", "RSS after MiB",
         "disk B/span"),
        [(name, f"{r['spans']:,}", spread([s["start_s"] for s in report.of("start", name)]),
          spread([s["pss_mib"] for s in (report.of("idle", name) or report.of("start", name))], 0),
          f"{r['pss_mib']:.0f}", f"{r['rss_mib']:.0f}", f"{r['disk_b_span']:.0f}")
         for name in names for r in report.of("after", name)],
    )  # fmt: skip
    ours = {(r["spans"], r["form"]): r["p50_s"] for r in report.of("big", OURS)}
    for name in names:
        for row in report.of("big", name) if name != OURS else []:
            of = ours.get((row["spans"], row["form"]))
            if of and row["round"] == 0:
                print(f"{name} / ours, {row['form']} of {row['spans']}: {row['p50_s'] / of:.1f}")


if __name__ == "__main__":
    main()
