"""
`quarterdeck workflow environments|history|resolve`: what runs where, how it came to, and what a
session would be given.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.sessions import AsJson, Utc
from quarterdeck.cli.terminal import one_line, styled, text_of
from quarterdeck.cli.workflow_releases import In, Name, path_of, percent, runs_text, said
from quarterdeck.sdk.client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

SHOWN_MOVES = 20
REASON_CHARACTERS = 60


def environments(ctx: typer.Context, name: Name, utc: Utc = False, as_json: AsJson = False) -> None:
    """List the environments of a workflow with what they run."""
    client: Client = ctx.obj
    answer = client.get(f"{path_of(name)}/environments")
    if as_json:
        terminal.print_json(answer)
        return
    _print_environments(json.loads(answer)["environments"], name=name, utc=utc)


def history(
    ctx: typer.Context,
    name: Name,
    environment: In,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = SHOWN_MOVES,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List an environment's moves, newest first: who, why, from what to what."""
    client: Client = ctx.obj
    answer = client.get(path_of(name, environment), {"limit": limit})
    if as_json:
        terminal.print_json(answer)
        return
    _print_moves(json.loads(answer), utc=utc)


def resolve(
    ctx: typer.Context,
    name: Name,
    environment: In,
    session: Annotated[
        str | None, typer.Option(help="For this session, which keeps what it is told.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Whose session it is.")] = None,
    task_type: Annotated[str | None, typer.Option(help="What kind of task it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which version a session would run.  Needs a key of scope `run`, as agents have."""
    client: Client = ctx.obj
    told = {
        "environment": environment, "session_id": session, "user": user, "task_type": task_type,
    }  # fmt: skip
    answer = client.post(f"{path_of(name)}/resolve", said(told))
    if as_json:
        terminal.print_json(answer)
        return
    found = json.loads(answer)
    console = terminal.make_console()
    console.print(
        styled(f"{text_of(found, 'workflow')}@{found['version']}", "bold")
        + styled(f"  {text_of(found, 'arm')} in {text_of(found, 'environment')}")
    )
    console.print(styled(text_of(found, "digest"), "dim"), soft_wrap=True)


def _print_environments(rows: Sequence[dict[str, Any]], *, name: str, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    if not rows:
        told = f"{name} runs nowhere yet: quarterdeck workflow release {name}@1 --to production"
        console.print(styled(told, "dim"))
        return
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Environment", "Runs", "Since", "By", "Why"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        held = "  held" if row["held"] else "  auto" if row["auto"] else ""
        table.add_row(
            styled(text_of(row, "environment"), "bold"),
            styled(runs_text(row)) + styled(held, "yellow"),
            styled(terminal.when(row["since"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(row, "by"), "dim"),
            styled(one_line(text_of(row, "reason"), limit=REASON_CHARACTERS)),
        )
    terminal.print_table(console, table, words=1)


def _print_moves(page: dict[str, Any], *, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console: Console = terminal.make_console()
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Revision", "Move", "From → to", "When", "By", "Why"):
        table.add_column(heading, overflow="fold")
    for move in page["moves"]:
        kind = text_of(move, "kind")
        mark = " without evidence" if move["without_evidence"] else ""
        mark += " with memory" if move["memory"] else ""
        table.add_row(
            styled(text_of(move, "revision"), "bold"),
            styled(kind) + styled(mark, "yellow"),
            styled(f"{_numbers(move['before'])} → {_numbers(move)}"),
            styled(terminal.when(move["at"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(move, "by"), "dim"),
            styled(one_line(text_of(move, "reason"), limit=REASON_CHARACTERS)),
        )
    terminal.print_table(console, table, words=2)
    if page["next_cursor"] is not None:
        console.print(styled("There are older ones: --limit", "dim"))


def _numbers(ran: Mapping[str, Any] | None) -> str:
    if ran is None:
        return terminal.NOT_TOLD
    if ran["candidate"] is None:
        return str(ran["stable"])
    return f"{ran['stable']} + {ran['candidate']} {percent(ran['share'])}"
