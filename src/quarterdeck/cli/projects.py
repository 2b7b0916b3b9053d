"""
`quarterdeck projects …`: the projects of a server, and the settings of one.

A project's settings decide how its agents' spans are read (session key, people's tools), what
is hidden before it is stored (redaction patterns), how long it is kept, and its own prices.
Which project is meant is told by the key: no command takes it from an argument.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.here import ACTOR, Data, Here, RecordsUrl, records_here
from quarterdeck.cli.sessions import AsJson, confirm
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    name="projects", no_args_is_help=True, help="Projects: create, list, show, set, delete."
)

ALL = "/api/v1/projects"
THIS = "/api/v1/project"


@app.command("list")
def list_projects(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the projects that the key reaches."""
    client: Client = ctx.obj
    answer = client.get(ALL)
    if as_json:
        terminal.print_json(answer)
    else:
        _print_projects(json.loads(answer)["projects"])


@app.command("create")
def create(
    ctx: typer.Context,
    project_id: Annotated[
        str, typer.Argument(metavar="PROJECT", help="Its id: a-z, 0-9, - and _.  It stays.")
    ],
    name: Annotated[str, typer.Option(help="For people; the id if left out.")] = "",
    here: Here = False,
    data: Data = None,
    records_url: RecordsUrl = None,
) -> None:
    """Make a project.  Only who owns the server may; with --here, who may write its records."""
    if here:
        with records_here(data=data, records_url=records_url) as records:
            from quarterdeck.storage.records import audit, projects

            now_ns = terminal.today_ns()
            projects.create_project(records, project_id=project_id, name=name, now_ns=now_ns)
            audit.write_audit(
                records,
                project_id="",
                actor=ACTOR,
                action="project.create",
                target=project_id,
                now_ns=now_ns,
            )
    else:
        client: Client = ctx.obj
        client.post(ALL, {"project_id": project_id, "name": name})
    print(f"Created {project_id}.")


@app.command("show")
def show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the key's project and its settings."""
    client: Client = ctx.obj
    answer = client.get(THIS)
    if as_json:
        terminal.print_json(answer)
        return
    project = json.loads(answer)
    console = terminal.make_console()
    console.print(terminal.styled(terminal.text_of(project, "project_id"), "bold"))
    for name, value in project["settings"].items():
        label = terminal.styled(f"  {name:<20}", "dim")
        console.print(label + terminal.styled(_shown_setting(value)))


@app.command("set")
def change(
    ctx: typer.Context,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="name, session_key, retention_days, redaction_patterns, human_tools, "
            "scripted_humans or price_overrides.  A value is JSON, or text as it stands.",
        ),
    ],
) -> None:
    """Change some settings of the key's project; the others stay."""
    client: Client = ctx.obj
    changes = dict(_read_setting(text) for text in settings)
    project = client.get_json(THIS)
    client.put(THIS, _merged(project, changes))
    print(f"Changed {', '.join(changes)} of {terminal.printable(project['project_id'])}.")


@app.command("delete")
def delete(
    ctx: typer.Context,
    project_id: Annotated[
        str, typer.Argument(metavar="PROJECT", help="The id of the key's project, to be sure.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete the key's project with its sessions, keys and settings.  There is no undo."""
    confirm(f"Delete project {project_id} and everything in it?", yes=yes)
    client: Client = ctx.obj
    client.delete(THIS, {"confirm": project_id})
    print(f"Deleted {terminal.printable(project_id)}.")


def _merged(project: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The whole of the settings, which is what the API takes: what is left out is reset."""
    known = {"name", *project["settings"]}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise Invalid(
            f"no setting is called {unknown[0]!r}", hint=f"There are: {', '.join(sorted(known))}."
        )
    return {"name": project["name"], **project["settings"], **changes}


def _read_setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid(f"not a setting: {text!r}", hint="Write NAME=VALUE: retention_days=30.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _shown_setting(value: Any) -> str:
    if value is None:
        return "server's default"
    if value in ("", [], ()):
        return terminal.NOT_TOLD
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _print_projects(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Project", "Name"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            terminal.styled(terminal.text_of(row, "project_id"), "bold"),
            terminal.styled(terminal.text_of(row, "name")),
        )
    terminal.make_console().print(table)
