"""
Labels of prompts: which version each points at, and every move that it made.

The functions that take a connection write in the caller's transaction, which has locked the
prompt: a label and the history of it never disagree.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from quarterdeck.errors import NotFound
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.storable import actor_of, is_name, time_of
from quarterdeck.storage.records.tables import PROMPT_LABEL_MOVES, PROMPT_LABELS, PROMPTS


class Label(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    version: int
    moved_ns: int
    moved_by: str


class LabelMove(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    from_version: int | None
    """None: it was new."""
    to_version: int | None
    """None: it was taken away, or its version was deleted."""
    moved_ns: int
    moved_by: str


def list_labels(records: Records, *, project_id: str, name: str) -> list[Label]:
    """By label.  Raises `NotFound` if there is no such prompt."""
    with records.reading() as connection:
        prompt_id = _prompt_id(connection, project_id, name)
        rows = connection.execute(
            select(PROMPT_LABELS).where(
                PROMPT_LABELS.c.project_id == project_id, PROMPT_LABELS.c.prompt_id == prompt_id
            )
        ).mappings()
        labels = [
            msgspec.convert({key: row[key] for key in Label.__struct_fields__}, Label)
            for row in rows
        ]
    return sorted(labels, key=lambda label: label.label)


def list_label_moves(
    records: Records, *, project_id: str, name: str, limit: int = 100
) -> list[LabelMove]:
    """Newest first, of all labels of the prompt.  Raises `NotFound`."""
    with records.reading() as connection:
        prompt_id = _prompt_id(connection, project_id, name)
        rows = connection.execute(
            select(PROMPT_LABEL_MOVES)
            .where(
                PROMPT_LABEL_MOVES.c.project_id == project_id,
                PROMPT_LABEL_MOVES.c.prompt_id == prompt_id,
            )
            .order_by(PROMPT_LABEL_MOVES.c.move_id.desc())
            .limit(limit)
        ).mappings()
        return [
            msgspec.convert({key: row[key] for key in LabelMove.__struct_fields__}, LabelMove)
            for row in rows
        ]


def labels_of_prompts(
    records: Records, *, project_id: str, prompt_ids: Sequence[str]
) -> dict[str, dict[str, int]]:
    """The version that each label of these prompts points at, by prompt id and label."""
    found: dict[str, dict[str, int]] = {prompt_id: {} for prompt_id in prompt_ids}
    query = (
        select(PROMPT_LABELS.c.prompt_id, PROMPT_LABELS.c.label, PROMPT_LABELS.c.version)
        .where(PROMPT_LABELS.c.project_id == project_id, PROMPT_LABELS.c.prompt_id.in_(prompt_ids))
        .order_by(PROMPT_LABELS.c.label)
    )
    with records.reading() as connection:
        for prompt_id, label, version in connection.execute(query):
            found[prompt_id][label] = version
    return found


def by_version(
    connection: Connection, *, project_id: str, prompt_id: str
) -> dict[int, tuple[str, ...]]:
    """The labels of each version that has some, sorted."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = connection.execute(
        select(PROMPT_LABELS.c.version, PROMPT_LABELS.c.label).where(
            PROMPT_LABELS.c.project_id == project_id, PROMPT_LABELS.c.prompt_id == prompt_id
        )
    )
    for version, label in rows:
        found[version].append(label)
    return {version: tuple(sorted(labels)) for version, labels in found.items()}


def point(
    connection: Connection,
    *,
    project_id: str,
    prompt_id: str,
    version: int,
    labels: Sequence[str],
    moved_by: str,
    now_ns: int,
) -> None:
    """One that points there already has not moved."""
    for label in dict.fromkeys(labels):
        before = _version_of(connection, project_id, prompt_id, label)
        if before == version:
            continue
        key = {"project_id": project_id, "prompt_id": prompt_id, "label": label}
        now = {
            "version": version,
            "moved_ns": time_of(now_ns),
            "moved_by": actor_of(moved_by),
        }
        if before is None:
            connection.execute(insert(PROMPT_LABELS).values(**key, **now))
        else:
            connection.execute(
                update(PROMPT_LABELS)
                .where(*(PROMPT_LABELS.c[name] == value for name, value in key.items()))
                .values(**now)
            )
        _note_move(connection, key, before, version, moved_by=moved_by, now_ns=now_ns)


def end(
    connection: Connection,
    *,
    project_id: str,
    prompt_id: str,
    label: str,
    moved_by: str,
    now_ns: int,
) -> bool:
    """Whether there was such a label to take away."""
    before = _version_of(connection, project_id, prompt_id, label)
    if before is None:
        return False
    key = {"project_id": project_id, "prompt_id": prompt_id, "label": label}
    connection.execute(
        delete(PROMPT_LABELS).where(
            *(PROMPT_LABELS.c[name] == value for name, value in key.items())
        )
    )
    _note_move(connection, key, before, None, moved_by=moved_by, now_ns=now_ns)
    return True


def _version_of(connection: Connection, project_id: str, prompt_id: str, label: str) -> int | None:
    return connection.execute(
        select(PROMPT_LABELS.c.version).where(
            PROMPT_LABELS.c.project_id == project_id,
            PROMPT_LABELS.c.prompt_id == prompt_id,
            PROMPT_LABELS.c.label == label,
        )
    ).scalar_one_or_none()


def _note_move(
    connection: Connection,
    key: dict[str, str],
    before: int | None,
    after: int | None,
    *,
    moved_by: str,
    now_ns: int,
) -> None:
    connection.execute(
        insert(PROMPT_LABEL_MOVES).values(
            **key,
            from_version=before,
            to_version=after,
            moved_ns=time_of(now_ns),
            moved_by=actor_of(moved_by),
        )
    )


def _prompt_id(connection: Connection, project_id: str, name: str) -> str:
    found = None
    if is_name(name):
        found = connection.execute(
            select(PROMPTS.c.prompt_id).where(
                PROMPTS.c.project_id == project_id, PROMPTS.c.name == name
            )
        ).scalar_one_or_none()
    if found is None:
        raise NotFound(f"no prompt {name!r}")
    return str(found)
