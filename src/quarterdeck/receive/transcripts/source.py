"""
A file to be imported, opened: plain or gzip, as lines, as one JSON document, or by its path.

It reads and decodes; what the content means is for the formats.  Lines are read one at a time, so
a file of any length is no problem; a JSON document is held whole.
"""

import errno
import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from codecs import BOM_UTF8
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

MAX_DOCUMENT_BYTES = 1024 * 1024 * 1024
"""Unpacked.  The largest benchmark results known are some 300 MB; decoded, a document takes up to
ten times its size, and a packed file of a megabyte can hold a gigabyte of nothing."""

_BEGINNING = 256
"""Bytes: more white space than anybody writes before a document."""

_GZIP = b"\x1f\x8b"

_BLANK = b"\r\n \t\x00" + BOM_UTF8
"""Also what a crash leaves of a line that was announced and not written, and a byte order mark."""


UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading may raise: no permission, a gzip file that ends early or is damaged."""


_NO_NUMBER = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?\b(?:NaN|Infinity)\b', re.DOTALL)
"""
A text, kept, or what Python and JavaScript write for a number that JSON does not have.  A text
without an end is one too: so none is gone through twice.
"""


def _null(found: re.Match[bytes]) -> bytes:
    return found.group() if found.group().startswith(b'"') else b"null"


_HALF = re.compile(
    rb"(\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""
An escape or a whole pair, kept, or half of a character that takes two: recorders that cut a text
at a number of characters leave such.
"""


def _whole(found: re.Match[bytes]) -> bytes:
    return found[1] or rb"\ufffd"


def decode(text: bytes) -> Any:
    """
    One JSON value.  NaN and Infinity in it are null, as numbers that are not told; half of a
    character that takes two is the replacement character.

    Raises `Invalid` for what is none, or is nested too deep to be a record.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if mended := _mended(text):
                return msgspec.json.decode(mended)
        raise Invalid(f"not JSON: {error}", hint="Is it the file that was meant?") from error
    except RecursionError as error:
        raise Invalid("nested too deep", hint="No recorder writes such a file.") from error


def _mended(text: bytes) -> bytes:
    """What JavaScript and Python write and JSON does not know, brought to what it knows."""
    mended = _NO_NUMBER.sub(_null, text) if b"NaN" in text or b"Infinity" in text else text
    if b"\\ud" in mended or b"\\uD" in mended:
        mended = _HALF.sub(_whole, mended)
    return b"" if mended == text else mended


def _regular(path: str, flags: int) -> int:
    """Opens a file and nothing else: a pipe that nobody writes to would be waited for forever."""
    number = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # no such flag on Windows
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return number


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

    def packed(self) -> io.BufferedReader:
        """Its bytes as they lie on the disk.  Raises `OSError`, also for a pipe or a device."""
        return open(self.path, "rb", opener=_regular)

    def open(self) -> io.BufferedIOBase:
        """Its bytes, unpacked."""
        file = self.packed()
        magic = file.read(2)
        file.seek(0)
        return gzip.GzipFile(fileobj=file) if magic == _GZIP else file

    def lines(self) -> Iterator[Line]:
        """Its lines that are not blank.  An overlong one comes cut, and so fails to decode."""
        with self.open() as file:
            number = 0
            while text := file.readline(MAX_LINE_BYTES):
                number += 1
                bare = text.strip(_BLANK)
                if bare:
                    yield Line(number, bare, text.endswith(b"\n"))

    @cached_property
    def head(self) -> tuple[Any, ...]:
        """
        The first lines that are JSON, decoded; empty where the first is no JSON object or list.
        """
        found: list[Any] = []
        with suppress(*UNREADABLE):
            for line in self.lines() if self._opens_a_bracket() else ():
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
            data = file.read(MAX_DOCUMENT_BYTES + 1)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise Invalid(f"larger than {MAX_DOCUMENT_BYTES:,} bytes, and not made of lines")
        return decode(data.removeprefix(BOM_UTF8))

    @cached_property
    def top(self) -> Any:
        """
        The document, or None where the file is not one JSON object or list: never raises.

        Of one that can't be, by its beginning or its second line, no more than that is read.
        """
        with suppress(Invalid, *UNREADABLE):
            if len(self.head) < 2 and self._opens_a_bracket():
                return self.document
        return None

    def _opens_a_bracket(self) -> bool:
        """Whether it may begin with JSON: of a film of gigabytes no more is read."""
        with self.open() as file:
            return file.read(_BEGINNING).lstrip(_BLANK)[:1] in (b"", b"{", b"[")

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
