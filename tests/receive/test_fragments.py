"""What foreign SDKs say in parts is one object, whatever part came first, last or twice."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.fragments import build_spans, fragment_rows, gather
from quarterdeck.receive.ingest import Pipeline, Rules
from quarterdeck.receive.spool import Appended, Spool, open_spool
from quarterdeck.receive.wire import Fragment, Judgement, Reading, span_id_of, trace_id_of
from quarterdeck.storage.events.columns import encode
from quarterdeck.storage.events.faults import TooMuch
from quarterdeck.storage.events.fragments import FragmentRow, FragmentsRow, Parts
from receive.receiver import MIB, PROJECT, MemoryStore

TRACE = "0af7651916cd43dd8448eb211c80319c"
RUN = "toy:run:1"
POST = Fragment(object=RUN, kind="post", body={"name": "plan", "start": 5, "input": "go"}, at_ns=5)
PATCH = Fragment(object=RUN, kind="patch", body={"end": 9, "output": "done"}, at_ns=9)
THUMBS = Fragment(object="toy:feedback:7", about=RUN, kind="feedback", body={"value": 0.0})
BETTER = Fragment(object="toy:feedback:7", kind="feedback", body={"value": 1.0}, at_ns=20)
ALL = (POST, PATCH, THUMBS, BETTER)


def build(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    """A wire of a few words: later parts win, feedback is an event."""
    merged: dict[str, Any] = {}
    value = None
    for fragment in fragments:
        if fragment.kind == "feedback":
            value = fragment.body["value"]
        else:
            merged |= fragment.body
    if "start" not in merged:
        return []
    events = () if value is None else (RawEvent(name="score", attributes={"value": value}),)
    return [
        RawSpan(
            trace_id=TRACE,
            span_id=span_id_of(name),
            name=merged["name"],
            start_ns=merged["start"],
            end_ns=merged.get("end", 0),
            attributes={"toy.input": merged.get("input"), "toy.output": merged.get("output")},
            events=events,
        )
    ]


class Loaded:
    """Fragment rows as the store gives them back."""

    def __init__(self, parts: Sequence[Fragment]) -> None:
        self.rows: dict[tuple[str, str, int], FragmentsRow] = {}
        for at, part in enumerate(parts):
            for row in fragment_rows(PROJECT, [part], arrived_ns=1000 + at):
                key = (row.home, row.object, hash(row.body))
                self.rows.setdefault(key, FragmentsRow(*key, row.arrived_ns, row.body))

    def __call__(self, homes: Sequence[str]) -> list[FragmentsRow]:
        return [row for key, row in self.rows.items() if key[0] in homes]


@given(
    st.permutations(ALL).flatmap(
        lambda order: st.lists(st.sampled_from(ALL), max_size=5).map(lambda more: [*order, *more])
    )
)
def test_the_spans_do_not_depend_on_order_or_repetition(parts: list[Fragment]) -> None:
    built = build_spans(gather({part.object for part in parts}, Loaded(parts)), {"toy": build})
    [span] = built.spans
    assert (span.name, span.start_ns, span.end_ns) == ("plan", 5, 9)
    assert span.attributes["quarterdeck.object"] == RUN
    assert span.attributes["quarterdeck.fragments"] == 4
    assert span.events[0].attributes == {"value": 1.0}


def test_a_part_of_another_object_is_built_as_that_object_alone() -> None:
    found = gather(["toy:feedback:7"], Loaded([THUMBS, BETTER]))
    assert {name: len(parts) for name, parts in found.items()} == {RUN: 2}
    found = gather(["toy:feedback:7"], Loaded(ALL))
    assert {name: [one.kind for one in parts] for name, parts in found.items()} == {
        RUN: ["feedback", "post", "patch", "feedback"]
    }


def test_of_an_object_with_very_many_parts_its_beginning_and_its_end_are_read() -> None:
    many = [Fragment(object=RUN, kind="patch", body={"n": n}, at_ns=10 + n) for n in range(6_000)]
    (parts,) = gather([RUN], Loaded([POST, *many])).values()
    assert len(parts) == 4_000
    assert (parts[0].kind, parts[-1].body) == ("post", {"n": 5_999})


def test_an_object_that_nobody_heard_of_is_left_out() -> None:
    assert gather(["toy:run:9"], Loaded(ALL)) == {}


def test_a_wire_that_fails_on_an_object_is_told_and_the_others_are_built() -> None:
    def picky(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
        if name == "toy:run:bad":
            raise KeyError("name")
        return build(name, fragments)

    bad = Fragment(object="toy:run:bad", kind="post", body={})
    built = build_spans(gather([RUN, "toy:run:bad"], Loaded([POST, bad])), {"toy": picky})
    assert [span.name for span in built.spans] == ["plan"]
    assert built.failed == ["toy"]


def test_ids_of_clients_become_ids_of_traces_and_spans() -> None:
    assert trace_id_of("0af76519-16cd-43dd-8448-eb211c80319c") == TRACE
    assert trace_id_of("thread one") == trace_id_of("thread one") != trace_id_of("thread two")
    assert span_id_of("00F067AA0BA902B7") == "00f067aa0ba902b7"
    assert len(span_id_of("0196f000-0000-7000-8000-000000000001")) == 16
    assert trace_id_of("0" * 32) != "0" * 32
    assert span_id_of("0" * 16) != "0" * 16


# ------------------------------------------------------------------------------ in the pipeline


class Line:
    """A pipeline over a store in memory."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.store = MemoryStore()
        self.accounting = Accounting()
        self.scored: list[tuple[ProjectId, list[str]]] = []
        self.deleted: set[str] = set()
        """Traces."""
        self.pipeline = self.another()

    def another(self) -> Pipeline:
        """As after a restart: nothing in memory."""
        rules = Rules(
            NormalizeSettings(),
            lambda span: span,
            unwanted=lambda raw: raw.trace_id in self.deleted,
            forgotten=self.deleted.__contains__,
        )
        return Pipeline(
            spool=self.spool,
            store=self.store,
            rules_of=lambda _project: rules,
            on_stored=lambda _spans, _raws: None,
            accounting=self.accounting,
            builders={"toy": build},
            on_scored=lambda project, targets: self.scored.append((project, list(targets))),
        )

    def say(self, reading: Reading, *, project: str = PROJECT) -> None:
        self.accounting.received("wire", reading.items, size=1, redacted=False)
        row = Appended(project, "wire", "json", reading.items, encode(reading))
        self.spool.submit(row).result(10)
        self.pipeline.run_until_empty()

    def span(self) -> RawSpan:
        [raw] = self.store.raws()
        return raw


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    spool = open_spool(tmp_path / "spool.db", max_bytes=64 * MIB)
    made = Line(spool)
    yield made
    made.pipeline.stop()
    spool.close()


