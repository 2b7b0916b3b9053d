"""A transcript becomes the session that it records."""

from decimal import Decimal

import msgspec
import pytest

from quarterdeck.assembly.assemble import assemble
from quarterdeck.assembly.steps import steps_of
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import RawSpan
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.deltas import with_whole_inputs
from quarterdeck.normalize.normalize import normalize_span, read_content
from quarterdeck.receive.transcripts.spans import span_id_of, to_spans, trace_id_of
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Total,
    Transcript,
)
from receive.transcripts.made import FIX_A_BUG, T0, S, said

LATER = T0 + 24 * 3600 * S


def session_of(*transcripts: Transcript, live: bool = False, now_ns: int = LATER) -> Session:
    spans = [span for t in transcripts for span in to_spans(t, placed_ns=T0, live=live)]
    return assemble([normalize_span(span) for span in spans], now_ns=now_ns)


def test_everything_the_file_told_is_on_the_session() -> None:
    session = session_of(FIX_A_BUG)
    assert session.session_id == "sess-bug"
    assert (session.task, session.task_type, session.user) == (
        "Fix the rounding in billing", "bug_fix", "u-7",
    )  # fmt: skip
    assert session.tags == ("billing",)
    assert (session.case, session.trial) == ("bugs/17", 2)
    assert (session.expected_calls, session.matched_calls) == (3, 2)
    assert (session.outcome.label, session.outcome.source) == ("success_partial", "evaluator")
    assert session.outcome.reason == "2 of 3 tests pass"
    assert session.status == "closed"
    assert (session.started_ns, session.ended_ns) == (T0, T0 + 70 * S)
    assert [(m.model, m.calls, m.input_tokens, m.output_tokens) for m in session.models] == [
        ("claude-4", 2, 2_100, 60)
    ]
    assert {(t.tool, t.calls, t.errors, t.denied) for t in session.tools} == {
        ("read", 1, 1, 0), ("bash", 1, 0, 1), ("ls", 1, 0, 0),
    }  # fmt: skip
    assert session.intervention_kinds == {"rejection": 1}
    assert session.waited_ns == 60 * S
    assert {agent.agent for agent in session.agents} == {"coder", "explorer"}
    assert session.cost.reported_usd == Decimal("0.0301")
    codes = sorted((f.code, f.message) for f in session.findings if "cost" not in f.code)
    assert codes == [
        ("nested_run", "run b is inside run a"),
        ("nested_run", "run c is inside run a"),
        ("reward_missing", "no reward is recorded"),
    ]
    scores = {(score.name, score.scope, score.value, score.label) for score in session.scores}
    assert scores == {("grade", "session", 0.5, ""), ("failure_step", "span", None, "wrong file")}
    assert session.problems == ()


def test_a_later_call_shows_the_whole_conversation_though_only_what_is_new_is_kept() -> None:
    raws = {raw.name + raw.span_id: raw for raw in to_spans(FIX_A_BUG)}
    second = _span(FIX_A_BUG, "m2")
    whole = with_whole_inputs([second], lambda keys: [r for r in raws.values() if _key(r) in keys])
    content = read_content(whole[0])
    assert [message.role for message in content.input_messages] == ["user", "assistant", "tool"]


def _key(raw: RawSpan) -> tuple[str, str]:
    return raw.trace_id, raw.span_id


def _span(transcript: Transcript, entry_id: str, part: str = "") -> RawSpan:
    wanted = span_id_of(trace_id_of(transcript), part, entry_id)
    return next(s for s in to_spans(transcript) if s.span_id == wanted)


def test_parts_meet_in_one_session_under_the_call_that_started_them() -> None:
    part = Transcript(
        format="made", session_id="sess-bug", part="agent-a", attached_to="read", agent="helper",
        entries=(
            ToolCall(id="read", tool="grep", start_ns=T0 + 2 * S, end_ns=T0 + 3 * S, status="ok"),
        ),
    )  # fmt: skip
    session = session_of(FIX_A_BUG, part)
    assert len(session.trace_ids) == 1
    assert session.missing_parents == 0
    assert {tool.tool for tool in session.tools} == {"read", "bash", "ls", "grep"}
    root = _span(part, "", part="agent-a")
    assert root.parent_span_id == _span(FIX_A_BUG, "read").span_id
    assert _span(part, "read", part="agent-a").span_id != _span(FIX_A_BUG, "read").span_id


