"""
Phoenix's prompts: versions with a template and what to call the model with; tags point at them.

A version is given back as it came.  One that another client made is told in Phoenix's words.
"""

from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.phoenix.json_values import (
    items,
    mapping,
    next_cursor,
    page_asked,
    text,
)
from quarterdeck.receive.wires.phoenix.node_ids import node_id, own_id, own_id_or_none
from quarterdeck.storage.records.prompt_rows import Prompt, PromptContent, PromptVersion
from quarterdeck.storage.records.prompts import (
    commit_prompt,
    delete_prompt,
    find_prompt,
    find_version,
    list_prompts,
    list_versions,
    set_labels,
    update_prompt,
)

_OWN = "phoenix"
_TEMPLATING = {"MUSTACHE": "mustache", "F_STRING": "f-string", "NONE": "none"}
_FORMATS = {ours: theirs for theirs, ours in _TEMPLATING.items()}
_PROVIDERS = frozenset(
    {"OPENAI", "AZURE_OPENAI", "ANTHROPIC", "GOOGLE", "DEEPSEEK", "XAI", "OLLAMA", "AWS",
     "CEREBRAS", "FIREWORKS", "GROQ", "MOONSHOT", "PERPLEXITY", "TOGETHER"}
)  # fmt: skip
"""Those that the client knows; it refuses a version of any other."""
_ROLES = frozenset({"user", "assistant", "model", "ai", "tool", "system", "developer"})
_MAX_VERSIONS = 1_000


# --------------------------------------------------------------------------- what is said


async def create(call: Call, desk: Desk) -> Reply:
    """A prompt that is there gets a version more."""
    body = call.object()
    prompt = mapping(body.get("prompt"))
    name = text(prompt.get("name"))
    if not name:
        raise Invalid("a prompt needs a name")
    described = prompt.get("description")
    metadata = prompt.get("metadata")
    made = await _commit(
        desk,
        name,
        mapping(body.get("version")),
        description=text(described) if described is not None else None,
        metadata=metadata if isinstance(metadata, dict) else None,
    )
    return Reply(body={"data": _version(made)})


async def create_version(call: Call, desk: Desk) -> Reply:
    body = call.object()
    prompt = await _prompt(call, desk)
    made = await _commit(desk, prompt.name, mapping(body.get("version")))
    tags = [name for one in items(body.get("tags")) if (name := text(mapping(one).get("name")))]
    if tags:
        await _tag(desk, made, tags)
    return Reply(body={"data": _version(made)})


async def tag_version(call: Call, desk: Desk) -> Reply:
    name = text(call.object().get("name"))
    if not name:
        raise Invalid("a tag needs a name")
    await _tag(desk, await _by_id(call, desk), [name])
    return Reply(status=204)


async def change(call: Call, desk: Desk) -> Reply:
    prompt, body = await _prompt(call, desk), call.object()
    described, metadata = body.get("description"), body.get("metadata")
    changed = await desk.records(
        update_prompt,
        project_id=desk.project_id,
        name=prompt.name,
        description=text(described) if "description" in body else None,
        metadata=mapping(metadata) if "metadata" in body else None,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"data": _answer(changed)})


async def delete(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    await desk.records(delete_prompt, project_id=desk.project_id, name=prompt.name)
    return Reply(status=204)


async def _commit(
    desk: Desk,
    name: str,
    told: dict[str, Any],
    *,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> PromptVersion:
    if not isinstance(told.get("template"), dict):
        raise Invalid("a version needs a template")
    return await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=name,
        content=content_of(told),
        message=text(told.get("description")),
        description=description,
        metadata=metadata,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )


async def _tag(desk: Desk, version: PromptVersion, tags: list[str]) -> None:
    await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=version.name,
        version=version.version,
        labels=tags,
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )


# --------------------------------------------------------------------------- what is asked


async def get_version(call: Call, desk: Desk) -> Reply:
    return Reply(body={"data": _version(await _by_id(call, desk))})


