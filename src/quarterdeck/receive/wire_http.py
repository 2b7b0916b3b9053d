"""
Foreign SDKs over HTTP: one ASGI app for each wire, below its prefix.

The order is that of trust, as for OTLP: address, who sends, whether there is room, the body
(counted, decompressed, parsed, redacted), and only then the wire's own handler.  Every error goes
out in the shape that the client reads, with Retry-After where trying again helps; what nobody
answers is a 404, what is known and not supported a 501, and both are counted by address.
"""

import contextlib
import itertools
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote

import orjson

from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuarterdeckError,
    TryAgain,
    Unauthorized,
)
from quarterdeck.model.ids import ProjectId
from quarterdeck.normalize.redact import Redactor, secret_kind
from quarterdeck.receive.http_body import (
    Body,
    Pace,
    Receive,
    Scope,
    Send,
    content_length,
    one_header,
    read_body,
    too_large,
    waits_for_continue,
)
from quarterdeck.receive.intake import Header, Sender
from quarterdeck.receive.limits import Held, content_encodings, decompress
from quarterdeck.receive.otlp_answers import SlowSender, http_status
from quarterdeck.receive.otlp_http import OtlpHttp
from quarterdeck.receive.recent import NOBODY
from quarterdeck.receive.wire import Call, Desk, Handler, KeyScope, Reply, Route, Wire
from quarterdeck.receive.wire_bodies import Read, read_body_as
from quarterdeck.receive.wire_desk import Back, Caller, ServerDesk

_INLINE_BYTES = 256 * 1024
"""Up to this size a body is parsed on the event loop; a larger one in a thread."""
_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
_NAME = re.compile(r"[A-Za-z][A-Za-z_.-]{0,31}|v[0-9]{1,2}|[0-9]\.[0-9]")
"""A part of an address that names something; all else is an id and is not counted by itself."""
_MAX_LABEL_PARTS = 6
_MAX_PARAMETERS = 1000
"""Of a query: lists of ids come in it, some hundred at a time."""
_LOGIN_BYTES = 64 * 1024
"""Of a body that holds the key: it is read before anybody is known."""

_log = logging.getLogger(__name__)


class Unsupported(QuarterdeckError):  # noqa: N818 - named like its peers in errors.py
    """A call of the client's that is known and that this server does not answer: 501."""

    code = "unsupported"


class Admit(Protocol):
    """Who calls, judged for a scope; None asks for nothing.  Raises `Unauthorized`, `Forbidden`."""

    def __call__(
        self,
        headers: Iterable[Header],
        scope: KeyScope | None,
        *,
        key_headers: Sequence[str],
        foreign_credentials: bool,
    ) -> Awaitable[Caller]: ...


class _Matched(NamedTuple):
    route: Route
    path: dict[str, str]
    handler: Handler
    otlp: OtlpHttp | None


class _Whose:
    """The project of a request, once its key is known."""

    project_id: ProjectId = NOBODY


