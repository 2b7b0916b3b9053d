"""
MLflow's model registry: registered models, their versions and aliases.

What is marked as a prompt is a prompt of ours; all else is kept and read back.  A prompt comes
first where both have a name, as MLflow itself knows one name only.
"""

from functools import partial
from typing import Any

from quarterdeck.errors import Conflict, Invalid
from quarterdeck.receive.wire import Call, Desk, Reading, Reply
from quarterdeck.receive.wires.mlflow import prompts
from quarterdeck.receive.wires.mlflow.filters import Value, holds, parse
from quarterdeck.receive.wires.mlflow.model_state import (
    MODELS,
    ModelState,
    find_model,
    fold_model,
    model_answer,
)
from quarterdeck.receive.wires.mlflow.proto_json import mapping, pairs, text
from quarterdeck.receive.wires.mlflow.registry_calls import (
    asked,
    find_registered,
    keep,
    page_answer,
    said,
)
from quarterdeck.storage.records.prompt_rows import Prompt
from quarterdeck.storage.records.prompts import (
    delete_prompt,
)

_MAX_RESULTS = 1_000


# ---------------------------------------------------------------------- registered models


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name, tags = text(body.get("name")), pairs(body.get("tags"))
    if not name:
        raise Invalid("a registered model needs a name")
    taken = f"Registered Model (name={name}) already exists."
    if await prompts.find(desk, name) is not None:
        raise Conflict(taken)
    if tags.get(prompts.IS_PROMPT) == "true":
        made = await prompts.create(desk, name, text(body.get("description")), tags)
        return Reply(body={"registered_model": await prompts.answer(desk, made)})
    await desk.settled()
    if await find_model(desk, name) is not None:
        raise Conflict(taken)
    told = said(call, name, "create", body)
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={"registered_model": model_answer(fold_model(told.object, [told]))})


async def get(call: Call, desk: Desk) -> Reply:
    name = asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        return Reply(body={"registered_model": await prompts.answer(desk, prompt)})
    return Reply(body={"registered_model": model_answer(await find_registered(desk, name))})


async def update(call: Call, desk: Desk) -> Reply:
    name = asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        await prompts.change(desk, prompt, description=asked(call, "description"))
        changed = await prompts.find(desk, name) or prompt
        return Reply(body={"registered_model": await prompts.answer(desk, changed)})
    await keep(call, desk, name, "update")
    return Reply(body={"registered_model": model_answer(await find_registered(desk, name))})


async def delete(call: Call, desk: Desk) -> Reply:
    name = asked(call, "name")
    if await prompts.find(desk, name) is not None:
        await desk.records(delete_prompt, project_id=desk.project_id, name=name)
        return Reply(body={})
    return await keep(call, desk, name, "delete")


async def search(call: Call, desk: Desk) -> Reply:
    tests = parse(asked(call, "filter"))
    wanted = [test for test in tests if test.key.endswith(prompts.IS_PROMPT)]
    rest = [test for test in tests if test not in wanted]
    found: list[dict[str, Any]]
    if any(test.compare == "=" and test.value == "true" for test in wanted):
        listed = await prompts.every(desk, most=_MAX_RESULTS)
        fitting = [one for one in listed if holds(rest, partial(_look_at_prompt, one))]
        found = [await prompts.answer(desk, one) for one in fitting]
    else:
        await desk.settled()
        models = [
            fold_model(name, fragments)
            for name, fragments in (await desk.collection(MODELS)).items()
        ]
        found = [
            model_answer(one)
            for one in models
            if one.is_there and holds(rest, partial(_look_at_model, one))
        ]
    return page_answer(call, "registered_models", found, ["name ASC"])


async def set_tag(call: Call, desk: Desk) -> Reply:
    return await _tag(call, desk, {asked(call, "key"): text(mapping(call.payload).get("value"))})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    return await _tag(call, desk, {asked(call, "key"): None})


async def _tag(call: Call, desk: Desk, told: dict[str, str | None]) -> Reply:
    name = asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is None:
        gone = None in told.values()
        return await keep(call, desk, name, "untag" if gone else "tag")
    merged: dict[str, str | None] = {**prompts.tags_of(prompt), **told}
    await prompts.change(
        desk, prompt, tags={key: value for key, value in merged.items() if value is not None}
    )
    return Reply(body={})


def _look_at_prompt(prompt: Prompt, key: str) -> Value:
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return prompts.tags_of(prompt).get(key.removeprefix(prefix))
    if key == "name":
        return prompt.name
    raise Invalid(f"prompts can't be searched by {key!r}")


def _look_at_model(model: ModelState, key: str) -> Value:
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return model.tags.get(key.removeprefix(prefix))
    if key == "name":
        return model.name
    raise Invalid(f"registered models can't be searched by {key!r}")
