"""
Paths and hosts that two readers could understand differently, and the headers on every answer.
Requests are made as ASGI scopes, since HTTP clients tidy paths up.
"""

import asyncio
import logging
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import httpx
import pytest

from api.conftest import ORIGIN, World, bearer
from api.made import conversation, store
from quarterdeck.api.access import INGEST
from quarterdeck.api.app import create_app
from quarterdeck.api.rim import SECURITY_HEADERS, RawRoute
from quarterdeck.errors import Unauthorized


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    world: World,
    raw_path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    hosts: tuple[str, ...] = ("quarterdeck.test",),
    path: str | None = None,
) -> Answer:
    messages: list[dict[str, Any]] = []
    fields = [(b"host", host.encode("latin-1")) for host in hosts]
    fields += [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()]
    target, _, query = raw_path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(target).decode("utf-8", "replace") if path is None else path,
        "raw_path": target.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": fields,
        "client": ("192.0.2.7", 5),
        "server": ("quarterdeck.test", 80),
    }

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await asyncio.Event().wait()  # the client stays connected
        raise AssertionError

    async def send(message: Any) -> None:
        messages.append(dict(message))

    await world.app(scope, receive, send)
    start = messages[0]
    return Answer(
        start["status"],
        {k.decode().lower(): v.decode() for k, v in start["headers"]},
        b"".join(message.get("body", b"") for message in messages[1:]),
    )


# {} is a protected path without its first slash.
CONFUSING_PATHS = [
    "//{}", "///{}", "/./{}", "/../{}", "/x/../{}", "/%2e/{}", "/%2E%2E/{}", "/.%2e/{}",
    "/healthz/../{}", "/healthz/%2e%2e/{}", "/healthz%2f..%2f{}", "/healthz;/{}", "/healthz;/../{}",
    "/healthz%00/{}", "/healthz\\..\\{}", "/healthz%5c..%5c{}", "/healthz?/{}", "/healthz#/{}",
    "/healthz%3f/{}", "/healthz%23/{}", "/healthz/{}", "/healthz//{}", "/healthz%0a/{}",
    "/healthz%0d%0a/{}", "/healthz%20/{}", "/healthz/.;/{}", "/api/v1/login/../{}",
    "/api/v1/login;{}", "/api/v1/login%2f..%2f..%2f..%2f{}", "/openapi.json/../{}",
    "/openapi.json%00{}", "/openapi.json/%2e%2e/{}", "/%2f{}", "/%5c{}", "/%00{}", "/{}%00",
    "/{}%00.json", "/{}%2f", "/{}/", "/{}//", "/{}/.", "/{}/..", "/{}/%2e", "/{};", "/{};x=1",
    "/{}.json", "/{}%20", "/{}%09", "/{}%0a", "/{}?", "/{}#", "/{}%3f", "/{}%23", "/{}~",
    "/{}%ff", "/{}%c0%af", "/{}%e0%80%af", "/static/../{}", "/static/%2e%2e/{}", "/\\{}",
    "/{}\\", "http://quarterdeck.test/{}", "http://evil.example/{}", "*", "", "/%u002f{}",
]  # fmt: skip

PROTECTED = ["api/v1/sessions", "api/v1/project", "api/v1/keys", "api/v1/export", "metrics"]


def is_public(answer: Answer) -> bool:
    return answer.body.startswith((b'{"status":"ok"', b'{"openapi"'))


async def test_no_spelling_of_a_path_gets_past_the_guard(world: World) -> None:
    assert len(CONFUSING_PATHS) >= 60
    spans = conversation("s-1", trace=1, secret="canary")
    store(world.events, "acme", spans, now_ns=world.clock())
    for pattern, protected in product(CONFUSING_PATHS, PROTECTED):
        for spelled in (protected, protected.upper(), protected.replace("api", "%61pi")):
            answer = await ask(world, pattern.replace("{}", spelled))
            assert b"canary" not in answer.body
            assert answer.status >= 400 or is_public(answer), (pattern, spelled)


