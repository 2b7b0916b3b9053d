"""
The web app's pages and files: what a browser gets at `/`.

The app is built into the package's folder `web` (`index.html`, `assets/` with hashed names, icons
beside it) and read once, when the server starts.  A file is found by its whole name in what was
read then, so no path can lead out of the folder.  The pages hold no data: whoever opens one gets
the same bytes but for a fresh nonce, and everything shown comes from the API with the caller's
own credential.

Which addresses are pages is declared here like every other route; `/api/…`, `/v1/…` and whatever
else is not declared stay a 404 in JSON.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from fastapi import APIRouter, Request, Response

from quarterdeck.api.access import PUBLIC, GuardedRoute, allow
from quarterdeck.api.bodies import packed
from quarterdeck.api.rim import STYLE_NONCE
from quarterdeck.errors import NotFound

BUILT = Path(__file__).resolve().parents[1] / "web"
"""Where `make web` puts the app, and where a wheel has it."""

NONCE_PLACEHOLDER = b"__CSP_NONCE__"
"""In index.html; a nonce that is the same twice is none, so each answer gets its own."""

_NOT_BUILT = b"""<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Quarterdeck</title></head>
  <body>
    <h1>The web app is not built</h1>
    <p>This server runs from a source folder. Build the app once with <code>make web</code>, then
    start the server again. The API, the command line and the intake work without it.</p>
  </body>
</html>
"""
_HTML = "text/html; charset=utf-8"

_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Files of other kinds are not served: what a browser makes of them would be its guess."""
_ICONS = frozenset({".ico", ".png", ".svg", ".txt", ".webmanifest"})
"""Kinds that may lie beside index.html; a build's other papers (its manifest) are for nobody."""
_CODINGS: Mapping[str, str] = {".br": "br", ".zst": "zstd", ".gz": "gzip"}

# Assets have a hash of their content in their name, so the same name is the same content.
_FOREVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFile:
    body: bytes
    media_type: str
    packed: Mapping[str, bytes]
    """Content coding -> the same content in it, smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFiles:
    """The built app, in memory."""

    index: bytes | None = None
    """None: not built."""
    files: Mapping[str, WebFile] = field(default_factory=dict)
    """By the path under the folder: `assets/index-3f2a.js`, `favicon.svg`."""


def read_web(folder: Path = BUILT) -> WebFiles:
    """What the folder holds now; without an index.html, nothing."""
    index = folder / "index.html"
    if not index.is_file():
        return WebFiles()
    files = {
        name: _read(path, media_type)
        for path in sorted(folder.rglob("*"))
        if (media_type := _TYPES.get(path.suffix)) and path.is_file()
        for name in [path.relative_to(folder).as_posix()]
        if name.startswith("assets/") or ("/" not in name and path.suffix in _ICONS)
    }
    return WebFiles(index=index.read_bytes(), files=files)


def _read(path: Path, media_type: str) -> WebFile:
    siblings = {
        coding: sibling.read_bytes()
        for suffix, coding in _CODINGS.items()
        if (sibling := path.with_name(path.name + suffix)).is_file()
    }
    by_size = sorted(siblings.items(), key=lambda item: len(item[1]))
    return WebFile(body=path.read_bytes(), media_type=media_type, packed=dict(by_size))


class PageRoute(GuardedRoute):
    """What stands behind the `?` of a page is for the page to judge."""

    def _refuse_unknown(self, request: Request) -> None:
        pass


router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/", summary="The web app")
@router.get("/login", summary="The web app")
@router.get("/welcome", summary="The web app")
@router.get("/settings/{rest:path}", summary="The web app")
@router.get("/p/{rest:path}", summary="The web app")
@allow(PUBLIC)
async def page(request: Request) -> Response:
    """The app itself finds what its address means, and says so where it means nothing."""
    index = _web(request).index
    if index is None:
        return packed(request, _NOT_BUILT, media_type=_HTML, status=503)
    nonce = secrets.token_urlsafe(16)
    request.scope[STYLE_NONCE] = nonce
    body = index.replace(NONCE_PLACEHOLDER, nonce.encode("ascii"))
    return packed(request, body, media_type=_HTML)


@router.get("/assets/{name:path}", summary="The web app's files")
@allow(PUBLIC)
async def asset(request: Request, name: str) -> Response:
    return _file(request, f"assets/{name}", cache_control=_FOREVER)


@router.get("/favicon.svg", summary="The web app's icon")
@allow(PUBLIC)
async def icon(request: Request) -> Response:
    return _file(request, "favicon.svg", cache_control=_A_DAY)


def _file(request: Request, name: str, *, cache_control: str) -> Response:
    found = _web(request).files.get(name)
    if found is None:
        raise NotFound("nothing is here")
    headers = {"cache-control": cache_control}
    accepted = accepted_codings(request.headers.get("accept-encoding", ""))
    for coding, body in found.packed.items():
        if coding in accepted:
            headers |= {"content-encoding": coding, "vary": "accept-encoding"}
            return Response(body, media_type=found.media_type, headers=headers)
    return packed(request, found.body, media_type=found.media_type, headers=headers)


def accepted_codings(header: str) -> frozenset[str]:
    """Names of `Accept-Encoding` that are not refused by `;q=0`; `*` stands for nothing here."""
    names = set()
    for part in header.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        if not any(_is_zero(parameter) for parameter in parameters):
            names.add(name)
    return frozenset(names)


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.replace(" ", "").partition("=")
    return name == "q" and not value.strip("0.")


def _web(request: Request) -> WebFiles:
    return cast(WebFiles, request.app.state.web)
