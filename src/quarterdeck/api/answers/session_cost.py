"""What a session cost, cut in several ways; the rows of each cut add up to the total."""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Usd


class CostRow(Answer):
    """Of one cut.  The rows' known costs add up to the session's total, exactly."""

    key: str
    """What the row stands for, unique within its cut."""
    model: str | None
    provider: str | None
    role: str | None
    agent: str | None
    tool: str | None
    calls: int
    cost_usd: Usd | None
    """Null if no call of it could be priced."""
    unpriced_calls: int
    input_tokens: int | None
    """Null where nobody told any."""
    output_tokens: int | None
    cache_read_tokens: int | None
    steps: list[int]
    """The first 50."""
    step_count: int


class CostCut(Answer):
    by: Literal["model", "agent", "tool", "attempt", "waste", "purpose"]
    rows: list[CostRow]
    """Dearest first."""
    total_usd: Usd | None


class UnpricedCalls(Answer):
    model: str | None
    provider: str | None
    reason: Literal["unknown_price", "no_usage", "partial_usage"]
    calls: int
    steps: list[int]
    """The first 50."""


class CacheSavings(Answer):
    """What cached input would have cost at the full rate, less what writing the cache cost more."""

    saved_usd: Usd | None
    """Null where no rate is known.  Negative: writing cost more than reading saved."""
    calls: int
    """With cached tokens and known rates."""
    calls_without_rate: int
    cache_read_tokens: int
    cache_write_tokens: int


class SessionCostTable(Answer):
    session_id: str
    total_usd: Usd | None
    """The same as the record's."""
    computed_usd: Usd | None
    reported_usd: Usd | None
    wasted_usd: Usd | None
    priced_calls: int
    unpriced_calls: int
    cuts: list[CostCut]
    unpriced: list[UnpricedCalls]
    cache: CacheSavings
