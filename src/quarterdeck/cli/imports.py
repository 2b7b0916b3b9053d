"""
`quarterdeck import`: sessions from files, into a server, by its public API.

Files are read here and sent as OTLP, so the machine that has the files needs the light package
only.  Importing twice changes nothing.  A line that can't be read is told by its number and the
rest is imported; so is every contradiction in the data.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.import_report import print_report
from quarterdeck.cli.import_server import ImportServer
from quarterdeck.cli.instants import read_instant
from quarterdeck.errors import Invalid, NotFound, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from quarterdeck.receive.transcripts.format import Format
    from quarterdeck.receive.transcripts.importing import Importer
    from quarterdeck.receive.transcripts.report import Report
    from quarterdeck.receive.transcripts.source import Source

LOOK_EVERY_S = 1.0


def import_files(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders.", show_default=False)
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option("--format", help="Read every file as this format instead of recognizing it."),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Go on: import what is written. Without PATH, where agents write."
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="Only files written at or after: 2026-04-12, or so long ago: 24h, 7d."),
    ] = None,
    user: Annotated[str, typer.Option(help="Whose sessions, where the file does not say.")] = "",
    task_type: Annotated[str, typer.Option(help="Kind of task, where it does not say.")] = "",
    environment: Annotated[str, typer.Option(help="production, staging, …")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag for every session.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and report; send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Import sessions from transcripts, benchmark results and OTLP files."""
    from quarterdeck.receive.transcripts.files import find, named
    from quarterdeck.receive.transcripts.formats import FORMATS
    from quarterdeck.receive.transcripts.importing import Importer, Marks

    if not paths and not follow:
        raise Invalid("nothing to import", hint="Name files or folders, or use --follow.")
    if follow and dry_run:
        raise Invalid("--follow sends, --dry-run does not", hint="Use one of them.")
    formats = FORMATS if format_name is None else (_forced(named(format_name)),)
    console = terminal.make_console(stderr=True)
    server = ImportServer(ctx.obj, console)
    importer = Importer(
        send=None if dry_run else server.send,
        tell=None if dry_run else server.tell,
        placed=(lambda _: None) if dry_run else server.started_ns,
        formats=formats,
        marks=Marks(user=user, task_type=task_type, environment=environment, tags=tuple(tag or ())),
    )
    after_ns = _after_ns(since)
    if follow:
        folders = _folders(paths or [])
        server.greet()
        _follow(importer, server, folders, after_ns=after_ns, console=console)
    else:
        sources = deque(source for source in find(paths or []) if _is_after(source, after_ns))
        if not dry_run:
            server.greet()
        import_all(importer, sources, console=console)
        if not dry_run:
            server.settle()
    if as_json:
        import json

        terminal.print_json(json.dumps(importer.report.to_json()).encode())
    else:
        print_report(terminal.make_console(), importer.report, dry_run=dry_run)
    _refuse_if_nothing(importer.report, paths or [])


def _forced(known: Format) -> Format:
    return known._replace(recognizes=lambda _: True)


def _after_ns(since: str | None) -> int:
    from quarterdeck.model.instants import from_rfc3339

    read = read_instant(since, now_ns=terminal.today_ns())
    return from_rfc3339(read) if read else 0


def _is_after(source: Source, after_ns: int) -> bool:
    try:
        return after_ns == 0 or source.written_ns >= after_ns
    except OSError:
        return True  # gone, or not to be read: what reads it tells why


def import_all(importer: Importer, sources: deque[Source], *, console: Console) -> None:
    """Every one in order; none is kept, because each may hold its whole file."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[seen]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("Importing", total=len(sources), seen="")
        while sources:
            importer.add(sources.popleft())
            report = importer.report
            progress.update(
                task,
                advance=1,
                seen=f"{len(report.session_ids):,} sessions, {report.spans:,} spans",
            )
        importer.close()


def _follow(
    importer: Importer,
    server: ImportServer,
    folders: list[tuple[Path, str]],
    *,
    after_ns: int,
    console: Console,
) -> None:
    """Until the keyboard interrupts.  A server that is away is waited for."""
    from quarterdeck.receive.transcripts.follow import Watch
    from quarterdeck.receive.transcripts.source import Source

    where = ", ".join(str(folder / pattern) for folder, pattern in folders)
    console.print(terminal.styled(f"Following {where}. Ctrl-C ends.", "dim"))
    watch = Watch(lambda: _written_after(folders, after_ns))
    report, told = importer.report, 0
    try:
        while True:
            try:
                for changed in watch.look(now_ns=time.time_ns()):
                    importer.add(Source(changed.path), live=changed.live)
                importer.close()
            except TryAgain:
                watch.forget()
            if report.spans != told:
                told = report.spans
                sessions = terminal.plural(len(report.session_ids), "session")
                console.print(
                    terminal.styled(f"{sessions}, {terminal.plural(told, 'span')} sent", "dim")
                )
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        _send_the_rest(importer, server, console)


def _send_the_rest(importer: Importer, server: ImportServer, console: Console) -> None:
    server.stop_waiting()
    try:
        importer.close()
    except TryAgain as error:
        said = f"{error.message}: what was read last is not sent; a later import sends it"
        console.print(terminal.styled(said, "yellow"))


def _folders(paths: list[Path]) -> list[tuple[Path, str]]:
    from quarterdeck.receive.transcripts.files import check_paths
    from quarterdeck.receive.transcripts.follow import EVERY_FILE, default_folders
    from quarterdeck.receive.transcripts.formats import FORMATS

    check_paths(paths)
    if paths:
        return [
            (path, EVERY_FILE) if path.is_dir() else (path.parent, _literal(path.name))
            for path in paths
        ]
    folders = default_folders(FORMATS, os.environ)
    if not folders:
        known = sorted({f.folder for known in FORMATS for f in known.follows})
        raise NotFound(
            "no agent writes sessions here that could be followed",
            hint=f"Name a folder. Looked in {', '.join(known)}.",
        )
    return folders


def _literal(name: str) -> str:
    """`name` as a glob that matches nothing else."""
    from glob import escape

    return escape(name)


def _written_after(folders: list[tuple[Path, str]], after_ns: int) -> Iterator[Path]:
    from quarterdeck.receive.transcripts.follow import files_in

    for path in files_in(folders):
        try:
            if path.stat().st_mtime_ns >= after_ns:
                yield path
        except OSError:
            continue


def _refuse_if_nothing(report: Report, paths: list[Path]) -> None:
    """A file that was named and is not known is the caller's mistake; one in a folder is not."""
    named_files = {str(path) for path in paths if path.is_file()}
    unknown = sorted(named_files.intersection(report.unknown))
    if unknown:
        sys.stdout.flush()
        raise Invalid(
            f"no known session format: {', '.join(unknown)}",
            hint="docs/how-to/import-sessions.md lists the formats; --format NAME forces one.",
        )
