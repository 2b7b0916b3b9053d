"""
The intake spool: what has been acknowledged and is not yet in the store.

One SQLite file in WAL mode with `synchronous=FULL`.  `append` returns only when its row is
fsynced, so that a 2xx survives kill -9 and power loss.  One writer thread commits whatever
waits as one transaction (group commit): a disk that syncs 300 times a second then takes
thousands of requests a second.

The spool is bounded, and says so by `TryAgain`: over `max_bytes`, on a full or broken disk,
after `close`.  It never drops a row: what can't be processed moves to the quarantine table
with its error, and can be put back.  Only when the quarantine itself outgrows its own limit is
its oldest row deleted, counted.

Opening never needs a human: a torn tail of the log is SQLite's to cut, a corrupt file is set
aside under another name and whatever rows of it are whole are taken over, counted.  Each row
carries a checksum, so that a flipped bit is noticed rather than stored.

Lifecycle: `open_spool` makes it ready, `close` may be called twice; after it every call
answers `TryAgain`.  Any thread may call any method.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
import uuid
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from quarterdeck.errors import TryAgain
from quarterdeck.receive.otlp_decode import parse
from quarterdeck.receive.otlp_request import Door, Encoding, Request

_MIB = 1024 * 1024

MAX_QUARANTINE_BYTES = 256 * _MIB
"""Bodies that can't be processed are for a developer to look at: more than this helps nobody."""
_MAX_GROUP_BYTES = 32 * _MIB
"""One transaction: a longer one would keep the first of its senders waiting."""
_RECENT_BYTES = 12 * _MIB
"""Bodies that are kept parsed between append and read, which saves decompressing and parsing
them again: about 2 us a span.  Parsed, a body takes about three times its size."""
_CHECKED_FILE_BYTES = 512 * _MIB
"""Up to this size the file is checked when opened, at about 1 GB/s."""


class Appended(NamedTuple):
    """What a caller hands over.  `body` is redacted and not compressed."""

    project_id: str
    signal: Door
    encoding: Encoding
    items: int
    body: bytes
    parsed: Request | None = None


class SpoolRow(NamedTuple):
    """
    One acknowledged body.  `request` raises `Corrupt` or `Invalid` if it can't be read as OTLP;
    `body` is a `wire.Reading` as JSON where `signal` is "wire".
    """

    id: int
    received_ns: int
    project_id: str
    signal: Door
    encoding: Encoding
    items: int
    packed: bytes
    checksum: int
    parsed: Request | None = None

    def request(self) -> Request:
        if self.parsed is not None:
            return self.parsed
        if self.signal == "wire":
            raise Corrupt(f"row {self.id} holds no OTLP request")
        return parse(self.body(), signal=self.signal, encoding=self.encoding)

    def body(self) -> bytes:
        if _checksum(self) != self.checksum:
            raise Corrupt(f"row {self.id} is not what was written: its checksum differs")
        try:
            return zstandard.ZstdDecompressor().decompress(self.packed)
        except zstandard.ZstdError as error:
            raise Corrupt(f"row {self.id} can't be decompressed: {error}") from error


class Corrupt(Exception):  # noqa: N818  # like the tree of errors.py; never leaves the pipeline
    """A row on disk is not what was written."""


class SpoolState(NamedTuple):
    """For /readyz and /metrics."""

    rows: int
    items: int
    bytes: int
    oldest_received_ns: int
    """0 when nothing waits."""
    quarantined_rows: int
    quarantined_items: int
    quarantine_evicted_rows: int
    corrupt_files: int
    """Files that were set aside since the process started."""
    write_failures: int
    recovered_items: dict[Door, int]
    """Items found in the file when it was opened."""
    lost_rows: int
    """Rows of corrupt files that could not be taken over."""


def _checksum(row: "SpoolRow | _Waiting") -> int:
    head = f"{row.project_id}\0{row.signal}\0{row.encoding}\0{row.items}\0{row.received_ns}"
    return zlib.crc32(row.packed, zlib.crc32(head.encode()))


class _Waiting(NamedTuple):
    """A row on its way to disk, and whom to tell."""

    project_id: str
    signal: Door
    encoding: Encoding
    items: int
    packed: bytes
    received_ns: int
    size: int
    """Bytes before compression."""
    parsed: Request | None
    done: Future[int]


