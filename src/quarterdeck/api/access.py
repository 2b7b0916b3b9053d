"""
Who may do what: the one place that turns a credential into a `Principal` and judges it.

Default deny.  Every route declares a `Policy` object; a route without one can't be made, and
`require_policies` refuses to start an app that holds one all the same.  The decision is taken
from the matched route, never from the URL; the project comes from the credential, never from
a path, a parameter or a body.

How a credential may be carried, all with the same decision: `Authorization: Bearer`,
`Authorization: Basic` (the key as password, or as user name with no password), `x-api-key`,
`api-key`.  Two different ones in one request are refused, since two readers could disagree on
which counts.  Never in a query string: those are written to logs.  A login's cookie counts only
where no key is carried.

* Local mode: bound to loopback and no account exists.  No key is needed and the project is
  `default`; foreign Host and Origin headers are refused, because any page in the user's
  browser can reach loopback.  What is not one of our keys is ignored there, so that SDKs that
  insist on sending some key work; one of our keys is judged as everywhere.
* A credential never makes one with more rights: see `check_grant`.
"""

import asyncio
import base64
import binascii
import ipaddress
import re
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response

from quarterdeck.api.answers.problem import ErrorAnswer
from quarterdeck.api.bodies import limited
from quarterdeck.errors import (
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    Unauthorized,
)
from quarterdeck.model.ids import DEFAULT_PROJECT, ProjectId
from quarterdeck.settings import Settings
from quarterdeck.storage.records import accounts, keys, logins, memberships, projects
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.keys import Key, Scope
from quarterdeck.storage.records.memberships import Role

Header = tuple[str | bytes, str | bytes]
NO_PROJECT = ProjectId("")

ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    "viewer": frozenset({"read"}),
    "editor": frozenset({"read", "write", "ingest", "run"}),
    "admin": frozenset({"read", "write", "ingest", "run", "admin"}),
}
_OWNER_SCOPES: frozenset[Scope] = ROLE_SCOPES["admin"] | {"metrics"}

API_PREFIX = "/api/v1"

PROJECT_HEADER = "x-quarterdeck-project"
"""Which of its projects an account means.  It chooses among what the login grants, no more."""

COOKIE = "quarterdeck_login"
SECURE_COOKIE = "__Host-quarterdeck_login"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A revoked key stops at once in this process and after so long in others (replicas, the CLI).
_KEY_FRESH_NS = 2_000_000_000
# While nobody has an account, how long "nobody" is believed.
_LOCAL_FRESH_NS = 1_000_000_000
_NOTE_USE_EVERY_NS = 60_000_000_000
_CACHED_KEYS = 4096  # a cache entry is about 1 KiB; more keys than this only cost a look-up
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a route asks of its caller.  The name is what the reference documentation shows."""

    name: str
    scope: Scope | None = None
    """Needed in the caller's project; None: none in particular."""
    or_scope: Scope | None = None
    """Does as well."""
    public: bool = False
    """Nobody in particular may call it."""
    owner: bool = False
    """Only who owns the server (or local mode)."""
    needs_project: bool = True


