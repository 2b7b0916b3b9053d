"""
`quarterdeck export`: many sessions as a file, streamed.

A file appears under its name only when it is complete: it is written beside itself and then
renamed, so a broken export never looks like a whole one.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.instants import read_instant
from quarterdeck.errors import Invalid, QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.sdk.client import Client, Params


class ExportFormat(StrEnum):
    ndjson = "ndjson"
    parquet = "parquet"


def export(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output if left out.")
    ] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="ndjson or parquet.")
    ] = ExportFormat.ndjson,
    since: Annotated[
        str | None, typer.Option(help="Began at or after: 2026-04-12, or so long ago: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Began before; written like --since.")] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", "-q", help="Only sessions that it finds: 'tool:bash cost:>5'."),
    ] = None,
    what: Annotated[
        str, typer.Option("--what", help="sessions, or spans with their payloads.")
    ] = "sessions",
) -> None:
    """Write sessions, or every span of them, as NDJSON or Parquet."""
    now_ns = terminal.today_ns()
    params: Params = {
        "what": what,
        "since": read_instant(since, now_ns=now_ns),
        "until": read_instant(until, now_ns=now_ns),
        "q": query,
    }
    save_export(ctx.obj, params, form=form, output=output)


def save_export(client: Client, params: Params, *, form: ExportFormat, output: Path | None) -> None:
    """Stream an export into `output`, or to standard output.  Nothing is held in memory."""
    if output is None and form is ExportFormat.parquet and sys.stdout.isatty():
        raise Invalid("Parquet is not text", hint="Name a file with --output.")
    with client.stream("/api/v1/export", {**params, "format": form.value}) as pieces:
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        size = _save(output, pieces)
    print(f"{output}: {size:,} bytes", file=sys.stderr)


def _save(output: Path, pieces: Iterator[bytes]) -> int:
    """Bytes written.  The folder must exist; a file of this name is replaced."""
    beside = output.with_name(f".{output.name}.part")
    size = 0
    try:
        with beside.open("wb") as file:
            for piece in pieces:
                size += file.write(piece)
        beside.replace(output)
    except OSError as error:
        raise QuarterdeckError(f"can't write {str(output)!r}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return size
