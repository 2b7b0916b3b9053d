"""Sessions over processes: forked, spawned, killed; each span is sent once, by who began it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk.receiver import Receiver, receiving, wait_until

HEAD = """
import multiprocessing, os, sys, time
import quarterdeck as qd
URL, SPOOL = sys.argv[1:3]
def begin():
    qd.init(url=URL, spool_dir=SPOOL, instrument=False)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def run(tmp_path: Path, receiver: Receiver, text: str) -> str:
    program = tmp_path / "program.py"
    program.write_text(HEAD + text)
    done = subprocess.run(
        [sys.executable, str(program), receiver.url, str(tmp_path / "spool")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_forked_children_send_their_own_spans_and_not_the_parents(
    tmp_path: Path, receiver: Receiver
) -> None:
    run(
        tmp_path,
        receiver,
        """
begin()
with qd.session("t", id="forked"):
    for number in range(20):
        with qd.step(f"before {number}"):
            pass
    with qd.step("open at the fork"):
        children = []
        for number in range(3):
            pid = os.fork()
            if pid == 0:
                with qd.step(f"child {number}"):
                    pass
                qd.units(lines=number + 1)
                break
            children.append(pid)
if pid == 0:
    sys.exit(0)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
with qd.step("after"):
    pass
""",
    )
    spans = receiver.spans()
    names = sorted(span.name for span in spans)
    assert names == sorted(
        [f"before {n}" for n in range(20)]
        + [f"child {n}" for n in range(3)]
        + ["open at the fork", "session", "after"]
        + ["said of the session"] * 3
    )
    outer = receiver.span("open at the fork")
    for number in range(3):
        child = receiver.span(f"child {number}")
        assert child.parent_id == outer.span_id
        assert child.attributes["session.id"] == "forked"
    said = [span for span in spans if span.name == "said of the session"]
    assert sorted(span.attributes["quarterdeck.units.lines"] for span in said) == [1, 2, 3]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_multiprocessing_flush_when_they_end(
    tmp_path: Path, receiver: Receiver, method: str
) -> None:
    run(
        tmp_path,
        receiver,
        f"""
def work(carrier, number):
    begin()
    with qd.join(carrier) as joined, qd.tool("work", call_id=str(number)):
        assert joined.id == "carried/ü"
    qd.units(done=1)
    with qd.join(carrier):
        qd.units(done=1)

if __name__ == "__main__":
    begin()
    context = multiprocessing.get_context({method!r})
    with qd.session("t", id="carried/ü", user="u 7"), qd.step("pool"):
        workers = [context.Process(target=work, args=(qd.carrier(), n)) for n in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
""",
    )
    tools = [span for span in receiver.spans() if span.name == "execute_tool work"]
    assert sorted(span.attributes["gen_ai.tool.call.id"] for span in tools) == ["0", "1"]
    pool = receiver.span("pool")
    for tool in tools:
        assert (tool.trace_id, tool.parent_id) == (pool.trace_id, pool.span_id)
        assert tool.attributes["session.id"] == "carried/ü"
        assert tool.attributes["user.id"] == "u 7"
    said = [span for span in receiver.spans() if span.name == "said of the session"]
    in_session = [span for span in said if span.attributes["session.id"] == "carried/ü"]
    assert len(in_session) == (4 if method == "fork" else 2)


def test_a_server_that_forks_before_it_works_sends_from_each_worker(
    tmp_path: Path, receiver: Receiver
) -> None:
    """As gunicorn does: the parent initializes, the workers are forked and end by sys.exit."""
    run(
        tmp_path,
        receiver,
        """
import asyncio, threading
begin()
with qd.step("in the parent"):
    pass

async def serve(number):
    async def request(at):
        async with qd.session("request", id=f"{number}-{at}"):
            with qd.tool("look"):
                await asyncio.sleep(0)
    await asyncio.gather(*(request(at) for at in range(25)))

def fork(number):
    pid = os.fork()
    if pid:
        return pid
    thread = threading.Thread(target=lambda: asyncio.run(serve(number)))
    thread.start()
    thread.join()
    sys.exit(0)

for child in [fork(number) for number in range(2)]:
    assert os.waitpid(child, 0)[1] == 0
print(qd.stats().sent)
""",
    )
    sessions = [s.attributes["session.id"] for s in receiver.spans() if s.name == "session"]
    assert sorted(sessions) == sorted(f"{n}-{at}" for n in range(2) for at in range(25))
    assert len(receiver.spans()) == 101
    by_session = {s.trace_id: s.attributes["session.id"] for s in receiver.spans()
                  if s.name == "session"}  # fmt: skip
    for tool in receiver.spans():
        if tool.name == "execute_tool look":
            assert by_session[tool.trace_id] == tool.attributes["session.id"]


def test_a_forked_child_sends_while_it_runs(tmp_path: Path, receiver: Receiver) -> None:
    run(
        tmp_path,
        receiver,
        """
begin()
pid = os.fork()
if pid == 0:
    with qd.session("t"):
        with qd.step("ended"):
            pass
        for _ in range(200):
            time.sleep(0.05)
            if qd.stats().sent and qd.stats().partial:
                os._exit(0)
    os._exit(1)
assert os.waitpid(pid, 0)[1] == 0
""",
    )
    assert [span.name for span in receiver.spans()] == ["ended"]
    assert {span.name for span in receiver.spans(partial=True)} == {"session"}


def test_a_fork_while_spans_are_being_sent_breaks_neither_side(
    tmp_path: Path, receiver: Receiver
) -> None:
    printed = run(
        tmp_path,
        receiver,
        """
import threading
begin()
stop = threading.Event()
made = [0]
def busy():
    while not stop.is_set():
        with qd.step("busy"):
            pass
        made[0] += 1
thread = threading.Thread(target=busy)
thread.start()
for number in range(15):
    pid = os.fork()
    if pid == 0:
        with qd.step(f"child {number}"):
            pass
        ok = qd.flush(10)
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    time.sleep(0.02)
stop.set()
thread.join()
assert qd.flush(30)
print(made[0])
""",
    )
    spans = receiver.spans()
    made = int(printed)
    dropped = 0
    for path in (tmp_path / "spool").glob("status-*.json"):
        dropped += sum(json.loads(path.read_text())["stats"]["dropped"].values())
    busy = [span.span_id for span in spans if span.name == "busy"]
    assert len(busy) == len(set(busy)) == made - dropped
    assert sorted(span.name for span in spans if span.name.startswith("child")) == sorted(
        f"child {n}" for n in range(15)
    )


def test_a_killed_process_leaves_what_it_was_doing(tmp_path: Path, receiver: Receiver) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        HEAD
        + """
begin()
with qd.session("t", id="killed"), qd.tool("long"):
    with qd.step("done"):
        pass
    time.sleep(60)
"""
    )
    process = subprocess.Popen(
        [sys.executable, str(program), receiver.url, str(tmp_path / "spool")]
    )
    try:
        wait_until(lambda: len(receiver.spans(partial=True)) >= 2, within_s=20)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert {span.name for span in receiver.spans()} == {"done"}
    told = receiver.spans(partial=True)
    assert {span.name for span in told} == {"session", "execute_tool long"}
    now_ns = time.time_ns()
    assert all(now_ns - 30e9 < span.end_ns < now_ns for span in told)
    left = [path.name for path in (tmp_path / "spool").iterdir()]
    assert left == [f"status-{process.pid}.json"]
