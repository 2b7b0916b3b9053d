"""
`quarterdeck workflow init|validate|schema`: writing a workflow's folder, and checking it.

A problem is told as compilers do it: file, line and column first, so that editors and people find
the place, then the line itself with a caret.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.errors import exit_code
from quarterdeck.cli.instants import read_instant
from quarterdeck.cli.terminal import plural, printable, styled
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.sdk.client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from quarterdeck.workflows.folder import Reading
    from quarterdeck.workflows.folder_problems import Problem

Directory = Annotated[
    Path, typer.Argument(help="The workflow's folder; this one unless said.", show_default=False)
]
NAME = r"[A-Za-z][A-Za-z0-9_.-]{0,99}"
SHOWN_LINE = 160
"""Characters of a source line that are shown around the caret."""


def init(
    ctx: typer.Context,
    directory: Directory = Path(),
    name: Annotated[
        str | None, typer.Option(help="The workflow's name; the folder's unless said.")
    ] = None,
    from_sessions: Annotated[
        bool,
        typer.Option("--from-sessions", help="Make it of what the server saw agents do."),
    ] = False,
    agent: Annotated[
        str | None, typer.Option(help="Of sessions in which this agent took part.")
    ] = None,
    task_type: Annotated[str | None, typer.Option(help="Of sessions of this kind of task.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Of sessions since then: 2026-04-12, or 24h, 7d.")
    ] = None,
) -> None:
    """Write a workflow's folder to begin with: an example, or what was observed in sessions."""
    from quarterdeck.sdk.workflow_folder import write_to_disk
    from quarterdeck.workflows.starter import SCHEMA_FILE, schema_text, starter

    chosen = _name(name, directory)
    if not from_sessions:
        if agent or task_type or since:
            raise Invalid("--agent, --task-type and --since go with --from-sessions")
        files, notes = starter(chosen), []
    else:
        client: Client = ctx.obj
        asked = {
            "name": chosen,
            "agent": agent,
            "task_type": task_type,
            "since": read_instant(since, now_ns=terminal.today_ns()),
        }
        draft = client.get_json("/api/v1/workflows/drafts", asked)
        if not draft["files"]:
            raise NotFound(
                "there is nothing to draft from: no agent, model or tool was seen",
                hint="Ask for more sessions, or begin without --from-sessions.",
            )
        files = {path: text.encode() for path, text in draft["files"].items()}
        files[SCHEMA_FILE] = schema_text().encode()
        notes = draft["notes"]
    written = write_to_disk(files, directory)
    console = terminal.make_console()
    for path in written:
        console.print(styled(str(path)), soft_wrap=True)
    for note in notes:
        console.print(styled(f"- {note}", "yellow"), soft_wrap=True)
    console.print(styled("Next: quarterdeck workflow validate, then push", "dim"))


def validate(
    directory: Directory = Path(),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the problems as JSON instead.")
    ] = False,
) -> None:
    """Check a workflow's folder and tell every problem with its file, line and column."""
    from quarterdeck.normalize.folder_secrets import secrets_in
    from quarterdeck.normalize.redact import Redactor
    from quarterdeck.sdk.workflow_folder import from_disk
    from quarterdeck.workflows.folder import read

    folder = from_disk(directory)
    reading = read(folder)
    # As a push will refuse it, but for what the project hides beside the usual.
    secrets = tuple(secrets_in(reading.folder, Redactor()))
    reading = msgspec.structs.replace(reading, problems=(*reading.problems, *secrets))
    if as_json:
        told = {"valid": not reading.errors, "problems": reading.problems}
        terminal.print_json(msgspec.json.encode(told))
    else:
        _print_reading(terminal.make_console(), reading, folder.files, directory)
    if reading.errors:
        raise typer.Exit(exit_code(Invalid("")))


def schema() -> None:
    """Print the JSON Schema of `workflow.yaml`, for editors."""
    from quarterdeck.workflows.starter import schema_text

    sys.stdout.write(schema_text())


def _name(name: str | None, directory: Path) -> str:
    """The name as given, or one made of the folder's."""
    if name is not None:
        if not re.fullmatch(NAME, name):
            raise Invalid(
                f"{name!r} is no name", hint="a letter, then letters, digits and _.-, at most 100"
            )
        return name
    made = re.sub(r"[^A-Za-z0-9_.-]+", "-", directory.resolve().name).strip("-._")[:100]
    return made if re.fullmatch(NAME, made) else "my-workflow"


def _print_reading(
    console: Console, reading: Reading, files: Mapping[str, bytes], directory: Path
) -> None:
    for problem in reading.problems:
        print_problem(console, problem, files.get(problem.file, b""), directory)
    errors = len(reading.errors)
    warnings = len(reading.problems) - errors
    if errors:
        counts = f"{plural(errors, 'error')}, {plural(warnings, 'warning')}"
        console.print(styled(counts, "bold red"))
        return
    said = reading.manifest
    parts = (
        f"{said.name}: {plural(len(said.agents), 'agent')}, {plural(len(said.tools), 'tool')}, "
        f"{plural(len(said.models), 'route')}"
        if said
        else ""
    )
    console.print(styled("valid  ", "bold green") + styled(parts))
    if warnings:
        console.print(styled(plural(warnings, "warning"), "yellow"))


def print_problem(console: Console, problem: Problem, content: bytes, directory: Path) -> None:
    """`file:line:column: error: …`, the line with a caret, and the hint."""
    place = f"{directory / problem.file}:{problem.line}:{problem.column}: "
    style = "bold red" if problem.severity == "error" else "bold yellow"
    at = f" ({problem.path})" if problem.path else ""
    console.print(
        styled(place, "bold")
        + styled(f"{problem.severity}: ", style)
        + styled(problem.message)
        + styled(at, "dim"),
        soft_wrap=True,
    )
    line = _line(content, problem.line)
    if line.strip():
        start = max(0, problem.column - 1 - SHOWN_LINE // 2)
        shown = printable(line[start : start + SHOWN_LINE].replace("\t", " "))
        # What is not printable is spelled longer: the caret stands under the spelled text.
        before = printable(line[start : problem.column - 1].replace("\t", " "))
        from rich.cells import cell_len

        console.print(styled(f"  {shown}"), soft_wrap=True)
        console.print(styled("  " + " " * cell_len(before) + "^", style), soft_wrap=True)
    if problem.hint:
        console.print(styled(f"  {problem.hint}", "dim"), soft_wrap=True)


def _line(content: bytes, number: int) -> str:
    lines = content.decode("utf-8-sig", "replace").split("\n")
    return lines[number - 1].rstrip("\r") if number <= len(lines) else ""
