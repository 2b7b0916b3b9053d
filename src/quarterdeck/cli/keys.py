"""
`quarterdeck keys …`: API keys.

Through the server with a key of scope `admin`; with `--here` on this machine's records, for
the first key of a server that already asks for one.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.here import ACTOR, Data, Here, RecordsUrl, records_here
from quarterdeck.cli.instants import read_expiry
from quarterdeck.cli.sessions import AsJson, Utc, confirm
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.sdk.client import Client, segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

app = typer.Typer(name="keys", no_args_is_help=True, help="API keys: create, list, revoke.")

PATH = "/api/v1/keys"


@app.command("create")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for: shown in lists.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do: ingest, run, read, write, admin, metrics.  Repeat for several; "
            "ingest unless said."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Works until then: 2027-01-31, or for so long: 90d.")
    ] = None,
    project: Annotated[
        str, typer.Option(help="With --here: the project's id.  A server's key names its own.")
    ] = "default",
    here: Here = False,
    data: Data = None,
    records_url: RecordsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it.  It is shown this once."""
    scopes = scope or ["ingest"]
    expires_at = read_expiry(expires, now_ns=terminal.today_ns())
    if here:
        secret = _create_here(
            name, scopes, expires_at, project=project, data=data, records_url=records_url
        )
        answer = json.dumps({"secret": secret}).encode()
    else:
        client: Client = ctx.obj
        answer = client.post(PATH, {"name": name, "scopes": scopes, "expires_at": expires_at})
        secret = str(json.loads(answer)["secret"])
    if as_json:
        terminal.print_json(answer)
        return
    # The key alone on standard output, so that it can be captured.
    print(terminal.printable(secret))
    print("Keep it now: it is not shown again.", file=sys.stderr)


@app.command("list")
def list_keys(ctx: typer.Context, utc: Utc = False, as_json: AsJson = False) -> None:
    """List the project's keys, without their secrets."""
    client: Client = ctx.obj
    answer = client.get(PATH)
    if as_json:
        terminal.print_json(answer)
    else:
        _print_keys(json.loads(answer)["keys"], utc=utc)


@app.command("revoke")
def revoke(
    ctx: typer.Context,
    key_id: Annotated[str, typer.Argument(help="The key's id, from `keys list`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """End a key at once.  What uses it is refused from now on."""
    confirm(f"Revoke key {key_id}?", yes=yes)
    client: Client = ctx.obj
    client.delete(f"{PATH}/{segment(key_id)}")
    print(f"Revoked {terminal.printable(key_id)}.")


def _create_here(
    name: str,
    scopes: Sequence[str],
    expires_at: str | None,
    *,
    project: str,
    data: Path | None,
    records_url: str | None,
) -> str:
    with records_here(data=data, records_url=records_url) as records:
        from quarterdeck.storage.records import audit, keys, projects

        now_ns = terminal.today_ns()
        projects.ensure_default_project(records, now_ns=now_ns)
        created = keys.create_key(
            records,
            project_id=project,
            name=name,
            scopes=tuple(scopes),
            created_by=ACTOR,
            now_ns=now_ns,
            expires_ns=from_rfc3339(expires_at) if expires_at else None,
        )
        audit.write_audit(
            records,
            project_id=project,
            actor=ACTOR,
            action="key.create",
            target=created.key.key_id,
            now_ns=now_ns,
            details={"name": name, "scopes": list(scopes)},
        )
    return created.secret


def _print_keys(rows: list[dict[str, Any]], *, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    if not rows:
        console.print(terminal.styled("No keys: quarterdeck keys create NAME", "dim"))
        return
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Id", "Name", "Begins", "May", "Last used", "State"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        used = terminal.when(row.get("last_used_at"), now_ns=now_ns, utc=utc)
        table.add_row(
            terminal.styled(terminal.text_of(row, "key_id")),
            terminal.styled(terminal.text_of(row, "name")),
            terminal.styled(f"{terminal.text_of(row, 'prefix')}…", "dim"),
            terminal.styled(", ".join(row.get("scopes") or ())),
            terminal.styled("never" if row.get("last_used_at") is None else used, "dim"),
            _state(row, now_ns=now_ns),
        )
    console.print(table)


def _state(row: dict[str, Any], *, now_ns: int) -> Any:
    if row.get("revoked_at") is not None:
        return terminal.styled("revoked", "red")
    expires_ns = terminal.instant_ns(row.get("expires_at"))
    if expires_ns is None:
        return terminal.styled("works", "green")
    if expires_ns <= now_ns:
        return terminal.styled("expired", "red")
    return terminal.styled(
        f"expires {terminal.when(row['expires_at'], now_ns=now_ns, utc=False)}", "yellow"
    )
