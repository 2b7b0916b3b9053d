"""
MLflow's experiments: named folders of runs and traces.
"""

from functools import partial

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow.filters import Value, holds, parse
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, text, whole
from quarterdeck.receive.wires.mlflow.run_state import (
    DEFAULT_ID,
    EXPERIMENT,
    EXPERIMENTS,
    ExperimentState,
    experiment_answer,
    experiment_id_of,
    fold_experiment,
)

_MAX_RESULTS = 50_000
_MAX_SAME_NAME = 20
"""Experiments that once had one name and were given others since."""


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name = text(body.get("name"))
    if not name:
        raise Invalid("an experiment needs a name")
    await desk.settled()
    if await _by_name(desk, name) is not None:
        raise Conflict(f"Experiment {name!r} already exists.")
    experiment_id = await _free_id(desk, name)
    made = Fragment(
        object=EXPERIMENT + experiment_id,
        kind="create",
        body=body,
        collection=EXPERIMENTS,
        at_ns=call.received_ns,
    )
    await desk.keep(Reading(fragments=(made,)))
    return Reply(body={"experiment_id": experiment_id})


async def get(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    wanted = call.one("experiment_id")
    found = await _by_id(desk, wanted)
    if found is None:
        raise NotFound(f"No Experiment with id={wanted} exists")
    return Reply(body={"experiment": experiment_answer(found)})


async def get_by_name(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    wanted = call.one("experiment_name")
    found = await _by_name(desk, wanted)
    if found is None:
        raise NotFound(f"Could not find experiment with name {wanted!r}")
    return Reply(body={"experiment": experiment_answer(found)})


async def search(call: Call, desk: Desk) -> Reply:
    asked = mapping(call.payload)
    tests = parse(text(asked.get("filter")) or call.one("filter"))
    view = text(field(asked, "view_type")) or call.one("view_type", "ACTIVE_ONLY")
    most = whole(field(asked, "max_results")) or call.number("max_results", 1000, most=_MAX_RESULTS)
    order = [text(one) for one in items(field(asked, "order_by"))] or list(
        call.query.get("order_by", ())
    )
    await desk.settled()
    found = [
        one
        for one in await _all(desk)
        if view == "ALL" or one.is_deleted == (view == "DELETED_ONLY")
        if holds(tests, partial(_look, one))
    ]
    ordered = sorted_by(found, order or ["creation_time DESC"], _look)
    page, following = page_of(
        ordered, text(field(asked, "page_token")) or call.one("page_token"), most
    )
    answer = {"experiments": [experiment_answer(one) for one in page]}
    return Reply(body={**answer, **({"next_page_token": following} if following else {})})


async def rename(call: Call, desk: Desk) -> Reply:
    return await _change(call, desk, "update")


async def set_tag(call: Call, desk: Desk) -> Reply:
    return await _change(call, desk, "tag")


async def delete_tag(call: Call, desk: Desk) -> Reply:
    return await _change(call, desk, "untag")


async def delete(call: Call, desk: Desk) -> Reply:
    """As in MLflow, it is only marked: its runs, traces and sessions stay."""
    return await _change(call, desk, "delete")


async def restore(call: Call, desk: Desk) -> Reply:
    return await _change(call, desk, "restore")


async def _change(call: Call, desk: Desk, kind: str) -> Reply:
    body = call.object()
    experiment_id = text(field(body, "experiment_id"))
    if not experiment_id:
        raise Invalid("the call names no experiment_id")
    told = Fragment(object=EXPERIMENT + experiment_id, kind=kind, body=body, at_ns=call.received_ns)
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={})


async def _by_id(desk: Desk, experiment_id: str) -> ExperimentState | None:
    name = EXPERIMENT + experiment_id
    fragments = (await desk.objects([name])).get(name, [])
    # The default experiment is there before anybody makes it.
    found = fold_experiment(name, fragments)
    return found if found.name else None


async def _by_name(desk: Desk, name: str) -> ExperimentState | None:
    if name == "Default":
        return await _by_id(desk, DEFAULT_ID)
    usual = await _by_id(desk, experiment_id_of(name))
    if usual is not None and usual.name == name:
        return usual
    return next((one for one in await _all(desk) if one.name == name), None)


async def _free_id(desk: Desk, name: str) -> str:
    for attempt in range(_MAX_SAME_NAME):
        wanted = experiment_id_of(name, attempt=attempt)
        if await _by_id(desk, wanted) is None:
            return wanted
    raise Conflict(f"{_MAX_SAME_NAME} experiments were made as {name!r} and renamed since")


async def _all(desk: Desk) -> list[ExperimentState]:
    found = await desk.collection(EXPERIMENTS)
    told = [fold_experiment(name, fragments) for name, fragments in found.items()]
    default = await _by_id(desk, DEFAULT_ID)
    return [*([default] if default is not None else []), *told]


def _look(found: ExperimentState, key: str) -> Value:
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return found.tags.get(key.removeprefix(prefix))
    match key.removeprefix("attributes.").removeprefix("attribute."):
        case "name":
            return found.name
        case "experiment_id":
            return found.experiment_id
        case "creation_time":
            return float(found.created_ns)
        case "last_update_time":
            return float(found.updated_ns)
    raise Invalid(f"experiments can't be searched by {key!r}")
