"""
Logins: a random cookie each, kept as SHA-256, with an end.

Logging out, a new password and a disabled account end them at once: every request asks here.
"""

import hashlib
import secrets

import msgspec
from sqlalchemy import RowMapping, delete, insert, select

from quarterdeck.storage.records.accounts import Account
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.tables import ACCOUNTS, LOGINS


class Login(msgspec.Struct, frozen=True, kw_only=True):
    account: Account
    expires_ns: int


def start_login(records: Records, *, account_id: str, now_ns: int, expires_ns: int) -> str:
    """The cookie's value.  Logins that have ended are swept on the way."""
    cookie = secrets.token_urlsafe(32)
    with records.writing() as connection:
        connection.execute(delete(LOGINS).where(LOGINS.c.expires_ns <= now_ns))
        connection.execute(
            insert(LOGINS).values(
                sha256=_hash(cookie),
                account_id=account_id,
                created_ns=now_ns,
                expires_ns=expires_ns,
            )
        )
    return cookie


def find_login(records: Records, cookie: str, *, now_ns: int) -> Login | None:
    """None if unknown, ended, or its account is disabled."""
    query = (
        select(ACCOUNTS, LOGINS.c.expires_ns)
        .join(LOGINS, LOGINS.c.account_id == ACCOUNTS.c.account_id)
        .where(LOGINS.c.sha256 == _hash(cookie), LOGINS.c.expires_ns > now_ns, ~ACCOUNTS.c.disabled)
    )
    with records.reading() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _login(row)


def end_login(records: Records, cookie: str) -> None:
    with records.writing() as connection:
        connection.execute(delete(LOGINS).where(LOGINS.c.sha256 == _hash(cookie)))


def end_logins_of(records: Records, account_id: str) -> None:
    with records.writing() as connection:
        connection.execute(delete(LOGINS).where(LOGINS.c.account_id == account_id))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _login(row: RowMapping) -> Login:
    columns = row
    account = msgspec.convert({name: columns[name] for name in Account.__struct_fields__}, Account)
    return Login(account=account, expires_ns=columns["expires_ns"])