HOSTS = [
    "quarterdeck.test/healthz", "quarterdeck.test?x=/healthz", "quarterdeck.test#", "a@b", "a b",
    "quarterdeck.test/", "/", "?", "#", "@", "", "quarterdeck.test:80:80", "quarterdeck.test:x",
    "quarterdeck.test\\x", "a\tb", "[::1", "::1]", "evil/../healthz", "a,b", "http://a",
    "quarterdeck.test:999999", "ü",
]  # fmt: skip


async def test_a_host_that_is_no_host_is_refused_everywhere(world: World) -> None:
    for host, path in product(HOSTS, ("/healthz", "/api/v1/sessions", "/openapi.json")):
        answer = await ask(world, path, hosts=(host,))
        assert answer.status == 400, (host, path)
        assert b"bad_request" in answer.body


async def test_two_hosts_are_refused(world: World) -> None:
    assert (await ask(world, "/healthz", hosts=("a", "b"))).status == 400


FORWARDED = [
    {"x-forwarded-host": "127.0.0.1"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-forwarded-proto": "https"},
    {"x-forwarded-prefix": "/healthz"},
    {"forwarded": "for=127.0.0.1;host=localhost"},
    {"x-real-ip": "127.0.0.1"},
    {"x-original-url": "/healthz"},
    {"x-rewrite-url": "/healthz"},
    {"x-http-method-override": "GET"},
    {"x-method-override": "OPTIONS"},
    {"x-original-host": "localhost"},
    {"x-host": "localhost"},
    {"x-custom-ip-authorization": "127.0.0.1"},
    {"referer": ORIGIN},
    {"x-quarterdeck-project": "acme"},
]


async def test_no_header_of_a_proxy_opens_a_door(world: World) -> None:
    methods = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "GET ")
    for headers, method, path in product(FORWARDED, methods, PROTECTED):
        answer = await ask(world, f"/{path}", method=method, headers=headers)
        assert answer.status in {401, 405}, (headers, method, path)


async def test_the_decision_is_the_routes_even_if_raw_path_lies(world: World) -> None:
    answer = await ask(world, "/healthz", path="/api/v1/project")
    assert answer.status == 401
    answer = await ask(world, "/api/v1/project", path="/healthz")
    assert is_public(answer)


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    key = world.key("acme").secret
    good = {"authorization": f"Bearer {key}"}
    for path, method, headers, status in (
        ("/healthz", "GET", {}, 200),
        ("/api/v1/project", "GET", good, 200),
        ("/api/v1/project", "GET", {}, 401),
        ("/api/v1/accounts", "GET", good, 403),
        ("/nothing", "GET", good, 404),
        ("/healthz", "DELETE", {}, 405),
        ("/api/v1/sessions?limit=x", "GET", good, 422),
        ("/api/v1/login", "POST", {"content-type": "application/json"}, 422),
        ("//healthz", "GET", {}, 400),
        ("/api/v1/export", "GET", good, 200),
    ):
        answer = await ask(world, path, method=method, headers=headers)
        assert answer.status == status, (path, answer.body)
        for name, value in SECURITY_HEADERS:
            assert answer.headers[name.decode()] == value.decode(), path
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        if status >= 400:
            assert answer.body.startswith(b'{"error":{"code":"'), answer.body
    policy = dict(SECURITY_HEADERS)[b"content-security-policy"].decode()
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_an_unexpected_error_tells_a_number_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(world.events, "rows", fail)
    headers = {"authorization": f"Bearer {world.key('acme').secret}"}
    with caplog.at_level(logging.ERROR):
        answer = await ask(world, "/api/v1/sessions", headers=headers)
    assert answer.status == 500
    assert b"secret of the inside" not in answer.body
    number = answer.body.split(b"number ")[1][:8].decode()
    assert number in caplog.text
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()


