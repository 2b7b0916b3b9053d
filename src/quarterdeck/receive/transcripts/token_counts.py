"""
Token counts as recorders write them, brought to ours: input includes what was cached.
"""

from typing import Any, Literal

from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.members import told

Where = Literal["inside", "beside"]
"""Whether a recorder's input counts the cached tokens, or leaves them to be added."""


def usage_of(
    *,
    input_tokens: Any = None,
    output_tokens: Any = None,
    cache_read: Any = None,
    cache_write: Any = None,
    cache_write_1h: Any = None,
    reasoning: Any = None,
    cached: Where,
) -> Usage | None:
    """None where nothing was counted.  What is no count is as if it were not told."""
    input_ = told(count, input_tokens)
    read, written = told(count, cache_read), told(count, cache_write)
    if cached == "beside" and input_ is not None:
        input_ += (read or 0) + (written or 0)
    found = Usage(
        input_tokens=input_,
        output_tokens=told(count, output_tokens),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=told(count, cache_write_1h),
        reasoning_tokens=told(count, reasoning),
    )
    return None if found == Usage() else found
