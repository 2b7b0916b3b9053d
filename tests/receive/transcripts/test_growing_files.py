"""
What was sent of a file while it was written stays true when it has grown: no span that a later
reading would not give again, since nothing takes a span back.
"""

from pathlib import Path

import pytest

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import claude_code, codex, gemini_cli, iflow, openclaw
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import Transcript

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts"
FORMATS = {
    module.FORMAT.name: module.FORMAT
    for module in (claude_code, codex, gemini_cli, iflow, openclaw)
}
FILES = [
    (name, path) for name in FORMATS for path in sorted((GOLDEN / name).rglob("*.jsonl"))
]  # fmt: skip


def _spans(of: Format, path: Path) -> dict[tuple[str, str], str]:
    """Trace and span id -> what it is called."""
    source = Source(path)
    if not of.recognizes(source):
        return {}
    return {
        (span.trace_id, span.span_id): span.name
        for item in of.read(source)
        if isinstance(item, Transcript)
        for span in to_spans(item, placed_ns=1, live=True)
    }


def _ghosts(of: Format, path: Path, folder: Path) -> set[str]:
    lines = path.read_bytes().splitlines(keepends=True)
    growing = folder / path.name
    sent: dict[tuple[str, str], str] = {}
    for until in range(1, len(lines) + 1):
        growing.write_bytes(b"".join(lines[:until]))
        sent |= _spans(of, growing)
    return {sent[key] for key in sent.keys() - _spans(of, growing).keys()}


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_a_growing_file_takes_nothing_back(name: str, path: Path, tmp_path: Path) -> None:
    assert _ghosts(FORMATS[name], path, tmp_path) == set()


def test_a_real_session_of_claude_code_takes_nothing_back(shared: Path, tmp_path: Path) -> None:
    for path in (shared / "captures" / "claude_code_transcripts").glob("*.jsonl"):
        assert _ghosts(claude_code.FORMAT, path, tmp_path) == set()


def test_a_file_without_a_word_is_no_session(tmp_path: Path) -> None:
    beginnings = {
        "claude_code": '{"type":"summary","summary":"x","leafUuid":"y"}',
        "codex": '{"type":"session_meta","timestamp":"2026-01-01T00:00:00Z","payload":{"id":"a"}}',
        "openclaw": '{"type":"session","id":"a","cwd":"/","timestamp":"2026-01-01T00:00:00Z"}',
        "gemini_cli": '{"sessionId":"a","projectHash":"b","startTime":"2026-01-01T00:00:00Z"}',
    }
    folder = tmp_path / "agents" / "main" / "sessions"
    folder.mkdir(parents=True)
    for name, line in beginnings.items():
        path = folder / f"{name}.jsonl"
        path.write_text(line + "\n")
        assert FORMATS[name].recognizes(Source(path)), name
        assert [type(item).__name__ for item in FORMATS[name].read(Source(path))] == ["Finding"]
