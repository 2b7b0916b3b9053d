"""
Approvals: an agent asks, waits without holding anything, and a person decides.

Who asks needs the scope `run`, who decides `write`: an agent's key can't allow its own calls.
Secrets are hidden before anything is kept, in arguments as in every text, so what a person sees
and sends back may hold `[redacted:…]` where the agent has the value itself.

Refused: changed arguments with a secret of their own, since the agent would be given what is left
of it; and more arguments than a person reads.
"""

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Set
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from quarterdeck.api.access import (
    READ,
    READ_OR_RUN,
    RUN,
    WRITE,
    Principal,
    allow,
    guarded_router,
)
from quarterdeck.api.answers.approvals import ApprovalList, ApprovalShown
from quarterdeck.api.bodies import answer, to_json
from quarterdeck.api.forms import Form, Long, Short
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With, note
from quarterdeck.api.segments import Segment
from quarterdeck.api.waits import Waits
from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.redaction import clean_tree
from quarterdeck.storage.records import approvals
from quarterdeck.storage.records.approvals import Approval, Asked, Key, Question, State

router = guarded_router("approvals")

MAX_WAIT_S = 25.0
"""Proxies cut an answer that takes 30 s or 60 s."""
MAX_ARGUMENTS_BYTES = 64 * 1024
"""As JSON.  Nobody reads more before deciding; a list of a hundred has 6 MB at most."""
MAX_DEPTH = 64
"""Of lists and mappings in each other.  Parsers of JSON give up between 250 and 1,000."""
MAX_TIMEOUT_S = 30 * 86_400

_Word = Annotated[Long, Field(max_length=400)]


class AskForm(Form):
    session_id: Annotated[Long, Field(min_length=1, max_length=500)]
    trace_id: Annotated[Short, Field(max_length=32)] = ""
    span_id: Annotated[Short, Field(max_length=16)] = ""
    agent: _Word = ""
    tool: _Word = ""
    question: Long = ""
    arguments: dict[str, Any] = {}
    rule: Long = ""
    workflow: Annotated[Short, Field(max_length=100)] = ""
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    environment: Annotated[Short, Field(max_length=100)] = ""
    timeout_s: float = Field(gt=0, le=MAX_TIMEOUT_S, allow_inf_nan=False)
    default: Literal["allow", "deny"] = "deny"
    approval_id: Annotated[Short, Field(max_length=64)] = Field(
        default="", description="Of the caller's choice, so that asking again is the same question."
    )


class DecisionForm(Form):
    decision: Literal["approve", "reject"]
    reason: Long = ""
    arguments: dict[str, Any] | None = Field(
        default=None, description="With an approval: the call runs with these instead."
    )
    by: Short = Field(
        default="", description="Who decides, where a key can't tell. Not for accounts."
    )


class CancelForm(Form):
    reason: Long = ""


@router.post(
    "/approvals",
    status_code=201,
    summary="Ask a person; the same id again is the same question",
    responses={200: {"model": ApprovalShown}, 201: {"model": ApprovalShown}},
)
@allow(RUN)
async def ask(request: Request, form: AskForm, parts: With, who: Who) -> Response:
    asked = await asyncio.to_thread(_ask, parts, who, form)
    shown = _shown(asked.approval, now_ns=parts.now_ns())
    return answer(request, shown, status=201 if asked.created else 200)


def _ask(parts: Parts, who: Principal, form: AskForm) -> Asked:
    _check_size(form.arguments)
    told = form.model_dump(exclude={"timeout_s", "approval_id"})
    clean = clean_tree(told, parts.redactor_of(who.project_id))
    asked = approvals.ask(
        parts.records,
        project_id=who.project_id,
        approval_id=form.approval_id or uuid.uuid4().hex,
        question=Question(**clean),
        timeout_s=form.timeout_s,
        now_ns=parts.now_ns(),
    )
    if asked.created:
        one = asked.approval
        note(parts, who, "approval.ask", one.approval_id, session=one.session_id, tool=one.tool)
    return asked


