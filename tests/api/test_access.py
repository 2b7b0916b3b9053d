"""
Who gets in, by which carrier, and what a credential can make.
"""

import base64
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.conftest import HOUR, ORIGIN, PASSWORD, World, bearer
from quarterdeck.api.access import (
    ADMIN,
    PUBLIC,
    READ,
    ROLE_SCOPES,
    GuardedRoute,
    Policy,
    Principal,
    allow,
    check_bind,
    check_grant,
    require_policies,
)
from quarterdeck.api.rim import RawRoute
from quarterdeck.errors import Forbidden, Misconfigured
from quarterdeck.settings import Settings
from quarterdeck.storage.records import keys, projects


class Call(NamedTuple):
    method: str
    path: str
    policy: Policy


def every_call(app: FastAPI) -> Iterator[Call]:
    for route in app.routes:
        assert isinstance(route, GuardedRoute)
        path = route.path.replace("{", "").replace("}", "")
        for method in sorted(route.methods or ()):
            yield Call(method, path, route.policy)


def guarded_calls(app: FastAPI) -> list[Call]:
    return [call for call in every_call(app) if not call.policy.public]


async def send(client: httpx.AsyncClient, call: Call, **options: object) -> httpx.Response:
    return await client.request(call.method, call.path, **options)  # type: ignore[arg-type]


def test_the_app_knows_a_policy_for_every_route(world: World) -> None:
    calls = list(every_call(world.app))
    assert len(calls) >= 20
    assert {call.path for call in calls if call.policy.public} == {
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/api/v1/login",
        # The web app's pages and files: the same bytes for everybody.
        "/",
        "/login",
        "/welcome",
        "/settings/rest:path",
        "/p/rest:path",
        "/assets/name:path",
        "/favicon.svg",
    }


def test_a_route_without_a_policy_can_not_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(Misconfigured):

        @router.get("/open")
        async def open_to_all() -> None: ...

    app = FastAPI()

    @app.get("/plain")
    async def plain() -> None: ...

    with pytest.raises(Misconfigured):
        require_policies(app.routes)


async def test_without_a_credential_only_public_routes_answer(world: World) -> None:
    async with world.client() as client:
        for call in guarded_calls(world.app):
            answer = await send(client, call)
            assert answer.status_code == 401, call
            assert answer.json()["error"]["code"] == "unauthorized"
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_no_route_accepts_garbage_revoked_or_expired_keys(world: World) -> None:
    revoked, expired = world.key("acme"), world.key("acme", expires_ns=world.clock() + HOUR)
    keys.revoke_key(
        world.records, project_id="acme", key_id=revoked.key.key_id, now_ns=world.clock()
    )
    world.clock.forward(HOUR)
    projects.create_project(world.records, project_id="gone", now_ns=1)
    gone = world.key("gone")
    projects.delete_project(world.records, "gone")
    bad = [
        revoked.secret,
        expired.secret,
        gone.secret,
        "garbage",
        "qd_",
        "qd_" + "a" * 51,
        revoked.secret[:-1],
        revoked.secret + "x",
        revoked.secret.lower(),
        "' OR '1'='1",
        "ü" * 54,
    ]
    async with world.client() as client:
        for call in guarded_calls(world.app):
            for secret in bad:
                header = f"Bearer {secret}".encode()
                answer = await send(client, call, headers={"authorization": header})
                assert answer.status_code == 401, (call, secret)
                assert len(secret) < 12 or secret not in answer.text


async def test_a_key_opens_only_what_its_scopes_name(world: World) -> None:
    async with world.client() as client:
        for call in guarded_calls(world.app):
            if call.policy.scope is None and not call.policy.owner:
                continue
            opens = (call.policy.scope, call.policy.or_scope)
            others = [scope for scope in keys.SCOPES if scope not in opens]
            key = world.key("acme", *others)
            answer = await send(client, call, headers=bearer(key))
            assert answer.status_code == 403, call
            assert answer.json()["error"]["code"] == "forbidden"


