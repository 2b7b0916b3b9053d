"""Sessions follow their spans, through merges, restarts, eviction and replicas."""

import random
from collections.abc import Iterable, Sequence
from itertools import count

import pytest

from quarterdeck.jobs.close import close_quiet_sessions
from quarterdeck.jobs.components import Component
from quarterdeck.jobs.keeper import SessionKeeper
from quarterdeck.model.ids import DEFAULT_PROJECT, ProjectId, SessionId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import ScoreRow, write_scores
from quarterdeck.storage.events.session_reads import get_session, session_page
from quarterdeck.storage.events.span_writes import SpanRow, write_spans

BEGIN_NS = 1_790_000_000 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S
_clock = count(BEGIN_NS + MINUTE_NS, 1000)


def scope_of(project_id: ProjectId) -> ProjectScope:
    return ProjectScope(project_id=project_id)


SCOPE = scope_of(DEFAULT_PROJECT)


def keeper(db: EventConnection, *, exclusive: bool = True, resident: int = 1000) -> SessionKeeper:
    return SessionKeeper(
        events=db, scope_of=scope_of, now_ns=lambda: next(_clock),
        idle_after_ns=30 * MINUTE_NS, exclusive=exclusive, max_resident_spans=resident,
    )  # fmt: skip


def span(trace: int, number: int, *, parent: int = 0, session: str = "", **more: object) -> Span:
    return Span(
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        name=f"span {number}",
        start_ns=BEGIN_NS + trace * NS_PER_S + number * 1000,
        end_ns=BEGIN_NS + trace * NS_PER_S + number * 1000 + 500,
        session_key=session,
        **more,  # type: ignore[arg-type]
    )


def store(
    db: EventConnection, into: SessionKeeper, spans: Sequence[Span], *,
    project: ProjectId = DEFAULT_PROJECT,
) -> None:  # fmt: skip
    write_spans(
        db,
        [
            SpanRow(project, s, RawSpan(trace_id=s.trace_id, span_id=s.span_id), next(_clock))
            for s in spans
        ],
    )
    into.stored({project: spans})


def sessions(db: EventConnection) -> dict[str, Session]:
    return {s.session_id: s for s in session_page(db, SCOPE, limit=100).sessions}


@pytest.fixture
def db(chdb_database: EventConnection) -> EventConnection:
    return chdb_database


def test_a_trace_without_an_id_is_a_session_of_its_own(db: EventConnection) -> None:
    store(db, keeper(db), [span(1, 1), span(1, 2, parent=1), span(2, 3)])
    found = sessions(db)
    assert sorted(found) == [f"trace:{1:032x}", f"trace:{2:032x}"]
    assert found[f"trace:{1:032x}"].span_count == 2


def test_a_trace_of_ghosts_alone_is_shown_once_it_has_a_real_span(db: EventConnection) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 1, ghost=True)])
    assert sessions(db) == {}
    store(db, mine, [span(1, 2, parent=1)])
    assert sessions(db)[f"trace:{1:032x}"].span_count == 1


def test_a_derived_session_becomes_the_real_one_when_its_root_arrives_late(
    db: EventConnection,
) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 2, parent=1)])
    assert list(sessions(db)) == [f"trace:{1:032x}"]
    store(db, mine, [span(1, 1, session="chat-7")])
    found = sessions(db)
    assert list(found) == ["chat-7"]
    assert found["chat-7"].span_count == 2
    assert get_session(db, SCOPE, f"trace:{1:032x}").session_id == "chat-7"


def test_traces_of_one_id_are_one_session_across_batches_and_a_restart(
    db: EventConnection,
) -> None:
    store(db, keeper(db), [span(1, 1, session="chat-7")])
    store(db, keeper(db), [span(2, 2, session="chat-7")])
    store(db, keeper(db), [span(1, 3, parent=1)])
    found = sessions(db)
    assert list(found) == ["chat-7"]
    assert found["chat-7"].span_count == 3
    assert len(found["chat-7"].trace_ids) == 2


def test_an_evicted_session_is_read_back_when_it_goes_on(db: EventConnection) -> None:
    small = keeper(db, resident=1)
    for trace in range(1, 6):
        store(db, small, [span(trace, trace * 10, session=f"chat-{trace}")])
    store(db, small, [span(1, 11, parent=10)])
    assert sessions(db)["chat-1"].span_count == 2


