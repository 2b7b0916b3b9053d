"""
Which files a path means, and what each of them is.

A folder means every file below it, in the order of their names.  A file that no format knows is
told and not read; so is one that is only read together with another.
"""

import stat
from collections.abc import Iterator, Sequence
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
    The files that `paths` mean, each once, in order; and each folder that can't be listed, which
    reading tells.

    Raises as `check_paths`, before the first file is given.
    """
    check_paths(paths)
    return _walk(paths)


def check_paths(paths: Sequence[Path]) -> None:
    """
    Raises `NotFound` for a path that is not there, `Invalid` for what is no file and no folder: a
    pipe that nobody writes to is waited for without end, a device has no end either.
    """
    for path in paths:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(
                f"no such file or folder: {str(path)!r}", hint="Check the path."
            ) from error
        except OSError as error:
            raise Invalid(f"{str(path)!r} can't be read: {error.strerror}") from error
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise Invalid(
                f"neither a file nor a folder: {str(path)!r}",
                hint="What comes through a pipe has to be written to a file first.",
            )


def _walk(paths: Sequence[Path]) -> Iterator[Source]:
    seen: set[Path] = set()
    for path in paths:
        for file in files_below(path) if path.is_dir() else [path]:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield Source(file)


def files_below(folder: Path) -> Iterator[Path]:
    """
    The regular files below it, by name; links to folders are not followed.

    A folder that can't be listed is given itself: whoever opens it learns why.
    """
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            if path.is_dir():
                waiting += sorted(filter(_is_walked, path.iterdir()), reverse=True)
            elif path.is_file():
                yield path
        except FileNotFoundError:
            continue  # gone since its folder was listed
        except OSError:
            yield path


def _is_walked(entry: Path) -> bool:
    return entry.name not in _NEVER and not (entry.is_symlink() and entry.is_dir())


def recognize(source: Source, formats: Sequence[Format] = FORMATS) -> Found:
    """
    Raises `OSError` where the file can't be read.
    """
    source.open().close()
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
