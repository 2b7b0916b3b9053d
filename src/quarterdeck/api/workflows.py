"""
Workflows and their versions: push, list, show, files, tags.

A version never changes and is never deleted; what runs where is in `environments`.  Whatever is
answered of a version's files was verified against its digest now.
"""

import asyncio
import base64
import binascii
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field, StringConstraints

from quarterdeck.api.access import READ, WRITE, Principal, allow, guarded_router
from quarterdeck.api.answers.workflows import (
    WorkflowFiles,
    WorkflowList,
    WorkflowPushed,
    WorkflowShown,
    WorkflowTags,
    WorkflowVersionList,
    WorkflowVersionShown,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, Label, Long, Short
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.api.segments import Segment
from quarterdeck.api.workflow_pushes import Told, check_push, git_of, keep_prompts
from quarterdeck.errors import Invalid, Misconfigured
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import environments, workflows
from quarterdeck.storage.records.environments import EnvironmentState
from quarterdeck.storage.records.workflows import VersionRow, WholeVersion, Workflow
from quarterdeck.workflows.assign import WHOLE_BP
from quarterdeck.workflows.digest import file_digest
from quarterdeck.workflows.manifest import Folder

router = guarded_router("workflows")

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]
Word = Annotated[str, Query(max_length=400)]

_MOST_FILES = 1_000
_FilePath = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class GitForm(Form):
    commit: Short = ""
    branch: Short = ""
    dirty: bool | None = None
    repository: Annotated[str, StringConstraints(max_length=2000)] = ""


class LearnedForm(Form):
    uri: Annotated[str, StringConstraints(max_length=2000)] = ""
    digest: Annotated[str, StringConstraints(max_length=200)] = ""


class PushForm(Form):
    files: dict[_FilePath, str] = Field(max_length=_MOST_FILES)
    """Base64 by path."""
    message: Long = ""
    git: GitForm = GitForm()
    tags: list[Label] = Field(default=[], max_length=20)
    learned_digests: dict[Label, LearnedForm] = Field(default={}, max_length=1_000)


class TagForm(Form):
    tag: Label
    version: int = Field(ge=1)


# --------------------------------------------------------------------------------- push


@router.post(
    "/workflows/{name}/versions",
    summary="Push a folder: a new version, or the one that has this content already",
    responses={200: {"model": WorkflowPushed}},
)
@allow(WRITE)
async def push(request: Request, name: Segment, form: PushForm, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_push, parts, who, name, form))


def _push(parts: Parts, who: Principal, name: str, form: PushForm) -> dict[str, Any]:
    redactor = parts.redactor_of(who.project_id)
    checked = check_push(
        parts,
        who,
        name=name,
        folder=Folder(files={path: _bytes(path, text) for path, text in form.files.items()}),
        learned={
            entry: Told(told.uri, told.digest) for entry, told in form.learned_digests.items()
        },
    )
    pushed = workflows.push_version(
        parts.records,
        project_id=who.project_id,
        name=name,
        folder=checked.folder,
        pins=checked.pins,
        message=redactor.redact_text(form.message),
        git=git_of(form.git.model_dump(), redactor),
        tags=form.tags,
        by=who.actor,
        now_ns=parts.now_ns(),
    )
    row = pushed.row
    # Also where it was there already: the next push makes whole one that was cut off before this.
    keep_prompts(parts, who, checked=checked, row=row)
    if pushed.created or form.tags:
        note(
            parts, who, "workflow.push", name,
            version=row.version, digest=row.digest, created=pushed.created, tags=form.tags,
        )  # fmt: skip
    return {"created": pushed.created, "version": _version(parts, who, name, row.version)}


def _bytes(path: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"the content of {path!r} is not base64: {error}") from error


# -------------------------------------------------------------------------------- reading


