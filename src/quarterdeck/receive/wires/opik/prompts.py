"""
Opik's prompts: names with numbered versions, each with a commit of eight characters.

A commit is the end of the version's id.  A chat prompt's template is its messages as JSON text;
what the client sent of a version is kept beside the content, since it compares what it gets back
with what it has, nulls included.  An environment is a label.  Projects are left out: a name is
one prompt, whichever project of Opik's it is for.
"""

import json
import re
from typing import Any

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.opik.answers import created, new_id, page
from quarterdeck.receive.wires.opik.filters import fits, read_filters
from quarterdeck.receive.wires.opik.tracing import text_of
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.prompts import (
    Prompt,
    PromptContent,
    PromptVersion,
    commit_prompt,
    create_prompt,
    delete_prompt,
    digest_of,
    find_prompt,
    find_version,
    list_prompts,
    list_versions,
    remove_label,
    set_labels,
    update_prompt,
)

_COMMIT = 8
_MOST = 10_000
"""Prompts of a project, or versions of one: hundreds."""
_NUMBER = re.compile(r"v?(\d{1,9})")
_TYPES = {"mustache": "mustache", "jinja2": "jinja2", "f-string": "python"}
_KEPT = ("template", "type", "metadata")


# -------------------------------------------------------------------------------- creating


async def create_version(call: Call, desk: Desk) -> Reply:
    body = call.object()
    version = body.get("version")
    if not isinstance(version, dict):
        raise Invalid("version must be an object")
    kept = await _commit(desk, text_of(body, "name"), version, body)
    return Reply(body=shown_version(kept))


async def create(call: Call, desk: Desk) -> Reply:
    """A prompt, and its first version where the body has a template."""
    body = call.object()
    made = await desk.records(
        create_prompt,
        project_id=desk.project_id,
        name=text_of(body, "name"),
        description=_text(body.get("description")),
        tags=_texts(body.get("tags")),
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    if body.get("template") is not None:
        await _commit(desk, made.name, body, body)
    return created(call, f"prompts/{made.prompt_id}")


async def restore(call: Call, desk: Desk) -> Reply:
    """An earlier version's content, as the newest version."""
    old = await desk.records(
        find_version,
        project_id=desk.project_id,
        prompt_id=call.path["id"],
        version_id=call.path["version_id"],
    )
    kept = await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=old.name,
        content=old.content,
        message=f"Restored from v{old.version}",
        version_metadata=old.metadata,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        version_id=new_id(desk.now_ns()),
    )
    return Reply(body=shown_version(kept))


async def _commit(
    desk: Desk, name: str, version: dict[str, Any], body: dict[str, Any]
) -> PromptVersion:
    content = content_of(version, str(body.get("template_structure") or "text"))
    metadata = version.get("metadata")
    return await desk.records(
        _commit_new,
        project_id=desk.project_id,
        name=name,
        content=content,
        message=_text(version.get("change_description")),
        labels=_texts(version.get("environments")),
        version_metadata=metadata if isinstance(metadata, dict) else {},
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        version_id=new_id(desk.now_ns()),
    )


def _commit_new(
    records: Records, *, project_id: str, name: str, content: PromptContent, **options: Any
) -> PromptVersion:
    """Unless the newest version is just this one: a request that was sent again."""
    try:
        newest = find_version(records, project_id=project_id, name=name)
    except NotFound:
        newest = None
    if newest is not None:
        if newest.content.kind != content.kind:
            raise Conflict(f"prompt {name!r} is a {newest.content.kind} prompt, and stays one")
        same = digest_of(newest.content) == digest_of(content)
        if same and newest.content.source == content.source:
            return newest
    return commit_prompt(records, project_id=project_id, name=name, content=content, **options)


