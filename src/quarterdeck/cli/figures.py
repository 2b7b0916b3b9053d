"""
`quarterdeck figures`: rates and sums over many sessions.

Every rate is printed with how many sessions it is of and its 95 % interval: 100 % of two
sessions is not a result.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.client import Client, Params
from quarterdeck.cli.instants import read_instant
from quarterdeck.cli.sessions import AsJson


def figures(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Which figures; the usual ones if left out.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Split by agent, model, task_type, workflow, …; twice at most."),
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Split by time: hour, day or week.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Began at or after: 2026-04-12, or so long ago: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Began before; written like --since.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print rates and sums: how many succeed, what a success costs, how often people step in."""
    now_ns = terminal.today_ns()
    params: Params = {
        "figure": names,
        "by": by,
        "bucket": bucket,
        "since": read_instant(since, now_ns=now_ns),
        "until": read_instant(until, now_ns=now_ns),
    }
    client: Client = ctx.obj
    if as_json:
        terminal.print_json(client.get("/api/v1/figures", params))
    else:
        _print_figures(client.get_json("/api/v1/figures", params))


def _print_figures(answer: dict[str, Any]) -> None:
    raise NotImplementedError
