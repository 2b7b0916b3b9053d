"""
`quarterdeck figures`: rates and sums over many sessions.

Every rate is printed with what it is of and its 95 % interval: 100 % of two sessions is not a
result.  What too few sessions tell is "not enough data", never a zero.  pass^k and pass@k answer
different questions and stand apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.instants import read_instant
from quarterdeck.cli.sessions import AsJson, Words
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client, Params

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

ONLY_IF_TOLD = frozenset({"expected_calls_matched"})
"""Not everybody has tests: without one this line would say nothing to the others."""

NOT_ENOUGH = "not enough data"

PASSES = {
    "pass_hat_": "pass^k: all of k trials of a case succeed",
    "pass_at_": "pass@k: at least one of k trials of a case succeeds",
}


def figures(
    ctx: typer.Context,
    names: Annotated[
        Words, typer.Argument(help="Which figures; the usual ones if left out.")
    ] = None,
    by: Annotated[
        Words,
        typer.Option(
            help="Split by task_type, workflow, version, environment, agent, model, tool, user, "
            "outcome, status, case, tag or finding; twice at most."
        ),
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Split by time: hour, day or week.")] = None,
    k: Annotated[
        str | None,
        typer.Option(
            "--k", help="pass^k and pass@k of these k: 1,2,4. Of the usual ones if left out."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Began at or after: 2026-04-12, or so long ago: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Began before; written like --since.")] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", "-q", help="Only sessions that it finds: 'tool:bash cost:>5'."),
    ] = None,
    experiment: Annotated[
        bool | None,
        typer.Option("--experiment/--production", help="Only evaluation runs, or only real work."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print rates and sums: how many succeed, what a success costs, how often people step in."""
    now_ns = terminal.today_ns()
    params: Params = {
        "figure": names,
        "by": by,
        "bucket": bucket,
        "k": _read_ks(k),
        "since": read_instant(since, now_ns=now_ns),
        "until": read_instant(until, now_ns=now_ns),
        "q": query,
        "experiment": experiment,
    }
    client: Client = ctx.obj
    if as_json:
        terminal.print_json(client.get("/api/v1/figures", params))
        return
    answer = client.get_json("/api/v1/figures", params)
    print_figures(terminal.make_console(), answer, asked=tuple(names or ()))


def _read_ks(text: str | None) -> list[str] | None:
    """Raises `Invalid`."""
    if text is None:
        return None
    ks = [part.strip() for part in text.split(",") if part.strip()]
    if not ks or not all(part.isascii() and part.isdigit() and int(part) for part in ks):
        raise Invalid(f"--k: not numbers of trials: {text!r}", hint="Write --k 1,2,4.")
    return ks


def print_figures(
    console: Console, answer: Mapping[str, Any], *, asked: Sequence[str] = ()
) -> None:
    """One figure a line without a split; one group after the other with one."""
    rows = answer["rows"]
    definitions = {
        name: definition
        for name, definition in answer["definitions"].items()
        if name not in ONLY_IF_TOLD
        or name in asked
        or any(row["figures"][name]["value"] is not None for row in rows)
    }
    if not rows:
        console.print(terminal.styled("No sessions match.", "dim"))
    elif answer.get("by") or answer.get("bucket"):
        _print_groups(console, rows, definitions)
    else:
        _print_list(console, rows[0], definitions)


def _print_list(
    console: Console, row: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]
) -> None:
    plain = [name for name in definitions if _pass_of(name) is None]
    if plain:
        _print_table(console, plain, row, definitions, of="Of")
    if row.get("cases"):
        said = f"Trials of {terminal.plural(int(row['cases']), 'case')}"
        methods = {(f["interval"] or {}).get("method") for f in row["figures"].values()}
        said += ": intervals resample cases." if "cases resampled" in methods else "."
        console.print(terminal.styled(said, "dim"))
    for prefix, title in PASSES.items():
        names = [name for name in definitions if _pass_of(name) == prefix]
        if names:
            console.print()
            console.print(terminal.styled(title, "bold"))
            _print_table(console, names, row, definitions, of="Of cases")


