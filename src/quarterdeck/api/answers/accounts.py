"""Accounts and members, and who the caller is."""

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.storage.records.keys import Scope
from quarterdeck.storage.records.memberships import Role


class AccountOfLogin(Answer):
    account_id: str
    email: str
    name: str
    owner: bool
    disabled: bool


class AccountShown(AccountOfLogin):
    created_at: Instant


class AccountList(Answer):
    accounts: list[AccountShown]


class LoggedIn(Answer):
    account: AccountOfLogin


class Me(Answer):
    actor: str
    """`account:<address>`, `key:<key id>` or `local`."""
    project: str | None
    """Null: an account with several projects named none."""
    scopes: list[Scope]
    """In that project."""
    owner: bool
    projects: dict[str, Role]
    """An account's own roles; empty for keys and in local mode."""
    local_mode: bool


class Member(Answer):
    project_id: str
    account_id: str
    email: str
    role: Role


class MemberList(Answer):
    members: list[Member]


class MemberSet(Answer):
    email: str
    role: Role