class _Size(NamedTuple):
    """What is counted of a row on disk."""

    bytes: int
    items: int
    received_ns: int
    project_id: str


_NOTHING = _Size(0, 0, 0, "")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ns INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    encoding TEXT NOT NULL,
    items INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY,
    received_ns INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    encoding TEXT NOT NULL,
    items INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL,
    error TEXT NOT NULL,
    quarantined_ns INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# A flipped bit can change a value's type; such a row is no row.
_WHOLE = "typeof(received_ns) = 'integer' AND typeof(items) = 'integer' AND typeof(body) = 'blob'"
_COLUMNS = "id, received_ns, project_id, signal, encoding, items, body, checksum"


def open_spool(
    path: Path,
    *,
    max_bytes: int,
    max_quarantine_bytes: int = MAX_QUARANTINE_BYTES,
    now_ns: Callable[[], int] = time.time_ns,
) -> "Spool":
    """
    The spool in this file, made if absent, ready for use.

    Raises `OSError` or `sqlite3.Error` only when no usable file can be made at all (a missing
    folder, no permission, a full disk).
    """
    opened = _open_or_replace(path, now_ns)
    return Spool(
        opened,
        path=path,
        max_bytes=max_bytes,
        max_quarantine_bytes=max_quarantine_bytes,
        now_ns=now_ns,
    )


_SURROUNDINGS = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip


def _is_surroundings(error: Exception) -> bool:
    """Whether the disk or its permissions are the trouble, and not what the file holds."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code != sqlite3.SQLITE_IOERR_SHORT_READ and code & 0xFF in _SURROUNDINGS


class _Opened(NamedTuple):
    db: sqlite3.Connection
    rescued: Sequence[SpoolRow] = ()
    lost_rows: int = 0
    corrupt_files: int = 0


def _open_or_replace(path: Path, now_ns: Callable[[], int], *, above_id: int = 0) -> _Opened:
    """Ids of a new file begin above `above_id`, and above those of any earlier file."""
    try:
        return _Opened(_ready(_connect(path), first_id=max(above_id, now_ns() // 1000)))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # A damaged schema can come back as an error message that is not UTF-8.
        if _is_surroundings(error):
            raise  # a new file would not be better
    rescued, lost = _rescue(_set_aside(path))
    db = _ready(_connect(path), first_id=max(above_id, now_ns() // 1000))
    return _Opened(db, rescued, lost, corrupt_files=1)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.text_factory = _lenient_text
        # Bigger pages: a row is a blob of about 100 kB.
        db.execute("PRAGMA page_size=16384")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=1000")
        db.execute("PRAGMA journal_size_limit=33554432")
        db.execute("PRAGMA cache_size=-2000")
    except BaseException:
        db.close()
        raise
    return db


def _lenient_text(text: bytes) -> str:
    """A flipped bit must not make a row unreadable: its checksum will tell."""
    return text.decode("utf-8", "replace")


def _ready(db: sqlite3.Connection, *, first_id: int) -> sqlite3.Connection:
    """Raises `sqlite3.DatabaseError` when the file is damaged."""
    try:
        _check(db)
        db.executescript(_SCHEMA)
        db.execute(
            "INSERT OR IGNORE INTO about (key, value) VALUES ('identity', ?)", (uuid.uuid4().hex,)
        )
        if db.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'queue'").fetchone() is None:
            db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('queue', ?)", (first_id,))
        # The schema is data too, and can be damaged.
        db.execute(f"SELECT {_COLUMNS} FROM queue LIMIT 0")
        db.execute(f"SELECT {_COLUMNS}, error, quarantined_ns FROM quarantine LIMIT 0")
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    page_size = db.execute("PRAGMA page_size").fetchone()[0]
    if pages * page_size > _CHECKED_FILE_BYTES:
        return
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"malformed: {verdict}")


def _set_aside(path: Path) -> Path:
    """Rename a corrupt file and its log; the new name says what it is."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _rescue(aside: Path) -> tuple[list[SpoolRow], int]:
    """The whole rows of a corrupt file, and the number of rows that could be seen but not read."""
    rows: dict[int, SpoolRow] = {}
    seen: set[int] = set()
    with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
        db = sqlite3.connect(aside, isolation_level=None)
        db.text_factory = _lenient_text
        try:
            with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
                seen = {number for (number,) in db.execute("SELECT rowid FROM queue")}
            for order in ("ASC", "DESC"):  # a damaged page is reached from both sides
                with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
                    # By position: a column's name can be what is damaged.
                    for found in db.execute(f"SELECT * FROM queue ORDER BY rowid {order}"):
                        number, received_ns, project_id, signal, encoding, items, crc, body = found
                        row = SpoolRow(
                            number, received_ns, project_id, signal, encoding, items, body, crc
                        )
                        seen.add(row.id)
                        if not isinstance(body, bytes) or not isinstance(items, int):
                            continue
                        if _checksum(row) == row.checksum:
                            rows[row.id] = row
        finally:
            db.close()
    return [rows[number] for number in sorted(rows)], len(seen - rows.keys())


