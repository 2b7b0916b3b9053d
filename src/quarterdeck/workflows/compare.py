"""
What changed between two versions of a workflow, in words that a reviewer of agents needs.

What an agent may now do comes first (permissions, budgets), then what it is told and uses.  The
comparison is of what was read: a comment or another spelling of `workflow.yaml` is no change, and
where files differ but nothing else does, it says so.  Each changed field is told once, and the
comparison the other way round is this one with before and after swapped.
"""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from quarterdeck.workflows.compare_fields import MISSING, Difference, differences, plain
from quarterdeck.workflows.compare_words import AREAS, Area, Severity, area_of, told
from quarterdeck.workflows.digest import file_digest
from quarterdeck.workflows.manifest import Folder, Version
from quarterdeck.workflows.pins import learned_of

Kind = Literal["added", "removed", "changed"]

_LONG_TEXT = 80
"""Characters.  A longer text, or one of several lines, is compared line by line by who shows it."""


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """A long text on both sides, whole."""

    before: str
    after: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    area: Area
    path: str
    """`tools.block_card.permission`; an item of a list in brackets, by what it is about."""
    kind: Kind
    before: Any
    """None where it was added."""
    after: Any
    text: Texts | None = None


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    area: Area
    severity: Severity
    text: str


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    kind: Kind
    before: str | None
    """SHA-256 of the bytes, in hex."""
    after: str | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    summary: tuple[Sentence, ...] = ()
    """One for each change, by area; in an area what allows more is first."""
    changes: tuple[Change, ...] = ()
    """By area and path."""
    files: tuple[FileChange, ...] = ()
    """By path."""
    textual_only: bool = False
    """Files differ, and nothing that they say does."""


def compare(
    before: Version, after: Version, *, before_files: Folder, after_files: Folder
) -> Comparison:
    """Neither side's name, number or digest is compared: they are who is asked about."""
    was, will = _said(before), _said(after)
    found = sorted(
        differences(was, will),
        key=lambda one: (AREAS.index(area_of(one.path)), one.path),
    )
    files = tuple(_file_changes(before_files, after_files))
    return Comparison(
        summary=_summary(found, was, will),
        changes=tuple(_change(one) for one in found),
        files=files,
        textual_only=bool(files) and not found,
    )


def _said(version: Version) -> dict[str, Any]:
    """All that a version says, by the paths that a change is told under."""
    said: dict[str, Any] = plain(version.manifest)
    said["learned"] = plain(learned_of(version))
    said["prompts"] = dict(version.prompts)
    for name, definition in version.tools.items():
        tool = said["tools"].get(name, {})
        # The file's own words stand beside the manifest's; the latter have other names.
        tool.update({key: inner for key, inner in definition.items() if key not in tool})
    return said


def _summary(
    found: Iterable[Difference], was: dict[str, Any], will: dict[str, Any]
) -> tuple[Sentence, ...]:
    order = ("widens", "narrows", "changes")
    sentences = []
    for one in found:
        severity, text = told(one, was, will)
        # In one line: a condition of several would otherwise write sentences of its own.
        text = " ".join(text.split())
        sentences.append(Sentence(area=area_of(one.path), severity=severity, text=text))
    return tuple(
        sorted(sentences, key=lambda one: (AREAS.index(one.area), order.index(one.severity)))
    )


def _change(one: Difference) -> Change:
    kind: Kind = (
        "added" if one.before is MISSING else "removed" if one.after is MISSING else "changed"
    )
    return Change(
        area=area_of(one.path),
        path=shown_path(one.path),
        kind=kind,
        before=None if one.before is MISSING else one.before,
        after=None if one.after is MISSING else one.after,
        text=_texts(one),
    )


def shown_path(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")


def _texts(one: Difference) -> Texts | None:
    sides = ["" if side is MISSING else side for side in (one.before, one.after)]
    if not all(isinstance(side, str) for side in sides):
        return None
    if one.path[0] == "prompts" or any("\n" in side or len(side) > _LONG_TEXT for side in sides):
        return Texts(before=sides[0], after=sides[1])
    return None


def _file_changes(before: Folder, after: Folder) -> Iterable[FileChange]:
    for path in sorted(before.files.keys() | after.files.keys()):
        was, will = before.files.get(path), after.files.get(path)
        if was != will:
            yield FileChange(
                path=path,
                kind="added" if was is None else "removed" if will is None else "changed",
                before=None if was is None else file_digest(was),
                after=None if will is None else file_digest(will),
            )