@router.get(
    "/approvals",
    summary="What waits for a person, and what was decided, newest first",
    responses={200: {"model": ApprovalList}},
)
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    state: Annotated[list[State] | None, Query(description="Any of these.")] = None,
    session_id: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    states = sorted(set(state or ()))
    belongs_to = f"{who.project_id}?{','.join(states)}\x00{session_id}"
    offset = read_offset(cursor, "approvals", belongs_to)
    now_ns = parts.now_ns()
    found = await asyncio.to_thread(
        approvals.list_some,
        parts.records,
        project_id=who.project_id,
        now_ns=now_ns,
        states=states,
        session_id=session_id,
        limit=limit,
        offset=offset,
    )
    end = offset + len(found.items)
    page = {
        "approvals": [_shown(one, now_ns=now_ns) for one in found.items],
        "total": found.total,
        "next_cursor": next_offset("approvals", belongs_to, end if end < found.total else 0),
    }
    return answer(request, page)


@router.get(
    "/approvals/{approval_id}",
    summary="One of them; with `wait_s`, as soon as it is decided",
    responses={200: {"model": ApprovalShown}},
)
@allow(READ_OR_RUN)
async def show(
    request: Request,
    approval_id: Segment,
    parts: With,
    who: Who,
    wait_s: Annotated[
        float,
        Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for a decision before answering."),
    ] = 0.0,
) -> Response:
    found = await _find(parts, who, approval_id)
    left_s = (found.expires_ns - parts.now_ns()) / NS_PER_S
    if found.state == "waiting" and wait_s and not parts.hub.closed:
        await _wait(request, parts, Key(who.project_id, approval_id), min(wait_s, left_s))
        found = await _find(parts, who, approval_id)
    return answer(request, _shown(found, now_ns=parts.now_ns()))


async def _find(parts: Parts, who: Principal, approval_id: str) -> Approval:
    return await asyncio.to_thread(
        approvals.find,
        parts.records,
        project_id=who.project_id,
        approval_id=approval_id,
        now_ns=parts.now_ns(),
    )


async def _wait(request: Request, parts: Parts, key: Key, seconds: float) -> None:
    async def over(keys: Set[Key]) -> Set[Key]:
        return await asyncio.to_thread(
            approvals.not_waiting, parts.records, keys, now_ns=parts.now_ns()
        )

    async def gone() -> bool:
        return parts.hub.closed or await request.is_disconnected()

    await waits_of(request).until_over(
        key, project_id=key.project_id, seconds=seconds, over=over, gone=gone
    )


@router.post(
    "/approvals/{approval_id}/decision",
    summary="Approve or reject; the first decision stands",
    responses={200: {"model": ApprovalShown}},
)
@allow(WRITE)
async def decide(
    request: Request, approval_id: Segment, form: DecisionForm, parts: With, who: Who
) -> Response:
    decided = await asyncio.to_thread(_decide, parts, who, approval_id, form)
    waits_of(request).told(Key(who.project_id, approval_id))
    return answer(request, _shown(decided, now_ns=parts.now_ns()))


def _decide(parts: Parts, who: Principal, approval_id: str, form: DecisionForm) -> Approval:
    by = _speaker(who, form.by)
    redactor = parts.redactor_of(who.project_id)
    if form.arguments is not None:
        asked = approvals.find(
            parts.records,
            project_id=who.project_id,
            approval_id=approval_id,
            now_ns=parts.now_ns(),
        )
        _check_changed(form.arguments, asked.arguments, redactor)
    decided = approvals.decide(
        parts.records,
        project_id=who.project_id,
        approval_id=approval_id,
        decision=form.decision,
        arguments=form.arguments,
        reason=redactor.redact_text(form.reason),
        by=by,
        now_ns=parts.now_ns(),
    )
    note(
        parts,
        who,
        "approval.decide",
        approval_id,
        state=decided.state,
        by=by,
        reason=decided.reason,
        session=decided.session_id,
        tool=decided.tool,
    )
    return decided


