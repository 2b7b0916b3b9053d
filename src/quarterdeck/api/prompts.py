"""
Prompts: what is in the registry, and which version each label points at.

Versions come from the clients that teams use already (`receive/wires`); here people read them and
move labels, which is how a version is released or rolled back.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from quarterdeck.api.access import READ, WRITE, Principal, allow, guarded_router
from quarterdeck.api.answers.prompts import (
    PromptLabels,
    PromptList,
    PromptShown,
    PromptVersionList,
    PromptVersionShown,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Label
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.api.segments import Segment
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import prompt_labels, prompts
from quarterdeck.storage.records.prompts import Prompt, PromptVersion

router = guarded_router("prompts")

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]
Word = Annotated[str, Query(max_length=400)]


class LabelForm(Form):
    label: Label
    version: int = Field(ge=1)


@router.get(
    "/prompts", summary="Prompts of the registry, by name", responses={200: {"model": PromptList}}
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    containing: Annotated[Word, Query(description="A part of the name.")] = "",
    tag: Word = "",
    label: Annotated[Word, Query(description="Only those that have this label.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}?{containing}\x00{tag}\x00{label}"
    offset = read_offset(cursor, "prompts", belongs_to)
    page = await asyncio.to_thread(
        _prompts,
        parts,
        who,
        containing=containing,
        tag=tag,
        label=label,
        limit=limit,
        offset=offset,
    )
    end = offset + len(page["prompts"])
    page["next_cursor"] = next_offset("prompts", belongs_to, end if end < page["total"] else 0)
    return answer(request, page)


def _prompts(parts: Parts, who: Principal, **asked: Any) -> dict[str, Any]:
    found = prompts.list_prompts(parts.records, project_id=who.project_id, **asked)
    return {"prompts": _with_labels(parts, who, found.items), "total": found.total}


def _with_labels(parts: Parts, who: Principal, found: Sequence[Prompt]) -> list[dict[str, Any]]:
    labels = prompt_labels.labels_of_prompts(
        parts.records,
        project_id=who.project_id,
        prompt_ids=[prompt.prompt_id for prompt in found],
    )
    return [{**_shown(prompt), "labels": labels[prompt.prompt_id]} for prompt in found]


@router.get("/prompts/{name}", summary="One prompt", responses={200: {"model": PromptShown}})
@allow(READ)
async def show(request: Request, name: Segment, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_prompt, parts, who, name))


def _prompt(parts: Parts, who: Principal, name: str) -> dict[str, Any]:
    found = prompts.find_prompt(parts.records, project_id=who.project_id, name=name)
    return _with_labels(parts, who, [found])[0]


@router.get(
    "/prompts/{name}/versions",
    summary="A prompt's versions, newest first, without content",
    responses={200: {"model": PromptVersionList}},
)
@allow(READ)
async def versions(
    request: Request,
    name: Segment,
    parts: With,
    who: Who,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}/{name}"
    offset = read_offset(cursor, "prompt versions", belongs_to)
    found = await asyncio.to_thread(
        prompts.list_versions,
        parts.records,
        project_id=who.project_id,
        name=name,
        limit=limit + 1,
        offset=offset,
    )
    more = len(found) > limit
    return answer(
        request,
        {
            "versions": [_version_row(version) for version in found[:limit]],
            "next_cursor": next_offset(
                "prompt versions", belongs_to, offset + limit if more else 0
            ),
        },
    )


@router.get(
    "/prompts/{name}/versions/{version}",
    summary="One version with its content: by number, label or digest",
    responses={200: {"model": PromptVersionShown}},
)
@allow(READ)
async def show_version(
    request: Request, name: Segment, version: Segment, parts: With, who: Who
) -> Response:
    found = await asyncio.to_thread(
        prompts.find_version, parts.records, project_id=who.project_id, name=name, **_which(version)
    )
    content = {field: getattr(found.content, field) for field in found.content.__struct_fields__}
    return answer(request, {**_version_row(found), "content": content})


def _which(version: str) -> dict[str, Any]:
    """A number is a number: a label of digits is found by its number only."""
    if version.isascii() and version.isdigit():
        return {"version": int(version[:12])}
    if version.startswith("sha256:"):
        return {"digest": version}
    return {"label": version}


@router.get(
    "/prompts/{name}/labels",
    summary="Where a prompt's labels point, and how they got there",
    responses={200: {"model": PromptLabels}},
)
@allow(READ)
async def labels(request: Request, name: Segment, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_labels, parts, who, name))


@router.post(
    "/prompts/{name}/labels",
    summary="Point a label at a version: release it, or roll back to it",
    responses={200: {"model": PromptLabels}},
)
@allow(WRITE)
async def move_label(
    request: Request, name: Segment, form: LabelForm, parts: With, who: Who
) -> Response:
    return answer(request, await asyncio.to_thread(_move, parts, who, name, form))


def _move(parts: Parts, who: Principal, name: str, form: LabelForm) -> dict[str, Any]:
    prompts.set_labels(
        parts.records,
        project_id=who.project_id,
        name=name,
        version=form.version,
        labels=[form.label],
        moved_by=who.actor,
        now_ns=parts.now_ns(),
    )
    note(parts, who, "prompt.label", name, label=form.label, version=form.version)
    return _labels(parts, who, name)


@router.delete(
    "/prompts/{name}/labels/{label}",
    summary="Take a label away; its history stays",
    responses={200: {"model": PromptLabels}},
)
@allow(WRITE)
async def remove_label(
    request: Request, name: Segment, label: Segment, parts: With, who: Who
) -> Response:
    return answer(request, await asyncio.to_thread(_remove, parts, who, name, label))


def _remove(parts: Parts, who: Principal, name: str, label: str) -> dict[str, Any]:
    prompts.remove_label(
        parts.records,
        project_id=who.project_id,
        name=name,
        label=label,
        moved_by=who.actor,
        now_ns=parts.now_ns(),
    )
    note(parts, who, "prompt.unlabel", name, label=label)
    return _labels(parts, who, name)


def _labels(parts: Parts, who: Principal, name: str) -> dict[str, Any]:
    now = prompt_labels.list_labels(parts.records, project_id=who.project_id, name=name)
    moves = prompt_labels.list_label_moves(parts.records, project_id=who.project_id, name=name)
    return {
        "name": name,
        "labels": [_moved(label) for label in now],
        "moves": [_moved(move) for move in moves],
    }


def _moved(one: prompt_labels.Label | prompt_labels.LabelMove) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(one)
    told["moved_at"] = to_rfc3339(told.pop("moved_ns"))
    return told


def _shown(prompt: Prompt) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "description": prompt.description,
        "tags": prompt.tags,
        "metadata": prompt.metadata,
        "created_at": to_rfc3339(prompt.created_ns),
        "created_by": prompt.created_by,
        "updated_at": to_rfc3339(prompt.updated_ns),
        "latest": prompt.latest,
    }


def _version_row(version: PromptVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "version_id": version.version_id,
        "digest": version.digest,
        "labels": version.labels,
        "message": version.message,
        "metadata": version.metadata,
        "created_at": to_rfc3339(version.created_ns),
        "created_by": version.created_by,
    }
