"""
Scores: of a trace, an observation, a session or a run of a dataset.

A score is kept twice: as a judgement, which finds its target however that was sent and whether or
not it has come yet, and as it was written, to be read back by its id.  A run of a dataset is no
session: its scores are only read back.
"""

import hashlib
from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.scores import Judge, Score
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.wire import (
    Call,
    Desk,
    Fragment,
    Judgement,
    Reading,
    Reply,
    span_id_of,
    trace_id_of,
)
from quarterdeck.receive.wires.langfuse.pages import page_of, stamp

ALL = "langfuse:scores"
"""The collection of all scores."""

_JUDGES: dict[str, Judge] = {"EVAL": "llm", "ANNOTATION": "human"}
_TARGETS = ("traceId", "sessionId", "datasetRunId", "experimentId")


class ReadScore(NamedTuple):
    id: str
    fragment: Fragment
    judgements: tuple[Judgement, ...]
    """None for a run's score."""


def score_object(score_id: str) -> str:
    return f"langfuse:score:{score_id}"


def read_score(body: Any, *, event_id: str = "", at_ns: int) -> ReadScore:
    """`at_ns`: when its sender wrote it, as far as known.  Raises `Invalid`."""
    if not isinstance(body, dict):
        raise Invalid("expected a score: an object with a name, a value and a target")
    if not text(body.get("name")):
        raise Invalid("a score needs a name")
    if not any(identifier(body.get(target)) for target in _TARGETS):
        raise Invalid("a score needs a traceId, a sessionId or a datasetRunId")
    score_id = identifier(body.get("id")) or _hash_of(body, event_id)
    given_ns = instant_ns(body.get("timestamp")) or at_ns
    score = _score(body, score_id, given_ns)
    kept = {"id": score_id, "at_ns": given_ns, "score": body}
    return ReadScore(
        score_id,
        Fragment(
            object=score_object(score_id), kind="score", body=kept, collection=ALL, at_ns=given_ns
        ),
        () if score is None else (Judgement(score=score, given_ns=given_ns),),
    )


def _hash_of(body: dict[str, Any], event_id: str) -> str:
    """For a score without an id: sent again, it is the same one."""
    told = event_id.encode() or msgspec.json.encode(body)
    return hashlib.sha256(told).hexdigest()[:32]


def _score(body: dict[str, Any], score_id: str, given_ns: int) -> Score | None:
    value, label, explanation = _judged(body)
    trace_id, session_id = identifier(body.get("traceId")), identifier(body.get("sessionId"))
    observation = identifier(body.get("observationId"))
    if not trace_id and not session_id:
        return None
    return Score(
        name=text(body["name"])[:200],
        scope="span" if trace_id and observation else "trace" if trace_id else "session",
        target_trace_id=trace_id_of(trace_id) if trace_id else "",
        target_span_id=span_id_of(observation) if trace_id and observation else "",
        target_session_id="" if trace_id else session_id,
        value=value,
        label=label,
        explanation=explanation,
        judge=_JUDGES.get(text(body.get("source")).upper(), "unknown"),
        identifier=score_id[:200],
        at_ns=given_ns,
    )


class Judged(NamedTuple):
    value: float | None
    label: str
    explanation: str


def _judged(body: dict[str, Any]) -> Judged:
    """
    Numbers are values and words are labels; a yes or no is 1.0 or 0.0, as the SDKs write it.

    Words of any length (type TEXT) are an explanation, and a comment comes after them.
    """
    given, kind = body.get("value"), text(body.get("dataType")).upper()
    comment = text(body.get("comment"))
    if isinstance(given, bool):
        return Judged(float(given), "", comment)
    if isinstance(given, int | float) and kind not in ("CATEGORICAL", "TEXT", "CORRECTION"):
        if not isfinite(given):
            raise Invalid(f"the value of a score must be finite, got {given!r}")
        return Judged(float(given), "", comment)
    words = text(given) or ("" if given is None else str(given))
    if kind == "BOOLEAN" and words.lower() in ("true", "false"):
        return Judged(float(words.lower() == "true"), "", comment)
    if kind in ("TEXT", "CORRECTION"):
        label = "corrected" if kind == "CORRECTION" else ""
        return Judged(None, label, "\n\n".join(part for part in (words, comment) if part))
    if not words and not comment:
        raise Invalid("a score needs a value or a comment")
    return Judged(None, words[:200], comment)


# -- sending --------------------------------------------------------------------------------------


async def post_scores(call: Call, desk: Desk) -> Reply:
    """One score, as older SDKs send it, or a list of them."""
    if not isinstance(call.payload, list):
        read = read_score(call.payload, at_ns=call.received_ns)
        await desk.keep(Reading(fragments=(read.fragment,), judgements=read.judgements))
        return Reply(body={"id": read.id})
    kept: list[ReadScore] = []
    errors: list[dict[str, Any]] = []
    for place, body in enumerate(call.payload):
        try:
            kept.append(read_score(body, at_ns=call.received_ns))
        except Invalid as invalid:
            score_id = identifier(mapping(body).get("id"))
            errors.append({"index": place, "id": score_id, "status": 400, "message": str(invalid)})
    await desk.keep(
        Reading(
            fragments=tuple(read.fragment for read in kept),
            judgements=tuple(one for read in kept for one in read.judgements),
        )
    )
    if errors:
        told = {"accepted": len(kept), "rejected": len(errors), "errors": errors}
        return Reply(status=207, body=told)
    return Reply(status=202, body={"message": "Accepted"})