PUBLIC = Policy(name="public", public=True, needs_project=False)
SIGNED_IN = Policy(name="signed in", needs_project=False)
READ = Policy(name="read", scope="read")
WRITE = Policy(name="write", scope="write")
ADMIN = Policy(name="admin", scope="admin")
INGEST = Policy(name="ingest", scope="ingest")
RUN = Policy(name="run", scope="run")
"""What a running agent needs: its workflow version, its memory, a person's answer."""
READ_OR_RUN = Policy(name="read or run", scope="read", or_scope="run")
"""What agents read of their own and people look at."""
WIRE = Policy(name="wire", needs_project=False)
"""Of foreign SDKs' addresses, as a whole: each of their calls declares the scope that it needs
(`receive.wire.Route.scope`), and `Access.admit_wire` judges it."""
METRICS = Policy(name="metrics", scope="metrics", needs_project=False)
OWNER = Policy(name="owner", owner=True, needs_project=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls, and what for.  Made only by `Access`."""

    actor: str
    """`key:<id>`, `account:<address>`, `local`, or "" for nobody."""
    project_id: ProjectId = NO_PROJECT
    """ "" where an account with several projects named none."""
    scopes: frozenset[Scope] = frozenset()
    owner: bool = False
    account_id: str = ""
    expires_ns: int | None = None
    by_cookie: bool = False
    projects: Mapping[str, Role] = field(default_factory=dict)
    """An account's own; empty for keys."""


NOBODY = Principal(actor="")
_LOCAL = Principal(actor="local", project_id=DEFAULT_PROJECT, scopes=_OWNER_SCOPES, owner=True)

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def allow(policy: Policy) -> Callable[[Endpoint], Endpoint]:
    """Declares the policy of an endpoint; goes beneath the route's own decorator."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__quarterdeck_policy__ = policy  # type: ignore[attr-defined]
        return endpoint

    return declare


def policy_of(endpoint: object) -> Policy | None:
    policy = getattr(endpoint, "__quarterdeck_policy__", None)
    return policy if isinstance(policy, Policy) else None


class GuardedRoute(APIRoute):
    """A route that judges its caller before it reads a byte of the body."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        policy = policy_of(endpoint)
        if policy is None:
            raise Misconfigured(f"the route {path} declares no policy")
        self.policy = policy
        super().__init__(path, endpoint, **options)
        self.parameters = frozenset(_parameters_of(self.dependant))

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            access: Access = request.app.state.access
            request.state.principal = await access.admit(request, self.policy)
            self._refuse_unknown(request)
            limited = access.limit_body(request)
            return await inner(limited)

        return guarded

    def _refuse_unknown(self, request: Request) -> None:
        """A misspelled filter that is ignored would answer with everything."""
        for name in request.query_params:
            if name not in self.parameters:
                known = ", ".join(sorted(self.parameters))
                raise Invalid(
                    f"no parameter is called {name[:100]!r}",
                    hint=f"There are: {known}." if known else "This path takes none.",
                )


def _parameters_of(dependant: Dependant) -> Iterator[str]:
    """Names in the query, those of its dependencies included."""
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters_of(inner)


def guarded_router(tag: str, *, prefix: str = API_PREFIX) -> APIRouter:
    """Where a file of `api/` declares its routes; every one needs `allow` beneath it."""
    return APIRouter(
        prefix=prefix,
        route_class=GuardedRoute,
        tags=[tag],
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )


def require_policies(routes: Iterable[object]) -> None:
    """Raises `Misconfigured` if any route can be reached without a declared policy."""
    for route in routes:
        declared = getattr(route, "policy", None)
        if not isinstance(declared, Policy):
            path = getattr(route, "path", repr(route))
            raise Misconfigured(f"the route {path} declares no policy")


def principal_of(request: Request) -> Principal:
    return cast(Principal, request.state.principal)


def check_bind(settings: Settings, records: Records) -> None:
    """Raises `Misconfigured` for an address that others can reach while nobody has an account."""
    if settings.binds_loopback() or accounts.count_accounts(records):
        return
    raise Misconfigured(
        f"refusing to listen on {settings.host}: others could reach it and no account exists",
        hint="Make one with `quarterdeck users create you@example.org`, or listen on 127.0.0.1.",
    )


def check_grant(principal: Principal, scopes: Iterable[str], *, expires_ns: int | None) -> None:
    """Raises `Forbidden` if a credential of these scopes and this end would be more than the
    caller's own."""
    beyond = sorted(set(scopes) - principal.scopes)
    if beyond:
        raise Forbidden(
            f"you can't grant {beyond[0]!r}, which you don't have",
            hint=f"Yours are: {', '.join(sorted(principal.scopes)) or 'none'}.",
        )
    ends_later = expires_ns is None or (
        principal.expires_ns is not None and expires_ns > principal.expires_ns
    )
    if principal.expires_ns is not None and ends_later:
        raise Forbidden("a key can't make a credential that outlives it")


class Access:
    """
    Credentials judged against the records.  One per server; safe to use from any thread.

    Remembers keys by their whole hash, and unknown ones as unknown.
    """

    def __init__(self, *, records: Records, settings: Settings, now_ns: Callable[[], int]) -> None:
        self._records = records
        self._settings = settings
        self._now_ns = now_ns
        self._checksum = keys.checksum_secret(records)
        self._lock = threading.Lock()  # protects the three below
        self._known: OrderedDict[str, tuple[Key | None, int]] = OrderedDict()
        self._noted: dict[str, int] = {}
        self._nobody_until_ns = 0
        self._somebody = False
        self._allowed_hosts = frozenset(
            host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip()
        )

    # -- for requests ------------------------------------------------------------------------

    async def admit(self, request: Request, policy: Policy) -> Principal:
        """The caller, if the policy lets it in.  Raises `Unauthorized`, `Forbidden`, …"""
        principal = await self.identify(request, policy)
        self.judge(principal, policy)
        return principal

    async def identify(self, request: Request, policy: Policy) -> Principal:
        headers = _Headers(request.scope["headers"])
        local = await self.is_local()
        if local:
            self._refuse_foreign(headers)
        if policy.public:
            self._refuse_cross_site(headers, request)
            return NOBODY
        key = _carried_key(headers, lenient=local)
        if key:
            principal = await self._key_principal(key)
        elif cookie := request.cookies.get(self.cookie_name(request), ""):
            principal = await self._login_principal(cookie, headers)
            self._refuse_cross_site(headers, request)
        elif local:
            principal = _LOCAL
        else:
            raise Unauthorized(
                "no credential came with this request",
                hint="Send `Authorization: Bearer qd_…`, or log in.",
            )
        return _in_project(principal, headers.one(PROJECT_HEADER))

    def judge(self, principal: Principal, policy: Policy) -> None:
        if policy.public:
            return
        if not principal.actor:
            raise Unauthorized("no credential came with this request")
        if policy.owner and not principal.owner:
            raise Forbidden("only who owns the server may do this")
        if policy.needs_project and not principal.project_id:
            raise Invalid(
                "which project?",
                hint=f"Name one of yours in the header {PROJECT_HEADER}.",
                code="project_needed",
            )
        if policy.scope is not None and principal.scopes.isdisjoint(
            {policy.scope, policy.or_scope}
        ):
            instead = f" or {policy.or_scope!r}" if policy.or_scope else ""
            raise Forbidden(
                f"this needs {policy.scope!r}{instead}",
                hint=f"The credential has: {', '.join(sorted(principal.scopes)) or 'nothing'}.",
            )

    async def authenticate_intake(self, headers: Iterable[Header]) -> Principal:
        """Who sends, over HTTP: `project_id` of the result is where it belongs.  Raises
        `Unauthorized` or `Forbidden`.  No cookie counts here."""
        read = _Headers(headers)
        local = await self.is_local()
        if local:
            self._refuse_foreign(read)
        return await self._sender(read, local=local)

    async def authenticate_grpc(self, metadata: Iterable[Header]) -> Principal:
        """The same over gRPC, which no browser speaks: Host and Origin do not matter."""
        return await self._sender(_Headers(metadata), local=await self.is_local())

    async def _sender(self, headers: "_Headers", *, local: bool) -> Principal:
        key = _carried_key(headers, lenient=local)
        if key:
            principal = await self._key_principal(key)
        elif local:
            principal = _LOCAL
        else:
            raise Unauthorized(
                "no key came with this data",
                hint="Send `Authorization: Bearer qd_…` or `x-api-key: qd_…`.",
            )
        principal = _in_project(principal, headers.one(PROJECT_HEADER))
        self.judge(principal, INGEST)
        return principal

    async def admit_wire(
        self,
        headers: Iterable[Header],
        scope: Scope | None,
        *,
        key_headers: Sequence[str] = (),
        foreign_credentials: bool = False,
    ) -> Principal:
        """
        Who calls with a foreign SDK, judged for what its call does; None: it says nothing.

        `key_headers`: the SDK's own, beside ours.  `foreign_credentials`: its requests carry
        others' keys too, so what is not meant as one of ours is no credential.
        """
        read = _Headers(headers)
        local = await self.is_local()
        if local:
            self._refuse_foreign(read)
        if scope is None:
            return NOBODY
        key = _carried_key(read, lenient=local or foreign_credentials, more=key_headers)
        if key:
            principal = await self._key_principal(key)
        elif local:
            principal = _LOCAL
        else:
            raise Unauthorized(
                "no key of this server came with the call",
                hint="Give the client a Quarterdeck key (qd_…) where it takes its own key.",
            )
        principal = _in_project(principal, read.one(PROJECT_HEADER))
        self.judge(principal, Policy(name=scope, scope=scope))
        return principal

    async def is_local(self) -> bool:
        """Whether local mode is on: bound to loopback, and nobody has an account."""
        if self._somebody or not self._settings.binds_loopback():
            return False
        if self._now_ns() < self._nobody_until_ns:
            return True
        count = await asyncio.to_thread(accounts.count_accounts, self._records)
        if count:
            self._somebody = True
            return False
        self._nobody_until_ns = self._now_ns() + _LOCAL_FRESH_NS
        return True

    def account_made(self) -> None:
        """Ends local mode at once in this process."""
        self._somebody = True

    def forget_keys(self) -> None:
        """Asks the records again for every key; to be called after any change to keys."""
        with self._lock:
            self._known.clear()

    def cookie_name(self, request: Request) -> str:
        return SECURE_COOKIE if self.is_https(request) else COOKIE

    def is_https(self, request: Request) -> bool:
        """As people reach it: the public URL's word counts, a proxy's header does not."""
        if self._settings.public_url:
            return self._settings.public_url.lower().startswith("https://")
        return str(request.scope.get("scheme")) == "https"

    def limit_body(self, request: Request) -> Request:
        return limited(request, self._settings.max_api_body_bytes)

    # -- credentials -------------------------------------------------------------------------

    async def _key_principal(self, secret: str) -> Principal:
        key = None
        if keys.is_well_formed(secret, self._checksum):
            key = self._remembered(keys.key_hash(secret))
            if key is _UNSURE:
                key = await asyncio.to_thread(self._look_up, secret)
        now_ns = self._now_ns()
        if key is None or not isinstance(key, Key):
            raise Unauthorized(
                "unknown key", hint="Keys begin with `qd_`; `quarterdeck keys create` makes one."
            )
        if key.revoked_ns is not None:
            raise Unauthorized("this key has been revoked")
        if key.expires_ns is not None and key.expires_ns <= now_ns:
            raise Unauthorized("this key has expired")
        return Principal(
            actor=f"key:{key.key_id}",
            project_id=ProjectId(key.project_id),
            scopes=frozenset(key.scopes),
            expires_ns=key.expires_ns,
        )

    def _remembered(self, hashed: str) -> "Key | _Unsure | None":
        with self._lock:
            found = self._known.get(hashed)
            if found is None or found[1] <= self._now_ns():
                return _UNSURE
            self._known.move_to_end(hashed)
            return found[0]

    def _look_up(self, secret: str) -> Key | None:
        now_ns = self._now_ns()
        key = keys.find_key(self._records, secret)
        with self._lock:
            self._known[keys.key_hash(secret)] = (key, now_ns + _KEY_FRESH_NS)
            while len(self._known) > _CACHED_KEYS:
                self._known.popitem(last=False)
            due = key is not None and now_ns - self._noted.get(key.key_id, 0) > _NOTE_USE_EVERY_NS
            if key is not None and due:
                self._noted[key.key_id] = now_ns
        if key is not None and due:
            keys.note_use(self._records, key.key_id, now_ns=now_ns)
        return key

    async def _login_principal(self, cookie: str, headers: "_Headers") -> Principal:
        found = await asyncio.to_thread(self._account_of, cookie, headers.one(PROJECT_HEADER))
        if found is None:
            raise Unauthorized("this login has ended", hint="Log in again.")
        return found

    def _account_of(self, cookie: str, wanted: str) -> Principal | None:
        login = logins.find_login(self._records, cookie, now_ns=self._now_ns())
        if login is None:
            return None
        account = login.account
        roles = memberships.roles_of(self._records, account.account_id)
        project_id = wanted or (next(iter(roles)) if len(roles) == 1 else "")
        scopes: frozenset[Scope] = frozenset()
        if account.owner:
            scopes = _OWNER_SCOPES
            if wanted and projects.best_project(self._records, wanted) is None:
                raise NotFound(f"no project {wanted!r}")
            project_id = project_id or DEFAULT_PROJECT
        elif project_id in roles:
            scopes = ROLE_SCOPES[roles[project_id]]
        elif project_id:
            # The same answer as for a project that does not exist.
            raise NotFound(f"no project {project_id!r}")
        return Principal(
            actor=f"account:{account.email}",
            project_id=ProjectId(project_id),
            scopes=scopes,
            owner=account.owner,
            account_id=account.account_id,
            by_cookie=True,
            projects=roles,
        )

    # -- browsers ----------------------------------------------------------------------------

    def _refuse_foreign(self, headers: "_Headers") -> None:
        """Local mode answers only to its own names, and only to its own pages."""
        host = headers.one("host") or headers.one(":authority")
        name = _host_name(host)
        if not (_is_loopback_name(name) or name in self._allowed_hosts):
            raise Forbidden(
                f"not under the name {host!r}",
                hint="In local mode use http://127.0.0.1 or http://localhost, or add the name "
                "to QUARTERDECK_ALLOWED_HOSTS.",
                code="bad_host",
            )
        origin = headers.one("origin")
        if origin and urlsplit(origin).netloc.lower() != host.lower():
            raise Forbidden(
                f"not for pages of {origin!r}", hint="Make an account and use a key instead."
            )
        fetched_by = headers.one("sec-fetch-site")
        if (
            fetched_by in {"cross-site", "same-site"}
            and headers.one("sec-fetch-mode") != "navigate"
        ):
            raise Forbidden("not for pages of other sites")

    def _refuse_cross_site(self, headers: "_Headers", request: Request) -> None:
        """A change asked for by a browser must come from our own page."""
        if request.method in _SAFE_METHODS:
            return
        origin = headers.one("origin")
        if not origin and request.cookies.get(self.cookie_name(request)):
            if headers.one("sec-fetch-site") == "same-origin":
                return
            raise Forbidden("a change by cookie needs an Origin header")
        if origin and origin.lower() != self._own_origin(headers, request):
            raise Forbidden(f"not for pages of {origin!r}")

    def _own_origin(self, headers: "_Headers", request: Request) -> str:
        if self._settings.public_url:
            parts = urlsplit(self._settings.public_url)
            return f"{parts.scheme}://{parts.netloc}".lower()
        return f"{request.scope.get('scheme', 'http')}://{headers.one('host')}".lower()


class _Unsure:
    """Neither known nor known to be unknown: ask the records."""


_UNSURE = _Unsure()


class _Headers:
    """Headers by lower-case name; bytes and text alike.  Refuses a single one that came twice."""

    def __init__(self, headers: Iterable[Header]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(_text(name).lower(), []).append(_text(value).strip())

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def one(self, name: str) -> str:
        values = self._values.get(name, [])
        if len(set(values)) > 1:
            raise Unauthorized(f"the header {name!r} came twice with different values")
        return values[0] if values else ""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _carried_key(headers: _Headers, *, lenient: bool, more: Sequence[str] = ()) -> str:
    """
    The one key that the request carries; "" if none.

    `lenient`: what is not meant as one of our keys is ignored.  `more`: headers that hold one
    beside the usual, as it is or after `Bearer`.  Raises `Unauthorized`.
    """
    carried: list[str] = []
    for value in headers.all("authorization"):
        scheme, _, rest = value.partition(" ")
        match scheme.lower():
            case "bearer":
                carried.append(rest.strip())
            case "basic":
                carried.extend(_basic_keys(rest.strip()))
            case _:
                carried.append(value)
    carried.extend(headers.all("x-api-key"))
    carried.extend(headers.all("api-key"))
    for name in more:
        carried.extend(value.removeprefix("Bearer ").strip() for value in headers.all(name))
    if lenient:
        carried = [text for text in carried if keys.looks_like_a_key(text)]
    if len(set(carried)) > 1:
        raise Unauthorized(
            "two different credentials came with this request",
            hint="Send one, in one header.",
        )
    if carried and not keys.looks_like_a_key(carried[0]):
        raise Unauthorized(
            "unknown key", hint="Keys begin with `qd_`; `quarterdeck keys create` makes one."
        )
    return carried[0] if carried else ""


def _basic_keys(encoded: str) -> list[str]:
    """The password, or the user name where there is no password; both where both are keys."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return [encoded or "-"]
    if not password:
        return [user]
    if keys.looks_like_a_key(user):
        return [user, password]
    return [password]


def _in_project(principal: Principal, wanted: str) -> Principal:
    if wanted and wanted != principal.project_id:
        raise NotFound(f"no project {wanted!r}")
    return principal


def _host_name(host: str) -> str:
    match = _HOST.fullmatch(host)
    return match.group(1).strip("[]").lower() if match else ""


def is_host(host: str) -> bool:
    """Whether this is a host and perhaps a port, and nothing that could be read as a path."""
    return _HOST.fullmatch(host) is not None


def _is_loopback_name(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
