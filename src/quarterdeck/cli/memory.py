"""
`quarterdeck memory …`: what agents learned, who wrote and read it, and taking it back.

Who puts or deletes with these commands is a person: the entry says so, and reading leaves no note.
A revert is shown before it is made, and only what was shown is done.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.instants import read_instant
from quarterdeck.cli.sessions import AsJson, Utc
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client, segment

app = typer.Typer(
    name="memory",
    no_args_is_help=True,
    help="What agents learned: list, get, put, search, history, checkpoint, revert, undo.",
)

PATH = "/api/v1/memory"
PAGE = 50

Namespace = Annotated[str, typer.Argument(help="The namespace.")]
Key = Annotated[str, typer.Argument(help="The key in it.")]
Environment = Annotated[str, typer.Option(help="Its environment; empty is one of its own.")]
Scope = Annotated[str, typer.Option(help="Whose it is: user:u-7; empty is everybody's.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option(help="Go on where a page ended: its next_cursor.")]


@app.command("list")
def list_entries(
    ctx: typer.Context,
    namespace: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
    environment: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    scope: Annotated[str | None, typer.Option(help="Only this one: user:u-7, or '' .")] = None,
    prefix: Annotated[str | None, typer.Option(help="What the key begins with.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Words that are all in it.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Written by this session.")] = None,
    workflow: Annotated[str | None, typer.Option(help="Written by this workflow.")] = None,
    version: Annotated[int | None, typer.Option(help="Written by this version of it.")] = None,
    user: Annotated[str | None, typer.Option(help="Written in this user's tasks.")] = None,
    at: Annotated[str | None, typer.Option(help="As it was at this checkpoint.")] = None,
    namespaces: Annotated[bool, typer.Option("--namespaces", help="Only what there is.")] = False,
    limit: Limit = PAGE,
    cursor: Cursor = None,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List entries, newest first, each with who wrote it."""
    client: Client = ctx.obj
    from quarterdeck.cli import memory_tables

    if namespaces:
        _tell(client.get(f"{PATH}/namespaces"), as_json, memory_tables.print_namespaces, utc=utc)
        return
    params = {
        "namespace": namespace,
        "environment": environment,
        "scope": scope,
        "prefix": prefix,
        "q": query,
        "session_id": session,
        "workflow": workflow,
        "version": version,
        "user": user,
        "at": at,
        "limit": limit,
        "cursor": cursor,
    }
    answer = client.get(f"{PATH}/entries", params)
    _tell(answer, as_json, memory_tables.print_entries, utc=utc)


