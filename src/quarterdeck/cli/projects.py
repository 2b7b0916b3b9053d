"""
`quarterdeck projects …`: the projects of a server, and the settings of each.

A project's settings decide how its agents' spans are read (session key, people's tools), what
is hidden before it is stored (redaction patterns), how long it is kept, and its own prices.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.client import Client, segment
from quarterdeck.cli.sessions import AsJson, confirm
from quarterdeck.errors import Invalid

app = typer.Typer(
    name="projects", no_args_is_help=True, help="Projects: create, list, change, delete."
)

PATH = "/api/v1/projects"

ProjectId = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's id.")]


@app.command("list")
def list_projects(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the projects that you may see."""
    client: Client = ctx.obj
    answer = client.get(PATH)
    if as_json:
        terminal.print_json(answer)
    else:
        _print_projects(json.loads(answer)["projects"])


@app.command("create")
def create(
    ctx: typer.Context,
    project_id: ProjectId,
    name: Annotated[str | None, typer.Option(help="For people; the id if left out.")] = None,
) -> None:
    """Make a project.  Its id stays; its name may change."""
    client: Client = ctx.obj
    client.post(PATH, {"project_id": project_id, "name": name or ""})
    print(f"Created {terminal.printable(project_id)}.")


@app.command("show")
def show(ctx: typer.Context, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Show a project's settings."""
    client: Client = ctx.obj
    answer = client.get(f"{PATH}/{segment(project_id)}")
    if as_json:
        terminal.print_json(answer)
        return
    project = json.loads(answer)
    console = terminal.make_console()
    console.print(terminal.styled(terminal.text_of(project, "project_id"), "bold"))
    for name, value in (project.get("settings") or {}).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        label = terminal.styled(f"  {name:<20}", "dim")
        console.print(label + terminal.styled(shown or terminal.NOT_TOLD))


@app.command("set")
def change(
    ctx: typer.Context,
    project_id: ProjectId,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="session_key, retention_days, redaction_patterns, human_tools, "
            "scripted_humans, price_overrides.  A value is JSON, or text as it stands.",
        ),
    ],
) -> None:
    """Change some of a project's settings; the others stay."""
    client: Client = ctx.obj
    changes = dict(_read_setting(text) for text in settings)
    client.patch(f"{PATH}/{segment(project_id)}", {"settings": changes})
    print(f"Changed {', '.join(changes)} of {terminal.printable(project_id)}.")


@app.command("delete")
def delete(
    ctx: typer.Context,
    project_id: ProjectId,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a project with its sessions, keys and settings.  There is no undo."""
    confirm(f"Delete project {project_id} and everything in it?", yes=yes)
    client: Client = ctx.obj
    client.delete(f"{PATH}/{segment(project_id)}")
    print(f"Deleted {terminal.printable(project_id)}.")


def _read_setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid(f"not a setting: {text!r}", hint="Write NAME=VALUE: retention_days=30.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _print_projects(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Project", "Name", "Kept"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        days = (row.get("settings") or {}).get("retention_days")
        kept = "server's default" if days is None else f"{days} days" if days else "for good"
        table.add_row(
            terminal.styled(terminal.text_of(row, "project_id"), "bold"),
            terminal.styled(terminal.text_of(row, "name")),
            terminal.styled(kept, "dim"),
        )
    terminal.make_console().print(table)
