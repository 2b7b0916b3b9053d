"""
Accounts: people who may log in.  Passwords are kept as argon2id only.

An unknown address costs the same time as a wrong password, so the answer does not tell
which addresses exist.
"""

import uuid
from functools import cache

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, Invalid, NotFound, Unauthorized
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import ACCOUNTS

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 512  # more only costs hashing time
# RFC 9106's second recommendation (64 MiB, 3 passes), the library's own default too.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    email: str
    """Lower case."""
    name: str
    owner: bool
    """Owns the server: makes accounts and projects, and is admin of every project."""
    disabled: bool
    created_ns: int


def create_account(
    records: Records,
    *,
    email: str,
    password: str,
    name: str = "",
    owner: bool = False,
    now_ns: int,
) -> Account:
    """Raises `Invalid` for an address or password that can't be used, `Conflict` if taken."""
    email = _checked_email(email)
    _check_password(password)
    account = Account(
        account_id=str(uuid.uuid4()),
        email=email,
        name=name or email.partition("@")[0],
        owner=owner,
        disabled=False,
        created_ns=now_ns,
    )
    try:
        with records.writing() as connection:
            connection.execute(
                insert(ACCOUNTS).values(
                    **msgspec.to_builtins(account), password_hash=_HASHER.hash(password)
                )
            )
    except IntegrityError as error:
        raise Conflict(f"an account for {email!r} exists already") from error
    return account


def verify_password(records: Records, *, email: str, password: str) -> Account:
    """The account.  Raises `Unauthorized`, the same for every reason."""
    with records.reading() as connection:
        row = (
            connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.email == email.strip().lower()))
            .mappings()
            .one_or_none()
        )
    known = row is not None and not row["disabled"]
    stored = row["password_hash"] if row is not None else _nobody()
    try:
        _HASHER.verify(stored, password[:MAX_PASSWORD_LENGTH])
        matches = True
    except (VerificationError, InvalidHashError):
        matches = False
    if row is None or not known or not matches:
        raise Unauthorized("unknown address or wrong password")
    return _account(row)


def get_account(records: Records, account_id: str) -> Account:
    with records.reading() as connection:
        row = (
            connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))
            .mappings()
            .one_or_none()
        )
    if row is None:
        raise NotFound(f"no account {account_id!r}")
    return _account(row)


def find_account(records: Records, email: str) -> Account:
    with records.reading() as connection:
        row = (
            connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.email == email.strip().lower()))
            .mappings()
            .one_or_none()
        )
    if row is None:
        raise NotFound(f"no account for {email!r}")
    return _account(row)


def list_accounts(records: Records) -> list[Account]:
    with records.reading() as connection:
        return [
            _account(row)
            for row in connection.execute(select(ACCOUNTS).order_by("email")).mappings()
        ]


def count_accounts(records: Records) -> int:
    with records.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(ACCOUNTS)).scalar_one())


def set_password(records: Records, account_id: str, password: str) -> None:
    _check_password(password)
    _change(records, account_id, password_hash=_HASHER.hash(password))


def set_disabled(records: Records, account_id: str, *, disabled: bool) -> None:
    _change(records, account_id, disabled=disabled)


def set_owner(records: Records, account_id: str, *, owner: bool) -> None:
    _change(records, account_id, owner=owner)


def delete_account(records: Records, account_id: str) -> None:
    """Its memberships and logins go with it.  The last account that owns the server stays."""
    with records.writing() as connection:
        others = connection.execute(
            select(func.count())
            .select_from(ACCOUNTS)
            .where(ACCOUNTS.c.owner, ~ACCOUNTS.c.disabled, ACCOUNTS.c.account_id != account_id)
        ).scalar_one()
        if not others:
            raise Conflict(
                "the last owner can't be deleted", hint="Make another account owner first."
            )
        gone = connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))
        if gone.rowcount == 0:
            raise NotFound(f"no account {account_id!r}")


def _change(records: Records, account_id: str, **values: object) -> None:
    with records.writing() as connection:
        changed = connection.execute(
            update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(**values)
        )
        if changed.rowcount == 0:
            raise NotFound(f"no account {account_id!r}")


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    local, at, domain = email.partition("@")
    unfit = not email.isprintable() or any(mark in email for mark in " <>\"'") or len(email) > 320
    if not (local and at and domain) or "@" in domain or unfit:
        raise Invalid(f"not an e-mail address: {email!r}")
    return email


def _check_password(password: str) -> None:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise Invalid(
            f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters, "
            f"this one {len(password)}",
            hint="Four random words are easy to remember and hard to guess.",
        )


def _account(row: RowMapping) -> Account:
    return msgspec.convert({name: row[name] for name in Account.__struct_fields__}, Account)


@cache
def _nobody() -> str:
    """What a password is compared with where there is no account, so that both take as long."""
    return _HASHER.hash("nobody has this password")
