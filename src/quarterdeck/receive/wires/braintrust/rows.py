"""
Rows of `/logs3`: what they say together.

A row is sent in parts.  A part without `_is_merge` is the row as it begins; parts with it are
merged into what is there, objects deeply, tags as a set, all else replaced.  A merge may come
before its beginning (a feedback that overtakes a batch), so a beginning never wipes out a
merge: beginnings come first, merges on top, whatever the order of arrival.

Comments are rows of their own that name another row as their `origin`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.receive.wire import Fragment

ROW = "braintrust:row:"
DATASET = "braintrust:dataset:"
EXPERIMENT = "braintrust:experiment:"

_MAX_DEPTH = 60
"""Deeper objects are replaced, not merged: no logger nests so, and recursion has to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    id: str
    text: str
    author: str
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Who gave a score: `source` is "" for the program, else the feedback's."""

    source: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    body: Mapping[str, Any]
    """All parts as one."""
    deleted: bool = False
    given: Mapping[str, Given] = field(default_factory=dict)
    """Score -> who gave it last."""
    expected_by: Given = Given()
    comments: Sequence[Comment] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
    """What this server knew of the row's experiment when it came."""


def fragment_of(row: Mapping[str, Any]) -> Fragment:
    """A part of a row, to be kept.  Raises `Invalid` for one without an id."""
    row_id = row.get("id")
    if not isinstance(row_id, str) or not row_id:
        raise Invalid("a row has no id")
    origin = row.get("origin")
    commented = origin.get("id") if isinstance(origin, dict) and "comment" in row else None
    if isinstance(commented, str) and commented:
        kind, about = "comment", ROW + commented
    else:
        kind, about = ("merge" if row.get("_is_merge") is True else "row"), ""
    return Fragment(
        object=ROW + row_id,
        kind=kind,
        body=row,
        about=about,
        collection=_collection_of(row) if kind == "row" else "",
        at_ns=instant_of(row.get("created")),
    )


def _collection_of(row: Mapping[str, Any]) -> str:
    for prefix, name in ((EXPERIMENT, "experiment_id"), (DATASET, "dataset_id")):
        found = row.get(name)
        if isinstance(found, str) and found:
            return prefix + found
    return ""


def instant_of(value: Any) -> int:
    """Nanoseconds of an ISO time; 0 for anything else."""
    if not isinstance(value, str):
        return 0
    try:
        return max(0, from_rfc3339(value))
    except Invalid:
        return 0


def read_row(name: str, fragments: Sequence[Fragment]) -> Row:
    """The row `name` ("braintrust:row:<id>") of all its parts.  Never raises."""
    body: dict[str, Any] = {}
    given: dict[str, Given] = {}
    expected_by = Given()
    comments: dict[str, Comment] = {}
    extras: dict[str, Any] = {}
    deleted = False
    for fragment in sorted(fragments, key=lambda one: one.kind == "merge"):
        part = fragment.body
        if not isinstance(part, dict):
            continue
        if fragment.kind == "comment" and fragment.object != name:
            comment = _comment_of(fragment, part)
            comments[comment.id] = comment
        elif fragment.kind == "known":
            extras |= part
        elif fragment.object == name:
            deleted = deleted or part.get("_object_delete") is True
            if fragment.kind == "row":
                # The last beginning counts; of a repeated one both are the same.
                body, given, expected_by = {}, {}, Given()
            # Nothing below is ever changed in place, so a beginning is taken as it is.
            body = _merged(body, part, paths=_paths_of(part)) if body else part
            giver = _giver_of(part)
            scores = part.get("scores")
            if isinstance(scores, dict):
                given |= dict.fromkeys((str(one) for one in scores), giver)
            if "expected" in part:
                expected_by = giver
    return Row(
        id=name.removeprefix(ROW),
        body=body,
        deleted=deleted,
        given=given,
        expected_by=expected_by,
        comments=tuple(comments.values()),
        extras=extras,
    )


def _giver_of(part: Mapping[str, Any]) -> Given:
    source = part.get("_audit_source")
    if not isinstance(source, str):
        return Given()
    return Given(source=source, author=_author_of(part))


def _author_of(part: Mapping[str, Any]) -> str:
    told = part.get("_audit_metadata")
    if not isinstance(told, dict):
        return ""
    named = (told.get(name) for name in ("user_id", "user", "email", "name"))
    return next((one[:200] for one in named if isinstance(one, str) and one), "")


def _comment_of(fragment: Fragment, part: Mapping[str, Any]) -> Comment:
    comment = part.get("comment")
    text = comment.get("text") if isinstance(comment, dict) else comment
    return Comment(
        id=fragment.object.removeprefix(ROW),
        text=text if isinstance(text, str) else "",
        author=_author_of(part),
        at_ns=fragment.at_ns,
    )


def _paths_of(part: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """`_merge_paths`: below these, values are replaced and not merged."""
    told = part.get("_merge_paths")
    if not isinstance(told, list):
        return frozenset()
    return frozenset(tuple(str(step) for step in path) for path in told if isinstance(path, list))


def _merged(
    into: Mapping[str, Any],
    part: Mapping[str, Any],
    *,
    paths: frozenset[tuple[str, ...]],
    at: tuple[str, ...] = (),
) -> dict[str, Any]:
    found = dict(into)
    for name, value in part.items():
        here = (*at, name)
        old = found.get(name)
        if here in paths or len(here) > _MAX_DEPTH:
            found[name] = value
        elif isinstance(old, dict) and isinstance(value, dict):
            found[name] = _merged(old, value, paths=paths, at=here)
        elif here == ("tags",) and isinstance(old, list) and isinstance(value, list):
            found[name] = old + [one for one in value if one not in old]
        else:
            found[name] = value
    return found
