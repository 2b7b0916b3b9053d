"""
Which ATIF files of a folder are one session: a run, its continuations and its sub-agents.

A continuation and a sub-agent say that they have a parent; which it is, the parent's references
tell, by the file's name or the session's id.  Files are looked for in the same folder only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from quarterdeck.receive.transcripts.atif.steps import Reference, Trajectory
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.transcripts.source import Source

MAX_RELATIVES = 200
"""JSON files of a folder that are looked into; a run of Terminus-2 writes 4 for each summary."""


class Relative(NamedTuple):
    name: str
    """The file's."""
    document: Mapping[str, Any]


class Place(NamedTuple):
    """Where a file's trajectory belongs."""

    session_id: str
    part: str
    """"" = it is the session's main one."""
    attached_to: str
    """The main trajectory's entry that started it; "" = unknown, or a continuation."""
    continues: bool = False
    """Whether it goes on where another file ends, rather than being a sub-agent's."""


def is_trajectory(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        return False
    version = document.get("schema_version")
    return isinstance(version, str) and version.upper().startswith("ATIF")


def relatives(source: Source) -> list[Relative]:
    """The other trajectories of the folder, by name."""
    found = []
    names = sorted(
        path.name
        for path in source.path.parent.iterdir()
        if path.name.endswith((".json", ".json.gz"))
        and path.name != source.path.name
        and path.is_file()
    )
    for name in names[:MAX_RELATIVES]:
        document = Source(source.path.with_name(name)).top
        if is_trajectory(document):
            found.append(Relative(name.removesuffix(".gz"), document))
    return found


def session_of(document: Mapping[str, Any]) -> str:
    """The id that a run and its continuations share: theirs ends with their number."""
    session_id = identifier(document.get("session_id"))
    index = mapping(mapping(document.get("agent")).get("extra")).get("continuation_index")
    return session_id.removesuffix(f"-cont-{index}") if index is not None else session_id


def has_parent(document: Mapping[str, Any]) -> bool:
    extra = mapping(mapping(document.get("agent")).get("extra"))
    return bool(extra.get("parent_session_id")) or extra.get("continuation_index") is not None


def place_of(document: Mapping[str, Any], name: str, family: list[Relative]) -> Place:
    """Of a trajectory that has a parent, among the others of its folder."""
    own, session_id = identifier(document.get("session_id")), session_of(document)
    if session_id != own:
        return Place(session_id, own.removeprefix(session_id).lstrip("-"), "", True)
    for parent in family:
        if text(parent.document.get("continued_trajectory_ref")) == name:
            return Place(session_of(parent.document), own or name, "", True)
        for reference in Trajectory(parent.document).references:
            if points_to(reference, own, name):
                main = not has_parent(parent.document)
                return Place(session_of(parent.document), own or name,
                             reference.entry if main else "")  # fmt: skip
    extra = mapping(mapping(document.get("agent")).get("extra"))
    stated = identifier(extra.get("parent_session_id"))
    return Place(stated or own, own or name, "")


def points_to(reference: Reference, session_id: str, name: str) -> bool:
    if reference.session_id and reference.session_id == session_id:
        return True
    return bool(reference.path) and reference.path.rpartition("/")[2] == name


def missing(
    document: Mapping[str, Any], references: list[Reference], family: list[Relative]
) -> Iterator[str]:
    """What the trajectory points to and the folder does not hold."""
    for reference in references:
        if not any(
            points_to(reference, identifier(other.document.get("session_id")), other.name)
            for other in family
        ):
            yield reference.path or reference.session_id or reference.trajectory_id
    continued = text(document.get("continued_trajectory_ref"))
    if continued and not any(
        other.name == continued
        or (session_of(other.document) == session_of(document) and has_parent(other.document))
        for other in family
    ):
        yield continued
