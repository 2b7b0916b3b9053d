"""
Prompts by slug, as Braintrust's clients load and publish them.

A prompt's name is its slug, so that one which another product's SDK committed is found here too;
only when two of Braintrust's projects use the same slug does the second get the project's id
before it.  A version is a transaction number: ours are a constant plus the version, and a prompt
that was brought over with a number of its own (`_xact_id`) is found by that one too, so that an
application that pinned a version keeps running.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.braintrust.projects import (
    id_of,
    name_in,
    organization_id,
    project_id_of,
    project_in,
)
from quarterdeck.receive.wires.braintrust.transactions import number_of, transaction
from quarterdeck.storage.records.prompts import (
    PromptContent,
    PromptVersion,
    commit_prompt,
    find_prompt,
    find_version,
)

SOURCE = "braintrust"
_PLAIN_OPTIONS = frozenset({"model", "params"})


# -- reading ----------------------------------------------------------------------------------


async def load_prompts(call: Call, desk: Desk) -> Reply:
    """`GET /v1/prompt`: the one that fits, or an empty list."""
    slug = call.one("slug") or call.one("prompt_name")
    project_id = call.one("project_id")
    if not project_id and call.one("project_name"):
        project_id = project_id_of(desk, call.one("project_name"))
    try:
        name = await _name_of(desk, slug, project_id)
        found = await _version(call, desk, name=name)
    except NotFound:
        return Reply(body={"objects": []})
    return Reply(body={"objects": [_shown(desk, found, slug=slug, project_id=project_id)]})


async def load_prompt(call: Call, desk: Desk) -> Reply:
    """`GET /v1/prompt/{id}`."""
    found = await _version(call, desk, prompt_id=call.path["prompt_id"])
    return Reply(body=_shown(desk, found))


async def _name_of(desk: Desk, slug: str, project_id: str) -> str:
    """Raises `NotFound`."""
    if not slug:
        raise NotFound("a prompt is found by its slug")
    for name in (_qualified(project_id, slug), slug) if project_id else (slug,):
        try:
            prompt = await desk.records(find_prompt, project_id=desk.project_id, name=name)
        except NotFound:
            continue
        home = prompt.metadata.get(SOURCE)
        owner = home.get("project_id") if isinstance(home, dict) else None
        if name != slug or not project_id or owner in (None, "", project_id):
            return name
    raise NotFound(f"no prompt {slug[:80]!r}")


def _qualified(project_id: str, slug: str) -> str:
    return f"{project_id}/{slug}"


async def _version(call: Call, desk: Desk, **which: str) -> PromptVersion:
    """The one asked for by `version` or `environment` (a label), else the newest."""
    spelled, environment = call.one("version"), call.one("environment")
    wanted: dict[str, Any] = {"project_id": desk.project_id, **which}
    if not spelled:
        if environment:
            wanted["label"] = environment
        return await desk.records(find_version, **wanted)
    number = number_of(spelled)
    if number is not None:
        return await desk.records(find_version, **wanted, version=number)
    newest = await desk.records(find_version, **wanted)
    version_id = _version_id(desk, newest.name, spelled)
    return await desk.records(find_version, **wanted, version_id=version_id)


def _version_id(desk: Desk, name: str, spelled: str) -> str:
    """Of a version that was brought over with a transaction number of its own."""
    return id_of(desk, "prompt version", name, spelled)


def _shown(
    desk: Desk, found: PromptVersion, *, slug: str = "", project_id: str = ""
) -> dict[str, Any]:
    kept = found.content.source.get(SOURCE)
    kept = kept if isinstance(kept, dict) else {}
    told = kept.get("row")
    told = told if isinstance(told, dict) else {}
    data = kept.get("prompt_data")
    return {
        "id": found.prompt_id,
        "_xact_id": told.get("_xact_id") or transaction(found.version),
        "project_id": project_id or told.get("project_id") or "",
        "log_id": "p",
        "org_id": organization_id(desk),
        "name": told.get("name") or found.name,
        "slug": slug or told.get("slug") or found.name,
        "description": told.get("description"),
        "created": to_rfc3339(found.created_ns),
        "prompt_data": data if isinstance(data, dict) else _data_of(found.content),
        "tags": told.get("tags"),
        "metadata": told.get("metadata"),
        "function_type": None,
    }


def _data_of(content: PromptContent) -> dict[str, Any]:
    """Of a prompt that came from elsewhere."""
    block: dict[str, Any]
    if content.kind == "chat":
        block = {"type": "chat", "messages": list(content.messages)}
        if content.tools:
            block["tools"] = orjson.dumps(content.tools).decode()
    else:
        block = {"type": "completion", "content": content.text}
    parameters = dict(content.parameters)
    if content.response_format is not None:
        parameters.setdefault("response_format", content.response_format)
    options: dict[str, Any] = {"model": content.model} if content.model else {}
    if parameters:
        options["params"] = parameters
    found: dict[str, Any] = {"prompt": block, "options": options}
    if content.templating == "none":
        found["template_format"] = "none"
    return found


# -- publishing -------------------------------------------------------------------------------


async def publish(call: Call, desk: Desk) -> Reply:
    """`/insert-functions`: prompts among functions; code is not kept, and is refused."""
    functions = call.object().get("functions")
    if not isinstance(functions, list):
        raise Invalid("expected a list of `functions`")
    wanted = [one for one in functions if isinstance(one, dict)]
    for one in wanted:
        told = one.get("function_data")
        kind = told.get("type") if isinstance(told, dict) else None
        if kind != "prompt" or not isinstance(one.get("prompt_data"), dict):
            raise Invalid(
                f"functions of type {kind!r} are not kept, prompts are",
                hint="Publish prompts alone.",
            )
    made = []
    for one in wanted:
        found, existed = await _commit(desk, one)
        made.append({**_named(one, found), "found_existing": existed})
    return Reply(body={"functions": made})


async def make_prompt(call: Call, desk: Desk) -> Reply:
    """`POST /v1/prompt` and `PUT`: one prompt as Braintrust's API has it."""
    body = call.object()
    found, _ = await _commit(desk, {"if_exists": "replace", **body})
    return Reply(body=_shown(desk, found))


