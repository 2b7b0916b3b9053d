"""
A batch of events, as `POST /api/public/ingestion` carries it, taken apart.

An event creates or updates one trace, one observation or one score, by an id that its client made.
Each is answered for by itself: one that can't be read is refused by its own id and takes no other
with it.  What an event says is kept as it came; `spans.py` makes spans of it.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.wire import Fragment, Reading
from quarterdeck.receive.wires.langfuse.scores import ReadScore, read_score

_OBSERVATIONS = frozenset(
    {"span", "generation", "event", "agent", "tool", "chain", "retriever", "evaluator",
     "embedding", "guardrail", "observation"}
)  # fmt: skip
_ENDS = ("-create", "-update")
_OBSERVATION = "langfuse:observation:"


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
    return _OBSERVATION + observation_id


def read_batch(payload: Any, *, received_ns: int) -> Batch:
    """
    What a batch tells of one object is kept as one part.  Raises `Invalid` where there is no
    batch at all.
    """
    given = mapping(payload)
    if not isinstance(given.get("batch"), list):
        raise Invalid("expected an object with a list of events in `batch`")
    told: dict[str, list[dict[str, Any]]] = {}
    scores: list[ReadScore] = []
    accepted: list[str] = []
    refused: list[Refused] = []
    for event in given["batch"]:
        event_id = identifier(mapping(event).get("id"))
        try:
            about = _about(event)
            if about == _SCORE:
                scores.append(_score(event, received_ns))
        except Invalid as invalid:
            refused.append(Refused(event_id, invalid.message))
            continue
        accepted.append(event_id)
        if about not in (_SCORE, _NOTHING):
            told.setdefault(about, []).append(event)
    sender = {k: v for k, v in mapping(given.get("metadata")).items() if k != "public_key"}
    fragments = (*_parts(told, sender), *(score.fragment for score in scores))
    judgements = tuple(judgement for score in scores for judgement in score.judgements)
    reading = Reading(fragments=fragments, judgements=judgements)
    return Batch(reading, tuple(accepted), tuple(refused))


_SCORE, _NOTHING = "score", ""


def _about(event: Any) -> str:
    """The object that an event is a part of.  Raises `Invalid`."""
    if not isinstance(event, dict) or not isinstance(event.get("body"), dict):
        raise Invalid("expected an event: an object with id, type, timestamp and body")
    kind, body = text(event.get("type")), event["body"]
    if kind == "score-create":
        return _SCORE
    if kind == "sdk-log":
        return _NOTHING  # what the SDK thinks of itself
    own_id = identifier(body.get("id")) or _hash_of(event)
    if kind == "trace-create":
        return trace_object(own_id)
    if kind.endswith(_ENDS) and kind.rpartition("-")[0] in _OBSERVATIONS:
        return observation_object(own_id)
    raise Invalid(f"unknown type of event: {kind[:60]!r}")


def _hash_of(event: dict[str, Any]) -> str:
    """An id for what has none: a repetition of the event gets the same one."""
    told = identifier(event.get("id")).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:32]


def _score(event: dict[str, Any], received_ns: int) -> ReadScore:
    at_ns = instant_ns(event.get("timestamp")) or received_ns
    return read_score(event["body"], event_id=identifier(event.get("id")), at_ns=at_ns)


def _parts(told: dict[str, list[dict[str, Any]]], sender: dict[str, Any]) -> Iterator[Fragment]:
    seen = _seen(told)
    for name in dict.fromkeys((*told, *seen)):
        events = told.get(name, [])
        span = seen.get(name)
        yield Fragment(
            object=name,
            kind="events",
            body={"events": events, "sender": sender} | ({"seen": list(span)} if span else {}),
            at_ns=min((instant_ns(event.get("timestamp")) or 0 for event in events), default=0)
            or (span.from_ns if span else 0),
        )


def _seen(told: dict[str, list[dict[str, Any]]]) -> dict[str, _Span]:
    """
    For each trace, when this batch saw something in it.

    A trace has no end of its own, and one whose first event was lost has no beginning either.
    """
    seen: dict[str, _Span] = {}
    for name, events in told.items():
        if not name.startswith(_OBSERVATION):
            continue
        for event in events:
            body = event["body"]
            trace_id = identifier(body.get("traceId"))
            times = [at for key in ("startTime", "endTime") if (at := instant_ns(body.get(key)))]
            times = times or [at for at in (instant_ns(event.get("timestamp")),) if at]
            if trace_id and times:
                about = trace_object(trace_id)
                known = seen.get(about, _Span(min(times), max(times)))
                seen[about] = _Span(min(known.from_ns, *times), max(known.until_ns, *times))
    return seen
