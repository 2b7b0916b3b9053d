"""
The web app's pages and files as they are answered.  The folder is a small one made here: what the
built app does in a browser is tested in web/tests/browser.
"""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from api.built_app import SCRIPT, STYLE
from api.conftest import World, bearer
from api.test_rim import ask
from quarterdeck.api.web import read_web

PAGES = [
    "/", "/login", "/login?back=/p/acme/overview", "/welcome", "/settings/accounts",
    "/p/acme/overview?since=7d", "/p/acme/sessions?q=outcome:failure&sort=-cost",
    "/p/acme/sessions/sess_1...sess_2", "/p/acme/sessions/v1.2-run/replay?step=412",
    "/p/acme/tasks/code_migration", "/p/acme/anything/not/known",
]  # fmt: skip

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types quarterdeck#worker"
)

SCRIPT_PATH = "/assets/index-3f2a91bc.js"


def nonces(page: httpx.Response) -> set[str]:
    return set(re.findall(r'(?:nonce|content)="([\w-]{20,})"', page.text))


@pytest.mark.parametrize("path", PAGES)
async def test_every_address_of_the_app_answers_its_page(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    (nonce,) = nonces(page)
    assert page.headers["content-security-policy"] == POLICY.format(nonce=nonce)
    assert "__CSP_NONCE__" not in page.text
    for name, value in (
        ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ):  # fmt: skip
        assert page.headers[name] == value


async def test_no_two_pages_have_the_same_nonce(client: httpx.AsyncClient) -> None:
    seen = {nonce for _ in range(50) for nonce in nonces(await client.get("/"))}
    assert len(seen) == 50


@pytest.mark.parametrize(
    "path", [SCRIPT_PATH, "/favicon.svg", "/healthz", "/nothing", "/api/v1/sessions"]
)
async def test_only_a_page_allows_styles_with_a_nonce(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"x-quarterdeck.style_nonce": "abc"})
    policy = answer.headers["content-security-policy"]
    assert "style-src 'self';" in policy
    assert "nonce" not in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("path", "media_type"),
    [(SCRIPT_PATH, "text/javascript; charset=utf-8"),
     ("/assets/index-77aa01de.css", "text/css; charset=utf-8"),
     ("/assets/inter-1c2d3e4f.woff2", "font/woff2")],
)  # fmt: skip
async def test_a_hashed_file_may_be_kept_for_a_year(
    client: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [("gzip, br;q=1.0", "br", b"as if by brotli"), ("gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
     ("br;q=0, gzip", "gzip", gzip.compress(SCRIPT, mtime=0)), ("br; q=0.0", None, SCRIPT),
     ("", None, SCRIPT), ("identity", None, SCRIPT), ("*", None, SCRIPT)],
)  # fmt: skip
async def test_a_file_is_answered_as_packed_as_the_browser_takes_it(
    world: World, accepted: str, coding: str | None, body: bytes
) -> None:
    answer = await ask(world, SCRIPT_PATH, headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.body == body


async def test_what_is_not_packed_in_the_folder_is_answered_whole(world: World) -> None:
    answer = await ask(world, "/assets/index-77aa01de.css", headers={"accept-encoding": "br"})
    assert "content-encoding" not in answer.headers
    assert answer.body == STYLE


ESCAPES = [
    "/assets/../index.html", "/assets/..%2findex.html", "/assets/%2e%2e/.env",
    "/assets//etc/passwd", "/assets/....//....//etc/passwd", "/assets/..\\index.html",
    "/assets/%5c..%5c.env",
    "/assets/%00", "/assets/index-3f2a91bc.js%00.css", "/assets/C:/windows", "/assets/",
    "/assets/~root", "/assets/manifest.json", "/assets/index-3f2a91bc.js/", "/assets/notes.exe",
    "/assets/index-3f2a91bc.js.gz", "/assets/index-3f2a91bc.JS", "/assets",
    "/manifest.json", "/.env", "/index.html", "/web/index.html", "/assets/favicon.svg",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
async def test_nothing_but_the_known_files_is_answered(world: World, path: str) -> None:
    answer = await ask(world, path)
    assert answer.status in (400, 404), answer.body
    assert answer.body.startswith(b'{"error":{"code":"')


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1", "/api/v1/nothing", "/v1/nothing", "/healthz/x", "/nothing", "/pp/x"]
)
async def test_a_path_that_is_no_page_stays_an_error_in_json(
    world: World, client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers=bearer(world.key("acme")))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_pages_are_read_and_nothing_else(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/p/acme/overview", SCRIPT_PATH):
            answer = await client.request(method, path)
            if (method, path) == ("POST", "/"):
                # An exporter whose address lacks its path is told the path, not of methods.
                assert answer.status_code == 404
                assert "/v1/traces" in answer.json()["error"]["hint"]
            else:
                assert answer.status_code == 405


async def test_local_mode_shows_its_pages_under_its_own_names_only(local_world: World) -> None:
    """A page of another site must not even frame or read them by a name that it points here."""
    for path in ("/", "/p/default/overview", SCRIPT_PATH, "/favicon.svg"):
        own = await ask(local_world, path, hosts=("localhost:4400",))
        assert own.status == 200, path
        foreign = await ask(local_world, path, hosts=("evil.example",))
        assert foreign.status == 421, path
        origin = {"origin": "http://evil.example"}
        framed = await ask(local_world, path, hosts=("localhost:4400",), headers=origin)
        assert framed.status == 403, path


async def test_where_the_app_is_not_built_the_page_says_how(world: World) -> None:
    world.app.state.web = read_web(Path("/nowhere"))
    async with world.client() as client:
        page = await client.get("/")
        assert page.status_code == 503
        assert "make web" in page.text
        assert "nonce" not in page.headers["content-security-policy"]
        assert (await client.get(SCRIPT_PATH)).status_code == 404
        assert (await client.get("/healthz")).status_code == 200
