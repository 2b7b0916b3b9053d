"""
`quarterdeck backup` and `restore`: everything that a server keeps, in one folder.

    <folder>/manifest.json   which version wrote it, when, and what is in it
    <folder>/events/         the event store's own backup format
    <folder>/records.db      projects, accounts, keys
    <folder>/spool.db        what was acknowledged and not stored yet

Both work on this machine's stores with the server stopped: the embedded event store belongs to
one process at a time.  A backup appears under its name when it is complete; a restore goes
into an empty data folder only, so it can never overwrite anything.  A ClickHouse server keeps
the events' part itself, and PostgreSQL has its own tools: see the guide.
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.here import Data, EventsUrl, RecordsUrl
from quarterdeck.cli.server_extra import read_server_settings, server_extra_missing
from quarterdeck.cli.version import this_version
from quarterdeck.errors import Conflict, Invalid, Misconfigured, NotFound
from quarterdeck.model.instants import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.settings import Settings
    from quarterdeck.storage.events.connection import EventConnection

FORMAT = 1
MANIFEST = "manifest.json"
EVENTS = "events"
RECORDS = "records.db"
SPOOL = "spool.db"

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The backup's folder.")]


def backup(
    folder: Folder,
    data: Data = None,
    events_url: EventsUrl = None,
    records_url: RecordsUrl = None,
) -> None:
    """Copy everything into a new FOLDER.  The server must be stopped."""
    settings = read_server_settings(data=data, events_url=events_url, records_url=records_url)
    if folder.exists():
        raise Conflict(f"{str(folder)!r} exists already", hint="Name a folder that does not.")
    _require_data(settings)
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    try:
        contents = _write(settings, beside)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    print(f"{folder}: {', '.join(contents)}")


def restore(
    folder: Folder,
    data: Data = None,
    events_url: EventsUrl = None,
    records_url: RecordsUrl = None,
) -> None:
    """Put a backup back, into an empty data folder.  The server must be stopped."""
    settings = read_server_settings(data=data, events_url=events_url, records_url=records_url)
    manifest = _read_manifest(folder)
    target = settings.data_folder()
    if target.exists() and any(target.iterdir()):
        raise Conflict(
            f"the data folder {str(target)!r} is not empty",
            hint="Restore into a new one: --data DIR. Nothing was changed.",
        )
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if RECORDS in manifest["contents"]:
        _copy_sqlite(folder / RECORDS, _sqlite_file(settings))
    if SPOOL in manifest["contents"]:
        _copy_sqlite(folder / SPOOL, _spool_file(settings))
    _restore_events(settings, folder, name=manifest["events"])
    print(f"Restored what {manifest['version']} wrote at {manifest['created_at']}.")


def _require_data(settings: Settings) -> None:
    """Raises `NotFound` where no server ever ran: opening would make an empty store."""
    kept = [
        settings.events_location().partition("://"),
        settings.records_location().partition(":///"),
    ]
    for scheme, _, path in kept:
        here = Path(path.partition("?")[0])
        if scheme in ("chdb", "sqlite") and not here.exists():
            raise NotFound(
                f"there is nothing to back up: {str(here)!r} does not exist",
                hint="Name the folder that the server keeps its data in: --data DIR.",
            )


def _write(settings: Settings, folder: Path) -> list[str]:
    """What it wrote.  Events first: what is spooled meanwhile can't be, the store is locked."""
    created_at = to_rfc3339(terminal.today_ns())
    name = "backup-" + created_at.replace(":", "").partition(".")[0].rstrip("Z")
    contents = [EVENTS]
    with _events(settings) as db:
        from quarterdeck.storage.events import backup as events_backup

        events_backup.backup(db, name)
        made = _kept_here(settings, name)
        if made is not None:
            shutil.move(made, folder / EVENTS)
        spool = _spool_file(settings)
        if spool.exists():
            _copy_sqlite(spool, folder / SPOOL)
            contents.append(SPOOL)
        if settings.records_location().startswith("sqlite"):
            _copy_sqlite(_sqlite_file(settings), folder / RECORDS)
            contents.append(RECORDS)
    manifest = {
        "format": FORMAT,
        "version": this_version(),
        "created_at": created_at,
        "contents": contents,
        "events": name,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return contents


def _restore_events(settings: Settings, folder: Path, *, name: str) -> None:
    with _events(settings) as db:
        from quarterdeck.storage.events import backup as events_backup
        from quarterdeck.storage.events.migrate import migrate

        place = _kept_here(settings, name)
        if place is not None:
            shutil.copytree(folder / EVENTS, place)
        try:
            events_backup.restore(db, name)
        finally:
            if place is not None:
                shutil.rmtree(place, ignore_errors=True)
        migrate(db)


def _kept_here(settings: Settings, name: str) -> Path | None:
    """Where the embedded store keeps a backup of this name; None: a server keeps it."""
    scheme, _, path = settings.events_location().partition("://")
    return Path(path.partition("?")[0]) / "backups" / name if scheme == "chdb" else None


@contextmanager
def _events(settings: Settings) -> Iterator[EventConnection]:
    try:
        from quarterdeck.storage.events.connection import open_events
    except ModuleNotFoundError as error:
        raise server_extra_missing(error) from error
    try:
        db = open_events(settings.events_location())
    except Misconfigured as error:
        raise Misconfigured(error.message, hint="Stop the server on this folder first.") from error
    with closing(db):
        yield db


def _spool_file(settings: Settings) -> Path:
    return settings.data_folder() / "spool" / SPOOL


def _sqlite_file(settings: Settings) -> Path:
    location = settings.records_location()
    scheme, _, path = location.partition(":///")
    if scheme != "sqlite":
        raise Invalid(
            "the records are not in SQLite", hint="Use PostgreSQL's own tools: pg_dump, pg_restore."
        )
    return Path(path)


def _copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy, also while something writes.  Readable by its owner only."""
    import sqlite3

    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        raise NotFound(f"{str(folder)!r} is not a backup: no {MANIFEST}") from error
    except ValueError as error:
        raise Invalid(f"{str(folder / MANIFEST)!r} is not JSON ({error})") from error
    if manifest.get("format") != FORMAT:
        raise Invalid(
            f"a backup of format {manifest.get('format')!r}",
            hint="A newer version wrote it: restore with that one.",
        )
    return manifest
