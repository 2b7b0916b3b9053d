"""
Prompts as MLflow sees them: registered models and versions that are marked by tags.

The template is a tag of the version, its kind another.  All tags are kept as they came and given
back so; a prompt that another client made is told in the same tags.  Tags that are set later on a
version are kept beside it: a version itself never changes.
"""

import json
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Desk
from quarterdeck.receive.wires.mlflow.proto_json import items, mapping, pair_list, pairs, text
from quarterdeck.storage.records.prompt_labels import list_labels
from quarterdeck.storage.records.prompt_rows import Prompt, PromptContent, PromptVersion
from quarterdeck.storage.records.prompts import (
    commit_prompt,
    create_prompt,
    find_prompt,
    find_version,
    list_prompts,
    list_versions,
    update_prompt,
)

IS_PROMPT = "mlflow.prompt.is_prompt"
_TEXT = "mlflow.prompt.text"
_TYPE = "_mlflow_prompt_type"
_RESPONSE_FORMAT = "_mlflow_prompt_response_format"
_MODEL_CONFIG = "_mlflow_prompt_model_config"
_OWN = "mlflow"
"""The part of a prompt's metadata that is this client's."""
_MS = 1_000_000


async def find(desk: Desk, name: str) -> Prompt | None:
    try:
        return await desk.records(find_prompt, project_id=desk.project_id, name=name)
    except NotFound:
        return None


async def create(desk: Desk, name: str, description: str, tags: dict[str, str]) -> Prompt:
    """Raises `Conflict` for one that is there."""
    return await desk.records(
        create_prompt,
        project_id=desk.project_id,
        name=name,
        description=description,
        tags=_plain_tags(tags),
        metadata={_OWN: {"tags": tags}},
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )


async def add_version(
    desk: Desk, name: str, body: dict[str, Any], tags: dict[str, str]
) -> PromptVersion:
    return await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=name,
        content=content_of(tags),
        message=text(body.get("description")),
        version_metadata={_OWN: {"tags": tags, "source": text(body.get("source"))}},
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )


async def version(
    desk: Desk, name: str, *, number: int | None = None, label: str = ""
) -> PromptVersion:
    """Raises `NotFound`."""
    return await desk.records(
        find_version, project_id=desk.project_id, name=name, version=number, label=label
    )


async def change(
    desk: Desk,
    prompt: Prompt,
    *,
    description: str | None = None,
    tags: dict[str, str] | None = None,
    of_version: tuple[str, dict[str, Any]] | None = None,
) -> None:
    """`tags`: all of them.  `of_version`: what was set on a version, by its number."""
    own = dict(mapping(prompt.metadata.get(_OWN)))
    if tags is not None:
        own["tags"] = tags
    if of_version is not None:
        number, said = of_version
        own["versions"] = {**mapping(own.get("versions")), number: said}
    await desk.records(
        update_prompt,
        project_id=desk.project_id,
        name=prompt.name,
        description=description,
        tags=_plain_tags(tags) if tags is not None else None,
        metadata={**prompt.metadata, _OWN: own},
        now_ns=desk.now_ns(),
    )


def tags_of(prompt: Prompt) -> dict[str, str]:
    told = pairs(mapping(prompt.metadata.get(_OWN)).get("tags"))
    return {IS_PROMPT: "true"} | (told or dict.fromkeys(prompt.tags, ""))


def set_on_version(prompt: Prompt, number: int) -> dict[str, Any]:
    """Tags and description that were set after the version was made."""
    own = mapping(prompt.metadata.get(_OWN))
    return mapping(mapping(own.get("versions")).get(str(number)))


def content_of(tags: dict[str, str]) -> PromptContent:
    template = tags.get(_TEXT, "")
    messages = decode_json(template) if tags.get(_TYPE) == "chat" else None
    is_chat = isinstance(messages, list) and all(isinstance(one, dict) for one in messages)
    config = mapping(decode_json(tags.get(_MODEL_CONFIG)))
    named = ("model_name", "model", "provider")
    return PromptContent(
        kind="chat" if is_chat else "text",
        text="" if is_chat else template,
        messages=tuple(items(messages)) if is_chat else (),
        templating="jinja2" if "{%" in template else "mustache",
        model=text(config.get("model_name") or config.get("model")),
        provider=text(config.get("provider")),
        parameters={key: value for key, value in config.items() if key not in named},
        response_format=decode_json(tags.get(_RESPONSE_FORMAT)) or None,
        source={_OWN: {"tags": tags}},
    )


def _tags_of_version(found: PromptVersion) -> dict[str, str]:
    told = pairs(mapping(mapping(found.metadata.get(_OWN))).get("tags"))
    if told:
        return told
    content = found.content
    chat = content.kind == "chat"
    template = json.dumps(list(content.messages), ensure_ascii=False) if chat else content.text
    made = {IS_PROMPT: "true", _TYPE: content.kind, _TEXT: template}
    if content.response_format is not None:
        made[_RESPONSE_FORMAT] = json.dumps(content.response_format)
    config = {
        **{key: value for key, value in content.parameters.items() if value is not None},
        **({"provider": content.provider} if content.provider else {}),
        **({"model_name": content.model} if content.model else {}),
    }
    return made | ({_MODEL_CONFIG: json.dumps(config, default=str)} if config else {})


def version_answer(prompt: Prompt, found: PromptVersion) -> dict[str, Any]:
    later = set_on_version(prompt, found.version)
    tags: dict[str, Any] = {**_tags_of_version(found), **mapping(later.get("tags"))}
    own = mapping(found.metadata.get(_OWN))
    answer: dict[str, Any] = {
        "name": prompt.name,
        "version": str(found.version),
        "creation_timestamp": found.created_ns // _MS,
        "last_updated_timestamp": found.created_ns // _MS,
        "current_stage": "None",
        "description": later.get("description", found.message),
        # A model version must have a source, and a prompt has none: MLflow's own client says this.
        "source": text(own.get("source")) or "dummy-source",
        "run_id": "",
        "status": "READY",
        "tags": pair_list({key: value for key, value in tags.items() if value is not None}),
        "run_link": "",
    }
    if found.labels:
        answer["aliases"] = list(found.labels)
    return answer


async def answer(desk: Desk, prompt: Prompt) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": prompt.name,
        "creation_timestamp": prompt.created_ns // _MS,
        "last_updated_timestamp": prompt.updated_ns // _MS,
        "tags": pair_list(tags_of(prompt)),
    }
    if prompt.description:
        found["description"] = prompt.description
    if prompt.latest:
        newest = await version(desk, prompt.name, number=prompt.latest)
        found["latest_versions"] = [version_answer(prompt, newest)]
    labels = await desk.records(list_labels, project_id=desk.project_id, name=prompt.name)
    if labels:
        found["aliases"] = [{"alias": one.label, "version": str(one.version)} for one in labels]
    return found


async def every(desk: Desk, *, most: int) -> list[Prompt]:
    found, _ = await desk.records(list_prompts, project_id=desk.project_id, limit=most)
    return list(found)


async def versions(desk: Desk, prompt: Prompt, *, most: int) -> list[PromptVersion]:
    return await desk.records(
        list_versions, project_id=desk.project_id, name=prompt.name, limit=most
    )


def _plain_tags(tags: dict[str, str]) -> tuple[str, ...]:
    """As a reader of the prompt would say them: without MLflow's bookkeeping."""
    return tuple(
        f"{key}:{value}"[:200]
        for key, value in tags.items()
        if not key.startswith(("mlflow.", "_mlflow"))
    )
