"""
OpenClaw: an own state folder, then two real ones whose script is known (clients/set2/
drive_openclaw*.sh): JSONL of 2026.4.29, and 2026.9.6's rows put back into SQLite.
"""

import json
import shutil
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.follow import Watch
from quarterdeck.receive.transcripts.formats.openclaw import FORMAT
from quarterdeck.receive.transcripts.formats.pi import FORMAT as PI
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, PersonAct, Transcript
from receive.transcripts.breaking import lines_survive
from receive.transcripts.reading import calls, codes, read_file, tools
from receive.transcripts.stories import story

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts" / "openclaw"
MAIN = next((GOLDEN / "agents/main/sessions").glob("a1*.jsonl"))


def _sessions(path: Path) -> dict[str, Transcript]:
    found = [item for item in read_file(FORMAT, path) if isinstance(item, Transcript)]
    return {t.part.removeprefix("subagent:") or t.session_id: t for t in found}


def _cost(of: Transcript) -> Decimal:
    return sum((call.recorded_cost_usd or Decimal(0) for call in calls(of)), Decimal(0))


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.jsonl")), ids=lambda path: path.stem[:4])
def test_a_session_is_read_entry_by_entry(path: Path) -> None:
    expected = path.with_suffix(".expected.txt").read_text()
    assert "\n".join(map(story, _sessions(path).values())) == expected


def test_what_was_gone_back_over_is_kept_and_marked() -> None:
    (only,) = _sessions(MAIN).values()
    assert [call.id for call in calls(only) if call.metadata.get("abandoned")] == ["a113"]


def test_its_other_files_are_no_sessions() -> None:
    assert all(FORMAT.belongs(Source(path)) for path in GOLDEN.rglob("sessions.json"))
    assert not FORMAT.belongs(Source(MAIN))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_line_however_broken_raises(data: st.DataObject) -> None:
    lines_survive(FORMAT, MAIN, data)


# -- JSONL of 2026.4.29 ------------------------------------------------------------------------


@pytest.fixture
def recorded(shared: Path) -> Path:
    return shared / "captures" / "openclaw_2026.4.29_transcripts"


def _messages(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["message"] for line in lines if line["type"] == "message"]


def _check(messages: list[dict[str, Any]], found: Transcript) -> None:
    """Counts and sums straight from the messages."""
    answers = [m for m in messages if m["role"] == "assistant"]
    usages = [m["usage"] for m in answers]
    made = [call.usage for call in calls(found) if call.usage]
    assert len(calls(found)) == len(answers)
    assert sum(u.input_tokens or 0 for u in made) == sum(
        u["input"] + u["cacheRead"] + u["cacheWrite"] for u in usages
    )
    assert sum(u.output_tokens or 0 for u in made) == sum(u["output"] for u in usages)
    assert sum(c.status == "error" for c in calls(found)) == sum(
        m["stopReason"] == "error" for m in answers
    )
    cost = sum((Decimal(str(u["cost"]["total"])) for u in usages), Decimal(0))
    assert round(_cost(found), 8) == round(cost, 8)
    asked = [part["id"] for m in answers for part in m["content"] if part["type"] == "toolCall"]
    assert [tool.call_id for tool in tools(found)] == asked
    failed = {m["toolCallId"] for m in messages if m.get("details", {}).get("exitCode")}
    assert {tool.call_id for tool in tools(found) if tool.status == "error"} == failed


def test_recorded_sessions_hold_what_their_lines_say(recorded: Path) -> None:
    counts: dict[str, tuple[int, int, int]] = {}
    for path in recorded.glob("*.jsonl"):
        if path.name.endswith(".trajectory.jsonl"):
            assert FORMAT.belongs(Source(path))
            continue
        assert not PI.recognizes(Source(path))
        (found,) = _sessions(path).values()
        _check(_messages(path), found)
        errors = sum(tool.status == "error" for tool in tools(found))
        counts[path.stem[:8]] = (len(calls(found)), len(tools(found)), errors)
        # Its trajectory says "success" of the review that the model refused.
        refused = path.stem.startswith("7e561ba4")
        assert codes(found) == ({"status_disagrees"} if refused else set())
    # Fix (read, failing tests, tests), and a review that the model refused; a scout's fix; its
    # caller with the announcement.
    assert counts == {"7e561ba4": (5, 3, 1), "0ea6ccd4": (4, 3, 1), "8b06da93": (3, 1, 0)}


