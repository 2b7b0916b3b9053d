"""
What the events of one trace or observation said together.

An event names only what it adds or changes: later words win, what was left out stays, metadata
and tags are united.  Langfuse's clients send what is here for a trace's beginning, so times may
be equal and an update may come first: a creation is older than an update of the same instant.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from quarterdeck.normalize.attributes import as_json
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import mapping, records, text
from quarterdeck.receive.wire import Fragment


class Event(NamedTuple):
    at_ns: int
    """When its sender wrote it; 0 = not told."""
    is_update: bool
    type: str
    """Of the object: "trace", "generation"."""
    body: dict[str, Any]


def events_of(fragments: Iterable[Fragment]) -> list[Event]:
    """By time; the rest of the order depends on what they say and never on their arrival."""
    found = [
        _event(one)
        for fragment in fragments
        for one in records(mapping(fragment.body).get("events"))
    ]
    found.sort(key=_when)
    if all(_when(one) != _when(other) for one, other in pairwise(found)):
        return found  # writing every body as JSON would be most of the work
    return sorted(found, key=lambda event: (*_when(event), as_json(event.body)))


def _event(told: dict[str, Any]) -> Event:
    kind, _, end = text(told.get("type")).rpartition("-")
    at_ns = instant_ns(told.get("timestamp")) or 0
    return Event(at_ns, end == "update", kind, mapping(told.get("body")))


def _when(event: Event) -> tuple[int, bool]:
    return event.at_ns, event.is_update


def said(events: Iterable[Event]) -> dict[str, Any]:
    """The body that all events make, given in the order of `events_of`."""
    whole: dict[str, Any] = {}
    for event in events:
        for key, value in event.body.items():
            if value is None:
                continue
            known = whole.get(key)
            if isinstance(known, dict) and isinstance(value, dict) and key == "metadata":
                value = _united(known, value)
            elif key == "tags" and isinstance(known, list) and isinstance(value, list):
                value = [*known, *(tag for tag in value if tag not in known)]
            whole[key] = value
    return whole


def _united(known: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return {
        **known,
        **{
            key: _united(known[key], value)
            if isinstance(known.get(key), dict) and isinstance(value, dict)
            else value
            for key, value in added.items()
        },
    }


def sender_of(fragments: Sequence[Fragment]) -> dict[str, Any]:
    """Who sent it.  Several SDKs may: the words of one, the same whatever came first."""
    senders = [mapping(mapping(fragment.body).get("sender")) for fragment in fragments]
    if not senders or all(other == senders[0] for other in senders):
        return senders[0] if senders else {}
    return min((other for other in senders if other), key=as_json)