def test_each_arrival_makes_the_span_anew_and_the_fullest_is_shown(line: Line) -> None:
    orders = [list(ALL), list(reversed(ALL))]
    chance = random.Random(5)
    orders += [chance.sample(ALL, 4) for _ in range(6)]
    for number, order in enumerate(orders):
        project = f"p{number}"
        for part in order:
            line.say(Reading(fragments=(part,)), project=project)
    shown = [row.raw for _, row in line.store.spans.values()]
    assert len(shown) == len(orders)
    assert len({msgspec.json.encode(raw) for raw in shown}) == 1
    assert (shown[0].end_ns, shown[0].events[0].attributes) == (9, {"value": 1.0})


def test_what_is_said_again_is_a_duplicate_in_the_books(line: Line) -> None:
    for _ in range(3):
        line.say(Reading(fragments=(POST, PATCH)))
    total = line.accounting.total
    assert total("quarterdeck_received_items_total", signal="wire") == 6
    assert total("quarterdeck_items_total", signal="wire", outcome="stored") == 2
    assert total("quarterdeck_items_total", signal="wire", outcome="duplicate") == 4
    assert len(line.store.raws()) == 1


def test_a_feedback_before_its_run_waits_for_it(line: Line) -> None:
    line.say(Reading(fragments=(THUMBS,)))
    assert line.store.raws() == []
    line.pipeline = line.another()
    line.say(Reading(fragments=(POST,)))
    assert line.span().events[0].attributes == {"value": 0.0}


def judged(*, session: str = "", trace: str = "", span: str = "") -> Judgement:
    score = Score(
        name="thumbs",
        value=1.0,
        identifier="f1",
        target_session_id=session,
        target_trace_id=trace,
        target_span_id=span,
    )
    return Judgement(score=score)


def test_a_score_is_kept_under_what_it_was_given_to(line: Line) -> None:
    line.say(
        Reading(
            judgements=(
                judged(session="refund/7"),
                judged(trace=TRACE),
                judged(trace=TRACE, span="00f067aa0ba902b7"),
            )
        )
    )
    names = [row.session_id for row in line.store.scores]
    assert names[1:] == [f"trace:{TRACE}"] * 2
    assert names[0].startswith("sess_")  # an id that no address can carry has another name
    assert line.scored == [(PROJECT, sorted(set(names)))]
    assert all(row.score.at_ns == row.ver > 0 for row in line.store.scores)


