"""
Which files a path means, and what each of them is.

A folder means every file below it, in the order of their names.  A file that no format knows is
told and not read; so is one that is only read together with another.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.source import Source

_NEVER = frozenset({".git", "node_modules", "__pycache__", ".venv"})
"""Folders that hold thousands of files and no session."""


class Found(NamedTuple):
    source: Source
    format: Format | None
    """None: no format knows it, or it belongs to another file."""
    belongs: bool = False
    """Read together with another file."""


def find(paths: Sequence[Path]) -> Iterator[Source]:
    """
    The files that `paths` mean, each once, in order.

    Raises `NotFound` for a path that is not there, before the first file is given.
    """
    for path in paths:
        if not path.exists():
            raise NotFound(f"no such file or folder: {str(path)!r}", hint="Check the path.")
    return _walk(paths)


def _walk(paths: Sequence[Path]) -> Iterator[Source]:
    seen: set[Path] = set()
    for path in paths:
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield Source(file)


def _below(folder: Path) -> Iterator[Path]:
    with suppress(PermissionError):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                if entry.name not in _NEVER:
                    yield from _below(entry)
            elif entry.is_file():
                yield entry


def recognize(source: Source, formats: Sequence[Format] = FORMATS) -> Found:
    """
    Raises `OSError` where the file can't be read.
    """
    for known in formats:
        if known.recognizes(source):
            return Found(source, known)
    return Found(source, None, belongs=any(known.belongs(source) for known in formats))


def named(name: str, formats: Sequence[Format] = FORMATS) -> Format:
    """The format of this name.  Raises `Invalid`, with all names."""
    for known in formats:
        if known.name == name:
            return known
    raise Invalid(
        f"no format is called {name!r}",
        hint=f"Known: {', '.join(sorted(known.name for known in formats))}.",
    )
