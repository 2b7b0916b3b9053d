"""
Inputs sent as changes are made whole from the spans that they continue.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from captures.load import Received, Recorded
from quarterdeck.model.messages import TextPart
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.deltas import base_of, with_whole_input, with_whole_inputs
from quarterdeck.normalize.normalize import read_content

_NOTHING: dict[str, RawSpan] = {}
_FILE = Path(__file__).parent.parent / "golden" / "normalize" / "25_livekit_deltas.json"


def _said(raw: RawSpan) -> list[str]:
    messages = read_content(raw).input_messages
    return [p.content for m in messages for p in m.parts if isinstance(p, TextPart)]


def _call(span_id: str, *, base: str = "", dropped: object = 0, said: object = ()) -> RawSpan:
    told: dict[str, object] = {"gen_ai.input.messages": said}
    if base:
        told |= {"lk.input.base_span_id": base, "lk.input.dropped_from_base": dropped}
    return RawSpan(trace_id="1" * 32, span_id=span_id, attributes=told)


def test_livekits_second_call_shows_the_whole_conversation() -> None:
    golden = json.loads(_FILE.read_text())
    received = Received()
    for one in golden["requests"]:
        received.add(Recorded("", one["signal"], "json", json.dumps(one["body"]).encode(), b""))
    spans = {span_id: raw for (_, span_id), raw in received.complete().items()}
    second = spans[f"{7:016x}"]
    assert base_of(second) == f"{5:016x}"
    assert _said(second) == ["are you there?"]
    whole = with_whole_input(second, spans.get)
    assert _said(whole) == ["hello", "are you there?"]
    assert [m.parts for m in read_content(whole).instructions] == [(TextPart(content="Be kind."),)]


def test_a_span_with_its_whole_input_and_one_whose_base_is_missing_stay_as_they_are() -> None:
    alone = _call("a", said=[{"role": "user", "content": "hi"}])
    assert with_whole_input(alone, _NOTHING.get) is alone
    orphan = _call("b", base="a", said=[{"role": "user", "content": "more"}])
    assert _said(with_whole_input(orphan, _NOTHING.get)) == ["more"]


def test_a_page_of_spans_is_made_whole_with_one_read_for_each_step_back() -> None:
    def said(word: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": word}]

    store = {
        "a": _call("a", said=said("1")),
        "b": _call("b", base="a", said=said("2")),
        "c": _call("c", base="b", said=said("3")),
        "d": _call("d", base="b", said=said("4")),
    }
    reads: list[list[tuple[str, str]]] = []

    def fetch(keys: Sequence[tuple[str, str]]) -> list[RawSpan]:
        reads.append(list(keys))
        return [store[span_id] for _, span_id in keys]

    page = [store["c"], store["d"], store["a"]]
    assert [_said(raw) for raw in with_whole_inputs(page, fetch)] == [
        ["1", "2", "3"], ["1", "2", "4"], ["1"],
    ]  # fmt: skip
    assert reads == [[("1" * 32, "b")]]
    assert with_whole_inputs([store["a"]], fetch) == [store["a"]]
    assert len(reads) == 1


def test_spans_that_name_each_other_as_base_end_the_chain() -> None:
    one = _call("a", base="b", said=[{"role": "user", "content": "1"}])
    two = _call("b", base="a", said=[{"role": "user", "content": "2"}])
    assert _said(with_whole_input(one, {"a": one, "b": two}.get)) == ["2", "1"]


@given(st.none() | st.text(max_size=9) | st.integers() | st.lists(st.integers(), max_size=2))
def test_any_number_of_dropped_messages_and_any_input_is_survived(value: object) -> None:
    first = _call("a", said=value)
    second = _call("b", base="a", dropped=value, said=value)
    with_whole_input(second, {"a": first}.get)