@router.get(
    "/workflows",
    summary="Workflows by name, each with what runs where",
    responses={200: {"model": WorkflowList}},
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    containing: Annotated[Word, Query(description="A part of the name.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}?{containing}"
    offset = read_offset(cursor, "workflows", belongs_to)
    page = await asyncio.to_thread(
        _workflows, parts, who, containing=containing, limit=limit, offset=offset
    )
    end = offset + len(page["workflows"])
    page["next_cursor"] = next_offset("workflows", belongs_to, end if end < page["total"] else 0)
    return answer(request, page)


def _workflows(parts: Parts, who: Principal, **asked: Any) -> dict[str, Any]:
    found = workflows.list_workflows(parts.records, project_id=who.project_id, **asked)
    running = _running(parts, who)
    return {
        "workflows": [_shown(parts, who, one, running[one.name]) for one in found.items],
        "total": found.total,
    }


@router.get("/workflows/{name}", summary="One workflow", responses={200: {"model": WorkflowShown}})
@allow(READ)
async def show(request: Request, name: Segment, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_workflow, parts, who, name))


def _workflow(parts: Parts, who: Principal, name: str) -> dict[str, Any]:
    found = workflows.find_workflow(parts.records, project_id=who.project_id, name=name)
    return _shown(parts, who, found, _running(parts, who, name)[name])


@router.get(
    "/workflows/{name}/versions",
    summary="A workflow's versions, newest first, without content",
    responses={200: {"model": WorkflowVersionList}},
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
    offset = read_offset(cursor, "workflow versions", belongs_to)
    found = await asyncio.to_thread(_versions, parts, who, name, limit=limit + 1, offset=offset)
    end = offset + limit if len(found) > limit else 0
    return answer(
        request,
        {
            "versions": found[:limit],
            "next_cursor": next_offset("workflow versions", belongs_to, end),
        },
    )


def _versions(
    parts: Parts, who: Principal, name: str, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    found = workflows.list_versions(
        parts.records, project_id=who.project_id, name=name, limit=limit, offset=offset
    )
    running = _running(parts, who, name)[name]
    return [_row(row, running) for row in found]


@router.get(
    "/workflows/{name}/versions/{version}",
    summary="One version with all that it says: by number, tag or digest",
    responses={200: {"model": WorkflowVersionShown}},
)
@allow(READ)
async def show_version(
    request: Request, name: Segment, version: Segment, parts: With, who: Who
) -> Response:
    return answer(request, await asyncio.to_thread(_version, parts, who, name, version))


@router.get(
    "/workflows/{name}/versions/{version}/files",
    summary="A version's files, byte for byte",
    responses={200: {"model": WorkflowFiles}},
)
@allow(READ)
async def files(
    request: Request, name: Segment, version: Segment, parts: With, who: Who
) -> Response:
    whole = await asyncio.to_thread(read_whole, parts, who, name, version)
    return answer(
        request,
        {
            "workflow": whole.row.workflow,
            "version": whole.row.version,
            "digest": whole.row.digest,
            "files": {
                path: base64.b64encode(content).decode()
                for path, content in sorted(whole.folder.files.items())
            },
        },
    )


def read_whole(parts: Parts, who: Principal, name: str, version: str | int) -> WholeVersion:
    """A version by what an address calls it, verified.  Blocks."""
    return workflows.read_version(
        parts.records,
        project_id=who.project_id,
        name=name,
        **workflows.version_called(str(version)),
    )


# ---------------------------------------------------------------------------------- tags


@router.post(
    "/workflows/{name}/tags",
    summary="Point a tag at a version",
    responses={200: {"model": WorkflowTags}},
)
@allow(WRITE)
async def move_tag(
    request: Request, name: Segment, form: TagForm, parts: With, who: Who
) -> Response:
    return answer(request, await asyncio.to_thread(_move_tag, parts, who, name, form))


def _move_tag(parts: Parts, who: Principal, name: str, form: TagForm) -> dict[str, Any]:
    workflows.set_tag(
        parts.records, project_id=who.project_id, name=name, version=form.version, tag=form.tag,
        by=who.actor, now_ns=parts.now_ns(),
    )  # fmt: skip
    note(parts, who, "workflow.tag", name, tag=form.tag, version=form.version)
    return _tags(parts, who, name)


@router.delete(
    "/workflows/{name}/tags/{tag}",
    summary="Take a tag away",
    responses={200: {"model": WorkflowTags}},
)
@allow(WRITE)
async def remove_tag(
    request: Request, name: Segment, tag: Segment, parts: With, who: Who
) -> Response:
    return answer(request, await asyncio.to_thread(_remove_tag, parts, who, name, tag))


def _remove_tag(parts: Parts, who: Principal, name: str, tag: str) -> dict[str, Any]:
    version = workflows.remove_tag(parts.records, project_id=who.project_id, name=name, tag=tag)
    note(parts, who, "workflow.untag", name, tag=tag, version=version)
    return _tags(parts, who, name)


def _tags(parts: Parts, who: Principal, name: str) -> dict[str, Any]:
    return {
        "workflow": name,
        "tags": workflows.tags_of(parts.records, project_id=who.project_id, name=name),
    }


# --------------------------------------------------------------------------------- shapes


def _running(
    parts: Parts, who: Principal, name: str = ""
) -> defaultdict[str, list[EnvironmentState]]:
    """What runs where, by workflow."""
    found: defaultdict[str, list[EnvironmentState]] = defaultdict(list)
    for state in environments.list_environments(
        parts.records, project_id=who.project_id, name=name
    ):
        found[state.workflow].append(state)
    return found


def _shown(
    parts: Parts, who: Principal, workflow: Workflow, running: Sequence[EnvironmentState]
) -> dict[str, Any]:
    return {
        "name": workflow.name,
        "description": _best_effort_description(parts, who, workflow),
        "latest": workflow.latest,
        "versions": workflow.latest,
        "created_at": to_rfc3339(workflow.created_ns),
        "created_by": workflow.created_by,
        "environments": [
            {
                "environment": state.environment,
                "stable": state.state.stable,
                "candidate": state.state.candidate,
                "share": state.state.share_bp / WHOLE_BP,
                "revision": state.revision,
                "at": to_rfc3339(state.newest.at_ns),
                "by": state.newest.by,
            }
            for state in running
        ],
    }


def _best_effort_description(parts: Parts, who: Principal, workflow: Workflow) -> str:
    """One version that can't be read must not hide the list; who opens it is told."""
    try:
        return read_whole(parts, who, workflow.name, workflow.latest).content.manifest.description
    except Misconfigured:
        return ""


def _version(parts: Parts, who: Principal, name: str, version: str | int) -> dict[str, Any]:
    whole = read_whole(parts, who, name, version)
    return {
        **_row(whole.row, _running(parts, who, name)[name]),
        "verified": True,
        "manifest": msgspec.to_builtins(whole.content.manifest),
        "prompts": whole.content.prompts,
        "tools": whole.content.tools,
        "pins": [msgspec.to_builtins(pin) for pin in whole.content.pins],
        "files": [
            {"path": path, "bytes": len(content), "sha256": file_digest(content)}
            for path, content in sorted(whole.folder.files.items())
        ],
    }


def _row(row: VersionRow, running: Sequence[EnvironmentState]) -> dict[str, Any]:
    return {
        "workflow": row.workflow,
        "version": row.version,
        "digest": row.digest,
        "message": row.message,
        "git": row.git,
        "tags": row.tags,
        "created_at": to_rfc3339(row.created_ns),
        "created_by": row.created_by,
        "running_in": [
            state.environment
            for state in running
            if row.version in (state.state.stable, state.state.candidate)
        ],
    }
