"""`qd.memory` against a real server: what is kept, who wrote it, and what happens without one."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

import quarterdeck as qd
from cli.real_server import serving
from quarterdeck.sdk.rim import swallowed
from sdk.receiver import wait_until

pytestmark = pytest.mark.real_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("memory") / "data") as address:
        yield address


@pytest.fixture
def running(server: str, tmp_path: Path) -> Iterator[str]:
    qd.init(url=server, spool_dir=tmp_path / "spool", instrument=False, environment="staging")
    yield server
    qd.shutdown()


def asked(server: str, path: str) -> Any:
    answer = httpx.get(f"{server}/api/v1{path}", trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_one_session_puts_the_next_one_gets_and_both_are_known(running: str) -> None:
    notes = qd.memory("customers", scope="user:u-7")
    with qd.session("first", id="writer", user="u-7"), qd.agent("triage"):
        assert notes.put("plan", {"likes": "refunds"})
    with qd.session("second", id="reader"):
        assert notes.get("plan") == {"likes": "refunds"}
        assert notes.get("never", "nothing") == "nothing"
        found = notes.entry("plan")
        assert found is not None
        assert found.environment == "staging"
        assert found.provenance["session_id"] == "writer"
        assert found.provenance["agent"] == "triage"
        assert [entry.key for entry in notes.search("refunds")] == ["plan"]
    assert qd.memory("customers", scope="user:u-8").get("plan") is None
    assert qd.memory("customers", scope="user:u-7", environment="").get("plan") is None
    history = asked(
        running, "/memory/history?environment=staging&namespace=customers&scope=user:u-7&key=plan"
    )
    [write] = history["writes"]
    assert {reading["session_id"] for reading in write["read_by"]} == {"reader"}
    qd.flush(timeout_s=10)

    def written_span() -> Any:
        answer = httpx.get(f"{running}/api/v1/sessions/writer/spans", trust_env=False)
        spans = answer.json()["spans"] if answer.status_code == 200 else []
        return [span for span in spans if span["span_id"] == write["provenance"]["span_id"]]

    [span] = wait_until(written_span, within_s=15, message="the span that wrote")
    assert span["kind"] == "memory"


async def test_tasks_keep_their_own_session_and_deleting_leaves_the_history(running: str) -> None:
    async def work(name: str) -> None:
        async with qd.session(name, id=name):
            await notes.aput(name, [name])

    notes = qd.memory("async")
    await asyncio.gather(*(work(f"task-{number}") for number in range(5)))
    entries = {entry.key: entry.provenance["session_id"] for entry in notes.entries("task-")}
    assert entries == {f"task-{number}": f"task-{number}" for number in range(5)}
    assert await notes.adelete("task-0", "task-1")
    assert await notes.aget("task-0") is None
    assert [entry.key for entry in await notes.asearch("task", filter=None)] != []


def test_vectors_are_the_callers_and_find_by_meaning(running: str) -> None:
    def embed(text: str) -> Sequence[float]:
        return [float("money" in text or "refund" in text), float("dog" in text), 0.1]

    notes = qd.memory("meaning", embed=embed)
    notes.put("a", "the dog barks")
    notes.put("b", "a refund was paid")
    found = notes.search("money", limit=1)
    assert [entry.key for entry in found] == ["b"]
    assert found[0].score is not None


AT_PORT = """
import sys
from quarterdeck.cli.main import main
sys.argv = [*sys.argv[:1], *(a.replace("--port=0", "--port=PORT") for a in sys.argv[1:])]
main()
"""


def test_without_a_server_the_agent_goes_on_and_the_write_arrives_later(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as address:
        port = address.rpartition(":")[2]
    qd.init(url=address, spool_dir=tmp_path / "spool", instrument=False)
    try:
        before = swallowed().get("memory: TryAgain", 0)
        notes = qd.memory("later")
        assert notes.put("k", 1) is False
        assert notes.get("k", "default") == "default"
        assert notes.search("k") == []
        assert swallowed()["memory: TryAgain"] == before + 3
        # The newer word of two that wait is the one that counts.
        assert notes.put("twice", "older") is False
        assert notes.put("twice", "newer") is False
        command = (sys.executable, "-c", AT_PORT.replace("PORT", port))
        with serving(data, command=command) as again:
            assert again == address
            qd.flush(timeout_s=10)
            wait_until(lambda: notes.get("k") == 1, within_s=20, message="the write that waited")
            wait_until(lambda: notes.get("twice"), within_s=20, message="the newer one")
            history = asked(again, "/memory/history?namespace=later&key=twice")
            assert [write["value"] for write in history["writes"]] == ["newer"]
    finally:
        qd.shutdown()


@pytest.mark.parametrize("bad", [float("nan"), object(), {1: {2}}, "\ud800", b"\xff"])
def test_no_value_raises_into_the_agent(running: str, bad: Any) -> None:
    notes = qd.memory("odd")
    notes.put("k", bad)
    notes.put(bad, 1)
    notes.search(bad)
    notes.delete(bad)
