"""
What MLflow's clients say of a whole trace, and ask of it: information, tags, links, searches.
"""

import uuid
from typing import Any

from msgspec import structs

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply
from quarterdeck.receive.wires.mlflow.assessments import completed, judgement
from quarterdeck.receive.wires.mlflow.evaluation import note_trials
from quarterdeck.receive.wires.mlflow.evaluation_trials import is_trial
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, text
from quarterdeck.receive.wires.mlflow.trace_answers import (
    old_trace_info,
    otlp_span,
    own_spans,
    trace_info,
)
from quarterdeck.receive.wires.mlflow.trace_reads import find_spans, find_trace
from quarterdeck.receive.wires.mlflow.trace_state import (
    ASSESSMENT,
    TRACE,
    TraceState,
    fold_trace,
)

_MAX_LINKED = 1_000
"""MLflow's client sends at most 100 at once."""
_SOURCE_RUN = "mlflow.sourceRun"


def traces_of_experiment(experiment_id: str) -> str:
    return f"mlflow:traces:{experiment_id or '0'}"


def traces_of_run(run_id: str) -> str:
    return f"mlflow:run-traces:{run_id}"


# --------------------------------------------------------------------------- what is said


async def start_trace(call: Call, desk: Desk) -> Reply:
    """MLflow 3, at the end of a trace or, with a state IN_PROGRESS, before."""
    info = mapping(field(mapping(field(call.object(), "trace")), "trace_info"))
    trace_id = text(field(info, "trace_id"))
    if not trace_id:
        raise Invalid("trace_info names no trace_id")
    told = Fragment(object=TRACE + trace_id, kind="info", body=info)
    trace = fold_trace(TRACE + trace_id, [told])
    placed = Fragment(
        object=told.object,
        kind="info",
        body=info,
        collection=traces_of_experiment(trace.experiment_id),
    )
    reading = Reading(fragments=(placed, *_made_in_run(trace)))
    judged = [
        completed(one, trace_id=trace_id, now_ns=desk.now_ns())
        for one in items(info.get("assessments"))
        if isinstance(one, dict)
    ]
    await desk.keep(_with_assessments(reading, trace_id, judged))
    if is_trial(trace):
        await note_trials(desk, [trace_id])
    return Reply(body={"trace": {"trace_info": trace_info(trace)}})


async def start_old_trace(call: Call, desk: Desk) -> Reply:
    """MLflow 2: the server names the trace."""
    body = call.object()
    trace_id = f"tr-{uuid.uuid4().hex}"
    told = Fragment(
        object=TRACE + trace_id,
        kind="start",
        body=body,
        collection=traces_of_experiment(text(body.get("experiment_id"))),
    )
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={"trace_info": old_trace_info(fold_trace(told.object, [told]))})


async def end_old_trace(call: Call, desk: Desk) -> Reply:
    name = TRACE + call.path["trace_id"]
    told = Fragment(object=name, kind="end", body=call.object())
    await desk.keep(Reading(fragments=(told,)))
    await desk.settled()
    fragments = (await desk.objects([name])).get(name, [told])
    return Reply(body={"trace_info": old_trace_info(fold_trace(name, fragments))})


async def set_tag(call: Call, desk: Desk) -> Reply:
    body = call.object()
    if not text(body.get("key")):
        raise Invalid("a tag needs a key")
    await _keep_tag(call, desk, "tag", body)
    return Reply(body={})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    key = text(mapping(call.payload).get("key")) or call.one("key")
    await _keep_tag(call, desk, "untag", {"key": key})
    return Reply(body={})


async def _keep_tag(call: Call, desk: Desk, kind: str, body: dict[str, Any]) -> None:
    # The time makes setting a value, another and the first again three things, in their order.
    told = Fragment(
        object=TRACE + call.path["trace_id"], kind=kind, body=body, at_ns=call.received_ns
    )
    await desk.keep(Reading(fragments=(told,)))


async def link_prompts(call: Call, desk: Desk) -> Reply:
    body = call.object()
    trace_id = text(field(body, "trace_id"))
    if not trace_id:
        raise Invalid("link-prompts names no trace_id")
    linked = items(field(body, "prompt_versions"))
    told = Fragment(object=TRACE + trace_id, kind="prompts", body={"prompts": linked})
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={})


async def link_to_run(call: Call, desk: Desk) -> Reply:
    body = call.object()
    run_id = text(field(body, "run_id"))
    trace_ids = [found for one in items(field(body, "trace_ids")) if (found := text(one))]
    if not run_id or len(trace_ids) > _MAX_LINKED:
        raise Invalid(f"link-to-run needs a run_id and at most {_MAX_LINKED} trace_ids")
    await desk.keep(Reading(fragments=tuple(_linked(one, run_id) for one in trace_ids)))
    await note_trials(desk, trace_ids)
    return Reply(body={})


def _made_in_run(trace: TraceState) -> tuple[Fragment, ...]:
    run_id = trace.metadata.get(_SOURCE_RUN, "")
    if not run_id:
        return ()
    return (
        Fragment(
            object=TRACE + trace.trace_id,
            kind="made_in",
            body={"run_id": run_id},
            collection=traces_of_run(run_id),
        ),
    )


def _linked(trace_id: str, run_id: str) -> Fragment:
    return Fragment(
        object=TRACE + trace_id,
        kind="link",
        body={"run_id": run_id},
        collection=traces_of_run(run_id),
    )


