"""
An OTLP request between its bytes and its items: what both encodings share.

Items that can't be stored (a span whose ids are missing, zero or of a wrong length) are left out
and counted, exactly, as OTLP's partial success wants.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from quarterdeck.model.spans import Value

Signal = Literal["traces", "logs", "metrics"]
Encoding = Literal["protobuf", "json"]

SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")

Door = Literal[Signal, "wire"]
"""By which way an item came: OTLP's signals, or a foreign SDK's own protocol."""
DOORS: tuple[Door, ...] = (*SIGNALS, "wire")

MAX_VALUE_DEPTH = 64
"""
Lists and maps inside one attribute's value; what lies deeper is replaced by a marker.  The
deepest seen in recorded agent traffic is 9.  Protobuf's own parser stops a little earlier.
"""
PROBLEM_KEY = "quarterdeck.problem"
TOO_DEEP: dict[str, str] = {PROBLEM_KEY: f"nested deeper than {MAX_VALUE_DEPTH} levels"}
"""Stands where a value was cut."""
PROBLEM_PARENT = "quarterdeck.problem.parent_span_id"
"""Attribute that tells of a parent id that could not be one; the span is kept as a root."""


class Rejected(NamedTuple):
    """Items of one request that were left out.  `number` 0 = none; `message` names the first."""

    number: int = 0
    reasons: Mapping[str, int] = {}
    message: str = ""


class Checked(NamedTuple):
    """A parsed request: how many items it carries in all, and which of them can't be kept."""

    total: int
    rejected: Rejected

    @property
    def kept(self) -> int:
        return self.total - self.rejected.number


class Request(NamedTuple):
    """A parsed body.  `content` is a protobuf message or a JSON object; redaction edits it."""

    signal: Signal
    encoding: Encoding
    content: Any
    rewritten: bool = False
    """The content is no longer what the body said: the body must be made anew from it."""


def id_problem(trace_id: bytes, span_id: bytes, name: object) -> str:
    """`reason|message` of a span that can't be kept; "" of one that can."""
    where = f" (span {str(name)[:80]!r})"
    for field, value, size in (("trace_id", trace_id, 16), ("span_id", span_id, 8)):
        if not value:
            return f"no_{field}|{field} is missing{where}"
        if len(value) != size:
            return f"bad_{field}|{field} has {len(value)} bytes instead of {size}{where}"
        if not any(value):
            return f"zero_{field}|{field} is all zeros{where}"
    return ""


def hex_or_none(value: bytes, size: int) -> str:
    """ "" for what is no id."""
    return value.hex() if len(value) == size and any(value) else ""


def event_name(attributes: dict[str, Value]) -> str:
    """What senders wrote before the field existed."""
    name = attributes.get("event.name")
    return name if isinstance(name, str) else ""
