"""The list of sessions: filters, orders, pages, facets, and the figures behind every rate."""

import json
from decimal import Decimal

import msgspec
import pytest

from quarterdeck.api.filters import parse
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.findings import Finding
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import Session
from quarterdeck.storage.events import (
    figures_reads,
    scores,
    session_links,
    session_reads,
    session_writes,
    span_writes,
    upkeep,
)
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import SessionFilter
from quarterdeck.storage.events.session_writes import SessionRow
from storage.events.made import T0, S, row, session, trace

PROJECT = ProjectId("default")
MINUTE = 60 * S

PLAIN = session(1)
FAILED = session(
    2, outcome="failure", status="open", task_type="research", user="bob", agent="planner",
    models=(("claude-4", "2.00"), ("gpt-4o", "1.00")), tool="web_search", tags=("vip", "night"),
    usd="3.00", acts=0, errors=3, environment="staging", version="4",
)  # fmt: skip
UNPRICED = session(
    3, outcome="unknown", user="", models=(("local-7b", None),), tags=(), usd=None, acts=2,
    errors=0, experiment=True,
)  # fmt: skip
ALL = [PLAIN, FAILED, UNPRICED]


def store(db: EventConnection, *sessions: Session, project: str = PROJECT, ver: int = 1) -> None:
    session_writes.write_sessions(
        db, [SessionRow(ProjectId(project), one, ver) for one in sessions]
    )


def listed(db: EventConnection, scope: ProjectScope, where: SessionFilter) -> list[str]:
    """Ids in the order of the start; the count, the export and the list must agree."""
    page = session_reads.session_page(db, scope, where, descending=False)
    assert session_reads.count_sessions(db, scope, where) == len(page.sessions)
    exported = {one.session_id for one in session_reads.stream_sessions(db, scope, where)}
    assert exported == {one.session_id for one in page.sessions}
    return [one.session_id for one in page.sessions]


def test_a_session_is_read_back_whole_and_its_latest_version_counts(
    db: EventConnection, scope: ProjectScope
) -> None:
    store(db, *ALL)
    newer = msgspec.structs.replace(PLAIN, task="and apologize", span_count=77)
    store(db, newer, ver=3)
    store(db, PLAIN, ver=2)
    assert session_reads.get_session(db, scope, "s1") == newer
    assert session_reads.get_sessions(db, scope, ["s3", "none", "s2"]) == [UNPRICED, FAILED]
    with pytest.raises(NotFound, match="s9"):
        session_reads.get_session(db, scope, "s9")


def test_a_merged_session_is_found_by_its_old_id(db: EventConnection, scope: ProjectScope) -> None:
    derived = session(1, session_id=f"trace:{trace(5)}", trace_ids=(trace(5),))
    real = session(1, session_id="real", trace_ids=(trace(4), trace(5)))
    store(db, derived)
    store(db, real)
    gone = Session(session_id=derived.session_id)
    session_writes.write_sessions(db, [SessionRow(PROJECT, gone, 2, is_deleted=True)])
    assert session_reads.get_session(db, scope, derived.session_id) == real
    assert session_reads.sessions_of_traces(db, scope, [trace(4), trace(6)]) == {trace(4): "real"}
    assert listed(db, scope, SessionFilter()) == ["real"]


FILTERS = {
    "since": (SessionFilter(since_ns=T0 + 2 * MINUTE), ["s2", "s3"]),
    "until": (SessionFilter(until_ns=T0 + 2 * MINUTE), ["s1"]),
    "status": (SessionFilter(status=("open",)), ["s2"]),
    "outcome": (SessionFilter(outcome=("failure", "unknown")), ["s2", "s3"]),
    "task_type": (SessionFilter(task_type=("refund",)), ["s1", "s3"]),
    "workflow": (SessionFilter(workflow=("nothing",)), []),
    "version": (SessionFilter(version=("4",)), ["s2"]),
    "environment": (SessionFilter(environment=("production",)), ["s1", "s3"]),
    "agent": (SessionFilter(agent=("planner",)), ["s2"]),
    "model": (SessionFilter(model=("gpt-4o",)), ["s1", "s2"]),
    "tool": (SessionFilter(tool=("web_search",)), ["s2"]),
    "user": (SessionFilter(user=("bob", "nobody")), ["s2"]),
    "tag": (SessionFilter(tag=("vip", "night")), ["s2"]),
    "intervened": (SessionFilter(has_intervention=True), ["s1", "s3"]),
    "alone": (SessionFilter(has_intervention=False), ["s2"]),
    "errors": (SessionFilter(has_errors=True), ["s1", "s2"]),
    "clean": (SessionFilter(has_errors=False), ["s3"]),
    "experiment": (SessionFilter(experiment=False), ["s1", "s2"]),
    "min_cost": (SessionFilter(min_cost=Decimal("0.50")), ["s1", "s2"]),
    "max_cost": (SessionFilter(max_cost=Decimal("0.50")), ["s1"]),
    "several": (SessionFilter(model=("gpt-4o",), user=("bob",), has_errors=True), ["s2"]),
    "hostile": (SessionFilter(user=("' OR 1=1 --", "\\", "{x:String}", "\n")), []),
}


