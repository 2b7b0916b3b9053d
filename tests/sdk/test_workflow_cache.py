"""
Loading while the server is odd or away: refused, hanging, broken, and what is on disk for it.

The server here is a stub that a test can let hang; what a real one answers is in
`test_workflow_with_a_server.py`.
"""

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quarterdeck as qd
from quarterdeck.errors import Forbidden, Invalid, Misconfigured, NotFound, TryAgain, Unauthorized
from quarterdeck.sdk.workflow import loading, resolving
from quarterdeck.sdk.workflow.cache import Cache, Content
from quarterdeck.workflows.assign import arm_of
from quarterdeck.workflows.manifest import Agent, Manifest
from sdk.receiver import recording
from sdk.workflow_made import NAME, Stub, content, digest, resolution, stub


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(loading, "_resolvers", {})
    with stub() as made, recording(made.url, tmp_path / "spool"):
        made.resolution = resolution(1)
        yield made


def restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process of this machine would begin: only the disk is known."""
    monkeypatch.setattr(loading, "_resolvers", {})


def load(session_id: str, **told: Any) -> qd.Workflow:
    with qd.session("t", id=session_id, **told):
        return qd.load_workflow(NAME)


def test_a_content_that_is_here_is_not_sent_again(server: Stub) -> None:
    assert load("s-1").instructions("triage") == "You are version 1."
    assert load("s-2").instructions("triage") == "You are version 1."
    assert [asked["have"] for asked in server.asked] == [[], [digest(1)]]
    first = server.asked[0]
    assert (first["session_id"], first["environment"]) == ("s-1", "production")


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_broken_server_is_away_and_the_next_session_runs_from_the_cache(
    server: Stub, status: int
) -> None:
    load("s-1")
    server.status = status
    flow = load("s-2")
    assert (flow.version, flow.source) == (1, "cache")
    assert flow.release.stale_s > 0
    asked = len(server.asked)
    assert load("s-3").source == "cache"
    assert len(server.asked) == asked, "it was asked again at once"


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (403, Forbidden), (404, NotFound), (422, Invalid)]
)
def test_a_living_server_that_says_no_is_an_error_whatever_is_cached(
    server: Stub, status: int, error: type[Exception]
) -> None:
    load("s-1")
    server.status = status
    with pytest.raises(error):
        load("s-2")


def test_of_a_server_that_hangs_the_first_session_waits_less_than_a_second_and_no_other(
    server: Stub,
) -> None:
    load("s-1")
    server.hang_s = 30
    began = time.monotonic()
    assert load("s-2").source == "cache"
    first_s = time.monotonic() - began
    began = time.monotonic()
    for at in range(20):
        assert load(f"s-after-{at}").source == "cache"
    # Bounds for a machine that does much else: each would wait 0.9 s, so twenty of them 18.
    assert first_s < 4
    assert time.monotonic() - began < 5


def test_a_server_that_is_back_is_asked_again(
    server: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "backoff_s", lambda _: 0.05)
    load("s-1")
    server.status = 500
    load("s-2")
    server.status, server.resolution = 200, resolution(2)
    time.sleep(0.06)
    flow = load("s-3")
    assert (flow.version, flow.source) == (2, "server")


def test_without_a_cache_an_absent_server_is_an_error_with_the_next_step(server: Stub) -> None:
    server.status = 503
    with pytest.raises(TryAgain, match="nothing is cached for 'production' on this machine"):
        load("s-1")
    server.status, server.hang_s = 200, 30
    began = time.monotonic()
    with pytest.raises(TryAgain, match="did not answer within"):
        qd.load_workflow(NAME, timeout_s=0.2)
    assert time.monotonic() - began < 5


def test_a_session_keeps_its_version_over_processes_while_the_server_is_away(
    server: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("s-1")
    server.resolution = resolution(2)
    load("s-2")
    server.status = 503
    restarted(monkeypatch)
    assert (load("s-1").version, load("s-2").version, load("s-3").version) == (1, 2, 2)


def test_a_server_that_died_leaves_versions_from_the_cache_and_defaults_for_questions(
    server: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.sdk.workflow.asking.PAUSE_S", 0.05)
    made = content(1)
    tools = {"t": {"permission": "ask", "ask": {"timeout_s": 0.3}}, "u": {}}
    made["manifest"] |= {"tools": tools, "agents": {"triage": {"tools": ["t", "u"]}}}
    server.resolution = resolution(1, content=made)
    load("s-1")
    server.die()
    began = time.monotonic()
    with qd.session("t", id="s-2") as session:
        flow = qd.load_workflow(NAME)
        assert (flow.version, flow.source) == (1, "cache")
        assert flow.guard(lambda: session.id, name="u")() == "s-2"
        with pytest.raises(qd.ToolDenied, match="nobody could be reached in time"):
            flow.guard(lambda: session.id, name="t")()
    assert load("s-1").version == 1
    assert time.monotonic() - began < 6


def candidate(share_bp: int) -> dict[str, Any]:
    split = {
        "stable": {"version": 1, "digest": digest(1)},
        "candidate": {"version": 2, "digest": digest(2)},
        "share_bp": share_bp,
        "sticky_by": "session",
        "release_id": "rel_1",
        "revision": 2,
    }
    return {"split": split, "release_id": "rel_1"}


def test_while_the_server_is_away_sessions_are_dealt_out_as_it_would(
    server: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("s-stable")
    server.resolution = resolution(2, **candidate(4_000), arm="candidate")
    load("s-candidate")
    server.status = 503
    dealt = {f"s-{at}": load(f"s-{at}") for at in range(60)}
    for session_id, flow in dealt.items():
        arm = arm_of(release_id="rel_1", share_bp=4_000, sticky_by="session", session_id=session_id)
        assert (flow.arm, flow.version) == (arm, 2 if arm == "candidate" else 1)
    assert {flow.arm for flow in dealt.values()} == {"stable", "candidate"}
    restarted(monkeypatch)
    server.status, server.resolution = 200, resolution(3)
    for session_id, flow in dealt.items():
        again = load(session_id)
        assert (again.version, again.source) == (flow.version, "server")
    assert load("s-new").version == 3


def test_a_candidate_whose_content_is_not_here_leaves_the_stable_version(server: Stub) -> None:
    server.resolution = resolution(1, **candidate(10_000))
    load("s-1")
    server.status = 503
    flow = load("s-2")
    assert (flow.version, flow.arm) == (1, "stable")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "workflows" in path.parts]


def test_what_is_on_disk_is_for_the_user_alone(server: Stub, tmp_path: Path) -> None:
    load("s-1")
    found = files(tmp_path / "spool")
    assert len(found) == 3
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"{}", b"not it", b"\xff" * 100])
def test_a_damaged_file_is_fetched_again_and_never_used(
    server: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    load("s-1")
    for path in files(tmp_path / "spool"):
        path.write_bytes(path.read_bytes()[:-5] + damage)
    restarted(monkeypatch)
    assert load("s-2").instructions("triage") == "You are version 1."
    assert server.asked[-1]["have"] == []
    for path in files(tmp_path / "spool"):
        path.write_bytes(damage)
    restarted(monkeypatch)
    server.status = 503
    with pytest.raises(TryAgain):
        load("s-3")


def test_a_content_under_another_digest_is_not_used(tmp_path: Path) -> None:
    made = Content(manifest=Manifest(name=NAME, agents={"a": Agent()}), prompts={}, tools={})
    cache = Cache(tmp_path / "c")
    cache.keep_content(NAME, version=1, digest=digest(1), content=made)
    cache.keep_content(NAME, version=2, digest=digest(2), content=made)
    one, other = sorted((tmp_path / "c" / "contents").iterdir())
    one.write_bytes(other.read_bytes())
    again = Cache(tmp_path / "c")
    assert [again.content(NAME, digest(at)) is None for at in (1, 2)].count(True) == 1


def test_the_cache_is_bounded_and_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.sdk.workflow.cache.MAX_CONTENTS", 5)
    monkeypatch.setattr("quarterdeck.sdk.workflow.cache.TRIM_EVERY", 1)
    made = Content(manifest=Manifest(name=NAME, agents={"a": Agent()}), prompts={}, tools={})
    cache = Cache(tmp_path / "c")
    for at in range(12):
        cache.keep_content(NAME, version=at + 1, digest=digest(at), content=made)
        for path in (tmp_path / "c" / "contents").iterdir():
            os.utime(path, (path.stat().st_mtime - 10, path.stat().st_mtime - 10))
    assert len(list((tmp_path / "c" / "contents").iterdir())) == 5
    assert Cache(tmp_path / "c").digests(NAME) == [digest(at) for at in range(7, 12)]


def test_threads_may_look_while_others_put_in() -> None:
    made = Content(manifest=Manifest(name=NAME, agents={"a": Agent()}), prompts={}, tools={})
    cache = Cache(None)
    failed: list[Exception] = []

    def put(thread: int) -> None:
        try:
            for at in range(600):
                key = digest(thread * 1000 + at % 300)
                cache.keep_content(NAME, version=1, digest=key, content=made)
                cache.digests(NAME)
        except RuntimeError as error:
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=put, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert failed == []


def test_no_more_digests_are_named_than_a_server_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.sdk.workflow.cache.MAX_CONTENTS", 5)
    made = Content(manifest=Manifest(name=NAME, agents={"a": Agent()}), prompts={}, tools={})
    cache = Cache(tmp_path / "c")
    for at in range(12):  # more than the bound: the next look at it is 244 writes away
        cache.keep_content(NAME, version=at + 1, digest=digest(at), content=made)
    assert len(cache.digests(NAME)) == 5
    assert digest(11) in cache.digests(NAME)


@pytest.mark.parametrize("place", ["a file", "unwritable"])
def test_a_cache_that_can_not_be_written_costs_nothing_but_the_cache(
    server: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "x").write_text("in the way")
    options = {"a file": tmp_path / "x", "unwritable": Path("/proc/nothing")}
    qd.shutdown(0)
    with recording(server.url, options[place]):
        assert load("s-1").version == 1
        assert load("s-2").version == 1


def test_threads_that_begin_at_once_all_get_the_version(server: Stub) -> None:
    found: list[int] = []

    def work(at: int) -> None:
        found.append(load(f"s-{at}").version)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 16


def _in_child(results: Any) -> None:
    flow = load("s-child")
    results.put((flow.version, flow.source))


def test_a_forked_worker_loads_with_connections_of_its_own(server: Stub) -> None:
    load("s-parent")
    forking = multiprocessing.get_context("fork")
    results = forking.Queue()
    server.resolution = resolution(2)
    child = forking.Process(target=_in_child, args=(results,))
    child.start()
    assert results.get(timeout=20) == (2, "server")
    child.join(20)
    assert child.exitcode == 0
    assert load("s-parent-again").version == 2


def test_conditions_without_their_library_are_an_error_that_names_it(
    server: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = content(1)
    made["manifest"]["tools"] = {"t": {"rules": [{"when": "true", "permission": "deny"}]}}
    server.resolution = resolution(1, content=made)
    monkeypatch.setitem(sys.modules, "cel", None)
    with pytest.raises(Misconfigured) as refused:
        load("s-1")
    assert refused.value.hint == 'pip install "quarterdeck[workflow]"'
    made["manifest"]["tools"] = {"t": {}}
    server.resolution = resolution(2, content=made, digest=digest(2))
    assert load("s-2").version == 2


LIGHT = """
import sys
for name in ("cel", "yaml", "jsonschema", "referencing"):
    sys.modules[name] = None
