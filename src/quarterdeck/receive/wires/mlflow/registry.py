"""
MLflow's model registry: registered models, their versions and aliases.

What is marked as a prompt is a prompt of ours; all else is kept and read back.  A prompt comes
first where both have a name, as MLflow itself knows one name only.
"""

import uuid
from contextlib import suppress
from functools import partial
from typing import Any

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow import prompts
from quarterdeck.receive.wires.mlflow.filters import Test, Value, holds, parse
from quarterdeck.receive.wires.mlflow.model_state import (
    LOGGED,
    MODEL,
    MODELS,
    ModelState,
    ModelVersion,
    find_model,
    fold_logged_model,
    fold_model,
    model_answer,
    version_answer,
)
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, pairs, text, whole
from quarterdeck.storage.records.prompt_rows import Prompt
from quarterdeck.storage.records.prompts import (
    delete_prompt,
    delete_version,
    remove_label,
    set_labels,
)

_MAX_RESULTS = 1_000
_LATEST = "latest"


def _asked(call: Call, name: str) -> str:
    """A parameter that a GET has in its query, and a POST or DELETE in its body."""
    return text(field(mapping(call.payload), name)) or call.one(name)


def _missing(name: str) -> NotFound:
    return NotFound(f"Registered Model with name={name} not found")


async def _model(desk: Desk, name: str) -> ModelState:
    await desk.settled()
    found = await find_model(desk, name)
    if found is None:
        raise _missing(name)
    return found


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
    told = _said(call, name, "create", body)
    await desk.keep(Reading(fragments=(told,)))
    return Reply(body={"registered_model": model_answer(fold_model(told.object, [told]))})


async def get(call: Call, desk: Desk) -> Reply:
    name = _asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        return Reply(body={"registered_model": await prompts.answer(desk, prompt)})
    return Reply(body={"registered_model": model_answer(await _model(desk, name))})


async def update(call: Call, desk: Desk) -> Reply:
    name = _asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        await prompts.change(desk, prompt, description=_asked(call, "description"))
        changed = await prompts.find(desk, name) or prompt
        return Reply(body={"registered_model": await prompts.answer(desk, changed)})
    await _keep(call, desk, name, "update")
    return Reply(body={"registered_model": model_answer(await _model(desk, name))})


async def delete(call: Call, desk: Desk) -> Reply:
    name = _asked(call, "name")
    if await prompts.find(desk, name) is not None:
        await desk.records(delete_prompt, project_id=desk.project_id, name=name)
        return Reply(body={})
    return await _keep(call, desk, name, "delete")


async def search(call: Call, desk: Desk) -> Reply:
    tests = parse(_asked(call, "filter"))
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
    return _page(call, "registered_models", found, ["name ASC"])


async def set_tag(call: Call, desk: Desk) -> Reply:
    return await _tag(call, desk, {_asked(call, "key"): text(mapping(call.payload).get("value"))})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    return await _tag(call, desk, {_asked(call, "key"): None})


async def _tag(call: Call, desk: Desk, told: dict[str, str | None]) -> Reply:
    name = _asked(call, "name")
    prompt = await prompts.find(desk, name)
    if prompt is None:
        gone = None in told.values()
        return await _keep(call, desk, name, "untag" if gone else "tag")
    merged: dict[str, str | None] = {**prompts.tags_of(prompt), **told}
    await prompts.change(
        desk, prompt, tags={key: value for key, value in merged.items() if value is not None}
    )
    return Reply(body={})


# -------------------------------------------------------------------------------- aliases


async def set_alias(call: Call, desk: Desk) -> Reply:
    name, number = _asked(call, "name"), whole(_asked(call, "version"))
    if await prompts.find(desk, name) is None:
        return await _keep(call, desk, name, "alias")
    if number is None:
        raise Invalid("an alias needs a version")
    await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=name,
        version=number,
        labels=[_asked(call, "alias")],
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={})


async def delete_alias(call: Call, desk: Desk) -> Reply:
    name = _asked(call, "name")
    if await prompts.find(desk, name) is None:
        return await _keep(call, desk, name, "unalias")
    with suppress(NotFound):  # as MLflow's server: what is not there is gone
        await desk.records(
            remove_label,
            project_id=desk.project_id,
            name=name,
            label=_asked(call, "alias"),
            moved_by=desk.actor,
            now_ns=desk.now_ns(),
        )
    return Reply(body={})


async def get_by_alias(call: Call, desk: Desk) -> Reply:
    name, alias = _asked(call, "name"), _asked(call, "alias")
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        try:
            found = await prompts.version(desk, name, label=alias)
        except NotFound as error:
            raise NotFound(f"Registered model alias {alias} not found.") from error
        return Reply(body={"model_version": prompts.version_answer(prompt, found)})
    model = await _model(desk, name)
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
    await _model(desk, name)
    token = uuid.uuid4().hex
    run_id = text(body.get("run_id")) or await _run_of_logged(desk, text(field(body, "model_id")))
    told = _said(call, name, "version", {**body, "run_id": run_id, "token": token})
    await desk.keep(Reading(fragments=(told,)))
    model = await _model(desk, name)
    found = next((one for one in model.versions if one.token == token), None)
    if found is None:
        raise NotFound(f"Model Version (name={name}) is not stored yet")
    return Reply(body={"model_version": version_answer(model, found)})


