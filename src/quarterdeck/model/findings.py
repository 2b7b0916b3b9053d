"""
Contradictions and gaps in the data itself: a recorded cost of 0 for a call with tokens, a
reward that is missing, one run nested in another.

A finding is about what the sender recorded.  What *we* could not read is a `Problem`; what the
agents did wrong is an error.
"""

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    code: str
    """In snake_case; docs/reference/data-findings.md lists the known ones, others are kept."""
    message: str
    """What was found, with the values; at most 500 characters."""
    trace_id: str = ""
    span_id: str = ""
    """The first span that tells it; empty = found by comparing the session's sums."""
    count: int = 1
    """How many spans say exactly this."""
