"""Deleted is gone from every read at once, and nothing else goes with it."""

import re
from importlib import resources

import msgspec
import pytest

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent
from quarterdeck.storage.events import (
    backup,
    deletes,
    fragments,
    scores,
    session_links,
    session_reads,
    session_writes,
    span_reads,
    span_writes,
    stories,
)
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import SessionFilter
from storage.events.made import T0, S, row, session, span_id, trace

PROJECTS = (ProjectId("default"), ProjectId("twin"))
EACH = {
    "spans": 3, "lifted": 3, "session_links": 6, "sessions": 3, "scores": 3, "stories": 6,
    "fragments": 6, "members": 3,
}  # fmt: skip


def fill(db: EventConnection) -> None:
    """Three sessions of a trace each, s1 and s3 of ann, s2 of bob; twice, with equal ids."""
    for project in PROJECTS:
        for n in (1, 2, 3):
            at = T0 + n * 60 * S
            span_writes.write_spans(
                db,
                [
                    made_from(
                        row(n, trace_id=trace(n), project=project, start_ns=at, text=f"word{n}"),
                        f"w:{n}",
                    )
                ],
            )
            part = f"part{n}".encode()
            fragments.write_fragments(
                db,
                # What is about the object is at home there and in itself.
                [
                    fragments.FragmentRow(project, home, f"w:about:{n}", part, at)
                    for home in (f"w:{n}", f"w:about:{n}")
                ],
            )
            fragments.write_members(db, [fragments.MemberRow(project, "w:all", f"w:{n}", at)])
            event = RawEvent(name="note", time_ns=at)
            span_writes.write_lifted(
                db, [span_writes.LiftedRow(project, trace(n), span_id(n), event)]
            )
            session_links.write_links(db, project, [(f"trace:{trace(n)}", f"key:{n}")], seen_ns=at)
            one = session(n, user="bob" if n == 2 else "ann")
            session_writes.write_sessions(db, [session_writes.SessionRow(project, one, 1)])
            score = Score(name="thumbs", scope="session", value=1.0, author="eve", at_ns=at)
            # Given before the trace joined its session.
            given_to = SessionId(f"trace:{trace(n)}" if n == 1 else f"s{n}")
            scores.write_scores(db, [scores.ScoreRow(project, given_to, score, 1)])
            told = {"head": (b"\xff",), "rows": (b"story",)}
            stories.write_story(db, project, f"s{n}", f"r{n}", told, first_ns=at, ver=1)


def made_from(told: span_writes.SpanRow, name: str) -> span_writes.SpanRow:
    marked = {**told.raw.attributes, fragments.OBJECT_ATTRIBUTE: name}
    return told._replace(raw=msgspec.structs.replace(told.raw, attributes=marked))


def counts(db: EventConnection, project: str) -> dict[str, int]:
    return {
        table: db.rows(
            f"SELECT count() FROM {table} FINAL WHERE project_id = {{p:String}}", {"p": project}
        )[0][0]
        for table in deletes.TABLES
    }


def left(db: EventConnection, project: str = "default") -> set[str]:
    """What every kind of read still shows, told by the session's number."""
    scope = ProjectScope(project_id=ProjectId(project))
    shown: set[str] = set()
    for n in (1, 2, 3):
        key = (trace(n), span_id(n))
        if span_reads.session_spans(db, scope, [trace(n)]):
            shown.add(f"span {n}")
        if span_reads.raw_spans(db, scope, [key]):
            shown.add(f"raw {n}")
        if span_reads.span_page(db, scope, [trace(n)], limit=5).spans:
            shown.add(f"page {n}")
        if span_reads.lifted_events(db, scope, [key]):
            shown.add(f"lifted {n}")
        if session_reads.get_sessions(db, scope, [f"s{n}"]):
            shown.add(f"session {n}")
        if session_reads.sessions_of_traces(db, scope, [trace(n)]):
            shown.add(f"of trace {n}")
        if fragments.fragments_of(db, scope, [f"w:{n}", f"w:about:{n}"]):
            shown.add(f"fragment {n}")
        if f"w:{n}" in fragments.members_of(db, scope, "w:all", most=9):
            shown.add(f"member {n}")
        if stories.read_story(db, scope, f"s{n}", f"r{n}"):
            shown.add(f"story {n}")
        if session_reads.session_page(db, scope, SessionFilter(q=f"word{n}")).sessions:
            shown.add(f"found {n}")
        if span_reads.search_spans(db, scope, f"word{n}"):
            shown.add(f"hit {n}")
        if scores.session_scores(db, scope, [f"s{n}", f"trace:{trace(n)}"]):
            shown.add(f"score {n}")
        if session_links.linked(db, scope.project_id, [f"key:{n}"]):
            shown.add(f"link {n}")
    return shown


