"""A dialogue as calls: who answers what, and what does not fit together."""

from quarterdeck.model.messages import Message, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.receive.transcripts.dialogue import UNNAMED, Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.transcript import ModelCall, ToolCall


def said(role: str, *parts: TextPart | ToolCallPart | ToolResultPart) -> Message:
    return Message(role=role, parts=parts)


def answer(call_id: str, *parts: TextPart | ToolCallPart) -> ModelCall:
    return ModelCall(id=call_id, end_ns=5, output=(said("assistant", *parts),))


def test_a_call_hears_what_was_said_since_the_last_one_and_its_own_answer() -> None:
    talk = Dialogue()
    talk.hear(said("user", TextPart(content="go")))
    talk.call(answer("m1", TextPart(content="on it")))
    talk.hear(said("user", TextPart(content="faster")))
    talk.call(answer("m2", TextPart(content="done")))
    first, second = (e for e in talk.close().entries if isinstance(e, ModelCall))
    assert [m.role for m in first.input] == ["user"]
    assert [text_of(m) for m in second.input] == ["on it", "faster"]


def test_a_result_completes_the_call_that_it_names_and_only_that() -> None:
    talk = Dialogue()
    calls = [ToolCallPart(name="read", id="a"), ToolCallPart(name="run", id="b")]
    talk.call(answer("m1", *calls))
    talk.answer("b", "2", at_ns=9, status="error", error="exit 1")
    read, run = (e for e in talk.close().entries if isinstance(e, ToolCall))
    assert (read.result, read.status, read.start_ns) == (None, "unset", 5)
    assert (run.result, run.status, run.error, run.end_ns) == ("2", "error", "exit 1", 9)


def test_a_missing_result_is_a_finding_only_where_the_session_went_on() -> None:
    talk = Dialogue()
    talk.call(answer("m1", ToolCallPart(name="read", id="a")))
    talk.call(answer("m2", ToolCallPart(name="read", id="b")))
    (finding,) = talk.close().findings
    assert (finding.code, "'a'" in finding.message, "'b'" in finding.message) == (
        "result_missing", True, False,
    )  # fmt: skip


def test_a_result_that_nobody_asked_for_is_shown_and_told() -> None:
    talk = Dialogue()
    talk.hear(said("tool", ToolResultPart(id="x", response="7")), place="line 3")
    read = talk.close()
    assert [(e.tool, e.result) for e in read.entries if isinstance(e, ToolCall)] == [(UNNAMED, "7")]
    assert [finding.code for finding in read.findings] == ["unmatched_result"]


def test_ids_that_come_twice_are_told_apart_by_their_place() -> None:
    talk = Dialogue()
    ids = [talk.id("m", "line 1"), talk.id("m", "line 2"), talk.id("", "line 2"), talk.id("m", "")]
    assert len(set(ids)) == 4
    assert ids[:3] == ["m", "m@line 2", "line 2"]


def test_after_going_back_a_call_shows_its_whole_input() -> None:
    talk = Dialogue()
    talk.hear(said("user", TextPart(content="go")))
    talk.call(answer("m1", TextPart(content="left")))
    talk.restart([said("user", TextPart(content="go"))])
    talk.call(answer("m2", TextPart(content="again")))
    talk.call(answer("m3", TextPart(content="and on")))
    found = [e for e in talk.close().entries if isinstance(e, ModelCall)]
    assert [call.continues for call in found] == [True, False, True]
    assert [text_of(m) for m in found[1].input] == ["go"]


def test_text_parts_alone_are_one_text() -> None:
    assert plain([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]) == "a\nb"
    assert plain([{"type": "text", "text": "a"}, {"type": "image"}]) != "a"
    assert plain([]) == []
    assert message_of({"role": "user", "content": None}).parts == ()
