"""
Portkey's prompts, kept in the registry under their slug.

`pp-critic@3` is a version, `pp-critic@latest` the newest, `pp-critic@staging` a label, and bare
`pp-critic` the published one: the version that `makeDefault` named, the first one until then.
Running a prompt needs a gateway and is not here; rendering one is.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply, Route
from quarterdeck.receive.wires.portkey.replies import reply
from quarterdeck.storage.records.prompts import (
    Prompt,
    PromptContent,
    PromptVersion,
    commit_prompt,
    delete_prompt,
    find_prompt,
    find_version,
    list_prompts,
    list_versions,
    set_labels,
    update_prompt,
)

PUBLISHED = "default"
"""The label of the version that Portkey calls the published one."""
_MAX_LISTED = 100
_VARIABLE = re.compile(r"\{\{\s*([\w.-]{1,200})\s*\}\}")
_SETTINGS = frozenset({
    "max_tokens", "temperature", "top_k", "top_p", "n", "stop", "stop_sequences", "timeout",
    "presence_penalty", "frequency_penalty", "best_of", "logit_bias", "logprobs", "top_logprobs",
    "echo", "user", "organization", "suffix", "seed", "response_format", "tool_choice",
    "function_call", "model",
})  # fmt: skip
"""Parameters of a call; what else stands among a prompt's parameters is a variable's default."""


async def _create(call: Call, desk: Desk) -> Reply:
    said = call.object()
    name = said.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Invalid("a prompt needs a name")
    slug = slug_of(name)
    version = await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=slug,
        content=content_of(said),
        message=_text(said.get("version_description")),
        labels=() if await _exists(desk, slug) else (PUBLISHED,),
        description=name.strip(),
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        reuse_equal=True,
    )
    return reply(call, _committed(version))


async def _update(call: Call, desk: Desk) -> Reply:
    """A new version with what is said, the rest as in the newest; the published one stays."""
    said = call.object()
    slug = call.path["slug"]
    newest = await desk.records(find_version, project_id=desk.project_id, name=slug)
    if isinstance(said.get("name"), str):
        await desk.records(
            update_prompt,
            project_id=desk.project_id,
            name=slug,
            description=said["name"].strip(),
            now_ns=desk.now_ns(),
        )
    if not any(name in said for name in _CONTENT):
        return reply(call, _committed(newest))
    before = newest.content.source.get("portkey") or _spelled(newest.content)
    version = await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=slug,
        content=content_of({**before, **{k: v for k, v in said.items() if v is not None}}),
        message=_text(said.get("version_description")),
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        reuse_equal=True,
    )
    return reply(call, _committed(version))


async def _list(call: Call, desk: Desk) -> Reply:
    size = call.number("page_size", _MAX_LISTED, most=_MAX_LISTED)
    page = call.number("current_page", 0, most=1_000_000)
    found, total = await desk.records(
        list_prompts,
        project_id=desk.project_id,
        containing=call.one("search"),
        limit=max(size, 1),
        offset=page * max(size, 1),
    )
    return reply(
        call,
        {"success": True, "object": "list", "total": total, "data": [_listed(p) for p in found]},
    )


async def _retrieve(call: Call, desk: Desk) -> Reply:
    version = await _found(desk, call.path["slug"])
    prompt = await desk.records(find_prompt, project_id=desk.project_id, name=version.name)
    return reply(call, {**_told(version), "name": prompt.description or prompt.name})


async def _versions(call: Call, desk: Desk) -> Reply:
    found = await desk.records(
        list_versions, project_id=desk.project_id, name=call.path["slug"], limit=_MAX_LISTED
    )
    data = [_told(version) for version in found]
    return reply(call, {"success": True, "object": "list", "total": len(data), "data": data})


async def _publish(call: Call, desk: Desk) -> Reply:
    wanted = call.object().get("version")
    if isinstance(wanted, str) and wanted.isdigit():
        wanted = int(wanted)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise Invalid("'version' must be a number")
    version = await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=call.path["slug"],
        version=wanted,
        labels=(PUBLISHED,),
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return reply(call, _committed(version))


async def _delete(call: Call, desk: Desk) -> Reply:
    await desk.records(delete_prompt, project_id=desk.project_id, name=call.path["slug"])
    return reply(call, {"success": True})


async def _render(call: Call, desk: Desk) -> Reply:
    said = call.object()
    version = await _found(desk, call.path["slug"])
    variables = said.get("variables")
    overrides = {k: v for k, v in said.items() if k in _SETTINGS and v is not None}
    data = rendered(version.content, variables if isinstance(variables, dict) else {})
    return reply(call, {"success": True, "data": {**data, **overrides}})


async def _found(desk: Desk, reference: str) -> PromptVersion:
    """Raises `NotFound`."""
    slug, _, which = reference.partition("@")
    asked: dict[str, Any] = {"project_id": desk.project_id, "name": slug}
    if which.isdigit() and len(which) < 10:
        return await desk.records(find_version, **asked, version=int(which))
    if which:
        return await desk.records(find_version, **asked, label=which)
    try:
        return await desk.records(find_version, **asked, label=PUBLISHED)
    except NotFound:
        # Made by another client of the registry: nobody published it here.
        return await desk.records(find_version, **asked)


async def _exists(desk: Desk, slug: str) -> bool:
    try:
        await desk.records(find_prompt, project_id=desk.project_id, name=slug)
    except NotFound:
        return False
    return True


# ------------------------------------------------------------------------------- contents

_CONTENT = frozenset({
    "string", "parameters", "model", "virtual_key", "functions", "tools", "tool_choice",
    "template_metadata",
})  # fmt: skip


def slug_of(name: str) -> str:
    """`pp-` and the name in letters that an address can have."""
    plain = unicodedata.normalize("NFKD", name.strip().lower()).encode("ascii", "ignore").decode()
    worded = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return f"pp-{worded.removeprefix('pp-') or 'prompt'}"[:200]


def content_of(said: Mapping[str, Any]) -> PromptContent:
    """`string` is a chat where it is JSON of a list of messages, else plain text."""
    template = said.get("string")
    if not isinstance(template, str) or not template:
        raise Invalid("a prompt needs a 'string'")
    parameters = said.get("parameters")
    messages = _messages(template)
    tools = said.get("tools") or said.get("functions")
    return PromptContent(
        kind="chat" if messages else "text",
        text="" if messages else template,
        messages=messages,
        templating="mustache",
        model=_text(said.get("model")),
        parameters=parameters if isinstance(parameters, dict) else {},
        tools=tuple(tools) if isinstance(tools, list) else (),
        source={"portkey": {name: said[name] for name in _CONTENT if said.get(name) is not None}},
    )


def _messages(template: str) -> tuple[dict[str, Any], ...]:
    if not template.lstrip().startswith("["):
        return ()
    try:
        read = json.loads(template)
    except ValueError:
        return ()
    return tuple(read) if all(isinstance(m, dict) and "role" in m for m in read) else ()


def rendered(content: PromptContent, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What Portkey's own answer holds: messages with their variables filled in, and settings."""
    defaults = {k: v for k, v in content.parameters.items() if k not in _SETTINGS}
    values = {**defaults, **variables}
    messages = list(content.messages) or [{"role": "user", "content": content.text}]
    found = {
        "model": content.model or None,
        **{k: v for k, v in content.parameters.items() if k in _SETTINGS},
        "messages": [_filled(message, values) for message in messages],
        "tools": list(content.tools) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda m: _spoken(values.get(m[1])), value)
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    return [_filled(inner, values) for inner in value] if isinstance(value, list) else value


