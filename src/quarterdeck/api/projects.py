"""
Projects: the caller's own ones, and the settings of the one that the credential is for.
"""

import asyncio
from typing import Annotated, Any

import msgspec
import re2
from fastapi import Query, Request, Response
from pydantic import AfterValidator, Field, StringConstraints

from quarterdeck.api.access import (
    ADMIN,
    OWNER,
    READ,
    SIGNED_IN,
    Principal,
    allow,
    guarded_router,
)
from quarterdeck.api.answers.project import ProjectList, ProjectShown
from quarterdeck.api.answers.projects import (
    RedactionTriedAnswer,
    RetentionAnswer,
    UnpricedAnswer,
)
from quarterdeck.api.answers.shapes import Empty
from quarterdeck.api.bodies import answer
from quarterdeck.api.filters import render
from quarterdeck.api.forms import Form, Label, Short, storable
from quarterdeck.api.parts import Parts, Who, With, note, scope_of
from quarterdeck.api.selection import Selected
from quarterdeck.api.spans import plain
from quarterdeck.errors import Invalid
from quarterdeck.model.ids import DEFAULT_PROJECT
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.normalize.redact import Pattern, Redactor
from quarterdeck.storage.events import settings_reads
from quarterdeck.storage.events.deletes import delete_project
from quarterdeck.storage.events.scope import ProjectScope, scope_keeping
from quarterdeck.storage.events.session_conditions import WordCondition
from quarterdeck.storage.events.session_reads import SessionFilter
from quarterdeck.storage.records import projects
from quarterdeck.storage.records.deletions import Deletion, note_deletions
from quarterdeck.storage.records.projects import Project, ProjectSettings, revision_of

router = guarded_router("projects")

_MANY_YEARS_DAYS = 36_500


class ProjectForm(Form):
    project_id: Label
    name: Short = ""


Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]
"""Decimal text: a JSON number would lose the last digits of a price."""


class PriceForm(Form):
    """A price that counts before every table, in USD per million tokens."""

    model: Label
    provider: Label = "*"
    valid_from_ns: int = Field(default=0, ge=0, lt=2**63)
    valid_until_ns: int = Field(default=2**63 - 1, ge=0, lt=2**63)
    input_usd_per_mtok: Amount = "0"
    output_usd_per_mtok: Amount = "0"
    cache_read_usd_per_mtok: Amount | None = None
    cache_write_usd_per_mtok: Amount | None = None
    cache_write_1h_usd_per_mtok: Amount | None = None
    reasoning_usd_per_mtok: Amount | None = None
    per_call_usd: Amount = "0"
    discount_percent: Amount = "0"


class SettingsForm(Form):
    """All settings at once: what is left out gets its default."""

    if_revision: Short = ""
    """The revision that was read: 409 if the settings have changed since.  "" = in any case."""
    name: Short = ""
    session_key: Short = ""
    retention_days: int | None = Field(default=None, ge=0, le=_MANY_YEARS_DAYS)
    redaction_patterns: tuple[Label, ...] = Field(default=(), max_length=100)
    human_tools: tuple[Label, ...] = Field(default=(), max_length=100)
    scripted_humans: bool = False
    price_overrides: tuple[PriceForm, ...] = Field(default=(), max_length=1000)


Pasted = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(storable)]


class RedactionForm(Form):
    text: Pasted
    patterns: tuple[Label, ...] | None = Field(default=None, max_length=100)
    """In place of the project's own; null: those."""