def content_of(version: dict[str, Any], structure: str) -> PromptContent:
    """Raises `Invalid` for a template that is no text, or of a chat no list of messages."""
    template = version.get("template")
    if not isinstance(template, str):
        raise Invalid("template must be a text")
    told = str(version.get("type") or "mustache")
    templating = next((ours for ours, theirs in _TYPES.items() if theirs == told), told)
    source = {"opik": {key: version.get(key) for key in _KEPT}}
    if structure != "chat":
        return PromptContent(kind="text", text=template, templating=templating, source=source)
    try:
        messages = json.loads(template)
    except ValueError as error:
        raise Invalid(f"a chat prompt's template must be JSON: {error}") from error
    if not isinstance(messages, list) or not all(isinstance(item, dict) for item in messages):
        raise Invalid("a chat prompt's template must be a list of messages")
    return PromptContent(
        kind="chat", messages=tuple(messages), templating=templating, source=source
    )


# --------------------------------------------------------------------------------- reading


async def retrieve(call: Call, desk: Desk) -> Reply:
    """By name, with at most one of commit, number and environment; else the newest."""
    body = call.object()
    name, commit = text_of(body, "name"), body.get("commit")
    if commit:
        return Reply(body=shown_version(await desk.records(_by_commit, desk, str(commit), name)))
    number = body.get("version_number")
    kept = await desk.records(
        find_version,
        project_id=desk.project_id,
        name=name,
        version=_number(str(number)) if number else None,
        label=_text(body.get("environment")),
    )
    return Reply(body=shown_version(kept))


async def by_commit(call: Call, desk: Desk) -> Reply:
    kept = await desk.records(_by_commit, desk, call.path["commit"], "")
    prompt = await desk.records(find_prompt, project_id=desk.project_id, prompt_id=kept.prompt_id)
    return Reply(body={**shown_prompt(prompt, kept), "requested_version": shown_version(kept)})


async def by_commits(call: Call, desk: Desk) -> Reply:
    wanted = _texts(call.object().get("commits"))
    found = [await desk.records(_by_commit, desk, commit, "") for commit in wanted[:100]]
    return Reply(body=[shown_version(kept) for kept in found])


async def version_by_id(call: Call, desk: Desk) -> Reply:
    kept = await desk.records(
        find_version, project_id=desk.project_id, version_id=call.path["version_id"]
    )
    return Reply(body=shown_version(kept))


async def versions_by_ids(call: Call, desk: Desk) -> Reply:
    found = [
        await desk.records(find_version, project_id=desk.project_id, version_id=wanted)
        for wanted in _texts(call.object().get("ids"))[:100]
    ]
    return Reply(body=[shown_version(kept) for kept in found])


async def version_by_number(call: Call, desk: Desk) -> Reply:
    kept = await desk.records(
        find_version,
        project_id=desk.project_id,
        prompt_id=call.path["id"],
        version=_number(call.path["number"]),
    )
    return Reply(body=shown_version(kept))


async def list_all(call: Call, desk: Desk) -> Reply:
    filters = read_filters(call.one("filters"))
    found = await desk.records(
        list_prompts, project_id=desk.project_id, containing=call.one("name"), limit=_MOST
    )
    shown = []
    for prompt in found.items:
        newest = await _newest(desk, prompt) if prompt.latest else None
        told = shown_prompt(prompt, newest)
        if fits(told, filters):
            shown.append(told)
    return page(call, shown)


async def one(call: Call, desk: Desk) -> Reply:
    prompt = await desk.records(find_prompt, project_id=desk.project_id, prompt_id=call.path["id"])
    newest = await _newest(desk, prompt) if prompt.latest else None
    latest = shown_version(newest) if newest is not None else None
    return Reply(body={**shown_prompt(prompt, newest), "latest_version": latest})


async def versions(call: Call, desk: Desk) -> Reply:
    prompt = await desk.records(find_prompt, project_id=desk.project_id, prompt_id=call.path["id"])
    wanted = call.one("search").casefold()
    found = await desk.records(
        list_versions, project_id=desk.project_id, name=prompt.name, limit=_MOST
    )
    shown = [shown_version(kept) for kept in found]
    return page(
        call,
        [
            one
            for one in shown
            if wanted in f"{one['template']} {one['change_description']}".casefold()
        ],
    )