def test_a_sub_agents_session_is_a_part_of_its_callers(recorded: Path) -> None:
    path = recorded / "0ea6ccd4-1022-4d46-8235-059975c08c2a.jsonl"
    (child,) = _sessions(path).values()
    (caller,) = _sessions(recorded / "8b06da93-08e7-4011-8dcd-c6a21ec6a6ed.jsonl").values()
    (spawn,) = [tool for tool in tools(caller) if tool.tool == "sessions_spawn"]
    assert (child.session_id, child.attached_to) == (caller.session_id, spawn.id)
    assert (child.agent, child.task, caller.agent) == ("coder", "", "main")
    index = json.loads((recorded / "sessions.json").read_text())
    (entry,) = index.values()
    assert _cost(child) == Decimal(str(entry["estimatedCostUsd"]))


def test_tokens_that_only_the_trajectory_knows_are_a_finding(
    recorded: Path, tmp_path: Path
) -> None:
    name = "8b06da93-08e7-4011-8dcd-c6a21ec6a6ed"
    shutil.copy(recorded / f"{name}.trajectory.jsonl", tmp_path)
    lines = (recorded / f"{name}.jsonl").read_text().splitlines()
    kept = [line for line in lines if "chatcmpl-3e5654e372f647b6b683" not in line]
    assert len(kept) == len(lines) - 1
    (tmp_path / f"{name}.jsonl").write_text("\n".join(kept) + "\n")
    (found,) = _sessions(tmp_path / f"{name}.jsonl").values()
    assert codes(found) == {"usage_missing"}


def test_the_registry_of_runs_tells_the_caller_where_the_index_does_not(tmp_path: Path) -> None:
    """The caller's agent is another one, so its folder has to be told."""
    shutil.copytree(GOLDEN / "agents", tmp_path / "agents")
    child = next((tmp_path / "agents/scout/sessions").glob("b2*.jsonl"))
    index = json.loads((child.parent / "sessions.json").read_text())
    (child.parent / "sessions.json").unlink()
    ((key, entry),) = index.items()
    (tmp_path / "subagents").mkdir()
    run = {"childSessionKey": key, "requesterSessionKey": entry["spawnedBy"]}
    registry = tmp_path / "subagents" / "runs.json"
    registry.write_text(json.dumps({"version": 2, "runs": {"r1": run}}))
    first = {"traceSchema": "openclaw-trajectory", "type": "session.started", "sessionKey": key}
    child.with_suffix(".trajectory.jsonl").write_text(json.dumps(first) + "\n")
    (found,) = _sessions(child).values()
    assert (found.session_id, found.attached_to) == (MAIN.stem, "a106/1")
    assert FORMAT.belongs(Source(registry))


# -- SQLite of 2026.9.6 ------------------------------------------------------------------------

_TABLES = ("session_nodes", "session_windows", "conversations", "transcript_events")


