"""What is sent arrives once, whatever the server does; what can't be sent is counted."""

import gzip
import json
import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

import quarterdeck as qd
from quarterdeck.sdk import runtime
from quarterdeck.sdk.sending import requests as sending
from quarterdeck.sdk.sending.encoding import encoded
from quarterdeck.sdk.sending.spool import Spool, destination
from quarterdeck.sdk.sending.status import read_statuses
from sdk.receiver import Received, Receiver, Reply, receiving, recording, rejecting, wait_until

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def make(count: int, *, size: int = 0) -> None:
    for number in range(count):
        with qd.step(f"step {number}") as step:
            step.set("text", "x" * size)


def names(spans: list[Received]) -> list[str]:
    return sorted(span.name for span in spans)


def test_spans_arrive_with_key_and_gzip_and_are_counted(receiver: Receiver, tmp_path: Path) -> None:
    with recording(receiver.url, tmp_path, api_key="qd_key_1234567890123456"):
        make(3)
        assert qd.flush()
        assert qd.stats().sent == 3
    _, headers, _ = receiver.requests[0]
    assert headers["authorization"] == "Bearer qd_key_1234567890123456"
    assert headers["content-encoding"] == "gzip"
    assert names(receiver.spans()) == ["step 0", "step 1", "step 2"]


