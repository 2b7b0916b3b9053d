"""Sketches keep up with their sessions, without costing each batch the whole session."""

from itertools import count

import pytest

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.sketch import make_sketch
from quarterdeck.jobs.keeper import SessionKeeper
from quarterdeck.jobs.sketching import Kept, sketched
from quarterdeck.model.ids import DEFAULT_PROJECT, ProjectId, SessionId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.sketches import NO_SKETCH, Sketch
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import get_session, get_sketches
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_writes import SpanRow, write_spans

BEGIN_NS = 1_790_000_000 * NS_PER_S
SCOPE = ProjectScope(project_id=DEFAULT_PROJECT)
ID = "talk"


def call(number: int, *, session: str = ID) -> RawSpan:
    """A model call of its own trace-wide time; the first asks, each answers."""
    return RawSpan(
        trace_id=f"{1:032x}", span_id=f"{number:016x}", name="chat",
        start_ns=BEGIN_NS + number * NS_PER_S, end_ns=BEGIN_NS + number * NS_PER_S + 5,
        attributes={
            "session.id": session, "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text",'
            f'"content":"question {number}"}}]}}]',
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text",'
            f'"content":"answer {number}"}}],"finish_reason":"stop"}}]',
        },
    )  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self._ticks = count(BEGIN_NS + 3600 * NS_PER_S, 1000)
        self.ahead_ns = 0

    def __call__(self) -> int:
        return next(self._ticks) + self.ahead_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def keeper(db: EventConnection, clock: Clock, *, resident: int = 10_000) -> SessionKeeper:
    return SessionKeeper(
        events=db, scope_of=lambda project: ProjectScope(project_id=project), now_ns=clock,
        idle_after_ns=1800 * NS_PER_S, max_resident_spans=resident,
    )  # fmt: skip


def give(db: EventConnection, into: SessionKeeper, *raws: RawSpan) -> None:
    spans = [normalize_span(raw) for raw in raws]
    write_spans(
        db, [SpanRow(DEFAULT_PROJECT, s, raw, 1) for s, raw in zip(spans, raws, strict=True)]
    )
    into.stored(
        {DEFAULT_PROJECT: spans}, {DEFAULT_PROJECT: {(r.trace_id, r.span_id): r for r in raws}}
    )


def kept(db: EventConnection, session_id: str = ID) -> Sketch:
    return get_sketches(db, SCOPE, [session_id]).get(session_id, NO_SKETCH)


def test_a_row_tells_first_question_and_last_answer(
    chdb_database: EventConnection, clock: Clock
) -> None:
    into = keeper(chdb_database, clock)
    give(chdb_database, into, call(1), call(2))
    give(chdb_database, into, call(3))
    found = kept(chdb_database)
    assert (found.asked, found.answered, found.shape) == ("question 1", "answer 3", "mmm")


def test_a_long_session_is_sketched_whole_once_it_is_quiet(
    chdb_database: EventConnection, clock: Clock
) -> None:
    into = keeper(chdb_database, clock)
    give(chdb_database, into, *(call(n) for n in range(1, 101)))
    give(chdb_database, into, call(101))
    assert kept(chdb_database).spans == 100
    assert into.finish_sketches() == 0
    clock.ahead_ns = 60 * NS_PER_S
    assert into.finish_sketches() == 1
    assert (kept(chdb_database).spans, kept(chdb_database).answered) == (101, "answer 101")
    assert into.finish_sketches() == 0


def test_a_session_that_leaves_memory_is_sketched_whole_before(
    chdb_database: EventConnection, clock: Clock
) -> None:
    into = keeper(chdb_database, clock, resident=105)
    give(chdb_database, into, *(call(n) for n in range(1, 101)))
    give(chdb_database, into, call(101))
    other = call(1, session="other")
    ten = (
        RawSpan(trace_id=f"{2:032x}", span_id=f"{n:016x}", attributes=other.attributes,
                start_ns=other.start_ns)
        for n in range(1, 11)
    )  # fmt: skip
    give(chdb_database, into, *ten)
    assert kept(chdb_database).spans == 101


def test_words_that_were_read_once_outlive_a_restart(
    chdb_database: EventConnection, clock: Clock
) -> None:
    give(chdb_database, keeper(chdb_database, clock), call(1), call(2))
    give(chdb_database, keeper(chdb_database, clock), call(3))
    assert kept(chdb_database).asked == "question 1"
    assert kept(chdb_database).answered == "answer 3"


def test_a_row_of_an_earlier_version_is_read_when_its_session_is_touched(
    chdb_database: EventConnection, clock: Clock
) -> None:
    into = keeper(chdb_database, clock)
    give(chdb_database, into, call(1), call(2))
    session = get_session(chdb_database, SCOPE, SessionId(ID))
    write_sessions(chdb_database, [SessionRow(DEFAULT_PROJECT, session, clock())])
    assert kept(chdb_database) == NO_SKETCH
    keeper(chdb_database, clock).refresh(ProjectId(DEFAULT_PROJECT), ID)
    assert (kept(chdb_database).asked, kept(chdb_database).answered) == ("question 1", "answer 2")


def test_sketches_of_a_growing_session_cost_no_more_than_six_of_it_whole() -> None:
    assembly, now = Assembly(), Kept()
    worth = 0
    for number in range(1, 601):
        assembly.add([normalize_span(call(number))])
        session = assembly.session(now_ns=BEGIN_NS)
        after = sketched(
            now, assembly, session, at_hand={}, fetch=lambda _key: None, finishing=False
        )
        worth += session.span_count if after.sketch.spans != now.sketch.spans else 0
        now = after
    assert worth <= 6 * 600
    whole = sketched(now, assembly, session, at_hand={}, fetch=lambda _key: None, finishing=True)
    assert whole.sketch.path == make_sketch(assembly, session)[0].path


def test_a_span_that_is_completed_is_a_change() -> None:
    begun = Span(trace_id="t", span_id="1", kind="tool", tool="build", name="build", start_ns=5)
    assembly, now = Assembly(), Kept()
    for one in (begun, Span(trace_id="t", span_id="1", kind="tool", tool="build", name="build",
                            start_ns=5, end_ns=9, status="error")):  # fmt: skip
        assembly.add([one])
        session = assembly.session(now_ns=BEGIN_NS)
        now = sketched(now, assembly, session, at_hand={}, fetch=lambda _key: None, finishing=False)
    assert now.sketch.shape == "x"
