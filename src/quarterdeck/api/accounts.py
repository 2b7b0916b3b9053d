"""
Accounts of the whole server, for who owns it; and the members of one project, for its admins.
"""

import asyncio
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import (
    ADMIN,
    OWNER,
    ROLE_SCOPES,
    Principal,
    allow,
    check_grant,
    guarded_router,
)
from quarterdeck.api.answers.accounts import AccountList, AccountShown, MemberList, MemberSet
from quarterdeck.api.answers.shapes import Empty
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Secret, Short
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.errors import Conflict
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import accounts, logins, memberships
from quarterdeck.storage.records.accounts import Account
from quarterdeck.storage.records.memberships import Role

router = guarded_router("access")


class AccountForm(Form):
    email: Short
    password: Secret
    name: Short = ""
    owner: bool = False


class AccountChange(Form):
    """What is left out stays."""

    password: Secret | None = None
    owner: bool | None = None
    disabled: bool | None = None


class MemberForm(Form):
    email: Short
    role: Role


@router.get(
    "/accounts", summary="Everybody who may log in", responses={200: {"model": AccountList}}
)
@allow(OWNER)
async def list_all(request: Request, parts: With) -> Response:
    found = await asyncio.to_thread(accounts.list_accounts, parts.records)
    return answer(request, {"accounts": [_shown(account) for account in found]})


@router.post(
    "/accounts",
    status_code=201,
    summary="Make an account; the first ends local mode",
    responses={201: {"model": AccountShown}},
)
@allow(OWNER)
async def create(request: Request, form: AccountForm, parts: With, who: Who) -> Response:
    account = await asyncio.to_thread(_create, parts, who, form)
    parts.access.account_made()
    return answer(request, _shown(account), status=201)


def _create(parts: Parts, who: Principal, form: AccountForm) -> Account:
    if not form.owner and not accounts.count_accounts(parts.records):
        raise Conflict("the first account must own the server", hint='Send "owner": true with it.')
    account = accounts.create_account(
        parts.records,
        email=form.email,
        password=form.password,
        name=form.name,
        owner=form.owner,
        now_ns=parts.now_ns(),
    )
    note(parts, who, "account.create", account.email, server_wide=True, owner=form.owner)
    return account


@router.patch(
    "/accounts/{account_id}",
    summary="Change an account; ends its logins",
    responses={200: {"model": AccountShown}},
)
@allow(OWNER)
async def change(
    request: Request, account_id: str, form: AccountChange, parts: With, who: Who
) -> Response:
    account = await asyncio.to_thread(_change, parts, who, account_id, form)
    return answer(request, _shown(account))


def _change(parts: Parts, who: Principal, account_id: str, form: AccountChange) -> Account:
    before = accounts.get_account(parts.records, account_id)
    loses_owner = form.owner is False or form.disabled is True
    if before.owner and loses_owner and _is_last_owner(parts, account_id):
        raise Conflict("the last owner must stay", hint="Make another account owner first.")
    if form.password is not None:
        accounts.set_password(parts.records, account_id, form.password)
    if form.owner is not None:
        accounts.set_owner(parts.records, account_id, owner=form.owner)
    if form.disabled is not None:
        accounts.set_disabled(parts.records, account_id, disabled=form.disabled)
    logins.end_logins_of(parts.records, account_id)
    note(
        parts,
        who,
        "account.change",
        before.email,
        server_wide=True,
        owner=form.owner,
        disabled=form.disabled,
        renewed_login=form.password is not None,
    )
    return accounts.get_account(parts.records, account_id)


def _is_last_owner(parts: Parts, account_id: str) -> bool:
    return not any(
        account.owner and not account.disabled and account.account_id != account_id
        for account in accounts.list_accounts(parts.records)
    )


@router.delete(
    "/accounts/{account_id}",
    summary="Delete an account with its logins and roles",
    responses={200: {"model": Empty}},
)
@allow(OWNER)
async def delete(request: Request, account_id: str, parts: With, who: Who) -> Response:
    await asyncio.to_thread(_delete, parts, who, account_id)
    return answer(request, {})


def _delete(parts: Parts, who: Principal, account_id: str) -> None:
    account = accounts.get_account(parts.records, account_id)
    accounts.delete_account(parts.records, account_id)
    note(parts, who, "account.delete", account.email, server_wide=True)


@router.get(
    "/members", summary="Who has which role in this project", responses={200: {"model": MemberList}}
)
@allow(ADMIN)
async def list_members(request: Request, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(memberships.list_members, parts.records, who.project_id)
    return answer(request, {"members": found})


@router.put(
    "/members",
    summary="Give an account a role in this project",
    responses={200: {"model": MemberSet}},
)
@allow(ADMIN)
async def set_member(request: Request, form: MemberForm, parts: With, who: Who) -> Response:
    # A role has no end, so a key that has one can't give it.
    check_grant(who, ROLE_SCOPES[form.role], expires_ns=None)
    await asyncio.to_thread(_set_member, parts, who, form)
    return answer(request, {"email": form.email.strip().lower(), "role": form.role})


def _set_member(parts: Parts, who: Principal, form: MemberForm) -> None:
    account = accounts.find_account(parts.records, form.email)
    memberships.set_role(
        parts.records,
        project_id=who.project_id,
        account_id=account.account_id,
        role=form.role,
    )
    note(parts, who, "member.set", account.email, role=form.role)


@router.delete(
    "/members/{account_id}",
    summary="Take an account's role in this project away",
    responses={200: {"model": Empty}},
)
@allow(ADMIN)
async def remove_member(request: Request, account_id: str, parts: With, who: Who) -> Response:
    await asyncio.to_thread(_remove_member, parts, who, account_id)
    return answer(request, {})


def _remove_member(parts: Parts, who: Principal, account_id: str) -> None:
    memberships.remove_member(parts.records, project_id=who.project_id, account_id=account_id)
    note(parts, who, "member.remove", account_id)


def _shown(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "email": account.email,
        "name": account.name,
        "owner": account.owner,
        "disabled": account.disabled,
        "created_at": to_rfc3339(account.created_ns),
    }
