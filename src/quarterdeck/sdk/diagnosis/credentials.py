"""Is the key known, of which project is it, and what may it do?  The key itself is never told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from quarterdeck.sdk.client import is_sendable
from quarterdeck.sdk.diagnosis.check import Check, fail, ok, unknown
from quarterdeck.sdk.diagnosis.situation import Situation

MAKE_A_KEY = (
    "On the server's machine: quarterdeck keys create NAME --scope ingest --scope read --here, "
    "then export QUARTERDECK_API_KEY=…"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the server takes us for."""

    project: str = ""
    scopes: frozenset[str] = frozenset()
    local_mode: bool = False


def identify(situation: Situation, *, api_key: str | None = None) -> Identity | str:
    """Who a key stands for, or in words why it stands for nobody."""
    try:
        reply = situation.request("GET", "/api/v1/me", api_key=api_key)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return f"it can't be sent ({type(error).__name__})"
    told = reply.json()
    if reply.status != 200 or not isinstance(told, dict):
        return reply.error()
    return Identity(
        project=str(told.get("project") or ""),
        scopes=frozenset(map(str, told.get("scopes") or ())),
        local_mode=bool(told.get("local_mode")),
    )


def check_key(situation: Situation) -> tuple[list[Check], Identity | None]:
    """The identity is None where the server knows nobody by this key."""
    if odd := _odd(situation.api_key):
        return [
            fail("key", odd[0], odd[1]),
        ], None
    found = identify(situation)
    if isinstance(found, str):
        if situation.api_key:
            seen = f"the server does not accept the key in QUARTERDECK_API_KEY: {found}"
        else:
            seen = f"QUARTERDECK_API_KEY is not set, and this server wants a key: {found}"
        return [fail("key", seen, MAKE_A_KEY)], None
    return list(_rights(situation, found)), found


def _odd(key: str) -> tuple[str, str] | None:
    """What is wrong with a key at first sight, and what to do."""
    if key != key.strip():
        return "QUARTERDECK_API_KEY has white space around the key", "Export it without."
    if key[:1] in {'"', "'"}:
        return "QUARTERDECK_API_KEY has quotes around the key", "Export it without."
    if key.lower().startswith("bearer "):
        return (
            "QUARTERDECK_API_KEY begins with 'Bearer'",
            "Export the key alone; the word is added when it is sent.",
        )
    if not is_sendable(key):
        return "QUARTERDECK_API_KEY has characters that no key has", "Export it again, whole."
    return None


def _rights(situation: Situation, found: Identity) -> Iterator[Check]:
    whose = f"project {found.project!r}" if found.project else "no project"
    if not situation.api_key:
        seen = f"none is needed: the server is in local mode ({whose})"
    elif found.local_mode and not situation.api_key.startswith("qd_"):
        seen = f"not one of ours, which local mode ignores ({whose})"
    else:
        seen = f"known: {whose}, may {', '.join(sorted(found.scopes)) or 'nothing'}"
    yield ok("key", seen)
    if "ingest" in found.scopes:
        yield ok("may_send", f"what it sends goes to {whose}")
    else:
        yield fail(
            "may_send",
            "the key may not send: it lacks the scope `ingest`",
            MAKE_A_KEY,
        )
    if "read" in found.scopes:
        yield ok("may_read", f"it sees the sessions of {whose}")
    else:
        yield unknown(
            "may_read",
            "the key may send only, which is enough for an agent; what arrives can't be "
            "looked at with it",
            "Run this again with a key that has the scope `read` too.",
        )
