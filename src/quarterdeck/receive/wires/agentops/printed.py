"""
What a program printed while it was traced -> a span of that trace.

The SDK sends it once, before the trace's spans, under the trace's id as a decimal number.  It has
no place in the tree and no time but its arrival: a span of its own, marked as made by us, that a
viewer can read.  Uploaded objects belong to nothing and are only kept.
"""

import hashlib
from collections.abc import Sequence

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Fragment, span_id_of

LOG, OBJECT = "agentops:log:", "agentops:object:"


def trace_of(decimal: str) -> str:
    """32 hex digits.  Raises `Invalid`."""
    if decimal.isascii() and decimal.isdigit() and len(decimal) < 40:
        number = int(decimal)
        if 0 < number < 2**128:
            return f"{number:032x}"
    raise Invalid(f"Trace-Id must be a trace's id as a decimal number, got {decimal[:40]!r}")


def name_of(text: str) -> str:
    """The same for the same text: an upload that is sent again is the same object."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def text_of(fragments: Sequence[Fragment]) -> str:
    """The longest: the SDK sends everything printed so far each time."""
    found = [
        fragment.body["body"]
        for fragment in fragments
        if isinstance(fragment.body, dict) and isinstance(fragment.body.get("body"), str)
    ]
    return max(found, key=lambda text: (len(text), text), default="")


def build(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    text = text_of(fragments)
    if not name.startswith(LOG) or not text.strip():
        return []
    at_ns = min(fragment.at_ns for fragment in fragments)
    trace_id = name.removeprefix(LOG)
    return [
        RawSpan(
            trace_id=trace_id,
            span_id=span_id_of("agentops:printed:" + trace_id),
            name="printed output",
            start_ns=at_ns,
            end_ns=at_ns,
            attributes={
                "agentops.span.kind": "text",
                "agentops.printed": text,
                "quarterdeck.synthetic": True,
            },
        )
    ]
