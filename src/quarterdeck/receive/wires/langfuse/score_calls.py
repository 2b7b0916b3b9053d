"""
What clients do with scores: send them, one or many, take one back, read them.

Three generations of the API show a score in two shapes; the newest has its target in an object of
its own and a value of the type that it says.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, text
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply, trace_id_of
from quarterdeck.receive.wires.langfuse.pages import page_of, stamp
from quarterdeck.receive.wires.langfuse.scores import (
    ALL,
    JUDGED_ID,
    Judged,
    ReadScore,
    judged,
    read_score,
    score_object,
    score_of,
)

_FIELDS = {
    "id": "id",
    "scoreIds": "id",
    "traceId": "traceId",
    "sessionId": "sessionId",
    "observationId": "observationId",
    "datasetRunId": "datasetRunId",
    "experimentId": "datasetRunId",
    "name": "name",
    "configId": "configId",
    "queueId": "queueId",
    "dataType": "dataType",
    "source": "source",
    "environment": "environment",
}
"""Parameters that name one value or several, with commas between them, and what they limit."""
_OTHERS = frozenset({"page", "limit", "cursor", "fields", "fromTimestamp", "toTimestamp"})


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
    score = score_of(body, score_id, call.received_ns)
    gone = Fragment(
        object=score_object(score_id),
        kind="delete",
        body={"id": score_id, "at_ns": call.received_ns},
        collection=ALL,
        at_ns=call.received_ns,
    )
    back: tuple[Judgement, ...] = ()
    if score is not None:
        back = (Judgement(score=score, given_ns=call.received_ns, taken_back=True),)
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
    """Newest first; without ids of scores or traces, of the last 10,000 that the project sent."""
    page = page_of(call, await _listed(call, desk))
    return Reply(body={"data": [_oldest(score) for score in page.items], "meta": page.meta})


async def list_scores_3(call: Call, desk: Desk) -> Reply:
    """The same in the newest shape."""
    page = page_of(call, await _listed(call, desk))
    return Reply(body={"data": [_newest(score) for score in page.items], "meta": page.meta})


async def _listed(call: Call, desk: Desk) -> list[dict[str, Any]]:
    unknown = set(call.query) - _FIELDS.keys() - _OTHERS
    if unknown:
        raise Invalid(f"scores can't be listed by {', '.join(sorted(unknown))[:200]}")
    await desk.settled()
    score_ids = _wanted(call, "id") or _wanted(call, "scoreIds")
    if score_ids:
        scores = await _some(desk, score_ids)
    elif trace_ids := _wanted(call, "traceId"):
        scores = await _of_traces(desk, trace_ids)
    else:
        scores = _told(await desk.collection(ALL), desk)
    found = [score for score in scores if _is_asked_for(score, call)]
    return sorted(found, key=lambda score: (score["timestamp"], score["id"]), reverse=True)


async def scores_of_trace(desk: Desk, trace_id: str) -> list[dict[str, Any]]:
    """In order of time, those of its observations too."""
    found = await _of_traces(desk, {trace_id})
    return sorted(found, key=lambda score: (score["timestamp"], score["id"]))


async def _of_traces(desk: Desk, trace_ids: Set[str]) -> list[dict[str, Any]]:
    given = await desk.scores([trace_id_of(trace_id) for trace_id in trace_ids])
    score_ids = {score.identifier for scores in given.values() for score in scores}
    if any(len(score_id) >= JUDGED_ID for score_id in score_ids):
        found = _told(await desk.collection(ALL), desk)
    else:
        found = await _some(desk, score_ids)
    return [one for one in found if one["traceId"] in trace_ids]


async def _some(desk: Desk, score_ids: Set[str]) -> list[dict[str, Any]]:
    return _told(await desk.objects([score_object(one) for one in sorted(score_ids)]), desk)


def _told(found: Mapping[str, Sequence[Fragment]], desk: Desk) -> list[dict[str, Any]]:
    """Without those that were taken back."""
    return [
        _shown(identifier(mapping(fragments[0].body).get("id")), body, _at_ns(fragments), desk)
        for fragments in found.values()
        if (body := _as_written(fragments)) is not None
    ]


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


def _wanted(call: Call, parameter: str) -> set[str]:
    return {part for given in call.query.get(parameter, ()) for part in given.split(",")}


def _is_asked_for(score: dict[str, Any], call: Call) -> bool:
    for parameter, field in _FIELDS.items():
        wanted = _wanted(call, parameter)
        if wanted and identifier(score.get(field)) not in wanted:
            return False
    at_ns = instant_ns(score["timestamp"]) or 0
    since, until = (instant_ns(call.one(name)) for name in ("fromTimestamp", "toTimestamp"))
    return (since is None or at_ns >= since) and (until is None or at_ns < until)


def _shown(score_id: str, body: dict[str, Any], at_ns: int, desk: Desk) -> dict[str, Any]:
    """In the shape of the first two generations."""
    found = judged(body)
    given = body.get("value")
    data_type = text(body.get("dataType")) or ("CATEGORICAL" if found.label else "NUMERIC")
    moment = stamp(at_ns)
    return {
        "id": score_id,
        "projectId": str(desk.project_id),
        "traceId": body.get("traceId"),
        "sessionId": body.get("sessionId"),
        "observationId": body.get("observationId"),
        "datasetRunId": body.get("datasetRunId") or body.get("experimentId"),
        "name": body["name"],
        "value": given if data_type in ("TEXT", "CORRECTION") else found.value or 0,
        "stringValue": _string_value(data_type, found),
        "dataType": data_type,
        "source": text(body.get("source")) or "API",
        "comment": body.get("comment"),
        "metadata": mapping(body.get("metadata")),
        "configId": body.get("configId"),
        "queueId": body.get("queueId"),
        "authorUserId": None,
        "environment": text(body.get("environment")) or "default",
        "timestamp": moment,
        "createdAt": moment,
        "updatedAt": moment,
    }


def _string_value(data_type: str, found: Judged) -> str | None:
    if data_type == "BOOLEAN":
        return "True" if found.value else "False"
    return found.label or None


def _oldest(score: dict[str, Any]) -> dict[str, Any]:
    """SDK 2 can't read a score in a list without something of its trace."""
    about = {"userId": None, "tags": [], "environment": score["environment"]}
    return {**score, "trace": about if score["traceId"] else None}


def _newest(score: dict[str, Any]) -> dict[str, Any]:
    value = score["value"]
    if score["dataType"] == "CATEGORICAL":
        value = score["stringValue"] or ""
    elif score["dataType"] == "BOOLEAN":
        value = bool(value)
    return {**score, "value": value, "subject": _subject(score)}


def _subject(score: dict[str, Any]) -> dict[str, Any]:
    if score["traceId"] and score["observationId"]:
        return {"kind": "observation", "id": score["observationId"], "traceId": score["traceId"]}
    for kind, field in (("trace", "traceId"), ("session", "sessionId")):
        if score[field]:
            return {"kind": kind, "id": score[field]}
    return {"kind": "experiment", "id": score["datasetRunId"]}