async def test_a_body_is_limited_whatever_it_declares(
    world: World, client: httpx.AsyncClient
) -> None:
    headers = bearer(world.key("acme")) | {"content-type": "application/json"}
    big = b'{"comment":"' + b"x" * world.settings.max_api_body_bytes + b'"}'

    async def pieces() -> Any:
        for first in range(0, len(big), 65536):
            yield big[first : first + 65536]

    for content in (big, pieces()):
        answer = await client.post(
            "/api/v1/sessions/s-1/feedback", headers=headers, content=content
        )
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "too_large"


async def test_who_may_not_send_is_answered_before_the_body_is_read(world: World) -> None:
    read = 0

    async def pieces() -> Any:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 65536

    async with world.client() as client:
        answer = await client.post("/api/v1/sessions/s-1/feedback", content=pieces())
    assert answer.status_code == 401
    assert read <= 1


async def test_readiness_is_told_with_the_age_of_the_oldest_item(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json() == {"status": "ok", "oldest_unprocessed_s": 0.25}
    metrics = await client.get("/metrics", headers=bearer(world.key("acme", "metrics")))
    assert metrics.text == "quarterdeck_up 1\n"

    def fail(*_: object, **__: object) -> None:
        from quarterdeck.errors import TryAgain

        raise TryAgain("disk of the inside")

    monkeypatch.setattr(world.events, "rows", fail)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "inside" not in answer.text
    assert answer.headers["retry-after"] == "1"


async def test_a_server_that_stops_is_not_ready_and_says_why(
    world: World, client: httpx.AsyncClient
) -> None:
    world.unable.append("the server is stopping")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["error"]["message"] == "the server is stopping"
    assert (await client.get("/healthz")).status_code == 200


async def test_big_answers_are_packed_as_the_client_asks(
    world: World, client: httpx.AsyncClient
) -> None:
    import gzip

    import zstandard

    plain = (await client.get("/openapi.json", headers={"accept-encoding": "identity"})).content
    for coding in ("zstd", "gzip"):
        async with client.stream(
            "GET", "/openapi.json", headers={"accept-encoding": coding}
        ) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == coding
        assert answer.headers["vary"] == "accept-encoding"
        unpacked = (
            gzip.decompress(raw)
            if coding == "gzip"
            else zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        )
        assert unpacked == plain


async def test_a_raw_route_answers_its_exact_path_inside_the_rim(world: World) -> None:
    async def intake(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/v1/logs":
            raise Unauthorized("no key came with this data")
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})

    parts = world.app.state.parts
    world.app = create_app(
        parts,
        raw_routes=[
            RawRoute(path=path, app=intake, policy=INGEST) for path in ("/v1/traces", "/v1/logs")
        ],
    )
    taken = await ask(world, "/v1/traces", method="POST")
    assert (taken.status, taken.body) == (202, b"taken")
    assert taken.headers["x-content-type-options"] == "nosniff"
    refused = await ask(world, "/v1/logs", method="POST")
    assert refused.status == 401
    assert b"unauthorized" in refused.body
    for path, status in (("/v1/traces/", 404), ("//v1/traces", 400), ("/v1%2ftraces", 400),
                         ("/V1/traces", 404), ("/v1/traces;x", 404)):  # fmt: skip
        assert (await ask(world, path, method="POST")).status == status, path


async def test_apps_that_share_a_path_answer_what_each_asks_for_and_the_api_the_rest(
    world: World,
) -> None:
    def sharing(said: bytes) -> RawRoute:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": said})

        def when(scope: Any) -> bool:
            return bool(scope["path"].endswith(said.decode()))

        return RawRoute(path="/api", app=app, policy=INGEST, below=True, when=when)

    parts = world.app.state.parts
    world.app = create_app(parts, raw_routes=[sharing(b"first"), sharing(b"second")])
    for said in (b"first", b"second"):
        assert (await ask(world, f"/api/{said.decode()}")).body == said
    assert (await ask(world, "/api/v1/none")).status == 404
