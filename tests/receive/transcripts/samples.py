"""Real files of every kind, and which format each is."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conftest import SHARED
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.source import Source

FOLDERS = (
    "data",
    "captures/claude_code_transcripts",
    "captures/openclaw_2026.4.29_transcripts",
)


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((SHARED / folder).rglob("*")):
            # Runs of experiments: hundreds of one-line files, and no session among them.
            if path.is_file() and "mlruns" not in path.parts:
                yield path


@cache
def sources() -> tuple[Source, ...]:
    return tuple(Source(path, shown=str(path.relative_to(SHARED))) for path in _files())


@cache
def by_format() -> dict[str, tuple[Source, ...]]:
    found: dict[str, list[Source]] = {known.name: [] for known in FORMATS}
    for source in sources():
        for known in FORMATS:
            if known.recognizes(source):
                found[known.name].append(source)
    return {name: tuple(items) for name, items in found.items()}


def format_named(name: str) -> Format:
    return next(known for known in FORMATS if known.name == name)