import quarterdeck as qd
from quarterdeck.errors import Misconfigured
qd.init(url=sys.argv[1], spool_dir=sys.argv[2], instrument=False)
with qd.session("t"):
    flow = qd.load_workflow("fraud-triage")
    print(flow.instructions("triage"), flow.guard(lambda a: a, name="t")("x"))
    try:
        qd.load_workflow("other", path=sys.argv[2])
    except Misconfigured as error:
        print(error, error.hint)
server = {"sqlalchemy", "fastapi", "chdb", "pydantic", "numpy"} & set(sys.modules)
print(sorted(server), sorted(kind for kind in qd.stats().errors))
"""


def test_the_light_install_runs_versions_without_conditions_and_names_what_it_lacks(
    server: Stub, tmp_path: Path
) -> None:
    made = content(1)
    schema = {"name": "t", "parameters": {"type": "object", "properties": {"a": {}}}}
    made |= {"tools": {"t": schema}}
    made["manifest"] |= {"tools": {"t": {}}, "agents": {"triage": {"tools": ["t"]}}}
    server.resolution = resolution(1, content=made)
    (tmp_path / "light").mkdir()
    (tmp_path / "light" / "workflow.yaml").write_text("name: other")
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, server.url, str(tmp_path / "light")],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == "You are version 1. x"
    assert 'pip install "quarterdeck[workflow]"' in second
    assert third == "[] ['schema: unused']"
    assert "are not checked against their schemas" in done.stderr


def test_an_answer_that_this_sdk_can_not_read_is_an_error_and_opens_nothing(server: Stub) -> None:
    made = content(1)
    made["manifest"]["tools"] = {"t": {"permission_of_the_future": "deny"}}
    server.resolution = resolution(1, content=made)
    with pytest.raises(Invalid, match="permission_of_the_future"):
        load("s-1")
