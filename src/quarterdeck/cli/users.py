"""
`quarterdeck users …`: accounts and their roles, in this machine's records.

These commands don't ask the server: bound beyond loopback it refuses to start until an
account exists, so the first one has to be made without it.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.here import ACTOR, Data, RecordsUrl, records_here
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import to_rfc3339

app = typer.Typer(
    name="users", no_args_is_help=True, help="Accounts and their roles, on this machine."
)

Email = Annotated[str, typer.Argument(help="The address to log in with.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command("create")
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="How the person is called.")] = "",
    owner: Annotated[
        bool | None,
        typer.Option(
            "--owner/--no-owner",
            help="May do everything on this server.  The first account is an owner.",
        ),
    ] = None,
    password_stdin: FromStdin = False,
    data: Data = None,
    records_url: RecordsUrl = None,
) -> None:
    """Make an account.  The password is asked for: on the command line others could see it."""
    password = _ask_password(from_stdin=password_stdin)
    with records_here(data=data, records_url=records_url) as records:
        from quarterdeck.storage.records import accounts, audit

        first = accounts.count_accounts(records) == 0
        if first and owner is False:
            raise Invalid("the first account has to be an owner", hint="Leave out --no-owner.")
        now_ns = terminal.today_ns()
        account = accounts.create_account(
            records,
            email=email,
            password=password,
            name=name,
            owner=first if owner is None else owner,
            now_ns=now_ns,
        )
        audit.write_audit(
            records,
            project_id="",
            actor=ACTOR,
            action="account.create",
            target=account.email,
            now_ns=now_ns,
            details={"owner": account.owner},
        )
    print(
        f"Created {terminal.printable(account.email)}" + (", an owner." if account.owner else ".")
    )
    if not account.owner:
        print(f"Give it a role: quarterdeck users role {terminal.printable(account.email)} viewer")


@app.command("password")
def password(
    email: Email,
    password_stdin: FromStdin = False,
    data: Data = None,
    records_url: RecordsUrl = None,
) -> None:
    """Set a new password, for somebody who forgot it."""
    new = _ask_password(from_stdin=password_stdin)
    with records_here(data=data, records_url=records_url) as records:
        from quarterdeck.storage.records import accounts, audit

        account = accounts.find_account(records, email)
        accounts.set_password(records, account.account_id, new)
        audit.write_audit(
            records,
            project_id="",
            actor=ACTOR,
            action="account.set_password",
            target=account.email,
            now_ns=terminal.today_ns(),
        )
    print(f"Set the password of {terminal.printable(account.email)}.")


@app.command("list")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    data: Data = None,
    records_url: RecordsUrl = None,
) -> None:
    """List the accounts and what each may do."""
    with records_here(data=data, records_url=records_url) as records:
        from quarterdeck.storage.records import accounts, memberships

        rows: list[dict[str, Any]] = [
            {
                "email": account.email,
                "name": account.name,
                "owner": account.owner,
                "disabled": account.disabled,
                "created_at": to_rfc3339(account.created_ns),
                "roles": dict(memberships.roles_of(records, account.account_id)),
            }
            for account in accounts.list_accounts(records)
        ]
    if as_json:
        terminal.print_json(json.dumps({"users": rows}).encode())
    else:
        _print_users(rows)


@app.command("role")
def role(
    email: Email,
    role: Annotated[str, typer.Argument(help="viewer, editor, admin, or none to take it away.")],
    project: Annotated[str, typer.Option(help="The project's id.")] = "default",
    data: Data = None,
    records_url: RecordsUrl = None,
) -> None:
    """Say what an account may do in a project."""
    with records_here(data=data, records_url=records_url) as records:
        from quarterdeck.storage.records import accounts, audit, memberships, projects

        now_ns = terminal.today_ns()
        projects.ensure_default_project(records, now_ns=now_ns)
        account = accounts.find_account(records, email)
        if role == "none":
            memberships.remove_member(records, project_id=project, account_id=account.account_id)
        else:
            memberships.set_role(
                records, project_id=project, account_id=account.account_id, role=role
            )
        audit.write_audit(
            records,
            project_id=project,
            actor=ACTOR,
            action="member.set_role",
            target=account.email,
            now_ns=now_ns,
            details={"role": role},
        )
    print(f"{terminal.printable(account.email)} in {terminal.printable(project)}: {role}")


def _ask_password(*, from_stdin: bool) -> str:
    """Without its line end.  Raises `Invalid` where nobody can be asked."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid(
            "nobody can be asked for a password", hint="Pipe it in and add --password-stdin."
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _print_users(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    if not rows:
        console.print(terminal.styled("No accounts: quarterdeck users create EMAIL", "dim"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Address", overflow="fold")
    table.add_column("Name", overflow="fold")
    table.add_column("May", overflow="fold")
    for row in rows:
        roles = ", ".join(f"{role} of {project}" for project, role in sorted(row["roles"].items()))
        may = "everything (owner)" if row["owner"] else roles or "nothing yet"
        table.add_row(
            terminal.styled(row["email"]),
            terminal.styled(row["name"]),
            terminal.styled("disabled" if row["disabled"] else may),
        )
    console.print(table)
