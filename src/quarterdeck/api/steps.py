"""
A session as a story: its steps with previews or content, its skeleton in columns, its tree.

Steps are numbered over the whole session, so a page needs all its spans' facts: `stories.py`
works them out once.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.steps import SessionTree, Skeleton, StepPage
from quarterdeck.api.bodies import again, answer, packed
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.sessions import check_id, find_session
from quarterdeck.api.spans import plain, plain_of, read_spans, whole
from quarterdeck.api.stories import Stories, Told, assembled
from quarterdeck.assembly.decision_tree import decision_tree
from quarterdeck.assembly.replay import frames
from quarterdeck.assembly.story import page_json, steps_from
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Content
from quarterdeck.normalize.normalize import read_content

router = guarded_router("sessions")

PREVIEW_LENGTH = 400  # characters: two lines of a list on a wide screen


@router.get(
    "/sessions/{session_id}/steps",
    summary="The session's steps, a page of replay frames",
    responses={200: {"model": StepPage}},
)
@allow(READ)
async def steps(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    first: Annotated[
        int, Query(alias="from", ge=1, le=10**9, description="The number of the first step.")
    ] = 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    content: Annotated[
        bool, Query(description="Whole inputs and outputs instead of previews.")
    ] = False,
) -> Response:
    stories = cast(Stories, request.app.state.stories)
    page = await asyncio.to_thread(
        _steps, stories, parts, who, session_id, first=first, limit=limit, whole=content
    )
    return answer(request, page)


def _steps(
    stories: Stories,
    parts: Parts,
    who: Principal,
    session_id: str,
    *,
    first: int,
    limit: int,
    whole: bool,
) -> dict[str, Any]:
    check_id(session_id)
    told = stories.look(parts, who, session_id)
    total = told.story.head.steps
    page = steps_from(told.story, first, limit)
    shown = frames(page, lambda keys: _contents(parts, who, keys), limit=limit)
    return {
        "session_id": told.session.session_id,
        "total": total,
        "steps": [_frame(frame.step, frame.content, whole=whole) for frame in shown],
        "next_from": first + len(shown) if first - 1 + len(shown) < total else None,
    }


def _contents(
    parts: Parts, who: Principal, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Content]:
    scope = scope_of(parts, who)
    raws = whole(parts, scope, read_spans(parts, scope, keys))
    return {(raw.trace_id, raw.span_id): read_content(raw) for raw in raws}


def _frame(step: Step, content: Content | None, *, whole: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "number": step.number,
        "kind": step.kind,
        "name": step.name,
        "trace_id": step.trace_id,
        "span_id": step.span_id,
        "parent_span_id": step.parent_span_id or None,
        "agent": step.agent or None,
        "depth": step.depth,
        "started_at": to_rfc3339(step.start_ns),
        "ended_at": None if step.end_ns is None else to_rfc3339(step.end_ns),
        "status": step.status or None,
        "error": step.error or None,
        "model": step.model or None,
        "tool": step.tool or None,
        "input_tokens": step.input_tokens,
        "output_tokens": step.output_tokens,
        "cost_usd": None if step.cost_usd is None else f"{step.cost_usd:f}",
        "note": step.note or None,
    }
    if whole:
        shown["content"] = None if content is None else plain(msgspec.to_builtins(content))
    elif content is not None:
        shown["preview"] = {"input": _preview_input(content), "output": _preview_output(content)}
    return shown


def _preview_input(content: Content) -> str:
    """The last thing that was said to it: all before was there at the step before."""
    if content.input_messages:
        return _cut(_text(content.input_messages[-1]))
    return _cut(_as_text(content.input))


def _preview_output(content: Content) -> str:
    if content.output_messages:
        return _cut("\n".join(_text(message) for message in content.output_messages))
    return _cut(_as_text(content.output))


def _text(message: Message) -> str:
    texts: list[str] = []
    for part in message.parts:
        match part:
            case TextPart() | ReasoningPart():
                texts.append(part.content)
            case ToolCallPart():
                texts.append(f"{part.name}({_as_text(part.arguments)})")
            case ToolResultPart():
                texts.append(_as_text(part.response))
            case _:
                texts.append(f"[{type(part).__name__.removesuffix('Part').lower()}]")
    return "\n".join(texts)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    # Only the beginning is shown, so only the beginning of a long list is written.
    if isinstance(value, list):
        value = value[:PREVIEW_LENGTH]
    return msgspec.json.encode(value).decode()


def _cut(text: str) -> str:
    return text if len(text) <= PREVIEW_LENGTH else text[: PREVIEW_LENGTH - 1] + "…"


@router.get(
    "/sessions/{session_id}/skeleton",
    summary="All spans as columns, for drawing",
    responses={200: {"model": Skeleton}},
)
@allow(READ)
async def columns(
    request: Request,
    session_id: str,
    parts: With,
    who: Who,
    first: Annotated[int, Query(alias="from", ge=0, le=10**9, description="A row, from 0.")] = 0,
    limit: Annotated[int | None, Query(ge=1, le=10**9)] = None,
    ids: Annotated[bool, Query(description="With the ids of the spans.")] = True,
) -> Response:
    stories = cast(Stories, request.app.state.stories)
    told = await asyncio.to_thread(_look, stories, parts, who, session_id)
    page = SkeletonPage(told, first, limit, ids)
    return await asyncio.to_thread(page.answer, request, stories)


def _look(stories: Stories, parts: Parts, who: Principal, session_id: str) -> Told:
    check_id(session_id)
    return stories.look(parts, who, session_id)


class SkeletonPage(NamedTuple):
    """One answer of the skeleton; equal ones have equal tags."""

    told: Told
    first: int
    limit: int | None
    ids: bool

    def answer(self, request: Request, stories: Stories) -> Response:
        """304 for who has it; else as it was packed for whoever asked before."""
        tag = self.tag()
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"etag": tag, "vary": "accept-encoding"})
        accepted = request.headers.get("accept-encoding", "").lower()
        key = (tag, "zstd" in accepted, "gzip" in accepted)
        if (known := stories.packed(key)) is not None:
            return again(known)
        made = packed(request, self.json(), media_type="application/json", headers={"etag": tag})
        stories.keep_packed(key, made)
        return again(made)

    def tag(self) -> str:
        """Weak: the same rows, in whatever encoding."""
        session = self.told.session
        of = f"{session.session_id}{self.told.story.revision}{session.status != 'closed'}"
        digest = hashlib.blake2b(of.encode("utf-8", "replace"), digest_size=12).hexdigest()
        return f'W/"{digest}-{self.first}-{self.limit}-{int(self.ids)}"'

    def json(self) -> bytes:
        told = self.told
        envelope = {
            "session_id": told.session.session_id,
            "revision": told.story.revision,
            "open": told.session.status != "closed",
        }
        return page_json(told.story, envelope, since=self.first, limit=self.limit, ids=self.ids)


@router.get(
    "/sessions/{session_id}/tree",
    summary="The session's decision tree",
    responses={200: {"model": SessionTree}},
)
@allow(READ)
async def tree(request: Request, session_id: str, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_tree, parts, who, session_id))


def _tree(parts: Parts, who: Principal, session_id: str) -> dict[str, Any]:
    session = find_session(parts, who, session_id)
    with assembled(parts, who, session) as assembly:
        root = decision_tree(assembly, session)
    return {"session_id": session.session_id, "root": plain_of(root)}
