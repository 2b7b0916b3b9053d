"""Inputs that repeat each other are kept once, and shown whole again."""

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.model.messages import Message, TextPart
from quarterdeck.normalize.deltas import with_whole_inputs
from quarterdeck.normalize.normalize import read_content
from quarterdeck.receive.transcripts.continuing import only_new
from quarterdeck.receive.transcripts.dialogue import text_of
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import AgentRun, Entry, ModelCall, Transcript


def whole(call_id: str, words: list[str], parent: str = "") -> ModelCall:
    said = [Message(role="user", parts=(TextPart(content=word),)) for word in words]
    return ModelCall(id=call_id, parent=parent, model="m", input=said, continues=False)


def kept(entries: list[Entry]) -> list[list[str]]:
    return [[text_of(m) for m in e.input] for e in only_new(entries) if isinstance(e, ModelCall)]


def test_what_was_said_before_is_kept_once() -> None:
    told: list[Entry] = [
        whole("1", ["a"]),
        whole("2", ["a", "b", "c"]),
        whole("3", ["a", "b", "c", "d"]),
    ]
    assert kept(told) == [["a"], ["b", "c"], ["d"]]


def test_another_conversation_and_another_parent_keep_theirs() -> None:
    run = AgentRun(id="r", name="helper")
    told: list[Entry] = [
        whole("1", ["a"]),
        whole("2", ["x", "b"]),
        run,
        whole("3", ["x", "b", "c"], "r"),
    ]
    assert kept(told) == [["a"], ["x", "b"], ["x", "b", "c"]]


def test_a_repeated_request_is_whole() -> None:
    assert kept([whole("1", ["a"]), whole("2", ["a"])]) == [["a"], ["a"]]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=6))
def test_every_input_is_shown_whole_again(inputs: list[list[str]]) -> None:
    told: list[Entry] = [whole(str(place), words) for place, words in enumerate(inputs)]
    of = Transcript(format="made", session_id="s", entries=only_new(told))
    spans = to_spans(of, placed_ns=1)
    calls = [span for span in spans if span.name == "chat m"]
    by_key = {(span.trace_id, span.span_id): span for span in spans}
    shown = with_whole_inputs(calls, lambda keys: [by_key[key] for key in keys if key in by_key])
    assert [[text_of(m) for m in read_content(raw).input_messages] for raw in shown] == inputs