def test_every_filter_lets_through_what_it_names(db: EventConnection, scope: ProjectScope) -> None:
    store(db, *ALL)
    store(db, *ALL, project="other")
    found = {name: listed(db, scope, where) for name, (where, _) in FILTERS.items()}
    assert found == {name: expected for name, (_, expected) in FILTERS.items()}


TRIALS = [
    msgspec.structs.replace(
        session(n), case=f"refund/{n % 2}", trial=n // 2, expected_calls=4, matched_calls=n % 5,
        findings=(Finding(code="reward_missing", message="no reward"),) if n == 3 else (),
    )
    for n in range(1, 5)
]  # fmt: skip


def test_trials_are_found_by_case_trial_and_data_finding(
    db: EventConnection, scope: ProjectScope
) -> None:
    store(db, *TRIALS, session(9))
    asked = {
        "case:refund/1": ["s1", "s3"],
        "case:refund/0,refund/1 trial:1": ["s2", "s3"],
        "trial:0,2": ["s1", "s4"],
        "-case:refund/0,refund/1": ["s9"],
        "-trial:0": ["s2", "s3", "s4", "s9"],
        "finding:reward_missing": ["s3"],
        "-finding:reward_missing trial:1": ["s2"],
    }
    found = {q: listed(db, scope, SessionFilter(conditions=parse(q))) for q in asked}
    assert found == asked
    facets = counted(db, scope)
    assert facets["case"] == {"refund/0": 2, "refund/1": 2}
    assert facets["finding"] == {"reward_missing": 1}
    assert session_reads.get_sessions(db, scope, ["s3"]) == [TRIALS[2]]


ORDERS = {
    "started": ["s1", "s2", "s3"],
    "last_seen": ["s1", "s2", "s3"],
    "cost": ["s3", "s1", "s2"],
    "duration": ["s1", "s2", "s3"],
    "errors": ["s3", "s1", "s2"],
    "interventions": ["s2", "s1", "s3"],
    "spans": ["s1", "s2", "s3"],
    "tokens": ["s1", "s3", "s2"],
}


def test_every_order_is_the_one_it_is_called(db: EventConnection, scope: ProjectScope) -> None:
    store(db, *ALL)
    assert set(ORDERS) == set(session_reads.SESSION_SORTS)
    for sort in session_reads.SESSION_SORTS:
        up = session_reads.session_page(db, scope, sort=sort, descending=False)
        assert [one.session_id for one in up.sessions] == ORDERS[sort], sort
    store(db, session(9, usd="999999999"))
    down = session_reads.session_page(db, scope, sort="cost", descending=True)
    assert [one.session_id for one in down.sessions] == ["s9", "s2", "s1", "s3"]
    with pytest.raises(Invalid, match="beauty"):
        session_reads.session_page(db, scope, sort="beauty")  # type: ignore[arg-type]


