"""
The embedded event store: chDB, ClickHouse's engine inside this process.

One engine and one folder per process, and one process per folder: the engine is locked, and a
second opener gets `Misconfigured` naming the folder.  The settings below are part of what
"acknowledged means on disk" rests on: with the engine's defaults a power cut loses seconds of
acknowledged rows or leaves a store that does not open.

chDB ships no types, so the untyped calls end in this file.
"""

import contextlib
import ctypes
import shutil
import signal
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from quarterdeck.errors import Misconfigured, QuarterdeckError, TryAgain
from quarterdeck.storage.events.connection import (
    NO_PARAMS,
    Param,
    Params,
    ReadLimits,
    insert_settings,
    to_rows,
)
from quarterdeck.storage.events.faults import translate

_IDLE_HANDLES = 8
"""Handles kept for reuse.  One is cheap (0.2 ms, a few kB); more threads than this make their
own and close them."""

_MEMORY_LIMIT_BYTES = 2 << 30
"""Of all queries and merges together.  A list page uses 30 MB, a merge of wide rows 200 MB, so
this is reached by a question gone wrong; the engine's own default is 90 % of the machine."""

_CONFIG = """<clickhouse>
 <merge_tree>
  <fsync_after_insert>1</fsync_after_insert>
  <fsync_part_directory>1</fsync_part_directory>
  <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
  <min_compressed_bytes_to_fsync_after_merge>1</min_compressed_bytes_to_fsync_after_merge>
  <old_parts_lifetime>480</old_parts_lifetime>
  <non_replicated_deduplication_window>1000</non_replicated_deduplication_window>
  <text_index_max_memory_usage_before_flush>67108864</text_index_max_memory_usage_before_flush>
  <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
  <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
 </merge_tree>
 <max_server_memory_usage>{memory}</max_server_memory_usage>
 <mark_cache_size>67108864</mark_cache_size>
 <primary_index_cache_size>33554432</primary_index_cache_size>
 <index_mark_cache_size>33554432</index_mark_cache_size>
 <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
 <uncompressed_cache_size>0</uncompressed_cache_size>
 <query_condition_cache_size>16777216</query_condition_cache_size>
 <text_index_tokens_cache_size>16777216</text_index_tokens_cache_size>
 <text_index_header_cache_size>33554432</text_index_header_cache_size>
 <text_index_postings_cache_size>33554432</text_index_postings_cache_size>
 <mmap_cache_size>16</mmap_cache_size>
 <compiled_expression_cache_size>8388608</compiled_expression_cache_size>
 <background_pool_size>2</background_pool_size>
 <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
 <background_schedule_pool_size>4</background_schedule_pool_size>
 <background_common_pool_size>2</background_common_pool_size>
 <os_threads_nice_value_merge_mutate>10</os_threads_nice_value_merge_mutate>
 <background_move_pool_size>1</background_move_pool_size>
 <background_fetches_pool_size>1</background_fetches_pool_size>
 <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
 <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
 <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
 <tmp_path>{tmp}/</tmp_path>
 <backups><allowed_path>{backups}</allowed_path></backups>
</clickhouse>
"""

_SESSION_SETTINGS = (
    "max_execution_time = 120",
    "max_threads = 2",
    "output_format_arrow_string_as_string = 1",
    "output_format_arrow_low_cardinality_as_dictionary = 0",
    "output_format_arrow_compression_method = 'none'",
    "output_format_parallel_formatting = 0",
    "lightweight_deletes_sync = 2",
    "mutations_sync = 2",
    "log_queries = 0",
)


