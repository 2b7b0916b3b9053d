"""
What could not be sent, on disk until the server is back.

One file for each request, as it will be sent: gzipped OTLP, secrets replaced before.  The folder
is the user's own (0700, files 0600) and bounded in bytes and age; when it is full the oldest
files go, since they would expire first.  A folder inside it belongs to one server and one key,
so that what was meant for one project is never sent to another; it is named by a hash, and the
key itself is never written.  What a process without a key left is sent by any that has one.

Any process may send what another left.  A lock keeps two from sending the same file; where the
system has none, or it fails, a file is sent twice, which is harmless: spans are known by id.
"""

import gzip
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from quarterdeck.normalize.redact import Pattern, Redactor
from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.sending.redaction import redacted

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"(\d{20})-\d+-\d+-(\d+)\.otlp\.gz")
_LOCK = "lock"
REFUSED = "refused"
"""Folder for what the server refused for good, kept to be looked at."""
REFUSED_MAX_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = 256 * 1024 * 1024
"""No file of ours unpacks to more; a stranger's bomb must not."""


class Waiting(NamedTuple):
    """A file of the spool."""

    path: Path
    spans: int
    size: int


class Spool:
    """The part of the spool that belongs to one server and key.  Used by one thread at a time."""

    def __init__(
        self, root: Path, *, url: str, api_key: str, max_bytes: int, max_age_s: float
    ) -> None:
        self._root = root
        self._folder = root / destination(url, api_key)
        self._unclaimed = root / destination(url, "")
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._api_key = api_key
        self._redactor: Redactor | None = None
        self._written = 0
        self._lock_file: int | None = None

    @property
    def root(self) -> Path:
        return self._root

    def add(self, body: bytes, *, spans: int) -> int:
        """
        Write one request; returns how many spans of older files had to go for it.

        Synced to disk before it returns.  Raises `OSError` when it can't be written.
        """
        content = gzip.decompress(body)
        clean = redacted(content, self._redaction())
        if clean is not content:
            body = gzip.compress(clean, 1)
        self._make(self._folder)
        self._write(self._folder, body, spans)
        return self._trim(self._folder, self._max_bytes)

    def set_aside(self, body: bytes, *, spans: int) -> None:
        """Keep what the server refused for good, within `REFUSED_MAX_BYTES`."""
        folder = self._folder / REFUSED
        self._make(self._folder)
        self._make(folder)
        clean = redacted(gzip.decompress(body), self._redaction())
        self._write(folder, gzip.compress(clean, 1), spans)
        self._trim(folder, REFUSED_MAX_BYTES)

    def waiting(self) -> list[Waiting]:
        """Oldest first; those that are too old or unreadable are left out."""
        found = _files(self._folder)
        if self._unclaimed != self._folder:
            found += _files(self._unclaimed)
        return sorted(found, key=lambda waiting: waiting.path.name)

    def size(self) -> int:
        return sum(waiting.size for waiting in self.waiting())

    def expire(self) -> int:
        """Remove what is too old; returns how many spans that were."""
        spans = 0
        too_old_ns = time.time_ns() - int(self._max_age_s * 1e9)
        for waiting in self.waiting():
            if int(waiting.path.name[:20]) >= too_old_ns:
                break
            if self.remove(waiting):
                spans += waiting.spans
        return spans

    def read(self, waiting: Waiting) -> bytes | None:
        """The body; None if another process has sent it meanwhile."""
        try:
            return waiting.path.read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, waiting: Waiting) -> bool:
        """Whether it was there."""
        try:
            waiting.path.unlink()
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether this process may send from the spool now: no other does."""
        if fcntl is None or not self._root.is_dir():
            yield True
            return
        self._lock_file = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            try:
                yield True
            finally:
                # Said aloud: a child forked meanwhile has the file open too, and closing ours
                # alone would leave the lock with it.
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)
        finally:
            descriptor, self._lock_file = self._lock_file, None
            if descriptor is not None:
                os.close(descriptor)

    def forget(self) -> None:
        """In a forked child: let go of the parent's lock without opening it."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def make_root(self) -> None:
        """Raises `OSError`."""
        self._make(self._root)

    def _redaction(self) -> Redactor:
        if self._redactor is None:
            own = [Pattern("quarterdeck_key", re.escape(self._api_key))] if self._api_key else []
            self._redactor = Redactor(own)
        return self._redactor

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)

    def _write(self, folder: Path, body: bytes, spans: int) -> None:
        self._written += 1
        name = f"{time.time_ns():020d}-{os.getpid()}-{self._written}-{spans}.otlp.gz"
        partly = folder / f"{name}.tmp"
        try:
            descriptor = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            partly.replace(folder / name)
        except OSError:
            partly.unlink(missing_ok=True)
            raise
        _sync_folder(folder)

    def _trim(self, folder: Path, max_bytes: int) -> int:
        found = sorted(_files(folder), key=lambda waiting: waiting.path.name)
        total = sum(waiting.size for waiting in found)
        spans = 0
        for waiting in found:
            if total <= max_bytes:
                break
            total -= waiting.size
            if self.remove(waiting):
                spans += waiting.spans
        return spans


def destination(url: str, api_key: str) -> str:
    """The folder of one server and key.  Keys are long and random: their hash tells nothing."""
    return hashlib.sha256(f"{url}\n{api_key}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _files(folder: Path) -> list[Waiting]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                named = _NAME.fullmatch(entry.name)
                if named and entry.is_file(follow_symlinks=False):
                    found.append(Waiting(Path(entry.path), int(named[2][:9]), entry.stat().st_size))
    except FileNotFoundError:
        return []
    except OSError as error:
        swallow("spool", error)
    return found


def _sync_folder(folder: Path) -> None:
    """So that the name is on disk too; not every system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
