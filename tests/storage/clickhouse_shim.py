"""
A stand-in for a ClickHouse server's HTTP interface: chDB behind a threading HTTP server.

A test tool, not a product.  The engine that answers is the real one, so what is tested with it is
our HTTP code path and our SQL; replication, sharding, users and quotas are not.  It runs in a
process of its own (`python clickhouse_shim.py FOLDER` prints its port), because a process can
hold one chDB folder only and the tests hold another.
"""

import sys
import threading
from collections.abc import Mapping
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_NOT_SETTINGS = {
    "query", "database", "default_format", "session_id", "session_check", "session_timeout",
    "query_id", "compress", "decompress", "enable_http_compression", "client_protocol_version",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "wait_end_of_query",
    "role", "buffer_size", "user", "password",
}  # fmt: skip


class Shim(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = ""
    config = ""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = bytearray()
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            self._serve(bytes(chunks))
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            # What the client does with parameters too long for an address.
            self._serve(b"", fields=_form(kind, body))
        else:
            self._serve(body)

    def _serve(self, body: bytes, *, fields: Mapping[str, str] = MappingProxyType({})) -> None:
        url = urlsplit(self.path)
        if url.path == "/ping":
            self._answer(200, b"Ok.\n")
            return
        given = dict(parse_qsl(url.query, keep_blank_values=True)) | dict(fields)
        try:
            self._answer(200, self._run(given, body))
        except Exception as error:  # noqa: BLE001 - the engine's refusal is the answer
            text = str(error)
            code = text.partition("ode: ")[2].partition(".")[0]
            headers = {"X-ClickHouse-Exception-Code": code} if code.isdigit() else {}
            self._answer(500, text.encode(), headers)

    def _run(self, given: dict[str, str], body: bytes) -> bytes:
        from chdb.state.sqlitelike import connect

        handle: Any = connect(f"{self.folder}?config-file={self.config}")
        try:
            handle.query(f"USE `{given.get('database', 'default')}`")
            for name, value in given.items():
                if name not in _NOT_SETTINGS and not name.startswith("param_"):
                    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                    handle.query(f"SET {name} = '{quoted}'")
            sql = given.get("query", "")
            if not sql and body[:6].upper() == b"INSERT" and b"\n" in body:
                head, _, body = body.partition(b"\n")
                sql = head.decode()
            elif not sql:
                sql, body = body.decode(), b""
            if body and sql.lstrip()[:6].upper() == "INSERT":
                statement, _, form = sql.rpartition(" FORMAT ")
                inserter = handle.send_insert(statement, form.strip())
                inserter.append(body)
                inserter.finish()
                return b""
            if body:
                sql = f"{sql}\n{body.decode()}"
            params = {
                name.removeprefix("param_"): value
                for name, value in given.items()
                if name.startswith("param_")
            }
            answer = handle.query(sql, given.get("default_format", "TabSeparated"), params=params)
            return bytes(answer.bytes() or b"")
        finally:
            handle.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def _form(kind: str, body: bytes) -> dict[str, str]:
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): bytes(
            part.get_payload(decode=True)
        ).decode()
        for part in whole.walk()
        if not part.is_multipart()
    }


def main(folder: str) -> None:
    from quarterdeck.storage.events.chdb import ChdbEngine

    engine = ChdbEngine.open(folder)
    Shim.folder = f"{engine.folder}/store"
    Shim.config = f"{engine.folder}/engine.xml"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shim)
    server.daemon_threads = True
    threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    engine.close()


def _stop_with_parent(server: ThreadingHTTPServer) -> None:
    """The parent holds our stdin; when it goes, we go."""
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
