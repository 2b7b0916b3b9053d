"""
What is known of one trace, span or thread: everything that its client said, merged.

Opik sends an object whole when it starts, whole again when it ends, and changes of it before,
between and after.  A field's value is that of the latest change that has one, else that of the
version with the newest `last_updated_at` that has one: the version at the start lacks fields, it
does not empty them.  The order in which versions come decides nothing; that of two changes of
one field does, since a change carries no time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.receive.wire import Fragment

VERSION = "version"
"""The object whole, as far as it is known to its sender."""
CHANGE = "change"
SCORE = "score"
UNSCORE = "unscore"
COMMENT = "comment"
UNCOMMENT = "uncomment"
ITEM = "experiment_item"
CLOSE = "close"
OPEN = "open"

_INSTRUCTIONS = frozenset({"tags_to_add", "tags_to_remove", "merge_tags", "ids"})
"""Of a change: what to do, no field of the object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    fields: Mapping[str, Any]
    """As the client names them, without nulls."""
    scores: Sequence[Mapping[str, Any]] = ()
    """The last of each name and author, with `given_ns`."""
    comments: Sequence[Mapping[str, Any]] = ()
    """The last of each id, with `given_ns`."""
    items: Sequence[Mapping[str, Any]] = field(default=())
    """Of experiments whose result it is, by their id."""


def know(fragments: Iterable[Fragment]) -> Known:
    """Of one object's fragments, in order.  Parts of a wrong shape are left out."""
    versions: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    scores: dict[tuple[str, str], dict[str, Any]] = {}
    comments: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, Any]] = {}
    for fragment in fragments:
        body = fragment.body
        if not isinstance(body, dict):
            continue
        told = {key: value for key, value in body.items() if value is not None}
        match fragment.kind:
            case "version":
                versions.append(told)
            case "change":
                changes.append(told)
            case "score":
                scores[_score_key(told)] = {**told, "given_ns": fragment.at_ns}
            case "unscore":
                scores.pop(_score_key(told), None)
            case "comment":
                comments[str(told.get("id"))] = {**told, "given_ns": fragment.at_ns}
            case "uncomment":
                comments.pop(str(told.get("id")), None)
            case "experiment_item":
                items[str(told.get("id"))] = told
    return Known(
        fields=_merged(versions, changes),
        scores=tuple(scores.values()),
        comments=tuple(comments.values()),
        items=tuple(items[key] for key in sorted(items)),
    )


def _merged(versions: list[dict[str, Any]], changes: list[dict[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for version in sorted(versions, key=_age) if len(versions) > 1 else versions:
        fields.update(version)
    for change in changes:
        tags = _tags_of(fields) if change.get("merge_tags") is True else []
        fields.update({key: v for key, v in change.items() if key not in _INSTRUCTIONS})
        if tags or "tags_to_add" in change or "tags_to_remove" in change:
            removed = set(_texts(change.get("tags_to_remove")))
            wanted = [*tags, *_tags_of(fields), *_texts(change.get("tags_to_add"))]
            fields["tags"] = [tag for tag in dict.fromkeys(wanted) if tag not in removed]
    return fields


def _age(version: Mapping[str, Any]) -> tuple[int, bytes]:
    """Equal ages are told apart by content: the order of arrival decides nothing."""
    told_ns = instant_or_zero(version.get("last_updated_at"))
    return told_ns, msgspec.json.encode(version, order="sorted")


def _score_key(score: Mapping[str, Any]) -> tuple[str, str]:
    return str(score.get("name")), str(score.get("author") or "")


def _tags_of(fields: Mapping[str, Any]) -> list[str]:
    return _texts(fields.get("tags"))


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def instant_or_zero(value: Any) -> int:
    """Nanoseconds since 1970 of an ISO time; 0 for anything else."""
    try:
        return from_rfc3339(value) if isinstance(value, str) else 0
    except Invalid:
        return 0