def everything(*numbers: int) -> set[str]:
    reads = (
        "span", "raw", "page", "lifted", "session", "of trace", "found", "hit", "score", "link",
        "story", "fragment", "member",
    )  # fmt: skip
    return {f"{read} {n}" for read in reads for n in numbers}


def test_a_deleted_session_is_gone_from_every_read_and_its_twin_stays(
    db: EventConnection, scope: ProjectScope
) -> None:
    fill(db)
    assert counts(db, "default") == EACH
    assert left(db) == everything(1, 2, 3)
    assert deletes.delete_sessions(db, scope, ["s1"]) == [trace(1)]
    assert left(db) == everything(2, 3)
    assert deletes.delete_sessions(db, scope, ["s1", "never"]) == []
    assert counts(db, "twin") == EACH
    assert left(db, "twin") == everything(1, 2, 3)


def test_a_deleted_session_can_be_sent_again(db: EventConnection, scope: ProjectScope) -> None:
    fill(db)
    deletes.delete_sessions(db, scope, ["s1"])
    again = row(1, trace_id=trace(1), start_ns=T0)
    span_writes.write_spans(db, [again])
    assert span_reads.session_spans(db, scope, [trace(1)]) == [again.span]


def test_a_project_goes_whole(db: EventConnection, scope: ProjectScope) -> None:
    fill(db)
    deletes.delete_project(db, scope)
    assert counts(db, "default") == dict.fromkeys(EACH, 0)
    assert left(db) == set()
    assert counts(db, "twin") == EACH


def test_what_is_past_its_retention_goes_and_the_rest_stays(
    db: EventConnection, scope: ProjectScope
) -> None:
    fill(db)
    before_ns = T0 + 2 * 60 * S
    assert deletes.delete_older(db, scope, before_ns=before_ns) == 1
    assert left(db) == everything(2, 3)
    assert deletes.delete_older(db, scope, before_ns=before_ns) == 0
    assert left(db, "twin") == everything(1, 2, 3)


def test_retention_hides_before_it_deletes(db: EventConnection) -> None:
    fill(db)
    scope = ProjectScope(project_id=ProjectId("default"), floor_ns=T0 + 2 * 60 * S)
    assert [s.session_id for s in session_reads.session_page(db, scope).sessions] == ["s3", "s2"]
    with pytest.raises(NotFound):
        session_reads.get_session(db, scope, "s1")


def test_a_merge_takes_the_deleted_bytes_off_the_disk(
    db: EventConnection, scope: ProjectScope
) -> None:
    fill(db)
    deletes.delete_project(db, scope)
    for table in deletes.TABLES:
        db.execute(f"OPTIMIZE TABLE {table} FINAL")
    rows = db.rows(
        "SELECT table, sum(rows) FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table != 'schema_steps' GROUP BY table"
    )
    assert dict(rows) == EACH


def test_deleting_knows_every_table_of_the_migrations() -> None:
    folder = resources.files("quarterdeck.storage.events") / "migrations"
    created = {
        table
        for file in folder.iterdir()
        for table in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)\{local\}", file.read_text())
    }
    assert created == set(deletes.TABLES)


def test_a_backup_brings_everything_back(
    chdb_engine: ChdbEngine, chdb_database: EventConnection
) -> None:
    fill(chdb_database)
    name = f"b-{chdb_database.database}"
    backup.backup(chdb_database, name)
    with pytest.raises(Conflict, match=name):
        backup.backup(chdb_database, name)
    with pytest.raises(Conflict, match="has spans already"):
        backup.restore(chdb_database, name)
    deletes.delete_project(chdb_database, ProjectScope(project_id=ProjectId("default")))
    deletes.delete_project(chdb_database, ProjectScope(project_id=ProjectId("twin")))
    with pytest.raises(NotFound):
        backup.restore(chdb_database, "never-made")
    backup.restore(chdb_database, name)
    assert migrate(chdb_database) == []
    assert left(chdb_database) == everything(1, 2, 3)
    assert counts(chdb_database, "twin") == EACH
    assert (chdb_engine.backups / name).exists()


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x'y", ".hidden", "a" * 300])
def test_a_backups_name_is_a_plain_file_name(chdb_database: EventConnection, name: str) -> None:
    with pytest.raises(Invalid):
        backup.backup(chdb_database, name)
    with pytest.raises(Invalid):
        backup.restore(chdb_database, name)