async def get_version(call: Call, desk: Desk) -> Reply:
    return Reply(body={"model_version": await _version(call, desk)})


async def get_latest(call: Call, desk: Desk) -> Reply:
    name = _asked(call, "name")
    prompt = await prompts.find(desk, name)
    whole_answer = (
        await prompts.answer(desk, prompt)
        if prompt is not None
        else model_answer(await _model(desk, name))
    )
    return Reply(body={"model_versions": whole_answer.get("latest_versions", [])})


async def get_download_uri(call: Call, desk: Desk) -> Reply:
    return Reply(body={"artifact_uri": (await _version(call, desk))["source"]})


async def update_version(call: Call, desk: Desk) -> Reply:
    said = {"description": _asked(call, "description")}
    if not await _set_on_prompt(call, desk, said):
        await _keep(call, desk, _asked(call, "name"), "version_update")
    return Reply(body={"model_version": await _version(call, desk)})


async def set_version_tag(call: Call, desk: Desk) -> Reply:
    value = text(mapping(call.payload).get("value"))
    if not await _set_on_prompt(call, desk, {}, {_asked(call, "key"): value}):
        await _keep(call, desk, _asked(call, "name"), "version_tag")
    return Reply(body={})


async def delete_version_tag(call: Call, desk: Desk) -> Reply:
    if not await _set_on_prompt(call, desk, {}, {_asked(call, "key"): None}):
        await _keep(call, desk, _asked(call, "name"), "version_untag")
    return Reply(body={})


async def set_stage(call: Call, desk: Desk) -> Reply:
    if await prompts.find(desk, _asked(call, "name")) is not None:
        raise Invalid("a prompt has no stages", hint="Set an alias.")
    await _keep(call, desk, _asked(call, "name"), "version_stage")
    return Reply(body={"model_version": await _version(call, desk)})


async def remove_version(call: Call, desk: Desk) -> Reply:
    name, number = _asked(call, "name"), whole(_asked(call, "version"))
    if await prompts.find(desk, name) is None:
        return await _keep(call, desk, name, "version_delete")
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
    tests = parse(_asked(call, "filter"))
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
    return _page(call, "model_versions", fitting, [])


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
    name, number = _asked(call, "name"), whole(_asked(call, "version"))
    missing = f"Model Version (name={name}, version={_asked(call, 'version')}) not found"
    prompt = await prompts.find(desk, name)
    if prompt is not None:
        if number is None:
            raise NotFound(missing)
        try:
            return prompts.version_answer(prompt, await prompts.version(desk, name, number=number))
        except NotFound as error:
            raise NotFound(missing) from error
    model = await _model(desk, name)
    found: ModelVersion | None = model.version(number)
    if found is None:
        raise NotFound(missing)
    return version_answer(model, found)


async def _set_on_prompt(
    call: Call, desk: Desk, said: dict[str, Any], tags: dict[str, str | None] | None = None
) -> bool:
    """Whether it is a prompt: then what was said of one of its versions is kept beside it."""
    prompt = await prompts.find(desk, _asked(call, "name"))
    number = whole(_asked(call, "version"))
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


# --------------------------------------------------------------------------------- shared


async def _keep(call: Call, desk: Desk, name: str, kind: str) -> Reply:
    if not name:
        raise Invalid("the call names no registered model")
    body = {**{key: call.one(key) for key in call.query}, **mapping(call.payload)}
    await desk.keep(Reading(fragments=(_said(call, name, kind, body),)))
    return Reply(body={})


def _said(call: Call, name: str, kind: str, body: dict[str, Any]) -> Fragment:
    return Fragment(
        object=MODEL + name,
        kind=kind,
        body=body,
        collection=MODELS if kind == "create" else "",
        at_ns=call.received_ns,
    )


def _page(call: Call, key: str, found: list[dict[str, Any]], order: list[str]) -> Reply:
    most = whole(_asked(call, "max_results")) or 100
    wanted = list(call.query.get("order_by", ())) or [
        text(one) for one in items(mapping(call.payload).get("order_by"))
    ]
    ordered = sorted_by(found, wanted or order, _listed)
    page, following = page_of(ordered, _asked(call, "page_token"), min(max(1, most), _MAX_RESULTS))
    return Reply(body={key: page, **({"next_page_token": following} if following else {})})


def _listed(found: dict[str, Any], key: str) -> Value:
    if key in ("version", "version_number"):
        return float(found["version"])
    plain = {"timestamp": "last_updated_timestamp", "last_updated_timestamp": key}.get(key, key)
    value = found.get(plain)
    return float(value) if isinstance(value, int) else text(value) or None


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
