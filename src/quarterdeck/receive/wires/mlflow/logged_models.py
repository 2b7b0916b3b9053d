"""
Logged models: what `log_model` tells of a model beside its files.
"""

import uuid
from functools import partial
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow.filters import Value, holds, parse
from quarterdeck.receive.wires.mlflow.model_state import LOGGED, fold_logged_model
from quarterdeck.receive.wires.mlflow.pages import page_of
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, pairs, text, whole

_MAX_RESULTS = 100


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    model_id = f"m-{uuid.uuid4().hex}"
    experiment_id = text(field(body, "experiment_id")) or "0"
    told = Fragment(
        object=LOGGED + model_id,
        kind="create",
        body=body,
        collection=_of_experiment(experiment_id),
        at_ns=call.received_ns,
    )
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={"model": fold_logged_model(told.object, [told])})


async def get(call: Call, desk: Desk) -> Reply:
    return Reply(body={"model": await find(call, desk)})


async def finalize(call: Call, desk: Desk) -> Reply:
    await _keep(call, desk, "status", call.object())
    return Reply(body={"model": await find(call, desk)})


async def set_tags(call: Call, desk: Desk) -> Reply:
    await _keep(call, desk, "tags", call.object())
    return Reply(body={})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    await _keep(call, desk, "untag", {"key": call.path["tag_key"]})
    return Reply(body={})


async def log_params(call: Call, desk: Desk) -> Reply:
    await _keep(call, desk, "params", call.object())
    return Reply(body={})


async def delete(call: Call, desk: Desk) -> Reply:
    await _keep(call, desk, "delete", {})
    return Reply(body={})


async def search(call: Call, desk: Desk) -> Reply:
    body = call.object()
    tests = parse(text(body.get("filter")))
    await desk.settled()
    found: list[dict[str, Any]] = []
    for one in items(field(body, "experiment_ids")):
        listed = await desk.collection(_of_experiment(text(one)))
        models = (fold_logged_model(name, fragments) for name, fragments in listed.items())
        found += (
            model for model in models if model is not None and holds(tests, partial(_look, model))
        )
    most = whole(field(body, "max_results")) or _MAX_RESULTS
    page, following = page_of(
        found[::-1], text(field(body, "page_token")), min(max(1, most), _MAX_RESULTS)
    )
    return Reply(body={"models": page, **({"next_page_token": following} if following else {})})


def _of_experiment(experiment_id: str) -> str:
    return f"mlflow:logged-models:{experiment_id}"


async def _keep(call: Call, desk: Desk, kind: str, body: dict[str, Any]) -> None:
    told = Fragment(
        object=LOGGED + call.path["model_id"], kind=kind, body=body, at_ns=call.received_ns
    )
    await desk.keep(Reading(fragments=(told,)))


async def find(call: Call, desk: Desk) -> dict[str, Any]:
    await desk.settled()
    name = LOGGED + call.path["model_id"]
    found = fold_logged_model(name, (await desk.objects([name])).get(name, []))
    if found is None:
        raise NotFound(f"Logged model with ID {call.path['model_id']!r} not found.")
    return found


def _look(model: dict[str, Any], key: str) -> Value:
    info, data = mapping(model["info"]), mapping(model["data"])
    if key.startswith("tags."):
        return pairs(info.get("tags")).get(key.removeprefix("tags."))
    if key.startswith("params."):
        return pairs(data.get("params")).get(key.removeprefix("params."))
    plain = key.removeprefix("attributes.")
    if plain in info:
        value = info[plain]
        return float(value) if isinstance(value, int) else text(value)
    raise Invalid(f"logged models can't be searched by {key!r}")
