"""
Prompts, as LangSmith's client pushes and pulls them: repos with commits and tags.

A repo is a prompt, a commit a version, a tag a label.  The owner is the caller ("-"): prompts of
others, LangChain's public hub, are not here.  A commit's hash is made of what never changes of a
version, so that any of its beginnings names it, and prompts that other clients made have one too.
"""

import hashlib
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.langsmith.answers import flag, page_of, tenant_of, text_or_none
from quarterdeck.receive.wires.langsmith.instants import spell
from quarterdeck.receive.wires.langsmith.manifests import content_of, manifest_of
from quarterdeck.storage.records.prompts import (
    LATEST,
    Prompt,
    PromptVersion,
    commit_prompt,
    create_prompt,
    delete_prompt,
    find_prompt,
    find_version,
    list_prompts,
    list_versions,
    remove_label,
    set_labels,
    update_prompt,
)

Object = dict[str, Any]

_OWN = "langsmith"
_OWNER = "-"
_SHORTEST_HASH = 4
_MOST_VERSIONS = 100_000
_MOST_PROMPTS = 10_000
_EPOCH_NS = 1_700_000_000 * NS_PER_S
"""When our "tenant" was made, for a client that insists on a date."""
_SAID = ("readme", "is_public", "is_archived")


async def settings(_call: Call, desk: Desk) -> Reply:
    """Without a handle: prompts can't be made public."""
    return Reply(
        body={
            "id": tenant_of(desk),
            "display_name": "Quarterdeck",
            "created_at": spell(_EPOCH_NS),
            "tenant_handle": None,
        }
    )


# ---------------------------------------------------------------------------------- repos


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    prompt = await desk.records(
        create_prompt,
        project_id=desk.project_id,
        name=str(body.get("repo_handle") or ""),
        description=str(body.get("description") or ""),
        tags=_texts(body.get("tags")),
        metadata={_OWN: {key: body[key] for key in _SAID if body.get(key)}},
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"repo": await _repo(desk, prompt)})


async def read(call: Call, desk: Desk) -> Reply:
    return Reply(body={"repo": await _repo(desk, await _prompt(call, desk))})


async def read_many(call: Call, desk: Desk) -> Reply:
    prompts, _ = await desk.records(
        list_prompts,
        project_id=desk.project_id,
        containing=call.one("query"),
        limit=_MOST_PROMPTS,
    )
    archived = flag(call, "is_archived")
    fitting = [one for one in prompts if archived is None or _said(one, "is_archived") == archived]
    newest_first = call.one("sort_direction", "desc") != "asc"
    fitting.sort(key=lambda one: (one.updated_ns, one.name), reverse=newest_first)
    shown = [await _repo(desk, one) for one in page_of(call, fitting)]
    return Reply(body={"repos": shown, "total": len(fitting)})


async def update(call: Call, desk: Desk) -> Reply:
    body = call.object()
    known = await _prompt(call, desk)
    said = {key: body[key] for key in _SAID if body.get(key) is not None}
    own = {**_object(known.metadata.get(_OWN)), **said}
    prompt = await desk.records(
        update_prompt,
        project_id=desk.project_id,
        name=known.name,
        description=text_or_none(body.get("description")),
        tags=_texts(body["tags"]) if isinstance(body.get("tags"), list) else None,
        metadata={**known.metadata, _OWN: own} if said else None,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"repo": await _repo(desk, prompt)})


async def delete(call: Call, desk: Desk) -> Reply:
    known = await _prompt(call, desk)
    await desk.records(delete_prompt, project_id=desk.project_id, name=known.name)
    return Reply(body={"message": "Prompt deleted"})


# -------------------------------------------------------------------------------- commits


async def commit(call: Call, desk: Desk) -> Reply:
    """
    One more version, or the newest again if it says the same: an application that pushes its
    prompts whenever it starts makes no versions by that.
    """
    body, known = call.object(), await _prompt(call, desk)
    manifest = body.get("manifest")
    if not isinstance(manifest, dict):
        raise Invalid(f"a commit needs a manifest, got {type(manifest).__name__}")
    newest = await _newest(desk, known)
    if newest is not None and newest.content.source.get(_OWN) == manifest:
        return Reply(body={"commit": _shown(newest, with_model=True)})
    version = await desk.records(
        commit_prompt,
        project_id=desk.project_id,
        name=known.name,
        content=content_of(manifest),
        message=str(body.get("description") or ""),
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"commit": _shown(version, with_model=True)})


async def read_commit(call: Call, desk: Desk) -> Reply:
    """By "latest", by a tag, or by the beginning of a hash."""
    prompt = await _prompt(call, desk)
    version = await _version(desk, prompt, call.path["commit"])
    shown = _shown(version, with_model=flag(call, "include_model") is True)
    return Reply(body={**shown, "commit_id": version.version_id, "examples": []})


