"""
A file to be imported, opened: plain or gzip, as lines, as one JSON document, or by its path.

It reads and decodes; what the content means is for the formats.  Lines are read one at a time, so
a file of any length is no problem; a JSON document is held whole.
"""

import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from quarterdeck.errors import Invalid

HEAD_LINES = 5
"""Lines that recognizing a format may look at: Claude Code begins with summaries and snapshots."""

MAX_LINE_BYTES = 256 * 1024 * 1024
"""A line longer than this is no record of a session; it is reported and skipped."""

_GZIP = b"\x1f\x8b"


UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading may raise: no permission, a gzip file that ends early or is damaged."""


_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b')
"""A text, kept, or what Python and JavaScript write for a number that JSON does not have."""


def _null(found: re.Match[bytes]) -> bytes:
    return found.group() if found.group().startswith(b'"') else b"null"


def decode(text: bytes) -> Any:
    """
    One JSON value; NaN and Infinity in it are null, as numbers that are not told.

    Raises `Invalid` for what is none, or is nested too deep to be a record.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if b"NaN" in text or b"Infinity" in text:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return msgspec.json.decode(_NO_NUMBER.sub(_null, text))
        raise Invalid(f"not JSON: {error}", hint="Is it the file that was meant?") from error
    except RecursionError as error:
        raise Invalid("nested too deep", hint="No recorder writes such a file.") from error


class Line(NamedTuple):
    number: int
    """From 1."""
    text: bytes
    """Without its line end.  Never blank."""
    ended: bool
    """Whether a line end followed: the last line of a file that is being written may be half."""


class Source:
    """
    One file.  Every property is read when first asked for and kept.

    Raises `OSError` where the file can't be read, and `Invalid` where `document` is no JSON.
    """

    def __init__(self, path: Path, *, shown: str = "") -> None:
        self.path = path
        self.shown = shown or str(path)
        """The path as the user named it, for reports."""

    @property
    def name(self) -> str:
        """The file's name without `.gz`."""
        return self.path.name.removesuffix(".gz")

    @property
    def stem(self) -> str:
        """The name without its last extension."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def extension(self) -> str:
        """`.jsonl`, `.json`, `.traj`, …; "" where the name has none.  Lower case."""
        return Path(self.name).suffix.lower()

    @cached_property
    def written_ns(self) -> int:
        """When the file was last changed."""
        return self.path.stat().st_mtime_ns

    def open(self) -> io.BufferedIOBase:
        file = self.path.open("rb")
        magic = file.read(2)
        file.seek(0)
        return gzip.GzipFile(fileobj=file) if magic == _GZIP else file

    def lines(self) -> Iterator[Line]:
        """Its lines that are not blank.  An overlong one comes cut, and so fails to decode."""
        with self.open() as file:
            number = 0
            while text := file.readline(MAX_LINE_BYTES):
                number += 1
                bare = text.strip(b"\r\n \t\x00")
                if bare:
                    yield Line(number, bare, text.endswith(b"\n"))

    @cached_property
    def head(self) -> tuple[Any, ...]:
        """The first lines that are JSON, decoded; empty where the first line is not JSON."""
        found: list[Any] = []
        with suppress(*UNREADABLE):
            for line in self.lines():
                try:
                    found.append(decode(line.text))
                except Invalid:
                    if not found:
                        break
                if len(found) == HEAD_LINES:
                    break
        return tuple(found)

    @cached_property
    def document(self) -> Any:
        """The whole file as one JSON value.  Raises `Invalid`."""
        with self.open() as file:
            data = file.read()
        return decode(data)

    @cached_property
    def top(self) -> Any:
        """The document, or None where the file is not one JSON value: never raises."""
        with suppress(Invalid, *UNREADABLE):
            return self.document
        return None

    def has_keys(self, *keys: str) -> bool:
        """Whether the file is one JSON object that has all of `keys`."""
        return isinstance(self.top, dict) and all(key in self.top for key in keys)

    def beside(self, name: str) -> "Source | None":
        """A file of the same folder, by its relative path, if it is there (plain or gzip)."""
        for candidate in (self.path.parent / name, self.path.parent / f"{name}.gz"):
            if candidate.is_file():
                return Source(candidate, shown=str(Path(self.shown).parent / name))
        return None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the (unpacked) content, as hex."""
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(*parts: object) -> str:
    """32 hex digits of what was recorded, for a session that has no id of its own."""
    text = msgspec.json.encode(parts, order="deterministic", enc_hook=str)
    return hashlib.sha256(text).hexdigest()[:32]
