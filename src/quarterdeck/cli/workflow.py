"""
`quarterdeck workflow …`: the versions of a workflow.  This file only lists the commands.
"""

from __future__ import annotations

import typer

from quarterdeck.cli import workflow_manifest

app = typer.Typer(
    name="workflow",
    no_args_is_help=True,
    help="Workflow versions: write, check, push, compare, release, roll back.",
)

app.command("init")(workflow_manifest.init)
app.command("validate")(workflow_manifest.validate)
app.command("schema")(workflow_manifest.schema)