def test_they_arrive_within_two_seconds_without_being_asked_for(
    receiver: Receiver, tmp_path: Path
) -> None:
    with recording(receiver.url, tmp_path):
        make(1)
        wait_until(receiver.spans, within_s=4)


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_server_asks_for_is_kept(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    receiver.replies = [Reply(status, headers=(("retry-after", "1"),))]
    with recording(receiver.url, tmp_path):
        make(2)
        assert qd.flush(10)
        stats = qd.stats()
    first, second = (at for at, _, _ in receiver.requests[:2])
    assert second - first >= 1.0
    assert (stats.sent, stats.retried, stats.dropped) == (2, 1, {})
    assert names(receiver.spans()) == ["step 0", "step 1"]


def test_rejected_spans_are_told_apart_from_sent_ones(receiver: Receiver, tmp_path: Path) -> None:
    receiver.replies = [rejecting(2)]
    with recording(receiver.url, tmp_path):
        make(5)
        qd.flush()
        stats = qd.stats()
    assert (stats.sent, stats.rejected, stats.last_problem) == (3, 2, "too old")


def test_one_span_that_is_refused_does_not_take_the_others_with_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.refuse = "step 77"
    with recording(receiver.url, tmp_path):
        make(200)
        assert qd.flush(10)
        stats = qd.stats()
    assert stats.sent == 199
    assert stats.dropped == {"refused": 1}
    assert len({span.span_id for span in receiver.spans()}) == 199
    aside = list(tmp_path.glob("*/refused/*.otlp.gz"))
    assert len(aside) == 1


def test_a_server_that_refuses_everything_is_not_asked_for_ever(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.always = Reply(400)
    with recording(receiver.url, tmp_path):
        make(400)
        qd.flush(10)
        stats = qd.stats()
    assert stats.dropped == {"refused": 400}
    assert len(receiver.requests) <= sending.MOST_SPLITS + 4


def test_what_is_too_large_is_sent_in_parts(receiver: Receiver, tmp_path: Path) -> None:
    receiver.max_spans = 30
    with recording(receiver.url, tmp_path):
        make(200)
        assert qd.flush(10)
        assert qd.stats().sent == 200
    assert len({span.span_id for span in receiver.spans()}) == 200


def test_a_redirect_is_not_followed(receiver: Receiver, tmp_path: Path) -> None:
    with receiving() as other:
        receiver.always = Reply(307, headers=(("location", f"{other.url}/v1/traces"),))
        with recording(receiver.url, tmp_path, api_key="qd_key_1234567890123456"):
            make(1)
            assert not qd.flush(0.5)
        assert other.requests == []


def test_a_server_that_hangs_does_not_hold_the_program(receiver: Receiver, tmp_path: Path) -> None:
    receiver.always = Reply(hang_s=30)
    with recording(receiver.url, tmp_path):
        make(2)
        assert not qd.flush(0.3)
        make(3)
        began = time.monotonic()
        qd.shutdown(1)
        assert time.monotonic() - began < 3
    waiting = Spool(
        tmp_path, url=receiver.url, api_key="", max_bytes=1 << 20, max_age_s=60
    ).waiting()
    assert sum(file.spans for file in waiting) == 5


def test_what_waited_on_disk_is_sent_by_the_next_process_and_once(tmp_path: Path) -> None:
    with receiving() as gone:
        port = int(gone.url.rpartition(":")[2])
    with recording(gone.url, tmp_path):
        make(40)
        with qd.session("t") as session:
            pass
        assert not qd.flush(0.2)
        qd.shutdown(10)
    with receiving(port) as back, recording(back.url, tmp_path):
        wait_until(lambda: qd.stats().resent == 41)
        found = back.spans()
        assert len(found) == len({span.span_id for span in found}) == 41
        assert session.id in {span.attributes.get("session.id") for span in found}
        assert qd.stats().spool_bytes == 0


def test_a_server_that_comes_back_gets_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SPOOL_AFTER_S", 0.3)
    monkeypatch.setattr(sending, "backoff_s", lambda _: 0.2)
    with receiving() as gone:
        port = int(gone.url.rpartition(":")[2])
    with recording(gone.url, tmp_path):
        make(20)
        wait_until(lambda: qd.stats().spooled == 20)
        make(10)
        with receiving(port) as back:
            wait_until(lambda: len(back.spans()) >= 30)
            assert qd.flush()
            found = back.spans()
            assert len(found) == len({span.span_id for span in found}) == 30
            stats = qd.stats()
            assert (stats.sent, stats.dropped, stats.spool_bytes) == (30, {}, 0)


def test_the_spool_is_the_users_own_and_holds_no_secret(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    key = "qd_own_key_8877665544332211"
    model_key = "sk-" + "ant-" + "a1b2c3d4" * 4
    with recording(NOBODY, spool, api_key=key):
        with qd.step("step") as step:
            step.set("header", "authorization: Bearer abcdef1234567890abcdef")
            step.set("api_key", "hunter2hunter2")
            step.set("said", f"the key is {key}, and {model_key}")
        qd.shutdown(10)
    (file,) = spool.rglob("*.otlp.gz")
    everything = b"".join(path.read_bytes() for path in spool.rglob("*") if path.is_file())
    text = gzip.decompress(file.read_bytes())
    for secret in (b"abcdef1234567890", b"hunter2", key.encode(), model_key.encode()):
        assert secret not in text
        assert secret not in everything
    assert b"[redacted:" in text
    for path in (spool, file.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in spool.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_spool_of_one_key_is_not_sent_with_another(tmp_path: Path) -> None:
    with receiving() as gone:
        port = int(gone.url.rpartition(":")[2])
    for key, count in (("qd_first", 1), ("", 2)):
        with recording(gone.url, tmp_path, api_key=key):
            make(count)
            qd.shutdown(10)
    with receiving(port) as back, recording(back.url, tmp_path, api_key="qd_second"):
        wait_until(lambda: qd.stats().resent == 2)
        qd.shutdown()
        assert len(back.spans()) == 2
    assert len(list((tmp_path / destination(gone.url, "qd_first")).glob("*.otlp.gz"))) == 1


def test_a_full_spool_gives_up_the_oldest_and_counts_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path, url=NOBODY, api_key="", max_bytes=2_000, max_age_s=60)
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    gone = 0
    for _ in range(10):
        span = tracer.start_span("s", attributes={"noise": os.urandom(300).hex()})
        span.end()
        assert isinstance(span, ReadableSpan)
        gone += spool.add(encoded([span])[0], spans=7)
    kept = spool.waiting()
    assert gone == 7 * (10 - len(kept))
    assert gone > 0
    assert spool.size() <= 2_000
    old = Spool(tmp_path, url=NOBODY, api_key="", max_bytes=2_000, max_age_s=0)
    assert old.expire() == 7 * len(kept)
    assert old.waiting() == []


def test_where_the_disk_can_not_be_written_memory_keeps_it(receiver: Receiver) -> None:
    receiver.replies = [Reply(503, headers=(("retry-after", "0"),))] * 2
    with recording(receiver.url, Path("/proc/nowhere")):
        make(3)
        assert qd.flush()
        assert qd.stats().sent == 3


def test_a_full_queue_drops_what_comes_and_counts_it(receiver: Receiver, tmp_path: Path) -> None:
    with recording(receiver.url, tmp_path):
        assert runtime.running is not None
        runtime.running.outbox._max_bytes = 100_000
        with runtime.running.sender._working:
            make(1_000, size=1_000)
            stats = qd.stats()
        dropped = stats.dropped["queue_full"]
        assert 0 < stats.queued <= 100
        assert dropped + stats.queued == 1_000
        assert qd.flush()
        assert qd.stats().sent == 1_000 - dropped
        assert runtime.running.outbox.queued_bytes == 0


def test_open_spans_show_while_they_run_and_their_end_replaces_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    with recording(receiver.url, tmp_path):
        with qd.session("long", task_type="night") as session, qd.step("phase") as phase:
            wait_until(lambda: receiver.spans(partial=True), within_s=5)
            phase.set("progress", 50)
            session.units(files=1)

            def shown() -> bool:
                last = {span.name: span for span in receiver.spans(partial=True)}
                return (
                    "phase" in last
                    and last["phase"].attributes.get("progress") == 50
                    and last["session"].attributes.get("quarterdeck.units.files") == 1
                )

            wait_until(shown, within_s=5)
            count = len(receiver.requests)
            assert qd.flush()
            assert len(receiver.requests) == count + 1
        assert qd.flush()
    partial = receiver.spans(partial=True)
    assert {span.span_id for span in partial} == {span.span_id for span in receiver.spans()}
    first = {span.name: span for span in reversed(partial)}
    assert first["session"].attributes["session.id"] == session.id
    assert first["session"].end_ns - first["session"].start_ns < 1_000_000_000
    assert first["phase"].end_ns - first["phase"].start_ns >= 1_000_000_000
    assert receiver.span("phase").attributes["progress"] == 50
    assert "quarterdeck.partial" not in receiver.span("phase").attributes


def test_a_burst_of_sessions_is_not_a_request_each(receiver: Receiver, tmp_path: Path) -> None:
    with recording(receiver.url, tmp_path):
        for number in range(400):
            with qd.session(f"task {number}"):
                pass
        qd.flush()
    assert len(receiver.spans()) == 400
    assert len(receiver.requests) < 20


def test_short_spans_are_told_once(receiver: Receiver, tmp_path: Path) -> None:
    with recording(receiver.url, tmp_path):
        make(50)
        time.sleep(1.2)
        make(50)
        qd.flush()
    assert receiver.spans(partial=True) == []
    assert len(receiver.spans()) == 100


PROGRAM = """
import sys, quarterdeck as qd
qd.init(url=sys.argv[1], spool_dir=sys.argv[2], instrument=False)
with qd.session("t"), qd.tool("last words"):
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "code"), [("pass", 0), ("sys.exit(7)", 7), ("raise ValueError('x')", 1)]
)
def test_a_program_sends_its_last_spans_however_it_ends(
    receiver: Receiver, tmp_path: Path, ending: str, code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(ending=ending), receiver.url, str(tmp_path)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert names(receiver.spans()) == ["execute_tool last words", "session"]
    (status,) = read_statuses(tmp_path)
    assert (status.running, status.stats["sent"], status.url) == (False, 2, receiver.url)


def test_a_program_without_a_server_ends_soon_and_says_what_waits(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(ending="pass"), NOBODY, str(tmp_path)],
        capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "QUARTERDECK_API_KEY": "qd_key_1234567890123456"},
    )  # fmt: skip
    assert time.monotonic() - began < 10
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (status,) = read_statuses(tmp_path)
    assert status.stats["spooled"] == 2
    assert status.stats["sent"] == 0
    assert "refused" in status.stats["last_problem"]
    (file,) = tmp_path.glob("status-*.json")
    assert "qd_key" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["url"] == NOBODY


def test_two_processes_do_not_send_the_same_file(tmp_path: Path) -> None:
    one = Spool(tmp_path, url=NOBODY, api_key="", max_bytes=1, max_age_s=1)
    two = Spool(tmp_path, url=NOBODY, api_key="", max_bytes=1, max_age_s=1)
    with one.held() as is_ours, two.held() as is_theirs:
        assert (is_ours, is_theirs) == (True, False)
    with two.held() as is_theirs:
        assert is_theirs


def test_the_books_balance_whatever_the_server_answers(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "backoff_s", lambda _: 0.01)
    monkeypatch.setattr(sending, "SPOOL_AFTER_S", 0.05)
    chance = random.Random(7)
    soon = (("retry-after", "0"),)
    answers = [Reply(503, headers=soon), Reply(429, headers=soon), Reply(502), Reply(401), Reply()]
    with recording(receiver.url, tmp_path):
        made = 0
        for _ in range(30):
            receiver.replies = chance.choices(answers, k=4)
            receiver.max_spans = chance.choice([0, 0, 7])
            some = chance.randrange(40)
            make(some)
            made += some
            qd.flush(0.05)
        receiver.replies, receiver.max_spans = [], 0
        wait_until(lambda: qd.flush(1) and qd.stats().spool_bytes == 0, within_s=20)
        stats = qd.stats()
    found = [span.span_id for span in receiver.spans()]
    assert len(found) == len(set(found)) == made == stats.sent
    assert stats.dropped == {}
    assert stats.spooled == stats.resent > 0