def _named(told: Mapping[str, Any], found: PromptVersion) -> dict[str, Any]:
    return {
        "id": found.prompt_id,
        "project_id": told.get("project_id"),
        "name": told.get("name"),
        "slug": told.get("slug"),
        "_xact_id": told.get("_xact_id") or transaction(found.version),
    }


async def _commit(desk: Desk, told: Mapping[str, Any]) -> tuple[PromptVersion, bool]:
    """The version, and whether the prompt was there before.  Equal content is no new version."""
    slug = name_in(told, "slug")
    project_id = told.get("project_id")
    if not isinstance(project_id, str) or not project_id:
        project_id = str((await project_in(told, desk))["id"])
    name, exists = await _name_for(desk, slug, project_id)
    if exists and told.get("if_exists") == "error":
        raise Conflict(f"prompt {slug!r} exists already")
    if exists and told.get("if_exists") == "ignore":
        return await desk.records(find_version, project_id=desk.project_id, name=name), True
    spelled = told.get("_xact_id")
    description = told.get("description")
    found = await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=name,
        content=_content_of({**told, "project_id": project_id}),
        description=description if isinstance(description, str) else None,
        metadata={SOURCE: {"project_id": project_id}} if not exists else None,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        version_id=_version_id(desk, name, spelled) if isinstance(spelled, str) else "",
        reuse_equal=not isinstance(spelled, str),
    )
    return found, exists


async def _name_for(desk: Desk, slug: str, project_id: str) -> tuple[str, bool]:
    """The name of a prompt to be written, and whether it is there."""
    try:
        return await _name_of(desk, slug, project_id), True
    except NotFound:
        pass
    try:
        await desk.records(find_prompt, project_id=desk.project_id, name=slug)
    except NotFound:
        return slug, False
    return _qualified(project_id, slug), False


def _content_of(told: Mapping[str, Any]) -> PromptContent:
    """What a model would see; the rest stays beside it as it came."""
    data = told.get("prompt_data")
    data = data if isinstance(data, dict) else {}
    block = _object(data, "prompt")
    options = _object(data, "options")
    parameters = dict(_object(options, "params"))
    response_format = parameters.pop("response_format", None)
    model, template = options.get("model"), data.get("template_format")
    messages = block.get("messages")
    text = block.get("content")
    is_chat = block.get("type") != "completion"
    row = {
        name: told[name]
        for name in ("project_id", "name", "slug", "description", "tags", "metadata", "_xact_id")
        if told.get(name) is not None
    }
    return PromptContent(
        kind="chat" if is_chat else "text",
        text=text if isinstance(text, str) and not is_chat else "",
        messages=tuple(one for one in messages if isinstance(one, dict))
        if is_chat and isinstance(messages, list)
        else (),
        templating=template if isinstance(template, str) else "mustache",
        model=model if isinstance(model, str) else "",
        parameters=parameters,
        tools=_tools_of(block.get("tools")),
        response_format=response_format,
        source={SOURCE: {"row": row, "prompt_data": data}},
    )


def _object(within: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = within.get(name)
    return found if isinstance(found, dict) else {}


def _tools_of(told: Any) -> tuple[Any, ...]:
    """Braintrust keeps tools as JSON text."""
    if isinstance(told, str) and told.strip():
        try:
            told = orjson.loads(told)
        except orjson.JSONDecodeError:
            return ()
    return tuple(told) if isinstance(told, list) else ()
