"""
Token counts of one or many model calls, and what they cost.

Counts nest, they are not disjoint: `input_tokens` includes the cached ones (read and
written), `output_tokens` includes reasoning.  This is OpenTelemetry's convention
(`gen_ai.usage.input_tokens`); senders that count otherwise are brought to it by
`normalize/token_semantics.py`.  None is "not told", 0 is a count: never coalesce them.
"""

from decimal import Decimal

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    """All cache writes, whatever their lifetime; `cache_write_1h_tokens` is a part of it."""
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    input_video_tokens: int | None = None
    web_searches: int | None = None
    """Searches that the provider ran and bills by the piece."""


class Charge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one call costs, in USD.  `usd` None = no price is known: unpriced, not free."""

    usd: Decimal | None = None
    reported_usd: Decimal | None = None
    """What the sender said; None if it said nothing."""
    computed_usd: Decimal | None = None
    """usage x price at the call's time; None if the model or a needed count is unknown."""
    source: str = ""
    """`reported`, `project_override`, `genai_prices`, `litellm` or "" for unpriced."""
    price_version: str = ""
    """Version or date of the table that priced it."""
    price_rule: str = ""
    """Provider and model id of the row that priced it."""
