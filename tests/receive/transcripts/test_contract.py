"""
What every format owes: the kit that each of them runs over all real samples.

A new format is in it by being registered.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.otlp_decode import parse, spans_of
from quarterdeck.receive.otlp_encode import encode_spans
from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import span_id_of, to_spans, trace_id_of
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)
from receive.transcripts.samples import by_format, sources

NAMES = tuple(known.name for known in FORMATS)
KINDS = {AgentRun: "agent", ModelCall: "model", ToolCall: "tool", PersonAct: "human", Event: "step"}

pytestmark = pytest.mark.usefixtures("shared")


def transcripts_of(name: str) -> Iterator[tuple[Source, Transcript]]:
    known = next(known for known in FORMATS if known.name == name)
    for source in by_format()[name]:
        for item in _readable(known.read(source)):
            if isinstance(item, Transcript):
                yield source, item


def _readable(items: Iterator[object]) -> Iterator[object]:
    try:
        yield from items
    except Invalid:
        return


def test_no_file_is_taken_by_two_formats() -> None:
    taken: dict[str, list[str]] = {}
    for name, found in by_format().items():
        for source in found:
            taken.setdefault(source.shown, []).append(name)
    assert {shown: names for shown, names in taken.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", NAMES)
def test_recognizing_never_raises_and_an_odd_file_is_nobodys(name: str, tmp_path: Path) -> None:
    known = next(known for known in FORMATS if known.name == name)
    odd = {
        "empty.jsonl": b"",
        "null.json": b"null",
        "list.json": b"[]",
        "object.json": b"{}",
        "number.json": b"17",
        "binary.json": bytes(range(256)),
        "cut.json": b'{"a": [1, 2',
        "cut.json.gz": b"\x1f\x8b\x08\x00\x00",
        "text.jsonl": b"hello\nworld\n",
        "nested.jsonl": b'{"type": null}\n[1]\n"x"\n',
        "deep.json": b"[" * 100_000 + b"]" * 100_000,
        "surrogate.json": b'{"type": "\\ud800"}',
    }
    for file_name, content in odd.items():
        path = tmp_path / file_name
        path.write_bytes(content)
        assert not known.recognizes(Source(path)), file_name
        assert known.belongs(Source(path)) in (True, False)


@pytest.mark.parametrize("name", NAMES)
def test_reading_twice_gives_the_same(name: str) -> None:
    known = next(known for known in FORMATS if known.name == name)
    for source in by_format()[name]:
        again = Source(source.path, shown=source.shown)
        assert list(_readable(known.read(source))) == list(_readable(known.read(again)))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_parents_come_first(name: str) -> None:
    for source, transcript in transcripts_of(name):
        assert transcript.format == name
        assert transcript.session_id, source.shown
        spans = to_spans(transcript)
        ids = [span.span_id for span in spans]
        assert len(set(ids)) == len(ids), source.shown


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_is_what_the_server_understands(name: str) -> None:
    for source, transcript in transcripts_of(name):
        spans = {span.span_id: normalize_span(span) for span in to_spans(transcript)}
        assert [(s.span_name, s.problems) for s in spans.values() if s.problems] == [], source.shown
        trace_id = trace_id_of(transcript)
        for entry in transcript.entries:
            span = spans[span_id_of(trace_id, transcript.part, entry.id)]
            asks_a_person = isinstance(entry, ToolCall) and span.kind == "human"
            assert span.kind == KINDS[type(entry)] or asks_a_person, (source.shown, entry.id)
            _assert_same(entry, span)


def _assert_same(entry: Entry, span: Span) -> None:
    if entry.status in ("error", "cancelled", "blocked"):
        assert span.status == entry.status
    match entry:
        case ModelCall():
            if entry.usage is not None:
                assert span.usage == entry.usage
            if entry.recorded_cost_usd is not None:
                assert span.charge is not None
                assert span.charge.reported_usd == entry.recorded_cost_usd
            assert span.model_served == entry.model
        case ToolCall():
            assert (span.tool, span.tool_call_id) == (entry.tool, entry.call_id)
        case PersonAct():
            assert span.human is not None
            assert (span.human.asked, span.human.decision) == (entry.kind, entry.decision)
            assert span.human.auto == entry.auto
        case AgentRun():
            assert span.agent == entry.agent or span.agent == entry.name
        case Event():
            pass


@pytest.mark.parametrize("name", NAMES)
def test_protobuf_carries_every_span_whole(name: str) -> None:
    for source, transcript in transcripts_of(name):
        spans = to_spans(transcript)
        request = parse(encode_spans(spans), signal="traces", encoding="protobuf")
        assert spans_of(request) == [_listed(span) for span in spans], source.shown


def _listed(span: RawSpan) -> RawSpan:
    return span


@pytest.mark.parametrize("name", NAMES)
def test_times_do_not_run_backwards(name: str) -> None:
    for source, transcript in transcripts_of(name):
        spans = to_spans(transcript, placed_ns=1)
        assert all(0 < span.start_ns <= span.end_ns for span in spans), source.shown
        root = spans[0]
        assert all(root.start_ns <= span.start_ns for span in spans)
        assert all(span.end_ns <= root.end_ns for span in spans)


def test_every_real_sample_is_some_format_or_known_to_be_none() -> None:
    """What is left over are licences, tables, recordings of HTTP and reports."""
    taken = {source.shown for found in by_format().values() for source in found}
    left = [
        source.shown
        for source in sources()
        if source.shown not in taken
        and not any(known.belongs(source) for known in FORMATS)
        and not source.shown.endswith(("LICENSE", "LICENSE.txt", "LICENSE-genai-prices", ".md"))
    ]
    assert [shown for shown in left if not _is_no_session(shown)] == []


def _is_no_session(shown: str) -> bool:
    return shown.endswith((".yaml", ".csv.gz", ".sql")) or any(
        part in shown
        for part in ("/prices/", "/genai_schemas/", "/omnigent/", "score_golden", "source-v1")
    )