def test_a_file_that_tells_no_time_keeps_its_order_and_says_so() -> None:
    untimed = Transcript(
        format="made",
        session_id="sess-untimed",
        entries=tuple(
            ModelCall(id=f"m{i}", model="gpt-4o", output=(said("assistant", str(i)),))
            for i in range(50)
        ),
    )
    spans = to_spans(untimed, placed_ns=T0)
    starts = [span.start_ns for span in spans]
    assert starts == sorted(starts)
    assert len(set(starts[1:])) == 50
    assert starts[0] >= T0
    session = session_of(untimed)
    assert [f.code for f in session.findings] == ["times_unknown"]
    assert session.started_ns == T0, "placed there again, it does not move"


def test_a_live_file_is_an_open_session_and_its_end_closes_it() -> None:
    soon = T0 + 75 * S
    assert session_of(FIX_A_BUG, live=True, now_ns=soon).status == "open"
    assert session_of(FIX_A_BUG, now_ns=soon).status == "closed"


def test_the_same_recording_gives_the_same_ids_and_another_one_others() -> None:
    again = msgspec.convert(msgspec.to_builtins(FIX_A_BUG), Transcript)
    assert to_spans(again) == to_spans(FIX_A_BUG)
    other = msgspec.structs.replace(FIX_A_BUG, session_id="sess-other")
    ids = {span.span_id for span in to_spans(FIX_A_BUG)}
    assert ids.isdisjoint(span.span_id for span in to_spans(other))


@pytest.mark.parametrize(
    "entries",
    [
        (AgentRun(id="a", name="x"), AgentRun(id="a", name="y")),
        (ToolCall(id="t", tool="x", parent="a"), AgentRun(id="a", name="x")),
    ],
)
def test_a_format_that_confuses_its_ids_is_told(entries: tuple[AgentRun | ToolCall, ...]) -> None:
    with pytest.raises(ValueError, match="is not"):
        to_spans(Transcript(format="made", session_id="s", entries=entries))


def _order(*entries: Entry) -> list[str]:
    """Ids in the order in which a viewer is shown them."""
    of = Transcript(format="made", session_id="s", entries=entries)
    by_span = {span_id_of(trace_id_of(of), "", entry.id): entry.id for entry in entries}
    steps = steps_of(normalize_span(span) for span in to_spans(of))
    return [by_span[step.span_id] for step in steps]


def test_what_a_file_tells_of_one_instant_stays_in_the_order_of_the_file() -> None:
    call = ModelCall(id="m", model="gpt-4o", start_ns=T0, end_ns=T0)
    tools = [ToolCall(id=f"t{i}", tool="x", start_ns=T0, end_ns=T0 + S) for i in range(20)]
    assert _order(call, *tools) == ["m", *(tool.id for tool in tools)]


def test_an_approval_comes_before_what_it_let_run() -> None:
    call = ModelCall(id="m", model="gpt-4o", start_ns=T0, end_ns=T0)
    tools = [ToolCall(id=f"t{i}", tool="x", call_id=f"c{i}", start_ns=T0) for i in range(4)]
    acts = [
        PersonAct(id=f"a{i}", kind="approval", decision="approved", call_id=f"c{i}", start_ns=T0)
        for i in range(4)
    ]
    assert _order(call, *tools, *acts) == ["m", "a0", "t0", "a1", "t1", "a2", "t2", "a3", "t3"]


def test_a_total_of_calls_that_tell_no_tokens_counts_its_tokens_and_is_no_call() -> None:
    call = ModelCall(id="m", model="gpt-4o", start_ns=T0, output=(said("assistant", "hi"),))
    total = Total(model="gpt-4o", usage=Usage(input_tokens=200, output_tokens=100))
    session = session_of(
        Transcript(
            format="made", session_id="s", agent="a",
            entries=(call, msgspec.structs.replace(call, id="m2", start_ns=T0 + S),
                     Event(id="t", name="tokens of all calls", total=total)),
        )
    )  # fmt: skip
    assert [(m.calls, m.input_tokens, m.output_tokens) for m in session.models] == [(2, 200, 100)]
