"""
Logging in and out, and who one is.

Guessing is slowed: after 10 wrong passwords for one address from one place within 15 minutes,
and after 100 from anywhere, the answer is 429 until the window has passed.  Passwords are
hashed two at a time, so that a flood of logins can't take the memory (64 MiB each).
"""

import asyncio
from collections import OrderedDict
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import (
    PUBLIC,
    SIGNED_IN,
    Principal,
    allow,
    guarded_router,
)
from quarterdeck.api.answers.accounts import LoggedIn, Me
from quarterdeck.api.answers.shapes import Empty
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Secret, Short
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.errors import Invalid, TryAgain, Unauthorized
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.storage.records import accounts, logins
from quarterdeck.storage.records.accounts import Account

router = guarded_router("access")

_WINDOW_NS = 15 * 60 * NS_PER_S
_TRIES_FROM_ONE_PLACE = 10
_TRIES_FROM_ANYWHERE = 100
_REMEMBERED_FAILURES = 10_000  # addresses; the oldest are forgotten first


class LoginForm(Form):
    email: Short
    password: Secret


class PasswordForm(Form):
    old: Secret
    new: Secret


class Throttle:
    """Counts wrong passwords by address and place.  Lives as long as the process."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], list[int]] = OrderedDict()
        self.hashing = asyncio.Semaphore(2)

    def check(self, email: str, place: str, *, now_ns: int) -> None:
        for key, most in (
            ((email, place), _TRIES_FROM_ONE_PLACE),
            ((email, ""), _TRIES_FROM_ANYWHERE),
        ):
            recent = [at for at in self._failures.get(key, ()) if at > now_ns - _WINDOW_NS]
            if len(recent) >= most:
                raise TryAgain(
                    "too many wrong passwords",
                    code="too_many_requests",
                    retry_after_s=(recent[0] + _WINDOW_NS - now_ns) // NS_PER_S + 1,
                )

    def failed(self, email: str, place: str, *, now_ns: int) -> None:
        for key in ((email, place), (email, "")):
            recent = self._failures.pop(key, [])
            self._failures[key] = [*recent[-_TRIES_FROM_ANYWHERE:], now_ns]
        while len(self._failures) > _REMEMBERED_FAILURES:
            self._failures.popitem(last=False)

    def succeeded(self, email: str, place: str) -> None:
        self._failures.pop((email, place), None)


@router.post(
    "/login",
    summary="Log in with address and password; sets the login cookie",
    responses={200: {"model": LoggedIn}},
)
@allow(PUBLIC)
async def log_in(request: Request, form: LoginForm, parts: With) -> Response:
    throttle: Throttle = request.app.state.throttle
    email = form.email.strip().lower()
    place = request.client.host if request.client else "?"
    throttle.check(email, place, now_ns=parts.now_ns())
    try:
        async with throttle.hashing:
            account = await asyncio.to_thread(
                accounts.verify_password, parts.records, email=email, password=form.password
            )
    except Unauthorized:
        throttle.failed(email, place, now_ns=parts.now_ns())
        raise
    throttle.succeeded(email, place)
    lasting_s = int(parts.settings.login_hours * 3600)
    cookie = await asyncio.to_thread(_start, parts, account, lasting_s)
    response = answer(request, {"account": _shown(account)})
    _set_cookie(response, request, parts, cookie, max_age_s=lasting_s)
    return response


def _start(parts: Parts, account: Account, lasting_s: int) -> str:
    now_ns = parts.now_ns()
    cookie = logins.start_login(
        parts.records,
        account_id=account.account_id,
        now_ns=now_ns,
        expires_ns=now_ns + lasting_s * NS_PER_S,
    )
    who = Principal(actor=f"account:{account.email}")
    note(parts, who, "login.start", account.email, server_wide=True)
    return cookie


@router.post("/logout", summary="End this login", responses={200: {"model": Empty}})
@allow(SIGNED_IN)
async def log_out(request: Request, parts: With, who: Who) -> Response:
    cookie = request.cookies.get(parts.access.cookie_name(request), "")
    if who.by_cookie and cookie:
        await asyncio.to_thread(logins.end_login, parts.records, cookie)
        await asyncio.to_thread(
            note, parts, who, "login.end", who.actor.partition(":")[2], server_wide=True
        )
    response = answer(request, {})
    _set_cookie(response, request, parts, "", max_age_s=0)
    return response


@router.get(
    "/me",
    summary="Who the credential stands for, and what it may do",
    responses={200: {"model": Me}},
)
@allow(SIGNED_IN)
async def me(request: Request, parts: With, who: Who) -> Response:
    return answer(
        request,
        {
            "actor": who.actor,
            "project": who.project_id or None,
            "scopes": sorted(who.scopes),
            "owner": who.owner,
            "projects": dict(who.projects),
            "local_mode": await parts.access.is_local(),
        },
    )


@router.put(
    "/me/password",
    summary="Change one's own password; ends all other logins",
    responses={200: {"model": Empty}},
)
@allow(SIGNED_IN)
async def change_password(request: Request, form: PasswordForm, parts: With, who: Who) -> Response:
    if not who.account_id:
        raise Invalid("only an account has a password")
    throttle: Throttle = request.app.state.throttle
    throttle.check(who.account_id, "", now_ns=parts.now_ns())
    try:
        async with throttle.hashing:
            await asyncio.to_thread(_change, parts, who, form)
    except Unauthorized:
        throttle.failed(who.account_id, "", now_ns=parts.now_ns())
        raise
    response = answer(request, {})
    _set_cookie(response, request, parts, "", max_age_s=0)
    return response


def _change(parts: Parts, who: Principal, form: PasswordForm) -> None:
    account = accounts.get_account(parts.records, who.account_id)
    accounts.verify_password(parts.records, email=account.email, password=form.old)
    accounts.set_password(parts.records, who.account_id, form.new)
    logins.end_logins_of(parts.records, who.account_id)
    note(parts, who, "account.password", account.email, server_wide=True)


def _set_cookie(
    response: Response, request: Request, parts: Parts, value: str, *, max_age_s: int
) -> None:
    response.set_cookie(
        parts.access.cookie_name(request),
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=parts.access.is_https(request),
    )


def _shown(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "email": account.email,
        "name": account.name,
        "owner": account.owner,
        "disabled": account.disabled,
    }
