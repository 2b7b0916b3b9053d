"""
A batch of events, as `POST /api/public/ingestion` carries it, taken apart.

An event creates or updates one trace, one observation or one score, by an id that its client made.
Each is answered for by itself: one that can't be read is refused by its own id and takes no other
with it.  What an event says is kept as it came; `spans.py` makes spans of it.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, listing, mapping, text
from quarterdeck.receive.wire import Fragment, Judgement, Reading
from quarterdeck.receive.wires.langfuse.scores import read_score

_OBSERVATIONS = frozenset(
    {"span", "generation", "event", "agent", "tool", "chain", "retriever", "evaluator",
     "embedding", "guardrail", "observation"}
)  # fmt: skip
_UPDATES = ("-create", "-update")


class Refused(NamedTuple):
    """An event that was not kept."""

    id: str
    message: str


class Batch(NamedTuple):
    reading: Reading
    accepted: tuple[str, ...]
    """Ids of events, in the order sent."""
    refused: tuple[Refused, ...]


class _Span(NamedTuple):
    """When a batch saw something of a trace."""

    from_ns: int
    until_ns: int


def trace_object(trace_id: str) -> str:
    return f"langfuse:trace:{trace_id}"


def observation_object(observation_id: str) -> str:
    return f"langfuse:observation:{observation_id}"


def read_batch(payload: Any, *, received_ns: int) -> Batch:
    """Raises `Invalid` where there is no batch at all."""
    given = mapping(payload)
    if not isinstance(given.get("batch"), list):
        raise Invalid("expected an object with a list of events in `batch`")
    sender = {k: v for k, v in mapping(given.get("metadata")).items() if k != "public_key"}
    fragments: list[Fragment] = []
    judgements: list[Judgement] = []
    accepted: list[str] = []
    refused: list[Refused] = []
    for event in listing(given["batch"]):
        event_id = identifier(mapping(event).get("id"))
        try:
            found, judgement = _read_event(event, sender, received_ns)
        except Invalid as invalid:
            refused.append(Refused(event_id, invalid.message))
            continue
        accepted.append(event_id)
        fragments += found
        judgements += judgement
    fragments += _seen(fragments, sender)
    reading = Reading(fragments=tuple(fragments), judgements=tuple(judgements))
    return Batch(reading, tuple(accepted), tuple(refused))


def _read_event(
    event: Any, sender: dict[str, Any], received_ns: int
) -> tuple[list[Fragment], list[Judgement]]:
    if not isinstance(event, dict) or not isinstance(event.get("body"), dict):
        raise Invalid("expected an event: an object with id, type, timestamp and body")
    kind, body = text(event.get("type")), event["body"]
    at_ns = instant_ns(event.get("timestamp")) or 0
    if kind == "score-create":
        read = read_score(body, event_id=identifier(event.get("id")), at_ns=at_ns or received_ns)
        return [read.fragment], list(read.judgements)
    if kind == "sdk-log":
        return [], []  # what the SDK thinks of itself: nothing about the agent
    own_id = identifier(body.get("id")) or _hash_of(event)
    kept = {"event": event, "sender": sender}
    if kind == "trace-create":
        return [Fragment(object=trace_object(own_id), kind=kind, body=kept, at_ns=at_ns)], []
    if kind.endswith(_UPDATES) and kind.rpartition("-")[0] in _OBSERVATIONS:
        return [Fragment(object=observation_object(own_id), kind=kind, body=kept, at_ns=at_ns)], []
    raise Invalid(f"unknown type of event: {kind[:60]!r}")


def _hash_of(event: dict[str, Any]) -> str:
    """An id for what has none: a repetition of the event gets the same one."""
    return hashlib.sha256(identifier(event.get("id")).encode("utf-8", "surrogatepass")).hexdigest()[
        :32
    ]


def _seen(fragments: Iterable[Fragment], sender: dict[str, Any]) -> list[Fragment]:
    """
    For each trace, when this batch saw something in it.

    A trace has no end of its own, and one whose first event was lost has no beginning either.
    """
    seen: dict[str, _Span] = {}
    for fragment in fragments:
        if not fragment.object.startswith("langfuse:observation:"):
            continue
        body = fragment.body["event"]["body"]
        trace_id = identifier(body.get("traceId"))
        told = [instant_ns(body.get(name)) for name in ("startTime", "endTime")]
        times = [at for at in told if at] or ([fragment.at_ns] if fragment.at_ns else [])
        if not trace_id or not times:
            continue
        known = seen.get(trace_id, _Span(min(times), max(times)))
        seen[trace_id] = _Span(min(known.from_ns, *times), max(known.until_ns, *times))
    return [
        Fragment(
            object=trace_object(trace_id),
            kind="seen",
            body={"from_ns": span.from_ns, "until_ns": span.until_ns, "sender": sender},
            at_ns=span.until_ns,
        )
        for trace_id, span in seen.items()
    ]
