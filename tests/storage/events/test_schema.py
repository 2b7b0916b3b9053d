"""The schema: migrated step by step, the same on a cluster, durable, and what the SQL expects."""

import re
import types
import typing
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest

from quarterdeck.errors import Misconfigured, TryAgain
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import NO_SKETCH
from quarterdeck.storage.events import (
    figures_reads,
    fragments,
    outcome_reads,
    overview_reads,
    received_reads,
    scores,
    session_reads,
    settings_reads,
    span_reads,
    stories,
)
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection, Params, ReadLimits, question
from quarterdeck.storage.events.deletes import TABLES
from quarterdeck.storage.events.migrate import migrate, render, steps_for
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import SessionFilter, filtered_question
from quarterdeck.storage.events.span_reads import search_params
from storage.events.conftest import Connect

SQL = resources.files("quarterdeck.storage.events") / "sql"
FILES = sorted(file.name for file in SQL.iterdir() if file.name.endswith(".sql"))
FRAGMENTS = {"session_filter.sql", "session_search.sql"}
"""Parts of other files, not questions."""
OF_ALL_PROJECTS = {
    "idle_sessions.sql": "the closing job works for every project",
    "unindexed_spans.sql": "parts hold spans of all projects, and nothing of them is shown",
}

ROWS: dict[str, Any] = {
    "canary_sessions": outcome_reads.CanarySessionsRow,
    "versions_seen": outcome_reads.VersionsSeenRow,
    "changed_sessions": stories.ChangedSessionsRow,
    "session_revision": stories.SessionRevisionRow,
    "story": stories.StoryRow,
    "case_trials": figures_reads.CaseTrialsRow,
    "figures": figures_reads.FiguresRow,
    "idle_sessions": session_reads.IdleSessionsRow,
    "open_sessions": overview_reads.OpenSessionsRow,
    "retention_preview": settings_reads.RetentionPreviewRow,
    "signs": overview_reads.SignsRow,
    "unpriced_models": settings_reads.UnpricedModelsRow,
    "usual_durations": overview_reads.UsualDurationsRow,
    "fragments": fragments.FragmentsRow,
    "traces_of_span": fragments.TracesOfSpanRow,
    "find_lifted": span_reads.FindSpansRow,
    "find_spans": span_reads.FindSpansRow,
    "lifted_events": span_reads.LiftedEventsRow,
    "newest_spans": span_reads.FindSpansRow,
    "raw_spans": span_reads.RawSpansRow,
    "received": received_reads.ReceivedRow,
    "scores": scores.ScoresRow,
    "search_spans": span_reads.SearchSpansRow,
    "session_export": session_reads.SessionRecordsRow,
    "session_facets": session_reads.SessionFacetsRow,
    "session_page": session_reads.SessionPageRow,
    "session_records": session_reads.SessionRecordsRow,
    "session_paths": session_reads.SessionPathsRow,
    "session_range": session_reads.SessionRangeRow,
    "session_starts": session_reads.SessionStartsRow,
    "session_sketches": session_reads.SessionSketchesRow,
    "session_spans": span_reads.SessionSpansRow,
    "sessions_of_traces": session_reads.SessionsOfTracesRow,
    "span_keys": span_reads.SpanKeysRow,
    "span_facts": span_reads.SessionSpansRow,
    "spans_between": span_reads.SessionSpansRow,
}
ONE_COLUMN = {
    "count_older_sessions", "has_cases", "has_lifted", "has_nodes", "has_scores", "homes_like",
    "linked", "members", "objects_of_traces", "session_count", "stories_of", "traces_of_sessions",
    "unindexed_spans",
}  # fmt: skip
"""Answers that are read as what they are and need no class."""


class StoppedError(Exception):
    pass


