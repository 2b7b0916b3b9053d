"""
API keys: 256 random bits, shown once, kept as SHA-256.

A key is `qd_`, 43 characters of randomness and 8 of checksum, all base 62.  The checksum is
an HMAC with a secret of this server, so that a made-up key is refused without asking the
database: garbage must cost nothing.  The first 8 random characters are kept as `prefix`, to
recognize a key in a list; they give nothing away that matters (208 bits remain).
"""

import hashlib
import hmac
import secrets
import uuid
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import KEYS, PROJECTS, SERVER

Scope = Literal["ingest", "run", "read", "write", "admin", "metrics"]
"""What a key may do: send data; what a running agent needs (its workflow version, memory, asking a
person); read; judge and delete; change the project; read /metrics."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

KEY_PREFIX = "qd_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 43  # 62**43 > 2**256
_CHECKSUM_LENGTH = 8  # 47 bits: guessing one takes longer than the server lives
_KEY_LENGTH = len(KEY_PREFIX) + _RANDOM_LENGTH + _CHECKSUM_LENGTH
_SHOWN_LENGTH = len(KEY_PREFIX) + 8


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it may be shown: without the secret and without its hash."""

    key_id: str
    project_id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_ns: int
    created_by: str
    expires_ns: int | None = None
    """The first instant at which it no longer works; None: never."""
    revoked_ns: int | None = None
    last_used_ns: int | None = None
    """To about a minute."""


class CreatedKey(msgspec.Struct, frozen=True, kw_only=True):
    key: Key
    secret: str
    """The only time that anyone sees it."""


def checksum_secret(records: Records) -> bytes:
    """The secret behind the checksums; made on first use, the same for all replicas."""
    query = select(SERVER.c.value).where(SERVER.c.name == "key_checksum_secret")
    with records.reading() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        try:
            with records.writing() as connection:
                connection.execute(
                    insert(SERVER).values(name="key_checksum_secret", value=secrets.token_hex(32))
                )
        except IntegrityError:
            pass  # another replica was quicker; its secret counts
        with records.reading() as connection:
            found = connection.execute(query).scalar_one()
    return bytes.fromhex(str(found))


def looks_like_a_key(text: str) -> bool:
    """Whether someone meant this as one of our keys, well-formed or not."""
    return text.startswith(KEY_PREFIX)


def is_well_formed(text: str, checksum: bytes) -> bool:
    """Whether this server may have made it; no database is asked."""
    if len(text) != _KEY_LENGTH or not text.startswith(KEY_PREFIX) or not text.isascii():
        return False
    body, check = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return hmac.compare_digest(_checksum(body, checksum), check)


def key_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(
    records: Records,
    *,
    project_id: str,
    name: str,
    scopes: tuple[str, ...],
    created_by: str,
    now_ns: int,
    expires_ns: int | None = None,
) -> CreatedKey:
    """Raises `Invalid` for unknown scopes or a past expiry, `NotFound` for the project."""
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        raise Invalid(
            f"not a scope: {wrong[0]!r}" if wrong else "a key without scopes can do nothing",
            hint=f"Scopes are {', '.join(SCOPES)}.",
        )
    if expires_ns is not None and expires_ns <= now_ns:
        raise Invalid("a key that has expired already can do nothing")
    body = KEY_PREFIX + _base62(secrets.randbits(256), _RANDOM_LENGTH)
    secret = body + _checksum(body, checksum_secret(records))
    values: dict[str, Any] = {
        "key_id": str(uuid.uuid4()),
        "project_id": project_id,
        "name": name,
        "prefix": secret[:_SHOWN_LENGTH],
        "scopes": [scope for scope in SCOPES if scope in scopes],
        "created_ns": now_ns,
        "created_by": created_by,
        "expires_ns": expires_ns,
    }
    with records.writing() as connection:
        known = connection.execute(
            select(PROJECTS.c.project_id).where(PROJECTS.c.project_id == project_id)
        ).one_or_none()
        if known is None:
            raise NotFound(f"no project {project_id!r}")
        connection.execute(insert(KEYS).values(**values, sha256=key_hash(secret)))
    return CreatedKey(key=msgspec.convert(values, Key), secret=secret)


def find_key(records: Records, secret: str) -> Key | None:
    """The key of this secret, revoked and expired ones too: judging them is `access`' work."""
    wanted = key_hash(secret)
    query = select(KEYS).where(KEYS.c.prefix == secret[:_SHOWN_LENGTH])
    with records.reading() as connection:
        rows = connection.execute(query).mappings().all()
    for row in rows:
        if hmac.compare_digest(row["sha256"], wanted):
            return _key(row)
    return None


def get_key(records: Records, *, project_id: str, key_id: str) -> Key:
    with records.reading() as connection:
        row = (
            connection.execute(
                select(KEYS).where(KEYS.c.project_id == project_id, KEYS.c.key_id == key_id)
            )
            .mappings()
            .one_or_none()
        )
    if row is None:
        raise NotFound(f"no key {key_id!r}")
    return _key(row)


def list_keys(records: Records, project_id: str) -> list[Key]:
    """Newest first, revoked ones too."""
    with records.reading() as connection:
        rows = connection.execute(
            select(KEYS)
            .where(KEYS.c.project_id == project_id)
            .order_by(KEYS.c.created_ns.desc(), KEYS.c.key_id)
        ).mappings()
        return [_key(row) for row in rows]


def revoke_key(records: Records, *, project_id: str, key_id: str, now_ns: int) -> Key:
    """Revoking twice keeps the first instant.  Raises `NotFound`."""
    with records.writing() as connection:
        connection.execute(
            update(KEYS)
            .where(
                KEYS.c.project_id == project_id,
                KEYS.c.key_id == key_id,
                KEYS.c.revoked_ns.is_(None),
            )
            .values(revoked_ns=now_ns)
        )
    return get_key(records, project_id=project_id, key_id=key_id)


def note_use(records: Records, key_id: str, *, now_ns: int) -> None:
    with records.writing() as connection:
        connection.execute(update(KEYS).where(KEYS.c.key_id == key_id).values(last_used_ns=now_ns))


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(digits)


def _checksum(body: str, secret: bytes) -> str:
    mac = hmac.new(secret, body.encode("ascii"), hashlib.sha256).digest()
    return _base62(int.from_bytes(mac[:8], "big"), _CHECKSUM_LENGTH)


def _key(row: RowMapping) -> Key:
    return msgspec.convert({name: row[name] for name in Key.__struct_fields__}, Key)
