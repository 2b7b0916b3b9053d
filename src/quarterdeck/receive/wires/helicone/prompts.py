"""
Helicone's prompts of 2025: which version is asked for, and where its body is.

The body is fetched from an address without a key, as from a bucket of Helicone's.  The address is
ours, names project and version, and is signed: it works for some minutes, for that version only.
"""

import base64
import hashlib
import hmac
import re
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply, Route
from quarterdeck.storage.records.keys import checksum_secret
from quarterdeck.storage.records.prompts import (
    Prompt,
    PromptContent,
    PromptVersion,
    commit_prompt,
    find_prompt,
    find_version,
    list_versions,
    set_labels,
)

PRODUCTION = "production"
_VALID_S = 900
"""A client fetches the body at once; the rest is for clocks and slow networks."""
_PURPOSE = b"helicone prompt body"
_MUSTACHE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]{0,100})\s*\}\}")
_MAX_LISTED = 100


# -------------------------------------------------------------------------------- fetching


async def _production(call: Call, desk: Desk) -> Reply:
    """The version with that label; the newest where nobody ever moved it here."""
    prompt = _text(call.object(), "promptId")
    try:
        version = await _find(desk, name=prompt, label=PRODUCTION)
    except NotFound:
        version = await _find(desk, name=prompt)
    return await _told(call, desk, version)


async def _version(call: Call, desk: Desk) -> Reply:
    return await _told(
        call, desk, await _find(desk, version_id=_text(call.object(), "promptVersionId"))
    )


async def _environment(call: Call, desk: Desk) -> Reply:
    said = call.object()
    version = await _find(desk, name=_text(said, "promptId"), label=_text(said, "environment"))
    return await _told(call, desk, version)


async def _versions(call: Call, desk: Desk) -> Reply:
    found = await desk.records(
        list_versions,
        project_id=desk.project_id,
        name=_text(call.object(), "promptId"),
        limit=_MAX_LISTED,
    )
    return Reply(body={"data": [_shown(version) for version in found], "error": None})


async def _prompt(call: Call, desk: Desk) -> Reply:
    prompt: Prompt = await desk.records(
        find_prompt, project_id=desk.project_id, name=call.path["prompt"]
    )
    shown = {
        "id": prompt.name,
        "name": prompt.description or prompt.name,
        "tags": list(prompt.tags),
        "created_at": to_rfc3339(prompt.created_ns),
    }
    return Reply(body={"data": shown, "error": None})


async def _body(call: Call, desk: Desk) -> Reply:
    """For who has an address that this server gave away a moment ago."""
    project_id, version_id = await _opened(call, desk)
    version = await desk.records(find_version, project_id=project_id, version_id=version_id)
    return Reply(body=body_of(version.content))


async def _find(desk: Desk, **which: Any) -> PromptVersion:
    return await desk.records(find_version, project_id=desk.project_id, **which)


async def _told(call: Call, desk: Desk, version: PromptVersion) -> Reply:
    address = await _address(call, desk, version)
    return Reply(body={"data": {**_shown(version), "s3_url": address}, "error": None})


def _shown(version: PromptVersion) -> dict[str, Any]:
    """A version is one number here; Helicone's minor ones are all 0."""
    return {
        "id": version.version_id,
        "model": version.content.model,
        "prompt_id": version.name,
        "major_version": version.version,
        "minor_version": 0,
        "commit_message": version.message,
        "created_at": to_rfc3339(version.created_ns),
    }


# ---------------------------------------------------------------------------------- writing


async def _create(call: Call, desk: Desk) -> Reply:
    """
    A prompt's id is its name: what an application asks for is what a person wrote.

    `promptVersionId` is ours: who moves here keeps the ids that applications have in their code.
    """
    said = call.object()
    name = _text(said, "name")
    tags, environment = said.get("tags"), said.get("environment")
    labels = {PRODUCTION, environment} if isinstance(environment, str) else {PRODUCTION}
    version = await _commit(
        desk,
        name,
        said,
        labels=tuple(sorted(labels - {""})),
        tags=tags if isinstance(tags, list) else None,
        version_id=_text(said, "promptVersionId") if said.get("promptVersionId") else "",
    )
    return Reply(body={"data": {"id": name, "versionId": version.version_id}, "error": None})


async def _change(call: Call, desk: Desk) -> Reply:
    said = call.object()
    environment = said.get("environment")
    labels = (environment,) if isinstance(environment, str) and environment else ()
    version = await _commit(desk, _text(said, "promptId"), said, labels=labels)
    return Reply(body={"data": {"id": version.version_id}, "error": None})