def test_a_deferred_tool_call_joins_the_traces_that_asked_and_ran(db: EventConnection) -> None:
    asked = span(1, 2, parent=1, kind="model", requested=(ToolRequest(name="pay", call_id="c9"),))
    ran = span(2, 4, parent=3, kind="tool", tool="pay", tool_call_id="c9")
    for first, second in (([span(1, 1), asked], [span(2, 3), ran]),):
        mine = keeper(db)
        store(db, mine, first)
        assert len(sessions(db)) == 1
        store(db, mine, second)
    found = sessions(db)
    assert len(found) == 1
    assert next(iter(found.values())).span_count == 4


def test_a_response_chain_joins_traces_in_any_order(db: EventConnection) -> None:
    chain = [
        [span(n, n, kind="model", response_id=f"r{n}", previous_response_id=f"r{n - 1}")]
        for n in range(1, 7)
    ]
    random.Random(3).shuffle(chain)
    mine = keeper(db)
    for spans in chain:
        store(db, mine, spans)
    found = sessions(db)
    assert list(found) == [f"trace:{1:032x}"]
    assert found[f"trace:{1:032x}"].span_count == 6


def test_two_explicit_ids_stay_two_sessions_though_a_response_chain_links_them(
    db: EventConnection,
) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 1, session="a", kind="model", response_id="r1")])
    store(db, mine, [span(2, 2, session="b", kind="model", previous_response_id="r1")])
    store(db, mine, [span(2, 3, parent=2)])
    found = sessions(db)
    assert {name: s.span_count for name, s in found.items()} == {"a": 1, "b": 2}


def test_the_order_and_grouping_of_batches_does_not_change_the_sessions(
    db: EventConnection,
) -> None:
    spans = [
        span(1, 1, session="a"), span(1, 2, parent=1), span(2, 3, session="a"),
        span(3, 4, linked_traces=(f"{1:032x}",)), span(4, 5), span(4, 6, parent=5),
        span(5, 7, join_keys=("team:9",)), span(6, 8, join_keys=("team:9",)),
        span(6, 9, parent=8, session="b"),
    ]  # fmt: skip
    chance = random.Random(5)
    seen = []
    for run in range(12):
        project = ProjectId(f"p{run}")
        shuffled = spans * 2
        chance.shuffle(shuffled)
        mine = keeper(db, resident=chance.choice((1, 4, 1000)))
        while shuffled:
            size = chance.randint(1, 5)
            batch, shuffled = shuffled[:size], shuffled[size:]
            store(db, mine, batch, project=project)
        page = session_page(db, scope_of(project), limit=100).sessions
        seen.append(sorted((s.session_id, s.span_count, sorted(s.trace_ids)) for s in page))
    assert seen[0] == [
        ("a", 4, [f"{n:032x}" for n in (1, 2, 3)]),
        ("b", 3, [f"{n:032x}" for n in (5, 6)]),
        (f"trace:{4:032x}", 2, [f"{4:032x}"]),
    ]
    assert seen.count(seen[0]) == 12


