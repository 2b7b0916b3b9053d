"""One request to the server: over a kept connection, through a proxy, and what goes wrong."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from quarterdeck.sdk.sending.delivery import Delivery

BODY = gzip.compress(b"")


class Recording(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *, status: int = 200, hangs_up: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.hangs_up = status, hangs_up
        self.seen: list[tuple[str, dict[str, str], int]] = []
        """Request target, headers, and the client's port."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recording

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, self.client_address[1]))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()
        # Without a word in the answer, as a server does that closes idle connections.
        self.close_connection = self.server.hangs_up

    def log_message(self, *args: Any) -> None:
        """Silence."""


@contextmanager
def recording(*, status: int = 200, hangs_up: bool = False) -> Iterator[Recording]:
    server = Recording(status=status, hangs_up=hangs_up)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_deliveries_share_a_connection_and_carry_the_key() -> None:
    with recording() as server:
        delivery = Delivery(url=server.url, api_key="qd_key")
        assert [delivery.send(BODY).verdict for _ in range(3)] == ["taken"] * 3
        delivery.close()
    assert len({port for _, _, port in server.seen}) == 1
    path, headers, _ = server.seen[0]
    assert path == "/v1/traces"
    assert headers["authorization"] == "Bearer qd_key"
    assert headers["content-encoding"] == "gzip"


def test_a_connection_that_the_server_closed_meanwhile_costs_no_delivery() -> None:
    with recording(hangs_up=True) as server:
        delivery = Delivery(url=server.url, api_key="")
        assert [delivery.send(BODY).verdict for _ in range(3)] == ["taken"] * 3
        delivery.close()
    assert len(server.seen) == 3


def test_a_redirect_is_not_followed() -> None:
    with recording(status=307) as server:
        assert Delivery(url=server.url, api_key="qd_key").send(BODY).verdict == "later"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "url", ["nowhere", "ftp://host", "http://", "http://a b/", "http://host:99999", "http://ä\0"]
)
def test_what_is_no_address_is_told_and_not_raised(url: str) -> None:
    answer = Delivery(url=url, api_key="").send(BODY, timeout_s=1)
    assert answer.verdict == "later"
    assert answer.problem


def test_a_server_that_is_away_is_asked_again_later() -> None:
    with recording() as server:
        url = server.url
    assert Delivery(url=url, api_key="").send(BODY).verdict == "later"


def test_the_environments_proxy_is_asked_for_the_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    with recording() as proxy:
        named = proxy.url.replace("://", "://user:pass%20word@")
        monkeypatch.setenv("http_proxy", named)
        monkeypatch.setenv("no_proxy", "inside.example")
        assert Delivery(url="http://outside.example", api_key="").send(BODY).verdict == "taken"
        inside = Delivery(url="http://inside.example.invalid", api_key="")
        assert inside.send(BODY).verdict == "taken"
    target, headers, _ = proxy.seen[0]
    assert target == "http://outside.example/v1/traces"
    assert headers["proxy-authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="


def test_this_machines_own_server_is_never_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with recording() as server:
        assert Delivery(url=server.url, api_key="").send(BODY).verdict == "taken"


@pytest.mark.parametrize(
    "address",
    [
        "http://bob:hunter2@127.0.0.1:abc",
        "ftp://bob:hunter2@h",
        "bob:hunter2@h:99",
        "http://[bob:hunter2@h",
        "http://bob:hunter2@h\u2100.example",
    ],
)
def test_a_problem_tells_no_password(address: str) -> None:
    answer = Delivery(url=address, api_key="").send(BODY)
    assert answer.verdict == "later"
    assert answer.problem
    assert "hunter2" not in answer.problem


@pytest.mark.parametrize("key", ["qd_hunter2\nx", "qd_hunter2\u2026", "qd_hunter2 "])
def test_a_problem_tells_no_key(key: str) -> None:
    with recording() as server:
        answer = Delivery(url=server.url, api_key=key).send(BODY)
    assert answer.verdict == "later"
    assert "the key has" in answer.problem
    assert "hunter2" not in answer.problem


def test_sending_imports_no_library_that_an_agent_may_look_for() -> None:
    """Half of httpx, imported in our thread, made calls of the agent's `openai` client fail."""
    with recording() as server:
        script = (
            "import sys, quarterdeck as qd\n"
            f"qd.init(url={server.url!r}, spool_dir='/nonexistent')\n"
            "with qd.session('x'): pass\n"
            "assert qd.flush()\n"
            "print('httpx' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
        )
    assert done.stdout == "False\n"
    assert server.seen
