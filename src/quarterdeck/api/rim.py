"""
What holds for every request and every answer, whatever its path: the outermost layer.

Refuses what two readers could understand differently: a Host that is more than a name and a
port, a path with an encoded slash, a NUL, a backslash, dot segments or empty segments.  It
decides nothing about access; that is the matched route's.  Puts the security headers on every
answer, errors included, and is the one place where an unexpected exception becomes a 500.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.api.access import Policy, is_host
from quarterdeck.api.errors import answer_unexpected, error_response
from quarterdeck.errors import Invalid, QuarterdeckError

STYLE_NONCE = "quarterdeck.style_nonce"
"""Key of the ASGI scope: a page of ours puts its nonce there, and its answer allows styles that
carry it.  Nothing else of the headers is up to a route."""


def content_security_policy(style_nonce: str = "") -> bytes:
    """
    Nothing runs, loads or frames but what comes from here, and no text becomes code.

    `style_nonce`: of a page, whose components bring styles of their own; ours are files.
    """
    styles = f"'self' 'nonce-{style_nonce}'" if style_nonce else "'self'"
    worker = " worker-src 'self';" if style_nonce else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self';{worker} object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types quarterdeck#worker"
    ).encode("ascii")


_POLICY = b"content-security-policy"
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (_POLICY, content_security_policy()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_NO_STORE = (b"cache-control", b"no-store")

# %2F and %5C would be a slash after decoding, %00 ends strings in other people's code.
_ENCODED = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)
_CONFUSING = re.compile(r"//|\\|[\x00-\x1f\x7f]|(^|/)\.{1,2}(/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRoute:
    """
    A path that a raw ASGI app answers, past the framework: intake, where speed matters.

    The app itself asks `Access.authenticate_intake`; `policy` says that it does and is what
    the tests hold it to.
    """

    path: str
    app: ASGIApp
    policy: Policy
    below: bool = False
    """It answers everything below the path too, and reads it itself: a foreign SDK's names may
    hold encoded slashes."""
    when: Callable[[Scope], bool] | None = None
    """Asked where others have the same path: False passes the request on."""


class Rim:
    def __init__(
        self,
        app: ASGIApp,
        *,
        raw_routes: Sequence[RawRoute],
        https: Callable[[], bool],
        refused: Callable[[Scope, QuarterdeckError], None] = lambda *_: None,
    ) -> None:
        """`refused` is told of what is refused here, before any route sees it."""
        self._app = app
        self._refused = refused
        self._raw = {route.path: route for route in raw_routes if not route.below}
        self._below: dict[str, list[RawRoute]] = {}
        for route in raw_routes:
            if route.below:
                self._below.setdefault(route.path, []).append(route)
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No route speaks WebSocket; closing before accepting is a 403 to the client.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                ours = self._headers(scope.get(STYLE_NONCE, ""))
                message = {**message, "headers": _with(message.get("headers", ()), ours)}
            await send(message)

        try:
            _refuse_unclear_host(scope)
            route = self._raw_route(scope)
            if route is None or not route.below:
                _refuse_confusing(scope)
            app = self._app if route is None else route.app
            await app(scope, receive, send_safely)
        except QuarterdeckError as error:
            if started:
                raise
            self._refused(scope, error)
            await error_response(error)(scope, receive, send_safely)
        except Exception as error:
            if started:
                raise  # a broken stream must not end like a whole one
            answer = await answer_unexpected(Request(scope), error)
            await answer(scope, receive, send_safely)

    def _raw_route(self, scope: Scope) -> RawRoute | None:
        """An address of its own comes before a prefix; a prefix is the path's first part."""
        path = scope["path"]
        exact = self._raw.get(path)
        sharing = self._below.get("/" + path[1:].partition("/")[0], ())
        for route in (exact,) if exact is not None else sharing:
            if route.when is None or route.when(scope):
                return route
        return None

    def _headers(self, style_nonce: str) -> tuple[tuple[bytes, bytes], ...]:
        headers = SECURITY_HEADERS
        if style_nonce:
            headers = ((_POLICY, content_security_policy(style_nonce)), *headers[1:])
        return (*headers, _HSTS) if self._https() else headers


def _with(
    given: Sequence[tuple[bytes, bytes]], more: Sequence[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in more}
    kept = [(name, value) for name, value in given if name.lower() not in ours]
    kept.extend(more)
    if not any(name.lower() == _NO_STORE[0] for name, _ in kept):
        kept.append(_NO_STORE)
    return kept


def _refuse_unclear_host(scope: Scope) -> None:
    hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
    if len(hosts) > 1 or (hosts and not is_host(hosts[0].decode("latin-1"))):
        raise Invalid("the Host header is not one host", code="bad_request")


def _refuse_confusing(scope: Scope) -> None:
    raw = scope.get("raw_path") or b""
    path = scope["path"]
    if _ENCODED.search(raw.partition(b"?")[0]) or _CONFUSING.search(path):
        raise Invalid(
            "the path can be read in two ways",
            hint="Write it without encoded slashes, empty segments and dots.",
            code="bad_request",
        )
