"""
Files that are being written: which of them changed since the last look.

It looks; it does not wait and does not read content.  Looking costs one `stat` a file, which is
less than a notification service of the system needs in code, and works on network folders too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from quarterdeck.receive.transcripts.files import files_below
from quarterdeck.receive.transcripts.format import Format

LIVE_FOR_S = 600.0
"""A file that was written so recently may go on: its session is shown as running.  Ten minutes
are longer than most tool calls; a session that goes on later is opened again by its new spans."""

EVERY_FILE = "**/*"
"""The pattern of a folder that the user named: the same files as without `--follow`."""


class Changed(NamedTuple):
    path: Path
    live: bool
    """Whether it may still grow; False comes once, when it has been quiet for long enough."""


class _Seen(NamedTuple):
    size: int
    written_ns: int
    live: bool


class Watch:
    """
    The files below some folders.  `look` gives those that are new, that changed, or that have gone
    quiet since the last call.  A file that goes away is forgotten.
    """

    def __init__(self, find: Callable[[], Iterator[Path]]) -> None:
        self._find = find
        self._seen: dict[Path, _Seen] = {}

    def forget(self) -> None:
        """The next look gives every file again: what was given before may not have arrived."""
        self._seen = {}

    def look(self, *, now_ns: int) -> list[Changed]:
        changed: list[Changed] = []
        there: dict[Path, _Seen] = {}
        for path in self._find():
            try:
                size, written_ns = _written(path)
            except OSError:
                continue
            live = now_ns - written_ns < LIVE_FOR_S * 1e9
            seen = _Seen(size, written_ns, live)
            there[path] = seen
            if self._seen.get(path) != seen:
                changed.append(Changed(path, live))
        self._seen = there
        return changed


def _written(path: Path) -> tuple[int, int]:
    """
    Size and time.  A database in use is written to its log first, and that into the file later:
    the log counts with the file.
    """
    stat = path.stat()
    if path.suffix in (".sqlite", ".sqlite3", ".db"):
        with suppress(OSError):
            log = path.with_name(path.name + "-wal").stat()
            return stat.st_size + log.st_size, max(stat.st_mtime_ns, log.st_mtime_ns)
    return stat.st_size, stat.st_mtime_ns


def default_folders(
    formats: Sequence[Format], environment: Mapping[str, str]
) -> list[tuple[Path, str]]:
    """(folder, pattern) of every agent that has one on this machine."""
    folders: list[tuple[Path, str]] = []
    for known in formats:
        for followed in known.follows:
            moved = environment.get(followed.variable) if followed.variable else None
            folder = Path(moved or followed.folder).expanduser()
            if folder.is_dir():
                folders.append((folder, followed.pattern))
    return folders


def files_in(folders: Sequence[tuple[Path, str]]) -> Iterator[Path]:
    """The files there are now, each once."""
    seen: set[Path] = set()
    for folder, pattern in folders:
        for path in _found(folder, pattern):
            if path not in seen:
                seen.add(path)
                yield path


def _found(folder: Path, pattern: str) -> list[Path]:
    """Empty where a folder goes away meanwhile: the next look finds what is left."""
    with suppress(OSError):
        if pattern == EVERY_FILE:
            return [path for path in files_below(folder) if path.is_file()]
        return [path for path in sorted(folder.glob(pattern)) if path.is_file()]
    return []
