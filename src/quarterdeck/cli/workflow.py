"""
`quarterdeck workflow …`: the versions of a workflow.  This file only lists the commands.
"""

from __future__ import annotations

import typer

from quarterdeck.cli import (
    workflow_diff,
    workflow_environments,
    workflow_manifest,
    workflow_pull,
    workflow_registry,
    workflow_releases,
)

app = typer.Typer(
    name="workflow",
    no_args_is_help=True,
    help="Workflow versions: write, check, push, compare, release, roll back.",
)

app.command("init")(workflow_manifest.init)
app.command("validate")(workflow_manifest.validate)
app.command("schema")(workflow_manifest.schema)
app.command("push")(workflow_registry.push)
app.command("list")(workflow_registry.list_workflows)
app.command("show")(workflow_registry.show)
app.command("pull")(workflow_pull.pull)
app.command("diff")(workflow_diff.diff)
app.command("tag")(workflow_registry.tag)
app.command("untag")(workflow_registry.untag)
app.command("release")(workflow_releases.release)
app.command("share")(workflow_releases.change_share)
app.command("promote")(workflow_releases.promote)
app.command("hold")(workflow_releases.hold)
app.command("resume")(workflow_releases.resume)
app.command("rollback")(workflow_releases.rollback)
app.command("environments")(workflow_environments.environments)
app.command("history")(workflow_environments.history)
app.command("resolve")(workflow_environments.resolve)
