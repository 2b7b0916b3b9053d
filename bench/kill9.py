"""
What is lost of acknowledged spans when the server is killed with SIGKILL while it works.

    python bench/kill9.py [--targets quarterdeck] [--rounds 10]

Each round one sender posts numbered batches in a closed loop; 0.3 to 3 s after the first
acknowledgement (seeded) all processes of the server are killed, and it is started on the same
store.  Then the ids of all spans are read, ours through the API, the peers' from their SQLite
file, and compared with those of the acknowledged batches.  A killed process does not lose what
it had written to the system's cache: this proves the bookkeeping, not the sync to disk.
"""

import argparse
import http.client
import random
import signal
import sys
import threading
import time

import servers
from servers import NotServed, Report, Row, Server, driver, rekey, rid, split, spread, table

SPANS_A_BATCH = 64
FIRST_ACK_S = 60.0


class Sender:
    """Posts batches one after the other until it is told to stop or the server is gone."""

    def __init__(
        self, server: Server, parts: list[tuple[bytes, list[bytes]]], *, gen: int, pace_s: float
    ) -> None:
        self.acked: set[str] = set()
        self.sent: set[str] = set()
        self.first = threading.Event()
        self._server = server
        self._parts = parts
        self._gen = gen
        self._pace_s = pace_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            connection = self._server.target.connect()
            number = 0
            while not self._stop.is_set():
                body, ids = self._parts[number % len(self._parts)]
                gen = self._gen * 64 + number // len(self._parts)
                number += 1
                names = {rid(span_id, gen) for span_id in ids}
                self.sent |= names
                connection.request(
                    "POST", self._server.target.c["otlp"], rekey(body, gen),
                    dict(self._server.headers),
                )  # fmt: skip
                reply = connection.getresponse()
                reply.read()
                if reply.status == 200:
                    self.acked |= names
                    self.first.set()
                time.sleep(self._pace_s)
        except (OSError, http.client.HTTPException):
            pass  # the server was killed, as it should be
        finally:
            self.first.set()


def main() -> None:
    parser = servers.options(__doc__)
    parser.set_defaults(targets=servers.OURS)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between batches")
    parser.add_argument("--settle", type=float, default=60.0, help="most seconds to be complete")
    given = parser.parse_args()
    report = Report("kill9", given.out)
    report.add(servers.machine())
    made = servers.data(given.work, "std")
    parts = [part for batch in made.batches[:20] for part in split(batch, SPANS_A_BATCH)]
    names = given.targets.split(",")
    for name in names:
        try:
            measure(report, given, name, parts)
        except NotServed as error:
            report.add({"kind": "served", "target": name, "served": False, "evidence": str(error)})
    lines = []
    lost_by_us = 0
    for name in names:
        rows = report.of("kill", name)
        if not rows:
            continue
        lost = sum(row["lost"] for row in rows)
        lost_by_us += lost if name == servers.OURS else 0
        lines.append(
            (name, len(rows), sum(r["acked"] for r in rows), lost, sum(r["lost"] > 0 for r in rows),
             sum(r["twice"] for r in rows), sum(r["unacked_stored"] for r in rows),
             spread([r["restart_s"] for r in rows]), spread([r["complete_after_s"] for r in rows]),
             spread([r["noise"] for r in rows], 2))
        )  # fmt: skip
    table(
        "kill -9",
        ("server", "rounds", "acknowledged spans", "lost", "rounds with loss", "counted twice",
         "unacknowledged but stored", "restart s", "complete after restart s", "noise"),
        lines,
    )  # fmt: skip
    if lost_by_us:
        sys.exit(f"{lost_by_us} acknowledged spans were lost")


def measure(
    report: Report, given: argparse.Namespace, name: str, parts: list[tuple[bytes, list[bytes]]]
) -> None:
    server = Server(name, servers.emptied(given.work / "run" / f"kill9_{name}"), given.peer_venvs)
    server.start()
    pick = random.Random(5)
    acked: set[str] = set()
    sent: set[str] = set()
    lost_before = 0
    try:
        for number in range(given.rounds):
            noise = driver.noise()
            sender = Sender(server, parts, gen=number + 1, pace_s=given.pace)
            sender.first.wait(FIRST_ACK_S)
            kill_after_s = pick.uniform(0.3, 3)
            time.sleep(kill_after_s)
            server.target.stop(signal.SIGKILL)
            sender.stop()
            acked |= sender.acked
            sent |= sender.sent
            restart_s = server.start()
            row = settled(server, acked, at_most_s=given.settle)
            lost = len(acked - row["ids"])
            report.add(
                {
                    "kind": "kill",
                    "target": name,
                    "version": server.version,
                    "round": number,
                    "kill_after_s": kill_after_s,
                    "acked": len(sender.acked),
                    "lost": lost - lost_before,
                    "stored": len(row["ids"]),
                    "twice": row["twice"],
                    "unacked_stored": len((row["ids"] & sent) - acked),
                    "restart_s": restart_s,
                    "complete_after_s": row["complete_after_s"],
                    "noise": noise,
                }
            )
            lost_before = lost
    finally:
        server.stop()


def settled(server: Server, acked: set[str], *, at_most_s: float) -> Row:
    """The stored ids once they hold all that was acknowledged, or when the time is over."""
    begun = time.perf_counter()
    complete_after_s = None
    if server.name == servers.OURS:
        complete_after_s = server.wait_for(len(acked), at_most_s=at_most_s)
    else:
        time.sleep(3)
    while True:
        ids = server.target.span_ids()
        if acked <= ids or time.perf_counter() - begun > at_most_s or server.name != servers.OURS:
            break
        time.sleep(0.5)
    # A span that was counted by two sessions, or stored twice, makes the count the larger.
    twice = max(0, server.count() - len(ids))
    return {"ids": ids, "twice": twice, "complete_after_s": complete_after_s}


if __name__ == "__main__":
    main()
