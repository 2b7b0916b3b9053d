"""
Registered models that are no prompts, and logged models: kept, and read back.

Versions have no numbers of their own: the nth that was told of is version n, so that two that are
made at once never get one number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.receive.wire import Desk, Fragment
from quarterdeck.receive.wires.mlflow.proto_json import mapping, pair_list, pairs, text

MODEL = "mlflow:model:"
MODELS = "mlflow:models"
LOGGED = "mlflow:logged-model:"
_MS = 1_000_000


@dataclass(slots=True, kw_only=True)
class ModelVersion:
    number: int
    token: str
    """Of the call that made it."""
    body: dict[str, Any]
    at_ns: int
    changed_ns: int
    description: str
    stage: str = "None"
    tags: dict[str, str] = field(default_factory=dict)
    is_deleted: bool = False


@dataclass(slots=True, kw_only=True)
class ModelState:
    name: str
    is_there: bool = False
    description: str = ""
    created_ns: int = 0
    updated_ns: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    versions: list[ModelVersion] = field(default_factory=list)

    @property
    def current(self) -> list[ModelVersion]:
        return [one for one in self.versions if not one.is_deleted]

    def version(self, number: int | None) -> ModelVersion | None:
        return next((one for one in self.current if one.number == number), None)


def fold_model(name: str, fragments: Sequence[Fragment]) -> ModelState:
    model = ModelState(name=name.removeprefix(MODEL))
    for fragment in fragments:
        body = mapping(fragment.body)
        model.updated_ns = max(model.updated_ns, fragment.at_ns)
        match fragment.kind:
            case "create":
                if not model.is_there:
                    model.is_there, model.created_ns = True, fragment.at_ns
                    model.description = text(body.get("description"))
                    model.tags = pairs(body.get("tags"))
            case "delete":
                model.is_there = False
                model.aliases.clear()
                for one in model.versions:
                    one.is_deleted = True
            case "update":
                model.description = text(body.get("description"))
            case "tag":
                model.tags[text(body.get("key"))] = text(body.get("value"))
            case "untag":
                model.tags.pop(text(body.get("key")), None)
            case "alias":
                model.aliases[text(body.get("alias"))] = int(text(body.get("version")) or 0)
            case "unalias":
                model.aliases.pop(text(body.get("alias")), None)
            case "version":
                _add_version(model, fragment.at_ns, body)
            case _:
                _change_version(model, fragment, body)
    return model


def _add_version(model: ModelState, at_ns: int, body: dict[str, Any]) -> None:
    model.versions.append(
        ModelVersion(
            number=len(model.versions) + 1,
            token=text(body.get("token")),
            body=body,
            at_ns=at_ns,
            changed_ns=at_ns,
            description=text(body.get("description")),
            tags=pairs(body.get("tags")),
        )
    )


def _change_version(model: ModelState, fragment: Fragment, body: dict[str, Any]) -> None:
    number = text(body.get("version"))
    found = model.version(int(number)) if number.isdigit() else None
    if found is None:
        return
    found.changed_ns = max(found.changed_ns, fragment.at_ns)
    match fragment.kind:
        case "version_update":
            found.description = text(body.get("description"))
        case "version_tag":
            found.tags[text(body.get("key"))] = text(body.get("value"))
        case "version_untag":
            found.tags.pop(text(body.get("key")), None)
        case "version_stage":
            found.stage = text(body.get("stage")) or found.stage
        case "version_delete":
            found.is_deleted = True
            model.aliases = {alias: at for alias, at in model.aliases.items() if at != found.number}
        case _:
            pass


async def find_model(desk: Desk, name: str) -> ModelState | None:
    """As stored up to now."""
    wanted = MODEL + name
    fragments = (await desk.objects([wanted])).get(wanted, [])
    found = fold_model(wanted, fragments)
    return found if found.is_there else None


def version_answer(model: ModelState, found: ModelVersion) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": model.name,
        "version": str(found.number),
        "creation_timestamp": found.at_ns // _MS,
        "last_updated_timestamp": found.changed_ns // _MS,
        "current_stage": found.stage,
        "description": found.description,
        "source": text(found.body.get("source")),
        "run_id": text(found.body.get("run_id")),
        "status": "READY",
        "run_link": text(found.body.get("run_link")),
    }
    if found.tags:
        answer["tags"] = pair_list(found.tags)
    aliases = [alias for alias, number in model.aliases.items() if number == found.number]
    return answer | ({"aliases": aliases} if aliases else {})


def model_answer(model: ModelState) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": model.name,
        "creation_timestamp": model.created_ns // _MS,
        "last_updated_timestamp": model.updated_ns // _MS,
    }
    if model.description:
        answer["description"] = model.description
    newest = {one.stage: one for one in model.current}
    if newest:
        answer["latest_versions"] = [version_answer(model, one) for one in newest.values()]
    if model.tags:
        answer["tags"] = pair_list(model.tags)
    if model.aliases:
        answer["aliases"] = [
            {"alias": alias, "version": str(number)} for alias, number in model.aliases.items()
        ]
    return answer


# -------------------------------------------------------------------------- logged models


def fold_logged_model(name: str, fragments: Sequence[Fragment]) -> dict[str, Any] | None:
    """The answer; None while nothing but changes is known of it, or after it was deleted."""
    made: dict[str, Any] | None = None
    status, at_ns, changed_ns = "LOGGED_MODEL_PENDING", 0, 0
    tags: dict[str, str] = {}
    params: dict[str, str] = {}
    for fragment in fragments:
        body = mapping(fragment.body)
        changed_ns = max(changed_ns, fragment.at_ns)
        match fragment.kind:
            case "create":
                made, at_ns = body, fragment.at_ns
                tags = pairs(body.get("tags")) | tags
                params = pairs(body.get("params")) | params
            case "status":
                status = text(body.get("status")) or status
            case "tags":
                tags |= pairs(body.get("tags"))
            case "untag":
                tags.pop(text(body.get("key")), None)
            case "params":
                params |= pairs(body.get("params"))
            case "delete":
                made = None
            case _:
                pass
    if made is None:
        return None
    model_id = name.removeprefix(LOGGED)
    experiment_id = text(made.get("experiment_id")) or "0"
    return {
        "info": {
            "model_id": model_id,
            "experiment_id": experiment_id,
            "name": text(made.get("name")) or model_id,
            "creation_timestamp_ms": at_ns // _MS,
            "last_updated_timestamp_ms": changed_ns // _MS,
            "artifact_uri": f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts",
            "status": status,
            "model_type": text(made.get("model_type")),
            "source_run_id": text(made.get("source_run_id")),
            "tags": pair_list(tags),
        },
        "data": {"params": pair_list(params)},
    }