class Spool:
    """See the module.  Made by `open_spool`."""

    def __init__(
        self,
        opened: _Opened,
        *,
        path: Path,
        max_bytes: int,
        max_quarantine_bytes: int,
        now_ns: Callable[[], int],
    ) -> None:
        self.path = path
        self._db = opened.db
        self._max_bytes = max_bytes
        self._max_quarantine_bytes = max_quarantine_bytes
        self._now_ns = now_ns
        self._lock = threading.Condition()
        """Protects everything below it, and never the disk."""
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._to_delete: list[int] = []
        self._acts: deque[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]] = deque()
        self._recent: OrderedDict[int, tuple[SpoolRow, int]] = OrderedDict()
        """Rows still in memory, with their size before compression."""
        self._recent_bytes = 0
        self._closing = False
        self._sizes: dict[int, _Size] = {}
        """Rows on disk, in the order of ids."""
        self._ids_of: dict[str, dict[int, None]] = {}
        """The same ids by project; without projects that have none."""
        self._bytes = self._items = 0
        self._quarantined = (0, 0, 0)
        self._evicted = self._corrupt_files = self._lost_rows = self._write_failures = 0
        self._disk = threading.Lock()
        """Protects the connection `_db`."""
        self._recovered: dict[Door, int] = {}
        self._begin(opened)
        self._recovered = self._items_by_signal()
        self._writer = threading.Thread(target=self._write_loop, name="spool-writer", daemon=True)
        self._writer.start()

    # ------------------------------------------------------------------------------- appending

    async def append(self, row: Appended) -> int:
        """
        The row's id, once it is on disk.  Raises `TryAgain` when it could not be put there.

        A caller that is cancelled leaves the row to be written all the same: its sender will
        send it again, and a duplicate costs nothing.
        """
        return await asyncio.wrap_future(self.submit(row))

    def submit(self, row: Appended) -> Future[int]:
        """`append` for callers without an event loop: a future of the row's id."""
        packed = zstandard.ZstdCompressor(level=1).compress(row.body)
        waiting = _Waiting(
            project_id=row.project_id,
            signal=row.signal,
            encoding=row.encoding,
            items=row.items,
            packed=packed,
            received_ns=self._now_ns(),
            size=len(row.body),
            parsed=row.parsed,
            done=Future(),
        )
        with self._lock:
            self._refuse_if_unable(len(packed))
            self._waiting.append(waiting)
            self._waiting_bytes += len(packed)
            self._lock.notify_all()
        return waiting.done

    def refuse_if_full(self) -> None:
        """Raises `TryAgain` now, before a body is received that could not be kept."""
        with self._lock:
            self._refuse_if_unable(0)

    def _refuse_if_unable(self, size: int) -> None:
        if self._closing:
            raise TryAgain("the server is shutting down", code="shutting_down", retry_after_s=5)
        if self._bytes + self._waiting_bytes + self._quarantined[2] + size > self._max_bytes:
            raise TryAgain(
                "the intake spool is full: data arrives faster than it is stored",
                code="spool_full",
                retry_after_s=5,
            )

    # ------------------------------------------------------------------------ reading, deleting

    def read(self, after_id: int, *, max_items: int, max_bytes: int) -> list[SpoolRow]:
        """
        Rows with a higher id, in the order of ids: at least one if there is any, then no more
        than the given items and compressed bytes.  Raises `TryAgain` on a broken disk.
        """
        with self._lock:
            rows = self._read_recent(after_id, max_items=max_items, max_bytes=max_bytes)
            if rows:
                return rows
            wanted, items, size = list[int](), 0, 0
            for number, (row_bytes, row_items, _, _) in self._sizes.items():
                if number <= after_id:
                    continue
                if wanted and (items + row_items > max_items or size + row_bytes > max_bytes):
                    break
                wanted.append(number)
                items += row_items
                size += row_bytes
        if not wanted:
            return []
        try:
            with self._disk:
                found = self._db.execute(
                    f"SELECT {_COLUMNS} FROM queue"
                    f" WHERE id >= ? AND id <= ? AND {_WHOLE} ORDER BY id",
                    (wanted[0], wanted[-1]),
                ).fetchall()
        except sqlite3.Error as error:
            # If the file is damaged, what is whole of it is moved to a new one.
            self._reconnect()
            raise TryAgain(f"the intake spool can't be read: {error}") from error
        return [SpoolRow(*row) for row in found]

    def _read_recent(self, after_id: int, *, max_items: int, max_bytes: int) -> list[SpoolRow]:
        """From memory, if the next rows are still there."""
        rows, items, size = list[SpoolRow](), 0, 0
        following = next((number for number in self._sizes if number > after_id), 0)
        while following in self._recent:
            row = self._recent[following][0]
            if rows and (items + row.items > max_items or size + len(row.packed) > max_bytes):
                break
            rows.append(row)
            items += row.items
            size += len(row.packed)
            following += 1
        for row in rows:
            self._forget_recent(row.id)
        return rows

    def wait(self, after_id: int, timeout_s: float) -> bool:
        """Whether a row with a higher id is there, after waiting for one that long at most."""
        with self._lock:
            return self._lock.wait_for(
                lambda: self._closing or self._last_id() > after_id, timeout_s
            ) and (self._last_id() > after_id)

    def last_id(self, project_id: str) -> int:
        """Of the project's newest acknowledged row that waits; 0 = none."""
        with self._lock:
            return next(reversed(self._ids_of.get(project_id, {})), 0)

    def is_done(self, project_id: str, number: int) -> bool:
        """Whether no row of the project up to this id waits any more."""
        with self._lock:
            return next(iter(self._ids_of.get(project_id, ())), number + 1) > number

    def _last_id(self) -> int:
        return next(reversed(self._sizes), 0)

    def delete(self, ids: Sequence[int]) -> None:
        """Forget rows that the store has.  Lazy: written with the next commit, or within a
        second.  A kill in between costs a repetition, which the store recognizes."""
        with self._lock:
            self._to_delete.extend(ids)
            for number in ids:
                self._drop(number)
            self._lock.notify_all()

    def quarantine(self, ids: Sequence[int], error: str) -> None:
        """Move rows aside with the reason.  Returns when that is on disk; raises `TryAgain`."""
        if ids:
            now_ns = self._now_ns()
            self._do(lambda db: self._move_aside(db, ids, error[:2000], now_ns))
            with self._lock:
                for number in ids:
                    self._drop(number)

    def requeue_quarantined(self) -> int:
        """Put every quarantined row back at the end of the queue: how many rows that were."""
        rows: list[tuple[int, _Size]] = self._do(_take_back)
        with self._lock:
            for number, size in rows:
                self._keep(number, size)
            self._quarantined = (0, 0, 0)
            self._lock.notify_all()
        return len(rows)

    def state(self) -> SpoolState:
        with self._lock:
            oldest = next(iter(self._sizes.values()), _NOTHING).received_ns
            if self._waiting:
                oldest = min(oldest or 2**63, self._waiting[0].received_ns)
            return SpoolState(
                rows=len(self._sizes),
                items=self._items,
                bytes=self._bytes,
                oldest_received_ns=oldest,
                quarantined_rows=self._quarantined[0],
                quarantined_items=self._quarantined[1],
                quarantine_evicted_rows=self._evicted,
                corrupt_files=self._corrupt_files,
                write_failures=self._write_failures,
                recovered_items=dict(self._recovered),
                lost_rows=self._lost_rows,
            )

    def close(self) -> None:
        """Write what waits, then close the file.  A second call does nothing."""
        with self._lock:
            first = not self._closing
            self._closing = True
            self._lock.notify_all()
        self._writer.join()
        if first:
            with self._disk:
                self._db.close()

    # -------------------------------------------------------------------------------- the writer

    def _write_loop(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(self._has_work, timeout=1.0)
                if self._closing and not self._has_urgent_work() and not self._to_delete:
                    return
                group = self._take_group()
                acts = list(self._acts)
                self._acts.clear()
                deletes, self._to_delete = self._to_delete, []
            if group or deletes:
                self._commit(group, deletes)
            for act, done in acts:
                self._run(act, done)

    def _has_urgent_work(self) -> bool:
        return bool(self._waiting or self._acts)

    def _has_work(self) -> bool:
        # Deletes alone wait for the second to pass: they cost a sync and hurry nobody.
        return self._has_urgent_work() or self._closing or len(self._to_delete) > 256

    def _take_group(self) -> list[_Waiting]:
        group, size = list[_Waiting](), 0
        while self._waiting and (not group or size < _MAX_GROUP_BYTES):
            row = self._waiting.popleft()
            size += len(row.packed)
            group.append(row)
        self._waiting_bytes -= size
        return group

    def _commit(self, group: list[_Waiting], deletes: list[int]) -> None:
        try:
            with self._disk:
                ids = _write_group(self._db, group, deletes)
        except (sqlite3.Error, OSError) as error:
            self._fail(group, deletes, error)
            return
        with self._lock:
            for number, row in zip(ids, group, strict=True):
                self._keep(
                    number, _Size(len(row.packed), row.items, row.received_ns, row.project_id)
                )
                self._remember(number, row)
            self._lock.notify_all()
        for number, row in zip(ids, group, strict=True):
            if row.done.set_running_or_notify_cancel():
                row.done.set_result(number)

    def _fail(self, group: list[_Waiting], deletes: list[int], error: Exception) -> None:
        """The disk said no: nothing of the group is acknowledged, and the file is opened anew."""
        with self._lock:
            self._write_failures += 1
            self._to_delete = deletes + self._to_delete
            closing = self._closing
            if closing:
                self._to_delete = []
        refusal = TryAgain(
            f"the intake spool can't be written: {error}", code="spool_failed", retry_after_s=2
        )
        for row in group:
            if row.done.set_running_or_notify_cancel():
                row.done.set_exception(refusal)
        if not closing:
            self._reconnect()

    def _reconnect(self) -> None:
        with self._disk:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            with self._lock:
                last_id = self._last_id()
            try:
                opened = _open_or_replace(self.path, self._now_ns, above_id=last_id)
            except (sqlite3.Error, OSError):
                return  # a closed connection fails: the next group comes here again
            self._db = opened.db
            if opened.corrupt_files:
                with self._lock:
                    self._begin(opened)

    def _run(self, act: Callable[[sqlite3.Connection], Any], done: Future[Any]) -> None:
        try:
            with self._disk:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    result = act(self._db)
                    self._db.execute("COMMIT")
                except BaseException:
                    _roll_back(self._db)
                    raise
        except (sqlite3.Error, OSError) as error:
            with self._lock:
                self._write_failures += 1
            done.set_exception(
                TryAgain(f"the intake spool can't be written: {error}", code="spool_failed")
            )
        else:
            done.set_result(result)

    def _do(self, act: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run something in the writer, in a transaction of its own; returns when on disk."""
        done: Future[Any] = Future()
        with self._lock:
            if self._closing:
                raise TryAgain("the spool is closed", code="shutting_down")
            self._acts.append((act, done))
            self._lock.notify_all()
        return done.result()

    def _move_aside(
        self, db: sqlite3.Connection, ids: Sequence[int], error: str, now_ns: int
    ) -> None:
        for number in ids:
            db.execute(
                "INSERT OR REPLACE INTO quarantine SELECT id, received_ns, project_id, signal,"
                " encoding, items, checksum, body, ?, ? FROM queue WHERE id = ?",
                (error, now_ns, number),
            )
            db.execute("DELETE FROM queue WHERE id = ?", (number,))
        evicted = 0
        while (counts := _quarantine_counts(db))[2] > self._max_quarantine_bytes:
            evicted += db.execute(
                "DELETE FROM quarantine WHERE id = (SELECT id FROM quarantine"
                " ORDER BY quarantined_ns, id LIMIT 1)"
            ).rowcount
        with self._lock:
            self._quarantined = counts
            self._evicted += evicted

    # ------------------------------------------------------------------------------ the counts

    def _begin(self, opened: _Opened) -> None:
        """Count what a file holds, after putting back what was rescued from the one before."""
        for row in opened.rescued:
            _insert(opened.db, row)
        self._corrupt_files += opened.corrupt_files
        self._lost_rows += opened.lost_rows
        self._sizes.clear()
        self._ids_of.clear()
        self._recent.clear()
        self._bytes = self._items = self._recent_bytes = 0
        for number, *size in opened.db.execute(
            "SELECT id, length(body), items, received_ns, project_id"
            f" FROM queue WHERE {_WHOLE} ORDER BY id"
        ):
            self._keep(number, _Size(*size))
        self._quarantined = _quarantine_counts(opened.db)
        self.identity = _identity(opened.db)

    def _items_by_signal(self) -> dict[Door, int]:
        return dict(
            self._db.execute(f"SELECT signal, sum(items) FROM queue WHERE {_WHOLE} GROUP BY signal")
        )

    def _keep(self, number: int, size: _Size) -> None:
        self._sizes[number] = size
        self._ids_of.setdefault(size.project_id, {})[number] = None
        self._bytes += size.bytes
        self._items += size.items

    def _drop(self, number: int) -> None:
        self._forget_recent(number)
        size = self._sizes.pop(number, None)
        if size is None:
            return
        ids = self._ids_of[size.project_id]
        del ids[number]
        if not ids:
            del self._ids_of[size.project_id]
        self._bytes -= size.bytes
        self._items -= size.items

    def _remember(self, number: int, row: _Waiting) -> None:
        if row.parsed is None or self._recent_bytes + row.size > _RECENT_BYTES:
            return
        spooled = SpoolRow(
            id=number,
            received_ns=row.received_ns,
            project_id=row.project_id,
            signal=row.signal,
            encoding=row.encoding,
            items=row.items,
            packed=row.packed,
            checksum=_checksum(row),
            parsed=row.parsed,
        )
        self._recent[number] = (spooled, row.size)
        self._recent_bytes += row.size

    def _forget_recent(self, number: int) -> None:
        _, size = self._recent.pop(number, (None, 0))
        self._recent_bytes -= size


def _identity(db: sqlite3.Connection) -> str:
    """Unique to one file, so that batches of two files are never taken for one another."""
    return str(db.execute("SELECT value FROM about WHERE key = 'identity'").fetchone()[0])


def _roll_back(db: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if db.in_transaction:
            db.execute("ROLLBACK")


def _write_group(
    db: sqlite3.Connection, group: Sequence[_Waiting], deletes: Sequence[int]
) -> list[int]:
    """One transaction; the ids of the new rows."""
    db.execute("BEGIN IMMEDIATE")
    try:
        ids = [_insert(db, row) for row in group]
        db.executemany("DELETE FROM queue WHERE id = ?", ((number,) for number in deletes))
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise
    return ids


def _insert(db: sqlite3.Connection, row: "_Waiting | SpoolRow") -> int:
    number = db.execute(
        "INSERT INTO queue (received_ns, project_id, signal, encoding, items, checksum, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row.received_ns, row.project_id, row.signal, row.encoding, row.items,
            _checksum(row), row.packed,
        ),
    ).lastrowid  # fmt: skip
    assert number is not None  # noqa: S101  # SQLite gives one after every INSERT
    return number


def _quarantine_counts(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Rows, items, bytes."""
    rows, items, size = db.execute(
        "SELECT count(*), coalesce(sum(items), 0), coalesce(sum(length(body)), 0) FROM quarantine"
    ).fetchone()
    return rows, items, size


def _take_back(db: sqlite3.Connection) -> list[tuple[int, _Size]]:
    """Id and size of each row put back in the queue."""
    numbers = [number for (number,) in db.execute("SELECT id FROM quarantine ORDER BY id")]
    back = []
    for number in numbers:
        new = db.execute(
            "INSERT INTO queue (received_ns, project_id, signal, encoding, items, checksum, body)"
            " SELECT received_ns, project_id, signal, encoding, items, checksum, body"
            " FROM quarantine WHERE id = ?",
            (number,),
        ).lastrowid
        size = db.execute(
            "SELECT length(body), items, received_ns, project_id FROM queue WHERE id = ?", (new,)
        ).fetchone()
        back.append((new or 0, _Size(*size)))
    db.execute("DELETE FROM quarantine")
    return back