class StopsAfter:
    """A connection that dies before or after its n-th statement, as a killed process would."""

    def __init__(self, db: EventConnection, statements: int, *, ran: bool) -> None:
        self._db = db
        self._left = statements
        self._ran = ran
        self.database, self.cluster = db.database, db.cluster

    def execute(self, sql: str, params: Params = types.MappingProxyType({})) -> None:
        self._left -= 1
        if self._left <= 0:
            if self._ran:
                self._db.execute(sql, params)
            raise StoppedError
        self._db.execute(sql, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def test_a_second_migration_has_nothing_to_do(empty: EventConnection) -> None:
    steps = [f"{step.migration:04d}" for step in steps_for("")]
    assert [name[:4] for name in migrate(empty)] == steps
    assert sorted(set(steps)) == [f"{n:04d}" for n in range(1, 10)]
    assert migrate(empty) == []


def test_a_migration_killed_at_any_statement_goes_on_there(
    empty: EventConnection, connect: Connect
) -> None:
    statements = 1 + 2 * len(steps_for(""))
    for ran in (False, True):
        for n in range(1, statements + 1):
            with pytest.raises(StoppedError):
                migrate(StopsAfter(empty, n, ran=ran))
            migrate(empty)
            assert migrate(empty) == []
            count = empty.rows("SELECT count() FROM spans")
            assert count == [(0,)]
            for table in TABLES:
                empty.execute(f"DROP TABLE {table} SYNC")
            empty.execute("DROP TABLE schema_steps SYNC")


def test_rows_of_the_version_before_are_read_and_filtered_after_the_migration(
    empty: EventConnection, scope: ProjectScope
) -> None:
    """Written with the columns that version knew; what it could not know is empty."""
    for step in steps_for(""):
        if step.migration <= 5:
            empty.execute(step.sql)
    empty.execute(
        "INSERT INTO sessions (project_id, session_id, started_ns, last_seen_ns, outcome, record,"
        " ver) VALUES ('default', 'old', 5, 6, 'success', '{\"session_id\": \"old\"}', 1)"
    )
    assert migrate(empty)[5:] == [
        "0006 sessions, trials and findings",
        "0007 sessions, sketches",
        "0008 stories",
        "0009 fragments",
        "0009 members, what a client will list: an experiment's runs",
    ]
    assert session_reads.get_sketched(empty, scope, ["old"]) == [
        (Session(session_id="old"), NO_SKETCH)
    ]
    [path] = session_reads.session_paths(empty, scope, SessionFilter(), limit=9)
    assert (path.session_id, path.outcome, path.path) == ("old", "success", "")
    assert session_reads.get_session(empty, scope, "old") == Session(session_id="old")
    no_case = WordCondition(field="case", values=("refund",), negated=True)
    no_finding = WordCondition(field="finding", values=("nested_run",), negated=True)
    no_trial = WordCondition(field="trial", values=("0",), negated=True)
    where = SessionFilter(conditions=(no_case, no_finding, no_trial))
    assert session_reads.count_sessions(empty, scope, where) == 1
    [row] = figures_reads.figures(empty, scope)
    assert (row.sessions, row.successes) == (1, 1)


def test_a_store_of_a_newer_version_is_refused(empty: EventConnection) -> None:
    migrate(empty)
    empty.execute(
        "INSERT INTO schema_steps (migration, step, name, sha256) VALUES (9999, 1, 'new', '')"
    )
    with pytest.raises(Misconfigured, match="9999"):
        migrate(empty)


def test_on_a_cluster_every_table_is_replicated_and_spread() -> None:
    steps = steps_for("main")
    assert len(steps) == 2 * len(steps_for(""))
    for local, spread in zip(steps[::2], steps[1::2], strict=True):
        if changed := re.match(r"ALTER TABLE (\w+)_local ON CLUSTER 'main'\n", local.sql):
            # A column that only one of the two tables has can't be read.
            assert spread.sql == local.sql.replace(f"{changed[1]}_local", changed[1], 1)
            continue
        table = re.search(r"EXISTS (\w+)_local ON CLUSTER 'main' \(", local.sql)
        assert table is not None
        assert "ENGINE = ReplicatedReplacingMergeTree" in local.sql
        assert f"EXISTS {table[1]} ON CLUSTER 'main' AS {table[1]}_local" in spread.sql
        assert (
            f"Distributed('main', currentDatabase(), {table[1]}_local, cityHash64(project_id,"
            in spread.sql
        )
    for step in steps + steps_for(""):
        assert not re.search(r"\{(on_cluster|replicated|local|cluster)\}", step.sql)
    assert all("CLUSTER" not in step.sql for step in steps_for(""))


def test_the_ddl_for_a_cluster_is_the_agreed_one() -> None:
    [links] = [step.sql for step in steps_for("main") if step.name == "session_links"]
    assert links.splitlines()[0] == (
        "CREATE TABLE IF NOT EXISTS session_links_local ON CLUSTER 'main' ("
    )
    assert "ENGINE = ReplicatedReplacingMergeTree(seen_ns)\nORDER BY (project_id, node, peer)" in (
        links
    )
    assert render(question("delete_spans"), cluster="main").splitlines()[0] == (
        "DELETE FROM spans_local ON CLUSTER 'main'"
    )
    assert render(question("delete_spans"), cluster="").splitlines()[0] == "DELETE FROM spans"
    with pytest.raises(Misconfigured):
        render("x", cluster="a'; DROP TABLE spans --")


DURABLE = {
    "fsync_after_insert": "1",
    "fsync_part_directory": "1",
    "min_rows_to_fsync_after_merge": "1",
    "min_compressed_bytes_to_fsync_after_merge": "1",
    "old_parts_lifetime": "480",
}


def test_what_survives_a_power_cut_is_set_in_every_table(db: EventConnection) -> None:
    """In the tables and not only in our engine's file, since a server does not read that."""
    tables = db.rows(
        "SELECT name, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND name != 'schema_steps'"
    )
    assert len(tables) == 8
    for _, ddl in tables:
        found = dict(re.findall(r"(\w+) = (\d+)", ddl))
        assert {name: found.get(name) for name in DURABLE} == DURABLE
        assert found["non_replicated_deduplication_window"] == "1000"


def test_the_embedded_engine_reads_our_settings_back(chdb_database: EventConnection) -> None:
    rows = chdb_database.rows("SELECT name, value FROM system.merge_tree_settings")
    found = {name: value for name, value in rows if name in DURABLE}
    assert found == DURABLE
    server = dict(chdb_database.rows("SELECT name, value FROM system.server_settings"))
    assert int(server["mark_cache_size"]) <= 64 << 20
    assert int(server["max_server_memory_usage"]) <= 2 << 30
    logs = chdb_database.rows(
        "SELECT count() FROM system.tables WHERE database = 'system' AND engine LIKE '%MergeTree'"
    )
    assert logs == [(0,)]


ANY: dict[str, Any] = {
    "session_id": "s", "revision": "r", "after_ver": 0,
    "project_id": "p", "floor_ns": 0, "since_ns": 0, "until_ns": 1, "received_after_ns": 0,
    "named": "", "attribute": "a", "offset": 0,
    "before_ns": 0, "waiting_before_ns": 0, "limit": 1, "most": 1, "split_ns": 0, "sort": "started",
    "descending": 1, "after_position": 0, "after_id": "", "bucket_ns": 60,
    "q": "", "trace_ids": ["t"], "span_ids": ["s"], "spellings": ["s"],
    "session_ids": ["s"], "nodes": ["n"], "homes": ["h"],
    "user": ["u"], "status": [], "outcome": [],
    "task_type": [], "workflow": [], "version": [], "environment": [], "agent": [], "model": [],
    "tool": [], "tag": [], "has_intervention": -1, "has_errors": -1, "experiment": -1,
    "min_cost": None, "max_cost": None,
}  # fmt: skip


def python_type(kind: str) -> Any:
    """What a reader gets for a ClickHouse type."""
    if kind.startswith("LowCardinality("):
        return python_type(kind.removeprefix("LowCardinality(")[:-1])
    if kind.startswith("Nullable("):
        return python_type(kind.removeprefix("Nullable(")[:-1]) | None
    if kind.startswith("Array("):
        return list[python_type(kind.removeprefix("Array(")[:-1])]  # type: ignore[misc]
    if kind == "String":
        return str
    if kind.startswith("Decimal("):
        return Decimal
    return float if kind.startswith("Float") else int


def field_type(annotation: Any) -> Any:
    """NewTypes and undecoded bytes are text to the store."""
    annotation = getattr(annotation, "__supertype__", annotation)
    return str if annotation is bytes else annotation


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_class_has_the_columns_of_its_question(db: EventConnection, name: str) -> None:
    for q in ("", "word", "迁移 数据 word"):
        sql = filtered_question(name, SessionFilter(q=q))
        params = ANY | search_params(q)
        if name == "figures":
            sql = figures_reads.figures_question(SessionFilter(q=q), ("task_type", "model"))
        elif name == "case_trials":
            sql = figures_reads.case_trials_question(SessionFilter(q=q), ("tag", "case"))
        described = db.rows(f"DESCRIBE ({sql})", params)
        hints = typing.get_type_hints(ROWS[name])
        assert {row[0]: python_type(row[1]) for row in described} == {
            field: field_type(kind) for field, kind in hints.items()
        }
        assert [row[0] for row in described] == list(ROWS[name]._fields)


def test_every_file_is_a_question_with_a_row_class_or_a_delete() -> None:
    deletes = {file.removesuffix(".sql") for file in FILES if file.startswith("delete_")}
    questions = {file.removesuffix(".sql") for file in FILES if file not in FRAGMENTS}
    assert questions == set(ROWS) | ONE_COLUMN | deletes


@pytest.mark.parametrize("file", [file for file in FILES if file not in FRAGMENTS])
def test_the_project_comes_first_in_every_question(file: str) -> None:
    """Isolation in one place: each FROM of a table is followed by the project's own condition."""
    if file in OF_ALL_PROJECTS:
        return
    for searching in (False, True):
        sql = question(file.removesuffix(".sql"), searching=searching)
        sql = re.sub(r"--[^\n]*", "", sql)
        tables = re.findall(
            r"FROM\s+(?:spans|lifted|session_links|sessions|scores|stories|fragments|members|\{table\})[^\n]*\n\s*(.*)",
            sql,
        )
        assert tables, file
        for condition in tables:
            assert condition.startswith("WHERE project_id = {project_id:String}"), (file, condition)


@pytest.mark.parametrize("file", FILES)
def test_values_are_bound_and_never_formatted_in(file: str) -> None:
    text = (SQL / file).read_text()
    allowed = {"{local}", "{on_cluster}", "{table}", "{holds_words}"}
    if file in ("figures.sql", "case_trials.sql"):
        allowed |= {"{value_1}", "{value_2}"}
    if file == "figures.sql":
        allowed |= {"{wasted}", "{cost}", "{sessions}", "{end}", "{which}"}
        allowed |= {f"{{{name}}}" for name in figures_reads._SUMS}
    assert set(re.findall(r"\{\w+\}", text)) <= allowed
    assert "%(" not in text


def test_a_bound_value_is_only_ever_a_value(db: EventConnection) -> None:
    hostile = [
        "'", "''", "\\", "\\'", "\\N", "\n", "\t", "\0", "{x:String}", "); DROP TABLE spans; --",
        "' OR 1=1 --", "%s %(a)s", "ünï 迁移 \U0001f600", "\x1a\b\r\f", "", "a,b]", "['x']",
    ]  # fmt: skip
    assert db.rows("SELECT {v:Array(String)}", {"v": hostile}) == [(hostile,)]
    for text in hostile:
        assert db.rows("SELECT {v:String}, length({v:String})", {"v": text}) == [
            (text, len(text.encode()))
        ]
    assert db.rows("SELECT {v:Array(UInt8)}", {"v": [1, 2]}) == [([1, 2],)]
    assert db.rows("SELECT {v:Nullable(Int64)}", {"v": None}) == [(None,)]
    assert db.rows("SELECT {v:Decimal(18, 9)}", {"v": Decimal("1.5")}) == [(Decimal("1.5"),)]


def test_one_process_holds_one_folder(chdb_engine: ChdbEngine, tmp_path: Any) -> None:
    with pytest.raises(Misconfigured, match="already holds"):
        ChdbEngine.open(tmp_path)
    again = ChdbEngine.open(chdb_engine.folder)
    assert again is chdb_engine
    again.close()


def test_scopes_bind_their_project() -> None:
    scope = ProjectScope(project_id=ProjectId("p"), floor_ns=7)
    assert scope.params() == {"project_id": "p", "floor_ns": 7}


def test_a_question_beyond_its_time_is_refused_and_the_next_one_answered(
    chdb_engine: ChdbEngine,
) -> None:
    limited = chdb_engine.connect("limited", limits=ReadLimits(time_s=0.3))
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sleepEachRow(0.01))"
    with pytest.raises(TryAgain, match=r"took too long|would take too long"):
        limited.rows(endless)
    assert limited.rows("SELECT 1") == [(1,)]
    limited.close()