async def test_a_viewer_reads_and_changes_nothing(world: World) -> None:
    world.account("viewer@example.org", role="viewer")
    client = await world.log_in("viewer@example.org")
    for call in guarded_calls(world.app):
        if call.policy.scope in ROLE_SCOPES["viewer"] or call.path.endswith(("/logout", "/me")):
            continue
        if call.policy.scope is None and not call.policy.owner:
            continue
        answer = await send(client, call)
        assert answer.status_code == 403, call
    await client.aclose()


async def test_an_account_reaches_no_project_but_its_own(world: World) -> None:
    world.account("admin@example.org", role="admin")
    client = await world.log_in("admin@example.org")
    assert (await client.get("/api/v1/project")).json()["project_id"] == "acme"
    for other in ("twin", "default", "none", "acme/../twin", ""):
        headers = {"x-quarterdeck-project": other}
        for call in guarded_calls(world.app):
            if not call.policy.needs_project or not other:
                continue
            answer = await send(client, call, headers=headers)
            assert answer.status_code == 404, (call, other)
    await client.aclose()


async def test_a_key_reaches_no_project_but_its_own(world: World) -> None:
    key = world.key("acme")
    async with world.client() as client:
        for other in ("twin", "default", "none"):
            headers = bearer(key) | {"x-quarterdeck-project": other}
            for call in guarded_calls(world.app):
                answer = await send(client, call, headers=headers)
                assert answer.status_code == 404, (call, other)


def carriers(secret: str) -> dict[str, list[tuple[str, str]]]:
    def basic(text: str) -> str:
        return "Basic " + base64.b64encode(text.encode()).decode()

    return {
        "bearer": [("authorization", f"Bearer {secret}")],
        "lower-case bearer": [("authorization", f"bearer {secret}")],
        "basic password": [("authorization", basic(f"anybody:{secret}"))],
        "basic user": [("authorization", basic(f"{secret}:"))],
        "x-api-key": [("x-api-key", secret)],
        "api-key": [("api-key", secret)],
        "all at once": [("authorization", f"Bearer {secret}"), ("x-api-key", secret)],
        "twice": [("x-api-key", secret), ("x-api-key", secret)],
    }


async def test_every_carrier_gives_the_same_decision(world: World) -> None:
    revoked = world.key("acme", "read")
    keys.revoke_key(
        world.records, project_id="acme", key_id=revoked.key.key_id, now_ns=world.clock()
    )
    secrets = {
        "admin": world.key("acme").secret,
        "read": world.key("acme", "read").secret,
        "ingest": world.key("acme", "ingest").secret,
        "revoked": revoked.secret,
        "garbage": "qd_" + "b" * 51,
        "foreign": "sk-1234567890",
    }
    calls = [call for call in guarded_calls(world.app) if call.method == "GET"]
    async with world.client() as client:
        for name, secret in secrets.items():
            for call in calls:
                statuses = {
                    carrier: (await send(client, call, headers=headers)).status_code
                    for carrier, headers in carriers(secret).items()
                }
                assert len(set(statuses.values())) == 1, (name, call, statuses)


async def test_two_different_credentials_are_refused(world: World) -> None:
    one, two = world.key("acme").secret, world.key("twin").secret
    pairs = [
        [("authorization", f"Bearer {one}"), ("x-api-key", two)],
        [("x-api-key", one), ("x-api-key", two)],
        [("x-api-key", one), ("api-key", two)],
        [("authorization", f"Bearer {one}"), ("authorization", f"Bearer {two}")],
        [("authorization", f"Bearer {one}"), ("x-api-key", "garbage")],
        [("authorization", "Basic " + base64.b64encode(f"{one}:{two}".encode()).decode())],
    ]
    async with world.client() as client:
        for headers in pairs:
            for order in (headers, headers[::-1]):
                answer = await client.get("/api/v1/project", headers=order)
                assert answer.status_code == 401, order


