"""The client against a real HTTP server that misbehaves in every way we know."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote

import pytest

from quarterdeck.api.segments import read_segment
from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuarterdeckError,
    TryAgain,
    Unauthorized,
)
from quarterdeck.sdk.client import Client, name_segment, segment


@contextmanager
def serving(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[BaseHTTPRequestHandler]]]:
    """A server that always answers this, and the requests that it got."""
    seen: list[BaseHTTPRequestHandler] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_key_and_the_filters_travel_and_empty_filters_do_not() -> None:
    with serving(200, b"{}") as (url, seen):
        Client(url=url, api_key="qd_x").get("/p", {"a": None, "b": True, "c": ["x", "y z"]})
    assert seen[0].headers["authorization"] == "Bearer qd_x"
    assert seen[0].path == "/p?b=true&c=x&c=y+z"


@pytest.mark.parametrize("name", ["team/critic", "a\\b", "..", ".", "50~1", "~", "é.x"])
def test_a_name_is_read_as_it_was_spelled(name: str) -> None:
    spelled = name_segment(name)
    assert read_segment(unquote(spelled)) == name
    assert not {"/", "\\"} & set(unquote(spelled))
    assert unquote(spelled) not in {".", ".."}


def test_an_id_with_a_slash_stays_one_segment() -> None:
    assert segment("a/../b?c#d") == "a%2F..%2Fb%3Fc%23d"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (422, Invalid),
        (429, TryAgain),
        (503, TryAgain),
        (500, QuarterdeckError),
    ],
)
def test_the_servers_words_become_the_error(status: int, kind: type[QuarterdeckError]) -> None:
    body = b'{"error": {"code": "some_code", "message": "what", "hint": "do this"}}'
    with (
        serving(status, body, {"retry-after": "7"}) as (url, _),
        pytest.raises(kind) as caught,
    ):
        Client(url=url).get("/")
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "some_code",
        "what",
        "do this",
    )
    if isinstance(caught.value, TryAgain):
        assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("key", ["", "qd_x"])
def test_without_a_key_that_is_known_the_hint_is_how_to_get_one_and_where_to_put_it(
    key: str,
) -> None:
    body = b'{"error": {"code": "unauthorized", "message": "what", "hint": "Send a header."}}'
    with serving(401, body) as (url, _), pytest.raises(Unauthorized) as caught:
        Client(url=url, api_key=key).get("/")
    assert caught.value.message == "what"
    assert "QUARTERDECK_API_KEY" in caught.value.hint
    assert "quarterdeck keys create NAME --scope read --here" in caught.value.hint


def test_an_answer_that_is_not_ours_is_quoted() -> None:
    with serving(502, b"<h1>Bad Gateway</h1>") as (url, _), pytest.raises(TryAgain) as caught:
        Client(url=url).get("/")
    assert "Bad Gateway" in caught.value.message


def test_an_answer_that_is_not_json_is_a_fault_that_says_so() -> None:
    with serving(200, b"<html>") as (url, _), pytest.raises(QuarterdeckError, match="not JSON"):
        Client(url=url).get_json("/")


def test_a_redirect_is_not_followed_so_the_key_stays_here() -> None:
    with serving(200, b"{}") as (elsewhere, seen):
        location = {"location": elsewhere}
        with serving(302, b"", location) as (url, _), pytest.raises(QuarterdeckError):
            Client(url=url, api_key="qd_x").get("/")
    assert seen == []


def test_no_server_is_told_with_how_to_start_one() -> None:
    with serving(200, b"") as (url, _):
        pass
    with pytest.raises(TryAgain) as caught:
        Client(url=url).get("/")
    assert url in caught.value.message
    assert "quarterdeck up" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://user:s3cret@127.0.0.1:9", "http://127.0.0.1:9"),
        ("user:s3cret@127.0.0.1:9", "127.0.0.1:9"),
        ("ftp://user:s3cret@host", "ftp://host"),
    ],
)
def test_an_address_is_told_without_its_password(url: str, said: str) -> None:
    with pytest.raises(QuarterdeckError) as caught:
        Client(url=url).get("/")
    assert said in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("key", ["qd_s3cret\n", "qd_s3cret\u00e9", "qd_ s3cret", "qd_s3cret\x7f"])
def test_a_key_that_no_header_carries_is_refused_and_not_told(key: str) -> None:
    with serving(200, b"{}") as (url, seen), pytest.raises(Unauthorized) as caught:
        Client(url=url, api_key=key).get("/")
    assert seen == []
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("told", "waits_s"),
    [("3", 3), ("Mon, 23 Nov 2026 10:00:00 GMT", 1), ("\u00b2", 1), ("9" * 5_000, 999_999_999)],
)
def test_a_proxys_wait_is_read_where_it_is_a_number(told: str, waits_s: int) -> None:
    with (
        serving(503, b"busy", {"retry-after": told}) as (url, _),
        pytest.raises(TryAgain) as caught,
    ):
        Client(url=url).get("/")
    assert caught.value.retry_after_s == waits_s


@pytest.mark.parametrize("url", ["ftp://x", "not a url", "http://[::1", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(QuarterdeckError):
        Client(url=url).get("/")


def test_a_stream_that_fails_raises_the_servers_error() -> None:
    body = b'{"error": {"code": "invalid", "message": "bad format", "hint": ""}}'
    with (
        serving(400, body) as (url, _),
        pytest.raises(Invalid, match="bad format"),
        Client(url=url).stream("/"),
    ):
        pass