@app.command("get")
def get(
    ctx: typer.Context,
    namespace: Namespace,
    key: Key,
    environment: Environment = "",
    scope: Scope = "",
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """Show what is found at an address, and who wrote it."""
    from quarterdeck.cli import memory_tables

    client: Client = ctx.obj
    address = _address(namespace, key, environment, scope)
    _tell(client.get(f"{PATH}/entry", address), as_json, memory_tables.print_entry, utc=utc)


@app.command("put")
def put(
    ctx: typer.Context,
    namespace: Namespace,
    key: Key,
    value: Annotated[str, typer.Argument(help="JSON, or text where it is none.")],
    environment: Environment = "",
    scope: Scope = "",
    ttl_s: Annotated[
        float | None, typer.Option("--ttl", help="Seconds until it is gone; else it stays.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an entry as a person."""
    client: Client = ctx.obj
    entry = {**_address(namespace, key, environment, scope), "value": _value(value), "ttl_s": ttl_s}
    answer = client.put(f"{PATH}/entries", {"entries": [entry]})
    if as_json:
        terminal.print_json(answer)
    else:
        print(f"Kept {terminal.printable(key)}.")


@app.command("delete")
def delete(
    ctx: typer.Context,
    namespace: Namespace,
    key: Key,
    environment: Environment = "",
    scope: Scope = "",
    as_json: AsJson = False,
) -> None:
    """Delete an entry as a person.  Its history stays, and putting it again brings it back."""
    client: Client = ctx.obj
    body = {"addresses": [_address(namespace, key, environment, scope)]}
    answer = client.post(f"{PATH}/delete", body)
    if as_json:
        terminal.print_json(answer)
    elif json.loads(answer)["deleted"]:
        print(f"Deleted {terminal.printable(key)}.")
    else:
        print(f"Nothing was at {terminal.printable(key)}.")


@app.command("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Words.")],
    namespace: Annotated[str, typer.Option(help="Only this one.")] = "",
    environment: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    scope: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Limit = 10,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """Find entries by words, the best first, as an agent does."""
    from quarterdeck.cli import memory_tables

    client: Client = ctx.obj
    body = {
        "query": query,
        "namespace": namespace,
        "environment": environment,
        "scope": scope,
        "limit": limit,
    }
    answer = client.post(f"{PATH}/search", body)
    _tell(answer, as_json, memory_tables.print_entries, utc=utc)


@app.command("history")
def history(
    ctx: typer.Context,
    namespace: Namespace,
    key: Key,
    environment: Environment = "",
    scope: Scope = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Writes.")] = 20,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """Show every write of a key: by whom, what hid it, and which sessions read it."""
    from quarterdeck.cli import memory_tables

    client: Client = ctx.obj
    params = {**_address(namespace, key, environment, scope), "limit": limit}
    _tell(client.get(f"{PATH}/history", params), as_json, memory_tables.print_history, utc=utc)


@app.command("checkpoint")
def checkpoint(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep memory as it is now under a name, to look at it or to go back to it."""
    client: Client = ctx.obj
    answer = client.post(f"{PATH}/checkpoints", {"name": name, "description": message})
    if as_json:
        terminal.print_json(answer)
    else:
        made = json.loads(answer)
        print(f"Checkpoint {terminal.printable(made['name'])} ({made['checkpoint_id']}).")


@app.command("checkpoints")
def checkpoints(
    ctx: typer.Context,
    limit: Limit = PAGE,
    cursor: Cursor = None,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List checkpoints, newest first."""
    from quarterdeck.cli import memory_tables

    client: Client = ctx.obj
    answer = client.get(f"{PATH}/checkpoints", {"limit": limit, "cursor": cursor})
    _tell(answer, as_json, memory_tables.print_checkpoints, utc=utc)


@app.command("revert")
def revert(
    ctx: typer.Context,
    reason: Annotated[
        str, typer.Option("--message", "-m", help="Why; needed unless it is a dry run.")
    ] = "",
    session: Annotated[str, typer.Option(help="What this session wrote.")] = "",
    workflow: Annotated[str, typer.Option(help="What this workflow wrote.")] = "",
    version: Annotated[int | None, typer.Option(help="Only this version of it.")] = None,
    user: Annotated[str, typer.Option(help="What was written in this user's tasks.")] = "",
    since: Annotated[
        str | None, typer.Option(help="Written at or after: 2026-04-12, or so long ago: 24h.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Written before; like --since.")] = None,
    checkpoint: Annotated[
        str,
        typer.Option(help="Alone: back to it.  With who or when: what was written after it."),
    ] = "",
    environment: Annotated[str | None, typer.Option(help="Only in this one.")] = None,
    namespace: Annotated[str, typer.Option(help="Only in this one.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """
    Take back what was learned.  All that is said must hold: --session and --since together mean
    what that session wrote since then.

    Shows first what goes, what stays because somebody wrote later, and which sessions have read
    what goes.  A revert deletes nothing and can be undone.
    """
    from quarterdeck.cli import memory_tables

    if not dry_run and not reason:
        raise Invalid("a revert needs a reason", hint="Say why with -m, or look with --dry-run.")
    now_ns = terminal.today_ns()
    selection = {
        "session_id": session,
        "workflow": workflow,
        "version": version,
        "user": user,
        "since": read_instant(since, now_ns=now_ns) or "",
        "until": read_instant(until, now_ns=now_ns) or "",
        "checkpoint": checkpoint,
        "environment": environment,
        "namespace": namespace,
    }
    client: Client = ctx.obj
    answer = client.post(f"{PATH}/reverts/plan", {"selection": selection})
    plan = json.loads(answer)
    if dry_run and as_json:
        terminal.print_json(answer)
        return
    if not as_json:
        memory_tables.print_plan(plan, utc=utc)
    if dry_run:
        return
    _confirm(f"Revert {memory_tables.what_of(plan)}?", yes=yes)
    body = {"selection": selection, "reason": reason, "plan_id": plan["plan_id"]}
    made = client.post(f"{PATH}/reverts", body)
    if as_json:
        terminal.print_json(made)
    else:
        revert_id = json.loads(made)["revert_id"]
        print(f"Reverted.  To take it back: quarterdeck memory undo {revert_id}")


@app.command("reverts")
def reverts(
    ctx: typer.Context,
    limit: Limit = PAGE,
    cursor: Cursor = None,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List reverts, newest first."""
    from quarterdeck.cli import memory_tables

    client: Client = ctx.obj
    answer = client.get(f"{PATH}/reverts", {"limit": limit, "cursor": cursor})
    _tell(answer, as_json, memory_tables.print_reverts, utc=utc)


@app.command("undo")
def undo(
    ctx: typer.Context,
    revert_id: Annotated[str, typer.Argument(help="The revert's id.")],
    as_json: AsJson = False,
) -> None:
    """Take a revert back.  What somebody wrote since stays."""
    client: Client = ctx.obj
    answer = client.post(f"{PATH}/reverts/{segment(revert_id)}/undo")
    if as_json:
        terminal.print_json(answer)
    else:
        print(f"Undone: {json.loads(answer)['writes']} writes are seen again.")


def _tell(answer: bytes, as_json: bool, show: Any, *, utc: bool) -> None:
    if as_json:
        terminal.print_json(answer)
    else:
        show(json.loads(answer), utc=utc)


def _confirm(question: str, *, yes: bool) -> None:
    """Raises `Invalid` where nobody can be asked, or the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid("nobody can be asked whether to revert that", hint="Add --yes.")
    if not typer.confirm(terminal.printable(question)):
        raise Invalid("not confirmed: nothing was changed")


def _address(namespace: str, key: str, environment: str, scope: str) -> dict[str, str]:
    return {"environment": environment, "namespace": namespace, "scope": scope, "key": key}


def _value(text: str) -> Any:
    """What is no JSON is text: nobody quotes a sentence twice for a shell."""
    try:
        return json.loads(text)
    except ValueError:
        return text