class ChdbEngine:
    """The one engine of this process.  Opening the same folder again shares it."""

    _current: "ChdbEngine | None" = None
    _opening = threading.Lock()
    """Guards `_current` and `users`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backups = folder / "backups"
        self.users = 0
        self._config = folder / "engine.xml"
        self._keeper: Any = None

    @classmethod
    def open(cls, folder: str | Path) -> "ChdbEngine":
        """Raises `Misconfigured` if the folder is locked, or another one is open here."""
        path = Path(folder).resolve()
        with cls._opening:
            engine = ChdbEngine._current
            if engine is None:
                engine = cls(path)
                engine.start()
                ChdbEngine._current = engine
            elif engine.folder != path:
                raise Misconfigured(
                    f"this process already holds the event store in {str(engine.folder)!r}",
                    hint="One process works on one data folder.",
                )
            engine.users += 1
            return engine

    def start(self) -> None:
        tmp = self.folder / "tmp"
        shutil.rmtree(tmp, ignore_errors=True)
        for part in (self.folder, tmp, self.backups):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.chmod(0o700)
        self._config.write_text(
            _CONFIG.format(memory=_MEMORY_LIMIT_BYTES, tmp=tmp, backups=self.backups)
        )
        self._config.chmod(0o600)
        # An open handle keeps the engine alive: the last one to close would stop it.
        self._keeper = self.new_handle()

    def new_handle(self) -> Any:
        with _signals_kept():
            from chdb.state.sqlitelike import connect

            try:
                handle = connect(f"{self.folder}/store?config-file={self._config}")
            except RuntimeError as error:
                raise _not_opened(error, self.folder) from error
        return handle

    def connect(
        self, database: str, *, owns_engine: bool = False, limits: ReadLimits | None = None
    ) -> "ChdbConnection":
        """`owns_engine`: closing the connection gives the engine back."""
        return ChdbConnection(
            self, database, owns_engine=owns_engine, limits=limits or ReadLimits()
        )

    def close(self) -> None:
        """Gives back one `open`; the engine stops with the last."""
        with ChdbEngine._opening:
            self.users = max(0, self.users - 1)
            if self.users == 0 and self._keeper is not None:
                self._keeper.close()
                self._keeper = None
                if ChdbEngine._current is self:
                    ChdbEngine._current = None


class ChdbConnection:
    """An `EventConnection` to one database of the engine."""

    cluster = ""

    def __init__(
        self, engine: ChdbEngine, database: str, *, owns_engine: bool, limits: ReadLimits
    ) -> None:
        self.database = database
        self._limits = limits
        self._engine = engine
        self._owns_engine = owns_engine
        self._idle: deque[Any] = deque()
        self._closed = False
        with self._handle(database="system") as handle:
            self._run(handle, f"CREATE DATABASE IF NOT EXISTS {_quoted(database)} ENGINE = Atomic")

    def arrow(self, sql: str, params: Params = NO_PARAMS) -> pa.Table:
        with self._handle() as handle:
            answer = self._run(handle, sql, params, form="ArrowStream")
            if len(answer) == 0:
                return pa.table({})
            # The answer's memory belongs to `answer`; the copy outlives it.
            return pa.ipc.open_stream(pa.py_buffer(answer.bytes())).read_all()

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[tuple[Any, ...]]:
        return to_rows(self.arrow(sql, params))

    def stream(self, sql: str, params: Params = NO_PARAMS) -> Iterator[pa.RecordBatch]:
        # A handle whose stream is open answers nothing else, so a stream has its own.
        handle = self._new_limited_handle()
        try:
            try:
                result = handle.send_query(sql, "ArrowStream", params=_texts(params))
                while (block := result.fetch()) is not None:
                    data = block.bytes()
                    if data:
                        yield from pa.ipc.open_stream(pa.py_buffer(data))
            except RuntimeError as error:
                raise translate(str(error)) from error
        finally:
            handle.close()

    def insert(self, table: str, batch: pa.RecordBatch, *, token: str = "") -> None:
        if batch.num_rows == 0:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        data = sink.getvalue().to_pybytes()
        columns = ", ".join(_quoted(name) for name in batch.schema.names)
        how = ", ".join(
            f"{name} = {_literal(value) if isinstance(value, str) else value}"
            for name, value in insert_settings(batch.num_rows, token).items()
        )
        sql = f"INSERT INTO {_quoted(table)} ({columns}) SETTINGS {how}"
        with self._handle() as handle:
            try:
                stream = handle.send_insert(sql, "ArrowStream")
                stream.append(data)
                stream.finish()
            except RuntimeError as error:
                raise translate(str(error)) from error

    def execute(self, sql: str, params: Params = NO_PARAMS) -> None:
        # A handle that has run one BACKUP refuses the next, so each statement has its own.
        with self._handle(database=self.database) as handle:
            self._run(handle, sql, params)

    def release_memory(self) -> None:
        # Three allocators: the engine's, Arrow's and Python's own.  After a burst they hold 200 MB.
        self.execute("SYSTEM JEMALLOC PURGE")
        pa.default_memory_pool().release_unused()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        if self._owns_engine:
            self._engine.close()

    def _run(self, handle: Any, sql: str, params: Params = NO_PARAMS, *, form: str = "TSV") -> Any:
        try:
            return handle.query(sql, form, params=_texts(params))
        except RuntimeError as error:
            raise translate(str(error)) from error

    def _new_handle(self, database: str) -> Any:
        handle = self._engine.new_handle()
        handle.query(f"USE {_quoted(database)}")
        handle.query("SET " + ", ".join(_SESSION_SETTINGS))
        return handle

    def _new_limited_handle(self) -> Any:
        handle = self._new_handle(self.database)
        limits = ", ".join(f"{name} = {value}" for name, value in self._limits.settings().items())
        handle.query(f"SET {limits}")
        return handle

    @contextlib.contextmanager
    def _handle(self, database: str = "") -> Iterator[Any]:
        if self._closed:
            raise QuarterdeckError("the event store is closed")
        try:
            handle = self._idle.pop() if not database else self._new_handle(database)
        except IndexError:
            handle = self._new_limited_handle()
        reusable = False
        try:
            yield handle
            reusable = not database
        finally:
            # After an error the handle's state is not known, and a new one is cheap.
            if reusable and len(self._idle) < _IDLE_HANDLES and not self._closed:
                self._idle.append(handle)
            else:
                handle.close()


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """
    Importing and opening chDB blocks SIGPIPE in the calling thread and takes SIGTSTP, so that a
    child process inherits a blocked SIGPIPE and Ctrl-Z stops nothing.  Both are put back.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    main = threading.current_thread() is threading.main_thread()
    stop = signal.getsignal(signal.SIGTSTP) if main else None
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if main and stop is not None:
            signal.signal(signal.SIGTSTP, stop)


def _not_opened(error: RuntimeError, folder: Path) -> QuarterdeckError:
    text = str(error)
    if "Code: 36" in text or "EmbeddedServer" in text:
        # The engine says why only on stderr, so the two possible reasons are both named.
        return Misconfigured(
            f"the event store in {str(folder)!r} is locked: another process has it open",
            hint=f"Stop the other server, or give this one another data folder"
            f" (the lock is {folder}/store/status).",
        )
    if "Code: 231" in text:
        return Misconfigured(
            f"the event store in {str(folder)!r} has broken parts: {text[:300]}",
            hint="Restore it from a backup.",
        )
    return TryAgain(f"the event store in {str(folder)!r} did not open: {text[:300]}")


def _texts(params: Params) -> dict[str, str]:
    return {name: as_text(value) for name, value in params.items()}


def as_text(value: Param) -> str:
    """A bound value in the form that the engine parses: escaped as in tab-separated text."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_element(item) for item in value) + "]"
    return str(value)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\0", "'": "\\'"})


def _element(item: str | int) -> str:
    return _literal(item) if isinstance(item, str) else str(item)


def _literal(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
