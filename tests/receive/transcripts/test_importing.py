"""An import loses nothing: not to a server that goes away, and not to one file of many."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from weakref import ref

import pytest
from rich.console import Console

from quarterdeck.cli.imports import import_all
from quarterdeck.errors import TooLarge, TryAgain
from quarterdeck.receive.otlp_decode import parse, spans_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.importing import (
    BATCH_SPANS,
    Encoding,
    Importer,
    Sent,
    Signal,
)
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    Event,
    Read,
    Telemetry,
    ToolCall,
    Transcript,
)


class Server:
    """Keeps the names of the spans it takes; does not answer while it `is_away`."""

    def __init__(self, *, max_body_bytes: int = 10**9) -> None:
        self.is_away = False
        self.max_body_bytes = max_body_bytes
        self.names: set[str] = set()

    def send(self, signal: Signal, body: bytes, *, encoding: Encoding) -> Sent:
        if self.is_away:
            raise TryAgain("no Quarterdeck answers")
        if len(body) > self.max_body_bytes:
            raise TooLarge("the body is too large")
        if signal == "traces":
            self.names |= {s.name for s in spans_of(parse(body, signal=signal, encoding=encoding))}
        return Sent()


def made(read: Sequence[Transcript | Telemetry | BadLine] | Exception) -> Format:
    """A format that takes every file and reads `read` from it."""

    def items(source: Source) -> Iterator[Transcript | Telemetry | BadLine]:
        if isinstance(read, Exception):
            raise read
        yield from read

    return Format("made", "Made", recognizes=lambda _: True, read=items)


def steps(count: int, *, session_id: str = "s") -> Transcript:
    return Transcript(
        format="made",
        session_id=session_id,
        started_ns=10**18,
        entries=[Event(id=f"{n}", name=f"step {n}") for n in range(count)],
    )


def importer_of(server: Server, known: Format) -> Importer:
    return Importer(send=server.send, placed=lambda _: None, formats=[known])


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n")
    return Source(path)


def test_what_a_server_that_was_away_missed_is_sent_when_it_is_back(source: Source) -> None:
    count = BATCH_SPANS + 10
    server = Server()
    importer = importer_of(server, made([steps(count)]))
    server.is_away = True
    for _ in range(2):
        with pytest.raises(TryAgain):
            importer.add(source)
    server.is_away = False
    importer.add(source)
    importer.close()
    assert {f"step {n}" for n in range(count)} - server.names == set()


def test_what_could_not_be_sent_is_held_and_closing_again_sends_it(source: Source) -> None:
    server = Server()
    importer = importer_of(server, made([steps(3)]))
    importer.add(source)
    server.is_away = True
    with pytest.raises(TryAgain):
        importer.close()
    server.is_away = False
    importer.close()
    assert server.names >= {"step 0", "step 1", "step 2"}


def test_a_span_too_large_for_the_server_is_told_and_the_others_are_sent(source: Source) -> None:
    server = Server(max_body_bytes=50_000)
    large = ToolCall(id="x", tool="read", result="x" * 60_000)
    session = Transcript(
        format="made",
        session_id="s",
        started_ns=10**18,
        entries=[*steps(5).entries, large, Event(id="y", name="last")],
    )
    importer = importer_of(server, made([session]))
    importer.add(source)
    importer.close()
    assert server.names == {"made", *(f"step {n}" for n in range(5)), "last"}
    report = importer.report
    assert (report.spans, dict(report.rejected_because)) == (7, {"the body is too large": 1})


def test_a_passed_on_request_that_is_refused_is_told_by_its_file(source: Source) -> None:
    server = Server(max_body_bytes=10)
    importer = importer_of(server, made([Telemetry(signal="logs", body=b"x" * 20)]))
    importer.add(source)
    (bad,) = importer.report.bad_lines
    assert bad.path == source.shown
    assert "the body is too large" in bad.message


@pytest.mark.parametrize(
    "read",
    [
        KeyError("usage"),
        RecursionError("too deep"),
        [Transcript(format="made", session_id="twice",
                    entries=[Event(id="1", name="a"), Event(id="1", name="b")])],
    ],
    ids=["reading", "nesting", "ids"],
)  # fmt: skip
def test_a_file_that_its_format_fails_at_is_told_and_stops_no_other(
    read: Sequence[Transcript] | Exception, source: Source, tmp_path: Path
) -> None:
    def items(one: Source) -> Read:
        yield from (made(read) if one is source else made([steps(1)])).read(one)

    server = Server()
    known = Format("made", "Made", recognizes=lambda _: True, read=items)
    importer = importer_of(server, known)
    importer.add(source)
    (tmp_path / "b").touch()
    importer.add(Source(tmp_path / "b"))
    importer.close()
    assert "step 0" in server.names
    (bad,) = importer.report.bad_lines
    assert (bad.path, bad.number) == (source.shown, 0)
    assert "please report it" in bad.message


def test_an_attribute_that_json_can_not_carry_is_sent(source: Source) -> None:
    server = Server()
    odd = Event(id="1", name="odd", metadata={"count": 10**30, "path": "/srv/\udcff"})
    session = Transcript(format="made", session_id="s", started_ns=10**18, entries=[odd])
    importer = importer_of(server, made([session]))
    importer.add(source)
    importer.close()
    assert "odd" in server.names
    assert importer.report.bad_lines == []


def test_files_that_were_imported_are_not_kept(tmp_path: Path) -> None:
    seen: list[ref[Source]] = []

    def items(one: Source) -> Read:
        assert [before() for before in seen] == [None] * len(seen)
        seen.append(ref(one))
        yield steps(1)

    for name in "abc":
        (tmp_path / name).touch()
    sources = deque(Source(tmp_path / name) for name in "abc")
    known = Format("made", "Made", recognizes=lambda _: True, read=items)
    importer = importer_of(Server(), known)
    import_all(importer, sources, console=Console(quiet=True))
    assert len(seen) == 3
    assert importer.report.bad_lines == []
