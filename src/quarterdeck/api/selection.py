"""
Which sessions a request means: the query parameters that every list, sum and export shares.
"""

import re
from typing import Annotated

from fastapi import Depends, Query, Request

from quarterdeck.api.filters import MAX_LENGTH, from_parameters, parse
from quarterdeck.api.forms import storable
from quarterdeck.api.parts import parts_of
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, from_rfc3339
from quarterdeck.storage.events.session_reads import SessionFilter

_RELATIVE = re.compile(r"([0-9]{1,9})(m|h|d|w)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_END_OF_TIME_NS = (1 << 63) - 1

Instant = Annotated[str, Query(max_length=64)]
Word = Annotated[str, Query(max_length=500)]
Words = Annotated[list[Word], Query(max_length=100)]
Amount = Annotated[str, Query(max_length=32)]

_NONE: list[str] = []


def read_instant(text: str, *, now_ns: int, name: str) -> int:
    """RFC 3339, or so long before now: `30m`, `24h`, `7d`, `2w`.  Raises `Invalid`."""
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        return now_ns - int(relative.group(1)) * _SECONDS[relative.group(2)] * NS_PER_S
    try:
        return min(max(from_rfc3339(text), 0), _END_OF_TIME_NS)
    except Invalid as error:
        raise Invalid(
            f"{name}: {error.message}", hint="Write 2026-04-12T08:30:00Z, or 24h for a day ago."
        ) from error


def selected(
    request: Request,
    since: Annotated[
        Instant, Query(description="Began at or after: RFC 3339, or so long ago, e.g. `24h`.")
    ] = "",
    until: Annotated[Instant, Query(description="Began before.")] = "",
    status: Words = _NONE,
    outcome: Words = _NONE,
    task: Words = _NONE,
    task_type: Words = _NONE,
    workflow: Words = _NONE,
    version: Words = _NONE,
    environment: Words = _NONE,
    agent: Words = _NONE,
    model: Words = _NONE,
    tool: Words = _NONE,
    user: Words = _NONE,
    tag: Annotated[Words, Query(description="Repeated: all of them.")] = _NONE,
    session: Words = _NONE,
    human: Annotated[Words, Query(description="A kind of human act, or `any`.")] = _NONE,
    case: Annotated[Words, Query(description="The task of a suite.")] = _NONE,
    trial: Annotated[Words, Query(description="Which trial of its case, from 0.")] = _NONE,
    finding: Annotated[Words, Query(description="The code of a data finding.")] = _NONE,
    has_intervention: bool | None = None,
    has_errors: bool | None = None,
    experiment: bool | None = None,
    min_cost: Annotated[Amount, Query(description="USD, inclusive.")] = "",
    max_cost: Annotated[Amount, Query(description="USD, inclusive.")] = "",
    q: Annotated[
        str, Query(max_length=MAX_LENGTH, description="The filter language: docs/reference/api.md")
    ] = "",
) -> SessionFilter:
    now_ns = parts_of(request).now_ns()
    words = {
        "status": status,
        "outcome": outcome,
        "task": task,
        "task_type": task_type,
        "workflow": workflow,
        "version": version,
        "environment": environment,
        "agent": agent,
        "model": model,
        "tool": tool,
        "user": user,
        "tag": tag,
        "session": session,
        "human": human,
        "case": case,
        "trial": trial,
        "finding": finding,
        "min_cost": [min_cost] if min_cost else [],
        "max_cost": [max_cost] if max_cost else [],
    }
    conditions = (*from_parameters(words), *parse(q))
    for value in (q, *(value for values in words.values() for value in values)):
        check_storable(value)
    return SessionFilter(
        since_ns=read_instant(since, now_ns=now_ns, name="since") if since else 0,
        until_ns=read_instant(until, now_ns=now_ns, name="until") if until else _END_OF_TIME_NS,
        has_intervention=has_intervention,
        has_errors=has_errors,
        experiment=experiment,
        conditions=conditions,
    )


Selected = Annotated[SessionFilter, Depends(selected)]


def check_storable(text: str) -> None:
    """Raises `Invalid` for what can be in no stored text, so in no answer either."""
    try:
        storable(text)
    except ValueError as error:
        raise Invalid(str(error)) from error