class WireHttp:
    """The ASGI app of one wire.  Stateless but for its collaborators."""

    def __init__(
        self,
        wire: Wire,
        *,
        back: Back,
        admit: Admit,
        redactor_of: Callable[[Any], Redactor],
        unsupported: Callable[[ProjectId, str, str, int], None],
        public_url: str = "",
        pace: Pace | None = None,
        max_request_s: float = 30.0,
    ) -> None:
        """`unsupported` is told of each call that nobody answers: the project of its key, if known,
        the wire, the address without ids, and the status."""
        self._wire = wire
        self._back = back
        self._admit = admit
        self._redactor_of = redactor_of
        self._unsupported = unsupported
        self._public_url = public_url.rstrip("/")
        self._pace = pace or Pace(max_request_s=max_request_s)
        self._routes = [
            (_Pattern(route.path), route, self._otlp(route, max_request_s)) for route in wire.routes
        ]

        self._collections = _collections(wire)
        self._words = frozenset(
            part for route in wire.routes for part in route.path.split("/") if "{" not in part
        )

    def _otlp(self, route: Route, max_request_s: float) -> OtlpHttp | None:
        if route.body != "otlp":
            return None

        async def authenticate(headers: Iterable[Header]) -> Sender:
            return await self._admitted(headers, "ingest")

        return OtlpHttp(
            intake=self._back.intake,
            authenticate=authenticate,
            max_request_s=max_request_s,
            stamp=route.stamp,
            signal=route.signal,
        )

    # ------------------------------------------------------------------------------ requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive)
        whose = _Whose()
        try:
            prefix, parts = self._below(scope)
            matched = await self._matched(scope, parts, whose)
            if matched.otlp is not None:
                await matched.otlp(scope, receive, send)
                return
            reply = _whole(await self._answer(scope, body, whose, matched, prefix))
        except QuarterdeckError as error:
            await self._refuse(error, scope, body, send, whose)
        except Exception as error:  # noqa: BLE001 - the rim of this app: a client needs an answer
            number = secrets.token_hex(4)
            _log.exception("request %s failed: %s", number, type(error).__name__)
            # Clients drop what was answered 500, and try again what is answered 503.
            internal = TryAgain(
                f"internal error {number}; the server's log has it", code="internal"
            )
            await self._refuse(internal, scope, body, send, whose)
        else:
            await _respond(send, reply)

    def answers(self, scope: Scope) -> bool:
        """Whether a route is there for this request: for a wire that shares its prefix."""
        _, parts = self._below(scope)
        method = scope["method"]
        return any(
            route.method == method and pattern.match(parts) is not None
            for pattern, route, _ in self._routes
        )

    def _below(self, scope: Scope) -> tuple[str, list[str]]:
        """The prefix as the client wrote it, and the decoded parts of the path below."""
        raw = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        path = raw.decode("latin-1")
        for prefix in self._wire.prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                parts = [unquote(part) for part in path[len(prefix) :].split("/") if part]
                for ignored in self._wire.ignored_segments:
                    if tuple(parts[: len(ignored)]) == ignored:
                        parts = parts[len(ignored) :]
                        break
                return prefix, parts
        return "", [unquote(part) for part in path.split("/") if part]

    def _match(self, method: str, parts: Sequence[str]) -> _Matched | None:
        for pattern, route, otlp in self._routes:
            if route.method == method and (found := pattern.match(parts)) is not None:
                return _Matched(route, found, route.handler or _not_supported, otlp)
        return None

    async def _matched(self, scope: Scope, parts: Sequence[str], whose: _Whose) -> _Matched:
        """Raises `NotFound`, counted for the project whose key came with the call: its people are
        to know."""
        matched = self._match(scope["method"], parts)
        if matched is not None:
            return matched
        # Whoever asks for what is not there learns no more than that, with or without a key.
        with contextlib.suppress(QuarterdeckError):
            whose.project_id = (await self._admitted(scope["headers"], "ingest")).project_id
        self._count(scope["method"], parts, whose, 404)
        raise NotFound(
            f"nothing answers {scope['method']} {'/'.join(parts)[:200]} here",
            hint=f"docs/reference/clients.md lists what {self._wire.product} gets.",
            code="unsupported",
        )

    def _count(self, method: str, parts: Sequence[str], whose: _Whose, status: int) -> None:
        # What follows the name of a collection ("projects") is somebody's name for one of them.
        befores = ("", *parts)
        named = [
            part
            if part in self._words or (_NAME.fullmatch(part) and before not in self._collections)
            else "{}"
            for before, part in zip(befores, parts[:_MAX_LABEL_PARTS], strict=False)
        ]
        more = "/…" if len(parts) > _MAX_LABEL_PARTS else ""
        call = f"{method[:10]} /{'/'.join(named)}{more}"
        self._unsupported(whose.project_id, self._wire.name, call, status)

    async def _answer(
        self, scope: Scope, body: Body, whose: _Whose, matched: _Matched, prefix: str
    ) -> Reply:
        route = matched.route
        headers: list[Header] = list(scope["headers"])
        if not route.key_in_body:
            caller = await self._admitted(headers, route.scope)
            whose.project_id = caller.project_id
        if route.handler is None:
            self._count(scope["method"], self._below(scope)[1], whose, 501)
            raise Unsupported(
                f"{route.method} {route.path} is not supported",
                hint=f"docs/reference/clients.md lists what {self._wire.product} gets.",
            )
        if route.scope == "ingest":
            self._back.intake.refuse_if_unable()
        encodings = content_encodings(
            ",".join(value.decode("latin-1") for name, value in scope["headers"]
                     if name == b"content-encoding")
        )  # fmt: skip
        length = content_length(scope["headers"])
        limit = self._back.intake.max_body_bytes
        if route.key_in_body:
            # Nobody is known yet: foreign pages are refused, and a key does not need much room.
            await self._admitted(headers, None)
            limit = min(limit, _LOGIN_BYTES)
        if length is not None and length > limit:
            raise too_large(limit)
        with Held(self._back.intake.budget) as held:
            sent = await read_body(body, held, max_bytes=limit, pace=self._pace)
            plain = decompress(sent, encodings, max_bytes=limit)
            held.grow_to(len(sent) + len(plain))
            if route.key_in_body:
                key = _key_of(plain, route.key_in_body)
                told = [pair for pair in scope["headers"] if not self._is_credential(pair[0])]
                told.append((b"x-api-key", key.encode("utf-8", "replace")))
                caller = await self._admitted(told, route.scope)
                whose.project_id = caller.project_id
            redactor = self._redactor_of(caller.project_id)
            read = await self._read(route, plain, scope, redactor)
            more = {"authorization": f"Bearer {key}"} if route.key_in_body else {}
            call = self._call(scope, matched, read, redactor, prefix, more)
            desk = ServerDesk(self._back, caller, size=len(plain), found_secrets=read.secrets)
            return await matched.handler(call, desk)

    async def _admitted(self, headers: Iterable[Header], scope: KeyScope | None) -> Caller:
        return await self._admit(
            headers,
            scope,
            key_headers=self._wire.key_headers,
            foreign_credentials=self._wire.foreign_credentials,
        )

    async def _read(self, route: Route, plain: bytes, scope: Scope, redactor: Redactor) -> Read:
        content_type = one_header(scope["headers"], b"content-type")
        if len(plain) <= _INLINE_BYTES:
            return read_body_as(route.body, plain, content_type, redactor)
        return await self._back.intake.in_thread(
            lambda: read_body_as(route.body, plain, content_type, redactor)
        )

    def _call(
        self,
        scope: Scope,
        matched: _Matched,
        read: Read,
        redactor: Redactor,
        prefix: str,
        more_headers: Mapping[str, str],
    ) -> Call:
        query = {
            name: [redactor.redact_named_text(secret_kind(name), value) for value in values]
            for name, values in _query(scope.get("query_string") or b"").items()
        }
        path = {name: redactor.redact_text(part) for name, part in matched.path.items()}
        base = self._public_url
        if not base:
            host = one_header(scope["headers"], b"host") or "localhost"
            base = f"{scope.get('scheme', 'http')}://{host}"
        return Call(
            method=scope["method"],
            path=path,
            query=query,
            headers={**self._clean_headers(scope["headers"], redactor), **more_headers},
            payload=read.payload,
            parts=read.parts,
            body=read.body,
            base_url=base + prefix,
            received_ns=self._back.now_ns(),
        )

    def _clean_headers(
        self, headers: Iterable[tuple[bytes, bytes]], redactor: Redactor
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name = raw_name.decode("latin-1").lower()
            if self._is_credential(raw_name):
                continue
            found[name] = redactor.redact_named_text(
                secret_kind(name), raw_value.decode("utf-8", "replace")
            )
        return found

    def _is_credential(self, name: bytes) -> bool:
        known = name.decode("latin-1").lower()
        return known in _CREDENTIALS or known in self._wire.key_headers

    # ------------------------------------------------------------------------------- refusals

    async def _refuse(
        self,
        error: QuarterdeckError,
        scope: Scope,
        body: Body,
        send: Send,
        whose: _Whose,
    ) -> None:
        status = _status_of(error)
        if error.code == "unsupported" or not isinstance(error, NotFound | Conflict):
            self._back.intake.refused(
                "wire",
                error,
                method=scope["method"],
                path=scope["path"],
                headers=scope["headers"],
                project_id=whose.project_id,
                status=status,
            )
        # A sender that waits for "100 Continue" has not begun; one that is slow gets no more.
        if not isinstance(error, SlowSender) and not waits_for_continue(scope["headers"]):
            await body.drain(2 * self._back.intake.max_body_bytes)
        reply = self._wire.error(error, status)
        headers = dict(reply.headers)
        if isinstance(error, TryAgain):
            headers.setdefault("retry-after", str(error.retry_after_s))
        if not body.ended and str(scope.get("http_version", "1.1")).startswith("1"):
            headers["connection"] = "close"
        await _respond(
            send,
            Reply(
                status=reply.status,
                body=reply.body,
                headers=headers,
                content_type=reply.content_type,
            ),
        )


async def _not_supported(_call: Call, _desk: Desk) -> Reply:
    raise Unsupported("this call has no handler")


def _collections(wire: Wire) -> frozenset[str]:
    """Parts of its addresses that an id follows."""
    return frozenset(
        before
        for route in wire.routes
        for before, part in itertools.pairwise(route.path.split("/"))
        if "{" in part and "{" not in before
    )


class _Pattern:
    """A route's path: names, `{one}` part, `{all...}` parts at the end."""

    def __init__(self, path: str) -> None:
        self._parts = tuple(part for part in path.split("/") if part)
        self._rest = ""
        if self._parts and self._parts[-1].endswith("...}"):
            self._rest = self._parts[-1][1:-4]
            self._parts = self._parts[:-1]

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        known = self._parts
        if len(parts) < len(known) or (len(parts) > len(known) and not self._rest):
            return None
        found: dict[str, str] = {}
        for wanted, part in zip(known, parts, strict=False):
            if wanted[0] == "{" and wanted[-1] == "}":
                found[wanted[1:-1]] = part
            elif wanted != part:
                before, brace, after = wanted.partition("{")
                name, _, end = after.partition("}")
                if not brace or not (part.startswith(before) and part.endswith(end)):
                    return None
                found[name] = part[len(before) : len(part) - len(end)]
        if self._rest:
            found[self._rest] = "/".join(parts[len(known) :])
        return found


def _key_of(body: bytes, field: str) -> str:
    try:
        tree = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error}", code="malformed") from error
    key = tree.get(field) if isinstance(tree, dict) else None
    return key if isinstance(key, str) else ""


