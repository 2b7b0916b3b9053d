"""
What a workflow version says, read from its files.

The files and pins are the truth, and the digest names them: at each reading it is made again, and
a version whose bytes or pins differ from it is refused.  What was parsed when the version was
pushed (`content`) is only compared: it answers nothing, and where it differs the version is
refused too, so that nobody can change what somebody reads in the database.
"""

import functools
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from quarterdeck.errors import Invalid, Misconfigured
from quarterdeck.storage.records.storable import canonical, json_of
from quarterdeck.storage.records.workflow_rows import VersionRow
from quarterdeck.storage.records.workflow_tables import WORKFLOW_FILES, WORKFLOW_VERSIONS
from quarterdeck.workflows import folder as folders
from quarterdeck.workflows.digest import file_digest, tampered, verify
from quarterdeck.workflows.manifest import Folder, Manifest, Version
from quarterdeck.workflows.pins import pinned_prompts

_KEPT_READINGS = 64
"""What runs somewhere is a handful of versions.  Reading a folder anew costs 20 ms for each 100
lines of its manifest, its digest 0.1 ms."""
_KEPT_BYTES = 256 * 1024
"""Of one folder.  Usual ones have 20 KB; larger ones are read anew, so that 64 stay small."""


class WholeVersion(NamedTuple):
    """A version with all that it says, verified."""

    row: VersionRow
    content: Version
    folder: Folder


def read_whole(connection: Connection, project_id: str, row: VersionRow) -> WholeVersion:
    """Raises `Misconfigured`, code `tampered`, where it is not what was pushed."""
    what = f"version {row.version} of {row.workflow}"
    folder = _stored_files(connection, project_id, row, what)
    verify(folder, row.pins, digest=row.digest, what=what)
    try:
        content = content_of(folder, row)
    except Invalid as error:
        # The bytes are those that were pushed: an earlier release took them.
        raise Misconfigured(
            f"{what} can't be read by this release: {error.message}",
            hint="Write it as this release wants it, and push it as a new version.",
        ) from error
    _compare_derived(connection, project_id, row, content, what)
    return WholeVersion(row, content, folder)


def content_of(folder: Folder, row: VersionRow) -> Version:
    """What these files and the row's pins say.  Raises `Invalid` for files that say nothing."""
    reading = _reading_of(folder)
    if reading.manifest is None:
        first = reading.errors[0]
        raise Invalid(f"{first.file}, line {first.line}: {first.message}", hint=first.hint)
    return Version(
        workflow=row.workflow,
        version=row.version,
        digest=row.digest,
        manifest=reading.manifest,
        prompts=reading.prompts | pinned_prompts(reading.manifest, row.pins),
        tools=reading.tools,
        pins=row.pins,
    )


def derived(content: Version) -> dict[str, Any]:
    """What the column `content` keeps of it."""
    told = {"manifest": content.manifest, "prompts": content.prompts, "tools": content.tools}
    kept: dict[str, Any] = json_of(msgspec.to_builtins(told))
    return kept


def _reading_of(folder: Folder) -> folders.Reading:
    if sum(map(len, folder.files.values())) > _KEPT_BYTES:
        return folders.read(folder)
    return _kept_reading(tuple(sorted(folder.files.items())))


@functools.lru_cache(maxsize=_KEPT_READINGS)
def _kept_reading(files: tuple[tuple[str, bytes], ...]) -> folders.Reading:
    return folders.read(Folder(files=dict(files)))


def _stored_files(connection: Connection, project_id: str, row: VersionRow, what: str) -> Folder:
    rows = connection.execute(
        select(WORKFLOW_FILES.c.path, WORKFLOW_FILES.c.sha256, WORKFLOW_FILES.c.content).where(
            WORKFLOW_FILES.c.project_id == project_id,
            WORKFLOW_FILES.c.workflow_id == row.workflow_id,
            WORKFLOW_FILES.c.version == row.version,
        )
    ).all()
    for path, sha256, content in rows:
        # SQLite gives text back where somebody wrote text into the column.
        if not isinstance(content, bytes) or file_digest(content) != sha256:
            raise tampered(what, f"{path!r} has other bytes")
    return Folder(files={path: content for path, _sha256, content in rows})


def _compare_derived(
    connection: Connection, project_id: str, row: VersionRow, content: Version, what: str
) -> None:
    stored = connection.execute(
        select(WORKFLOW_VERSIONS.c.content).where(
            WORKFLOW_VERSIONS.c.project_id == project_id,
            WORKFLOW_VERSIONS.c.workflow_id == row.workflow_id,
            WORKFLOW_VERSIONS.c.version == row.version,
        )
    ).scalar_one()
    now = derived(content)
    if canonical(stored) != canonical(now) and not _means_the_same(stored, now):
        raise tampered(what, "what was parsed of its files was changed")


def _means_the_same(stored: Any, now: dict[str, Any]) -> bool:
    """An earlier release may have written fewer fields, or a default that ours leaves out."""
    try:
        was = msgspec.convert(stored["manifest"], Manifest)
        same = was == msgspec.convert(now["manifest"], Manifest)
    except (msgspec.ValidationError, KeyError, TypeError):
        return False
    return same and all(
        canonical(stored.get(part)) == canonical(now[part]) for part in ("prompts", "tools")
    )
