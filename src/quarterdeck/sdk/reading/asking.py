"""
What a person asks for, as query parameters of the API.

Instants may be a `datetime` with a zone, a `date` (its midnight in UTC), a `timedelta` (so long
ago), RFC 3339 text, or `24h`.  A `datetime` without a zone is refused: half of the libraries mean
local time by it and half UTC, and a wrong guess shows another day's sessions as today's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypedDict

from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Params

Instant = str | date | timedelta
"""A `datetime` is a `date`."""
Words = str | Iterable[str]
Amount = int | float | str | Decimal


class Filters(TypedDict, total=False):
    """Which sessions.  Of several values any counts, of several tags all must be there."""

    since: Instant | None
    """Began then or later."""
    until: Instant | None
    """Began before."""
    status: Words | None
    outcome: Words | None
    task: Words | None
    task_type: Words | None
    workflow: Words | None
    version: Words | int | None
    environment: Words | None
    agent: Words | None
    model: Words | None
    tool: Words | None
    user: Words | None
    tag: Words | None
    session: Words | None
    case: Words | None
    """A task of a suite."""
    trial: Words | int | None
    finding: Words | None
    """The code of a data finding."""
    human: Words | None
    """A kind of human act, or `any`."""
    has_intervention: bool | None
    has_errors: bool | None
    experiment: bool | None
    min_cost: Amount | None
    """USD, inclusive; sessions of unknown cost pass neither bound."""
    max_cost: Amount | None


def parameters(q: str | None, filters: Filters) -> Params:
    """Raises `Invalid` for what no server could understand; the rest is the server's to judge."""
    told: Params = {"q": q}
    for name, value in filters.items():
        match name:
            case "since" | "until":
                told[name] = instant(value, name=name)
            case "min_cost" | "max_cost":
                told[name] = _amount(value, name=name)
            case "has_intervention" | "has_errors" | "experiment":
                told[name] = value
            case _:
                told[name] = words(value)
    return told


def instant(value: object, *, name: str) -> str | None:
    """As the API reads it.  Raises `Invalid`."""
    match value:
        case None | str():
            return value
        case datetime() if value.tzinfo is None:
            raise Invalid(
                f"{name}: {value!r} has no time zone",
                hint="Write datetime(…, tzinfo=UTC), or datetime.now().astimezone() for local "
                "time.",
            )
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return f"{value.isoformat()}T00:00:00Z"
        case timedelta():
            return (datetime.now(UTC) - value).isoformat().replace("+00:00", "Z")
        case _:
            raise Invalid(
                f"{name}: not an instant: {value!r}",
                hint='A datetime with a zone, "2026-04-12T08:30:00Z", or "24h" for a day ago.',
            )


def words(value: object) -> list[str] | None:
    match value:
        case None:
            return None
        case str():
            return [value]
        case Iterable():
            return [str(one) for one in value]
        case _:
            return [str(value)]


def _amount(value: object, *, name: str) -> str | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise Invalid(f"{name}: not an amount of USD: {value!r}") from None
    return f"{amount:f}"
