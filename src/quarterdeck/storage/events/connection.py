"""
The port to the event store: what every question and every write goes through.

One SQL serves the embedded engine and a server, so the port is a connection and not a method
per question.  Values are always bound (`{name:Type}` in the SQL), never formatted in.  It knows
nothing of projects: `scope.ProjectScope` and the `.sql` files keep them apart.

Calls block; the server makes them through `asyncio.to_thread`.  A connection may be used by
many threads at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa

from quarterdeck.errors import Misconfigured

Param = str | int | float | Decimal | None | Sequence[str] | Sequence[int]
Params = Mapping[str, Param]

DEFAULT_DATABASE = "quarterdeck"

NO_PARAMS: Params = {}

_INDEXED_ROWS = 1_000
"""A batch up to this builds its indexes at once, so that a quiet store is always indexed.  The
text index costs 12 us a row, twice the rest of an insert: under load it waits for the merges."""


def insert_settings(rows: int, token: str) -> dict[str, str | int]:
    """What an insert of that many rows is told, the same embedded and on a server."""
    settings: dict[str, str | int] = {
        "materialize_skip_indexes_on_insert": int(rows <= _INDEXED_ROWS)
    }
    if token:
        return settings | {"insert_deduplication_token": token}
    return settings | {"insert_deduplicate": 0}


class EventConnection(Protocol):
    """
    Raises `TryAgain` when the store is unreachable or out of memory, disk or time, and
    `Misconfigured` when it refuses to work at all.  Any other refusal is a fault of ours and
    comes as `QuarterdeckError`.
    """

    @property
    def database(self) -> str: ...

    @property
    def cluster(self) -> str:
        """The cluster that tables are spread over; "" = one node."""
        ...

    def arrow(self, sql: str, params: Params = NO_PARAMS) -> pa.Table:
        """The whole answer.  Strings come as Arrow binary or string; see `rows`."""
        ...

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[tuple[Any, ...]]:
        """The whole answer as Python values, in the order of the SELECT."""
        ...

    def stream(self, sql: str, params: Params = NO_PARAMS) -> Iterator[pa.RecordBatch]:
        """The answer in blocks, for results that do not fit in memory.  Close it or exhaust it."""
        ...

    def insert(self, table: str, batch: pa.RecordBatch, *, token: str = "") -> None:
        """
        Returns when the rows are on disk and visible to reads; all of them or none.

        A second insert with the same non-empty `token` is dropped, whatever its rows are: use a
        hash of the content.  Without a token nothing is ever dropped.
        """
        ...

    def execute(self, sql: str, params: Params = NO_PARAMS) -> None:
        """DDL and deletes; returns when done on every node."""
        ...

    def release_memory(self) -> None:
        """Gives memory that inserts and merges left behind back to the system; about 20 ms."""
        ...

    def close(self) -> None:
        """Twice is once."""
        ...


class ReadLimits(NamedTuple):
    """What one question or insert may take; deletes, merges and DDL take what they need."""

    time_s: float = 30.0
    memory_bytes: int = 2 * 1024**3

    def settings(self) -> dict[str, int | float]:
        return {"max_execution_time": self.time_s, "max_memory_usage": self.memory_bytes}


def open_events(url: str, limits: ReadLimits = ReadLimits()) -> EventConnection:  # noqa: B008 - frozen
    """
    `chdb:///absolute/folder` or `clickhouse://user:password@host:port/database?cluster=name`
    (`clickhouses://` for TLS).  Raises `Misconfigured`.
    """
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    match parts.scheme:
        case "chdb":
            from quarterdeck.storage.events.chdb import ChdbEngine

            if not parts.path or parts.netloc:
                raise Misconfigured(
                    f"not an events URL: {url!r}", hint="Write chdb:///absolute/folder."
                )
            engine = ChdbEngine.open(unquote(parts.path))
            return engine.connect(
                query.get("database", DEFAULT_DATABASE), owns_engine=True, limits=limits
            )
        case "clickhouse" | "clickhouses":
            from quarterdeck.storage.events.clickhouse import ClickHouseConnection

            secure = parts.scheme == "clickhouses"
            return ClickHouseConnection(
                host=parts.hostname or "localhost",
                port=parts.port or (8443 if secure else 8123),
                user=unquote(parts.username or "default"),
                password=unquote(parts.password or ""),
                database=parts.path.strip("/") or DEFAULT_DATABASE,
                cluster=query.get("cluster", ""),
                secure=secure,
                limits=limits,
            )
        case other:
            raise Misconfigured(
                f"no event store is called {other!r}",
                hint="QUARTERDECK_EVENTS_URL is chdb:///folder or clickhouse://user:pass@host/db.",
            )


@cache
def question(name: str, *, searching: bool = False) -> str:
    """
    The text of `sql/<name>.sql`.  `-- include: <file>` is replaced by that file, since the filters
    of the session list and of the figures are written once; `-- include when searching:` only if
    so, since a search that is not asked for would still be planned.
    """
    folder = resources.files("quarterdeck.storage.events") / "sql"
    lines = []
    for line in (folder / f"{name}.sql").read_text().splitlines():
        directive, _, file = line.partition(": ")
        if directive == "-- include" or (directive == "-- include when searching" and searching):
            lines.append((folder / file.strip()).read_text())
        elif not line.startswith("--"):
            lines.append(line)
    return "\n".join(lines)


def to_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Arrow columns to Python rows; binary columns that hold text become `str`."""
    if table.num_rows == 0:
        return []
    return list(zip(*(_values(column) for column in table.columns), strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()]
    return list(column.to_pylist())