def _print_table(
    console: Console,
    names: Sequence[str],
    row: Mapping[str, Any],
    definitions: Mapping[str, Mapping[str, Any]],
    *,
    of: str,
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Figure", overflow="fold")
    for heading in ("Value", "95 % interval", of):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in names:
        figure, definition = row["figures"][name], definitions[name]
        table.add_row(
            terminal.styled(str(definition["title"])),
            _value(figure, definition),
            terminal.styled(_interval_or_why(figure, definition), "dim"),
            terminal.styled(_of(figure), "dim"),
        )
    terminal.print_table(console, table, words=1)


def _print_groups(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    definitions: Mapping[str, Mapping[str, Any]],
) -> None:
    """A table if it fits, else a block for each group."""
    from rich.box import SIMPLE_HEAD
    from rich.measure import Measurement
    from rich.table import Table

    # Some values fit beside each other, all the usual ones only on the widest terminals.
    groups = ["time"] if rows[0].get("bucket") else []
    groups += list(rows[0]["by"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for group in groups:
        table.add_column(group.replace("_", " ").capitalize(), overflow="fold")
    for definition in definitions.values():
        table.add_column(str(definition["title"]), justify="right", overflow="fold")
    for row in rows:
        table.add_row(
            *(terminal.styled(value) for value in _group(row)),
            *(
                terminal.styled(_cell(row["figures"][name], definition))
                for name, definition in definitions.items()
            ),
        )
    unlimited = console.options.update(max_width=terminal.MEASURED_COLUMNS)
    if Measurement.get(console, unlimited, table).maximum <= console.width:
        console.print(table)
        return
    for row in rows:
        _print_block(console, row, definitions)


def _print_block(
    console: Console,
    row: Mapping[str, Any],
    definitions: Mapping[str, Mapping[str, Any]],
) -> None:
    from rich.table import Table

    size = terminal.plural(int(row["sessions"]), "session") if "sessions" in row else ""
    if row.get("cases"):
        size += f", {terminal.plural(int(row['cases']), 'case')}"
    console.print()
    console.print(
        terminal.styled("  ".join(_group(row)), "bold") + terminal.styled(f"  {size}", "dim")
    )
    grid = Table.grid(padding=(0, 0, 0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for name, definition in definitions.items():
        if name == "sessions" or (_pass_of(name) and not row.get("cases")):
            continue
        figure = row["figures"][name]
        said = f"{_between(figure, definition)} of {_of(figure)}" if _of(figure) else ""
        grid.add_row(
            terminal.styled(str(definition["title"])),
            _value(figure, definition),
            terminal.styled(said.strip(), "dim"),
        )
    terminal.print_table(console, grid, words=1)


def _group(row: Mapping[str, Any]) -> Iterator[str]:
    if row.get("bucket"):
        yield str(row["bucket"])
    for value in row["by"].values():
        yield terminal.one_line(value or terminal.NOT_TOLD, limit=200)


def _pass_of(name: str) -> str | None:
    return next((prefix for prefix in PASSES if name.startswith(prefix)), None)


def _value(figure: Mapping[str, Any], definition: Mapping[str, Any]) -> Text:
    if figure["value"] is None:
        return terminal.styled(_nothing(definition), "dim")
    return terminal.styled(shown(figure["value"], str(definition["unit"])), "bold")


def _cell(figure: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    """`82.4 % (71.2 to 90.1 %) of 51`."""
    if figure["value"] is None:
        return _nothing(definition)
    unit = str(definition["unit"])
    parts = (shown(figure["value"], unit), _between(figure, definition))
    text = " ".join(filter(None, parts))
    return f"{text} of {_of(figure)}" if _of(figure) else text


def _nothing(definition: Mapping[str, Any]) -> str:
    """A sum of nothing known is not told; a rate of nothing has too little data."""
    return terminal.NOT_TOLD if definition.get("kind") == "sum" else NOT_ENOUGH


def _of(figure: Mapping[str, Any]) -> str:
    """Of how many, and how many cases had too few trials; "" for a plain sum."""
    if not figure["n"]:
        return ""
    left_out = figure.get("left_out")
    text = terminal.count(figure["n"])
    return f"{text}, {terminal.count(left_out)} left out" if left_out else text


def _between(figure: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    told = interval(figure, str(definition["unit"]))
    return f"({told})" if told else ""


def _interval_or_why(figure: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    """A rate or a mean without an interval is of too few sessions for one."""
    is_estimate = definition.get("kind", "sum") != "sum" and figure["value"] is not None
    told = interval(figure, str(definition["unit"]))
    return NOT_ENOUGH if is_estimate and not told else told


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
