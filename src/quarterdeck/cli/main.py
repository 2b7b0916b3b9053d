"""
`quarterdeck`: the command line.  One file per command group; this one only lists them.

Every read talks to a server through the public API (`sdk/client.py`) and has a form for people
and, with `--json`, the API's own JSON.  What a group needs beyond that (rich, httpx, the
server itself) it imports when it runs: `quarterdeck --help` must not wait for a database.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from quarterdeck.cli import (
    approvals,
    backup,
    demo,
    doctor,
    errors,
    export,
    figures,
    imports,
    keys,
    memory,
    projects,
    prompts,
    requeue,
    sessions,
    up,
    users,
    version,
    workflow,
)
from quarterdeck.errors import QuarterdeckError
from quarterdeck.sdk.client import Client

app = typer.Typer(
    name="quarterdeck",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The operations room for autonomous AI agents.",
)

app.command("up")(up.up)
app.command("demo")(demo.demo)
app.add_typer(sessions.app, name="sessions")
app.command("figures")(figures.figures)
app.command("export")(export.export)
app.command("import")(imports.import_files)
app.add_typer(prompts.app, name="prompts")
app.add_typer(memory.app, name="memory")
app.add_typer(approvals.app, name="approvals")
app.add_typer(workflow.app, name="workflow")
app.add_typer(projects.app, name="projects")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("requeue")(requeue.requeue)
app.command("version")(version.version)


@app.callback()
def connect(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(help="The server to talk to.", envvar="QUARTERDECK_URL", show_default=False),
    ] = None,
) -> None:
    """
    The operations room for autonomous AI agents.

    Reads go to QUARTERDECK_URL (http://127.0.0.1:4400 unless set) with the key in
    QUARTERDECK_API_KEY.  A key is not an option: other users of the machine see options.
    """
    environment = {**os.environ, "QUARTERDECK_URL": url} if url else os.environ
    ctx.obj = Client.from_environment(environment)


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        app()
    except QuarterdeckError as error:
        sys.exit(errors.tell(error))
    except KeyboardInterrupt:
        sys.exit(errors.INTERRUPTED)
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough: not a fault, and nothing left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