def _spoken(value: Any) -> str:
    """As mustache does: nothing for what is missing, JSON for what is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spelled(content: PromptContent) -> dict[str, Any]:
    """A prompt that another client made, as Portkey would spell it."""
    found: dict[str, Any] = {
        "string": content.text or json.dumps(list(content.messages), ensure_ascii=False),
        "parameters": content.parameters,
        "model": content.model,
        "tools": list(content.tools) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


# ------------------------------------------------------------------------------- answers


def _told(version: PromptVersion) -> dict[str, Any]:
    spelled = version.content.source.get("portkey")
    return {
        "success": True,
        "object": "prompt",
        "id": version.prompt_id,
        "slug": version.name,
        **(spelled if isinstance(spelled, dict) else _spelled(version.content)),
        "prompt_version": version.version,
        "prompt_version_id": version.version_id,
        "prompt_version_status": "active" if PUBLISHED in version.labels else "archived",
        "prompt_version_description": version.message,
        "label_id": None,
        "created_at": to_rfc3339(version.created_ns),
        "last_updated_at": to_rfc3339(version.created_ns),
    }


def _listed(prompt: Prompt) -> dict[str, Any]:
    return {
        "object": "prompt",
        "id": prompt.prompt_id,
        "slug": prompt.name,
        "name": prompt.description or prompt.name,
        "status": "active",
        "created_at": to_rfc3339(prompt.created_ns),
        "last_updated_at": to_rfc3339(prompt.updated_ns),
    }


def _committed(version: PromptVersion) -> dict[str, Any]:
    return {
        "success": True,
        "object": "prompt",
        "id": version.prompt_id,
        "slug": version.name,
        "version_id": version.version_id,
        "prompt_version_id": version.version_id,
        "version": version.version,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


ROUTES = (
    Route(method="POST", path="prompts", handler=_create, scope="write"),
    Route(method="GET", path="prompts", handler=_list, scope="read"),
    Route(method="POST", path="prompts/{slug}/render", handler=_render, scope="read"),
    Route(method="POST", path="prompts/{slug}/completions"),
    Route(method="PUT", path="prompts/{slug}/makeDefault", handler=_publish, scope="write"),
    Route(method="GET", path="prompts/{slug}/versions", handler=_versions, scope="read"),
    Route(method="GET", path="prompts/{slug}", handler=_retrieve, scope="read"),
    Route(method="PUT", path="prompts/{slug}", handler=_update, scope="write"),
    Route(method="DELETE", path="prompts/{slug}", handler=_delete, scope="write"),
)
