"""
Versions and aliases of MLflow's registered models, prompts of ours among them.
"""

import uuid
from contextlib import suppress
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Reading, Reply
from quarterdeck.receive.wires.mlflow import prompts
from quarterdeck.receive.wires.mlflow.filters import Test, Value, holds, parse
from quarterdeck.receive.wires.mlflow.model_state import (
    LOGGED,
    MODELS,
    ModelVersion,
    fold_logged_model,
    fold_model,
    model_answer,
    version_answer,
)
from quarterdeck.receive.wires.mlflow.proto_json import field, mapping, pairs, text, whole
from quarterdeck.receive.wires.mlflow.registry_calls import (
    asked,
    find_registered,
    keep,
    page_answer,
    said,
)
from quarterdeck.storage.records.prompts import (
    delete_version,
    remove_label,
    set_labels,
)

_MAX_RESULTS = 1_000
_LATEST = "latest"


# -------------------------------------------------------------------------------- aliases


async def set_alias(call: Call, desk: Desk) -> Reply:
    name, number = asked(call, "name"), whole(asked(call, "version"))
    if await prompts.find(desk, name) is None:
        return await keep(call, desk, name, "alias")
    if number is None:
        raise Invalid("an alias needs a version")
    await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=name,
        version=number,
        labels=[asked(call, "alias")],
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={})


async def delete_alias(call: Call, desk: Desk) -> Reply:
    name = asked(call, "name")
    if await prompts.find(desk, name) is None:
        return await keep(call, desk, name, "unalias")
    with suppress(NotFound):  # as MLflow's server: what is not there is gone
        await desk.records(
            remove_label,
            project_id=desk.project_id,
            name=name,
            label=asked(call, "alias"),
            moved_by=desk.actor,
            now_ns=desk.now_ns(),
        )
    return Reply(body={})


async def get_by_alias(call: Call, desk: Desk) -> Reply:
    name, alias = asked(call, "name"), asked(call, "alias")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        try:
            found = await prompts.version(desk, name, label=alias)
        except NotFound as error:
            raise NotFound(f"Registered model alias {alias} not found.") from error
        return Reply(body={"model_version": prompts.version_answer(prompt, found)})
    model = await find_registered(desk, name)
    newest = model.current[-1].number if model.current else None
    at = model.version(model.aliases.get(alias, newest if alias == _LATEST else None))
    if at is None:
        raise NotFound(f"Registered model alias {alias} not found.")
    return Reply(body={"model_version": version_answer(model, at)})


# ------------------------------------------------------------------------------- versions


