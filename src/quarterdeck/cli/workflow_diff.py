"""
`quarterdeck workflow diff`: what changed between two versions, or a version and a folder, by what
it means: what agents may do first, then the texts line by line.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.errors import exit_code
from quarterdeck.cli.sessions import AsJson
from quarterdeck.cli.terminal import plural, styled
from quarterdeck.cli.workflow_manifest import print_problem
from quarterdeck.cli.workflow_pull import fetched, shown_version
from quarterdeck.cli.workflow_registry import PATH, called
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client, name_segment

if TYPE_CHECKING:
    from rich.console import Console

    from quarterdeck.workflows.manifest import Folder, Pin, Version

MARKS = {"widens": ("+", "bold red"), "narrows": ("-", "bold green"), "changes": ("~", "")}
"""What widens is red: it is what a reviewer must not miss."""
SHOWN_LINES = 200
"""Of one text.  `--json` has all of it."""
WORDS_OF_AREAS = {"mcp_servers": "MCP servers"}

Side = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@VERSION]|DIR",
        help="A version, the newest unless said; or a workflow's folder.",
        show_default=False,
    ),
]


class _Local(NamedTuple):
    """A side of the comparison that is held here."""

    content: Version
    folder: Folder
    shown: dict[str, Any]


def diff(ctx: typer.Context, before: Side, after: Side, as_json: AsJson = False) -> None:
    """Tell what changed from one version to another, or to a folder, by what it means."""
    client: Client = ctx.obj
    here = [_is_folder(side) for side in (before, after)]
    if not any(here) and called(before)[0] == called(after)[0]:
        name, from_ = called(before)
        told = client.get_json(
            f"{PATH}/{name_segment(name)}/compare", {"from": from_, "to": called(after)[1]}
        )
    else:
        told = _compared(client, before, after)
    if as_json:
        terminal.print_json(json.dumps(told).encode())
        return
    _print_comparison(terminal.make_console(), told, before=before, after=after)


def _is_folder(side: str) -> bool:
    """A folder of this name that holds a workflow, or what can only be a path."""
    path = Path(side)
    return (path / "workflow.yaml").is_file() or ("@" not in side and "/" in side) or side == "."


# -------------------------------------------------------------------------- compared here


def _compared(client: Client, before: str, after: str) -> dict[str, Any]:
    from quarterdeck.workflows.compare import compare

    # The registered side first: a reference that the folder shares with it means the same.
    held: dict[str, _Local] = {}
    pins: tuple[Pin, ...] = ()
    for side in sorted({before, after}, key=_is_folder):
        held[side] = _of_folder(side, pins) if _is_folder(side) else _of_server(client, side)
        pins = pins or held[side].content.pins
    was, will = held[before], held[after]
    found = compare(was.content, will.content, before_files=was.folder, after_files=will.folder)
    told: dict[str, Any] = {"from": was.shown, "to": will.shown, **msgspec.to_builtins(found)}
    for change in told["changes"]:
        if change["text"] is None:
            del change["text"]
    return told


def _of_server(client: Client, side: str) -> _Local:
    from quarterdeck.workflows.manifest import Version

    told = shown_version(client, *called(side))
    folder = fetched(client, told)
    fields = {name: told.get(name) for name in Version.__struct_fields__}
    try:
        content = msgspec.convert(fields, Version)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"{side} can't be read by this release: {error}",
            hint="The server may be newer: pip install --upgrade quarterdeck.",
        ) from error
    return _Local(content, folder, {"version": told["version"], "digest": told["digest"]})


def _of_folder(side: str, pins: tuple[Pin, ...]) -> _Local:
    """`pins` are the other side's: what a reference means that both have."""
    from quarterdeck.sdk.workflow_folder import from_disk
    from quarterdeck.workflows.digest import digest_of
    from quarterdeck.workflows.folder import read
    from quarterdeck.workflows.manifest import Version
    from quarterdeck.workflows.pins import pinned_prompts

    folder = from_disk(side)
    reading = read(folder)
    if reading.manifest is None:
        console = terminal.make_console(stderr=True)
        for problem in reading.errors:
            print_problem(console, problem, folder.files.get(problem.file, b""), Path(side))
        raise typer.Exit(exit_code(Invalid("")))
    learned = reading.manifest.learned
    shared = tuple(
        pin
        for pin in pins
        if pin.kind == "prompt" or (pin.name in learned and learned[pin.name].uri == pin.uri)
    )
    digest = digest_of(reading.folder, shared)
    content = Version(
        workflow=reading.manifest.name,
        version=0,
        digest=digest,
        manifest=reading.manifest,
        prompts=reading.prompts | pinned_prompts(reading.manifest, shared),
        tools=reading.tools,
        pins=shared,
    )
    return _Local(content, reading.folder, {"version": None, "digest": digest, "folder": side})


# ------------------------------------------------------------------------------- for people


def _print_comparison(console: Console, told: dict[str, Any], *, before: str, after: str) -> None:
    console.print(styled(f"{_named(before, told['from'])} → {_named(after, told['to'])}", "bold"))
    area = ""
    for sentence in told["summary"]:
        if sentence["area"] != area:
            area = str(sentence["area"])
            console.print(styled(WORDS_OF_AREAS.get(area, area), "bold cyan"))
        mark, style = MARKS.get(str(sentence["severity"]), MARKS["changes"])
        console.print(styled(f"  {mark} ", style) + styled(str(sentence["text"])), soft_wrap=True)
    for change in told["changes"]:
        if change.get("text"):
            _print_text(console, str(change["path"]), change["text"])
    files = told["files"]
    if told["textual_only"]:
        console.print(styled("They say the same; only how it is written differs.", "green"))
    elif not told["changes"]:
        console.print(styled("They say the same.", "green"))
    if files:
        names = ", ".join(f"{file['path']} ({file['kind']})" for file in files)
        console.print(styled(f"{plural(len(files), 'file')}: {names}", "dim"), soft_wrap=True)


def _named(side: str, told: dict[str, Any]) -> str:
    return side if told["version"] is None else f"{side.partition('@')[0]}@{told['version']}"


def _print_text(console: Console, path: str, text: dict[str, str]) -> None:
    lines = list(
        difflib.unified_diff(
            text["before"].splitlines(), text["after"].splitlines(), lineterm="", n=2
        )
    )[2:]
    console.print(styled(f"\n{path}", "bold"))
    for line in lines[:SHOWN_LINES]:
        style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
        console.print(styled(f"  {line}", style), soft_wrap=True)
    if len(lines) > SHOWN_LINES:
        console.print(styled(f"  {plural(len(lines) - SHOWN_LINES, 'line')} more: --json", "dim"))