def test_a_score_of_a_span_alone_finds_its_trace_before_and_after(line: Line) -> None:
    span = RawSpan(trace_id=TRACE, span_id="00f067aa0ba902b7", name="a", start_ns=1, end_ns=2)
    target = judged(span=span.span_id)
    line.say(Reading(judgements=(target,)))
    assert line.store.scores == []
    line.pipeline = line.another()
    line.say(Reading(spans=(span,)))
    [row] = line.store.scores
    assert (row.session_id, row.score.target_trace_id) == (f"trace:{TRACE}", TRACE)
    later = judged(span=span.span_id)
    line.say(Reading(judgements=(msgspec.structs.replace(later, taken_back=True),)))
    assert [(one.session_id, one.is_deleted) for one in line.store.scores] == [
        (f"trace:{TRACE}", False),
        (f"trace:{TRACE}", True),
    ]


def test_an_object_that_can_not_be_built_is_kept_and_counted(line: Line) -> None:
    line.say(Reading(fragments=(Fragment(object=RUN, kind="feedback", body={}),)))
    assert line.accounting.total("quarterdeck_wire_unbuilt_total", wire="toy") == 1
    assert len(line.store.fragments) == 1
    assert line.spool.state().rows == 0


def test_a_failure_after_scores_are_stored_is_not_the_datas_fault(line: Line) -> None:
    """As for spans: the row is stored, counted so, and nothing is put aside."""

    def fails(_project: ProjectId, _targets: Sequence[str]) -> None:
        raise ValueError("a session can't be worked out")

    line.pipeline._on_scored = fails
    line.say(Reading(judgements=(judged(session="s-1"),)))
    assert (line.spool.state().rows, line.spool.state().quarantined_rows) == (0, 0)
    assert line.accounting.total("quarterdeck_items_total", outcome="stored") == 1
    assert line.accounting.total("quarterdeck_pipeline_errors_total") == 1


def test_an_object_that_is_too_large_to_be_read_holds_up_nobody_else(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store refuses the question for good, in a batch with others and alone."""
    asked = line.store.parts_of

    def too_much(project_id: ProjectId, homes: Sequence[str]) -> Parts:
        if {"toy:run:large", "toy:run:huge"} & set(homes):
            raise TooMuch("out of memory for this question")
        return asked(project_id, homes)

    monkeypatch.setattr(line.store, "parts_of", too_much)
    large = msgspec.structs.replace(POST, object="toy:run:large")
    huge = msgspec.structs.replace(POST, object="toy:run:huge")
    line.say(Reading(fragments=(huge, POST, large, PATCH)))
    line.say(Reading(fragments=(large,)))
    assert line.span().end_ns == 9
    assert line.accounting.total("quarterdeck_wire_unbuilt_total", wire="toy") == 3
    assert line.accounting.total("quarterdeck_pipeline_retries_total") == 2
    assert (line.spool.state().rows, line.spool.state().quarantined_rows) == (0, 0)


def test_an_object_is_built_when_the_store_has_room_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, busy = line.store.parts_of, [TooMuch("out of memory")]

    def busy_once(project_id: ProjectId, homes: Sequence[str]) -> Parts:
        if busy:
            raise busy.pop()
        return asked(project_id, homes)

    monkeypatch.setattr(line.store, "parts_of", busy_once)
    line.say(Reading(fragments=(POST,)))
    assert line.span().name == "plan"
    assert line.accounting.total("quarterdeck_wire_unbuilt_total") == 0


def test_what_is_said_again_of_a_deleted_session_is_not_kept(line: Line) -> None:
    line.say(Reading(fragments=(POST, PATCH, THUMBS)))
    # As `storage.events.deletes` leaves it.
    line.deleted.add(TRACE)
    line.store.spans.clear()
    line.store.fragments.clear()
    marks = [FragmentRow(PROJECT, name, name, b"", 1) for name in (RUN, THUMBS.object)]
    line.store.write_fragments(marks, ())

    fresh = Fragment(object="toy:feedback:8", about=RUN, kind="feedback", body={"value": 0.5})
    line.say(Reading(fragments=(POST, PATCH, BETTER, fresh), judgements=(judged(trace=TRACE),)))
    assert line.store.raws() == []
    assert [row.fragment for row in line.store.fragments.values()] == [b"", b""]
    assert line.store.scores == []
    total = line.accounting.total
    assert total("quarterdeck_items_total", outcome="ignored", reason="deleted") == 5
    assert total("quarterdeck_items_total", outcome="stored") == 3


def test_a_score_that_waited_is_in_one_place(line: Line) -> None:
    span = RawSpan(trace_id=TRACE, span_id="00f067aa0ba902b7", name="a", start_ns=1, end_ns=2)
    line.say(Reading(judgements=(judged(span=span.span_id),)))
    assert len(line.store.fragments) == 1
    line.say(Reading(spans=(span,)))
    assert len(line.store.scores) == 1
    assert line.store.fragments == {}
