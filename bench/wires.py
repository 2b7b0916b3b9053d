"""
What it costs to speak a foreign SDK's protocol: each wire beside OTLP with the same spans.

    python bench/wires.py [--rounds 3] [--spans 6000] [--only langsmith,opik] [--out FILE]

A wire's recorded traffic (`../shared/captures`) is sent many times over with fresh ids, in its own
requests, and the spans that this server makes of it are sent again as OTLP, in as many requests,
to the same server.  A round counts from the first request until nothing waits in the server:
every span can be read then.  Rounds of both alternate; the ratio is of the medians.  Requests are
closed loop, `--conc` at a time, the server on core 0 and the load on core 1.
"""

import argparse
import contextlib
import hashlib
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rows import REPOSITORY, Report, machine, spread, table

sys.path.insert(0, str(REPOSITORY / "tests"))
from clients.catalog import CLIENTS, Client  # the folder is known only now
from clients.traffic import Recorded, recorded_in
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.limits import content_encodings, decompress
from quarterdeck.receive.otlp_encode import encode_spans
from quarterdeck.receive.wire import Wire
from quarterdeck.receive.wires import WIRES
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.migrate import migrate
from receive.wires.recorded_calls import matched
from receive.wires.served import serve

CAPTURES = REPOSITORY.parent / "shared" / "captures"
_IDS = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    # A letter must be in it: sixteen digits are a time.
    rb"|(?<![0-9a-f.-])(?=[0-9]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{24}|[0-9a-f]{16})(?![0-9a-f-])"
)
_SESSIONS = re.compile(rb"thread-refund-[0-9-]+|sess(?:ion)?[-_][A-Za-z0-9-]{3,40}")
_OURS = {
    "authorization",
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "accept-encoding",
}
_WAIT_S = 300.0


class Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def main() -> None:
    given = _options()
    if not CAPTURES.is_dir():
        sys.exit(f"Nothing measured: the recorded traffic is not in {CAPTURES}.")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    report = Report("wires", given.out)
    report.add(machine())
    with tempfile.TemporaryDirectory() as folder:
        engine = ChdbEngine.open(Path(folder) / "chdb")
        try:
            for wire in WIRES:
                if not given.only or wire.name in given.only.split(","):
                    _measure(wire, Path(folder), engine, report, given)
        finally:
            engine.close()
    _tell(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spans", type=int, default=6000, help="sent in each round, about")
    parser.add_argument("--conc", type=int, default=4, help="requests at a time")
    parser.add_argument("--only", default="", help="names of wires, with commas")
    parser.add_argument("--out", type=Path, help="file that the rows are added to, as JSON lines")
    return parser.parse_args()


def _measure(
    wire: Wire, folder: Path, engine: ChdbEngine, report: Report, given: argparse.Namespace
) -> None:
    client = _client_of(wire)
    requests = _sending(wire, client) if client is not None else []
    if client is None or not requests:
        why = "its traffic is OTLP, or was not recorded"
        report.add({"kind": "wire", "target": wire.name, "served": False, "why": why})
        return
    spans = _spans_of(wire, requests, folder, engine)
    if not spans:
        report.add({"kind": "wire", "target": wire.name, "served": False, "why": "no spans"})
        return
    copies = max(1, given.spans // len(spans))
    own = [one for k in range(copies) for one in _copied(client, requests, k)]
    twin = _as_otlp(spans, len(requests), copies)
    for number in range(given.rounds):
        for kind, some in (("wire", own), ("otlp", twin)):
            with _server(folder / f"{wire.name}-{kind}-{number}") as address:
                row = _round(address, some, given.conc)
            row |= {"spans": len(spans) * copies, "requests": len(some)}
            row["spans_s"] = row["spans"] / row["took_s"]
            report.add({"kind": kind, "target": wire.name, "round": number, **row})


def _client_of(wire: Wire) -> Client | None:
    """The one whose recording is the longest that this wire reads by itself."""
    mine = [client for client in CLIENTS if wire.prefixes[0] and client.prefix == wire.prefixes[0]]
    return max(mine, key=lambda client: len(_sending(wire, client)), default=None)


def _sending(wire: Wire, client: Client) -> list[Recorded]:
    """Requests that bring something to keep: no OTLP, no prompts, and nothing that only reads."""
    folder = CAPTURES / client.name
    if not folder.is_dir():
        return []
    found = []
    for one in recorded_in(folder):
        address = matched(wire, one.method, one.target.partition("?")[0])
        if address is not None and address[0].handler is not None and one.body:
            found += [one] if address[0].scope == "ingest" else []
    return found


def _spans_of(
    wire: Wire, requests: Sequence[Recorded], folder: Path, engine: ChdbEngine
) -> list[RawSpan]:
    """What this server makes of them: the fullest version of each."""
    name = f"bench_{wire.name}"
    events = engine.connect(name)
    migrate(events)
    place = folder / name
    place.mkdir()
    with serve(wire, place, events) as served:
        for one in requests:
            served.ask(one.method, one.target, one.body, one.headers)
        served.settle()
        last = {(span.trace_id, span.span_id): span for span in served.spans}
    events.execute(f"DROP DATABASE {name} SYNC")
    return list(last.values())


def _copied(client: Client, requests: Sequence[Recorded], copy: int) -> Iterator[Request]:
    for one in requests:
        # Keys were cut from the recordings, with a sign that no header may hold.
        headers = {
            name: text for name, text in one.headers if name.lower() not in _OURS and text.isascii()
        }
        encoding = next((t for n, t in headers.items() if n.lower() == "content-encoding"), "")
        body = decompress(one.body, content_encodings(encoding), max_bytes=1 << 28)
        if encoding:
            # All copies go plain: what is compared is the protocol, not the compression.
            headers = {n: t for n, t in headers.items() if n.lower() != "content-encoding"}
        target = _fresh(one.target.encode(), copy).decode()
        # A multipart boundary may look like an id, and stands in the body too.
        headers = {
            name: _fresh(text.encode(), copy).decode() if name.lower() == "content-type" else text
            for name, text in headers.items()
        }
        yield Request(one.method, client.prefix + target, headers, _fresh(body, copy))


def _fresh(data: bytes, copy: int) -> bytes:
    """The same with other ids; equal ids stay equal, and a UUID keeps its time."""

    def other(found: re.Match[bytes]) -> bytes:
        old = found[0]
        digest = hashlib.blake2b(old + copy.to_bytes(4), digest_size=16).hexdigest().encode()
        return old[:24] + digest[:12] if b"-" in old else digest[: len(old)]

    data = _IDS.sub(other, data)
    return _SESSIONS.sub(lambda found: found[0] + f"-{copy}".encode(), data)


def _as_otlp(spans: Sequence[RawSpan], requests: int, copies: int) -> list[Request]:
    """As many requests, with the same spans."""
    size = max(1, -(-len(spans) // requests))
    bodies = [encode_spans(spans[first : first + size]) for first in range(0, len(spans), size)]
    found = []
    for copy in range(copies):
        for group, body in enumerate(bodies):
            some = spans[group * size : group * size + size]
            fresh = body if copy == 0 else encode_spans([_rekeyed(one, copy) for one in some])
            found.append(
                Request("POST", "/v1/traces", {"Content-Type": "application/x-protobuf"}, fresh)
            )
    return found


def _rekeyed(span: RawSpan, copy: int) -> RawSpan:
    plain = _fresh(msgspec.json.encode(span), copy)
    again = msgspec.json.decode(plain, type=RawSpan)
    ids = [
        hashlib.blake2b(old.encode() + copy.to_bytes(4), digest_size=len(old) // 2).hexdigest()
        if old
        else ""
        for old in (span.trace_id, span.span_id, span.parent_span_id)
    ]
    return msgspec.structs.replace(again, trace_id=ids[0], span_id=ids[1], parent_span_id=ids[2])


# ------------------------------------------------------------------------------------ a round


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        ["taskset", "-c", str(min(os.sched_getaffinity(0) | {0})), sys.executable, "-m",
         "quarterdeck.cli.main", "up", "--port", "0", "--grpc-port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split("http://")[1].strip()
        _wait_until_listening(address)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _round(address: str, requests: Sequence[Request], conc: int) -> dict[str, float]:
    todo = iter(requests)
    lock = threading.Lock()  # protects the iterator and the two below
    refused = [0]
    last = [0.0]

    def work() -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        while True:
            with lock:
                one = next(todo, None)
            if one is None:
                connection.close()
                return
            connection.request(one.method, one.target, one.body, one.headers)
            reply = connection.getresponse()
            reply.read()
            with lock:
                refused[0] += reply.status >= 400
                last[0] = time.perf_counter()

    began = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(conc)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _wait_until_empty(address)
    done = time.perf_counter()
    return {
        "took_s": done - began,
        "acknowledged_s": last[0] - began,
        "refused": refused[0],
        "load_1m": os.getloadavg()[0],
    }


def _wait_until_listening(address: str) -> None:
    """The address is told a moment before it answers."""
    host, _, port = address.partition(":")
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit("the server does not listen")


def _wait_until_empty(address: str) -> None:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        if "quarterdeck_pending_items 0\n" in text and "quarterdeck_spool_rows 0\n" in text:
            return
        time.sleep(0.02)
    raise SystemExit("the server did not store everything")


def _tell(report: Report) -> None:
    lines = []
    for wire in WIRES:
        own = [row["spans_s"] for row in report.of("wire", wire.name) if "spans_s" in row]
        twin = [row["spans_s"] for row in report.of("otlp", wire.name)]
        if own and twin:
            ratio = statistics.median(own) / statistics.median(twin)
            requests = report.of("wire", wire.name)[0]["requests"]
            lines.append((wire.product, requests, spread(own, 0), spread(twin, 0), f"{ratio:.2f}"))
    heads = ("wire", "requests", "spans/s by the wire", "spans/s by OTLP", "ratio")
    table("Foreign protocols beside OTLP, the same spans", heads, lines)


if __name__ == "__main__":
    main()
