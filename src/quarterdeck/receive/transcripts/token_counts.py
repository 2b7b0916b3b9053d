"""
Token counts as recorders write them, brought to ours (input includes what was cached), and
compared with the totals that stand beside them.
"""

from typing import Any, Literal

from quarterdeck.model.findings import Finding
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


def totals_only(what: str) -> Finding:
    """Tokens are told for `what` and not for its calls."""
    return Finding(
        code="usage_totals_only",
        message=f"tokens are told for {what} as a whole and not for its calls: they count once, "
        "and no call has a cost of its own",
    )


def disagreement(name: str, said: int | None, counted: int) -> tuple[Finding, ...]:
    """What a recorder says it counted, and what its file holds; none if it says nothing."""
    if said is None or said == counted:
        return ()
    return (
        Finding(
            code="totals_disagree",
            message=f"the file says {name} = {said}, and {counted} are in it: what is in it counts",
        ),
    )


def usage_disagrees(call: str, usage: Usage | None, total: int | None) -> tuple[Finding, ...]:
    """A call's own total of its tokens, and the sum of them; none if they are equal or untold."""
    if usage is None or total is None:
        return ()
    parts = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    if parts == total:
        return ()
    return (
        Finding(
            code="usage_disagrees",
            message=f"{call}: input and output make {parts} tokens, its total says {total}: input "
            "and output count",
        ),
    )
