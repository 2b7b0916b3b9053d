"""
Workflows: a name, versions that never change, and tags that point at versions.

A version is a folder of files, kept byte for byte, and the pins of what it refers to.  Its digest
names both (`workflows/digest.py`): equal content pushed again is the same version.  A number is
given once; the workflow's row is locked while it is given, and unique keys stand behind the lock.

Refused: deleting a version.  Sessions, environments and their history name it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Invalid, NotFound, TryAgain
from quarterdeck.storage.records import workflow_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.storable import (
    NAME_LENGTH,
    Page,
    actor_of,
    is_name,
    json_of,
    name_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.workflow_contents import (
    WholeVersion,
    content_of,
    derived,
    read_whole,
)
from quarterdeck.storage.records.workflow_rows import WORKFLOW_NAME_LENGTH, VersionRow
from quarterdeck.storage.records.workflow_tables import (
    WORKFLOW_TAGS,
    WORKFLOW_VERSIONS,
    WORKFLOWS,
)
from quarterdeck.workflows.digest import digest_of
from quarterdeck.workflows.manifest import Folder, Pin

__all__ = (
    "LATEST",
    "PushedVersion",
    "VersionRow",
    "WholeVersion",
    "Workflow",
    "find_version",
    "find_workflow",
    "list_versions",
    "list_workflows",
    "push_version",
    "read_version",
    "remove_tag",
    "set_tag",
    "tags_of",
    "version_called",
)

LATEST = "latest"
"""Asks for the newest version; no tag may have this name."""
_TRIES = 5
"""Two that make the same workflow at once need two; more is a database that refuses for good."""
_LONGEST_INDEXED_PATH = NAME_LENGTH


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    workflow_id: str
    name: str
    created_ns: int
    created_by: str
    latest: int
    """The number of the newest version, and how many there are: none is ever deleted."""


class PushedVersion(NamedTuple):
    created: bool
    """False: it was there already."""
    row: VersionRow


def push_version(
    records: Records,
    *,
    project_id: str,
    name: str,
    folder: Folder,
    pins: Sequence[Pin] = (),
    message: str = "",
    git: dict[str, Any] | None = None,
    tags: Sequence[str] = (),
    by: str,
    now_ns: int,
) -> PushedVersion:
    """
    One more version, or the one that has this content already, whose message and git stay as they
    are; `tags` move to it in both cases.

    Raises `NotFound` for the project, `Invalid` for a name or tag that can't be kept, and for
    files that are no workflow (`workflows.folder.read` tells all that is wrong with them).
    """
    name_of("workflow name", name, longest=WORKFLOW_NAME_LENGTH)
    for path in folder.files:
        name_of("path", path, longest=_LONGEST_INDEXED_PATH)
    wanted_tags = [_tag(tag) for tag in tags]
    row = VersionRow(
        workflow_id="", workflow=name, version=0, digest=digest_of(folder, pins),
        pins=tuple(pins), message=text_of(message), git=json_of(git or {}), tags=(),
        created_ns=time_of(now_ns), created_by=actor_of(by),
    )  # fmt: skip
    values = _values_of(row, folder)
    for _ in range(_TRIES):
        try:
            with records.writing() as connection:
                require_project(connection, project_id)
                workflow = workflow_rows.lock(connection, project_id, name) or workflow_rows.make(
                    connection, project_id, name, created_by=by, now_ns=now_ns
                )
                version = workflow_rows.equal_version(connection, workflow, row.digest)
                created = version is None
                if version is None:
                    version = workflow_rows.add_version(connection, workflow, folder, values)
                for tag in wanted_tags:
                    _point(connection, workflow, tag, version, by=by, now_ns=now_ns)
                found = workflow_rows.find(connection, project_id, name=name, version=version)
                return PushedVersion(created, found)
        except IntegrityError:
            continue  # another replica made the same workflow between our look and our insert
    raise TryAgain(f"workflow {name!r} is being changed by others")


def _values_of(row: VersionRow, folder: Folder) -> dict[str, Any]:
    content = content_of(folder, row)
    if content.manifest.name != row.workflow:
        raise Invalid(
            f"the manifest is of workflow {content.manifest.name!r}, not {row.workflow!r}"
        )
    return {
        "digest": row.digest,
        "content": derived(content),
        "pins": json_of(msgspec.to_builtins(row.pins)),
        "message": row.message,
        "git": row.git,
        "created_ns": row.created_ns,
        "created_by": row.created_by,
    }


# -------------------------------------------------------------------------------- tags


def set_tag(
    records: Records,
    *,
    project_id: str,
    name: str,
    version: int,
    tag: str,
    by: str,
    now_ns: int,
) -> VersionRow:
    """The tag points at this version from now on, at no other.  Raises `NotFound`, `Invalid`."""
    wanted = _tag(tag)
    with records.writing() as connection:
        workflow = workflow_rows.must_lock(connection, project_id, name)
        workflow_rows.find(connection, project_id, name=name, version=version)
        _point(connection, workflow, wanted, version, by=by, now_ns=now_ns)
        return workflow_rows.find(connection, project_id, name=name, version=version)


def remove_tag(records: Records, *, project_id: str, name: str, tag: str) -> int:
    """The version that it pointed at.  Raises `NotFound`."""
    with records.writing() as connection:
        workflow = workflow_rows.must_lock(connection, project_id, name)
        if is_name(tag, longest=WORKFLOW_NAME_LENGTH):
            here = _tag_row(workflow, tag)
            version = connection.execute(
                select(WORKFLOW_TAGS.c.version).where(*here)
            ).scalar_one_or_none()
            if version is not None:
                connection.execute(delete(WORKFLOW_TAGS).where(*here))
                return int(version)
    raise NotFound(f"workflow {name!r} has no tag {tag!r}")


def tags_of(records: Records, *, project_id: str, name: str) -> dict[str, int]:
    """The version that each tag points at, by tag.  Raises `NotFound`."""
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        by_version = workflow_rows.tags_by_version(connection, workflow)
    return dict(sorted((tag, version) for version, tags in by_version.items() for tag in tags))


def _tag(tag: str) -> str:
    name_of("tag", tag, longest=WORKFLOW_NAME_LENGTH)
    if tag == LATEST or tag.isdecimal() or tag.startswith(workflow_rows.DIGEST) or "@" in tag:
        raise Invalid(
            f"not a tag: {tag!r}",
            hint="A tag is neither a number nor a digest, has no @, and is not `latest`.",
        )
    return tag


def _tag_row(workflow: Any, tag: str) -> tuple[Any, ...]:
    return (
        WORKFLOW_TAGS.c.project_id == workflow["project_id"],
        WORKFLOW_TAGS.c.workflow_id == workflow["workflow_id"],
        WORKFLOW_TAGS.c.tag == tag,
    )


def _point(
    connection: Connection, workflow: Any, tag: str, version: int, *, by: str, now_ns: int
) -> None:
    values = {"version": version, "moved_ns": time_of(now_ns), "moved_by": actor_of(by)}
    here = _tag_row(workflow, tag)
    if connection.execute(update(WORKFLOW_TAGS).where(*here).values(**values)).rowcount == 0:
        connection.execute(
            insert(WORKFLOW_TAGS).values(
                project_id=workflow["project_id"],
                workflow_id=workflow["workflow_id"],
                tag=tag,
                **values,
            )
        )


# ------------------------------------------------------------------------------ reading


def version_called(text: str) -> dict[str, Any]:
    """
    What `find_version` takes, of one word: a number, a digest or its beginning (`sha256:…`), a
    tag; `latest` and "" are the newest.
    """
    if text in ("", LATEST):
        return {}
    if text.isascii() and text.isdigit():
        return {"version": int(text[:12])}
    if text.startswith(workflow_rows.DIGEST):
        return {"digest": text}
    return {"tag": text}


def find_version(
    records: Records,
    *,
    project_id: str,
    name: str,
    version: int | None = None,
    tag: str = "",
    digest: str = "",
) -> VersionRow:
    """
    The version that all given arguments fit; without any, the newest.

    `digest` may be the beginning of one, of 4 digits or more, with or without `sha256:`.  Raises
    `NotFound`, and `Invalid` for a beginning that several have.
    """
    with records.reading() as connection:
        return workflow_rows.find(
            connection, project_id, name=name, version=version, tag=tag, digest=digest
        )


def read_version(
    records: Records,
    *,
    project_id: str,
    name: str,
    version: int | None = None,
    tag: str = "",
    digest: str = "",
) -> WholeVersion:
    """
    As `find_version`, with all that the version says: its bytes and pins are verified now.

    Raises `Misconfigured`, code `tampered`, where they are not what was pushed.
    """
    with records.reading() as connection:
        row = workflow_rows.find(
            connection, project_id, name=name, version=version, tag=tag, digest=digest
        )
        return read_whole(connection, project_id, row)


def read_files(records: Records, *, project_id: str, name: str, version: int) -> Folder:
    """The files of a version, byte for byte, verified.  Raises as `read_version` does."""
    return read_version(records, project_id=project_id, name=name, version=version).folder


def find_workflow(records: Records, *, project_id: str, name: str) -> Workflow:
    """Raises `NotFound`."""
    with records.reading() as connection:
        return _workflow_of(workflow_rows.must_find(connection, project_id, name))


def list_workflows(
    records: Records, *, project_id: str, containing: str = "", limit: int = 100, offset: int = 0
) -> Page[Workflow]:
    """
    By name.  `containing`: somewhere in the name, in any case.

    A project has dozens of workflows: the names are compared here, since SQLite and PostgreSQL
    disagree on the order of what has capitals.
    """
    with records.reading() as connection:
        rows = connection.execute(
            select(WORKFLOWS).where(WORKFLOWS.c.project_id == project_id)
        ).mappings()
        found = [_workflow_of(row) for row in rows]
    wanted = containing.casefold()
    fitting = sorted(
        (one for one in found if wanted in one.name.casefold()), key=lambda one: one.name
    )
    return Page(fitting[offset : offset + limit], len(fitting))


def list_versions(
    records: Records, *, project_id: str, name: str, limit: int = 100, offset: int = 0
) -> list[VersionRow]:
    """Newest first.  Raises `NotFound` if there is no such workflow."""
    with records.reading() as connection:
        workflow = workflow_rows.must_find(connection, project_id, name)
        tags = workflow_rows.tags_by_version(connection, workflow)
        query = (
            workflow_rows.versions(project_id, workflow)
            .order_by(WORKFLOW_VERSIONS.c.version.desc())
            .limit(limit)
            .offset(offset)
        )
        return [
            workflow_rows.row_of(row, tags.get(row["version"], ()))
            for row in connection.execute(query).mappings()
        ]


def _workflow_of(row: Any) -> Workflow:
    return Workflow(
        workflow_id=row["workflow_id"],
        name=row["name"],
        created_ns=row["created_ns"],
        created_by=row["created_by"],
        latest=row["numbered"],
    )
