"""
`quarterdeck figures`: rates and sums over many sessions.

Every rate is printed with what it is of and its 95 % interval: 100 % of two sessions is not a
result.  What can't be told is a dash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.instants import read_instant
from quarterdeck.cli.sessions import AsJson, Words
from quarterdeck.sdk.client import Client, Params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

GROUPED = ("sessions", "task_completion_rate", "human_intervention_rate", "cost_per_success")
"""The figures of a split, unless named: more do not fit beside each other."""


def figures(
    ctx: typer.Context,
    names: Annotated[
        Words, typer.Argument(help="Which figures; the usual ones if left out.")
    ] = None,
    by: Annotated[
        Words,
        typer.Option(
            help="Split by task_type, workflow, version, environment, agent, model, tool, user, "
            "outcome or status; twice at most."
        ),
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Split by time: hour, day or week.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Began at or after: 2026-04-12, or so long ago: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Began before; written like --since.")] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", "-q", help="Only sessions that it finds: 'tool:bash cost:>5'."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print rates and sums: how many succeed, what a success costs, how often people step in."""
    now_ns = terminal.today_ns()
    params: Params = {
        "figure": names or (GROUPED if (by or bucket) and not as_json else None),
        "by": by,
        "bucket": bucket,
        "since": read_instant(since, now_ns=now_ns),
        "until": read_instant(until, now_ns=now_ns),
        "q": query,
    }
    client: Client = ctx.obj
    if as_json:
        terminal.print_json(client.get("/api/v1/figures", params))
        return
    print_figures(terminal.make_console(), client.get_json("/api/v1/figures", params))


def print_figures(console: Console, answer: Mapping[str, Any]) -> None:
    """One figure a line without a split; one group a line with one."""
    rows = answer["rows"]
    if not rows:
        console.print(terminal.styled("No sessions match.", "dim"))
    elif answer.get("by") or answer.get("bucket"):
        _print_groups(console, rows, answer["definitions"])
    else:
        _print_list(console, rows[0]["figures"], answer["definitions"])


def _print_list(
    console: Console, measured: Mapping[str, Any], definitions: Mapping[str, Any]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Figure", overflow="fold")
    for heading in ("Value", "95 % interval", "Of"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figure in measured.items():
        unit = str(definitions[name]["unit"])
        table.add_row(
            terminal.styled(str(definitions[name]["title"])),
            terminal.styled(shown(figure["value"], unit), "bold"),
            terminal.styled(interval(figure, unit), "dim"),
            terminal.styled(terminal.count(figure["n"]), "dim"),
        )
    terminal.print_table(console, table, words=1)


def _print_groups(
    console: Console, rows: Sequence[Mapping[str, Any]], definitions: Mapping[str, Any]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    groups = ["time"] if rows[0].get("bucket") else []
    groups += list(rows[0]["by"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for group in groups:
        table.add_column(group.replace("_", " ").capitalize(), overflow="fold")
    for name in rows[0]["figures"]:
        table.add_column(str(definitions[name]["title"]), justify="right", overflow="fold")
    for row in rows:
        values = [str(row["bucket"])] if row.get("bucket") else []
        values += [value or terminal.NOT_TOLD for value in row["by"].values()]
        table.add_row(
            *(terminal.styled(value) for value in values),
            *(
                terminal.styled(_cell(figure, str(definitions[name]["unit"])))
                for name, figure in row["figures"].items()
            ),
        )
    terminal.print_table(console, table, words=len(groups))


def _cell(figure: Mapping[str, Any], unit: str) -> str:
    """`82.4 % (71.2 to 90.1) of 51`."""
    text = shown(figure["value"], unit)
    if figure["interval"] is not None:
        text += f" ({interval(figure, unit)})"
    return text if figure["n"] is None else f"{text} of {terminal.count(figure['n'])}"


def interval(figure: Mapping[str, Any], unit: str) -> str:
    limits = figure["interval"]
    if limits is None:
        return ""
    low, high = shown(limits["low"], unit), shown(limits["high"], unit)
    return f"{low.removesuffix(' %')} to {high}"


def shown(value: Any, unit: str) -> str:
    """A value in its unit; a rate as percent."""
    match unit:
        case _ if value is None:
            return terminal.NOT_TOLD
        case "rate":
            return f"{float(value) * 100:.1f} %"
        case "USD":
            return terminal.money(value)
        case "s":
            return terminal.duration(float(value))
        case _:
            return terminal.count(value) if isinstance(value, int) else f"{float(value):.3g}"
