"""
`quarterdeck workflow push|list|show|tag|untag`: versions of a workflow, and what they are called.

A push sends what `workflow.yaml` names and nothing else of the folder, what git knows of it, and
what the references to weights mean now.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal, workflow_git, workflow_weights
from quarterdeck.cli.errors import exit_code
from quarterdeck.cli.sessions import AsJson, Utc
from quarterdeck.cli.terminal import one_line, styled, text_of
from quarterdeck.cli.workflow_manifest import Directory, print_problem
from quarterdeck.cli.workflow_page import print_version
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client, name_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from quarterdeck.cli.workflow_weights import Weights

PATH = "/api/v1/workflows"
LATEST = "latest"
SHOWN_VERSIONS = 10
MESSAGE_CHARACTERS = 60
SHOWN_DIGEST = len("sha256:") + 12

Reference = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@VERSION]",
        help="A workflow, and a number, a tag or a digest; the newest version unless said.",
        show_default=False,
    ),
]


def push(
    ctx: typer.Context,
    directory: Directory = Path(),
    message: Annotated[
        str, typer.Option("--message", "-m", help="What changed, for who reads the list.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag that points at it from now on; repeatable.")
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option(
            help="The MLflow server that knows what `models:/…` means; MLFLOW_TRACKING_URI unless "
            "said.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Push a workflow's folder: a new version, or the one that has this content already."""
    from quarterdeck.sdk.workflow_folder import from_disk
    from quarterdeck.workflows.folder import read

    client: Client = ctx.obj
    folder = from_disk(directory)
    reading = read(folder)
    # With --json, standard output holds the answer alone.
    console = terminal.make_console(stderr=as_json)
    for problem in reading.problems:
        print_problem(console, problem, folder.files.get(problem.file, b""), directory)
    if reading.manifest is None:
        raise typer.Exit(exit_code(Invalid("")))
    key = os.environ.get("QUARTERDECK_API_KEY", "")
    tracking = workflow_weights.tracking_of(mlflow, ours=client.url, key=key)
    weights = workflow_weights.resolve(reading.manifest.learned, tracking)
    git = workflow_git.facts(directory)
    answer = client.post(
        f"{PATH}/{name_segment(reading.manifest.name)}/versions",
        {
            "files": {
                path: base64.b64encode(content).decode()
                for path, content in reading.folder.files.items()
            },
            "message": message,
            "git": git,
            "tags": tag or [],
            "learned_digests": {
                name: {"uri": found.uri, "digest": found.digest} for name, found in weights.items()
            },
        },
    )
    if as_json:
        terminal.print_json(answer)
    _print_pushed(console, json.loads(answer), weights, git, quiet=as_json)


def list_workflows(
    ctx: typer.Context,
    containing: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 100,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List the project's workflows by name, each with its newest version and what runs where."""
    client: Client = ctx.obj
    answer = client.get(PATH, {"containing": containing, "limit": limit})
    if as_json:
        terminal.print_json(answer)
        return
    _print_workflows(json.loads(answer), utc=utc)


def show(
    ctx: typer.Context, workflow: Reference, utc: Utc = False, as_json: AsJson = False
) -> None:
    """Show one version: what its agents are told and may do, and the last few versions."""
    client: Client = ctx.obj
    name, version = called(workflow)
    answer = client.get(version_path(name, version))
    if as_json:
        terminal.print_json(answer)
        return
    console = terminal.make_console()
    now_ns = terminal.today_ns()
    print_version(console, json.loads(answer), now_ns=now_ns, utc=utc)
    page = client.get_json(f"{PATH}/{name_segment(name)}/versions", {"limit": SHOWN_VERSIONS})
    _print_versions(console, page, now_ns=now_ns, utc=utc)


def tag(
    ctx: typer.Context,
    workflow: Reference,
    tag: Annotated[str, typer.Argument(help="The tag: no number, no digest, not `latest`.")],
    as_json: AsJson = False,
) -> None:
    """Point a tag at a version, and at no other."""
    client: Client = ctx.obj
    name, version = called(workflow)
    number = client.get_json(version_path(name, version))["version"]
    answer = client.post(f"{PATH}/{name_segment(name)}/tags", {"tag": tag, "version": number})
    if as_json:
        terminal.print_json(answer)
        return
    terminal.make_console().print(styled(f"{tag} → {name}@{number}"))


def untag(
    ctx: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="NAME", help="The workflow.")],
    tag: Annotated[str, typer.Argument(help="The tag that goes.")],
    as_json: AsJson = False,
) -> None:
    """Take a tag away; the version stays."""
    client: Client = ctx.obj
    answer = client.delete(f"{PATH}/{name_segment(workflow)}/tags/{name_segment(tag)}")
    if as_json:
        terminal.print_json(answer)
        return
    terminal.make_console().print(styled(f"{workflow} has no tag {tag} now"))


