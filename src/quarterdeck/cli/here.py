"""
This machine's own records, opened without asking a server.

For what an operator must be able to do while no server runs, or none lets them in: the first
account, a forgotten password, the first key.  Whoever may write the data folder (or the
records database) owns the server anyway, so no key is asked for; every change leaves an audit
row with the actor `cli`.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli.server_extra import read_server_settings, server_extra_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.storage.records.connection import Records

ACTOR = "cli"

Here = Annotated[
    bool, typer.Option("--here", help="Work on this machine's records; no server is asked.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data folder [QUARTERDECK_DATA; ~/.quarterdeck]."),
]
RecordsUrl = Annotated[
    str | None,
    typer.Option(
        "--records-url", help="The records [QUARTERDECK_RECORDS_URL; SQLite in the data folder]."
    ),
]
EventsUrl = Annotated[
    str | None,
    typer.Option(
        "--events-url", help="The events [QUARTERDECK_EVENTS_URL; chDB in the data folder]."
    ),
]


@contextmanager
def records_here(*, data: Path | None, records_url: str | None) -> Iterator[Records]:
    """
    Open the records that `quarterdeck up` with the same options would open.

    They are made, or brought up to date, if they are not there yet.
    """
    settings = read_server_settings(data=data, records_url=records_url)
    try:
        from quarterdeck.storage.records.connection import open_records
    except ModuleNotFoundError as error:
        raise server_extra_missing(error) from error
    records = open_records(settings.records_location())
    try:
        yield records
    finally:
        records.close()