async def get_latest(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    found = await desk.records(find_version, project_id=desk.project_id, name=prompt.name)
    return Reply(body={"data": _version(found)})


async def get_by_tag(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    found = await desk.records(
        find_version, project_id=desk.project_id, name=prompt.name, label=call.path["tag"]
    )
    return Reply(body={"data": _version(found)})


async def list_tags(call: Call, desk: Desk) -> Reply:
    version = await _by_id(call, desk)
    tags = [
        {"id": node_id("PromptVersionTag", f"{version.version_id}/{label}"), "name": label}
        for label in version.labels
    ]
    return Reply(body={"data": tags, "next_cursor": None})


async def list_all(call: Call, desk: Desk) -> Reply:
    first, most = page_asked(call, 100)
    found, total = await desk.records(
        list_prompts, project_id=desk.project_id, limit=most, offset=first
    )
    shown = [_answer(prompt) for prompt in found]
    return Reply(body={"data": shown, "next_cursor": next_cursor(first, len(shown), total)})


async def list_all_versions(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    first, most = page_asked(call, 100)
    found = await desk.records(
        list_versions, project_id=desk.project_id, name=prompt.name, limit=_MAX_VERSIONS
    )
    shown = [_version(version) for version in found[first : first + most]]
    return Reply(body={"data": shown, "next_cursor": next_cursor(first, len(shown), len(found))})


async def _prompt(call: Call, desk: Desk) -> Prompt:
    given = call.path["prompt"]
    wanted = own_id_or_none("Prompt", given)
    key = {"prompt_id": wanted} if wanted else {"name": given}
    return await desk.records(find_prompt, project_id=desk.project_id, **key)


async def _by_id(call: Call, desk: Desk) -> PromptVersion:
    given = call.path["version_id"]
    try:
        return await desk.records(
            find_version,
            project_id=desk.project_id,
            version_id=own_id("PromptVersion", given),
        )
    except NotFound as error:
        raise NotFound(f"no prompt version {given[:80]!r}") from error


# ------------------------------------------------------------------------- translation


def content_of(told: dict[str, Any]) -> PromptContent:
    template = mapping(told.get("template"))
    is_chat = template.get("type") == "chat" or isinstance(template.get("messages"), list)
    parameters = mapping(told.get("invocation_parameters"))
    tools = mapping(told.get("tools"))
    return PromptContent(
        kind="chat" if is_chat else "text",
        text="" if is_chat else text(template.get("template")),
        messages=tuple(one for one in items(template.get("messages")) if isinstance(one, dict))
        if is_chat
        else (),
        templating=_TEMPLATING.get(text(told.get("template_format")), ""),
        model=text(told.get("model_name")),
        provider=text(told.get("model_provider")).lower(),
        parameters=mapping(parameters.get(text(parameters.get("type")))),
        tools=tuple(items(tools.get("tools"))),
        response_format=told.get("response_format"),
        source={_OWN: told},
    )


def _version(found: PromptVersion) -> dict[str, Any]:
    told = mapping(found.content.source.get(_OWN))
    shown = dict(told) if told else _told(found.content)
    return {**shown, "description": found.message, "id": node_id("PromptVersion", found.version_id)}


def _told(content: PromptContent) -> dict[str, Any]:
    """What another client made."""
    provider = content.provider.upper().replace("-", "_")
    known = provider if provider in _PROVIDERS else "OPENAI"
    if content.kind == "chat":
        messages = [
            {
                "role": role if (role := text(one.get("role")).lower()) in _ROLES else "user",
                "content": one.get("content")
                if isinstance(one.get("content"), str | list)
                else text(one.get("content")),
            }
            for one in content.messages
        ]
        template: dict[str, Any] = {"type": "chat", "messages": messages}
    else:
        template = {"type": "string", "template": content.text}
    family = known.lower()
    shown: dict[str, Any] = {
        "model_provider": known,
        "model_name": content.model,
        "template": template,
        "template_type": "CHAT" if content.kind == "chat" else "STR",
        "template_format": _FORMATS.get(content.templating, "MUSTACHE"),
        "invocation_parameters": {"type": family, family: content.parameters},
    }
    return shown


def _answer(prompt: Prompt) -> dict[str, Any]:
    return {
        "id": node_id("Prompt", prompt.prompt_id),
        "name": prompt.name,
        "description": prompt.description,
        "metadata": prompt.metadata,
    }
