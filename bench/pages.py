"""
The page of a large session in a browser, beside the trace pages of peers that hold the same spans.

    python bench/pages.py --peer-venvs DIR [--spans 10000,30000,100000] [--peer-spans 10000,30000]

Every opening is a browser of its own (nothing cached) against a server that has answered for that
session before.  web/bench/pages.mjs opens the page and tells what "shown" and "answers" mean for
each server.  Neither is pinned: browser and server share the cores, as they do on a laptop.
Rounds alternate between the servers; tables show the best and the median, since a browser on a
machine with other work is late by what the others took.

A page that does not answer within its limit is a row without that figure, not a missing row.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("SRV_CORE", ",".join(map(str, sorted(os.sched_getaffinity(0)))))
CORES = os.sched_getaffinity(0)

import reads  # noqa: E402  # pinning is decided while they are imported
import servers  # noqa: E402
from servers import (  # noqa: E402
    OURS,
    NotServed,
    Report,
    Row,
    Server,
    Watch,
    driver,
    rekey,
    table,
    trace_hex,
)

SETS = {10_000: "one10k", 30_000: "one30k", 100_000: "one100k"}
GENERATION = 1_000_000
"""The generator gives all large sessions one id: each size gets another generation."""
LIMIT_S = 120
SCRIPT = servers.REPOSITORY / "web" / "bench" / "pages.mjs"
BUDGETS = {
    10_000: {"shown": 600, "answers": 1_000, "press": 50, "heap": 80, "data": 200},
    30_000: {"shown": 700, "answers": 1_500, "press": 50, "heap": 120, "data": 500},
    100_000: {"shown": 1_000, "answers": 3_000, "press": 100, "heap": 250, "data": 1_500},
}
"""Spans -> ms, MB of heap, kB of data before the page answers."""
LONGEST_TASK_MS = 200
NODES = 3_000


# -- stores ---------------------------------------------------------------------------------


def filled(given: argparse.Namespace, report: Report, name: str, sizes: Sequence[int]) -> Server:
    """Running, with a session of each size; a kept store is used as it is."""
    folder = given.work / "run" / f"pages_{name}"
    mark = folder / "filled"
    kept = given.keep and mark.is_file()
    server = Server(name, folder if kept else servers.emptied(folder), given.peer_venvs)
    server.start()
    try:
        if not kept:
            fill(given, report, server, sizes)
            mark.touch()
    except BaseException:
        server.stop()
        raise
    return server


def fill(given: argparse.Namespace, report: Report, server: Server, sizes: Sequence[int]) -> None:
    total = 0
    for size in sizes:
        made = servers.data(given.work, SETS[size])
        begun, total = time.perf_counter(), total + made.spans
        reads.send(server, [rekey(batch, generation(size)) for batch in made.batches])
        if server.wait_for(total, at_most_s=given.load_s) is None:
            raise NotServed(f"{size} spans were not there {given.load_s} s after the last was sent")
        took_s = time.perf_counter() - begun
        report.add({"kind": "load", "target": server.name, "spans": size, "load_s": took_s})


def generation(size: int) -> int:
    return GENERATION + 1 + list(SETS).index(size)


def address(server: Server, work: Path, size: int) -> str:
    """Of the page that shows the session, or the one trace that it is."""
    gen = generation(size)
    trace_id = trace_hex(next(iter(servers.data(work, SETS[size]).manifest["trace_sample"])), gen)
    match server.name:
        case "quarterdeck":
            path = f"/p/default/sessions/sess-g{gen & 0x3FFFFF:07x}-single00"
        case "phoenix":
            project = urllib.parse.quote(driver.px_pid(server.target), safe="")
            path = f"/projects/{project}/traces/{trace_id}"
        case _:
            path = f"/#/experiments/0/traces?selectedEvaluationId=tr-{trace_id}"
    return f"http://127.0.0.1:{server.target.port}{path}"


# -- pages ----------------------------------------------------------------------------------


def opened(server: Server, url: str, *, whole: bool) -> Row:
    """What the script told, in a process and a browser of its own.  Raises `NotServed`."""
    ask = {"target": server.name, "url": url, "limit_ms": LIMIT_S * 1000, "whole": whole}
    try:
        told = subprocess.run(
            ["node", str(SCRIPT), json.dumps(ask)], capture_output=True, text=True, check=True,
            timeout=4 * LIMIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotServed(f"{url} took longer than {4 * LIMIT_S} s") from None
    except subprocess.CalledProcessError as error:
        raise NotServed(f"{url}: {error.stderr.strip()[-400:]}") from None
    row: Row = json.loads(told.stdout)
    return row


def measure(up: dict[str, Server], report: Report, given: argparse.Namespace) -> None:
    """Each size in rounds that alternate between the servers; the last opening is used as well."""
    silent: set[tuple[str, int]] = set()
    for size in given.spans:
        for number in range(-1, given.rounds):
            for name, server in up.items():
                if (name, size) in silent or (name != OURS and size not in given.peer_spans):
                    continue
                watch, url = Watch([server]), address(server, given.work, size)
                try:
                    row = opened(server, url, whole=number == given.rounds - 1)
                except NotServed as error:
                    silent.add((name, size))
                    report.add({"kind": "served", "target": name, "served": False, "spans": size,
                                "evidence": str(error)})  # fmt: skip
                    continue
                if row["seen_ms"].get("answers") is None:
                    silent.add((name, size))
                if number >= 0 or (name, size) in silent:  # the first warms the server
                    report.add({"kind": "page", "target": name, "version": server.version,
                                "spans": size, "round": number, **row,
                                "load_1m": os.getloadavg()[0], **watch.told()})  # fmt: skip


# -- tables ---------------------------------------------------------------------------------


def best_and_middle(values: Sequence[float | None], per: float = 1.0, digits: int = 0) -> str:
    """Lowest, and the median in brackets; `-` where no round has it."""
    known = [value / per for value in values if value is not None]
    if not known:
        return "-"
    lowest = f"{min(known):,.{digits}f}"
    return lowest if len(known) == 1 else f"{lowest} ({driver.med(known):,.{digits}f})"


def lines(report: Report, names: Sequence[str]) -> Iterator[tuple[str, int, list[Row]]]:
    for name in names:
        rows = report.of("page", name)
        for size in dict.fromkeys(row["spans"] for row in rows):
            yield name, size, [row for row in rows if row["spans"] == size]


def show(report: Report, names: Sequence[str]) -> None:
    heads = ("first paint", "header", "strip or tree", "answers", "longest task", "long tasks")
    table(
        "Opening, ms: best (median)",
        ("server", "spans", "n", *heads, "nodes", "heap MB", "data kB", "others busy"),
        [(name, f"{size:,}", len(rows),
          best_and_middle([r["first_paint_ms"] for r in rows]),
          *(best_and_middle([r["seen_ms"].get(key) for r in rows])
            for key in ("header", "shown", "answers")),
          best_and_middle([r["longest_task_ms"] for r in rows]),
          best_and_middle([r["long_tasks_ms"] for r in rows]),
          f"{max(r['dom_nodes'] for r in rows):,}",
          best_and_middle([r["heap_mb"] for r in rows]),
          best_and_middle([r["data_before_answer"] for r in rows], 1e3),
          best_and_middle([r["others_busy"] for r in rows], digits=2))
         for name, size, rows in lines(report, names)],
    )  # fmt: skip
    table(
        "Using it",
        ("server", "spans", "step p50 / p95 ms", "next error p95 ms", "late frames of: scroll",
         "scrub", "tree"),
        [(name, f"{size:,}", f"{r['press']['p50_ms']:.0f} / {r['press']['p95_ms']:.0f}",
          f"{r['jump_error']['p95_ms']:.0f}" if r.get("jump_error") else "-",
          late(r.get("scroll")), late(r.get("scrub")),
          late(r.get("views", {}).get("tree", {}).get("scroll")))
         for name, size, rows in lines(report, names) for r in rows if r.get("press")],
    )  # fmt: skip
    table(
        "Views: ms until shown / longest task ms / nodes",
        ("spans", *(views := ("replay", "timeline", "tree", "decisions", "cost", "people",
                              "problems", "raw"))),
        [(f"{size:,}", *(viewed(r["views"][view]) for view in views))
         for _, size, rows in lines(report, [OURS]) for r in rows if r.get("views")],
    )  # fmt: skip
    for line in ratios(report, names):
        print(line)


def late(told: Row | None) -> str:
    return f"{told['late']} of {told['frames']}" if told else "-"


def viewed(row: Row) -> str:
    took = "-" if row["shown_ms"] is None else f"{row['shown_ms']:,.0f}"
    return f"{took} / {row['longest_task_ms']:.0f} / {row['dom_nodes']:,}"


def ratios(report: Report, names: Sequence[str]) -> Iterator[str]:
    """Best against best, within this run."""
    best = {
        (name, size): {
            "answers": min((t for r in rows if (t := r["seen_ms"].get("answers"))), default=None),
            "longest task": min(r["longest_task_ms"] for r in rows),
            "nodes": max(r["dom_nodes"] for r in rows),
        }
        for name, size, rows in lines(report, names)
    }
    for (name, size), figures in best.items():
        ours = best.get((OURS, size))
        if name == OURS or ours is None:
            continue
        for figure, value in figures.items():
            if value and ours[figure]:
                yield f"{name} / ours, {size:,} spans, {figure}: {value / ours[figure]:.1f}"


def over_budget(report: Report) -> Iterator[str]:
    """What our own page needs more of than it may, in its best round."""
    for _, size, rows in lines(report, [OURS]):
        may = BUDGETS[size]
        views = [view for row in rows for view in row.get("views", {}).values()]
        nodes = max(one["dom_nodes"] for one in [*rows, *views])
        pressed = [row["press"]["p95_ms"] for row in rows if row.get("press")]
        for what, values, limit in (
            ("ms to the strip", [row["seen_ms"].get("shown") for row in rows], may["shown"]),
            ("ms to the answer", [row["seen_ms"].get("answers") for row in rows], may["answers"]),
            ("ms longest task", [row["longest_task_ms"] for row in rows], LONGEST_TASK_MS),
            ("ms p95 of a step", pressed, may["press"]),
            ("MB of heap", [row["heap_mb"] for row in rows], may["heap"]),
            ("kB before it", [row["data_before_answer"] / 1e3 for row in rows], may["data"]),
            ("nodes", [nodes], NODES),
        ):
            value = min((one for one in values if one is not None), default=float("inf"))
            if value > limit:
                yield f"over budget, {size:,} spans: {value:,.0f} {what}, {limit:,} allowed"


def numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def main() -> None:
    parser = servers.options(__doc__)
    parser.add_argument("--spans", type=numbers, default=list(SETS), help="sizes, comma between")
    parser.add_argument("--peer-spans", type=numbers, default=[10_000, 30_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--load-s", type=float, default=900, help="longest wait for a peer to store"
    )
    parser.add_argument("--keep", action="store_true", help="keep the stores, use kept ones")
    given = parser.parse_args()
    os.sched_setaffinity(0, CORES)
    report = Report("pages", given.out)
    report.add(servers.machine())
    up: dict[str, Server] = {}
    try:
        for name in given.targets.split(","):
            sizes = given.spans if name == OURS else given.peer_spans
            try:
                up[name] = filled(given, report, name, sizes)
            except NotServed as error:
                report.add(
                    {"kind": "served", "target": name, "served": False, "evidence": str(error)}
                )
        measure(up, report, given)
    finally:
        for server in up.values():
            server.stop()
        if not given.keep:
            for name in up:
                servers.emptied(given.work / "run" / f"pages_{name}")
    show(report, list(up))
    for line in over_budget(report):
        print(line)
    if OURS not in up:
        sys.exit("our own server was not served")


if __name__ == "__main__":
    main()
