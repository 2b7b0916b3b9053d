"""
Workflows and their versions as rows: what is read of them and what is written, in the caller's
transaction.

A writer first locks the workflow's row (`lock`), so that pushes, tags and moves of one workflow
come one after the other, on any number of replicas; SQLite has one writer anyway.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.storage.records.storable import MOST, actor_of, is_name, time_of
from quarterdeck.storage.records.workflow_tables import (
    WORKFLOW_FILES,
    WORKFLOW_TAGS,
    WORKFLOW_VERSIONS,
    WORKFLOWS,
)
from quarterdeck.workflows.digest import file_digest, tampered
from quarterdeck.workflows.manifest import Folder, Pin

WORKFLOW_NAME_LENGTH = 100
DIGEST = "sha256:"
_HEX = frozenset("0123456789abcdef")
_SHORTEST_DIGITS = 4
"""Of a digest's beginning.  Fewer would name a version by chance."""


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a version without reading its files."""

    workflow_id: str
    workflow: str
    version: int
    """From 1, in the order of pushes; no number is given twice."""
    digest: str
    pins: tuple[Pin, ...]
    message: str
    git: dict[str, Any]
    """`commit`, `branch`, `dirty`, `repository`, as the pushing side told; {} for nothing."""
    tags: tuple[str, ...]
    """Those that point here now, sorted."""
    created_ns: int
    created_by: str


def lock(connection: Connection, project_id: str, name: str) -> RowMapping | None:
    """The workflow's row, which nobody else changes until this transaction ends."""
    return _workflow(connection, project_id, name, locked=True)


def must_lock(connection: Connection, project_id: str, name: str) -> RowMapping:
    """Raises `NotFound`."""
    row = lock(connection, project_id, name)
    if row is None:
        raise NotFound(f"no workflow {name!r}")
    return row


def must_find(connection: Connection, project_id: str, name: str) -> RowMapping:
    """The workflow's row, unlocked.  Raises `NotFound`."""
    row = _workflow(connection, project_id, name, locked=False)
    if row is None:
        raise NotFound(f"no workflow {name!r}")
    return row


def _workflow(
    connection: Connection, project_id: str, name: str, *, locked: bool
) -> RowMapping | None:
    if not is_name(name, longest=WORKFLOW_NAME_LENGTH):
        return None
    query = select(WORKFLOWS).where(WORKFLOWS.c.project_id == project_id, WORKFLOWS.c.name == name)
    if locked:
        # Rows that refer to it may be written meanwhile: sessions go on being given a version.
        query = query.with_for_update(key_share=True)
    return connection.execute(query).mappings().one_or_none()


def make(
    connection: Connection, project_id: str, name: str, *, created_by: str, now_ns: int
) -> RowMapping:
    """A new workflow.  Raises `IntegrityError` where another replica was quicker."""
    connection.execute(
        insert(WORKFLOWS).values(
            project_id=project_id,
            workflow_id=str(uuid.uuid4()),
            name=name,
            created_ns=time_of(now_ns),
            created_by=actor_of(created_by),
            numbered=0,
        )
    )
    return must_lock(connection, project_id, name)


def add_version(
    connection: Connection, workflow: RowMapping, folder: Folder, values: dict[str, Any]
) -> int:
    """Gives the next number to the locked workflow's new version, and keeps its files."""
    key = {"project_id": workflow["project_id"], "workflow_id": workflow["workflow_id"]}
    version = int(workflow["numbered"]) + 1
    connection.execute(
        update(WORKFLOWS)
        .where(*(WORKFLOWS.c[name] == value for name, value in key.items()))
        .values(numbered=version)
    )
    connection.execute(insert(WORKFLOW_VERSIONS).values(**key, **values, version=version))
    connection.execute(
        insert(WORKFLOW_FILES),
        [
            {**key, "version": version, "path": path, "sha256": file_digest(data), "content": data}
            for path, data in sorted(folder.files.items())
        ],
    )
    return version


def equal_version(connection: Connection, workflow: RowMapping, digest: str) -> int | None:
    found = connection.execute(
        select(WORKFLOW_VERSIONS.c.version).where(
            WORKFLOW_VERSIONS.c.project_id == workflow["project_id"],
            WORKFLOW_VERSIONS.c.workflow_id == workflow["workflow_id"],
            WORKFLOW_VERSIONS.c.digest == digest,
        )
    ).scalar_one_or_none()
    return None if found is None else int(found)