def _by_commit(records: Records, desk: Desk, commit: str, name: str) -> PromptVersion:
    names = [name]
    if not name:
        listed = list_prompts(records, project_id=desk.project_id, limit=_MOST)
        names = [prompt.name for prompt in listed.items]
    for each in names:
        for kept in list_versions(records, project_id=desk.project_id, name=each, limit=_MOST):
            if kept.version_id[-_COMMIT:] == commit:
                return kept
    raise NotFound(f"no prompt version with commit {commit!r}")


async def _newest(desk: Desk, prompt: Prompt) -> PromptVersion:
    return await desk.records(find_version, project_id=desk.project_id, prompt_id=prompt.prompt_id)


def _number(spelled: str) -> int:
    found = _NUMBER.fullmatch(spelled)
    if found is None:
        raise Invalid(f"a version is v1, v2, …; got {spelled!r:.40}")
    return int(found.group(1))


# -------------------------------------------------------------------------------- changing


async def change(call: Call, desk: Desk) -> Reply:
    body = call.object()
    prompt = await desk.records(find_prompt, project_id=desk.project_id, prompt_id=call.path["id"])
    if body.get("name") not in (None, prompt.name):
        raise Invalid("a prompt keeps its name", hint="Create another one.")
    await desk.records(
        update_prompt,
        project_id=desk.project_id,
        name=prompt.name,
        description=body.get("description"),
        tags=_texts(body["tags"]) if isinstance(body.get("tags"), list) else None,
        now_ns=desk.now_ns(),
    )
    return Reply(status=204)


async def point_environments(call: Call, desk: Desk) -> Reply:
    """The environments that this version is for, and no others."""
    wanted = _texts(call.object().get("environments"))
    kept = await desk.records(
        find_version, project_id=desk.project_id, version_id=call.path["version_id"]
    )
    told: dict[str, Any] = {
        "project_id": desk.project_id,
        "name": kept.name,
        "moved_by": desk.actor,
        "now_ns": desk.now_ns(),
    }
    await desk.records(set_labels, version=kept.version, labels=wanted, **told)
    for label in set(kept.labels) - set(wanted):
        await desk.records(remove_label, label=label, **told)
    return Reply(status=204)


async def delete(call: Call, desk: Desk) -> Reply:
    await _delete(desk, call.path["id"])
    return Reply(status=204)


async def delete_many(call: Call, desk: Desk) -> Reply:
    for prompt_id in _texts(call.object().get("ids"))[:1000]:
        try:
            await _delete(desk, prompt_id)
        except NotFound:
            continue  # deleted before: a request that was sent again
    return Reply(status=204)


async def _delete(desk: Desk, prompt_id: str) -> None:
    prompt = await desk.records(find_prompt, project_id=desk.project_id, prompt_id=prompt_id)
    await desk.records(delete_prompt, project_id=desk.project_id, name=prompt.name)


# --------------------------------------------------------------------------------- showing


def shown_version(kept: PromptVersion) -> dict[str, Any]:
    content = kept.content
    told = content.source.get("opik")
    if not isinstance(told, dict):
        template = content.text
        if content.kind == "chat":
            template = json.dumps(list(content.messages))
        told = {
            "template": template,
            "type": _TYPES.get(content.templating, "mustache"),
            "metadata": kept.metadata or None,
        }
    return {
        "id": kept.version_id,
        "prompt_id": kept.prompt_id,
        "commit": kept.version_id[-_COMMIT:],
        "version_number": f"v{kept.version}",
        "template": told.get("template"),
        "metadata": told.get("metadata"),
        "type": told.get("type") or "mustache",
        "version_type": "prompt_version",
        "environments": list(kept.labels),
        "change_description": kept.message or None,
        "tags": None,
        "template_structure": content.kind,
        "created_at": to_rfc3339(kept.created_ns),
        "created_by": kept.created_by,
    }


def shown_prompt(prompt: Prompt, newest: PromptVersion | None) -> dict[str, Any]:
    return {
        "id": prompt.prompt_id,
        "name": prompt.name,
        "description": prompt.description or None,
        "template_structure": newest.content.kind if newest is not None else "text",
        "tags": list(prompt.tags),
        "version_count": prompt.latest,
        "created_at": to_rfc3339(prompt.created_ns),
        "created_by": prompt.created_by,
        "last_updated_at": to_rfc3339(prompt.updated_ns),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
