"""
The event store on a ClickHouse server or cluster, over HTTP.

The same SQL and the same Arrow blocks as embedded.  Durability is in the tables' settings, since a
server does not read our configuration.  On a cluster an insert returns when every shard has its
rows, and DDL when every node has run it.

clickhouse-connect's answers are untyped where we use them, so the untyped calls end in this file.
"""

import threading
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.storage.events.connection import (
    NO_PARAMS,
    Params,
    ReadLimits,
    insert_settings,
    to_rows,
)
from quarterdeck.storage.events.faults import translate
from quarterdeck.storage.events.migrate import render

_SETTINGS: dict[str, Any] = {
    "max_execution_time": 120,
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "lightweight_deletes_sync": 2,
    "mutations_sync": 2,
}
_CLUSTER_SETTINGS: dict[str, Any] = {
    "distributed_foreground_insert": 1,
    "insert_quorum": "auto",
    "distributed_ddl_task_timeout": 120,
    "distributed_product_mode": "global",
}

_CONNECT_TIMEOUT_S = 5
_ANSWER_TIMEOUT_S = 150
"""Longer than `max_execution_time`, so that the server's own message arrives."""


class ClickHouseConnection:
    """An `EventConnection`.  Connecting waits for the first question, so a server that is away at
    start is `TryAgain` then and not here."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        database: str,
        cluster: str,
        secure: bool,
        limits: ReadLimits = ReadLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.database = database
        self.cluster = cluster
        self._limits = limits
        self._where: dict[str, Any] = {
            "host": host,
            "port": port,
            "username": user,
            "password": password,
            "secure": secure,
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "send_receive_timeout": _ANSWER_TIMEOUT_S,
            # Without a session id the client may be used by many threads at once.
            "autogenerate_session_id": False,
        }
        self._client: Any = None
        self._closed = False
        self._connecting = threading.Lock()
        """Guards `_client`."""

    def arrow(self, sql: str, params: Params = NO_PARAMS) -> pa.Table:
        try:
            answer = self._connected().raw_query(
                sql, _bound(params), settings=self._limits.settings(), fmt="ArrowStream"
            )
        except (ClickHouseError, OSError) as error:
            raise _refused(error) from error
        if not answer:
            return pa.table({})
        return pa.ipc.open_stream(pa.py_buffer(answer)).read_all()

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[tuple[Any, ...]]:
        return to_rows(self.arrow(sql, params))

    def stream(self, sql: str, params: Params = NO_PARAMS) -> Iterator[pa.RecordBatch]:
        try:
            answer = self._connected().raw_stream(
                sql, _bound(params), settings=self._limits.settings(), fmt="ArrowStream"
            )
            with answer:
                yield from pa.ipc.open_stream(answer)
        except (ClickHouseError, OSError) as error:
            raise _refused(error) from error

    def insert(self, table: str, batch: pa.RecordBatch, *, token: str = "") -> None:
        if batch.num_rows == 0:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        try:
            self._connected().raw_insert(
                table,
                batch.schema.names,
                sink.getvalue().to_pybytes(),
                settings=insert_settings(batch.num_rows, token),
                fmt="ArrowStream",
            )
        except (ClickHouseError, OSError) as error:
            raise _refused(error) from error

    def execute(self, sql: str, params: Params = NO_PARAMS) -> None:
        try:
            self._connected().command(sql, _bound(params))
        except (ClickHouseError, OSError) as error:
            raise _refused(error) from error

    def release_memory(self) -> None:
        pa.default_memory_pool().release_unused()

    def close(self) -> None:
        self._closed = True
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> Any:
        if self._closed:
            raise QuarterdeckError("the event store is closed")
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        try:
            first = clickhouse_connect.get_client(**self._where, database="default")
            name = self.database.replace("`", "")
            first.command(
                render(
                    f"CREATE DATABASE IF NOT EXISTS `{name}`{{on_cluster}}", cluster=self.cluster
                )
            )
            first.close()
            settings = _SETTINGS | (_CLUSTER_SETTINGS if self.cluster else {})
            return clickhouse_connect.get_client(
                **self._where, database=self.database, settings=settings
            )
        except (ClickHouseError, OSError) as error:
            raise _refused(error) from error


def _bound(params: Params) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in params.items()
    }


def _refused(error: Exception) -> QuarterdeckError:
    text = str(error)
    if "Code: " in text or "code: " in text:
        return translate(text)
    return TryAgain(f"the event store can't be reached: {text[:300]}", retry_after_s=2)