@router.get(
    "/projects",
    summary="The projects that the credential reaches",
    responses={200: {"model": ProjectList}},
)
@allow(SIGNED_IN)
async def list_mine(request: Request, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(_mine, parts, who)
    return answer(
        request,
        {"projects": [{"project_id": one.project_id, "name": one.name} for one in found]},
    )


def _mine(parts: Parts, who: Principal) -> list[Project]:
    if who.owner:
        return projects.list_projects(parts.records)
    reached = list(who.projects) if who.account_id else [who.project_id]
    return projects.list_projects(parts.records, only=reached)


@router.post(
    "/projects", status_code=201, summary="Make a project", responses={201: {"model": ProjectShown}}
)
@allow(OWNER)
async def create(request: Request, form: ProjectForm, parts: With, who: Who) -> Response:
    made = await asyncio.to_thread(_create, parts, who, form)
    return answer(request, _shown(made), status=201)


def _create(parts: Parts, who: Principal, form: ProjectForm) -> Project:
    made = projects.create_project(
        parts.records, project_id=form.project_id, name=form.name, now_ns=parts.now_ns()
    )
    note(parts, who, "project.create", made.project_id, server_wide=True)
    return made


@router.get(
    "/project", summary="This project and its settings", responses={200: {"model": ProjectShown}}
)
@allow(READ)
async def show(request: Request, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(projects.get_project, parts.records, who.project_id)
    return answer(request, _shown(found))


@router.put(
    "/project", summary="Replace this project's settings", responses={200: {"model": ProjectShown}}
)
@allow(ADMIN)
async def change(request: Request, form: SettingsForm, parts: With, who: Who) -> Response:
    _check_patterns(form.redaction_patterns)
    changed = await asyncio.to_thread(_change, parts, who, form)
    parts.project_changed(who.project_id)
    return answer(request, _shown(changed))


def _change(parts: Parts, who: Principal, form: SettingsForm) -> Project:
    before = projects.get_project(parts.records, who.project_id)
    settings = ProjectSettings(
        session_key=form.session_key,
        retention_days=form.retention_days,
        redaction_patterns=form.redaction_patterns,
        human_tools=form.human_tools,
        scripted_humans=form.scripted_humans,
        price_overrides=tuple(
            override.model_dump(exclude_none=True) for override in form.price_overrides
        ),
    )
    changed = projects.change_project(
        parts.records,
        who.project_id,
        name=form.name or None,
        settings=settings,
        if_revision=form.if_revision,
    )
    # Redaction patterns may hold what they are to hide: their number is enough here.
    note(
        parts,
        who,
        "project.settings",
        who.project_id,
        changed=[
            name
            for name in ProjectSettings.__struct_fields__
            if getattr(before.settings, name) != getattr(settings, name)
        ],
        retention_days=settings.retention_days,
        redaction_patterns=len(settings.redaction_patterns),
    )
    return changed


def _check_patterns(patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        try:
            re2.compile(pattern)
            Redactor([Pattern(name="project", regex=pattern)])
        except re2.error as error:
            raise Invalid(
                f"not a pattern: {pattern!r} ({error})",
                hint="Patterns are RE2: no look-around and no back-references.",
            ) from error


@router.post(
    "/project/redaction/try",
    summary="What redaction makes of a text",
    responses={200: {"model": RedactionTriedAnswer}},
)
@allow(ADMIN)
async def try_redaction(request: Request, form: RedactionForm, parts: With, who: Who) -> Response:
    """Nothing of the text is kept."""
    patterns = form.patterns
    if patterns is None:
        project = await asyncio.to_thread(projects.get_project, parts.records, who.project_id)
        patterns = project.settings.redaction_patterns
    _check_patterns(patterns)
    tried = [Pattern(name="project", regex=regex) for regex in patterns]
    text, places = await asyncio.to_thread(Redactor(tried).explain, form.text)
    hidden = [{"start": start, "end": end, "kind": kind} for start, end, kind in places]
    return answer(request, {"text": text, "hidden": hidden})


@router.get(
    "/project/unpriced",
    summary="Models that calls have no price for",
    responses={200: {"model": UnpricedAnswer}},
)
@allow(READ)
async def unpriced(request: Request, parts: With, who: Who, where: Selected) -> Response:
    rows = await asyncio.to_thread(_unpriced, parts, who, where)
    return answer(request, {"models": rows})


@router.get(
    "/project/retention",
    summary="What a retention of so many days would delete",
    responses={200: {"model": RetentionAnswer}},
)
@allow(ADMIN)
async def preview_retention(
    request: Request,
    parts: With,
    who: Who,
    days: Annotated[int, Query(ge=0, le=_MANY_YEARS_DAYS, description="0 keeps everything.")],
) -> Response:
    return answer(request, await asyncio.to_thread(_retention, parts, who, days))


@router.delete(
    "/project",
    summary="Delete this project with everything in it",
    responses={200: {"model": Empty}},
)
@allow(ADMIN)
async def delete(
    request: Request, parts: With, who: Who, confirm: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    if confirm != who.project_id:
        raise Invalid(
            "deleting a project can't be taken back",
            hint=f"Repeat its id: ?confirm={who.project_id}",
            code="confirmation_needed",
        )
    await asyncio.to_thread(_delete, parts, who)
    return answer(request, {})


def _delete(parts: Parts, who: Principal) -> None:
    """The keys end first, so that nothing new arrives while the rest goes."""
    now_ns = parts.now_ns()
    project_id = who.project_id
    projects.delete_project(parts.records, project_id)
    parts.access.forget_keys()
    note_deletions(
        parts.records,
        [Deletion(project_id=project_id, kind="project", target="", at_ns=now_ns, by=who.actor)],
    )
    with parts.held():
        delete_project(parts.events, ProjectScope(project_id=project_id))
        parts.project_changed(project_id)
    if project_id == DEFAULT_PROJECT:
        projects.ensure_default_project(parts.records, now_ns=now_ns)
    note(parts, who, "project.delete", project_id, server_wide=True)


def _unpriced(parts: Parts, who: Principal, where: SessionFilter) -> list[dict[str, Any]]:
    rows = settings_reads.unpriced_models(parts.events, scope_of(parts, who), where)
    return [
        {
            "model": row.model,
            "calls": row.calls,
            "all_calls": row.all_calls,
            "sessions": row.sessions,
            "first_at": to_rfc3339(row.first_ns),
            "last_at": to_rfc3339(row.last_ns),
            "q": render(
                (
                    *where.conditions,
                    WordCondition(field="unpriced_model", values=(row.model,)),
                )
            ),
        }
        for row in rows
    ]


def _retention(parts: Parts, who: Principal, days: int) -> dict[str, Any]:
    scope = scope_keeping(who.project_id, days=days, now_ns=parts.now_ns())
    row = settings_reads.retention_preview(parts.events, scope, before_ns=scope.floor_ns)
    return {
        "days": days,
        "before": to_rfc3339(scope.floor_ns) if scope.floor_ns else None,
        "sessions": row.sessions,
        "spans": row.spans,
        "kept_sessions": row.kept_sessions,
        "oldest_at": to_rfc3339(row.oldest_ns) if row.sessions else None,
    }


def _shown(project: Project) -> dict[str, Any]:
    return {
        "project_id": project.project_id,
        "name": project.name,
        "revision": revision_of(project),
        "created_at": to_rfc3339(project.created_ns),
        "settings": plain(msgspec.to_builtins(project.settings)),
    }
