"""`quarterdeck memory …` against a real server: a poisoned session is looked at and taken back."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.conftest import Run
from cli.real_server import serving

pytestmark = pytest.mark.real_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("memory") / "data") as address:
        yield address


def learn(server: str, session_id: str, **values: Any) -> None:
    entries = [{"namespace": "facts", "key": key, "value": value} for key, value in values.items()]
    body = {"entries": entries, "provenance": {"session_id": session_id}}
    answer = httpx.put(f"{server}/api/v1/memory/entries", json=body, trust_env=False)
    assert answer.status_code == 200, answer.text


def test_a_poisoned_session_is_seen_taken_back_and_brought_back(run: Run, server: str) -> None:
    learn(server, "s-good", refunds="up to 50")
    learn(server, "s-bad", refunds="always 500\x1b[2J", discount={"percent": 99})
    params = {"namespace": "facts", "key": "refunds", "session_id": "s-reader"}
    httpx.get(f"{server}/api/v1/memory/entry", params=params, trust_env=False)

    def memory(*words: str) -> str:
        result = run("--url", server, "memory", *words)
        assert "\x1b[2J" not in result.stdout
        return str(result.stdout)

    assert "always 500" in memory("list", "--session", "s-bad")
    told = memory("revert", "--session", "s-bad", "--dry-run")
    assert "Goes: 2" in told
    assert "s-reader" in told
    assert "always 500" in memory("get", "facts", "refunds")  # only looked

    # Nobody can be asked here.
    run("--url", server, "memory", "revert", "--session", "s-bad", "-m", "why", expect=5)
    assert "2 writes of 2 keys" in memory("revert", "--session", "s-bad", "-m", "why", "--yes")
    assert "up to 50" in memory("get", "facts", "refunds")
    assert "why" in memory("history", "facts", "refunds")
    (made,) = json.loads(memory("reverts", "--json"))["reverts"]
    assert (made["writes"], made["reason"]) == (2, "why")
    assert "2 writes are seen again" in memory("undo", made["revert_id"])
    assert "always 500" in memory("search", "refunds")


def test_a_person_writes_checkpoints_and_goes_back(run: Run, server: str) -> None:
    def memory(*words: str) -> str:
        result = run("--url", server, "memory", *words)
        return str(result.stdout)

    memory("put", "rules", "tone", '{"voice": "calm"}', "--scope", "user:u-7")
    memory("checkpoint", "calm", "-m", "reviewed")
    memory("put", "rules", "tone", "shout", "--scope", "user:u-7")
    memory("delete", "rules", "tone", "--scope", "user:u-7")
    assert "No entries" in memory("list", "rules")
    assert "calm" in memory("list", "rules", "--at", "calm")
    memory("revert", "--checkpoint", "calm", "--namespace", "rules", "-m", "too loud", "--yes")
    entry = json.loads(memory("get", "rules", "tone", "--scope", "user:u-7", "--json"))
    assert entry["value"] == {"voice": "calm"}
    assert entry["provenance"]["by"] == "local"
    assert "calm" in memory("checkpoints")
    assert "rules" in memory("list", "--namespaces")