@pytest.mark.parametrize("sort", ["started", "errors"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_follow_each_other_without_gap_or_repeat(
    db: EventConnection, scope: ProjectScope, sort: session_reads.SessionSort, descending: bool
) -> None:
    # Every third has the same number of errors, so pages break between equals.
    many = [session(n, errors=n % 3) for n in range(1, 24)]
    store(db, *many)
    seen: list[str] = []
    cursor = ""
    while True:
        page = session_reads.session_page(
            db, scope, sort=sort, descending=descending, limit=5, cursor=cursor
        )
        seen += [one.session_id for one in page.sessions]
        if not (cursor := page.cursor):
            break
    whole = session_reads.session_page(db, scope, sort=sort, descending=descending, limit=99)
    assert seen == [one.session_id for one in whole.sessions]
    assert sorted(seen) == sorted(one.session_id for one in many)


def test_a_cursor_of_another_order_or_none_at_all_is_refused(
    db: EventConnection, scope: ProjectScope
) -> None:
    store(db, *ALL)
    cursor = session_reads.session_page(db, scope, limit=1).cursor
    with pytest.raises(Invalid):
        session_reads.session_page(db, scope, sort="cost", cursor=cursor)
    for junk in ("x", "####", "c3RhcnRlZHwxfHg", "é", "A" * 5000):
        with pytest.raises(Invalid):
            session_reads.session_page(db, scope, cursor=junk)


def counted(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008
) -> dict[str, dict[str, int]]:
    """Sessions by field and value."""
    facets = session_reads.session_facets(db, scope, where)
    return {f: {v: one.sessions for v, one in of.items()} for f, of in facets.items()}


def test_facets_count_the_sessions_of_each_value(db: EventConnection, scope: ProjectScope) -> None:
    store(db, *ALL)
    assert counted(db, scope) == {
        "agent": {"coder": 2, "planner": 1},
        "environment": {"production": 2, "staging": 1},
        "failed_tool": {"bash": 2, "web_search": 1},
        "human": {"approval": 2},
        "model": {"gpt-4o": 2, "claude-4": 1, "local-7b": 1},
        "outcome": {"failure": 1, "success": 1, "unknown": 1},
        "status": {"closed": 2, "open": 1},
        "tag": {"vip": 2, "night": 1},
        "task_type": {"refund": 2, "research": 1},
        "tool": {"bash": 2, "web_search": 1},
        "user": {"ann": 1, "bob": 1},
        "version": {"3": 2, "4": 1},
        "workflow": {"shop": 3},
    }
    narrowed = counted(db, scope, SessionFilter(user=("bob",)))
    assert narrowed["model"] == {"claude-4": 1, "gpt-4o": 1}
    # UNPRICED is a session of nobody knows what outcome, FAILED failed.
    facets = session_reads.session_facets(db, scope)
    assert facets["environment"] == {"production": (2, 1, 0), "staging": (1, 1, 1)}


def test_idle_sessions_of_all_projects_are_found_for_closing(db: EventConnection) -> None:
    store(db, PLAIN, FAILED)
    store(db, FAILED, project="other")
    found = session_reads.idle_sessions(db, before_ns=FAILED.last_seen_ns + 1)
    assert [(one.project_id, one.session_id) for one in found] == [
        ("default", "s2"),
        ("other", "s2"),
    ]
    assert session_reads.idle_sessions(db, before_ns=FAILED.last_seen_ns) == []


SEARCHES = {
    "needle": ["s1"],
    "NEEDLE": ["s1"],
    "needle missing": [],
    "needle hay": ["s1"],
    "two": ["s1"],  # after an escaped line break
    "tabbed": ["s1"],
    "quoted": ["s1"],
    "windows": ["s1"],  # in C:\new\windows
    "new": ["s1"],
    "snake": ["s2"],
    "snake_case": ["s2"],
    "迁移": ["s2"],
    "移数": ["s2"],
    "Straße": ["s2"],
    "STRASSE": [],
    "überall straße": ["s2"],
    "100%": ["s1"],
    "%": ["s1", "s2", "s3"],  # no word at all: nothing to look for
    "s3": ["s3"],  # a session's id
    "gen_ai": [],  # keys are not content
    "' OR 1=1": [],
}


def test_search_finds_words_in_any_script_and_behind_any_escape(
    db: EventConnection, scope: ProjectScope
) -> None:
    texts = {
        1: 'a needle, hay\ntwo\ttabbed "quoted" C:\\new\\windows 100 %',
        2: "snake_case 把数据库迁移数据 Überall Straße",
        3: "nothing",
    }
    store(db, *ALL)
    store(db, session(1, session_id="theirs"), project="other")
    for number, text in texts.items():
        span_writes.write_spans(db, [row(number, trace_id=trace(number), text=text)])
    span_writes.write_spans(db, [row(9, trace_id=trace(1), project="other", text="needle")])

    for merged in (False, True):
        if merged:
            db.execute("OPTIMIZE TABLE spans FINAL")
        found = {q: listed(db, scope, SessionFilter(q=q)) for q in SEARCHES}
        assert found == SEARCHES, f"merged: {merged}"


MESSAGES = [
    "first line\nsecond\tthird Größe 数据库",
    {"arguments": '{"code": "a\\nnested C:\\\\temp"}'},
]
SEARCHES_IN_JSON = {
    "line second": ["s1"],
    "third": ["s1"],
    "nested": ["s1"],
    "temp": ["s1"],
    "econd": [],
    "größe": ["s1"],
    "GRÖSSE": [],
    "GRÖßE 数据": ["s1"],
    "据数": [],
}


def test_search_finds_words_of_messages_that_are_json_themselves(
    db: EventConnection, scope: ProjectScope
) -> None:
    """Most conventions send messages as JSON in an attribute, Python's with all but ASCII
    escaped."""
    store(db, session(1), session(2))
    span_writes.write_spans(db, [row(1, trace_id=trace(1), text=json.dumps(MESSAGES))])
    for merged in (False, True):
        if merged:
            db.execute("OPTIMIZE TABLE spans FINAL")
        found = {q: listed(db, scope, SessionFilter(q=q)) for q in SEARCHES_IN_JSON}
        assert found == SEARCHES_IN_JSON, f"merged: {merged}"


def test_search_agrees_before_and_after_the_index_is_built(
    db: EventConnection, scope: ProjectScope
) -> None:
    """New parts have no text index until they are merged, and are searched all the same."""
    store(db, *[session(n) for n in range(1, 11)])
    for n in range(1, 11):
        span_writes.write_spans(db, [row(n, trace_id=trace(n), text=f"word{n % 3} common")])
    before = listed(db, scope, SessionFilter(q="word1 common"))
    db.execute("OPTIMIZE TABLE spans FINAL")
    assert listed(db, scope, SessionFilter(q="word1 common")) == before == ["s1", "s4", "s7", "s10"]


def test_a_burst_is_found_before_and_after_its_parts_are_indexed(
    db: EventConnection, scope: ProjectScope
) -> None:
    rows = [row(n, trace_id=trace(1), text=f"word{n}") for n in range(1, 1_202)]
    store(db, PLAIN)
    span_writes.write_spans(db, rows[:1])
    assert upkeep.unindexed_spans(db) == 0
    span_writes.write_spans(db, rows[1:])
    assert upkeep.unindexed_spans(db) == 1_200
    assert listed(db, scope, SessionFilter(q="word1111")) == ["s1"]
    assert upkeep.index_new_parts(db) == 1_200
    assert upkeep.unindexed_spans(db) == 0
    assert upkeep.index_new_parts(db) == 0
    assert listed(db, scope, SessionFilter(q="word1111")) == ["s1"]
    assert listed(db, scope, SessionFilter(q="word1")) == ["s1"]
    assert listed(db, scope, SessionFilter(q="word9999")) == []


def test_links_lead_both_ways_and_stay_in_their_project(db: EventConnection) -> None:
    session_links.write_links(db, PROJECT, [("trace:a", "key:1"), ("trace:b", "key:1")])
    session_links.write_links(db, PROJECT, [("trace:b", "trace:c"), ("trace:a", "key:1")])
    session_links.write_links(db, ProjectId("other"), [("trace:c", "trace:z")])
    assert sorted(session_links.linked(db, PROJECT, ["key:1"])) == [
        ("key:1", "trace:a"),
        ("key:1", "trace:b"),
    ]
    assert session_links.linked(db, PROJECT, ["trace:c", "trace:q"]) == [("trace:c", "trace:b")]
    assert session_links.has_nodes(db, PROJECT, "key:")
    assert not session_links.has_nodes(db, PROJECT, "trace:z")


def test_the_last_of_one_judgement_wins_and_two_people_are_two(
    db: EventConnection, scope: ProjectScope
) -> None:
    first = Score(name="outcome", scope="session", label="failure", author="ann", at_ns=T0)
    second = Score(name="outcome", scope="session", label="success", author="ann", at_ns=T0 + 9)
    other = Score(name="outcome", scope="session", value=0.5, author="bob", at_ns=T0 + 5)
    taken_back = Score(name="thumbs", scope="session", author="ann", at_ns=T0)
    one = SessionId("s1")
    scores.write_scores(db, [scores.ScoreRow(PROJECT, one, second, 2)])
    scores.write_scores(db, [scores.ScoreRow(PROJECT, one, s, 1) for s in (first, other)])
    scores.write_scores(db, [scores.ScoreRow(PROJECT, one, taken_back, 1)])
    scores.write_scores(db, [scores.ScoreRow(PROJECT, one, taken_back, 2, is_deleted=True)])
    assert scores.session_scores(db, scope, ["s1", "s2"]) == {"s1": [other, second]}
    assert scores.has_scores(db, scope)
    assert not scores.has_scores(db, ProjectScope(project_id=ProjectId("other")))


def test_figures_add_up_whole_sessions(db: EventConnection, scope: ProjectScope) -> None:
    store(db, *ALL)
    [total] = figures_reads.figures(db, scope)
    assert (total.sessions, total.successes, total.failures, total.known_outcomes) == (3, 1, 1, 2)
    assert (total.intervened, total.interventions) == (2, 3)
    assert (total.episodes, total.recovered) == (4, 2)
    assert (total.cost_usd, total.costed) == (Decimal("3.50"), 2)
    assert total.cost_spread == pytest.approx([2, 9.25, 2, 3.5])
    assert total.success_cost_spread == pytest.approx([2, 9.25, 1, 0.5])
    assert total.acts_spread == [3, 5, 3, 3]  # 1 and 2
    assert (total.model_calls, total.unpriced_calls) == (8, 2)
    assert (total.input_tokens, total.output_tokens) == (400, 80)
    assert (total.tool_calls, total.tool_errors, total.tool_denied) == (12, 3, 3)
    assert total.duration_s == pytest.approx(11 + 12 + 13)
    assert (total.judged, total.quality) == (0, 0.0)


def test_a_model_stands_for_its_own_cost_and_not_for_its_sessions(
    db: EventConnection, scope: ProjectScope
) -> None:
    store(db, *ALL)
    by_model = {f.value_1: f for f in figures_reads.figures(db, scope, by=("model",))}
    assert {name: f.sessions for name, f in by_model.items()} == {
        "gpt-4o": 2, "claude-4": 1, "local-7b": 1,
    }  # fmt: skip
    assert {name: f.cost_usd for name, f in by_model.items()} == {
        "gpt-4o": Decimal("1.50"), "claude-4": Decimal("2.00"), "local-7b": None,
    }  # fmt: skip
    assert by_model["local-7b"].unpriced_calls == 2
    assert by_model["gpt-4o"].tool_calls is None

    by_tool = {f.value_1: f for f in figures_reads.figures(db, scope, by=("tool",))}
    assert {name: f.tool_errors for name, f in by_tool.items()} == {"bash": 2, "web_search": 1}
    assert by_tool["bash"].cost_usd is None

    by_agent = {f.value_1: f.cost_usd for f in figures_reads.figures(db, scope, by=("agent",))}
    assert by_agent == {"coder": Decimal("0.50"), "planner": Decimal("3.00")}

    both = figures_reads.figures(db, scope, by=("agent", "model"))
    assert {(f.value_1, f.value_2): f.sessions for f in both} == {
        ("coder", "gpt-4o"): 1, ("coder", "local-7b"): 1, ("planner", "claude-4"): 1,
        ("planner", "gpt-4o"): 1,
    }  # fmt: skip
    assert {f.cost_usd for f in both} == {None}


def test_figures_fall_into_time_buckets_and_filters_apply(
    db: EventConnection, scope: ProjectScope
) -> None:
    store(db, *ALL, msgspec.structs.replace(PLAIN, session_id="nobody", agents=()))
    hour = 3600 * S
    found = figures_reads.figures(
        db, scope, SessionFilter(experiment=False), by=("agent", "outcome"), bucket_ns=hour
    )
    assert [(f.bucket_ns, f.value_1, f.value_2, f.sessions) for f in found] == [
        (T0 // hour * hour, "", "success", 1),
        (T0 // hour * hour, "coder", "success", 1),
        (T0 // hour * hour, "planner", "failure", 1),
    ]
    for by in (("agent", "model", "tool"), ("agent", "agent"), ("shoe_size",)):
        with pytest.raises(Invalid):
            figures_reads.figures(db, scope, by=by)  # type: ignore[arg-type]
