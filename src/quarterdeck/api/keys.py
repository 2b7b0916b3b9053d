"""
API keys of one project.  A key's secret is in one answer, the one that makes it.
"""

import asyncio
from typing import Any

from fastapi import Request, Response

from quarterdeck.api.access import ADMIN, Principal, allow, check_grant, guarded_router
from quarterdeck.api.answers.keys import KeyList, KeyMade, KeyShown
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Label
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.model.instants import from_rfc3339, to_rfc3339
from quarterdeck.storage.records import keys
from quarterdeck.storage.records.keys import CreatedKey, Key, Scope

router = guarded_router("access")


class KeyForm(Form):
    name: Label
    scopes: tuple[Scope, ...]
    expires_at: str | None = None
    """RFC 3339; left out, the key works until it is revoked."""


@router.get(
    "/keys",
    summary="This project's keys, without their secrets",
    responses={200: {"model": KeyList}},
)
@allow(ADMIN)
async def list_all(request: Request, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(keys.list_keys, parts.records, who.project_id)
    return answer(request, {"keys": [_shown(key) for key in found]})


@router.post(
    "/keys",
    status_code=201,
    summary="Make a key; its secret is shown this once",
    responses={201: {"model": KeyMade}},
)
@allow(ADMIN)
async def create(request: Request, form: KeyForm, parts: With, who: Who) -> Response:
    expires_ns = from_rfc3339(form.expires_at) if form.expires_at else None
    check_grant(who, form.scopes, expires_ns=expires_ns)
    made = await asyncio.to_thread(_create, parts, who, form, expires_ns)
    return answer(request, {**_shown(made.key), "secret": made.secret}, status=201)


def _create(parts: Parts, who: Principal, form: KeyForm, expires_ns: int | None) -> CreatedKey:
    made = keys.create_key(
        parts.records,
        project_id=who.project_id,
        name=form.name,
        scopes=form.scopes,
        created_by=who.actor,
        now_ns=parts.now_ns(),
        expires_ns=expires_ns,
    )
    note(parts, who, "key.create", made.key.key_id, name=form.name, scopes=made.key.scopes)
    return made


@router.delete(
    "/keys/{key_id}", summary="Revoke a key; it stops at once", responses={200: {"model": KeyShown}}
)
@allow(ADMIN)
async def revoke(request: Request, key_id: str, parts: With, who: Who) -> Response:
    key = await asyncio.to_thread(_revoke, parts, who, key_id)
    return answer(request, _shown(key))


def _revoke(parts: Parts, who: Principal, key_id: str) -> Key:
    key = keys.revoke_key(
        parts.records, project_id=who.project_id, key_id=key_id, now_ns=parts.now_ns()
    )
    parts.access.forget_keys()
    note(parts, who, "key.revoke", key.key_id, name=key.name)
    return key


def _shown(key: Key) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "created_at": to_rfc3339(key.created_ns),
        "created_by": key.created_by,
        "expires_at": _instant(key.expires_ns),
        "revoked_at": _instant(key.revoked_ns),
        "last_used_at": _instant(key.last_used_ns),
    }


def _instant(at_ns: int | None) -> str | None:
    return None if at_ns is None else to_rfc3339(at_ns)