def _status_of(error: QuarterdeckError) -> int:
    match error:
        case NotFound():
            return 404
        case Conflict():
            return 409
        case Unsupported():
            return 501
        case Unauthorized():
            return 401
        case Forbidden():
            return 403
    return http_status(error)


def _query(sent: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(
            sent.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS
        )
    except ValueError as error:
        raise Invalid(f"the query can't be read: {error}", code="malformed") from error


def _whole(reply: Reply) -> Reply:
    """Ready to be sent: what can't be written as JSON fails while there is another answer."""
    content, content_type = _content(reply)
    return replace(reply, body=content, content_type=content_type)


async def _respond(send: Send, reply: Reply) -> None:
    content, content_type = _content(reply)
    headers: list[tuple[bytes, bytes]] = [(b"content-length", str(len(content)).encode())]
    if content_type:
        headers.append((b"content-type", content_type.encode()))
    headers += (
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in reply.headers.items()
    )
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _content(reply: Reply) -> tuple[bytes, str]:
    match reply.body:
        case None:
            return b"", reply.content_type
        case bytes():
            return reply.body, reply.content_type or "application/octet-stream"
        case str():
            return reply.body.encode("utf-8", "replace"), reply.content_type or "text/plain"
        case _:
            dumped = orjson.dumps(
                reply.body, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
            )
            return dumped, reply.content_type or "application/json"