@router.post(
    "/approvals/{approval_id}/cancel",
    summary="The agent waits no longer; a decision that came first stays",
    responses={200: {"model": ApprovalShown}},
)
@allow(RUN)
async def cancel(
    request: Request, approval_id: Segment, form: CancelForm, parts: With, who: Who
) -> Response:
    found = await asyncio.to_thread(_cancel, parts, who, approval_id, form)
    waits_of(request).told(Key(who.project_id, approval_id))
    return answer(request, _shown(found, now_ns=parts.now_ns()))


def _cancel(parts: Parts, who: Principal, approval_id: str, form: CancelForm) -> Approval:
    ended = approvals.cancel(
        parts.records,
        project_id=who.project_id,
        approval_id=approval_id,
        by=who.actor,
        reason=parts.redactor_of(who.project_id).redact_text(form.reason),
        now_ns=parts.now_ns(),
    )
    if ended.created:
        note(parts, who, "approval.cancel", approval_id)
    return ended.approval


def waits_of(request: Request) -> Waits[Key]:
    waits: Waits[Key] = request.app.state.waits
    return waits


def _speaker(who: Principal, by: str) -> str:
    """An account speaks for itself; a key for whom its holder names."""
    if who.account_id:
        if by:
            raise Invalid("an account speaks for itself", hint="Leave `by` out.")
        return who.actor.removeprefix("account:")
    return by or who.actor


def _check_changed(arguments: dict[str, Any], asked: dict[str, Any], redactor: Redactor) -> None:
    """
    A secret can't be put in, since it would not be kept; a hidden one can only stay where it was,
    since the agent that has it looks for it there.
    """
    _check_size(arguments)
    if clean_tree(arguments, redactor) != arguments:
        raise Invalid(
            "the changed arguments hold what looks like a secret, which is not kept",
            hint="Leave out `arguments`, or keep [redacted:…] where it stood.",
        )
    was = set(_hidden(asked))
    for place, text in _hidden(arguments):
        if (place, text) not in was:
            raise Invalid(
                f"{text!r} did not stand at {'.'.join(map(str, place))!r} of the arguments",
                hint="What is hidden can stay where it was, or be replaced; it can't be moved.",
            )


def _hidden(tree: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Texts with `[redacted:…]` in them, each with its place."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), tree)]
    while todo:
        place, value = todo.pop()
        if isinstance(value, dict):
            todo += (((*place, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            todo += (((*place, number), inner) for number, inner in enumerate(value))
        elif isinstance(value, str) and "[redacted:" in value:
            yield place, value


def _check_size(arguments: dict[str, Any]) -> None:
    deep: list[Any] = [arguments]
    for _ in range(MAX_DEPTH):
        deep = [inner for one in deep for inner in _within(one)]
    if deep:
        raise Invalid(f"the arguments are nested more than {MAX_DEPTH} deep")
    size = len(to_json(arguments))
    if size > MAX_ARGUMENTS_BYTES:
        raise TooLarge(
            f"the arguments have {size} bytes as JSON",
            hint=f"At most {MAX_ARGUMENTS_BYTES}: ask about what a person can read.",
        )


def _within(value: Any) -> Iterable[Any]:
    """The lists and mappings in a list or mapping."""
    inner = value.values() if isinstance(value, dict) else value
    return (one for one in inner if isinstance(one, dict | list))


_ALLOWED = {"approved": True, "changed": True, "rejected": False, "cancelled": False}


def _shown(approval: Approval, *, now_ns: int) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(approval)
    asked_ns, expires_ns = told.pop("asked_ns"), told.pop("expires_ns")
    decided_ns = told.pop("decided_ns")
    until_ns = min(expires_ns, now_ns) if decided_ns is None else decided_ns
    allowed = _ALLOWED.get(approval.state)
    if approval.state == "expired":
        allowed = approval.default == "allow"
    return {
        **told,
        "allowed": allowed,
        "asked_at": to_rfc3339(asked_ns),
        "expires_at": to_rfc3339(expires_ns),
        "decided_at": None if decided_ns is None else to_rfc3339(decided_ns),
        "waited_s": max(0, until_ns - asked_ns) / NS_PER_S,
    }
