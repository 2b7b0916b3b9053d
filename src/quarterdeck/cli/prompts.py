"""
`quarterdeck prompts …`: what is in the prompt registry, and where its labels point.

Applications commit and fetch prompts with the client that they use; this reads what is there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.sessions import AsJson, Utc
from quarterdeck.cli.terminal import one_line, styled, text_of
from quarterdeck.sdk.client import Client, name_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

app = typer.Typer(name="prompts", no_args_is_help=True, help="Prompts: list, show.")

PATH = "/api/v1/prompts"
SHOWN_VERSIONS = 10
"""What one looks back for is among the last few; the API pages through all."""
MESSAGE_CHARACTERS = 60


@app.command("list")
def list_prompts(
    ctx: typer.Context,
    containing: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    label: Annotated[str | None, typer.Option(help="Only those that have this label.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 100,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List the project's prompts by name, each with its newest version and its labels."""
    client: Client = ctx.obj
    params = {"containing": containing, "tag": tag, "label": label, "limit": limit}
    answer = client.get(PATH, params)
    if as_json:
        terminal.print_json(answer)
        return
    _print_prompts(json.loads(answer), utc=utc)


@app.command("show")
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The prompt's name.")],
    version: Annotated[
        str, typer.Argument(help="A number, a label, or a digest (`sha256:…`).")
    ] = "latest",
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """Show one version of a prompt with its content, the newest unless said, and the last few."""
    client: Client = ctx.obj
    versions = f"{PATH}/{name_segment(name)}/versions"
    answer = client.get(f"{versions}/{name_segment(version)}")
    if as_json:
        terminal.print_json(answer)
        return
    console = terminal.make_console()
    now_ns = terminal.today_ns()
    _print_version(console, json.loads(answer), now_ns=now_ns, utc=utc)
    page = client.get_json(versions, {"limit": SHOWN_VERSIONS})
    _print_versions(console, page, now_ns=now_ns, utc=utc)


def _print_prompts(page: dict[str, Any], *, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    rows: Sequence[dict[str, Any]] = page["prompts"]
    if not rows:
        console.print(styled("No prompts.", "dim"))
        return
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Name", "Newest", "Labels", "Tags", "Changed"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        labels = ", ".join(f"{label} → {number}" for label, number in row["labels"].items())
        table.add_row(
            styled(text_of(row, "name"), "bold"),
            styled(text_of(row, "latest") if row["latest"] else terminal.NOT_TOLD),
            styled(labels),
            styled(", ".join(row["tags"]), "dim"),
            styled(terminal.when(row["updated_at"], now_ns=now_ns, utc=utc), "dim"),
        )
    terminal.print_table(console, table, words=1)
    if len(rows) < page["total"]:
        console.print(styled(f"{page['total'] - len(rows)} more: --limit, --containing", "dim"))


def _print_version(console: Console, version: Mapping[str, Any], *, now_ns: int, utc: bool) -> None:
    content = version["content"]
    labels = ", ".join(version["labels"])
    console.print(
        styled(text_of(version, "name"), "bold")
        + styled(f"  version {version['version']}")
        + styled(f"  {labels}" if labels else "", "green")
    )
    at = terminal.when(version["created_at"], now_ns=now_ns, utc=utc)
    console.print(styled(text_of(version, "digest"), "dim"), soft_wrap=True)
    console.print(styled(f"{at} by {text_of(version, 'created_by')}", "dim"))
    if version["message"]:
        console.print(styled(text_of(version, "message")))
    for name in ("model", "provider", "templating"):
        if content[name]:
            console.print(styled(f"  {name:<16}", "dim") + styled(text_of(content, name)))
    for name in ("parameters", "tools", "response_format"):
        if content[name]:
            console.print(styled(f"  {name:<16}", "dim") + styled(_json(content[name])))
    console.print()
    if content["kind"] == "text":
        console.print(styled(text_of(content, "text")), soft_wrap=True)
    for message in content["messages"]:
        console.print(styled(text_of(message, "role") or "message", "bold cyan"))
        said = message.get("content")
        text = said if isinstance(said, str) else _json(said if said is not None else message)
        console.print(styled(text), soft_wrap=True)
    console.print()


def _print_versions(console: Console, page: dict[str, Any], *, now_ns: int, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Version", "Labels", "Message", "When", "By"):
        table.add_column(heading, overflow="fold")
    for row in page["versions"]:
        table.add_row(
            styled(text_of(row, "version"), "bold"),
            styled(", ".join(row["labels"]), "green"),
            styled(one_line(text_of(row, "message"), limit=MESSAGE_CHARACTERS)),
            styled(terminal.when(row["created_at"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(row, "created_by"), "dim"),
        )
    terminal.print_table(console, table, words=1)
    if page["next_cursor"] is not None:
        console.print(styled("There are older ones.", "dim"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
