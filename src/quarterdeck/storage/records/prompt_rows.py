"""
Prompts and their versions as rows: what is read of them and what is written, in the caller's
transaction.

A writer first locks the prompt's row (`lock`), so commits and moves of one prompt come one after
the other, on any number of replicas; SQLite has one writer anyway.
"""

import hashlib
import uuid
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from quarterdeck.errors import Conflict, NotFound
from quarterdeck.storage.records import prompt_labels
from quarterdeck.storage.records.storable import (
    MOST,
    actor_of,
    canonical,
    is_id,
    is_name,
    json_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.tables import PROMPT_LABELS, PROMPT_VERSIONS, PROMPTS

LATEST = "latest"
"""Asks for the newest version, until somebody sets a label of this name."""

_DIGEST = "sha256:"
_HEX = frozenset("0123456789abcdef")


class PromptContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a prompt says.

    Fields at their default are neither stored nor part of the digest: a field that is added in
    some later release leaves the digests of what there is as they are.
    """

    kind: Literal["text", "chat"]
    text: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    templating: str = ""
    """How its placeholders are written: "mustache", "f-string", "jinja2", "none"; "" = not told."""
    model: str = ""
    provider: str = ""
    parameters: dict[str, Any] = {}
    tools: tuple[Any, ...] = ()
    response_format: Any = None
    source: dict[str, Any] = {}
    """Verbatim by wire, what that client needs to get back: {"langsmith": manifest}.  Not part of
    the digest: it is how a client spells the content, not what it is."""


class PromptVersion(msgspec.Struct, frozen=True, kw_only=True):
    prompt_id: str
    name: str
    version: int
    """From 1, in the order of commits, never given twice, not even after a deletion."""
    version_id: str
    digest: str
    """`sha256:` and 64 hex digits of the canonical content."""
    content: PromptContent
    message: str
    metadata: dict[str, Any]
    labels: tuple[str, ...]
    """Those that point here now, sorted."""
    created_ns: int
    created_by: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    prompt_id: str
    name: str
    description: str
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    created_ns: int
    updated_ns: int
    created_by: str
    latest: int
    """The number of the newest version; 0 = there is none."""


def digest_of(content: PromptContent) -> str:
    told = msgspec.to_builtins(content)
    told.pop("source", None)
    return _DIGEST + hashlib.sha256(canonical(told).encode()).hexdigest()


# ------------------------------------------------------------------------------ writing


def lock(connection: Connection, project_id: str, name: str) -> RowMapping | None:
    """The prompt's row, which nobody else changes until this transaction ends."""
    if not is_name(name):
        return None
    query = (
        select(PROMPTS)
        .where(PROMPTS.c.project_id == project_id, PROMPTS.c.name == name)
        .with_for_update()
    )
    return connection.execute(query).mappings().one_or_none()


def must_lock(connection: Connection, project_id: str, name: str) -> RowMapping:
    row = lock(connection, project_id, name)
    if row is None:
        raise NotFound(f"no prompt {name!r}")
    return row


def make(
    connection: Connection, project_id: str, name: str, *, created_by: str, now_ns: int
) -> RowMapping:
    """A new prompt.  Raises `IntegrityError` where another replica was quicker."""
    connection.execute(
        insert(PROMPTS).values(
            project_id=project_id,
            prompt_id=str(uuid.uuid4()),
            name=name,
            description="",
            tags=[],
            metadata={},
            created_ns=time_of(now_ns),
            created_by=actor_of(created_by),
            updated_ns=time_of(now_ns),
            numbered=0,
        )
    )
    return must_lock(connection, project_id, name)


def describe(
    connection: Connection, prompt: RowMapping, about: dict[str, Any], *, now_ns: int
) -> None:
    """Writes what of a description, tags and metadata is not None, and that the prompt changed."""
    values: dict[str, Any] = {"updated_ns": time_of(now_ns)}
    if about.get("description") is not None:
        values["description"] = text_of(about["description"])
    if about.get("tags") is not None:
        values["tags"] = json_of(list(about["tags"]))
    if about.get("metadata") is not None:
        values["metadata"] = json_of(about["metadata"])
    connection.execute(
        update(PROMPTS)
        .where(
            PROMPTS.c.project_id == prompt["project_id"],
            PROMPTS.c.prompt_id == prompt["prompt_id"],
        )
        .values(**values)
    )


def add_version(connection: Connection, prompt: RowMapping, values: dict[str, Any]) -> int:
    """Gives the next number.  Raises `IntegrityError` for a version id of another prompt."""
    version = int(prompt["numbered"]) + 1
    key = {"project_id": prompt["project_id"], "prompt_id": prompt["prompt_id"]}
    connection.execute(
        update(PROMPTS)
        .where(*(PROMPTS.c[name] == value for name, value in key.items()))
        .values(numbered=version)
    )
    connection.execute(insert(PROMPT_VERSIONS).values(**key, **values, version=version))
    return version


def same_commit(connection: Connection, prompt: RowMapping, values: dict[str, Any]) -> int | None:
    """
    The version that this commit's `version_id` names already.

    Raises `Conflict` if that one is another prompt's, or says something else.
    """
    row = (
        connection.execute(
            select(PROMPT_VERSIONS).where(
                PROMPT_VERSIONS.c.project_id == prompt["project_id"],
                PROMPT_VERSIONS.c.version_id == values["version_id"],
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    if row["prompt_id"] != prompt["prompt_id"] or row["digest"] != values["digest"]:
        raise Conflict(f"version id {values['version_id']!r} is taken")
    return int(row["version"])


def equal_version(connection: Connection, prompt: RowMapping, values: dict[str, Any]) -> int | None:
    """The newest version of equal content whose source tells all that the new one's would."""
    rows = connection.execute(
        select(PROMPT_VERSIONS.c.version, PROMPT_VERSIONS.c.content)
        .where(
            PROMPT_VERSIONS.c.project_id == prompt["project_id"],
            PROMPT_VERSIONS.c.prompt_id == prompt["prompt_id"],
            PROMPT_VERSIONS.c.digest == values["digest"],
        )
        .order_by(PROMPT_VERSIONS.c.version.desc())
    ).mappings()
    wanted: dict[str, Any] = values["content"].get("source", {})
    for row in rows:
        told = row["content"].get("source", {})
        if all(
            wire in told and canonical(told[wire]) == canonical(said)
            for wire, said in wanted.items()
        ):
            return int(row["version"])
    return None


# ------------------------------------------------------------------------------ reading


def find(
    connection: Connection,
    project_id: str,
    *,
    name: str = "",
    prompt_id: str = "",
    version: int | None = None,
    label: str = "",
    version_id: str = "",
    digest: str = "",
) -> PromptVersion:
    """See `prompts.find_version`."""
    told = {
        "name": name, "prompt_id": prompt_id, "version": version, "label": label,
        "version_id": version_id, "digest": digest,
    }  # fmt: skip
    row = None
    if name or prompt_id or version_id or digest:
        query = _matching(
            project_id, name=name, prompt_id=prompt_id, version=version, version_id=version_id,
            digest=digest,
        )  # fmt: skip
        if query is not None:
            row = _newest(connection, query, label)
    if row is None:
        asked = ", ".join(f"{key} {value!r}" for key, value in told.items() if value)
        raise NotFound(f"no prompt version with {asked}" if asked else "no prompt was named")
    labels = prompt_labels.by_version(connection, project_id=project_id, prompt_id=row["prompt_id"])
    return version_of(row, labels.get(row["version"], ()))


def versions(project_id: str) -> Select[Any]:
    """The rows that `version_of` reads."""
    return (
        select(PROMPT_VERSIONS, PROMPTS.c.name)
        .join(
            PROMPTS,
            (PROMPTS.c.project_id == PROMPT_VERSIONS.c.project_id)
            & (PROMPTS.c.prompt_id == PROMPT_VERSIONS.c.prompt_id),
        )
        .where(PROMPT_VERSIONS.c.project_id == project_id)
    )


def prompts(project_id: str) -> Select[Any]:
    """The rows that `prompt_of` reads."""
    newest = (
        select(func.coalesce(func.max(PROMPT_VERSIONS.c.version), 0))
        .where(
            PROMPT_VERSIONS.c.project_id == PROMPTS.c.project_id,
            PROMPT_VERSIONS.c.prompt_id == PROMPTS.c.prompt_id,
        )
        .scalar_subquery()
    )
    return select(PROMPTS, newest.label("latest")).where(PROMPTS.c.project_id == project_id)


def version_of(row: RowMapping, labels: tuple[str, ...]) -> PromptVersion:
    plain = {name: row[name] for name in PromptVersion.__struct_fields__ if name != "labels"}
    return msgspec.convert({**plain, "labels": labels}, PromptVersion)


def prompt_of(row: RowMapping) -> Prompt:
    return msgspec.convert({name: row[name] for name in Prompt.__struct_fields__}, Prompt)


def _matching(
    project_id: str,
    *,
    name: str,
    prompt_id: str,
    version: int | None,
    version_id: str,
    digest: str,
) -> Select[Any] | None:
    """The versions that fit; None if no version could."""
    query = versions(project_id)
    if name:
        if not is_name(name):
            return None
        query = query.where(PROMPTS.c.name == name)
    for column, value in (
        (PROMPT_VERSIONS.c.prompt_id, prompt_id),
        (PROMPT_VERSIONS.c.version_id, version_id),
    ):
        if value:
            if not is_id(value):
                return None
            query = query.where(column == value)
    if version is not None:
        if not 0 < version <= MOST:
            return None
        query = query.where(PROMPT_VERSIONS.c.version == version)
    if digest:
        digits = digest.removeprefix(_DIGEST).lower()
        if not digits or not _HEX.issuperset(digits):
            return None
        query = query.where(PROMPT_VERSIONS.c.digest.startswith(_DIGEST + digits))
    # Replicas' clocks differ: within a prompt the numbers tell what is newer.
    newest = [PROMPT_VERSIONS.c.version.desc()]
    if not name and not prompt_id:
        newest.insert(0, PROMPT_VERSIONS.c.created_ns.desc())
    return query.order_by(*newest).limit(1)


def _newest(connection: Connection, query: Select[Any], label: str) -> RowMapping | None:
    if label:
        labeled = query.join(
            PROMPT_LABELS,
            (PROMPT_LABELS.c.project_id == PROMPT_VERSIONS.c.project_id)
            & (PROMPT_LABELS.c.prompt_id == PROMPT_VERSIONS.c.prompt_id)
            & (PROMPT_LABELS.c.version == PROMPT_VERSIONS.c.version),
        ).where(PROMPT_LABELS.c.label == label)
        row = connection.execute(labeled).mappings().one_or_none() if is_id(label) else None
        if row is not None or label != LATEST:
            return row
    return connection.execute(query).mappings().one_or_none()
