"""
`quarterdeck up`: the whole server in this process.

Every option is also a `QUARTERDECK_…` variable, and settings without an option (limits, log
format) have only the variable: docs/reference/settings.md lists them all.  The server's
libraries come with the `server` extra and are imported here, when they are needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quarterdeck.cli.server_extra import read_server_settings, server_extra_missing


def up(
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on [QUARTERDECK_HOST; 127.0.0.1]. "
            "Beyond loopback an account must exist first."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port of HTTP [QUARTERDECK_PORT; 4400]; 0 lets the system choose."),
    ] = None,
    grpc_port: Annotated[
        int | None,
        typer.Option(
            help="Port of OTLP/gRPC [QUARTERDECK_GRPC_PORT; 4317]; 0 lets the system choose."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder for everything kept [QUARTERDECK_DATA; ~/.quarterdeck]."),
    ] = None,
    events_url: Annotated[
        str | None,
        typer.Option(
            help="Where spans and sessions live [QUARTERDECK_EVENTS_URL; chDB in the data "
            "folder]: chdb:///folder or clickhouse://…"
        ),
    ] = None,
    records_url: Annotated[
        str | None,
        typer.Option(
            help="Where projects, accounts and keys live [QUARTERDECK_RECORDS_URL; SQLite in "
            "the data folder]: sqlite:///file or postgresql://…"
        ),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(help="debug, info, warning or error [QUARTERDECK_LOG_LEVEL; info]."),
    ] = None,
) -> None:
    """Start everything in one process and print the address."""
    settings = read_server_settings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        data=data,
        events_url=events_url,
        records_url=records_url,
        log_level=log_level,
    )
    try:
        from quarterdeck.server import run
    except ModuleNotFoundError as error:
        raise server_extra_missing(error) from error
    run(settings)