async def create_version(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name, tags = text(body.get("name")), pairs(body.get("tags"))
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        made = await prompts.add_version(desk, name, body, tags)
        return Reply(body={"model_version": prompts.version_answer(prompt, made)})
    await find_registered(desk, name)
    token = uuid.uuid4().hex
    run_id = text(body.get("run_id")) or await _run_of_logged(desk, text(field(body, "model_id")))
    told = said(call, name, "version", {**body, "run_id": run_id, "token": token})
    await desk.keep(Reading(fragments=(told,)))
    model = await find_registered(desk, name)
    found = next((one for one in model.versions if one.token == token), None)
    if found is None:
        raise NotFound(f"Model Version (name={name}) is not stored yet")
    return Reply(body={"model_version": version_answer(model, found)})


async def get_version(call: Call, desk: Desk) -> Reply:
    return Reply(body={"model_version": await _version(call, desk)})


async def get_latest(call: Call, desk: Desk) -> Reply:
    name = asked(call, "name")
    prompt = await prompts.find(desk, name)
    whole_answer = (
        await prompts.answer(desk, prompt)
        if prompt is not None
        else model_answer(await find_registered(desk, name))
    )
    return Reply(body={"model_versions": whole_answer.get("latest_versions", [])})


async def get_download_uri(call: Call, desk: Desk) -> Reply:
    return Reply(body={"artifact_uri": (await _version(call, desk))["source"]})


async def update_version(call: Call, desk: Desk) -> Reply:
    said = {"description": asked(call, "description")}
    if not await _set_on_prompt(call, desk, said):
        await keep(call, desk, asked(call, "name"), "version_update")
    return Reply(body={"model_version": await _version(call, desk)})


async def set_version_tag(call: Call, desk: Desk) -> Reply:
    value = text(mapping(call.payload).get("value"))
    if not await _set_on_prompt(call, desk, {}, {asked(call, "key"): value}):
        await keep(call, desk, asked(call, "name"), "version_tag")
    return Reply(body={})


async def delete_version_tag(call: Call, desk: Desk) -> Reply:
    if not await _set_on_prompt(call, desk, {}, {asked(call, "key"): None}):
        await keep(call, desk, asked(call, "name"), "version_untag")
    return Reply(body={})


async def set_stage(call: Call, desk: Desk) -> Reply:
    if await prompts.find(desk, asked(call, "name")) is not None:
        raise Invalid("a prompt has no stages", hint="Set an alias.")
    await keep(call, desk, asked(call, "name"), "version_stage")
    return Reply(body={"model_version": await _version(call, desk)})


async def remove_version(call: Call, desk: Desk) -> Reply:
    name, number = asked(call, "name"), whole(asked(call, "version"))
    if await prompts.find(desk, name) is None:
        return await keep(call, desk, name, "version_delete")
    if number is None:
        raise Invalid("the call names no version")
    await desk.records(
        delete_version,
        project_id=desk.project_id,
        name=name,
        version=number,
        deleted_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={})


async def search_versions(call: Call, desk: Desk) -> Reply:
    tests = parse(asked(call, "filter"))
    named = next((str(t.value) for t in tests if t.key == "name" and t.compare == "="), "")
    prompt = await prompts.find(desk, named) if named else None
    found: list[dict[str, Any]]
    if prompt is not None:
        listed = await prompts.versions(desk, prompt, most=_MAX_RESULTS)
        found = [prompts.version_answer(prompt, one) for one in listed]
    else:
        await desk.settled()
        found = [
            version_answer(model, one)
            for name, fragments in (await desk.collection(MODELS)).items()
            for model in [fold_model(name, fragments)]
            for one in reversed(model.current)
        ]
    fitting = [one for one in found if _fits(one, tests)]
    return page_answer(call, "model_versions", fitting, [])


def _fits(found: dict[str, Any], tests: list[Test]) -> bool:
    tags = pairs(found.get("tags"))

    def look(key: str) -> Value:
        for prefix in ("tags.", "tag."):
            if key.startswith(prefix):
                return tags.get(key.removeprefix(prefix))
        match key:
            case "name" | "run_id" | "current_stage" | "source":
                return text(found.get(key)) or None
            case "source_path":
                return text(found.get("source")) or None
            case "version" | "version_number":
                return float(found["version"])
        raise Invalid(f"model versions can't be searched by {key!r}")

    return holds(tests, look)


async def _version(call: Call, desk: Desk) -> dict[str, Any]:
    name, number = asked(call, "name"), whole(asked(call, "version"))
    missing = f"Model Version (name={name}, version={asked(call, 'version')}) not found"
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        if number is None:
            raise NotFound(missing)
        try:
            return prompts.version_answer(prompt, await prompts.version(desk, name, number=number))
        except NotFound as error:
            raise NotFound(missing) from error
    model = await find_registered(desk, name)
    found: ModelVersion | None = model.version(number)
    if found is None:
        raise NotFound(missing)
    return version_answer(model, found)


async def _set_on_prompt(
    call: Call, desk: Desk, said: dict[str, Any], tags: dict[str, str | None] | None = None
) -> bool:
    """Whether it is a prompt: then what was said of one of its versions is kept beside it."""
    prompt = await prompts.find(desk, asked(call, "name"))
    number = whole(asked(call, "version"))
    if prompt is None:
        return False
    if number is None:
        raise Invalid("the call names no version")
    before = prompts.set_on_version(prompt, number)
    merged = {**before, **said, "tags": {**mapping(before.get("tags")), **(tags or {})}}
    await prompts.change(desk, prompt, of_version=(str(number), merged))
    return True


async def _run_of_logged(desk: Desk, model_id: str) -> str:
    name = LOGGED + model_id
    found = fold_logged_model(name, (await desk.objects([name])).get(name, []))
    return text(found["info"]["source_run_id"]) if found is not None else ""