def _insert(database: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    for row in rows:
        kept = {key: value for key, value in row.items() if key in columns}
        places = ",".join("?" * len(kept))
        database.execute(
            f"INSERT INTO {table} ({','.join(kept)}) VALUES ({places})",
            list(kept.values()),
        )


def _events(state: Path) -> list[dict[str, Any]]:
    text = (state / "main_transcript_events.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def state(shared: Path) -> Path:
    return shared / "captures" / "openclaw_2026.9.6" / "state"


@pytest.fixture
def database(state: Path, tmp_path: Path) -> Path:
    """The recorder's file again, from its schema and the exported rows."""
    path = tmp_path / "agents" / "main" / "agent" / "openclaw-agent.sqlite"
    path.parent.mkdir(parents=True)
    # SQLite has octet_length since 3.43; the rule is about sizes that these rows do not have.
    schema = (state / "main_schema.sql").read_text().replace("octet_length(", "length(")
    with sqlite3.connect(path) as connection:
        for table in _TABLES:
            start = schema.index(f"CREATE TABLE {table} (")
            connection.execute(schema[start : schema.index(") STRICT;", start) + 9])
        for table in _TABLES[:2]:
            rows = json.loads((state / f"main_{table}.json").read_text())
            _insert(connection, table, rows)
        events = [row | {"event_json": json.dumps(row["event"])} for row in _events(state)]
        _insert(connection, "transcript_events", events)
    connection.close()
    return path


def test_a_state_database_holds_every_session(state: Path, database: Path) -> None:
    found = _sessions(database)
    by_session: dict[str, list[dict[str, Any]]] = {}
    for row in _events(state):
        if row["event"]["type"] == "message":
            by_session.setdefault(row["session_id"], []).append(row["event"]["message"])
    assert found.keys() == by_session.keys()
    for session_id, messages in by_session.items():
        _check(messages, found[session_id])
    assert {
        key[:4]: (len(calls(t)), len(tools(t)), t.status, t.metadata["run_status"])
        for key, t in found.items()
    } == {"1111": (5, 3, "ok", "done"), "2222": (5, 3, "error", "failed"),
          "3333": (1, 0, "ok", "done")}  # fmt: skip


def test_a_database_in_use_is_read_and_not_touched(database: Path) -> None:
    with sqlite3.connect(database) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("DELETE FROM transcript_events WHERE session_id LIKE '3333%'")
        writer.commit()
        before = database.read_bytes()
        assert {key[:4] for key in _sessions(database)} == {"1111", "2222"}
        assert database.read_bytes() == before
    writer.close()


def test_what_stands_in_a_databases_log_is_seen_when_following(database: Path) -> None:
    with sqlite3.connect(database) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        watch = Watch(lambda: iter([database]))
        assert [seen.path for seen in watch.look(now_ns=0)] == [database]
        assert watch.look(now_ns=0) == []
        writer.execute("DELETE FROM transcript_events WHERE session_id LIKE '3333%'")
        writer.commit()
        assert [seen.path for seen in watch.look(now_ns=0)] == [database]
    writer.close()


def _pack_one(path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    with sqlite3.connect(path) as connection:
        ((raw,),) = connection.execute(
            "SELECT event_json FROM transcript_events WHERE session_id LIKE '1111%' AND seq = 5"
        )
        connection.execute(
            "UPDATE transcript_events SET event_json = NULL, event_zstd = ?, event_utf8_bytes = ?, "
            "navigation_json = ? WHERE session_id LIKE '1111%' AND seq = 5",
            (
                zstandard.ZstdCompressor().compress(raw.encode()),
                len(raw.encode()),
                json.dumps({"version": 1, "report": {"kind": "canonical"}, "navigation": {},
                            "reset": {}, "model": {}, "modelBytes": 0, "withoutCustomDataBytes": 0,
                            "modelWithoutCheckpointBytes": 0}),
            ),
        )  # fmt: skip
    connection.close()


def test_packed_entries_are_unpacked(database: Path) -> None:
    whole = {key: t.entries for key, t in _sessions(database).items()}
    _pack_one(database)
    assert {key: t.entries for key, t in _sessions(database).items()} == whole


def test_without_zstandard_a_packed_entry_is_a_bad_line_with_a_way_out(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pack_one(database)
    # An import of None fails as that of a package that is not installed.
    monkeypatch.setitem(sys.modules, "zstandard", None)
    found = read_file(FORMAT, database)
    (bad,) = [item for item in found if isinstance(item, BadLine)]
    assert (bad.number, "install `zstandard`" in bad.message) == (5, True)
    assert len([item for item in found if isinstance(item, Transcript)]) == 3


def test_a_sub_agent_in_another_agents_database_finds_its_caller(database: Path) -> None:
    key = "agent:scout:subagent:55555555-0000-4000-8000-000000000005"
    other = database.parents[2] / "scout" / "agent" / database.name
    other.parent.mkdir(parents=True)
    with sqlite3.connect(other) as connection:
        connection.executescript(
            "CREATE TABLE session_windows (session_id TEXT, session_key TEXT, spawned_by TEXT);"
            "CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT,"
            " created_at INTEGER);"
        )
        connection.execute(
            "INSERT INTO session_windows VALUES ('5555', ?, 'agent:main:main')", (key,)
        )
        lines = (
            '{"type":"session","id":"5555","cwd":"/","timestamp":"2026-11-23T03:19:20Z"}',
            '{"type":"message","id":"u","message":{"role":"user","content":"Look"}}',
        )
        connection.executemany(
            "INSERT INTO transcript_events VALUES ('5555', ?, ?, 1)", enumerate(lines)
        )
    connection.close()
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE transcript_events SET event_json = json_set(event_json, "
            "'$.message.details.childSessionKey', ?) WHERE session_id LIKE '1111%' AND seq = 6",
            (key,),
        )
    connection.close()
    (child,) = _sessions(other).values()
    caller = next(t for k, t in _sessions(database).items() if k.startswith("1111"))
    assert (child.session_id, child.agent) == (caller.session_id, "scout")
    assert child.attached_to == tools(caller)[0].id


def test_a_refusal_by_nobody_is_no_act_of_a_person(tmp_path: Path) -> None:
    lines = MAIN.read_text().replace("user-denied", "allowlist-miss")
    path = tmp_path / "agents" / "main" / "sessions" / MAIN.name
    path.parent.mkdir(parents=True)
    path.write_text(lines)
    (found,) = _sessions(path).values()
    denied = [e for e in found.entries if isinstance(e, PersonAct) and e.kind == "approval"]
    assert [(act.decision, act.auto) for act in denied] == [("rejected", True)]
