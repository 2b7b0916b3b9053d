"""
What LangSmith's clients read in answers: their errors, ids that we make up, pages.

A LangSmith "tenant" is a Quarterdeck project, and a LangSmith "project" (its API says "session")
a name that runs carry.  Both need a UUID to be shown to the client; ours follow from the names,
so that they are the same on every server and need not be stored.
"""

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.wire import Call, Desk, Reply

T = TypeVar("T")
Object = dict[str, Any]

_SPACE = uuid.UUID("5f2f4cd1-5d2c-5e0b-9c54-8d4f1bb6c0aa")
"""Of the ids that are made of names here; any constant does, and it must never change."""

PAGE = 100
MOST_ON_A_PAGE = 1000


def error(error: QuarterdeckError, status: int) -> Reply:
    """`{"detail": …}`: the client prints it with the status."""
    detail = f"{error.message} {error.hint}".strip()
    return Reply(status=status, body={"detail": detail, "code": error.code})


def unsupported(what: str) -> Reply:
    """A known call with something in it that this server does not do."""
    return Reply(status=501, body={"detail": f"{what} is not supported", "code": "unsupported"})


def tenant_of(desk: Desk) -> str:
    return str(uuid.uuid5(_SPACE, f"tenant:{desk.project_id}"))


def project_id_of(desk: Desk, name: str) -> str:
    return str(uuid.uuid5(_SPACE, f"project:{desk.project_id}:{name}"))


def page_of(call: Call, items: Sequence[T]) -> Sequence[T]:
    """The part of a whole list that `offset` and `limit` ask for."""
    offset = call.number("offset", 0, most=10_000_000)
    return items[offset : offset + call.number("limit", PAGE, most=MOST_ON_A_PAGE)]


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def flag(call: Call, name: str) -> bool | None:
    """A yes or no of the query; None if it is not asked."""
    spelled = call.one(name).lower()
    return {"true": True, "false": False}.get(spelled)