def _with_assessments(reading: Reading, trace_id: str, judged: list[dict[str, Any]]) -> Reading:
    return Reading(
        fragments=(
            *reading.fragments,
            *(
                Fragment(
                    object=ASSESSMENT + one["assessment_id"],
                    kind="assessment",
                    body=one,
                    about=TRACE + trace_id,
                )
                for one in judged
            ),
        ),
        judgements=tuple(found for one in judged if (found := judgement(one)) is not None),
    )


# ------------------------------------------------------------------------- assessments


async def create_assessment(call: Call, desk: Desk) -> Reply:
    told = mapping(field(call.object(), "assessment"))
    if not text(field(told, "assessment_name")):
        raise Invalid("an assessment needs an assessment_name")
    trace_id = call.path["trace_id"]
    kept = completed(told, trace_id=trace_id, now_ns=desk.now_ns())
    reading = _with_assessments(Reading(), trace_id, [kept])
    overridden = await _overridden(desk, trace_id, text(told.get("overrides")))
    if overridden is not None:
        reading = structs.replace(reading, judgements=(*reading.judgements, overridden))
    await desk.keep(reading)
    if mapping(kept.get("metadata")).get("mlflow.assessment.sourceRunId"):
        await note_trials(desk, [trace_id])
    return Reply(body={"assessment": kept})


async def _overridden(desk: Desk, trace_id: str, assessment_id: str) -> Judgement | None:
    """The score of an assessment that another takes the place of, taken back."""
    if not assessment_id:
        return None
    await desk.settled()
    try:
        before = (await find_trace(desk, trace_id)).assessments.get(assessment_id)
    except NotFound:
        return None
    return judgement(before, taken_back=True) if before is not None else None


async def get_assessment(call: Call, desk: Desk) -> Reply:
    return Reply(body={"assessment": await _assessment(call, desk)})


async def update_assessment(call: Call, desk: Desk) -> Reply:
    before = await _assessment(call, desk)
    told = mapping(field(call.object(), "assessment"))
    now = completed({}, trace_id=call.path["trace_id"], now_ns=call.received_ns)
    changes = {
        **{
            name: value
            for name in ("assessment_name", "feedback", "expectation", "rationale", "metadata")
            if (value := field(told, name)) is not None
        },
        "assessment_id": before["assessment_id"],
        "last_update_time": now["last_update_time"],
    }
    after = {**before, **changes}
    scores = [found for found in (judgement(after),) if found is not None]
    if after.get("assessment_name") != before.get("assessment_name"):
        renamed = judgement(before, taken_back=True)
        scores += [renamed] if renamed is not None else []
    await desk.keep(
        Reading(fragments=(_changed(call, "assessment_change", changes),), judgements=tuple(scores))
    )
    return Reply(body={"assessment": after})


async def delete_assessment(call: Call, desk: Desk) -> Reply:
    before = await _assessment(call, desk)
    ended = judgement(before, taken_back=True)
    gone = {"assessment_id": before["assessment_id"]}
    await desk.keep(
        Reading(
            fragments=(_changed(call, "assessment_end", gone),),
            judgements=(ended,) if ended is not None else (),
        )
    )
    return Reply(body={})


def _changed(call: Call, kind: str, body: dict[str, Any]) -> Fragment:
    return Fragment(
        object=ASSESSMENT + body["assessment_id"],
        kind=kind,
        body=body,
        about=TRACE + call.path["trace_id"],
        at_ns=call.received_ns,
    )


async def _assessment(call: Call, desk: Desk) -> dict[str, Any]:
    await desk.settled()
    trace = await find_trace(desk, call.path["trace_id"])
    wanted = call.path["assessment_id"]
    found = trace.assessments.get(wanted)
    if found is None:
        raise NotFound(f"no assessment {wanted!r} of trace {trace.trace_id!r}")
    return found


# --------------------------------------------------------------------------- what is asked


async def get_info(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    trace = await find_trace(desk, call.path["trace_id"])
    return Reply(body={"trace": {"trace_info": trace_info(trace)}})


async def get_old_info(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    return Reply(body={"trace_info": old_trace_info(await find_trace(desk, call.path["trace_id"]))})


async def get_trace(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    return Reply(body={"trace": await _whole(desk, call.one("trace_id"))})


async def batch_get(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    found = []
    for trace_id in _asked_ids(call):
        try:
            found.append(await _whole(desk, trace_id))
        except NotFound:  # as MLflow's server: those that are there
            continue
    return Reply(body={"traces": found})


async def batch_get_infos(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    found = []
    for trace_id in _asked_ids(call):
        try:
            found.append(trace_info(await find_trace(desk, trace_id)))
        except NotFound:
            continue
    return Reply(body={"trace_infos": found})


def _asked_ids(call: Call) -> list[str]:
    asked = call.query.get("trace_ids") or items(mapping(call.payload).get("trace_ids"))
    return [trace_id for one in asked[:_MAX_LINKED] if (trace_id := text(one))]


async def _whole(desk: Desk, trace_id: str) -> dict[str, Any]:
    trace = await find_trace(desk, trace_id)
    spans = own_spans(trace_id, await find_spans(desk, trace))
    return {"trace_info": trace_info(trace), "spans": [otlp_span(span) for span in spans]}
