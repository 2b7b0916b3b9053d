"""
A session as a story: its steps with previews or content, its skeleton in columns, its tree.

Steps are numbered over the whole session, so a page needs all its spans' facts; what was worked
out is kept for a short while, because a viewer asks for the next page within seconds.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.steps import SessionTree, Skeleton, StepPage
from quarterdeck.api.bodies import answer
from quarterdeck.api.parts import Parts, Who, With, scope_of
from quarterdeck.api.sessions import find_session
from quarterdeck.api.spans import plain, read_spans, whole
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_tree import decision_tree
from quarterdeck.assembly.replay import frames
from quarterdeck.assembly.skeleton import skeleton
from quarterdeck.assembly.steps import list_steps
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.sessions import Session, Step
from quarterdeck.model.spans import Content
from quarterdeck.normalize.normalize import read_content
from quarterdeck.storage.events import span_reads

router = guarded_router("sessions")

PREVIEW_LENGTH = 400  # characters: two lines of a list on a wide screen

_KEPT_STEPS = 200_000  # a step takes about 600 bytes: some 120 MB at the very most
_KEPT_SESSIONS = 16
_FRESH_NS = 15_000_000_000


class Told(NamedTuple):
    session: Session
    steps: tuple[Step, ...]
    until_ns: int


class Stories:
    """Steps of the sessions that were looked at last.  Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects `_told`
        self._told: OrderedDict[tuple[str, str], Told] = OrderedDict()

    def steps(self, parts: Parts, who: Principal, session: Session) -> tuple[Step, ...]:
        key = (who.project_id, session.session_id)
        began_ns = parts.now_ns()
        with self._lock:
            told = self._told.get(key)
        if told is not None and told.session == session and began_ns < told.until_ns:
            return told.steps
        with assembled(parts, who, session) as assembly:
            steps = list_steps(assembly)
        # What took long is kept for longer, or a slow machine would do nothing else.
        ended_ns = parts.now_ns()
        until_ns = ended_ns + max(_FRESH_NS, ended_ns - began_ns)
        with self._lock:
            self._told[key] = Told(session, steps, until_ns)
            self._told.move_to_end(key)
            while len(self._told) > _KEPT_SESSIONS or self._size() > _KEPT_STEPS:
                self._told.popitem(last=False)
        return steps

    def _size(self) -> int:
        return sum(len(told.steps) for told in self._told.values())


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
    session = find_session(parts, who, session_id)
    all_steps = stories.steps(parts, who, session)
    shown = frames(all_steps, lambda keys: _contents(parts, who, keys), since=first, limit=limit)
    return {
        "session_id": session.session_id,
        "total": len(all_steps),
        "steps": [_frame(frame.step, frame.content, whole=whole) for frame in shown],
        "next_from": first + len(shown) if first - 1 + len(shown) < len(all_steps) else None,
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
    return answer(
        request, await asyncio.to_thread(_skeleton, parts, who, session_id, first, limit, ids)
    )


def _skeleton(
    parts: Parts, who: Principal, session_id: str, first: int, limit: int | None, ids: bool
) -> dict[str, Any]:
    session = find_session(parts, who, session_id)
    with assembled(parts, who, session) as assembly:
        found = skeleton(assembly, since=first, limit=limit)
    if not ids:
        del found["span"]
    is_open = session.status != "closed"
    return {"session_id": session.session_id, "revision": "", "open": is_open, **found}


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
    return {"session_id": session.session_id, "root": plain(msgspec.to_builtins(root))}


@contextmanager
def assembled(parts: Parts, who: Principal, session: Session) -> Iterator[Assembly]:
    """For as long as it is asked; its memory is free afterwards."""
    assembly = Assembly()
    try:
        scope = scope_of(parts, who)
        assembly.add(span_reads.session_spans(parts.events, scope, session.trace_ids))
        yield assembly
    finally:
        assembly.release()
