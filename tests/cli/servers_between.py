"""Real HTTP servers that are not ours: what can stand at the address, or in front of it."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Unshaken(ThreadingHTTPServer):
    """A client that breaks off, or speaks another protocol, is what it is here for."""

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def listening(
    handler: type[BaseHTTPRequestHandler], *, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    server = Unshaken(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class SomethingElse(SimpleHTTPRequestHandler):
    """Serves a folder, as `python -m http.server` does."""

    def log_message(self, *_: object) -> None:
        pass


def pointing_to(target: str) -> type[BaseHTTPRequestHandler]:
    class Pointing(Quiet):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("location", target)
            self.end_headers()

    return Pointing


def passing_to(
    server: str, *, ahead_s: float = 0.0, swallows: bool = False
) -> type[BaseHTTPRequestHandler]:
    """
    A reverse proxy.  Its Date is `ahead_s` ahead; with `swallows` it answers spans with 200 and
    keeps them.
    """

    class Passing(Quiet):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate((timestamp or time.time()) + ahead_s, usegmt=True)

        def do_GET(self) -> None:
            self.passed_on(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if swallows:
                self.answer(200, b"", "application/x-protobuf")
                return
            self.passed_on(body)

        def do_DELETE(self) -> None:
            self.passed_on(b"")

        def passed_on(self, body: bytes) -> None:
            kept = ("authorization", "content-type")
            headers = {name: self.headers[name] for name in kept if name in self.headers}
            answer = httpx.request(
                self.command, server + self.path, content=body, headers=headers, trust_env=False
            )
            self.answer(answer.status_code, answer.content, answer.headers["content-type"])

        def answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.send_header("via", "1.1 tests")
            self.end_headers()
            self.wfile.write(body)

    return Passing
