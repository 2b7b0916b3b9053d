"""
What answers about memory are made of: addresses, provenance, entries, and outcomes of readers.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from quarterdeck.api.access import Principal
from quarterdeck.api.parts import Parts, scope_of
from quarterdeck.memories.addresses import Address
from quarterdeck.memories.selection import Selection
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events.session_reads import get_sessions
from quarterdeck.storage.records.memory_history import Reading
from quarterdeck.storage.records.memory_reverts import Revert
from quarterdeck.storage.records.memory_rows import Checkpoint, Entry, Provenance

_SHOWN_CHARACTERS = 2000
"""Of a value's JSON, where many values stand on one page: 400 of 256 kB would be 100 MB."""


class Short(NamedTuple):
    value: Any
    cut: bool


def in_short(value: Any) -> Short:
    """The value, or the beginning of its JSON where that is long."""
    written = json.dumps(value, ensure_ascii=False)
    if len(written) <= _SHOWN_CHARACTERS:
        return Short(value, False)
    return Short(written[:_SHOWN_CHARACTERS] + "…", True)


def address_shown(address: Address) -> dict[str, Any]:
    return msgspec.structs.asdict(address)


def provenance_shown(provenance: Provenance, by: str) -> dict[str, Any]:
    return {**msgspec.structs.asdict(provenance), "by": by}


def entry_shown(entry: Entry, readers: int) -> dict[str, Any]:
    return {
        **address_shown(entry.address),
        "value": entry.value,
        "seq": entry.seq,
        "written_at": to_rfc3339(entry.at_ns),
        "expires_at": at_or_null(entry.expires_ns),
        "provenance": provenance_shown(entry.provenance, entry.by),
        "readers": readers,
    }


def at_or_null(at_ns: int | None) -> str | None:
    return None if at_ns is None else to_rfc3339(at_ns)


def reading_shown(reading: Reading, outcomes: dict[str, str]) -> dict[str, Any]:
    return {
        "session_id": reading.session_id,
        "reads": reading.reads,
        "first_at": to_rfc3339(reading.first_ns),
        "last_at": to_rfc3339(reading.last_ns),
        "outcome": outcomes.get(reading.session_id, ""),
    }


def checkpoint_shown(checkpoint: Checkpoint) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(checkpoint)
    told["at"] = to_rfc3339(told.pop("at_ns"))
    return told


def selection_shown(selection: Selection) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(selection)
    told["since"] = at_or_null(told.pop("since_ns"))
    told["until"] = at_or_null(told.pop("until_ns"))
    return told


def revert_shown(revert: Revert) -> dict[str, Any]:
    return {
        "revert_id": revert.revert_id,
        "seq": revert.seq,
        "selection": selection_shown(revert.selection),
        "writes": revert.hidden,
        "shows": revert.shown,
        "reason": revert.reason,
        "by": revert.by,
        "at": to_rfc3339(revert.at_ns),
        "undone_at": at_or_null(revert.undone_ns),
        "undone_by": revert.undone_by,
    }


def outcomes_of(parts: Parts, who: Principal, session_ids: Iterable[str]) -> dict[str, str]:
    """The outcome's label of those sessions that are stored.  Blocks."""
    wanted = sorted({session_id for session_id in session_ids if session_id})
    if not wanted:
        return {}
    found = get_sessions(parts.events, scope_of(parts, who), wanted)
    return {str(session.session_id): session.outcome.label for session in found}