async def read_commits(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    versions = await _versions(desk, prompt)
    include_model = flag(call, "include_model") is True
    page = [_shown(one, with_model=include_model) for one in page_of(call, versions)]
    return Reply(body={"commits": page, "total": len(versions)})


async def create_tag(call: Call, desk: Desk) -> Reply:
    body, prompt = call.object(), await _prompt(call, desk)
    tag, commit_id = str(body.get("tag_name") or ""), str(body.get("commit_id") or "")
    version = await desk.records(
        find_version, project_id=desk.project_id, name=prompt.name, version_id=commit_id
    )
    return Reply(body=await _tag(desk, prompt, version, tag))


async def move_tag(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    version = await desk.records(
        find_version,
        project_id=desk.project_id,
        name=prompt.name,
        version_id=str(call.object().get("commit_id") or ""),
    )
    return Reply(body=await _tag(desk, prompt, version, call.path["tag"]))


async def read_tags(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    return Reply(
        body=[
            _tag_shown(version, label)
            for version in await _versions(desk, prompt)
            for label in version.labels
        ]
    )


async def delete_tag(call: Call, desk: Desk) -> Reply:
    prompt = await _prompt(call, desk)
    await desk.records(
        remove_label,
        project_id=desk.project_id,
        name=prompt.name,
        label=call.path["tag"],
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"message": "Tag deleted"})


# --------------------------------------------------------------------------------- shared


async def _tag(desk: Desk, prompt: Prompt, version: PromptVersion, tag: str) -> Object:
    moved = await desk.records(
        set_labels,
        project_id=desk.project_id,
        name=prompt.name,
        version=version.version,
        labels=[tag],
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return _tag_shown(moved, tag)


def _tag_shown(version: PromptVersion, tag: str) -> Object:
    return {
        "id": version.version_id,
        "tag_name": tag,
        "commit_id": version.version_id,
        "commit_hash": hash_of(version),
    }


async def _prompt(call: Call, desk: Desk) -> Prompt:
    """Raises `NotFound`, also for another owner's: the client takes it as "make it"."""
    owner, name = call.path["owner"], call.path["name"]
    if owner != _OWNER:
        raise NotFound(
            f"no prompt {owner}/{name}: the public hub is not served here",
            hint="Push it to this server and pull it by its name alone.",
        )
    return await desk.records(find_prompt, project_id=desk.project_id, name=name)


async def _newest(desk: Desk, prompt: Prompt) -> PromptVersion | None:
    try:
        return await desk.records(
            find_version, project_id=desk.project_id, prompt_id=prompt.prompt_id
        )
    except NotFound:
        return None


async def _versions(desk: Desk, prompt: Prompt) -> list[PromptVersion]:
    return await desk.records(
        list_versions, project_id=desk.project_id, name=prompt.name, limit=_MOST_VERSIONS
    )


async def _version(desk: Desk, prompt: Prompt, named: str) -> PromptVersion:
    try:
        return await desk.records(
            find_version, project_id=desk.project_id, prompt_id=prompt.prompt_id, label=named
        )
    except NotFound:
        if named == LATEST or len(named) < _SHORTEST_HASH:
            raise
    for version in await _versions(desk, prompt):
        if hash_of(version).startswith(named.lower()):
            return version
    raise NotFound(f"prompt {prompt.name!r} has no commit or tag {named!r}")


def hash_of(version: PromptVersion) -> str:
    """64 hex digits, of this version alone."""
    told = f"{version.prompt_id}:{version.version}:{version.digest}"
    return hashlib.sha256(told.encode()).hexdigest()


def _shown(version: PromptVersion, *, with_model: bool) -> Object:
    at = spell(version.created_ns)
    return {
        "id": version.version_id,
        "commit_hash": hash_of(version),
        "manifest": manifest_of(version.content, with_model=with_model),
        "manifest_id": version.version_id,
        "repo_id": version.prompt_id,
        "parent_id": None,
        "parent_commit_hash": None,
        "description": version.message or None,
        "created_at": at,
        "updated_at": at,
        "example_run_ids": [],
        "num_downloads": 0,
        "num_views": 0,
    }


async def _repo(desk: Desk, prompt: Prompt) -> Object:
    newest = await _newest(desk, prompt)
    return {
        "id": prompt.prompt_id,
        "repo_handle": prompt.name,
        "full_name": f"{_OWNER}/{prompt.name}",
        "owner": None,
        "tenant_id": tenant_of(desk),
        "description": prompt.description,
        "readme": str(_object(prompt.metadata.get(_OWN)).get("readme") or ""),
        "tags": list(prompt.tags),
        "is_public": False,
        "is_archived": _said(prompt, "is_archived"),
        "created_at": spell(prompt.created_ns),
        "updated_at": spell(prompt.updated_ns),
        "num_likes": 0,
        "num_downloads": 0,
        "num_views": 0,
        "liked_by_auth_user": None,
        "last_commit_hash": hash_of(newest) if newest else None,
        "num_commits": prompt.latest,
    }


def _said(prompt: Prompt, name: str) -> bool:
    return _object(prompt.metadata.get(_OWN)).get(name) is True


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