def find(
    connection: Connection,
    project_id: str,
    *,
    name: str,
    version: int | None = None,
    tag: str = "",
    digest: str = "",
) -> VersionRow:
    """See `workflows.find_version`."""
    workflow = must_find(connection, project_id, name)
    query = _matching(versions(project_id, workflow), version=version, tag=tag, digest=digest)
    rows: Sequence[RowMapping] = ()
    if query is not None:
        query = query.order_by(WORKFLOW_VERSIONS.c.version.desc()).limit(2)
        rows = connection.execute(query).mappings().all()
    if not rows:
        told = {"tag": tag, "digest": digest}
        asked = " and ".join(f"{key} {value!r}" for key, value in told.items() if value)
        number = f" {version}" if version else ""
        having = f" with {asked}" if asked else ""
        raise NotFound(
            f"workflow {name!r} has no version{number}{having}",
            hint=f"quarterdeck workflow show {name} lists the newest ones.",
        )
    if digest and len(rows) > 1:
        raise Invalid(
            f"{digest!r} begins several digests of workflow {name!r}", hint="Write more of it."
        )
    return row_of(rows[0], tags_by_version(connection, workflow).get(rows[0]["version"], ()))


def versions(project_id: str, workflow: RowMapping) -> Select[Any]:
    """The rows that `row_of` reads; the derived content is not one of them."""
    columns = [column for column in WORKFLOW_VERSIONS.c if column.name != "content"]
    return (
        select(*columns, WORKFLOWS.c.name.label("workflow"))
        .join(
            WORKFLOWS,
            (WORKFLOWS.c.project_id == WORKFLOW_VERSIONS.c.project_id)
            & (WORKFLOWS.c.workflow_id == WORKFLOW_VERSIONS.c.workflow_id),
        )
        .where(
            WORKFLOW_VERSIONS.c.project_id == project_id,
            WORKFLOW_VERSIONS.c.workflow_id == workflow["workflow_id"],
        )
    )


def row_of(row: RowMapping, tags: tuple[str, ...]) -> VersionRow:
    plain = {name: row[name] for name in VersionRow.__struct_fields__ if name != "tags"}
    try:
        return msgspec.convert({**plain, "tags": tags}, VersionRow)
    except msgspec.ValidationError as error:
        raise tampered(f"version {row['version']} of {row['workflow']}", str(error)) from error


def tags_by_version(connection: Connection, workflow: RowMapping) -> dict[int, tuple[str, ...]]:
    """Sorted, by the version that they point at."""
    rows = connection.execute(
        select(WORKFLOW_TAGS.c.tag, WORKFLOW_TAGS.c.version)
        .where(
            WORKFLOW_TAGS.c.project_id == workflow["project_id"],
            WORKFLOW_TAGS.c.workflow_id == workflow["workflow_id"],
        )
        .order_by(WORKFLOW_TAGS.c.tag)
    ).all()
    found: dict[int, tuple[str, ...]] = {}
    for tag, version in sorted(rows):
        found[version] = (*found.get(version, ()), tag)
    return found


def _matching(
    query: Select[Any], *, version: int | None, tag: str, digest: str
) -> Select[Any] | None:
    """The versions that fit; None if no version could."""
    if version is not None:
        if not 0 < version <= MOST:
            return None
        query = query.where(WORKFLOW_VERSIONS.c.version == version)
    if digest:
        digits = digest.removeprefix(DIGEST).lower()
        if len(digits) < _SHORTEST_DIGITS or not _HEX.issuperset(digits):
            return None
        query = query.where(WORKFLOW_VERSIONS.c.digest.startswith(DIGEST + digits))
    if tag:
        if not is_name(tag, longest=WORKFLOW_NAME_LENGTH):
            return None
        query = query.join(
            WORKFLOW_TAGS,
            (WORKFLOW_TAGS.c.project_id == WORKFLOW_VERSIONS.c.project_id)
            & (WORKFLOW_TAGS.c.workflow_id == WORKFLOW_VERSIONS.c.workflow_id)
            & (WORKFLOW_TAGS.c.version == WORKFLOW_VERSIONS.c.version),
        ).where(WORKFLOW_TAGS.c.tag == tag)
    return query
