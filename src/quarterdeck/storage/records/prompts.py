"""
Prompts: a name, versions that never change, and labels that point at versions.

A version is content-addressed: its digest is the SHA-256 of what a model could see of it, so two
versions say the same if and only if their digests are equal, on any server.  A label ("production",
"staging") points at one version; moving it is the release and the rollback, and every move is kept
with who and when.

This is the first of the parts that a workflow version will be made of: its manifest names prompts
by digest, and an environment will be to a workflow what a label is to a prompt, history included.
So nothing here may ever change a version or give its number again.

Refused: templating.  What a version says is kept as it came; who fetches it fills it in.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, NotFound, TryAgain
from quarterdeck.storage.records import prompt_labels, prompt_rows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.prompt_rows import (
    LATEST,
    Prompt,
    PromptContent,
    PromptVersion,
    digest_of,
)
from quarterdeck.storage.records.storable import (
    Page,
    actor_of,
    id_of,
    is_id,
    is_name,
    json_of,
    name_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.tables import PROMPT_LABELS, PROMPT_VERSIONS, PROMPTS

__all__ = (
    "LATEST",
    "Prompt",
    "PromptContent",
    "PromptVersion",
    "commit_prompt",
    "create_prompt",
    "delete_prompt",
    "delete_version",
    "digest_of",
    "find_prompt",
    "find_version",
    "list_prompts",
    "list_versions",
    "remove_label",
    "set_labels",
    "update_prompt",
)

_TRIES = 5
"""Two that make the same prompt at once need two; more is a database that refuses for good."""


# ------------------------------------------------------------------------------ commits


def commit_prompt(
    records: Records,
    *,
    project_id: str,
    name: str,
    content: PromptContent,
    message: str = "",
    labels: Sequence[str] = (),
    description: str | None = None,
    tags: Sequence[str] | None = None,
    metadata: dict[str, Any] | None = None,
    version_metadata: dict[str, Any] | None = None,
    created_by: str,
    now_ns: int,
    version_id: str = "",
    reuse_equal: bool = False,
) -> PromptVersion:
    """
    One more version; `labels` move to it.  The prompt is made if it is not there yet;
    `description`, `tags` and `metadata` are the prompt's, None leaves them.

    With `reuse_equal`, the newest version of equal content is the answer if there is one, unless
    `content.source` says something that this one would not give back.  A `version_id` that this
    prompt has with equal content is the same commit, sent again.

    Raises `NotFound` for the project, `Invalid` for a name, label or id that can't be kept,
    `Conflict` for a `version_id` of another content.
    """
    name_of("prompt name", name)
    wanted_labels = [id_of("label", label) for label in labels]
    if version_id:
        id_of("version id", version_id)
    about = {"description": description, "tags": tags, "metadata": metadata}
    values: dict[str, Any] = {
        "version_id": version_id or str(uuid.uuid4()),
        "digest": digest_of(content),
        "content": json_of(msgspec.to_builtins(content)),
        "message": text_of(message),
        "metadata": json_of(version_metadata or {}),
        "created_ns": time_of(now_ns),
        "created_by": actor_of(created_by),
    }
    for _ in range(_TRIES):
        try:
            with records.writing() as connection:
                require_project(connection, project_id)
                prompt = prompt_rows.lock(connection, project_id, name) or prompt_rows.make(
                    connection, project_id, name, created_by=created_by, now_ns=now_ns
                )
                version = prompt_rows.same_commit(connection, prompt, values)
                if version is None and reuse_equal:
                    version = prompt_rows.equal_version(connection, prompt, values)
                if version is None:
                    version = prompt_rows.add_version(connection, prompt, values)
                prompt_rows.describe(connection, prompt, about, now_ns=now_ns)
                prompt_labels.point(
                    connection,
                    project_id=project_id,
                    prompt_id=prompt["prompt_id"],
                    version=version,
                    labels=wanted_labels,
                    moved_by=created_by,
                    now_ns=now_ns,
                )
                return prompt_rows.find(
                    connection, project_id, prompt_id=prompt["prompt_id"], version=version
                )
        except IntegrityError:
            continue  # another replica made the same prompt between our look and our insert
    raise TryAgain(f"prompt {name!r} is being changed by others")


def create_prompt(
    records: Records,
    *,
    project_id: str,
    name: str,
    description: str = "",
    tags: Sequence[str] = (),
    metadata: dict[str, Any] | None = None,
    created_by: str,
    now_ns: int,
) -> Prompt:
    """A prompt without a version.  Raises `Conflict` if there is one of this name."""
    name_of("prompt name", name)
    about = {"description": description, "tags": tags, "metadata": metadata}
    try:
        with records.writing() as connection:
            require_project(connection, project_id)
            if prompt_rows.lock(connection, project_id, name) is not None:
                raise Conflict(f"prompt {name!r} exists already")
            prompt = prompt_rows.make(
                connection, project_id, name, created_by=created_by, now_ns=now_ns
            )
            prompt_rows.describe(connection, prompt, about, now_ns=now_ns)
    except IntegrityError as error:
        raise Conflict(f"prompt {name!r} exists already") from error
    return find_prompt(records, project_id=project_id, name=name)


def update_prompt(
    records: Records,
    *,
    project_id: str,
    name: str,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    metadata: dict[str, Any] | None = None,
    now_ns: int,
) -> Prompt:
    """None leaves what is there.  Raises `NotFound`."""
    about = {"description": description, "tags": tags, "metadata": metadata}
    with records.writing() as connection:
        prompt = prompt_rows.must_lock(connection, project_id, name)
        prompt_rows.describe(connection, prompt, about, now_ns=now_ns)
    return find_prompt(records, project_id=project_id, name=name)


def delete_prompt(records: Records, *, project_id: str, name: str) -> None:
    """With its versions, labels and their history.  Raises `NotFound`."""
    with records.writing() as connection:
        prompt = prompt_rows.must_lock(connection, project_id, name)
        connection.execute(
            delete(PROMPTS).where(
                PROMPTS.c.project_id == project_id, PROMPTS.c.prompt_id == prompt["prompt_id"]
            )
        )


def delete_version(
    records: Records,
    *,
    project_id: str,
    name: str,
    version: int,
    deleted_by: str,
    now_ns: int,
) -> None:
    """Labels that point at it end, and their history says so.  Raises `NotFound`."""
    with records.writing() as connection:
        prompt = prompt_rows.must_lock(connection, project_id, name)
        found = prompt_rows.find(
            connection, project_id, prompt_id=prompt["prompt_id"], version=version
        )
        for label in found.labels:
            prompt_labels.end(
                connection,
                project_id=project_id,
                prompt_id=found.prompt_id,
                label=label,
                moved_by=deleted_by,
                now_ns=now_ns,
            )
        connection.execute(
            delete(PROMPT_VERSIONS).where(
                PROMPT_VERSIONS.c.project_id == project_id,
                PROMPT_VERSIONS.c.version_id == found.version_id,
            )
        )


# ------------------------------------------------------------------------------- labels


def set_labels(
    records: Records,
    *,
    project_id: str,
    name: str,
    version: int,
    labels: Sequence[str],
    moved_by: str,
    now_ns: int,
) -> PromptVersion:
    """
    These labels point at this version from now on; its others stay.  One that points there
    already has not moved.  Raises `NotFound` and, for a label that can't be kept, `Invalid`.
    """
    wanted = [id_of("label", label) for label in labels]
    with records.writing() as connection:
        prompt = prompt_rows.must_lock(connection, project_id, name)
        found = prompt_rows.find(
            connection, project_id, prompt_id=prompt["prompt_id"], version=version
        )
        prompt_labels.point(
            connection,
            project_id=project_id,
            prompt_id=found.prompt_id,
            version=found.version,
            labels=wanted,
            moved_by=moved_by,
            now_ns=now_ns,
        )
        return prompt_rows.find(
            connection, project_id, prompt_id=found.prompt_id, version=found.version
        )


def remove_label(
    records: Records, *, project_id: str, name: str, label: str, moved_by: str, now_ns: int
) -> None:
    """Raises `NotFound` if the prompt or the label is not there."""
    with records.writing() as connection:
        prompt = prompt_rows.must_lock(connection, project_id, name)
        ended = is_id(label) and prompt_labels.end(
            connection,
            project_id=project_id,
            prompt_id=prompt["prompt_id"],
            label=label,
            moved_by=moved_by,
            now_ns=now_ns,
        )
        if not ended:
            raise NotFound(f"prompt {name!r} has no label {label!r}")


# ------------------------------------------------------------------------------ reading


def find_version(
    records: Records,
    *,
    project_id: str,
    name: str = "",
    prompt_id: str = "",
    version: int | None = None,
    label: str = "",
    version_id: str = "",
    digest: str = "",
) -> PromptVersion:
    """
    The newest version that all given arguments fit; without a version, label, id or digest, the
    newest at all.

    `digest` may be the beginning of one, with or without `sha256:`.  `label` "latest" is the
    newest version unless somebody set a label of that name.  Raises `NotFound`, also where
    nothing names a prompt or a version of one.
    """
    with records.reading() as connection:
        return prompt_rows.find(
            connection,
            project_id,
            name=name,
            prompt_id=prompt_id,
            version=version,
            label=label,
            version_id=version_id,
            digest=digest,
        )


def find_prompt(
    records: Records, *, project_id: str, name: str = "", prompt_id: str = ""
) -> Prompt:
    """Raises `NotFound`."""
    query = prompt_rows.prompts(project_id)
    if name:
        query = query.where(PROMPTS.c.name == name)
    if prompt_id:
        query = query.where(PROMPTS.c.prompt_id == prompt_id)
    if is_name(name or prompt_id) and is_name(prompt_id or name):
        with records.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is not None:
            return prompt_rows.prompt_of(row)
    raise NotFound(f"no prompt {name or prompt_id!r}")


def list_prompts(
    records: Records,
    *,
    project_id: str,
    containing: str = "",
    tag: str = "",
    label: str = "",
    limit: int = 100,
    offset: int = 0,
) -> Page[Prompt]:
    """
    By name.  `containing`: somewhere in the name, in any case; `tag` and `label` exactly.

    A project has hundreds of prompts, not millions: the names are compared here, since SQLite
    and PostgreSQL disagree on the order and the case of what is not ASCII.
    """
    query = prompt_rows.prompts(project_id)
    if label:
        if not is_id(label):
            return Page([], 0)
        labeled = select(PROMPT_LABELS.c.prompt_id).where(
            PROMPT_LABELS.c.project_id == project_id, PROMPT_LABELS.c.label == label
        )
        query = query.where(PROMPTS.c.prompt_id.in_(labeled))
    with records.reading() as connection:
        prompts = [prompt_rows.prompt_of(row) for row in connection.execute(query).mappings()]
    wanted = containing.casefold()
    found = sorted(
        (
            prompt
            for prompt in prompts
            if wanted in prompt.name.casefold() and (not tag or tag in prompt.tags)
        ),
        key=lambda prompt: prompt.name,
    )
    return Page(found[offset : offset + limit], len(found))


def list_versions(
    records: Records, *, project_id: str, name: str, limit: int = 100, offset: int = 0
) -> list[PromptVersion]:
    """Newest first.  Raises `NotFound` if there is no such prompt."""
    prompt = find_prompt(records, project_id=project_id, name=name)
    query = (
        prompt_rows.versions(project_id)
        .where(PROMPT_VERSIONS.c.prompt_id == prompt.prompt_id)
        .order_by(PROMPT_VERSIONS.c.version.desc())
        .limit(limit)
        .offset(offset)
    )
    with records.reading() as connection:
        labels = prompt_labels.by_version(
            connection, project_id=project_id, prompt_id=prompt.prompt_id
        )
        return [
            prompt_rows.version_of(row, labels.get(row["version"], ()))
            for row in connection.execute(query).mappings()
        ]
