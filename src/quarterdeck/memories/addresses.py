"""
Where an entry of memory is: environment, namespace, scope, key.

The environment is part of the address, so that what an agent learns in staging is never read in
production unless somebody says so; "" is for agents that have none.  A scope says whose it is
(`user:u-7`), "" is everybody's.

Refused: what one of the databases can't keep, so that both answer alike.
"""

import hashlib
from typing import NamedTuple

import msgspec

from quarterdeck.errors import Invalid

ENVIRONMENT_LENGTH = 100
PART_LENGTH = 400
"""Characters of a namespace, a scope and a key each: a path of a file fits, a document does not."""


class Address(msgspec.Struct, frozen=True, kw_only=True, order=True):
    environment: str = ""
    namespace: str
    scope: str = ""
    key: str


class _Part(NamedTuple):
    name: str
    longest: int
    may_be_empty: bool


_PARTS = (
    _Part("environment", ENVIRONMENT_LENGTH, True),
    _Part("namespace", PART_LENGTH, False),
    _Part("scope", PART_LENGTH, True),
    _Part("key", PART_LENGTH, False),
)


def is_keepable(text: str, *, longest: int) -> bool:
    """Whether both databases can keep it: no NUL, no half of a surrogate pair, not too long."""
    if len(text) > longest or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_possible(address: Address) -> bool:
    """Whether an entry could be there; for others no database need be asked."""
    return all(_is_possible(part, getattr(address, part.name)) for part in _PARTS)


def checked(address: Address) -> Address:
    """The address itself.  Raises `Invalid` for one at which nothing can be kept."""
    for part in _PARTS:
        text = getattr(address, part.name)
        if not _is_possible(part, text):
            least = 0 if part.may_be_empty else 1
            raise Invalid(
                f"not a {part.name} of memory: {text[:80]!r}",
                hint=f"Use {least} to {part.longest} characters, without NUL.",
            )
    return address


def entry_id_of(address: Address) -> str:
    """
    SHA-256 of the address: equal for equal addresses, and one short index entry for what can be
    1,300 characters.  NUL stands between the parts, since none of them can hold one.
    """
    parts = (address.environment, address.namespace, address.scope, address.key)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def _is_possible(part: _Part, text: str) -> bool:
    return (bool(text) or part.may_be_empty) and is_keepable(text, longest=part.longest)
