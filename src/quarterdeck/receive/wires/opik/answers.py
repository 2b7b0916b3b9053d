"""
Answers in the shapes that Opik's client reads: created objects, pages, streams, errors.

A stream is JSON by lines, sent as `application/octet-stream`.  Ids are UUIDs of version 7, as
the client makes them: it orders by them.
"""

import hashlib
import math
import secrets
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.model.instants import NS_PER_MS
from quarterdeck.receive.wire import Call, Reply

MOST_PER_PAGE = 10_000
"""More than the client asks for: it counts pages by the size that it asked for."""


def created(call: Call, path: str) -> Reply:
    """201: the client reads the new object's id off the end of the address."""
    return Reply(status=201, headers={"Location": f"{call.base_url}/v1/private/{path}"})


def page(call: Call, items: Sequence[Any], *, total: int | None = None, **more: Any) -> Reply:
    """`items` are all there are, or with `total` this page alone."""
    number = max(1, call.number("page", 1, most=1_000_000))
    size = call.number("size", 10, most=MOST_PER_PAGE)
    shown = items if total is not None else items[(number - 1) * size : number * size]
    body = {
        "page": number,
        "size": len(shown),
        "total": len(items) if total is None else total,
        "content": list(shown),
        "sortable_by": [],
        **more,
    }
    return Reply(body=body)


def stream(items: Iterable[Any]) -> Reply:
    lines = b"".join(msgspec.json.encode(item) + b"\n" for item in items)
    return Reply(body=lines, content_type="application/octet-stream")


def error(problem: QuarterdeckError, status: int) -> Reply:
    """
    No room is a 429 with RateLimit-Reset: then the client waits and keeps what it has, where
    after three answers of 503 it drops it.  A defect stays 503, or it would wait for good.
    """
    headers = {}
    if isinstance(problem, TryAgain) and problem.code != "internal":
        status = 429
        headers["RateLimit-Reset"] = str(max(1, math.ceil(problem.retry_after_s)))
    message = str(problem)
    return Reply(
        status=status,
        body={"code": status, "message": message, "errors": [message]},
        headers=headers,
    )


def new_id(at_ns: int) -> str:
    """A UUID of version 7 for an object that its sender named none."""
    random = int.from_bytes(secrets.token_bytes(10), "big")
    return _version_7(at_ns // NS_PER_MS, random)


def id_of(name: str) -> str:
    """A UUID that a name always gives: for what Opik gives an id and Quarterdeck none."""
    digest = hashlib.sha256(name.encode()).digest()
    return _version_7(0, int.from_bytes(digest[:10], "big"))


def _version_7(at_ms: int, random: int) -> str:
    value = (at_ms & (1 << 48) - 1) << 80 | random & (1 << 80) - 1
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