def test_two_replicas_over_one_store_lose_and_double_nothing(db: EventConnection) -> None:
    replicas = [keeper(db, exclusive=False), keeper(db, exclusive=False)]
    spans = [span(trace, trace * 100 + n, session="shared", parent=0 if n == 0 else trace * 100)
             for trace in range(1, 5) for n in range(6)]  # fmt: skip
    chance = random.Random(2)
    chance.shuffle(spans)
    for at in range(0, len(spans), 3):
        store(db, replicas[(at // 3) % 2], spans[at : at + 3])
    found = sessions(db)
    assert list(found) == ["shared"]
    assert found["shared"].span_count == 24


def test_a_replica_learns_of_traces_that_another_joined_before_it_writes_again(
    db: EventConnection,
) -> None:
    one, other = keeper(db, exclusive=False), keeper(db, exclusive=False)
    store(db, one, [span(1, 1, session="shared")])
    store(db, other, [span(2, 1, session="shared"), span(3, 1, session="shared")])
    assert sessions(db)["shared"].span_count == 3
    store(db, one, [span(1, 1, session="shared")])  # sent twice
    assert sessions(db)["shared"].span_count == 3
    store(db, other, [span(4, 1, session="shared")])
    store(db, one, [span(1, 2, parent=1)])
    assert {key: made.span_count for key, made in sessions(db).items()} == {"shared": 5}


@pytest.mark.parametrize("evicted", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
def test_scores_of_sessions_and_of_traces_reach_their_records_together(
    db: EventConnection, evicted: bool, exclusive: bool
) -> None:
    mine = keeper(db, exclusive=exclusive)
    store(db, mine, [span(1, 1, session="a"), span(2, 1, session="a"), span(3, 1), span(4, 1)])
    if evicted:
        mine = keeper(db, exclusive=exclusive)
    given = ["a", f"trace:{span(2, 1).trace_id}", f"trace:{span(3, 1).trace_id}", "nobody"]
    rows = [
        ScoreRow(
            DEFAULT_PROJECT,
            SessionId(target),
            Score(name=f"score-{number}", scope="session", value=1.0, at_ns=next(_clock)),
            next(_clock),
        )
        for number, target in enumerate(given)
    ]
    write_scores(db, rows)
    mine.scored(DEFAULT_PROJECT, given)
    shown = {key: {score.name for score in made.scores} for key, made in sessions(db).items()}
    assert shown == {
        "a": {"score-0", "score-1"},
        f"trace:{span(3, 1).trace_id}": {"score-2"},
        f"trace:{span(4, 1).trace_id}": set(),
    }


def test_what_a_person_says_is_in_the_record_at_once_and_stays(db: EventConnection) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 1, session="a")])
    said = Score(
        name="outcome", scope="session", label="failure", judge="human", author="account:1",
        target_session_id="a", at_ns=next(_clock),
    )  # fmt: skip
    write_scores(db, [ScoreRow(DEFAULT_PROJECT, SessionId("a"), said, next(_clock))])
    mine.refresh(DEFAULT_PROJECT, "a")
    assert sessions(db)["a"].outcome.label == "failure"
    assert sessions(db)["a"].outcome.source == "human"
    store(db, keeper(db), [span(1, 2, parent=1)])
    assert sessions(db)["a"].outcome.label == "failure"


def test_a_trace_that_can_not_be_assembled_holds_up_no_other(
    db: EventConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Component.add

    def fails_for_trace_two(self: Component, spans: Iterable[Span]) -> list[tuple[str, str]]:
        some = list(spans)
        if any(s.trace_id == f"{2:032x}" for s in some):
            raise RuntimeError("a fault of ours")
        return whole(self, some)

    # No span is known that fails in assembly, so one is made to.
    monkeypatch.setattr(Component, "add", fails_for_trace_two)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        store(db, keeper(db), [span(n, n, session=f"chat-{n}") for n in (1, 2, 3)])
    assert sorted(sessions(db)) == ["chat-1", "chat-3"]


def test_a_quiet_session_is_closed_and_opens_again_when_it_goes_on(db: EventConnection) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 2, parent=1, session="a")])
    assert sessions(db)["a"].status == "open"
    later_ns = BEGIN_NS + 40 * MINUTE_NS
    closed = close_quiet_sessions(
        db, mine, scope_of=scope_of, now_ns=later_ns, idle_after_ns=30 * MINUTE_NS
    )
    assert closed == 1
    assert sessions(db)["a"].status == "closed"
    again = SessionKeeper(
        events=db, scope_of=scope_of, now_ns=lambda: later_ns + 1, idle_after_ns=30 * MINUTE_NS
    )
    store(db, again, [Span(trace_id=f"{1:032x}", span_id="f" * 16, start_ns=later_ns,
                           end_ns=None, partial=True, session_key="a")])  # fmt: skip
    assert sessions(db)["a"].status == "open"


def test_a_session_in_memory_is_asked_whole_and_by_itself_or_not_at_all(
    db: EventConnection,
) -> None:
    mine = keeper(db)
    store(db, mine, [span(1, 1, session="chat"), span(2, 2, session="chat"), span(3, 3)])
    traces = sessions(db)["chat"].trace_ids
    alone = next(s.trace_ids for name, s in sessions(db).items() if name != "chat")
    assert mine.resident(DEFAULT_PROJECT, traces, len) == 2
    assert mine.resident(DEFAULT_PROJECT, alone, len) == 1
    assert mine.resident(DEFAULT_PROJECT, traces[:1], len) is None
    assert mine.resident(DEFAULT_PROJECT, [*traces, *alone], len) is None
    assert mine.resident(DEFAULT_PROJECT, ["never"], len) is None
    assert mine.resident(ProjectId("twin"), traces, len) is None
    assert keeper(db).resident(DEFAULT_PROJECT, traces, len) is None
    shared = keeper(db, exclusive=False)
    store(db, shared, [span(4, 4, session="other")])
    assert shared.resident(DEFAULT_PROJECT, sessions(db)["other"].trace_ids, len) is None
