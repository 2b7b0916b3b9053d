"""
Prompts: made, fetched by name, version or label, relabeled, listed, deleted.

A fetch without version and label gets what is labeled `production`, as in Langfuse.  Where nothing
is, it gets the newest instead of nothing: an application that never labels keeps running.  `latest`
is the newest version; a label of that name can't be given.

A prompt that another client made is given in Langfuse's shape.  What only Langfuse has (the
config, which need not be an object) is kept beside the content.
"""

from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.members import listing, mapping, text
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.langfuse.pages import meta_of, place_of, stamp
from quarterdeck.receive.wires.langfuse.prompt_parts import Filling
from quarterdeck.storage.records import prompts
from quarterdeck.storage.records.prompts import Prompt, PromptContent, PromptVersion

_DEFAULT = "production"
_SOURCE = "langfuse"


async def create_prompt(call: Call, desk: Desk) -> Reply:
    """One more version."""
    given = call.object()
    name = text(given.get("name"))
    if not name:
        raise Invalid("a prompt needs a name")
    tags = given.get("tags")
    version = await desk.records(
        prompts.commit_prompt,
        project_id=desk.project_id,
        name=name,
        content=_content(given),
        message=text(given.get("commitMessage")),
        labels=_labels(given.get("labels")),
        tags=None if tags is None else _texts("tags", tags),
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(status=201, body=await _shown(desk, version))


async def get_prompt(call: Call, desk: Desk) -> Reply:
    name, label = call.path["name"], call.one("label")
    number = call.one("version")
    asked: dict[str, Any] = {}
    if number:
        if not number.isdigit() or len(number) > 9:
            raise Invalid(f"version is not a number: {number[:40]!r}")
        asked["version"] = int(number)
    if label:
        asked["label"] = label
    shown = await _shown(desk, await _find(desk, name, asked))
    if call.one("resolve") != "false":
        shown["prompt"] = await _filled(desk, shown["prompt"])
    return Reply(body=shown)


async def _filled(desk: Desk, said: Any) -> Any:
    async def text_of(name: str, asked: dict[str, Any]) -> str:
        found = (await _find(desk, name, asked)).content
        if found.kind != "text":
            raise Invalid(f"only text prompts stand in others, {name!r} is a chat")
        return found.text

    filling = Filling(text_of)
    return await (filling.filled(said) if isinstance(said, str) else filling.messages(said))


async def _find(desk: Desk, name: str, asked: dict[str, Any]) -> PromptVersion:
    tried = [asked] if asked else [{"label": _DEFAULT}, {}]
    for wanted in tried:
        try:
            return await desk.records(
                prompts.find_version, project_id=desk.project_id, name=name, **wanted
            )
        except NotFound:
            continue
    told = ", ".join(f"{key} {value}" for key, value in asked.items())
    raise NotFound(f"Prompt not found: {name!r}" + (f" with {told}" if told else ""))


async def update_labels(call: Call, desk: Desk) -> Reply:
    """
    These labels point at this version from now on; its others stay.

    The address ends in `<name>/versions/<number>`, and a name may have slashes.
    """
    name, _, number = call.path["rest"].rpartition("/versions/")
    if not name or not number.isdigit() or len(number) > 9:
        raise NotFound(f"no version of a prompt is at {call.path['rest']!r}")
    version = await desk.records(
        prompts.set_labels,
        project_id=desk.project_id,
        name=name,
        version=int(number),
        labels=_labels(call.object().get("newLabels")),
        moved_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body=await _shown(desk, version))


async def list_prompts(call: Call, desk: Desk) -> Reply:
    """By name; `name` is a whole name, `tag` and `label` limit to prompts that have them."""
    place, name = place_of(call), call.one("name")
    found = await desk.records(
        prompts.list_prompts,
        project_id=desk.project_id,
        containing=name,
        tag=call.one("tag"),
        label=call.one("label"),
        limit=1 if name else place.limit,
        offset=0 if name else place.offset,
    )
    shown, total = found.items, found.total
    if name:
        shown = [await _named(desk, name)] if any(p.name == name for p in shown) else []
        total = len(shown)
    data = [await _listed(desk, prompt) for prompt in shown if prompt.latest]
    return Reply(body={"data": data, "meta": meta_of(place, total)})


async def delete_prompt(call: Call, desk: Desk) -> Reply:
    """All of it, or the versions that a version or a label names."""
    name = call.path["name"]
    if not call.one("version") and not call.one("label"):
        await desk.records(prompts.delete_prompt, project_id=desk.project_id, name=name)
        return Reply(status=204)
    asked: dict[str, Any] = {"label": call.one("label")} if call.one("label") else {}
    if call.one("version"):
        asked["version"] = call.number("version", 0, most=10**9)
    found = await _find(desk, name, asked)
    await desk.records(
        prompts.delete_version,
        project_id=desk.project_id,
        name=name,
        version=found.version,
        deleted_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(status=204)


# -- their shape and ours -------------------------------------------------------------------------


def _labels(value: Any) -> list[str]:
    """`latest` is nobody's to give: it is always the newest."""
    return [label for label in _texts("labels", value or []) if label != prompts.LATEST]


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(f"{name} must be a list of texts")
    return value


def _content(given: dict[str, Any]) -> PromptContent:
    config, said = given.get("config"), given.get("prompt")
    settings = mapping(config)
    facts: dict[str, Any] = {
        "templating": "mustache",
        "model": text(settings.get("model")),
        "parameters": {key: value for key, value in settings.items() if key != "model"},
        "source": {_SOURCE: {"config": {} if config is None else config}},
    }
    if isinstance(said, str) and given.get("type", "text") != "chat":
        return PromptContent(kind="text", text=said, **facts)
    if not isinstance(said, list) or not all(isinstance(item, dict) for item in said):
        raise Invalid("prompt must be a text, or for type chat a list of messages")
    return PromptContent(kind="chat", messages=tuple(said), **facts)


async def _shown(desk: Desk, version: PromptVersion) -> dict[str, Any]:
    prompt = await _named(desk, version.name)
    newest = version.version == prompt.latest
    content = version.content
    return {
        "id": version.version_id,
        "projectId": str(desk.project_id),
        "name": version.name,
        "version": version.version,
        "type": content.kind,
        "prompt": content.text if content.kind == "text" else _messages(content),
        "config": _config(content),
        "labels": [*version.labels, *([prompts.LATEST] if newest else [])],
        "tags": list(prompt.tags),
        "commitMessage": version.message or None,
        "resolutionGraph": None,
        "createdAt": stamp(version.created_ns),
        "updatedAt": stamp(prompt.updated_ns),
        "createdBy": version.created_by,
    }


def _messages(content: PromptContent) -> list[dict[str, Any]]:
    """The SDKs need text as content; other clients' parts are joined to one."""
    return [
        message
        if "type" in message or isinstance(message.get("content"), str)
        else {**message, "content": _words(message.get("content"))}
        for message in content.messages
    ]


def _words(parts: Any) -> str:
    return "".join(text(mapping(part).get("text")) for part in listing(parts))


def _config(content: PromptContent) -> Any:
    kept = mapping(content.source.get(_SOURCE))
    if "config" in kept:
        return kept["config"]
    return {**({"model": content.model} if content.model else {}), **content.parameters}


async def _named(desk: Desk, name: str) -> Prompt:
    return await desk.records(prompts.find_prompt, project_id=desk.project_id, name=name)


async def _listed(desk: Desk, prompt: Prompt) -> dict[str, Any]:
    versions = await desk.records(
        prompts.list_versions, project_id=desk.project_id, name=prompt.name
    )
    labels = sorted({label for version in versions for label in version.labels})
    return {
        "name": prompt.name,
        "type": versions[0].content.kind if versions else "text",
        "versions": sorted(version.version for version in versions),
        "labels": [*labels, *([prompts.LATEST] if versions else [])],
        "tags": list(prompt.tags),
        "lastUpdatedAt": stamp(prompt.updated_ns),
        "lastConfig": _config(versions[0].content) if versions else {},
    }