async def _release(call: Call, desk: Desk) -> Reply:
    said = call.object()
    environment = said.get("environment")
    version = await _find(desk, version_id=_text(said, "promptVersionId"))
    await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=version.name,
        version=version.version,
        labels=(environment if isinstance(environment, str) and environment else PRODUCTION,),
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"data": None, "error": None})


async def _commit(
    desk: Desk,
    name: str,
    said: dict[str, Any],
    *,
    labels: tuple[str, ...],
    tags: list[str] | None = None,
    version_id: str = "",
) -> PromptVersion:
    body = said.get("promptBody")
    if not isinstance(body, dict):
        raise Invalid("'promptBody' must be an object")
    message = said.get("commitMessage")
    return await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=name,
        content=content_of(body),
        message=message if isinstance(message, str) else "",
        labels=labels,
        tags=tags,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        version_id=version_id,
        reuse_equal=not version_id,
    )


def content_of(body: dict[str, Any]) -> PromptContent:
    messages = body.get("messages")
    tools = body.get("tools")
    model = body.get("model")
    return PromptContent(
        kind="chat",
        messages=tuple(m for m in messages if isinstance(m, dict))
        if isinstance(messages, list)
        else (),
        templating="helicone",
        model=model if isinstance(model, str) else "",
        parameters={
            name: value
            for name, value in body.items()
            if name not in ("messages", "tools", "model", "response_format")
        },
        tools=tuple(tools) if isinstance(tools, list) else (),
        response_format=body.get("response_format"),
        source={"helicone": body},
    )


def body_of(content: PromptContent) -> dict[str, Any]:
    """As Helicone stores it; one that another client made, with its placeholders translated."""
    own = content.source.get("helicone")
    if isinstance(own, dict):
        return own
    messages = list(content.messages) or [{"role": "user", "content": content.text}]
    found: dict[str, Any] = {
        "model": content.model or None,
        **content.parameters,
        "messages": _translated(messages) if content.templating == "mustache" else messages,
        "tools": list(content.tools) or None,
        "response_format": content.response_format,
    }
    return {name: value for name, value in found.items() if value is not None}


def _translated(value: Any) -> Any:
    if isinstance(value, str):
        return _MUSTACHE.sub(r"{{hc:\1:string}}", value)
    if isinstance(value, dict):
        return {name: _translated(inner) for name, inner in value.items()}
    return [_translated(inner) for inner in value] if isinstance(value, list) else value


# ---------------------------------------------------------------------------------- signing


async def _address(call: Call, desk: Desk, version: PromptVersion) -> str:
    until_s = desk.now_ns() // NS_PER_S + _VALID_S
    named = f"{desk.project_id}\n{version.version_id}\n{until_s}"
    signature = await _signature(desk, named)
    token = base64.urlsafe_b64encode(named.encode()).decode().rstrip("=")
    return f"{call.base_url}/v1/prompt-2025/body/{token}.{signature}"


async def _opened(call: Call, desk: Desk) -> tuple[str, str]:
    """(project, version).  Raises `NotFound` for an address that is not ours or too old."""
    token, _, signature = call.path["token"].partition(".")
    try:
        named = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        project_id, version_id, until_s = named.split("\n")
        is_over = int(until_s) * NS_PER_S < desk.now_ns()
    except ValueError as error:
        raise NotFound("no such prompt body") from error
    if not hmac.compare_digest(signature.encode(), (await _signature(desk, named)).encode()):
        raise NotFound("no such prompt body")
    if is_over:
        raise NotFound("this address is no longer valid", hint="Ask for the version again.")
    return project_id, version_id


async def _signature(desk: Desk, named: str) -> str:
    secret = await desk.records(checksum_secret)
    key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
    return hmac.digest(key, named.encode(), hashlib.sha256).hex()


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{name!r} must be a text")
    return value.strip()


_BASE = "v1/prompt-2025"
ROUTES = (
    Route(
        method="POST", path=f"{_BASE}/query/production-version", handler=_production, scope="read"
    ),
    Route(method="POST", path=f"{_BASE}/query/version", handler=_version, scope="read"),
    Route(
        method="POST", path=f"{_BASE}/query/environment-version", handler=_environment, scope="read"
    ),
    Route(method="POST", path=f"{_BASE}/query/versions", handler=_versions, scope="read"),
    Route(method="GET", path=_BASE + "/id/{prompt}", handler=_prompt, scope="read"),
    Route(method="GET", path=_BASE + "/body/{token}", handler=_body, scope=None),
    Route(method="POST", path=f"{_BASE}/update/environment", handler=_release, scope="write"),
    Route(method="POST", path=f"{_BASE}/update", handler=_change, scope="write"),
    Route(method="POST", path=_BASE, handler=_create, scope="write"),
)