async def delete_score(call: Call, desk: Desk) -> Reply:
    score_id = call.path["score_id"]
    await desk.settled()
    body = _as_written(await _fragments(desk, score_id))
    if body is None:
        raise NotFound(f"Score {score_id!r} not found")
    score = _score(body, score_id, call.received_ns)
    gone = Fragment(
        object=score_object(score_id),
        kind="delete",
        body={"id": score_id, "at_ns": call.received_ns},
        collection=ALL,
        at_ns=call.received_ns,
    )
    back = () if score is None else (
        Judgement(score=score, given_ns=call.received_ns, taken_back=True),
    )  # fmt: skip
    await desk.keep(Reading(fragments=(gone,), judgements=back))
    return Reply(status=202, body={"message": "Score deletion accepted"})


# -- reading back ---------------------------------------------------------------------------------


async def get_score(call: Call, desk: Desk) -> Reply:
    score_id = call.path["score_id"]
    await desk.settled()
    fragments = await _fragments(desk, score_id)
    body = _as_written(fragments)
    if body is None:
        raise NotFound(f"Score {score_id!r} not found")
    return Reply(body=_shown(score_id, body, _at_ns(fragments), desk))


async def list_scores(call: Call, desk: Desk) -> Reply:
    """Newest first, by target, name and the like; of the first 10,000 that the project sent."""
    await desk.settled()
    found = []
    for name, fragments in (await desk.collection(ALL)).items():
        body = _as_written(fragments)
        if body is not None and _is_asked_for(body, call):
            found.append(_shown(name.rpartition(":")[2], body, _at_ns(fragments), desk))
    found.sort(key=lambda score: (score["timestamp"], score["id"]), reverse=True)
    page = page_of(call, found)
    return Reply(body={"data": page.items, "meta": page.meta})


async def scores_of_trace(desk: Desk, trace_id: str) -> list[dict[str, Any]]:
    """As written, those of its observations too."""
    found = []
    for name, fragments in (await desk.collection(ALL)).items():
        body = _as_written(fragments)
        if body is not None and identifier(body.get("traceId")) == trace_id:
            found.append(_shown(name.rpartition(":")[2], body, _at_ns(fragments), desk))
    return sorted(found, key=lambda score: (score["timestamp"], score["id"]))


async def _fragments(desk: Desk, score_id: str) -> list[Fragment]:
    name = score_object(score_id)
    return (await desk.objects([name])).get(name, [])


def _as_written(fragments: Sequence[Fragment]) -> dict[str, Any] | None:
    """None where there is none, or none any more."""
    if not fragments:
        return None
    last = max(fragments, key=lambda f: (f.at_ns, f.kind == "delete"))
    return None if last.kind == "delete" else mapping(mapping(last.body).get("score")) or None


def _at_ns(fragments: Sequence[Fragment]) -> int:
    return max((fragment.at_ns for fragment in fragments), default=0)


def _is_asked_for(body: dict[str, Any], call: Call) -> bool:
    for names, key in (
        (("traceId",), "traceId"),
        (("sessionId",), "sessionId"),
        (("observationId",), "observationId"),
        (("datasetRunId", "experimentId"), "datasetRunId"),
        (("name",), "name"),
        (("configId",), "configId"),
        (("dataType",), "dataType"),
    ):
        wanted = {part for name in names for given in call.query.get(name, ())
                  for part in given.split(",")}  # fmt: skip
        if wanted and identifier(body.get(key)) not in wanted:
            return False
    return True


def _shown(score_id: str, body: dict[str, Any], at_ns: int, desk: Desk) -> dict[str, Any]:
    """In the shape of every generation of the API at once."""
    judged = _judged(body)
    given = body.get("value")
    data_type = text(body.get("dataType")) or ("NUMERIC" if judged.label == "" else "CATEGORICAL")
    return {
        "id": score_id,
        "projectId": str(desk.project_id),
        "traceId": body.get("traceId"),
        "sessionId": body.get("sessionId"),
        "observationId": body.get("observationId"),
        "datasetRunId": body.get("datasetRunId"),
        "name": body["name"],
        "value": judged.value if judged.value is not None else given if data_type == "TEXT" else 0,
        "stringValue": _string_value(data_type, judged),
        "dataType": data_type,
        "source": text(body.get("source")) or "API",
        "comment": body.get("comment"),
        "metadata": mapping(body.get("metadata")),
        "configId": body.get("configId"),
        "queueId": body.get("queueId"),
        "authorUserId": None,
        "environment": text(body.get("environment")) or "default",
        "timestamp": stamp(at_ns),
        "createdAt": stamp(at_ns),
        "updatedAt": stamp(at_ns),
    }


def _string_value(data_type: str, judged: Judged) -> str | None:
    if data_type == "BOOLEAN":
        return "True" if judged.value else "False"
    return judged.label or None