def called(reference: str) -> tuple[str, str]:
    """Name and version of `NAME@VERSION`; the newest without one.  Raises `Invalid`."""
    name, at, version = reference.partition("@")
    if not name or (at and not version):
        raise Invalid(
            f"{reference!r} names no version", hint="Write NAME, NAME@14, NAME@TAG or NAME@sha256:…"
        )
    return name, version or LATEST


def version_path(name: str, version: str) -> str:
    return f"{PATH}/{name_segment(name)}/versions/{name_segment(version)}"


# ------------------------------------------------------------------------------- for people


def _print_pushed(
    console: Console,
    told: Mapping[str, Any],
    weights: Mapping[str, Weights],
    git: Mapping[str, Any],
    *,
    quiet: bool,
) -> None:
    version = told["version"]
    what = "is new" if told["created"] else "has this content already"
    if not quiet:
        console.print(
            styled(f"{text_of(version, 'workflow')}@{version['version']}", "bold green")
            + styled(f"  {what}")
        )
        console.print(styled(text_of(version, "digest"), "dim"), soft_wrap=True)
    for name, found in weights.items():
        if found.note:
            console.print(styled(f"{name}: {found.uri}: {found.note}", "yellow"), soft_wrap=True)
    if git.get("dirty"):
        console.print(
            styled("the folder has changes that are in no commit; the version says so", "yellow")
        )


def _print_workflows(page: dict[str, Any], *, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    rows: Sequence[dict[str, Any]] = page["workflows"]
    if not rows:
        console.print(styled("No workflows. quarterdeck workflow push makes one.", "dim"))
        return
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Name", "Newest", "Runs", "Description", "Since"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        runs = ", ".join(_runs(one) for one in row["environments"])
        table.add_row(
            styled(text_of(row, "name"), "bold"),
            styled(text_of(row, "latest")),
            styled(runs or "nowhere", "" if runs else "dim"),
            styled(one_line(text_of(row, "description"), limit=MESSAGE_CHARACTERS), "dim"),
            styled(terminal.when(row["created_at"], now_ns=now_ns, utc=utc), "dim"),
        )
    terminal.print_table(console, table, words=1)
    if len(rows) < page["total"]:
        console.print(styled(f"{page['total'] - len(rows)} more: --limit, --containing", "dim"))


def _runs(one: Mapping[str, Any]) -> str:
    told = f"{one['environment']} @{one['stable']}"
    if one["candidate"] is None:
        return told
    return f"{told} and @{one['candidate']} for {one['share'] * 100:.4g} %"


def _print_versions(console: Console, page: dict[str, Any], *, now_ns: int, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Version", "Tags", "Runs in", "Message", "Digest", "When", "By"):
        table.add_column(heading, overflow="fold")
    for row in page["versions"]:
        table.add_row(
            styled(text_of(row, "version"), "bold"),
            styled(", ".join(row["tags"]), "green"),
            styled(", ".join(row["running_in"]), "cyan"),
            styled(one_line(text_of(row, "message"), limit=MESSAGE_CHARACTERS)),
            styled(text_of(row, "digest")[:SHOWN_DIGEST], "dim"),
            styled(terminal.when(row["created_at"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(row, "created_by"), "dim"),
        )
    terminal.print_table(console, table, words=1)
    if page["next_cursor"] is not None:
        console.print(styled("There are older ones.", "dim"))