async def test_a_key_in_the_query_a_cookie_or_the_body_is_no_credential(world: World) -> None:
    secret = world.key("acme").secret
    async with world.client() as client:
        for name in ("key", "api_key", "api-key", "x-api-key", "token", "authorization"):
            answer = await client.get("/api/v1/project", params={name: secret})
            assert answer.status_code == 401
            answer = await client.get("/api/v1/project", headers={"cookie": f"{name}={secret}"})
            assert answer.status_code == 401
        for name in ("quarterdeck_login", "__Host-quarterdeck_login"):
            answer = await client.get("/api/v1/project", headers={"cookie": f"{name}={secret}"})
            assert answer.status_code == 401


async def test_odd_authorization_headers_are_refused_not_failed_on(world: World) -> None:
    odd = ["", "Bearer", "Bearer ", "Basic", "Basic !!!", "Basic /w==", "Digest x", "\x01", "qd_",
           "Bearer qd_" + "a" * 60_000]  # fmt: skip
    async with world.client() as client:
        for value in odd:
            answer = await client.get("/api/v1/project", headers={"authorization": value})
            assert answer.status_code == 401, value


async def test_made_up_keys_cost_no_question_to_the_records(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(keys, "find_key", lambda _records, secret: asked.append(secret))
    async with world.client() as client:
        for number in range(1000):
            headers = {"x-api-key": f"qd_{number:051d}"}
            assert (await client.get("/api/v1/project", headers=headers)).status_code == 401
    assert asked == []


async def test_a_revoked_key_stops_at_once_and_elsewhere_within_seconds(world: World) -> None:
    admin, other, third = world.key("acme"), world.key("acme", "read"), world.key("acme", "read")
    async with world.client() as client:
        for key in (other, third):
            assert (await client.get("/api/v1/project", headers=bearer(key))).status_code == 200
        path = f"/api/v1/keys/{other.key.key_id}"
        assert (await client.delete(path, headers=bearer(admin))).status_code == 200
        assert (await client.get("/api/v1/project", headers=bearer(other))).status_code == 401
        # Revoked by another process: this one asks again after two seconds.
        keys.revoke_key(
            world.records, project_id="acme", key_id=third.key.key_id, now_ns=world.clock()
        )
        world.clock.forward(2_000_000_000)
        assert (await client.get("/api/v1/project", headers=bearer(third))).status_code == 401


async def test_a_key_never_makes_a_key_with_more_rights(world: World) -> None:
    expires_ns = world.clock() + HOUR
    maker = world.key("acme", "read", "admin", expires_ns=expires_ns)
    for scopes, expires_at, wanted in (
        (["read"], "2026-01-01T00:00:00Z", 422),
        (["read"], None, 403),
        (["write"], "2026-09-21T15:00:00Z", 403),
        (["read", "ingest"], "2026-09-21T15:00:00Z", 403),
        (["metrics"], "2026-09-21T15:00:00Z", 403),
        (["read", "admin"], "2099-01-01T00:00:00Z", 403),
        (["read", "admin"], "2026-09-21T14:20:00Z", 201),
        ([], "2026-09-21T14:20:00Z", 422),
    ):
        async with world.client() as client:
            answer = await client.post(
                "/api/v1/keys",
                headers=bearer(maker),
                json={"name": "child", "scopes": scopes, "expires_at": expires_at},
            )
        assert answer.status_code == wanted, (scopes, expires_at, answer.text)


async def test_a_key_gives_no_role_beyond_its_scopes(world: World) -> None:
    world.account("ann@example.org")
    for scopes, role, wanted in (
        (("admin",), "viewer", 403),
        (("admin", "read"), "viewer", 200),
        (("admin", "read"), "editor", 403),
        (("admin", "read", "write", "ingest"), "admin", 403),
        (("admin", "read", "write", "ingest", "run"), "admin", 200),
    ):
        async with world.client() as client:
            answer = await client.put(
                "/api/v1/members",
                headers=bearer(world.key("acme", *scopes)),
                json={"email": "ann@example.org", "role": role},
            )
        assert answer.status_code == wanted, (scopes, role)
    with pytest.raises(Forbidden):
        check_grant(
            Principal(actor="k", scopes=ROLE_SCOPES["admin"], expires_ns=5), ["read"],
            expires_ns=None,
        )  # fmt: skip


async def test_local_mode_needs_no_key_and_ends_with_the_first_account(
    local_world: World,
) -> None:
    async with local_world.client(headers={"host": "127.0.0.1:4400"}) as client:
        me = (await client.get("/api/v1/me")).json()
        assert me["local_mode"]
        assert me["project"] == "default"
        assert (await client.get("/api/v1/project")).status_code == 200
        made = {"email": "o@example.org", "password": PASSWORD}
        assert (await client.post("/api/v1/accounts", json=made)).status_code == 409
        made["owner"] = True  # type: ignore[assignment]
        assert (await client.post("/api/v1/accounts", json=made)).status_code == 201
        assert (await client.get("/api/v1/me")).status_code == 401


FOREIGN = [
    {"host": "evil.example"},
    {"host": "evil.example:4400"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "localhost.evil.example"},
    {"host": "192.168.1.5:4400"},
    {"host": "0.0.0.0:4400"},
    {"host": "[::2]"},
    {"host": "2130706433"},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:3000"},
    {"origin": "http://127.0.0.1:4401"},
    {"origin": "https://127.0.0.1:4400.evil.example"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_local_mode_refuses_foreign_hosts_and_pages(
    local_world: World, headers: dict[str, str]
) -> None:
    own = {"host": "127.0.0.1:4400"}
    async with local_world.client() as client:
        for call in every_call(local_world.app):
            answer = await send(client, call, headers=own | headers)
            assert answer.status_code in {403, 421}, call
    raw = [(name.encode(), value.encode()) for name, value in (own | headers).items()]
    with pytest.raises(Forbidden):
        await local_world.access.authenticate_intake(raw)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4400", "localhost", "LOCALHOST:1", "[::1]:4400", "app.localhost"]
)
async def test_local_mode_answers_to_its_own_names(local_world: World, host: str) -> None:
    async with local_world.client() as client:
        headers = {"host": host, "origin": f"http://{host}"}
        assert (await client.get("/api/v1/project", headers=headers)).status_code == 200


async def test_local_mode_ignores_foreign_keys_and_judges_ours(local_world: World) -> None:
    own = [(b"host", b"localhost")]
    intake = local_world.access.authenticate_intake
    for name, value in ((b"authorization", b"Bearer sk-lf-1"), (b"x-api-key", b"anything")):
        assert (await intake([*own, (name, value)])).project_id == "default"
    acme = local_world.key("acme", "ingest").secret.encode()
    assert (await intake([*own, (b"x-api-key", acme)])).project_id == "acme"
    made_up = b"Bearer qd_" + b"a" * 51
    with pytest.raises(Exception, match="unknown key"):
        await intake([*own, (b"authorization", made_up)])


async def test_intake_needs_a_key_of_scope_ingest(world: World) -> None:
    key = world.key("acme", "ingest")
    sender = await world.access.authenticate_intake([("Authorization", f"Bearer {key.secret}")])
    assert sender.project_id == "acme"
    over_grpc = await world.access.authenticate_grpc([("x-api-key", key.secret.encode())])
    assert over_grpc.project_id == "acme"
    read = world.key("acme", "read").secret
    with pytest.raises(Forbidden):
        await world.access.authenticate_intake([("x-api-key", read)])
    client = await world.log_in("owner@example.org")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with pytest.raises(Exception, match="no key"):
        await world.access.authenticate_intake([("cookie", cookie)])
    await client.aclose()


async def test_a_change_by_cookie_must_come_from_our_own_page(world: World) -> None:
    client = await world.log_in("owner@example.org")
    del client.headers["origin"]
    body = {"project_id": "fresh"}
    for headers in (
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://quarterdeck.test"},
        {"origin": ORIGIN + ".evil.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = await client.post("/api/v1/projects", json=body, headers=headers)
        assert answer.status_code == 403, headers
    answer = await client.post("/api/v1/projects", json=body, headers={"origin": ORIGIN})
    assert answer.status_code == 201
    await client.aclose()


async def test_the_cookie_is_hidden_from_scripts_and_other_sites(world: World) -> None:
    async with world.client(headers={"origin": ORIGIN}) as client:
        answer = await client.post(
            "/api/v1/login", json={"email": "owner@example.org", "password": PASSWORD}
        )
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "domain" not in cookie.lower()


async def test_over_https_the_cookie_is_bound_to_the_host(world: World) -> None:
    secure = Settings(public_url="https://agents.example.org", host="0.0.0.0")
    world.access._settings = secure
    async with world.client(headers={"origin": "https://agents.example.org"}) as client:
        answer = await client.post(
            "/api/v1/login", json={"email": "owner@example.org", "password": PASSWORD}
        )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-quarterdeck_login=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


async def test_logging_out_ends_the_login_on_the_server(world: World) -> None:
    client = await world.log_in("owner@example.org")
    cookies = dict(client.cookies)
    assert (await client.get("/api/v1/me")).status_code == 200
    assert (await client.post("/api/v1/logout")).status_code == 200
    async with world.client(cookies=cookies) as old:
        assert (await old.get("/api/v1/me")).status_code == 401
    await client.aclose()


async def test_a_login_ends_by_itself(world: World) -> None:
    client = await world.log_in("owner@example.org")
    world.clock.forward(int(world.settings.login_hours * HOUR))
    assert (await client.get("/api/v1/me")).status_code == 401
    await client.aclose()


async def test_guessing_passwords_is_slowed(world: World) -> None:
    async with world.client() as client:
        wrong = {"email": "owner@example.org", "password": "wrong"}
        statuses = [(await client.post("/api/v1/login", json=wrong)).status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
        right = {"email": "owner@example.org", "password": PASSWORD}
        blocked = await client.post("/api/v1/login", json=right)
        assert blocked.status_code == 429
        assert int(blocked.headers["retry-after"]) > 0
        world.clock.forward(HOUR)
        assert (await client.post("/api/v1/login", json=right)).status_code == 200


async def test_a_new_password_ends_all_logins(world: World) -> None:
    client = await world.log_in("owner@example.org")
    body = {"old": "wrong", "new": "another long password"}
    assert (await client.put("/api/v1/me/password", json=body)).status_code == 401
    body["old"] = PASSWORD
    assert (await client.put("/api/v1/me/password", json=body)).status_code == 200
    assert (await client.get("/api/v1/me")).status_code == 401
    await client.aclose()


def test_an_open_address_needs_an_account(world: World, local_world: World) -> None:
    wide, loopback = Settings(host="0.0.0.0"), Settings()
    check_bind(wide, world.records)
    check_bind(loopback, local_world.records)
    for host in ("0.0.0.0", "::", "192.168.1.5", "agents.example.org", "127.evil.example"):
        with pytest.raises(Misconfigured) as refused:
            check_bind(Settings(host=host), local_world.records)
        assert "quarterdeck users" in refused.value.hint


async def test_a_parameter_that_no_route_knows_is_refused_and_not_ignored(world: World) -> None:
    client = world.client(headers=bearer(world.key("acme")))
    misspelled = await client.get("/api/v1/sessions?outcom=failure")
    assert misspelled.status_code == 422
    told = misspelled.json()["error"]
    assert "'outcom'" in told["message"]
    assert "outcome" in told["hint"]
    assert (await client.get("/api/v1/figures?bye=agent")).status_code == 422
    assert (await client.get("/api/v1/sessions?outcome=failure&limit=1")).status_code == 200
    await client.aclose()


def test_raw_routes_need_a_policy_too() -> None:
    async def app(*_: object) -> None: ...

    require_policies([RawRoute(path="/v1/traces", app=app, policy=READ)])
    with pytest.raises(Misconfigured):
        require_policies([RawRoute(path="/v1/traces", app=app, policy=None)])  # type: ignore[arg-type]


def test_policies_are_declared_on_the_endpoint_itself() -> None:
    @allow(ADMIN)
    async def endpoint() -> None: ...

    assert GuardedRoute("/x", endpoint).policy is ADMIN
    assert PUBLIC.public
